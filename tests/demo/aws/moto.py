"""A simulated EC2: moto's server, on a port of this machine that was free."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..cloud import DidNotStart
from ..host import bare_environment

SECONDS_TO_START = 60


@contextmanager
def running(folder: Path) -> Iterator[int]:
    """Gives the port of a server that lives as long as the block, however the block ends."""
    log = folder / "moto.log"
    # Port 0: the kernel chooses, and the server says which. Asking for a free port first would be a race.
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with log.open("wb") as output:
        # In a session of its own, so that Ctrl-C reaches the demo, and the demo stops the server in good order.
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                  env=bare_environment(folder), start_new_session=True)
    try:
        yield _port(server, log)
    finally:
        _stop(server)


def _port(server: subprocess.Popen[bytes], log: Path) -> int:
    """Waits for the line that the server writes once its socket listens."""
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and server.poll() is None:
        found = re.search(r"Running on http://127\.0\.0\.1:(\d+)", log.read_text(errors="replace"))
        if found:
            return int(found[1])
        time.sleep(0.05)
    raise DidNotStart(f"moto's server did not start:\n{log.read_text(errors='replace').strip()}")


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(5)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
