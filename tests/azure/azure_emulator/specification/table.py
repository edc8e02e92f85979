"""Bodies as the specification has them: what is sent is checked by it, what is answered is cut to it.

Notation of `table.json`: `s`tring, `i`nteger, `n`umber, `b`oolean, `*` anything, `[T` list, `{T` map, `@Name` shape,
`=A|B` one of these, `~A|B` one of these or another value. A member's `!` says that only the service sets it, a name's
`*` that it is required; the name `""` stands for all others.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import ArmError

_TABLE = json.loads(Path(__file__).with_name("table.json").read_text())


def accepted(method: str, kind: str, version: str, body: Any, *, complete: bool = True) -> Any:
    """The body in the specification's own spelling, without what only the service sets.

    Refuses with 400 what has the wrong type, lacks a required member, is not among the values of a closed list, or is
    not known to this version. What is not `complete` may lack what is required. Types without a description are taken
    as they come.
    """
    found = _shape(method, kind, version)
    if not found:
        return body
    return _Checker(kind.split("/", maxsplit=1)[0].lower(), strict=found[1], complete=complete).value(
        found[0], body, ""
    )


def shown(kind: str, version: str, body: Any) -> Any:
    """The part of a resource that this version of its description knows."""
    found = _shape("GET", kind, version)
    return _cut(found[0], body) if found and found[1] else body


def _shape(method: str, kind: str, version: str) -> tuple[str, bool] | None:
    """The newest description that is not newer than what is asked for; and whether it is of that very version."""
    versions = _TABLE["bodies"].get(f"{method} {kind.lower()}")
    if not versions:
        return None
    older = [known for known in versions if known <= version]
    # A request of a version before all that are known is held against the oldest, one after them is not cut to size.
    return (versions[max(older)], version <= max(versions)) if older else (versions[min(versions)], True)


@cache
def _members(name: str) -> dict[str, tuple[str, str, bool]]:
    """Per name in lower case: the spelling, the type, and whether it is required."""
    return {
        spelling.rstrip("*").lower(): (spelling.rstrip("*"), kind, spelling.endswith("*"))
        for spelling, kind in _TABLE["shapes"][name].items()
    }


class _Checker:
    def __init__(self, provider: str, *, strict: bool, complete: bool) -> None:
        self.provider, self.strict, self.complete = provider, strict, complete

    def value(self, kind: str, value: Any, path: str) -> Any:
        mark, rest = kind[0], kind[1:]
        if value is None or mark == "*":
            return value
        if mark == "@":
            return self._object(rest, value, path)
        if mark == "[":
            return [
                self.value(rest, item, f"{path}[{index}]") for index, item in enumerate(self._is(value, list, path))
            ]
        if mark == "{":
            return {
                name: self.value(rest, item, f"{path}.{name}") for name, item in self._is(value, dict, path).items()
            }
        if mark in "=~":
            return self._one_of(rest.split("|"), value, path, is_open=mark == "~")
        return self._plain(mark, value, path)

    def _object(self, shape: str, value: Any, path: str) -> dict[str, Any]:
        members = _members(shape)
        out = {}
        for name, item in self._is(value, dict, path).items():
            at = f"{path}.{name}".lstrip(".")
            if name.lower() in members and name:
                spelling, kind, _ = members[name.lower()]
                if not kind.startswith("!"):
                    out[spelling] = self.value(kind, item, at)
            elif "" in members:
                out[name] = self.value(members[""][1], item, at)
            elif self.strict:
                raise self._refusal(
                    f"Could not find member '{name}' on object of type '{shape.split('.', maxsplit=1)[0]}'.", at
                )
            else:
                out[name] = item
        for spelling, _, is_required in members.values():
            if self.complete and is_required and out.get(spelling) is None:
                raise self._missing(spelling, f"{path}.{spelling}".lstrip("."))
        return out

    def _is(self, value: Any, wanted: type, path: str) -> Any:
        if isinstance(value, wanted):
            return value
        name = {list: "array", dict: "object"}[wanted]
        raise self._refusal(f"Cannot deserialize {json.dumps(value)[:60]}: a JSON {name} is needed.", path)

    def _plain(self, mark: str, value: Any, path: str) -> Any:
        """Converts as the service does: text that reads as a number or a truth value passes for one."""
        if mark == "s" and isinstance(value, str):
            return value
        if mark == "s" and isinstance(value, int | float):
            return json.dumps(value)
        if mark == "b" and (isinstance(value, bool) or str(value).lower() in ("true", "false")):
            return value if isinstance(value, bool) else value.lower() == "true"
        if mark in "in" and isinstance(value, int | float | str) and not isinstance(value, bool):
            try:
                return int(value) if mark == "i" and float(value).is_integer() else _number(mark, value)
            except ValueError:
                pass
        name = {"s": "string", "b": "boolean", "i": "integer", "n": "number"}[mark]
        raise self._refusal(f"Error converting value {json.dumps(value)[:60]} to type '{name}'.", path)

    def _one_of(self, values: list[str], value: Any, path: str, *, is_open: bool) -> Any:
        if not isinstance(value, str):
            return self._plain("s", value, path)
        for known in values:
            if known.lower() == value.lower():
                return known
        if is_open:
            return value
        raise self._refusal(f'Error converting value "{value}" to one of {", ".join(values)}.', path)

    def _refusal(self, message: str, path: str) -> ArmError:
        text = f"{message} Path '{path}', line 1, position 1."
        if self.provider == "microsoft.network":
            return ArmError(
                400,
                "InvalidRequestFormat",
                "Cannot parse the request.",
                details=[{"code": "InvalidJson", "message": text}],
            )
        return ArmError(
            400,
            "InvalidRequestContent",
            f"The request content was invalid and could not be deserialized: '{text}'",
            path,
        )

    def _missing(self, name: str, path: str) -> ArmError:
        if path == "location":
            return ArmError(400, "LocationRequired", "The location property is required for this definition.")
        if self.provider == "microsoft.network":
            return ArmError(
                400,
                "InvalidRequestFormat",
                "Cannot parse the request.",
                details=[
                    {
                        "code": "MissingJsonReferenceId" if name == "id" else "InvalidJson",
                        "message": f"Value for property '{path}' is missing.",
                    }
                ],
            )
        return ArmError(400, "InvalidParameter", f"Required parameter '{path}' is missing (null).", path)


def _number(mark: str, value: Any) -> float:
    if mark == "i":
        raise ValueError
    return float(value)


def _cut(kind: str, value: Any) -> Any:
    kind = kind.lstrip("!")
    mark, rest = kind[0], kind[1:]
    if mark == "@" and isinstance(value, dict):
        members = _members(rest)
        return {
            name: _cut(members.get(name.lower(), members.get(""))[1], item)
            for name, item in value.items()
            if name.lower() in members or "" in members
        }
    if mark == "[" and isinstance(value, list):
        return [_cut(rest, item) for item in value]
    if mark == "{" and isinstance(value, dict):
        return {name: _cut(rest, item) for name, item in value.items()}
    return value
