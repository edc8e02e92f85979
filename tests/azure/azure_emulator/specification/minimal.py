"""Merges shapes that say the same, so that a version costs only what it changes."""

from __future__ import annotations

import re
from collections import defaultdict

_REFERENCE = re.compile(r"@(.+)$")

Shapes = dict[str, dict[str, str]]


def merged(bodies: dict[str, dict[str, str]], shapes: Shapes) -> dict[str, dict]:
    """The same table with one shape for each set of shapes that nobody can tell apart."""
    classes = _classes(shapes)
    names = _names(classes)

    def renamed(kind: str) -> str:
        return _REFERENCE.sub(lambda found: "@" + names[classes[found[1]]], kind)

    return {
        "bodies": {
            body: {version: renamed(kind) for version, kind in sorted(versions.items())}
            for body, versions in bodies.items()
        },
        "shapes": {
            names[classes[key]]: {name: renamed(kind) for name, kind in members.items()}
            for key, members in sorted(shapes.items(), reverse=True)
        },
    }


def _classes(shapes: Shapes) -> dict[str, int]:
    """Starts with all in one class and splits as long as members differ; shapes may refer to themselves."""
    classes = dict.fromkeys(shapes, 0)
    while True:
        numbers: dict[tuple, int] = {}
        split = {}
        for key, members in shapes.items():
            signature = tuple(
                sorted(
                    (name, _REFERENCE.sub(lambda found, now=classes: f"@{now[found[1]]}", kind))
                    for name, kind in members.items()
                )
            )
            split[key] = numbers.setdefault(signature, len(numbers))
        if len(numbers) == len(set(classes.values())):
            return split
        classes = split


def _names(classes: dict[str, int]) -> dict[int, str]:
    """The name that the specification gives; those after the first in the order of versions get a number."""
    first: dict[int, str] = {}
    for key in sorted(classes, key=lambda key: (key.split(" ")[0], *reversed(key.split(" ")))):
        first.setdefault(classes[key], "anonymous" if key.startswith("anonymous") else key.split(" ")[0])
    count: dict[str, int] = defaultdict(int)
    names = {}
    for number, name in first.items():
        count[name] += 1
        names[number] = name if count[name] == 1 else f"{name}.{count[name]}"
    return names
