"""GET of one resource and of lists: cut to the api-version, a page at a time."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, urlencode

from .cloud import Cloud
from .errors import ArmError, not_found
from .ids import ResourceId
from .kinds.base import Kind
from .messages import Answer, Request
from .specification import table
from .store import Body, Entry


def get(cloud: Cloud, request: Request, kind: Kind, rid: ResourceId) -> Answer:
    # Whoever looks at a resource sees its operation end, too.
    cloud.operations.running(str(rid))
    entry = cloud.store.get(str(rid))
    if not entry:
        raise not_found(kind.type, "/".join(rid.names), rid.group)
    body = shown(cloud, kind, entry, request)
    headers = {"ETag": entry.etag} if "etag" in body else {}
    return Answer(200, body, headers)


def listing(cloud: Cloud, request: Request, kind: Kind, below: str) -> Answer:
    """All of a type in a group, in a subscription, or under a parent."""
    wanted = kind.type.lower()
    start = below.lower().rstrip("/") + "/"
    found = [entry for entry in cloud.store.of(wanted) if entry.id.lower().startswith(start)]
    return page(cloud, request, (shown(cloud, kind, entry, request) for entry in found))


def page(cloud: Cloud, request: Request, values: Iterable[Body]) -> Answer:
    all_values = list(values)
    token = request.query.get("$skiptoken", "0")
    if not token.isdigit():
        raise ArmError(400, "InvalidSkipToken", f"The skip token '{token}' is not one of this service's.")
    start, size = int(token), cloud.settings.page_size
    if (top := request.query.get("$top", "")).isdigit() and int(top):
        size = min(size, int(top))
    body: Body = {"value": all_values[start : start + size]}
    if start + size < len(all_values):
        query = {**request.query, "$skiptoken": str(start + size)}
        body["nextLink"] = f"{request.base}{quote(request.path)}?{urlencode(query)}"
    return Answer(200, body)


def shown(cloud: Cloud, kind: Kind, entry: Entry, request: Request) -> Body:
    body = kind.view(cloud, entry)
    if "instanceview" in request.query.get("$expand", "").lower() and hasattr(kind, "instance_view"):
        body["properties"]["instanceView"] = kind.instance_view(cloud, entry)
    return table.shown(kind.type, request.version, body)
