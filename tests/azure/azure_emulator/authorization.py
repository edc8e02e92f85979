"""Azure's roles: which actions a request needs, on what it is for and on what it refers to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from .cloud import Cloud
from .errors import ArmError
from .ids import ResourceId
from .messages import Request

_PROVIDER = re.compile(r".*/providers/(?P<provider>[^/]+)/(?P<rest>.+)", re.I)
_VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}
# Reads that are sent as POST.
_READS = {"microsoft.storage/checknameavailability"}
# What somebody needs who refers to such a thing in the body of a write.
_LINKED = {
    "microsoft.compute/capacityreservationgroups": "deploy/action",
    "microsoft.compute/diskencryptionsets": "read",
    "microsoft.compute/galleries/images/versions": "read",
    "microsoft.compute/images": "read",
    "microsoft.managedidentity/userassignedidentities": "assign/action",
    "microsoft.network/applicationgateways/backendaddresspools": "join/action",
    "microsoft.network/applicationsecuritygroups": "joinIpConfiguration/action",
    "microsoft.network/loadbalancers/backendaddresspools": "join/action",
    "microsoft.network/loadbalancers/inboundnatrules": "join/action",
    "microsoft.network/networkinterfaces": "join/action",
    "microsoft.network/networksecuritygroups": "join/action",
    "microsoft.network/publicipaddresses": "join/action",
    "microsoft.network/virtualnetworks/subnets": "join/action",
}


def check(cloud: Cloud, request: Request, client: str) -> None:
    """Refuses what the client's role does not have. A client that no role was set for may do everything."""
    role = cloud.settings.roles.get(client)
    if role is None:
        return
    path = request.path.rstrip("/")
    action = action_of(request.method, path)
    if not allows(role, action):
        raise ArmError(
            403,
            "AuthorizationFailed",
            f"The client '{client}' with object id '{client}' does not have authorization to perform action '{action}' "
            f"over scope '{path}' or the scope is invalid. If access was recently granted, please refresh your "
            "credentials.",
        )
    for target, linked in _linked(request, path):
        if not allows(role, linked):
            raise ArmError(
                403,
                "LinkedAuthorizationFailed",
                f"The client '{client}' with object id '{client}' has permission to perform action '{action}' on scope "
                f"'{path}'; however, it does not have permission to perform action(s) '{linked}' on the linked "
                f"scope(s) '{target}' (respectively) or the linked scope(s) are invalid.",
            )


def action_of(method: str, path: str) -> str:
    """`Microsoft.Compute/disks/write`, and the like."""
    found = _PROVIDER.fullmatch(path)
    if not found:
        # Groups, what is in them, and subscriptions are resources of Resource Manager's own.
        kinds = path.strip("/").split("/")[::2]
        return f"Microsoft.Resources/{'/'.join(kinds)}/{_VERBS[method]}"
    parts = found["rest"].split("/")
    kind = f"{found['provider']}/{'/'.join(parts[::2])}"
    if method != "POST":
        return f"{kind}/{_VERBS[method]}"
    return f"{kind}/read" if kind.lower() in _READS else f"{kind}/action"


def allows(role: list[str], action: str) -> bool:
    """Actions are compared without regard to case; `*` stands for anything."""
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in role)


def _linked(request: Request, path: str) -> Iterator[tuple[str, str]]:
    """The resources that the body of a write refers to, and what may be needed for each."""
    if request.method not in ("PUT", "PATCH"):
        return
    for text in _texts(request.body):
        rid = ResourceId.parse(text)
        if rid and rid.kind in _LINKED and not text.lower().startswith(path.lower()):
            yield text, f"{rid.provider}/{'/'.join(rid.types)}/{_LINKED[rid.kind]}"


def _texts(body: object) -> Iterator[str]:
    """Ids are values, or names of members."""
    if isinstance(body, str):
        yield body
    elif isinstance(body, dict):
        yield from body
        for value in body.values():
            yield from _texts(value)
    elif isinstance(body, list):
        for value in body:
            yield from _texts(value)
