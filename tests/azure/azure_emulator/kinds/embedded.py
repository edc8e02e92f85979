"""Parts of network resources that have requests of their own: they live in a list of the resource above them."""

from __future__ import annotations

import copy

from .. import writes
from ..cloud import Cloud
from ..errors import ArmError, not_found
from ..ids import ResourceId
from ..messages import Answer, Request
from ..reads import page
from ..specification import table
from ..store import Body, Entry
from .network import NetworkKind


class Embedded:
    """`kind` is the type above, `name` its list."""

    def __init__(self, kind: NetworkKind, name: str, *, writable: bool = True) -> None:
        self.kind, self.name, self.writable = kind, name, writable
        self.type = f"{kind.type}/{name}"

    def answer(self, cloud: Cloud, request: Request, rid: ResourceId) -> Answer:
        above = cloud.store.get(str(rid.parent))
        if not above:
            raise (
                ArmError(
                    404,
                    "ParentResourceNotFound",
                    f"Failed to perform 'write' on resource(s) of type '{self.type}', "
                    f"because the parent resource '{rid.parent}' could not be found.",
                )
                if request.method == "PUT"
                else not_found(self.kind.type, rid.names[0], rid.group)
            )
        if request.method in ("GET", "HEAD"):
            cloud.operations.running(above.id)
            return Answer(200, self._shown(cloud, request, above, rid.name))
        if request.method not in ("PUT", "DELETE") or not self.writable:
            raise ArmError(405, "HttpMethodNotAllowed", f"The HTTP method '{request.method}' is not allowed here.")
        return (
            self._put(cloud, request, above, rid)
            if request.method == "PUT"
            else self._delete(cloud, request, above, rid)
        )

    def listing(self, cloud: Cloud, request: Request, above: ResourceId) -> Answer:
        entry = cloud.store.get(str(above))
        if not entry:
            raise not_found(self.kind.type, above.name, above.group)
        parts = self.kind.view(cloud, entry)["properties"].get(self.name) or []
        return page(cloud, request, (table.shown(self.type, request.version, part) for part in parts))

    def _put(self, cloud: Cloud, request: Request, above: Entry, rid: ResourceId) -> Answer:
        part = table.accepted("PUT", self.type, request.version, writes.sent(request))
        writes.check_preconditions(request, above)
        writes.check_idle(cloud, above.id, "PUT")
        body = copy.deepcopy(above.body)
        parts = body["properties"].setdefault(self.name, [])
        old = _find(parts, rid.name)
        part["name"] = old["name"] if old else rid.name
        if old:
            parts[parts.index(old)] = part
        else:
            parts.append(part)
        return self._write(cloud, request, above, body, rid.name, 200 if old else 201)

    def _delete(self, cloud: Cloud, request: Request, above: Entry, rid: ResourceId) -> Answer:
        old = _find(above.properties.get(self.name) or [], rid.name)
        if not old:
            return Answer(204)
        writes.check_idle(cloud, above.id, "PUT")
        body = copy.deepcopy(above.body)
        body["properties"][self.name] = [part for part in body["properties"][self.name] if part["name"] != old["name"]]
        answer = self._write(cloud, request, above, body, None, 202)
        return Answer(202, None, answer.headers)

    def _write(self, cloud: Cloud, request: Request, above: Entry, body: Body, name: str | None, status: int) -> Answer:
        rid = ResourceId.parse(above.id)
        assert rid
        return writes.write(
            cloud,
            request,
            self.kind,
            rid,
            body,
            above,
            status,
            step="update",
            part=lambda entry: self._shown(cloud, request, entry, name) if name else {},
        )

    def _shown(self, cloud: Cloud, request: Request, above: Entry, name: str) -> Body:
        part = _find(self.kind.view(cloud, above)["properties"].get(self.name) or [], name)
        if not part:
            raise ArmError(404, "NotFound", f"Resource {above.id}/{self.name}/{name} not found.", details=[])
        return table.shown(self.type, request.version, part)


def _find(parts: list[Body], name: str) -> Body | None:
    return next((part for part in parts if part["name"].lower() == name.lower()), None)
