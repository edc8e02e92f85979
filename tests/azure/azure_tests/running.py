"""The emulator as a process of its own, and a plain HTTP client for it."""

from __future__ import annotations

import atexit
import functools
import os
import re
import shutil
import subprocess
import sys
import time
import unittest
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import requests

SUBSCRIPTION = "5f0c5a3e-1111-4222-8333-444455556666"
TENANT = "aaaabbbb-0000-4111-8222-ccccddddeeee"
SCOPE = f"/subscriptions/{SUBSCRIPTION}"
HOME = Path(__file__).resolve().parents[1]
# A rule of a security group.
SSH = {
    "name": "ssh",
    "properties": {
        "priority": 100,
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "Tcp",
        "sourceAddressPrefix": "*",
        "destinationAddressPrefix": "*",
        "sourcePortRange": "*",
        "destinationPortRange": "22",
    },
}


class Emulator:
    """Requests to a running emulator. A path without a slash begins with the name of a resource group."""

    def __init__(self, url: str, verify: str | bool = True) -> None:
        self.url = url
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.verify = verify

    def control(self, method: str, name: str, body: Any = None) -> Any:
        answer = self.http.request(method, f"{self.url}/_emulator/{name}", json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def token(self, resource: str = "https://management.azure.com/") -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": "a-client",
            "client_secret": "a-secret",
            "resource": resource,
        }
        answer = self.http.post(f"{self.url}/{TENANT}/oauth2/token", data=form)
        answer.raise_for_status()
        return answer.json()["access_token"]

    def call(
        self,
        method: str,
        path: str,
        version: str,
        body: Any = None,
        token: str | None = None,
        headers: dict[str, str] | None = None,
        **query: str,
    ) -> requests.Response:
        if "authorization" not in self.http.headers and token is None:
            self.http.headers["authorization"] = f"Bearer {self.token()}"
        own = {"authorization": f"Bearer {token}"} if token is not None else {}
        url = (
            path
            if path.startswith("http")
            else self.url + (path if path.startswith("/") else f"{SCOPE}/resourceGroups/{path}")
        )
        params = {} if path.startswith("http") else {"api-version": version, **query}
        return self.http.request(
            method, url, params=params, json=body, headers={**own, **(headers or {})}, allow_redirects=False
        )

    def wait(self, answer: requests.Response) -> dict[str, Any]:
        """Follows an operation to its end; the last poll's body."""
        url = answer.headers["Azure-AsyncOperation"]
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            body = self.call("GET", url, "").json()
            if body["status"] != "InProgress":
                return body
            time.sleep(0.001)
        raise AssertionError(f"{url} does not end")

    def done(self, method: str, path: str, version: str, body: Any = None, **query: str) -> dict[str, Any]:
        """A write that has to succeed, waited for; the resource as it is afterwards."""
        answer = self.call(method, path, version, body, **query)
        if answer.status_code >= 300:
            raise AssertionError(f"{method} {path}: {answer.status_code} {answer.text}")
        if "Azure-AsyncOperation" in answer.headers:
            end = self.wait(answer)
            if end["status"] != "Succeeded":
                raise AssertionError(f"{method} {path}: {end}")
        elif "Location" in answer.headers:
            while self.call("GET", answer.headers["Location"], "").status_code == 202:
                pass
        return {} if method == "DELETE" else self.call("GET", path, version).json()


@contextmanager
def emulator(*options: str, verify: str | bool = True) -> Iterator[Emulator]:
    """Runs as long as the block, and never longer than this process."""
    environment = {**os.environ, "PYTHONPATH": str(HOME)}
    command = [sys.executable, "-m", "azure_emulator", "--port", "0", "--until-stdin-ends", *options]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment, text=True, start_new_session=True)
    try:
        assert process.stdout
        first = process.stdout.readline()
        found = re.fullmatch(r"Running on (https?://\S+)\n", first)
        if not found:
            raise AssertionError(f"the emulator did not start: {first!r}")
        yield Emulator(found[1], verify)
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()


@functools.cache
def shared(*options: str) -> Emulator:
    """The one with these options that all tests of this process have, one after the other."""
    running = ExitStack()
    atexit.register(running.close)
    return running.enter_context(emulator(*options))


class EmulatorCase(unittest.TestCase):
    """An emulator that is as after its start, with nothing in it."""

    options: tuple[str, ...] = ()
    settings: dict[str, Any] = {}
    """What is set in it before each test."""
    tell: Callable[[str], None]
    """Shows a text at the end of the run."""
    count: Callable[[str], None]
    """Counts what became of a fault; the sums are shown at the end of the run."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.emulator = shared(*cls.options)

    def setUp(self) -> None:
        super().setUp()
        self.emulator.control("POST", "reset")
        self.emulator.http.headers.pop("authorization", None)
        if self.settings:
            self.emulator.control("PATCH", "settings", self.settings)


WITH_AZURITE = ("--azurite", str(HOME / "npm"))
needs_azurite = unittest.skipUnless(
    shutil.which("node") and (HOME / "npm/node_modules/azurite").is_dir(),
    "blobs and tables: skipped, there is no node, or no packages in tests/azure/npm (make azure)",
)
