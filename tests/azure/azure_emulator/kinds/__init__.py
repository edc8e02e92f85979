"""One module for each type of resource, or for a few that belong together; and what they share."""
