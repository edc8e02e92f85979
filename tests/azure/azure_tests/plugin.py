"""The plugin `azure` in the real program, in front of the emulator: what tests of it have in common."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import tempfile
import time
import unittest
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .running import SCOPE, SUBSCRIPTION, TENANT
from .world import COMPUTE, DISKS, NETWORK, World

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = ROOT / "dist" / "cpi-host"
# What operators are told to allow. The plugin may do this and no more.
ROLE: list[str] = json.loads((ROOT / "docs" / "azure-role.json").read_text())["Actions"]
CLIENT = "the-cpi"
AGENT = "8f0d1c2b-aaaa-4bbb-8ccc-0123456789ab"
VM = f"agent_id:{AGENT};resource_group_name:g"
STEMCELL = "bosh-stemcell-beef"
LINUX = {"osType": "Linux", "osState": "Generalized"}
_DIRECTOR = "d1d1d1d1-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Answer:
    """What a call came to."""

    stdout: str
    stderr: str
    """Its log."""
    seconds: float

    @property
    def response(self) -> dict[str, Any]:
        """The one line on stdout."""
        lines = self.stdout.splitlines()
        if len(lines) != 1:
            raise AssertionError(f"not one line: {self.stdout!r}")
        response = json.loads(lines[0])
        if list(response) != ["result", "error", "log"]:
            raise AssertionError(f"not a response: {self.stdout!r}")
        return response


@unittest.skipUnless(PROGRAM.exists(), "there is no dist/cpi-host: make build")
class Plugin(World):
    """A network `net` with the subnets `a` and `b`, images of the stemcell `beef`, and a configuration."""

    def setUp(self) -> None:
        super().setUp()
        self.emulator.done("DELETE", "g/providers/Microsoft.Network/networkInterfaces/n0", NETWORK)
        self.network("net", a="10.0.0.0/24", b="10.0.1.0/24")
        empty = {"creationData": {"createOption": "Empty"}, "diskSizeGB": 3, "osType": "Linux"}
        self.put("Compute/disks/source", DISKS, {"location": "eastus", "properties": empty})
        for code, sku in (("P", "Premium_LRS"), ("S", "Standard_LRS")):
            self.image(f"beef-{code}-eastus", sku)
        self.emulator.control("PATCH", "settings", {"roles": {CLIENT: ROLE}})
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.azure: dict[str, Any] = {
            "environment": "AzureCloud",
            "subscription_id": SUBSCRIPTION,
            "tenant_id": TENANT,
            "client_id": CLIENT,
            "client_secret": "a-secret",
            "resource_group_name": "g",
            "use_managed_disks": True,
            "ssh_user": "vcap",
            "ssh_public_key": "ssh-rsa AAAAB3NzaC1yc2E bosh",
            "endpoints": {"management": self.emulator.url, "authority": self.emulator.url},
        }
        self.configure()
        self.forget()

    # What is there.

    def network(self, name: str, **subnets: str) -> None:
        parts = [{"name": subnet, "properties": {"addressPrefix": prefix}} for subnet, prefix in subnets.items()]
        space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16", "fd00::/48"]}, "subnets": parts}
        self.put(f"Network/virtualNetworks/{name}", NETWORK, {"location": "eastus", "properties": space})

    def image(self, name: str, sku: str, location: str = "eastus", **tags: str) -> None:
        source = {"id": f"{SCOPE}/resourceGroups/g/providers/Microsoft.Compute/disks/source"}
        system = {"osType": "Windows"} if tags.get("os_type") == "windows" else {}
        disk = {**LINUX, **system, "managedDisk": source, "storageAccountType": sku}
        properties = {"storageProfile": {"osDisk": disk}, "hyperVGeneration": "V2"}
        body = {"location": location, "tags": {"os_type": "linux", **tags}, "properties": properties}
        self.put(f"Compute/images/{name}", COMPUTE, body)

    # The program.

    def configure(self, agent: Any = None, host: str = "", **azure: Any) -> None:
        """Writes the configuration with these settings on top, and the host's own settings (TOML)."""
        agent = agent or {"mbus": "nats://user:pass@10.0.0.6:4222"}
        properties = {"azure": {**self.azure, **azure}, "agent": agent}
        self.config = self.folder / "cpi.json"
        self.config.write_text(json.dumps({"cloud": {"plugin": "azure", "properties": properties}}))
        (self.folder / "host.toml").write_text(f'state = "state"\n{host}')

    def run_program(self, *arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        command = [str(PROGRAM), arguments[0], "--config", str(self.config), "--host", str(self.folder / "host.toml")]
        return subprocess.run(
            [*command, *arguments[1:]],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
            env={"PATH": os.environ["PATH"], **environment},
        )

    def send(self, text: str, **environment: str) -> Answer:
        """Any text as a request."""
        start = time.monotonic()
        done = self.run_program("call", stdin=text, **environment)
        self.assertEqual(0, done.returncode, done.stderr)
        return Answer(done.stdout, done.stderr, time.monotonic() - start)

    def call(
        self, method: str, *arguments: Any, context: dict[str, Any] | None = None, api_version: int | None = 2
    ) -> Answer:
        """`context` are properties of a CPI configuration."""
        request: dict[str, Any] = {"method": method, "arguments": arguments}
        request["context"] = {"director_uuid": _DIRECTOR, "request_id": "cpi-1", **(context or {})}
        if api_version is not None:
            request["api_version"] = api_version
        return self.send(json.dumps(request))

    def answer(self, method: str, *arguments: Any, **options: Any) -> dict[str, Any]:
        return self.call(method, *arguments, **options).response

    def cpi(self, method: str, *arguments: Any, **options: Any) -> Any:
        """The result of a call that has to succeed."""
        answer = self.answer(method, *arguments, **options)
        self.assertIsNone(answer["error"], method)
        return answer["result"]

    def fails(self, kind: str, method: str, *arguments: Any, **options: Any) -> str:
        """The message of a call that has to fail like this."""
        error = self.answer(method, *arguments, **options)["error"]
        self.assertEqual(_type(kind), error and error["type"], error)
        return error["message"]

    def all_fail(self, cases: list[tuple[str, str, tuple[Any, ...], dict[str, Any]]], kind: str = "CloudError") -> None:
        """Calls that have to fail with these fragments in their messages: (fragment, method, arguments, options)."""

        def one(case: tuple[str, str, tuple[Any, ...], dict[str, Any]]) -> dict[str, Any]:
            _, method, arguments, options = case
            return self.answer(method, *arguments, **options)

        for case, answer in zip(cases, self.together(one, cases), strict=True):
            with self.subTest(case[0], arguments=case[2], options=case[3]):
                error = answer["error"] or {}
                self.assertEqual(_type(kind), error.get("type"), answer)
                self.assertIn(case[0], error["message"])

    @staticmethod
    def together(work: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        """Does it with all items at the same time, for most of it is waiting."""
        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(work, items))

    # Arguments of create_vm.

    def create_vm(self, properties: dict[str, Any], group: str | None = None, **more: Any) -> tuple[Any, ...]:
        """`more`: agent, stemcell, networks, disks, env."""
        env = {"bosh": {"group": group}} if group else {}
        return (
            more.get("agent", AGENT),
            more.get("stemcell", STEMCELL),
            properties,
            more.get("networks", {"private": self.manual("10.0.0.4", default=["dns", "gateway"], dns=["10.0.0.2"])}),
            more.get("disks", []),
            more.get("env", env),
        )

    @staticmethod
    def manual(ip: str, subnet: str = "a", properties: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        """A network of create_vm with an address."""
        place = {"virtual_network_name": "net", "subnet_name": subnet, **(properties or {})}
        return {"type": "manual", "ip": ip, **more, "cloud_properties": place}

    @staticmethod
    def dynamic(subnet: str = "a", properties: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        place = {"virtual_network_name": "net", "subnet_name": subnet, **(properties or {})}
        return {"type": "dynamic", **more, "cloud_properties": place}

    # What was asked of Azure, and what came of it.

    def forget(self) -> None:
        """Forgets the requests until now."""
        self.emulator.control("DELETE", "requests")

    def requests(self, method: str = ".*", path: str = "") -> list[dict[str, Any]]:
        """The program's requests since then whose path holds a text that the expression describes."""
        return [
            entry
            for entry in self.emulator.control("GET", "requests")
            if re.fullmatch(method, entry["method"])
            and re.search(path, entry["path"], re.IGNORECASE)
            and not entry["headers"].get("user-agent", "").startswith("python-requests")
        ]

    def body(self, method: str, path: str) -> Any:
        """The body of the one request like this."""
        found = self.requests(method, path)
        self.assertEqual(1, len(found), [(one["method"], one["path"]) for one in self.requests()])
        return found[0]["body"]

    def vm(self, name: str = AGENT) -> dict[str, Any]:
        return self.get(f"Compute/virtualMachines/{name}", COMPUTE)

    def custom_data(self, path: str = "/virtualMachines/") -> dict[str, Any]:
        """The settings that the agent of a new VM gets."""
        return json.loads(base64.b64decode(self.body("PUT", path)["properties"]["osProfile"]["customData"]))

    def fault(self, method: str, path: str, **how: Any) -> None:
        """Has requests like these fail; see `faults.py` of the emulator."""
        self.emulator.control("POST", "faults", {"method": method, "path": path, **how})

    def names(self, kind: str, version: str) -> list[str]:
        return [found["name"] for found in self.get(kind, version)["value"]]

    def nothing_is_left(self) -> None:
        for kind in ("virtualMachines", "availabilitySets"):
            self.assertEqual([], self.names(f"Compute/{kind}", COMPUTE))
        self.assertEqual(["source"], self.names("Compute/disks", DISKS))
        for kind in ("networkInterfaces", "publicIPAddresses"):
            self.assertEqual([], self.names(f"Network/{kind}", NETWORK))


def _type(kind: str) -> str:
    return kind if kind == "InvalidCall" else f"Bosh::Clouds::{kind}"
