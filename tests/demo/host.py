"""Runs `cpi-host` as a director does: a process for each call, a request on stdin, a response on stdout."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

SECONDS_PER_CALL = 120
# Where the plugins' notes go, in the folder of a run.
STATE = "state"


@dataclass(frozen=True)
class Call:
    """What went into one process, and what came out of it."""

    status: int
    stdout: str
    stderr: str
    ms: float

    def response(self) -> dict[str, Any] | None:
        """The response, if it has the shape that directors insist on: they reject any other."""
        try:
            response = json.loads(self.stdout)
        except ValueError:
            return None
        if not isinstance(response, dict) or list(response) != ["result", "error", "log"]:
            return None
        error = response["error"]
        good_error = error is None or {"type", "message", "ok_to_retry"} <= set(error)
        return response if good_error and isinstance(response["log"], str) else None


class Host:
    """`cpi-host` with its configuration, which lies in a folder that somebody else removes."""

    def __init__(self, program: Path, folder: Path, plugin: str, properties: dict[str, Any]) -> None:
        config = folder / "cpi.json"
        config.write_text(json.dumps({"cloud": {"plugin": plugin, "properties": properties}}))
        self._settings = folder / "host.toml"
        self._command = [str(program), "call", "--config", str(config), "--host", str(self._settings)]
        self._environment = bare_environment(folder)

    def call(self, request: dict[str, Any], rules: str = "") -> Call:
        """`rules` is what the operator has in the host's settings besides."""
        self._settings.write_text(f'state = "{STATE}"\n{rules}')
        return spawn(self._command, json.dumps(request), self._environment)


def bare_environment(home: Path) -> dict[str, str]:
    """Next to nothing, so that no credential or proxy of whoever runs the demo plays a part."""
    path = os.environ.get("PATH", "/usr/local/bin:/usr/bin:/bin")
    return {"PATH": path, "HOME": str(home), "TMPDIR": str(home), "LANG": "C.UTF-8"}


def spawn(command: list[str], stdin: str, environment: dict[str, str]) -> Call:
    start = time.perf_counter()
    try:
        done = subprocess.run(command, input=stdin.encode(), capture_output=True, env=environment,
                              timeout=SECONDS_PER_CALL, check=False)
        status, out, err = done.returncode, done.stdout, done.stderr
    except subprocess.TimeoutExpired as late:
        status, out, err = -1, late.stdout or b"", (late.stderr or b"") + b"\n(ended: no answer in time)"
    ms = (time.perf_counter() - start) * 1e3
    return Call(status, out.decode(errors="replace"), err.decode(errors="replace"), ms)


def ms_of_nothing(home: Path) -> float:
    """What starting any process costs here, to hold against the calls."""
    return median(spawn(["/bin/true"], "", bare_environment(home)).ms for _ in range(21))
