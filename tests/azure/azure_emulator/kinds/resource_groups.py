"""Resource groups, and lists of whatever resources there are."""

from __future__ import annotations

import re

from ..cloud import Cloud
from ..errors import ArmError, group_not_found
from ..longrunning import accepted
from ..messages import Answer, Request
from ..names import check_name
from ..reads import page
from ..specification import table
from ..store import Body, Entry
from ..tags import check_tags

TYPE = "Microsoft.Resources/resourceGroups"
_TAG = re.compile(r"tagName eq '(?P<name>[^']*)'(?: and tagValue eq '(?P<value>[^']*)')?", re.I)
_KIND = re.compile(r"resourceType eq '(?P<kind>[^']*)'", re.I)


def answer(cloud: Cloud, request: Request, subscription: str, name: str) -> Answer:
    """Requests on one group."""
    group_id = f"/subscriptions/{subscription}/resourceGroups/{name}"
    entry = cloud.store.get(group_id)
    if request.method == "PUT":
        return _put(cloud, request, group_id, entry)
    if request.method == "HEAD":
        return Answer(204 if entry else 404)
    if not entry:
        raise group_not_found(name)
    if request.method == "PATCH":
        body = table.accepted("PATCH", TYPE, request.version, request.body or {})
        check_tags(body.get("tags"))
        entry.body.update({key: value for key, value in body.items() if key == "tags"})
    elif request.method == "DELETE":
        entry.properties["provisioningState"] = "Deleting"
        reply = accepted(cloud, request, group_id, 202, finish=lambda: cloud.store.remove(group_id))
        reply.headers.pop("Azure-AsyncOperation")
        return reply
    elif request.method != "GET":
        raise ArmError(405, "HttpMethodNotAllowed", f"The HTTP method '{request.method}' is not supported here.")
    cloud.operations.running(group_id)
    return Answer(200, entry.body)


def _put(cloud: Cloud, request: Request, group_id: str, old: Entry | None) -> Answer:
    body = table.accepted("PUT", TYPE, request.version, request.body or {})
    name = group_id.rsplit("/", 1)[1]
    check_name(TYPE, name)
    check_tags(body.get("tags"))
    location = cloud.location(body.get("location"))
    if old and old.body["location"] != location:
        raise ArmError(
            409,
            "InvalidResourceGroupLocation",
            f"Invalid resource group location '{location}'. The Resource group already exists in location "
            f"'{old.body['location']}'.",
        )
    new: Body = {
        "id": old.id if old else group_id,
        "name": old.body["name"] if old else name,
        "type": TYPE,
        "location": location,
        "properties": {"provisioningState": "Succeeded"},
    }
    if body.get("tags"):
        new["tags"] = body["tags"]
    cloud.store.put(new)
    return Answer(200 if old else 201, new)


def _groups(cloud: Cloud, request: Request, found: re.Match[str]) -> Answer:
    start = f"/subscriptions/{found['subscription']}/".lower()
    return page(cloud, request, (entry.body for entry in cloud.store.of(TYPE) if entry.id.lower().startswith(start)))


def _resources(cloud: Cloud, request: Request, found: re.Match[str]) -> Answer:
    scope = request.path.rsplit("/", 1)[0]
    if found["group"]:
        cloud.group(found["subscription"], found["group"])
    chosen = request.query.get("$filter", "")
    tag, kind = _TAG.search(chosen), _KIND.search(chosen)
    if chosen and not tag and not kind:
        raise ArmError(400, "InvalidFilterInQueryString", f"Invalid $filter '{chosen}' specified in the query string.")

    def fits(entry: Entry) -> bool:
        tags = {name.lower(): value for name, value in (entry.body.get("tags") or {}).items()}
        if kind and entry.body["type"].lower() != kind["kind"].lower():
            return False
        return not tag or (tag["name"].lower() in tags and tag["value"] in (None, tags[tag["name"].lower()]))

    shown = ["id", "name", "type", "location", "sku", "kind", "identity"]
    # Azure says that it leaves the tags out of what was found by name and value of one.
    shown += [] if tag and tag["value"] is not None else ["tags"]
    return page(
        cloud,
        request,
        (
            {name: entry.body[name] for name in shown if name in entry.body}
            for entry in cloud.store.below(scope)
            if entry.body["type"] != TYPE and fits(entry)
        ),
    )


ROUTES = (
    ("GET", r"/subscriptions/(?P<subscription>[^/]+)/resourcegroups", _groups),
    ("GET", r"/subscriptions/(?P<subscription>[^/]+)(?:/resourcegroups/(?P<group>[^/]+))?/resources", _resources),
)
