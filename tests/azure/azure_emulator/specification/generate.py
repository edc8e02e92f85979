"""Draws `table.json` from a checkout of Azure's published API descriptions.

    PYTHONPATH=tests/azure python -m azure_emulator.specification.generate FOLDER

FOLDER holds `operations.json` (which operations matter), `specification/` (OpenAPI 2.0 from azure-rest-api-specs) and
`bicep-types/` (bodies of newer versions). What the table says and how it is written: see `table.py`.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from . import bicep, minimal, openapi

TABLE = Path(__file__).with_name("table.json")
_RESOURCE = re.compile(r"/providers/(Microsoft\.\w+)/(.+)$", re.I)


def main() -> int:
    if len(sys.argv) != 2 or not (Path(sys.argv[1]) / "operations.json").is_file():
        print(__doc__, file=sys.stderr)
        return 2
    table = generate(Path(sys.argv[1]))
    TABLE.write_text(_text(table))
    print(
        f"{TABLE.name}: {len(table['bodies'])} kinds of bodies, {len(table['shapes'])} shapes, "
        f"{TABLE.stat().st_size // 1024} KiB"
    )
    return 0


def generate(folder: Path) -> dict[str, dict]:
    """`bodies`: method and type -> api-version -> shape; `shapes`: name -> members."""
    folder = folder.resolve()  # as references between its files are
    reader = openapi.Reader(folder / "specification")
    bodies: dict[str, dict[str, str]] = {}
    for operation in json.loads((folder / "operations.json").read_text())["operations"]:
        key = key_of(operation["method"], operation["path"])
        if operation["set"] == "data-plane" or not key:
            continue
        for verb, schema in reader.bodies(folder / operation["spec"], operation["operationId"], operation["method"]):
            bodies.setdefault(f"{verb} {key}", {})[operation["apiVersion"]] = schema
    shapes = dict(reader.shapes)
    known = {key.split(" ", 1)[1] for key in bodies if key.startswith("PUT ")}
    for kind, version, name, more in bicep.resources(folder / "bicep-types", known):
        for verb in ("PUT", "GET"):
            bodies.setdefault(f"{verb} {kind}", {})[version] = name
        shapes.update(more)
    return minimal.merged(bodies, shapes)


def key_of(method: str, path: str) -> str | None:
    """The type (and action) that an operation is about, in lower case; none for lists and what is read only."""
    if method not in ("PUT", "PATCH", "POST", "GET"):
        return None
    found = _RESOURCE.search(path)
    if not found:
        group = re.search(r"/(resourcegroups)/\{\w+\}$", path, re.I)
        return "microsoft.resources/resourcegroups" if group else None
    segments = found[2].split("/")
    if method != "POST" and len(segments) % 2:
        return None
    words = [word for word in segments if not word.startswith("{")]
    return f"{found[1]}/{'/'.join(words)}".lower()


def _text(table: dict[str, dict]) -> str:
    """One body or shape a line, so that a new version shows as what it changes."""
    parts = []
    for part in ("bodies", "shapes"):
        lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in sorted(table[part].items())]
        parts.append(f'"{part}": {{\n' + ",\n".join(lines) + "\n}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    sys.exit(main())
