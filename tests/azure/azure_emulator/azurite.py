"""Azurite, Microsoft's own storage emulator, as a process beside this one."""

from __future__ import annotations

import asyncio
import re
import signal
import tempfile
from pathlib import Path

_MAIN = "azurite.js"
_PACKAGE = Path("node_modules/azurite")
_LISTENS = re.compile(r"Azurite (Blob|Table) service is successfully listening at (http://\S+)")
_SECONDS_TO_START = 60


class Azurite:
    """Starts when it is first asked for, and serves all accounts."""

    def __init__(self, packages: Path) -> None:
        if not (packages / _PACKAGE).is_dir():
            raise FileNotFoundError(f"{packages / _PACKAGE}: there is no azurite (make azure installs it)")
        self.main = packages / _MAIN
        self._folder = tempfile.TemporaryDirectory(prefix="azure-emulator-")
        self._process: asyncio.subprocess.Process | None = None
        self.urls: dict[str, str] = {}
        """Where `blob` and `table` are, once it runs."""
        self._starting = asyncio.Lock()

    async def url(self, service: str) -> str:
        """Where `blob` or `table` is."""
        async with self._starting:
            if not self._process:
                await self._start()
        return self.urls[service]

    async def close(self) -> None:
        await self._stop()
        self._folder.cleanup()

    async def _start(self) -> None:
        command = [
            "node",
            str(self.main),
            "--blobPort",
            "0",
            "--tablePort",
            "0",
            "--queuePort",
            "0",
            "--silent",
            "--location",
            self._folder.name,
            "--skipApiVersionCheck",
            "--disableTelemetry",
        ]
        self._process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        async with asyncio.timeout(_SECONDS_TO_START):
            while len(self.urls) < 2:
                line = await self._process.stdout.readline() if self._process.stdout else b""
                if not line:
                    raise RuntimeError("azurite ended before it listened")
                if found := _LISTENS.search(line.decode(errors="replace")):
                    self.urls[found[1].lower()] = found[2]
        self._reader = asyncio.create_task(self._drain(self._process))

    async def _drain(self, process: asyncio.subprocess.Process) -> None:
        """A pipe that nobody reads would stop it one day."""
        while process.stdout and await process.stdout.readline():
            pass

    async def _stop(self) -> None:
        if not self._process or self._process.returncode is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), 5)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
