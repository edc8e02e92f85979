"""All resources, found by id without regard to case."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Body = dict[str, Any]


@dataclass
class Entry:
    """A resource as it was written, and what only the service knows about it."""

    body: Body
    etag: str
    hidden: Body = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.body["id"]

    @property
    def properties(self) -> Body:
        return self.body.setdefault("properties", {})

    @property
    def state(self) -> str:
        return self.properties.get("provisioningState", "Succeeded")


class Store:
    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._serial = itertools.count(1)

    def get(self, resource_id: str | None) -> Entry | None:
        return self._entries.get(resource_id.rstrip("/").lower()) if resource_id else None

    def put(self, body: Body, hidden: Body | None = None) -> Entry:
        """Writes the resource under its id; what is hidden stays unless new is given."""
        old = self.get(body["id"])
        kept = hidden if hidden is not None else (old.hidden if old else {})
        entry = Entry(copy.deepcopy(body), self._etag(), kept)
        self._entries[body["id"].lower()] = entry
        return entry

    def remove(self, resource_id: str) -> None:
        """With all that lies below it."""
        key = resource_id.rstrip("/").lower()
        for name in [name for name in self._entries if name == key or name.startswith(key + "/")]:
            del self._entries[name]

    def touch(self, entry: Entry) -> None:
        entry.etag = self._etag()

    def of(self, kind: str) -> Iterator[Entry]:
        """All of a type, in the order of their creation."""
        return (entry for entry in list(self._entries.values()) if entry.body["type"].lower() == kind.lower())

    def below(self, prefix: str) -> Iterator[Entry]:
        start = prefix.rstrip("/").lower() + "/"
        return (entry for key, entry in list(self._entries.items()) if key.startswith(start))

    def all(self) -> list[Entry]:
        return list(self._entries.values())

    def clear(self) -> None:
        self._entries.clear()

    def _etag(self) -> str:
        return f'W/"{guid(next(self._serial), 0xE7A6)}"'


def guid(serial: int, family: int = 0) -> str:
    """Unique and, in a run that does the same things, always the same."""
    return f"{family:08x}-0000-4000-8000-{serial:012x}"
