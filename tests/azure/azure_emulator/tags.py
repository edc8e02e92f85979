"""Tags: their limits, and the tags API that works on any resource."""

from __future__ import annotations

import re
from typing import Any

from .cloud import Cloud
from .errors import ArmError
from .messages import Answer, Request
from .store import Entry

_RESERVED = re.compile(r"[<>%&\\?/\x00-\x1f\x7f]")


def check_tags(tags: Any) -> None:
    """At most 50; names up to 512 characters, some of them not allowed; values up to 256."""
    if not tags:
        return
    if len(tags) > 50:
        raise ArmError(400, "InvalidTags", f"The resource has {len(tags)} tags. At most 50 tags are allowed.")
    for name, value in tags.items():
        if _RESERVED.search(name):
            raise ArmError(
                400,
                "InvalidTagNameCharacters",
                f"The tag names '{name}' have reserved characters '<,>,%,&,\\,?,/' or control characters.",
            )
        if not name.strip() or len(name) > 512:
            raise ArmError(
                400,
                "InvalidTagName",
                f"Tag name is empty or too large. Following tag name '{name[:40]}' must have 1 to 512 characters.",
            )
        if len(value or "") > 256:
            raise ArmError(
                400,
                "InvalidTagValueLength",
                f"Tag value too large. Following tag value '{value[:40]}…' "
                "exceeded the maximum length. Maximum allowed length for tag value - '256' characters.",
            )


def answer(cloud: Cloud, request: Request, scope: str) -> Answer:
    """`{scope}/providers/Microsoft.Resources/tags/default`"""
    entry = cloud.store.get(scope)
    if not entry:
        raise ArmError(404, "ResourceNotFound", f"The Resource '{scope}' was not found.")
    if request.method == "DELETE":
        entry.body.pop("tags", None)
        return Answer(200)
    if request.method in ("PUT", "PATCH"):
        entry.body["tags"] = _changed(entry, request)
        cloud.store.touch(entry)
    elif request.method != "GET":
        raise ArmError(405, "MethodNotAllowed", f"{request.method} is not one of GET, PUT, PATCH, DELETE.")
    return Answer(
        200,
        {
            "id": f"{entry.id}/providers/Microsoft.Resources/tags/default",
            "name": "default",
            "type": "Microsoft.Resources/tags",
            "properties": {"tags": entry.body.get("tags") or {}},
        },
    )


def _changed(entry: Entry, request: Request) -> dict[str, str]:
    body = request.body if isinstance(request.body, dict) else {}
    given = (body.get("properties") or {}).get("tags") or {}
    operation = "replace" if request.method == "PUT" else str(body.get("operation", "Merge")).lower()
    old = dict(entry.body.get("tags") or {})
    if operation == "delete":
        tags = {name: value for name, value in old.items() if name not in given}
    elif operation == "merge":
        tags = {**old, **given}
    elif operation == "replace":
        tags = dict(given)
    else:
        raise ArmError(
            400, "InvalidTagsOperation", f"The operation '{body['operation']}' is not one of Replace, Merge, Delete."
        )
    check_tags(tags)
    return tags
