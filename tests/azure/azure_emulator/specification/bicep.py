"""Reads shapes of resources from Bicep's type files, which know newer api-versions, in the notation of `table.py`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Set
from pathlib import Path

_REQUIRED, _READ_ONLY = 1, 2
_SIMPLE = {"StringType": "s", "IntegerType": "i", "BooleanType": "b", "AnyType": "*", "NullType": "*"}
# Bicep's own, not part of a body.
_NOT_SENT = {"apiVersion", "scope", "dependsOn"}

Shapes = dict[str, dict[str, str]]


def resources(folder: Path, wanted: Set[str]) -> Iterator[tuple[str, str, str, Shapes]]:
    """Type, api-version, name of its shape, and the shapes this needs, for each type that is wanted."""
    for file in sorted(folder.glob("*/*/types.json")):
        types = json.loads(file.read_text())
        for entry in types:
            if entry["$type"] == "ResourceType":
                kind, version = entry["name"].lower().split("@")
                if kind in wanted:
                    reader = _Reader(types, f"{file.parent.parent.name}/{version}")
                    yield kind, version, reader.type(entry["body"]), reader.shapes


class _Reader:
    def __init__(self, types: list[dict], space: str) -> None:
        self.types, self.space = types, space
        self.shapes: Shapes = {}

    def type(self, reference: dict) -> str:
        index = int(reference["$ref"].rsplit("/", 1)[1])
        entry = self.types[index]
        kind = entry["$type"]
        if kind in _SIMPLE:
            return _SIMPLE[kind]
        if kind == "StringLiteralType":
            return "=" + entry["value"]
        if kind == "ArrayType":
            return "[" + self.type(entry["itemType"])
        if kind == "UnionType":
            return self._union(entry)
        if kind == "ObjectType":
            return self._object(index, entry)
        return "*"

    def _union(self, entry: dict) -> str:
        parts = [self.type(element) for element in entry["elements"]]
        literals = [part[1:] for part in parts if part.startswith("=")]
        if not literals or any(part not in ("s", "*") and not part.startswith("=") for part in parts):
            return "*"
        return ("=" if len(literals) == len(parts) else "~") + "|".join(literals)

    def _object(self, index: int, entry: dict) -> str:
        more = self.type(entry["additionalProperties"]) if "additionalProperties" in entry else None
        if not entry["properties"]:
            return "{" + more if more else "*"
        key = f"{entry['name'].rsplit('/', 1)[-1]} {self.space}#{index}"
        if key not in self.shapes:
            self.shapes[key] = members = {}
            for name, member in entry["properties"].items():
                if name not in _NOT_SENT:
                    members.update([self._member(name, member)])
            if more:
                members[""] = more
        return "@" + key

    def _member(self, name: str, member: dict) -> tuple[str, str]:
        kind, flags = self.type(member["type"]), member["flags"]
        # The name is in the path; Bicep asks for it, the service does not.
        if flags & _READ_ONLY or name in ("id", "name", "type"):
            return name, "!" + kind if flags & _READ_ONLY else kind
        return name + ("*" if flags & _REQUIRED else ""), kind
