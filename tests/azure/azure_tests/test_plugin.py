"""The plugin `azure` in the real program: whole lives of machines and disks, after which nothing is left."""

from __future__ import annotations

import json
import subprocess
import tempfile
import unittest
from pathlib import Path
from typing import Any

from .running import SCOPE, SUBSCRIPTION, TENANT
from .world import COMPUTE, DISKS, NETWORK, World

PROGRAM = Path(__file__).resolve().parents[3] / "dist" / "cpi-host"
AGENT = "8f0d1c2b-aaaa-4bbb-8ccc-0123456789ab"
VM = f"agent_id:{AGENT};resource_group_name:g"
LINUX = {"osType": "Linux", "osState": "Generalized"}


@unittest.skipUnless(PROGRAM.exists(), "there is no dist/cpi-host: make build")
class Plugin(World):
    def setUp(self) -> None:
        super().setUp()
        self.emulator.done("DELETE", "g/providers/Microsoft.Network/networkInterfaces/n0", NETWORK)
        empty = {"creationData": {"createOption": "Empty"}, "diskSizeGB": 3, "osType": "Linux"}
        self.put("Compute/disks/source", DISKS, {"location": "eastus", "properties": empty})
        source = {"id": f"{SCOPE}/resourceGroups/g/providers/Microsoft.Compute/disks/source"}
        for name, sku in (("P", "Premium_LRS"), ("S", "Standard_LRS")):
            disk = {**LINUX, "managedDisk": source, "storageAccountType": sku}
            image = {"storageProfile": {"osDisk": disk}, "hyperVGeneration": "V2"}
            body = {"location": "eastus", "tags": {"os_type": "linux"}, "properties": image}
            self.put(f"Compute/images/beef-{name}-eastus", COMPUTE, body)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        azure = {
            "environment": "AzureCloud",
            "subscription_id": SUBSCRIPTION,
            "tenant_id": TENANT,
            "client_id": "a-client",
            "client_secret": "a-secret",
            "resource_group_name": "g",
            "use_managed_disks": True,
            "ssh_user": "vcap",
            "ssh_public_key": "ssh-rsa AAAAB3NzaC1yc2E bosh",
            "endpoints": {"management": self.emulator.url, "authority": self.emulator.url},
        }
        self.config = Path(folder.name, "cpi.json")
        properties = {"azure": azure, "agent": {"mbus": "nats://user:pass@10.0.0.6:4222"}}
        self.config.write_text(json.dumps({"cloud": {"plugin": "azure", "properties": properties}}))

    def answer(self, method: str, *arguments: Any) -> dict[str, Any]:
        context = {"director_uuid": "d1d1d1d1-0000-4000-8000-000000000000"}
        request = {"method": method, "arguments": arguments, "context": context, "api_version": 2}
        command = [str(PROGRAM), "call", "--config", str(self.config)]
        done = subprocess.run(command, input=json.dumps(request), capture_output=True, text=True, timeout=120, check=True)
        return json.loads(done.stdout)

    def cpi(self, method: str, *arguments: Any) -> Any:
        answer = self.answer(method, *arguments)
        self.assertIsNone(answer["error"], method)
        return answer["result"]

    def fails(self, kind: str, method: str, *arguments: Any) -> str:
        error = self.answer(method, *arguments)["error"]
        self.assertEqual(f"Bosh::Clouds::{kind}", error and error["type"], error)
        return error["message"]

    def create_vm(self, properties: dict[str, Any], group: str | None = None) -> tuple[Any, ...]:
        network = {
            "type": "manual",
            "ip": "10.0.0.4",
            "default": ["dns", "gateway"],
            "dns": ["10.0.0.2"],
            "cloud_properties": {"virtual_network_name": "net", "subnet_name": "a"},
        }
        env = {"bosh": {"group": group}} if group else {}
        return AGENT, "bosh-stemcell-beef", properties, {"private": network}, [], env

    def names(self, kind: str, version: str) -> list[str]:
        return [found["name"] for found in self.get(kind, version)["value"]]

    def nothing_is_left(self) -> None:
        for kind in ("virtualMachines", "availabilitySets"):
            self.assertEqual([], self.names(f"Compute/{kind}", COMPUTE))
        self.assertEqual(["source"], self.names("Compute/disks", DISKS))
        for kind in ("networkInterfaces", "publicIPAddresses"):
            self.assertEqual([], self.names(f"Network/{kind}", NETWORK))

    def test_a_whole_life(self) -> None:
        wanted = {"instance_type": "Standard_D2s_v3", "assign_dynamic_public_ip": True}
        self.assertEqual(VM, self.cpi("create_vm", *self.create_vm(wanted, "bosh-dep-web"))[0])
        self.assertEqual(["bosh-dep-web"], self.names("Compute/availabilitySets", COMPUTE))
        self.cpi("set_vm_metadata", VM, {"deployment": "dep", "a/b": "web/0"})
        disk = self.cpi("create_disk", 10240, {}, VM)
        hint = self.cpi("attach_disk", VM, disk)
        self.assertEqual("1", hint["lun"])
        self.assertEqual(hint, self.cpi("attach_disk", VM, disk))
        self.assertEqual([disk], self.cpi("get_disks", VM))
        tags = self.get(f"Compute/virtualMachines/{AGENT}", COMPUTE)["tags"]
        self.assertEqual(("dep", "web/0"), (tags["deployment"], tags["a_b"]))
        self.cpi("delete_snapshot", self.cpi("snapshot_disk", disk, {"index": 0}))
        self.cpi("detach_disk", VM, disk)
        self.fails("DiskNotAttached", "detach_disk", VM, disk)
        self.cpi("resize_disk", disk, 20480)
        self.fails("NotSupported", "resize_disk", disk, 10240)
        self.cpi("reboot_vm", VM)
        self.cpi("delete_vm", VM)
        self.assertFalse(self.cpi("has_vm", VM))
        self.cpi("delete_vm", VM)
        self.cpi("delete_disk", disk)
        self.fails("DiskNotFound", "resize_disk", disk, 10240)
        self.nothing_is_left()

    def test_without_room_another_size_is_taken(self) -> None:
        self.emulator.control("PATCH", "settings", {"unavailable_sizes": ["Standard_D4s_v3"]})
        self.addCleanup(self.emulator.control, "PATCH", "settings", {"unavailable_sizes": []})
        sizes = {"instance_types": ["Standard_D4s_v3", "Standard_D2s_v3"], "availability_zone": 2}
        self.cpi("create_vm", *self.create_vm(sizes))
        found = self.get(f"Compute/virtualMachines/{AGENT}", COMPUTE)
        self.assertEqual("Standard_D2s_v3", found["properties"]["hardwareProfile"]["vmSize"])
        self.assertEqual(["2"], found["zones"])
        self.cpi("delete_vm", VM)
        self.nothing_is_left()

    def test_what_was_made_for_no_vm_is_removed(self) -> None:
        wanted = {"instance_type": "Standard_D4s_v3", "assign_dynamic_public_ip": True}
        self.emulator.control("PATCH", "settings", {"unavailable_sizes": ["Standard_D4s_v3"]})
        self.addCleanup(self.emulator.control, "PATCH", "settings", {"unavailable_sizes": []})
        self.assertIn("SkuNotAvailable", self.fails("VMCreationFailed", "create_vm", *self.create_vm(wanted, "group")))
        self.nothing_is_left()
