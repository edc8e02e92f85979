"""Says in a line what a request to Azure asks for."""

from __future__ import annotations

import re
from typing import Any

from ..brief import short

_RESOURCE = re.compile(r"/subscriptions/[^/]+/resourceGroups/(?P<group>[^/]+)(?:/providers/[^/]+(?P<path>/.+))?", re.I)
_OPERATION = re.compile(r"/operations/[^/]+$", re.I)
_ID = re.compile(r"/subscriptions/.+/(?P<type>[^/]+)/(?P<name>[^/]+)")
# What says nothing of interest, or what the name of a resource says as well.
_NOISE = {"location", "adminUsername", "ssh", "computerName", "createOption", "primary", "privateIPAllocationMethod",
          "privateIPAddressVersion", "idleTimeoutInMinutes", "disablePasswordAuthentication", "lun", "name",
          "enableIPForwarding", "enableAcceleratedNetworking", "publicIPAllocationMethod"}


def is_look(path: str) -> bool:
    """Whether it asks what became of an operation."""
    return bool(_OPERATION.search(path))


def action(method: str, path: str) -> str:
    """The method, and what kind of thing it is for."""
    if is_look(path):
        return f"{method} operation"
    found = _RESOURCE.fullmatch(path)
    if not found:
        return f"{method} {path.rsplit('/', 1)[1]}"
    if not found["path"]:
        return f"{method} resourceGroups"
    # Types and names take turns; what is left over is a list or something to be done.
    parts = found["path"].strip("/").split("/")
    return f"{method} {parts[-1] if len(parts) % 2 else parts[-2]}"


def decisive(path: str, body: Any) -> str:
    """The name, and what of the body makes the difference."""
    leaves = _leaves(body)
    leaves.sort(key=lambda leaf: leaf.startswith("tags "))
    return " · ".join([_name(path), *leaves]).strip(" ·")


def of_storage(entry: dict[str, Any]) -> tuple[str, str]:
    """What a request to blobs or tables does, and to which."""
    query = {key: value for key, value in entry["query"].items() if key in ("comp", "restype")}
    part = query.get("comp") or query.get("restype") or entry["service"]
    headers, words = entry["headers"], [short("/".join(entry["path"].split("/")[2:]))]
    if part == "page":
        first, last = headers.get("x-ms-range", headers.get("range", "=0-0")).split("=")[1].split("-")
        words.append(f"{int(last) + 1 - int(first):,} bytes at {int(first):,}")
    elif size := headers.get("x-ms-blob-content-length"):
        words.append(f"{int(size) >> 20:,} MiB")
    return f"{entry['method']} {part}", " · ".join(words)


def _name(path: str) -> str:
    found = _RESOURCE.fullmatch(path)
    if not found or is_look(path):
        return ""
    if not found["path"]:
        return found["group"]
    parts = found["path"].strip("/").split("/")
    return "/".join(short(name) for name in parts[1::2])


def _leaves(body: Any, key: str = "") -> list[str]:
    match body:
        case dict():
            if key == "tags":
                return [f"tags {', '.join(body)}"]
            return [leaf for name, value in body.items() if name not in _NOISE for leaf in _leaves(value, name)]
        case list():
            return [leaf for value in body for leaf in _leaves(value, key)]
        case str() if key == "customData":
            return [f"customData of {len(body):,} characters"]
        case str() if found := _ID.fullmatch(body):
            return [f"{found['type']} {short(found['name'])}"]
        case bool():
            return [f"{key} {str(body).lower()}"]
        case None:
            return []
    return [f"{key} {body}"]
