"""Each request of a `create_vm` fails in turn, in every way: the answer is an error that says so, or a VM after another try,
and nothing else is left in Azure nor on record."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from typing import Any

from .plugin import AGENT, STEMCELL, Plugin
from .rows import test_galleries
from .rows.test_light_stemcells import PLANNED
from .stemcell import PROPERTIES, Stemcells

_SIZE = {"instance_type": "Standard_D2s_v3"}
_ROOM = {"status": "Failed", "code": "AllocationFailed", "message": "There is no room."}
_BROKEN = {"status": "Failed", "code": "InternalExecutionError", "message": "Something broke."}
# Those that pass, those that are final, and how operations end that were accepted.
_PASSING: list[dict[str, Any]] = [
    {"status": 429, "code": "TooManyRequests", "headers": {"Retry-After": "1"}},
    {"status": 500},
    {"status": 500, "effect": True},
    {"drop": "before"},
    {"drop": "after"},
]
_FINAL: list[dict[str, Any]] = [{"status": 403, "code": "AuthorizationFailed"}]
_ENDS: list[dict[str, Any]] = [
    {"operation": _BROKEN},
    {"operation": _BROKEN, "effect": True},
    {"operation": _ROOM, "times": 99},
    {"operation": _BROKEN, "effect": True, "times": 99},
    {"operation": {"status": "Canceled", "code": "OperationCanceled"}},
]
_OPERATION = re.compile("/operations/|/operationresults/", re.IGNORECASE)


class Faults(Plugin):
    """One kind of VM. The faults are in its requests as they were when nothing failed."""

    properties: dict[str, Any] = {}
    group: str | None = None
    stemcell = STEMCELL
    struck = ""
    """The paths of requests that fail: those that no other kind has, where there are many."""

    def setUp(self) -> None:
        super().setUp()
        self.emulator.control("PATCH", "settings", {"polls": 0})
        self.configure(host="[credentials]\ncache = false\n")
        self.base = self.ids()

    def networks(self) -> dict[str, Any]:
        return {"a": self.manual("10.0.0.4", default=["dns", "gateway"])}

    def each_request_fails(self) -> None:
        wanted = {**_SIZE, **self.properties}
        arguments = self.create_vm(wanted, self.group, networks=self.networks(), stemcell=self.stemcell)
        self.forget()
        self.cpi("create_vm", *arguments)
        asked = [one for one in self.requests(path=self.struck) if "/oauth2/" not in one["path"]]
        expected = self.clear()
        for fault in _faults(asked):
            with self.subTest(json.dumps(fault)):
                self._strike(fault, arguments, expected)

    def _strike(self, fault: dict[str, Any], arguments: tuple[Any, ...], expected: list[str]) -> None:
        # Calls tell one another how busy Azure is. The one before would slow this one down.
        shutil.rmtree(self.folder / "state/throttle", ignore_errors=True)
        self.emulator.control("DELETE", "faults")
        self.emulator.control("POST", "faults", fault)
        answer = self.answer("create_vm", *arguments)
        struck = self.emulator.control("GET", "faults")[0]["struck"]
        self.emulator.control("DELETE", "faults")
        self.assertGreater(struck, 0, "it was not asked for")
        made = self.clear()
        if answer["error"] is None:
            self.count("made good")
            self.assertEqual(expected, made)
        else:
            self.count("told")
            self.assertIn(answer["error"]["type"], ("Bosh::Clouds::VMCreationFailed", "Bosh::Clouds::CloudError"))
            self.assertNotEqual("", answer["error"]["message"])
            self.assertEqual([], made, answer["error"])
        listed = json.loads(self.run_program("orphans", "--json").stdout)
        self.assertEqual([], [one for one in listed["orphans"] if one["ids"]])

    def ids(self) -> set[str]:
        return {one["id"] for one in self.emulator.control("GET", "state")["resources"]}

    def clear(self) -> list[str]:
        """Removes what is there now and was not before, past the program. Resource groups stay, as with the Ruby CPI."""
        made = sorted(self.ids() - self.base, reverse=True)
        for one in made:
            self.emulator.control("DELETE", "resources", {"id": one})
        return [one for one in made if "/providers/" in one]


def places(asked: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Where each request is: what it asks for, and how often that came before."""
    before: dict[tuple[str, str], int] = {}
    for one in asked:
        is_look = bool(_OPERATION.search(one["path"]))
        path = _OPERATION.pattern if is_look else re.escape(one["path"]) + "$"
        skip = before.setdefault((one["method"], path), 0)
        before[one["method"], path] += 1
        yield {"method": one["method"], "path": path, "skip": skip}


