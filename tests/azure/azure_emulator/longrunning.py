"""The answer that starts an operation, and the answers to its polls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .cloud import Cloud
from .errors import ArmError
from .kinds.base import Style
from .messages import Answer, Request
from .operations import Outcome


def accepted(
    cloud: Cloud,
    request: Request,
    target: str,
    status: int,
    *,
    finish: Callable[[], None] = lambda: None,
    fail: Callable[[], None] = lambda: None,
    body: Callable[[], Any] | None = None,
    final: int = 200,
    style: Style | None = None,
) -> Answer:
    """Starts the operation. `body` is the resource: in the answer as it is now, at the end under `Location`."""
    fault = request.fault
    outcome = fault.outcome() if fault and fault.operation is not None else Outcome()
    operation = cloud.operations.start(
        f"{request.method} {target}",
        target,
        outcome,
        finish=finish,
        fail=finish if outcome.effect else fail,
        result=body or (lambda: final),
        delay=fault.delay if fault else None,
    )
    subscription = target.split("/")[2]
    provider = (
        target.split("/providers/")[1].split("/", maxsplit=1)[0] if "/providers/" in target else "Microsoft.Resources"
    )
    url = (
        f"{request.base}/subscriptions/{subscription}/providers/{provider}/locations/{_location(cloud, target)}"
        f"/operations/{operation.id}?api-version={request.version}"
    )
    headers = {"Retry-After": str(cloud.settings.retry_after)}
    if not (style and style.only_location):
        headers["Azure-AsyncOperation"] = url
    if not style or style.location or style.only_location:
        headers["Location"] = url + "&monitor=true"
    return Answer(status, None if not body or (style and style.only_location) else body(), headers)


def poll(cloud: Cloud, request: Request, operation_id: str) -> Answer:
    operation = cloud.operations.get(operation_id)
    if not operation:
        raise ArmError(404, "OperationNotFound", f"The operation '{operation_id}' is not known.")
    is_over = operation.look()
    wait = {"Retry-After": str(cloud.settings.retry_after)}
    if "monitor" not in request.query:
        if is_over and operation.outcome.retry_after is not None:
            return Answer(200, operation.body(), {"Retry-After": str(operation.outcome.retry_after)})
        return Answer(200, operation.body(), {} if is_over else wait)
    if not is_over:
        return Answer(
            202, None, {**wait, "Location": f"{request.base}{request.path}?api-version={request.version}&monitor=true"}
        )
    if operation.outcome.status != "Succeeded":
        raise ArmError(409, operation.outcome.code, operation.outcome.message)
    result = operation.result()
    return Answer(result) if isinstance(result, int) else Answer(200, result)


def change_state(cloud: Cloud, resource_id: str, state: str) -> bool:
    """Sets the provisioning state of what is still there, and says whether it is."""
    entry = cloud.store.get(resource_id)
    if entry:
        entry.properties["provisioningState"] = state
        cloud.store.touch(entry)
    return entry is not None


def _location(cloud: Cloud, target: str) -> str:
    entry = cloud.store.get(target)
    return entry.body.get("location", "global") if entry else "global"
