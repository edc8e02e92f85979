"""Resource ids: `/subscriptions/S/resourceGroups/G/providers/Microsoft.X/type/name[/type/name…]`."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ID = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)"
    r"/providers/(?P<provider>[^/]+)/(?P<rest>.+)",
    re.I,
)


@dataclass(frozen=True)
class ResourceId:
    subscription: str
    group: str
    provider: str
    types: tuple[str, ...]
    names: tuple[str, ...]

    @staticmethod
    def parse(text: object) -> ResourceId | None:
        """Nothing where the text is not the id of a resource in a group."""
        found = _ID.fullmatch(text.rstrip("/")) if isinstance(text, str) else None
        rest = found["rest"].split("/") if found else []
        if not found or len(rest) % 2 or not all(rest):
            return None
        return ResourceId(found["subscription"], found["group"], found["provider"], tuple(rest[::2]), tuple(rest[1::2]))

    @property
    def kind(self) -> str:
        """The type, in lower case."""
        return f"{self.provider}/{'/'.join(self.types)}".lower()

    @property
    def name(self) -> str:
        return self.names[-1]

    @property
    def group_id(self) -> str:
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"

    @property
    def parent(self) -> ResourceId | None:
        if len(self.types) == 1:
            return None
        return ResourceId(self.subscription, self.group, self.provider, self.types[:-1], self.names[:-1])

    def spelled(self, kind: str) -> ResourceId:
        """The same with provider and types as `kind` spells them; only names keep the caller's spelling."""
        provider, *types = kind.split("/")
        return ResourceId(self.subscription, self.group, provider, tuple(types), self.names)

    def __str__(self) -> str:
        path = "/".join(part for pair in zip(self.types, self.names, strict=True) for part in pair)
        return f"{self.group_id}/providers/{self.provider}/{path}"


def same(one: object, other: object) -> bool:
    """Ids are compared without regard to case."""
    return isinstance(one, str) and isinstance(other, str) and one.rstrip("/").lower() == other.rstrip("/").lower()


def reference(value: object) -> str | None:
    """The id in `{"id": …}`; nothing where there is none."""
    return value.get("id") if isinstance(value, dict) else None
