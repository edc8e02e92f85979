"""What all types of resources have in common. A type overrides what is different with it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import ClassVar

from ..cloud import Cloud
from ..errors import bad_parameter
from ..ids import ResourceId
from ..messages import Answer, Request
from ..store import Body, Entry

Action = Callable[[Cloud, Request, Entry], Answer]


@dataclass(frozen=True)
class Style:
    """How the service answers writes of a type."""

    created: int = 201
    updated: int = 200
    patched: int = 200
    deleted: int = 202
    operations: str = "create update patch delete"
    """Which writes start an operation; the others are done at once."""
    location: bool = False
    """`Location` beside `Azure-AsyncOperation` on the answer to a PUT."""
    only_location: bool = False
    """`Location` in its place, and no body."""
    gone: int = 204
    """The end of a deletion as `Location` tells it."""
    missing: int = 204
    """A deletion of what is not there."""


AT_ONCE = Style(operations="", deleted=200)


class Kind:
    type: ClassVar[str]
    style: ClassVar[Style] = Style()
    tracked: ClassVar[bool] = True
    """Whether it has a location."""
    keeps: ClassVar[bool] = False
    """Whether a PUT to what exists may leave out what the specification requires."""
    has_etag: ClassVar[bool] = False
    """Whether it shows its ETag; If-Match works on all."""
    creating: ClassVar[str] = "Creating"
    actions: ClassVar[Mapping[str, Action]] = {}

    def build(self, cloud: Cloud, rid: ResourceId, body: Body, old: Entry | None) -> Body:
        """The resource that a PUT (or PATCH, already merged) makes: defaults filled in, references checked.

        Raises ArmError for what the service refuses at once; then nothing has changed."""
        return body

    def hide(self, cloud: Cloud, body: Body, old: Entry | None) -> Body:
        """What only the service knows about the resource, after a write."""
        return old.hidden if old else {}

    def written(self, cloud: Cloud, entry: Entry, old: Entry | None) -> None:
        """Effects on other resources, as soon as the write is accepted."""

    def settled(self, cloud: Cloud, entry: Entry) -> None:
        """Effects once the operation has succeeded."""

    def check_removal(self, cloud: Cloud, entry: Entry) -> None:
        """Refuses to delete what is in use."""

    def removed(self, cloud: Cloud, entry: Entry) -> None:
        """Effects on other resources, once it is gone."""

    def view(self, cloud: Cloud, entry: Entry) -> Body:
        """The resource as it is read, with what follows from others."""
        body = copy.deepcopy(entry.body)
        if self.has_etag:
            body["etag"] = entry.etag
        return body


def merged(old: Body, patch: Body) -> Body:
    """JSON merge, but tags are replaced as a whole."""
    out = copy.deepcopy(old)
    for name, value in patch.items():
        if name != "tags" and isinstance(value, dict) and isinstance(out.get(name), dict):
            out[name] = merged(out[name], value)
        else:
            out[name] = copy.deepcopy(value)
    return out


def fill(body: Body, **defaults: object) -> None:
    """Sets what is absent or null."""
    for name, value in defaults.items():
        if body.get(name) is None:
            body[name] = copy.deepcopy(value)


def sku_name(body: Body, known: Collection[str]) -> str:
    """The name of the body's SKU, which has to be one of these."""
    name = (body.get("sku") or {}).get("name")
    if name not in known:
        raise bad_parameter("sku.name", f"The value '{name}' of parameter sku.name is not one of {', '.join(known)}.")
    return name


def properties(body: Body) -> Body:
    """The `properties` of a body, made where they are absent."""
    if not isinstance(body.get("properties"), dict):
        body["properties"] = {}
    return body["properties"]
