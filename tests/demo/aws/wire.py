"""Says in a line what a request of the EC2 query protocol asks for."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

# What every request has, or what says nothing of interest.
_NOISE = re.compile(r"(Action|Version|ClientToken|DryRun|MinCount|MaxCount|MaxResults|IncludeDeprecated|Force)"
                    r"|TagSpecification\.\d+\.ResourceType|NetworkInterface\.\d+\.DeviceIndex")
_TAG = re.compile(r"(?:TagSpecification\.\d+\.)?Tag\.\d+\.(Key|Value)")
_FILTER = re.compile(r"Filter\.(\d+)\.(?:Name|Value\.\d+)")
_DISK = re.compile(r"BlockDeviceMapping\.(\d+)\.(?:Ebs\.)?(\w+)")
_ID = re.compile(r"([a-z]+-[0-9a-f]{8})[0-9a-f]{9}")


def parameters(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))


def decisive(params: dict[str, str]) -> str:
    """The parameters that make the difference, without what the protocol adds around them."""
    first: list[str] = []
    words: list[str] = []
    tags: list[str] = []
    filters: dict[str, list[str]] = {}
    disks: dict[str, dict[str, str]] = {}
    for name, value in params.items():
        if _NOISE.fullmatch(name):
            continue
        if tag := _TAG.fullmatch(name):
            if tag[1] == "Key" and value not in tags:
                tags.append(value)
        elif found := _FILTER.fullmatch(name):
            filters.setdefault(found[1], []).append(_short(value))
        elif disk := _DISK.fullmatch(name):
            disks.setdefault(disk[1], {})[disk[2]] = value
        elif _ID.fullmatch(value):
            first.append(_short(value))
        elif name == "UserData":
            first.append(f"UserData of {len(value):,} characters")
        else:
            last = next(part for part in reversed(name.split(".")) if not part.isdigit() and part != "member")
            words.append(f"{last} {value}")
    words += [f"{names[0]} = {', '.join(names[1:])}" for names in filters.values()]
    words += [_disk(disk) for disk in disks.values()]
    if tags:
        words.append(f"tags {', '.join(tags)}")
    return " · ".join(first + words)


def _disk(disk: dict[str, str]) -> str:
    size = f" {disk['VolumeSize']} GiB" if "VolumeSize" in disk else ""
    return f"{disk.get('DeviceName', 'disk')}{size} {disk.get('VolumeType', '')}".rstrip()


def _short(value: str) -> str:
    """An id tells by itself what it is, and its beginning is enough to know it again."""
    return _ID.sub(r"\1…", value)
