"""Shortens values for people: what matters of a request or an answer, without the wall of JSON."""

from __future__ import annotations

import re
from typing import Any

_UUID = re.compile(r"([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_HASH = re.compile(r"([0-9a-f]{12})[0-9a-f]{50,}")
_LONGEST = 44


def brief(value: Any) -> str:
    """One line; a member of an object or a list that is long itself is cut."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return short(value) or '""'
        case dict():
            return f"{{{members(value)}}}"
        case list():
            return f"[{', '.join(map(_cut, value))}]"
    return str(value)


def members(value: dict[str, Any]) -> str:
    return ", ".join(f"{key} {_cut(member)}" for key, member in value.items())


def short(text: str) -> str:
    """A text without the tail of identifiers and digests, and without the content of keys."""
    if text.startswith("-----BEGIN"):
        return f"(PEM, {len(text):,} bytes)"
    return _HASH.sub(r"\1…", _UUID.sub(r"\1…", text))


def change(old: dict[str, Any], new: dict[str, Any]) -> str:
    """What is new in an object or different, down to the members of its members."""
    words = []
    for key, value in new.items():
        before = old.get(key)
        if isinstance(before, dict) and isinstance(value, dict) and value != before:
            words.append(f"{key} {{{change(before, value)}}}")
        elif value != before:
            words.append(f"{key} {_cut(value)}")
    return ", ".join(words)


def _cut(value: Any) -> str:
    text = brief(value)
    return f"{text[:_LONGEST - 1]}…" if isinstance(value, str) and len(text) > _LONGEST else text
