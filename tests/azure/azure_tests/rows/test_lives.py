"""What is done with VMs that are there, or are not."""

from __future__ import annotations

from ..plugin import AGENT, VM
from ..world import COMPUTE, DISKS, NETWORK
from .cases import GONE, SIZE, Machines
from .table import row


class Lives(Machines):
    @row(58)
    def test_delete_and_again(self) -> None:
        wanted = {**SIZE, "assign_dynamic_public_ip": True}
        networks = {"a": self.manual("10.0.0.9"), "b": self.manual("10.0.1.9", "b")}
        self.cpi("create_vm", *self.create_vm(wanted, "group", networks=networks))
        disk = self.cpi("create_disk", 1024, {}, VM)
        self.cpi("attach_disk", VM, disk)
        self.forget()
        self.assertIsNone(self.cpi("delete_vm", VM))
        requests = [one for one in self.requests() if "/operations/" not in one["path"]]
        self.assertLessEqual(len(requests), 10)
        self.assertTrue(self.cpi("has_disk", disk))
        self.cpi("delete_disk", disk)
        self.nothing_is_left()
        self.assertIsNone(self.cpi("delete_vm", VM))
        self.assertIsNone(self.cpi("delete_vm", GONE))
        self.assertIsNone(self.cpi("delete_vm", "agent_id:gone;resource_group_name:nowhere"))

    @row(58)
    def test_ids_may_be_written_in_any_case(self) -> None:
        """Azure does not give them back as they were given to it."""
        self.cpi("create_vm", *self.create_vm(SIZE, "group"))
        vm = self.vm()
        properties = vm["properties"]
        for reference in (properties["availabilitySet"], *properties["networkProfile"]["networkInterfaces"]):
            reference["id"] = reference["id"].lower()
        self.fault("GET", "/virtualMachines/", status=200, body=vm)
        self.cpi("delete_vm", VM)
        self.nothing_is_left()

    @row(58)
    def test_what_a_vm_left_that_is_gone(self) -> None:
        """Somebody removed it by hand: its interfaces, address, disks and set are still there."""
        wanted = {**SIZE, "assign_dynamic_public_ip": True}
        networks = {"a": self.manual("10.0.0.9"), "b": self.manual("10.0.1.9", "b")}
        self.cpi("create_vm", *self.create_vm(wanted, "group", networks=networks))
        nic = {**self.nic(), "tags": None}
        self.put(f"Network/networkInterfaces/x{AGENT}-0", NETWORK, nic)
        self.put(f"Network/networkInterfaces/{AGENT}-01x", NETWORK, nic)
        self.emulator.done("DELETE", f"g/providers/Microsoft.Compute/virtualMachines/{AGENT}", COMPUTE)
        self.assertEqual(4, len(self.names("Network/networkInterfaces", NETWORK)))
        self.emulator.control("PATCH", "settings", {"page_size": 1})
        self.cpi("delete_vm", VM)
        self.emulator.control("PATCH", "settings", {"page_size": 50})
        # Names that only hold the VM's are somebody else's.
        left = [f"{AGENT}-01x", f"x{AGENT}-0"]
        self.assertEqual(left, sorted(self.names("Network/networkInterfaces", NETWORK)))
        for name in left:
            self.emulator.done("DELETE", f"g/providers/Microsoft.Network/networkInterfaces/{name}", NETWORK)
        self.nothing_is_left()

    @row(58)
    def test_what_cannot_be_removed_is_told_and_the_rest_goes(self) -> None:
        self.cpi("create_vm", *self.create_vm(SIZE, "group"))
        refusal = {"status": 409, "code": "ScopeLocked", "message": "cannot delete because of a lock", "times": 100}
        self.fault("DELETE", "/networkInterfaces/", **refusal)
        self.assertIn("because of a lock", self.fails("CloudError", "delete_vm", VM))
        self.assertEqual(["source"], self.names("Compute/disks", DISKS))
        self.emulator.control("DELETE", "faults")
        self.cpi("delete_vm", VM)
        self.nothing_is_left()

    @row(58)
    def test_who_may_not_remove_addresses_can_remove_vms_without_one(self) -> None:
        self.cpi("create_vm", *self.create_vm(SIZE))
        self.fault("DELETE", "/publicIPAddresses/", status=403, code="AuthorizationFailed", message="no", times=9)
        self.cpi("delete_vm", VM)
        self.assertEqual([], self.requests("DELETE", "/publicIPAddresses/"))
        self.nothing_is_left()

    @row(59)
    def test_has_vm(self) -> None:
        self.assertFalse(self.cpi("has_vm", VM))
        self.cpi("create_vm", *self.create_vm(SIZE))
        self.forget()
        self.assertTrue(self.cpi("has_vm", VM))
        self.assertLessEqual(len(self.requests()), 2)
        self.emulator.control("PATCH", "settings", {"polls": 1000})
        self.emulator.call("DELETE", f"g/providers/Microsoft.Compute/virtualMachines/{AGENT}", COMPUTE)
        self.assertEqual("Deleting", self.vm()["properties"]["provisioningState"])
        self.assertFalse(self.cpi("has_vm", VM))
        self.fault("GET", "/virtualMachines/", status=403, code="AuthorizationFailed", message="may not read")
        self.assertIn("may not read", self.fails("CloudError", "has_vm", VM))

    @row(60)
    def test_reboot(self) -> None:
        self.cpi("create_vm", *self.create_vm(SIZE))
        self.forget()
        self.assertIsNone(self.cpi("reboot_vm", VM))
        [post] = self.requests("POST", "/virtualMachines/")
        self.assertTrue(post["path"].endswith("/restart"))
        self.assertIsNone(post["body"])
        self.assertEqual("VM running", self.power())
        for action in ("powerOff", "deallocate"):
            path = f"g/providers/Microsoft.Compute/virtualMachines/{AGENT}/{action}"
            answer = self.emulator.call("POST", path, COMPUTE)
            self.emulator.wait(answer)
            self.assertNotEqual("VM running", self.power())
            self.cpi("reboot_vm", VM)
            self.assertEqual("VM running", self.power())
        self.assertIn("'gone' cannot be found", self.fails("VMNotFound", "reboot_vm", GONE))
        self.forget()
        self.fault("POST", "/restart", operation={"status": "Failed", "code": "Broken", "message": "it did not stop"})
        self.assertIn("it did not stop", self.fails("CloudError", "reboot_vm", VM))
        self.fault("POST", "/restart", status=500, headers={"Retry-After": "0"})
        self.cpi("reboot_vm", VM)
        self.assertEqual([202, 500, 202], [one["status"] for one in self.requests("POST", "/restart$")])
        self.assertEqual([], self.requests("POST", "/start$"))

    def power(self) -> str:
        path = f"g/providers/Microsoft.Compute/virtualMachines/{AGENT}"
        view = self.emulator.call("GET", path, COMPUTE, **{"$expand": "instanceView"}).json()
        states = view["properties"]["instanceView"]["statuses"]
        return next(state["displayStatus"] for state in states if state["code"].startswith("PowerState/"))

    @row(61)
    def test_metadata(self) -> None:
        self.cpi("create_vm", *self.create_vm({**SIZE, "tags": {"owner": "me"}}))
        self.cpi("set_vm_metadata", VM, {"deployment": "dep", "index": 0, "user-agent": "other", "a/b": "x" * 300})
        disk = self.cpi("create_disk", 1024, {}, VM)
        self.cpi("attach_disk", VM, disk)
        self.cpi("set_vm_metadata", VM, {"deployment": "new", "compiling": None})
        tags = self.vm()["tags"]
        name = disk.split("disk_name:")[1].split(";")[0]
        expected = {"owner": "me", "deployment": "new", "index": "0", "user-agent": "bosh", "a_b": "x" * 256}
        self.assertEqual({**expected, f"disk-id-{name}": disk}, {k: v for k, v in tags.items() if k != "compiling"})
        self.assertIn("'gone' cannot be found", self.fails("VMNotFound", "set_vm_metadata", GONE, {"a": "b"}))

    @row(61)
    def test_metadata_changes_nothing_else(self) -> None:
        """Also of a VM with identities and extensions, whose model cannot be sent back as it came."""
        self.cpi("create_vm", *self.create_vm({**SIZE, "managed_identity": {"type": "SystemAssigned"}}))
        before = self.vm()
        self.forget()
        self.cpi("set_vm_metadata", VM, {"job": "web"})
        [change] = self.requests("PATCH|PUT", "/virtualMachines/")
        self.assertEqual(("PATCH", {"tags": {"user-agent": "bosh", "job": "web"}}), (change["method"], change["body"]))
        after = self.vm()
        for part in ("identity", "location"):
            self.assertEqual(before[part], after[part])
        self.assertEqual(before["properties"], after["properties"])
        self.forget()
        self.cpi("set_vm_metadata", VM, {"job": "web"})
        self.assertEqual([], self.requests("PATCH|PUT"))

    @row(61)
    def test_more_tags_than_azure_takes(self) -> None:
        self.cpi("create_vm", *self.create_vm(SIZE))
        self.cpi("set_vm_metadata", VM, {f"tag{number:02}": "x" for number in range(60)})
        # Azure takes 50; disks that will be attached need some.
        self.assertEqual(40, len(self.vm()["tags"]))
