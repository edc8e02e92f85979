"""The plugin `azure` in the real program: whole lives of machines and disks, after which nothing is left."""

from __future__ import annotations

from .plugin import AGENT, VM, Plugin
from .world import COMPUTE


class Lives(Plugin):
    def test_a_whole_life(self) -> None:
        wanted = {"instance_type": "Standard_D2s_v3", "assign_dynamic_public_ip": True}
        vm, networks = self.cpi("create_vm", *self.create_vm(wanted, "bosh-dep-web"))
        self.assertEqual((VM, True), (vm, networks["private"]["use_dhcp"]))
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

    def test_an_error_before_anything_is_made_keeps_its_type(self) -> None:
        arguments = self.create_vm({"instance_type": "Standard_D2s_v3"})
        arguments[3]["private"]["cloud_properties"]["virtual_network_name"] = "other"
        self.assertIn("Cannot find the virtual network 'other'", self.fails("CloudError", "create_vm", *arguments))
        arguments[3]["private"]["cloud_properties"].update(virtual_network_name="net", subnet_name="c")
        self.assertIn("Cannot find the subnet 'net/c'", self.fails("VMCreationFailed", "create_vm", *arguments))
        self.fails("NotImplemented", "ping")

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
