"""Disks and VMs: attached, detached, listed."""

from __future__ import annotations

import re
from typing import Any

from ..plugin import AGENT, VM
from ..world import COMPUTE
from .cases import GONE, MISSING, Rows, name_of
from .table import row

HOST_DEVICE = "{f8b3781b-1e82-4818-a1c3-63d806ec15bb}"


class Attaching(Rows):
    def setUp(self) -> None:
        super().setUp()
        self.cpi("create_vm", *self.create_vm({"instance_type": "Standard_D2s_v3"}))

    def disks(self, count: int, properties: dict[str, Any] | None = None) -> list[str]:
        return self.together(lambda _: self.cpi("create_disk", 1024, properties or {}, VM), range(count))

    @row(63)
    def test_two_disks(self) -> None:
        one, two = self.disks(2, {"caching": "ReadOnly"})
        self.cpi("set_vm_metadata", VM, {"job": "web"})
        self.assertEqual({"lun": "1", "host_device_id": HOST_DEVICE}, self.cpi("attach_disk", VM, one))
        self.assertEqual({"lun": "2", "host_device_id": HOST_DEVICE}, self.cpi("attach_disk", VM, two))
        vm = self.vm()
        [ephemeral, first, second] = vm["properties"]["storageProfile"]["dataDisks"]
        self.assertTrue(ephemeral["name"].endswith("ephemeral-disk"))
        for lun, (disk, found) in enumerate([(one, first), (two, second)], 1):
            self.assertEqual((name_of(disk), lun, "ReadOnly"), (found["name"], found["lun"], found["caching"]))
            self.assertEqual("Attach", found["createOption"])
            self.assertEqual(disk, vm["tags"][f"disk-id-{name_of(disk)}"])
        self.assertEqual("web", vm["tags"]["job"])
        self.cpi("detach_disk", VM, one)
        self.assertNotIn(f"disk-id-{name_of(one)}", self.vm()["tags"])
        self.assertEqual("1", self.cpi("attach_disk", VM, one)["lun"])
        rest = {key: value for key, value in self.vm()["tags"].items() if not key.startswith("disk-id-")}
        self.assertEqual({"user-agent": "bosh", "job": "web"}, rest)

    @row(63)
    def test_what_is_sent(self) -> None:
        [disk] = self.disks(1)
        self.forget()
        self.cpi("attach_disk", VM, disk)
        requests = [one for one in self.requests() if "/operations/" not in one["path"]]
        self.assertLessEqual(len(requests), 5)
        [change] = self.requests("PATCH|PUT", "/virtualMachines/")
        self.assertNotIn("osProfile", change["body"].get("properties", {}))

    @row(63)
    def test_again_is_the_same(self) -> None:
        [disk] = self.disks(1)
        first = self.cpi("attach_disk", VM, disk)
        self.forget()
        self.assertEqual(first, self.cpi("attach_disk", VM, disk))
        self.assertEqual([], self.requests("PUT|PATCH"))

    @row(63)
    def test_several_at_once(self) -> None:
        """Each call reads the VM and changes it; no change is lost."""
        disks = self.disks(3)
        luns = self.together(lambda disk: self.cpi("attach_disk", VM, disk)["lun"], disks)
        self.assertEqual(["1", "2", "3"], sorted(luns))
        self.assertEqual(sorted(disks), sorted(self.cpi("get_disks", VM)))

    @row(63)
    def test_another_operation_on_the_vm_is_waited_for(self) -> None:
        """A backup, say, which takes longer than a few looks."""
        [disk] = self.disks(1)
        busy = {"status": 409, "message": "wait", "headers": {"Retry-After": "1"}, "times": 12}
        cases = [("attach_disk", "AnotherOperationInProgress"), ("detach_disk", "ConflictingConcurrentWriteNotAllowed")]
        for method, code in cases:
            self.fault("PATCH", f"/virtualMachines/{AGENT}$", code=code, **busy)
            self.forget()
            self.cpi(method, VM, disk)
            writes = self.requests("PATCH", f"/virtualMachines/{AGENT}$")
            self.assertEqual([409] * 12, [one["status"] for one in writes[:-1]])
            self.assertGreater(writes[-1]["time"] - writes[0]["time"], 10)
            self.assertEqual(1, len(self.requests("GET", f"/virtualMachines/{AGENT}$")), "nothing has changed the VM")
        self.assertEqual([], self.cpi("get_disks", VM))

    @row(63)
    def test_somebody_else_changes_the_vm_at_the_same_time(self) -> None:
        [disk] = self.disks(1)
        outdated = {"status": 412, "code": "PreconditionFailed", "message": "other etag"}
        for method, there in (("attach_disk", [disk]), ("detach_disk", [])):
            self.fault("PATCH|PUT", f"/virtualMachines/{AGENT}$", **outdated)
            self.forget()
            self.cpi(method, VM, disk)
            self.assertEqual(2, len(self.requests("GET", f"/virtualMachines/{AGENT}$")))
            self.assertEqual(there, self.cpi("get_disks", VM))

    @row(63)
    def test_an_answer_that_is_lost(self) -> None:
        """The change was made; the one who looks again finds that out."""
        [disk] = self.disks(1)
        for fault in ({"drop": "after"}, {"status": 500}, {"drop": "before"}):
            for method, there in (("attach_disk", [disk]), ("detach_disk", [])):
                with self.subTest(method, fault=fault):
                    self.fault("PATCH", "/virtualMachines/", **fault)
                    self.cpi(method, VM, disk)
                    self.assertEqual(there, self.cpi("get_disks", VM))

    @row(63)
    def test_more_tags_than_there_is_room_for(self) -> None:
        self.cpi("set_vm_metadata", VM, {f"key{number:02}": "value" for number in range(60)})
        disks = self.disks(3)
        for disk in disks:
            self.cpi("attach_disk", VM, disk)
        self.assertEqual(sorted(disks), sorted(self.cpi("get_disks", VM)))
        self.assertEqual(43, len(self.vm()["tags"]))

    @row(63)
    def test_no_room(self) -> None:
        """A D2s_v3 takes four data disks, says Azure; the ephemeral one is one of them."""
        for disk in self.disks(3):
            self.cpi("attach_disk", VM, disk)
        [fifth] = self.disks(1)
        said = self.fails("CloudError", "attach_disk", VM, fifth)
        self.assertRegex(said, "cannot find an available lun|maximum number of data disks")
        self.assertEqual(3, len(self.cpi("get_disks", VM)))

    @row(63)
    def test_what_is_not_there(self) -> None:
        [disk] = self.disks(1)
        self.fails("DiskNotFound", "attach_disk", VM, MISSING)
        self.assertIn("'gone' cannot be found", self.fails("VMNotFound", "attach_disk", GONE, disk))
        blobs = f"agent_id:{AGENT};resource_group_name:g;storage_account_name:account"
        said = self.fails("CloudError", "attach_disk", blobs, disk)
        self.assertIn("Cannot attach a managed disk to a VM with unmanaged disks", said)

    @row(63)
    def test_a_disk_of_another_vm_stays_there(self) -> None:
        [disk] = self.disks(1)
        self.cpi("attach_disk", VM, disk)
        networks = {"private": self.manual("10.0.0.5")}
        wanted = self.create_vm({"instance_type": "Standard_D2s_v3"}, agent="other", networks=networks)
        other = self.cpi("create_vm", *wanted)[0]
        said = self.fails("CloudError", "attach_disk", other, disk)
        self.assertIn(name_of(disk), said)
        self.assertEqual(([disk], []), (self.cpi("get_disks", VM), self.cpi("get_disks", other)))

    @row(64)
    def test_detach_of_a_disk_that_is_not_attached(self) -> None:
        [disk] = self.disks(1)
        self.forget()
        error = self.answer("detach_disk", VM, disk)["error"]
        self.assertEqual(("Bosh::Clouds::DiskNotAttached", True), (error["type"], error["ok_to_retry"]))
        self.assertIn(name_of(disk), error["message"])
        self.assertEqual([], self.requests("PUT|PATCH"))
        self.fails("DiskNotAttached", "detach_disk", VM, MISSING)
        self.fails("VMNotFound", "detach_disk", GONE, disk)

    @row(65)
    def test_get_disks(self) -> None:
        self.assertEqual([], self.cpi("get_disks", VM))
        one, two = self.disks(2)
        self.cpi("attach_disk", VM, one)
        self.cpi("attach_disk", VM, two)
        self.assertEqual([one, two], self.cpi("get_disks", VM))
        # A disk that somebody attached by hand has no tag.
        tags = {key: value for key, value in self.vm()["tags"].items() if key != f"disk-id-{name_of(one)}"}
        self.emulator.done("PATCH", f"g/providers/Microsoft.Compute/virtualMachines/{AGENT}", COMPUTE, {"tags": tags})
        self.assertEqual([name_of(one), two], self.cpi("get_disks", VM))
        said = self.fails("VMNotFound", "get_disks", GONE)
        self.assertRegex(said, re.escape("'gone'") + ".*cannot be found")