def _faults(asked: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each way in which each request can fail."""
    for place in places(asked):
        ends = _ENDS if place["method"] in ("PUT", "PATCH") and "/providers/" in place["path"] else []
        for way in _PASSING + _FINAL + ends:
            yield {**place, **way}


class OneNetwork(Faults):
    def test_each_request_fails(self) -> None:
        self.each_request_fails()


class SeveralNetworks(Faults):
    """Two interfaces, and an address that is there."""

    def networks(self) -> dict[str, Any]:
        address = {"location": "eastus", "sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}}
        ip = self.put("Network/publicIPAddresses/mine", "2024-01-01", address)["properties"]["ipAddress"]
        self.base = self.ids()
        vip = {"type": "vip", "ip": ip, "cloud_properties": {}}
        return {**super().networks(), "b": self.dynamic("b"), "v": vip}

    def test_each_request_fails(self) -> None:
        self.each_request_fails()


class OwnAddressInAZone(Faults):
    properties = {"assign_dynamic_public_ip": True, "availability_zone": 1}

    def test_each_request_fails(self) -> None:
        self.each_request_fails()


class AvailabilitySet(Faults):
    group = "director-dep-web"

    def test_each_request_fails(self) -> None:
        self.each_request_fails()


class FastDisk(Faults):
    """Its speed is given to it when it is there."""

    properties = {
        "availability_zone": 1,
        "ephemeral_disk": {"size": 10240, "type": "PremiumV2_LRS", "caching": "None", "iops": 4000, "mbps": 200},
    }

    def test_each_request_fails(self) -> None:
        self.each_request_fails()


class OtherGroup(Faults):
    """A resource group that has to be made, and a root disk that serves for all."""

    properties = {"resource_group_name": "other", "ephemeral_disk": {"use_root_disk": True}}

    def test_each_request_fails(self) -> None:
        self.each_request_fails()


class SeveralSizes(Faults):
    """There is no room for the first one."""

    properties = {"instance_type": None, "instance_types": ["Standard_D4s_v3", "Standard_D2s_v3"]}

    def setUp(self) -> None:
        super().setUp()
        self.emulator.control("PATCH", "settings", {"unavailable_sizes": ["Standard_D4s_v3"]})

    def test_each_request_fails(self) -> None:
        self.each_request_fails()


class Gallery(Faults):
    """The image is a version in a compute gallery."""

    definition, version = test_galleries.Galleries.definition, test_galleries.Galleries.version

    def setUp(self) -> None:
        super().setUp()
        self.put("Compute/galleries/shared", test_galleries.GALLERIES, {"location": "eastus"})
        self.definition()
        self.version("eastus")
        self.configure(host="[credentials]\ncache = false\n", compute_gallery_name="shared")
        self.base = self.ids()

    def test_each_request_fails(self) -> None:
        self.each_request_fails()


class LightStemcell(Faults, Stemcells):
    """The image is one of the marketplace, with a plan."""

    struck = "/storageAccounts/|/stemcell/|/vmimage/|/virtualMachines/"

    def setUp(self) -> None:
        super().setUp()
        self.stemcell = self.cpi("create_stemcell", "/no/such/image", {**PROPERTIES, "image": PLANNED})

    def test_each_request_fails(self) -> None:
        self.each_request_fails()


class StorageAccount(Faults, Stemcells):
    """The disks are blobs, which Azure makes with the VM: those that are there before stand for them."""

    struck = "/storageAccounts|/stemcell/|/bosh|/virtualMachines/"
    disks = (f"bosh-os-{AGENT}-ephemeral-disk.vhd", f"bosh-os-{AGENT}.vhd")

    def setUp(self) -> None:
        super().setUp()
        self.stemcell = self.upload()
        self.configure(host="[credentials]\ncache = false\n", use_managed_disks=False)
        self.container(name="bosh").create_container()
        self.fill()

    def fill(self) -> None:
        for name in self.disks:
            self.container(name="bosh").get_blob_client(name).create_page_blob(512)
        self.forget()

    def clear(self) -> list[str]:
        """Those of a VM that was ordered go with it, also where another try makes it."""
        orders = len(self.requests("PUT", "/virtualMachines/[^/]+$"))
        left = self.blobs(name="bosh")
        made = super().clear()
        is_there = any("/virtualMachines/" in one for one in made)
        if not (is_there and orders > 1 and left == []):
            self.assertEqual([] if orders and not is_there else [*self.disks], left)
        self.fill()
        return made

    def test_each_request_fails(self) -> None:
        self.each_request_fails()
