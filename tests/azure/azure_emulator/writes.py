"""PUT, PATCH and DELETE of any resource: what all types check, then what each checks; then an operation or none."""

from __future__ import annotations

import copy
from collections.abc import Callable

from .cloud import Cloud, check_zones
from .errors import ArmError, not_found
from .ids import ResourceId
from .kinds.base import Kind, merged, properties
from .longrunning import accepted, change_state
from .messages import Answer, Request
from .names import check_name
from .operations import Outcome
from .reads import shown
from .specification import table
from .store import Body, Entry
from .tags import check_tags


def put(cloud: Cloud, request: Request, kind: Kind, rid: ResourceId) -> Answer:
    old = cloud.store.get(str(rid))
    body = table.accepted("PUT", kind.type, request.version, sent(request), complete=not (old and kind.keeps))
    check_preconditions(request, old)
    if not old:
        check_name(kind.type, rid.name)
        if rid.parent and not cloud.store.get(str(rid.parent)):
            raise ArmError(
                404,
                "ParentResourceNotFound",
                f"Failed to perform 'write' on resource(s) of type '{kind.type}', "
                f"because the parent resource '{rid.parent}' could not be found.",
            )
    check_idle(cloud, str(rid), request.method)
    _common(cloud, kind, rid, body, old)
    status = kind.style.updated if old else kind.style.created
    return write(cloud, request, kind, rid, body, old, status, step="update" if old else "create")


def patch(cloud: Cloud, request: Request, kind: Kind, rid: ResourceId) -> Answer:
    old = cloud.store.get(str(rid))
    if not old:
        raise not_found(kind.type, "/".join(rid.names), rid.group)
    change = table.accepted("PATCH", kind.type, request.version, sent(request))
    check_preconditions(request, old)
    check_idle(cloud, str(rid), request.method)
    body = merged(old.body, change)
    _common(cloud, kind, rid, body, old)
    return write(cloud, request, kind, rid, body, old, kind.style.patched, step="patch")


def delete(cloud: Cloud, request: Request, kind: Kind, rid: ResourceId) -> Answer:
    entry = cloud.store.get(str(rid))
    if not entry:
        return Answer(kind.style.missing)
    check_preconditions(request, entry)
    check_idle(cloud, entry.id, request.method)
    kind.check_removal(cloud, entry)

    def gone() -> None:
        if cloud.store.get(entry.id):
            cloud.store.remove(entry.id)
            kind.removed(cloud, entry)

    if "delete" not in kind.style.operations:
        gone()
        return Answer(kind.style.deleted)
    before = entry.state
    entry.properties["provisioningState"] = "Deleting"
    return accepted(
        cloud,
        request,
        entry.id,
        kind.style.deleted,
        finish=gone,
        fail=lambda: change_state(cloud, entry.id, before),
        final=kind.style.gone,
    )


def sent(request: Request) -> Body:
    try:
        body = request.body
    except ValueError as problem:
        raise ArmError(
            400, "InvalidRequestContent", f"The request content was invalid and could not be deserialized: '{problem}'."
        ) from problem
    if not isinstance(body, dict):
        raise ArmError(400, "InvalidRequestContent", "The request content is empty or not a JSON object.")
    return body


def _common(cloud: Cloud, kind: Kind, rid: ResourceId, body: Body, old: Entry | None) -> None:
    check_tags(body.get("tags"))
    check_zones(body)
    if not kind.tracked:
        return
    body["location"] = cloud.location(body.get("location") or (old.body["location"] if old else None))
    if old and old.body["location"] != body["location"]:
        raise ArmError(
            409,
            "InvalidResourceLocation",
            f"The resource '{rid.name}' already exists in location '{old.body['location']}' in resource group "
            f"'{rid.group}'. A resource with the same name cannot be created in location "
            f"'{body['location']}'. Please select a new resource name.",
        )


def write(
    cloud: Cloud,
    request: Request,
    kind: Kind,
    rid: ResourceId,
    body: Body,
    old: Entry | None,
    status: int,
    *,
    step: str,
    part: Callable[[Entry], Body] | None = None,
) -> Answer:
    """Writes a checked body and starts the operation that the type has for this step.

    `part` is what the answer shows of the resource, if not all."""
    view = part or (lambda entry: shown(cloud, kind, entry, request))
    body = copy.deepcopy(body)
    body.update(id=old.id if old else str(rid), name=old.body["name"] if old else rid.name, type=kind.type)
    new = kind.build(cloud, rid, body, old)
    state = properties(new)
    state.pop("provisioningState", None)
    outcome = request.fault.outcome() if request.fault and request.fault.operation else Outcome()
    if step not in kind.style.operations:
        state["provisioningState"] = "Succeeded"
        entry = cloud.store.put(new, kind.hide(cloud, new, old))
        kind.written(cloud, entry, old)
        kind.settled(cloud, entry)
        return Answer(status, view(entry))
    if old and outcome.status != "Succeeded" and not outcome.effect:
        # A change that fails leaves what was there, marked as failed; a creation leaves what it has made so far.
        new = copy.deepcopy(old.body)
    hidden = kind.hide(cloud, new, old)
    properties(new)["provisioningState"] = "Updating" if old else kind.creating
    entry = cloud.store.put(new, hidden)
    kind.written(cloud, entry, old)

    def finish() -> None:
        if change_state(cloud, entry.id, "Succeeded"):
            kind.settled(cloud, entry)

    return accepted(
        cloud,
        request,
        entry.id,
        status,
        finish=finish,
        fail=lambda: change_state(cloud, entry.id, "Failed"),
        body=lambda: view(cloud.store.get(entry.id) or entry),
        style=kind.style,
    )


def check_preconditions(request: Request, old: Entry | None) -> None:
    wanted, unwanted = request.headers.get("if-match"), request.headers.get("if-none-match")
    if (wanted and (not old or wanted not in ("*", old.etag))) or (unwanted and old and unwanted in ("*", old.etag)):
        raise ArmError(
            412,
            "PreconditionFailed",
            f"Precondition failed. Etag provided in the header {wanted or unwanted} does not match etag "
            f"{old.etag if old else 'of the resource, which does not exist'} of resource.",
        )


def check_idle(cloud: Cloud, resource_id: str, method: str) -> None:
    running = cloud.operations.running(resource_id)
    if not running:
        return
    if method == "DELETE" and not running.network and not running.what.startswith("DELETE"):
        running.cancel()
        return
    if running.network:
        raise ArmError(
            409,
            "AnotherOperationInProgress",
            f"Another operation on this or dependent resource is in progress. To retrieve status of the "
            f"operation use uri: {running.id}.",
            details=[],
        )
    raise ArmError(
        409,
        "ConflictingConcurrentWriteNotAllowed",
        "The request failed due to conflict with a concurrent request. To resolve it, please refer to "
        "https://aka.ms/activitylog to get more details on the conflicting requests.",
        headers={"Retry-After": str(cloud.settings.retry_after)},
    )
