"""Judges the emulator from outside: by Azure's own SDK, and by Azure's own validator and specifications."""
