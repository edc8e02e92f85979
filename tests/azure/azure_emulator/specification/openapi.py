"""Reads shapes of bodies from OpenAPI 2.0 files, in the notation of `table.py`."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_SIMPLE = {"string": "s", "integer": "i", "number": "n", "boolean": "b", "file": "*"}


class Reader:
    """Follows references between the files below `root`; every definition met becomes a shape."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.shapes: dict[str, dict[str, str]] = {}
        self._files: dict[Path, dict] = {}

    def bodies(self, file: Path, operation: str, method: str) -> Iterator[tuple[str, str]]:
        """What the operation takes (under its method) and what it answers with 200 (under GET)."""
        found = self._operation(file, operation)
        for parameter in found.get("parameters", []):
            at, parameter = self._follow(file, parameter)
            if parameter.get("in") == "body":
                yield method, self._type(at, parameter["schema"])
        answer = found["responses"].get("200", {}).get("schema")
        if method == "GET" and answer:
            yield "GET", self._type(file, answer)

    def _operation(self, file: Path, wanted: str) -> dict:
        for methods in self._file(file)["paths"].values():
            for operation in methods.values():
                if isinstance(operation, dict) and operation.get("operationId") == wanted:
                    return operation
        raise LookupError(f"{file}: no operation {wanted}")

    def _type(self, file: Path, schema: dict) -> str:
        """The type of a member; objects with members of their own become shapes."""
        if "$ref" in schema:
            read_only = "!" if schema.get("readOnly") else ""
            at, target = self._follow(file, schema)
            if self._is_plain(target):
                return read_only + self._type(at, target).lstrip("!")
            return read_only + "@" + self._shape(at, schema["$ref"].rsplit("/", 1)[1], target)
        return ("!" if schema.get("readOnly") else "") + self._inner(file, schema)

    def _inner(self, file: Path, schema: dict) -> str:
        kind = schema.get("type", "object" if "properties" in schema or "allOf" in schema else None)
        if kind == "array":
            return "[" + self._type(file, schema["items"]).lstrip("!")
        if kind == "string" and "enum" in schema:
            is_open = schema.get("x-ms-enum", {}).get("modelAsString", False)
            return ("~" if is_open else "=") + "|".join(schema["enum"])
        if kind in _SIMPLE:
            return _SIMPLE[kind]
        if isinstance(schema.get("additionalProperties"), dict):
            return "{" + self._type(file, schema["additionalProperties"]).lstrip("!")
        if schema.get("properties") or "allOf" in schema:
            return "@" + self._shape(file, f"anonymous{zlib.crc32(json.dumps(schema).encode())}", schema)
        return "*"

    def _is_plain(self, schema: dict) -> bool:
        return not schema.get("properties") and "allOf" not in schema

    def _shape(self, file: Path, name: str, schema: dict) -> str:
        """Registers a definition under a name that is its alone; `minimal` merges the equal ones."""
        key = f"{name} {file.relative_to(self.root)}"
        if key not in self.shapes:
            self.shapes[key] = members = {}
            self._members(file, schema, members)
        return key

    def _members(self, file: Path, schema: dict, members: dict[str, str]) -> None:
        for base in schema.get("allOf", []):
            at, target = self._follow(file, base)
            self._members(at, target, members)
        required = set(schema.get("required", []))
        for name, member in schema.get("properties", {}).items():
            kind = self._type(file, member)
            members.pop(name, None)
            members[name + ("*" if name in required and not kind.startswith("!") else "")] = kind
        for name in required - set(schema.get("properties", {})):  # required of a member that a base declares
            if name in members and not members[name].startswith("!"):
                members[name + "*"] = members.pop(name)
        if isinstance(schema.get("additionalProperties"), dict):
            members[""] = self._type(file, schema["additionalProperties"])

    def _follow(self, file: Path, schema: dict) -> tuple[Path, dict]:
        while "$ref" in schema:
            where, _, pointer = schema["$ref"].partition("#")
            if where:
                file = (file.parent / where).resolve()
            schema = self._file(file)
            for step in re.findall(r"[^/]+", pointer):
                schema = schema[step.replace("~1", "/").replace("~0", "~")]
        return file, schema

    def _file(self, file: Path) -> dict[str, Any]:
        if file not in self._files:
            self._files[file] = json.loads(file.read_text(encoding="utf-8-sig"))
        return self._files[file]
