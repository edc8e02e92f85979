"""Resource Manager: finds out what a path speaks of, and lets that answer."""

from __future__ import annotations

import re
from datetime import date

from . import authorization, reads, tags, writes
from .cloud import Cloud
from .errors import ArmError, not_found
from .ids import ResourceId
from .kinds import resource_groups as groups
from .longrunning import poll
from .messages import Answer, Request
from .registry import EMBEDDED, KINDS, PROVIDERS, ROUTES

_VERSION = re.compile(r"(\d{4}-\d{2}-\d{2})(-preview)?")
_POLL = re.compile(r"/subscriptions/[^/]+/providers/[^/]+/locations/[^/]+/(?:async)?operations/(?P<id>[^/]+)", re.I)
_TAGS = re.compile(r"(?P<scope>/subscriptions/.+)/providers/microsoft\.resources/tags/default", re.I)
_SCOPE = re.compile(r"/subscriptions/(?P<subscription>[^/]+)(?:/resourcegroups/(?P<group>[^/]+))?(?P<rest>/.*)?", re.I)
_SUBSCRIPTION = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)


def answer(cloud: Cloud, request: Request) -> Answer:
    """Any request below `/subscriptions` and `/providers`. Refusals are raised."""
    token = cloud.tokens.check(request.headers.get("authorization"), request.base)
    _check_audience(cloud, token.audience, request)
    _check_version(request)
    authorization.check(cloud, request, token.subject)
    path = request.path.rstrip("/")
    if found := _POLL.fullmatch(path):
        return poll(cloud, request, found["id"])
    if found := _TAGS.fullmatch(path):
        return tags.answer(cloud, request, found["scope"])
    for method, pattern, handler in ROUTES:
        found = pattern.fullmatch(path)
        if found and method == request.method:
            return handler(cloud, request, found)
    return _scoped(cloud, request, path)


def _scoped(cloud: Cloud, request: Request, path: str) -> Answer:
    scope = _SCOPE.fullmatch(path)
    if not scope:
        raise ArmError(404, "InvalidResourceType", f"Nothing is known by the path {path}.")
    if not _SUBSCRIPTION.fullmatch(scope["subscription"]):
        raise ArmError(
            400,
            "InvalidSubscriptionId",
            f"The provided subscription identifier '{scope['subscription']}' is malformed or invalid.",
        )
    there = cloud.settings.subscriptions
    if there and scope["subscription"].lower() not in map(str.lower, there):
        raise ArmError(404, "SubscriptionNotFound", f"The subscription '{scope['subscription']}' could not be found.")
    group, rest = scope["group"], scope["rest"] or ""
    if group and not rest:
        return groups.answer(cloud, request, scope["subscription"], group)
    if group:
        cloud.group(scope["subscription"], group)
    provider, segments = _provider(rest)
    if len(segments) % 2 == 0 and group:
        return _resource(cloud, request, ResourceId.parse(path))
    kind = KINDS.get(f"{provider}/{'/'.join(segments[::2])}".lower())
    if kind and request.method == "GET":
        above = path.rsplit("/providers/", 1)[0] if len(segments) == 1 else path.rsplit("/", 1)[0]
        if len(segments) > 1 and not cloud.store.get(above):
            raise not_found(kind.type, "/".join(segments[1::2]), group or "")
        return reads.listing(cloud, request, kind, above)
    if group and len(segments) > 1:
        return _action(cloud, request, ResourceId.parse(path.rsplit("/", 1)[0]), segments[-1])
    raise _unknown(provider, segments)


def _resource(cloud: Cloud, request: Request, rid: ResourceId | None) -> Answer:
    if not rid:
        raise ArmError(404, "InvalidResourceType", f"{request.path} is not the id of a resource.")
    if embedded := EMBEDDED.get(rid.kind):
        return embedded.answer(cloud, request, rid)
    kind = KINDS.get(rid.kind)
    if not kind:
        raise _unknown(rid.provider, list(rid.types[:1]))
    rid = rid.spelled(kind.type)
    handler = {
        "GET": reads.get,
        "HEAD": reads.get,
        "PUT": writes.put,
        "PATCH": writes.patch,
        "DELETE": writes.delete,
    }.get(request.method)
    if not handler:
        raise _not_allowed(request.method, "GET, PUT, PATCH, DELETE")
    return handler(cloud, request, kind, rid)


def _action(cloud: Cloud, request: Request, rid: ResourceId | None, name: str) -> Answer:
    if rid and (embedded := EMBEDDED.get(f"{rid.kind}/{name}".lower())):
        return embedded.listing(cloud, request, rid)
    kind = KINDS.get(rid.kind) if rid else None
    if not rid or not kind:
        raise _unknown(rid.provider if rid else "", [name])
    cloud.operations.running(str(rid))
    entry = cloud.store.get(str(rid))
    if not entry:
        raise not_found(kind.type, "/".join(rid.names), rid.group)
    for known, action in kind.actions.items():
        method, _, word = known.partition(" ")
        if word.lower() == name.lower():
            if method != request.method:
                raise _not_allowed(request.method, method)
            return action(cloud, request, entry)
    raise _unknown(rid.provider, [*rid.types, name])


def _provider(rest: str) -> tuple[str, list[str]]:
    found = re.fullmatch(r"/providers/([^/]+)/(.+)", rest, re.I)
    if not found:
        raise ArmError(404, "InvalidResourceType", f"Nothing is known by the path {rest}.")
    return found[1], found[2].split("/")


def _check_version(request: Request) -> None:
    if not request.version:
        raise ArmError(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    found = _VERSION.fullmatch(request.version)
    try:
        known = found and date.fromisoformat(found[1]).year >= 2014
    except ValueError:
        known = False
    if not known:
        raise ArmError(
            400,
            "InvalidApiVersionParameter",
            f"The api-version '{request.version}' is invalid. The supported versions are dates like '2024-03-01'.",
        )


def _check_audience(cloud: Cloud, audience: str, request: Request) -> None:
    if audience.rstrip("/") not in {*cloud.settings.audiences, request.base}:
        raise ArmError(
            401,
            "InvalidAuthenticationTokenAudience",
            f"The access token has been obtained for wrong audience or "
            f"resource '{audience}'. It should exactly match with one of the allowed audiences "
            f"'{','.join(cloud.settings.audiences)},{request.base}'.",
        )


def _unknown(provider: str, segments: list[str]) -> ArmError:
    if provider.lower() not in PROVIDERS:
        return ArmError(404, "InvalidResourceNamespace", f"The resource namespace '{provider}' is invalid.")
    return ArmError(
        404,
        "InvalidResourceType",
        f"The resource type '{'/'.join(segments)}' could not be found in the namespace '{provider}'.",
    )


def _not_allowed(method: str, allowed: str) -> ArmError:
    return ArmError(405, "HttpMethodNotAllowed", f"The HTTP method '{method}' is not allowed here; {allowed} is.")
