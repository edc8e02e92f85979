"""A disk without a zone that is attached to a VM in one: whatever fails on the way, its data are somewhere."""

from __future__ import annotations

from typing import Any

from ..plugin import VM, Plugin
from ..world import DISKS
from .cases import PROVIDERS
from .table import row

HINT = {"lun": "1", "host_device_id": "{f8b3781b-1e82-4818-a1c3-63d806ec15bb}"}
NO_ROOM = {"status": "Failed", "code": "ZonalAllocationFailed", "message": "This zone is full."}


class ZoneMoves(Plugin):
    def setUp(self) -> None:
        super().setUp()
        self.disk = self.cpi("create_disk", 10240, {"caching": "ReadOnly", "storage_account_type": "Premium_LRS"})
        self.name = dict(part.split(":", 1) for part in self.disk.split(";"))["disk_name"]
        self.cpi("set_disk_metadata", self.disk, {"deployment": "dep"})
        self.cpi("create_vm", *self.create_vm({"instance_type": "Standard_D2s_v3", "availability_zone": "2"}))
        self.original = self.there()["properties"]["uniqueId"]
        self.forget()

    def there(self) -> dict[str, Any]:
        return self.get(f"Compute/disks/{self.name}", DISKS)

    def snapshots(self) -> list[str]:
        return self.names("Compute/snapshots", DISKS)

    @staticmethod
    def snapshot(name: str) -> str:
        return f"{PROVIDERS}/Microsoft.Compute/snapshots/{name}"

    def writes(self) -> list[str]:
        kinds = r"/(disks|snapshots)/[^/]*$"
        changed = [one for one in self.requests("PUT|DELETE|PATCH", kinds) if one["status"] < 300]
        return [f"{one['method']} {one['path'].split('/')[-2]}" for one in changed]

    def moved(self) -> None:
        disk = self.there()
        self.assertEqual(["2"], disk["zones"])
        self.assertEqual("Premium_LRS", disk["sku"]["name"])
        self.assertEqual({"user-agent": "bosh", "caching": "ReadOnly", "deployment": "dep"}, disk["tags"])
        self.assertNotEqual(self.original, disk["properties"]["uniqueId"])
        self.assertEqual([], self.snapshots())
        self.assertEqual([self.disk], self.cpi("get_disks", VM))

    @row(72)
    def test_a_disk_comes_to_its_vm(self) -> None:
        self.assertEqual(HINT, self.cpi("attach_disk", VM, self.disk))
        self.assertEqual(["PUT snapshots", "DELETE disks", "PUT disks", "DELETE snapshots"], self.writes())
        copied = self.requests("PUT", "/snapshots/")[0]["path"]
        body = self.requests("PUT", "/disks/")[0]["body"]
        self.assertEqual(copied, body["properties"]["creationData"]["sourceResourceId"])
        self.moved()

    @row(72)
    def test_keys_and_speed_are_kept(self) -> None:
        self.put("Compute/diskEncryptionSets/des", DISKS, self.encryption_set())
        wanted = {"storage_account_type": "PremiumV2_LRS", "iops": 4000, "mbps": 200, "disk_encryption_set_name": "des"}
        disk = self.cpi("create_disk", 10240, wanted)
        name = disk.split("disk_name:")[1].split(";")[0]
        self.cpi("attach_disk", VM, disk)
        found = self.get(f"Compute/disks/{name}", DISKS)
        properties = found["properties"]
        speed = properties["diskIOPSReadWrite"], properties["diskMBpsReadWrite"]
        self.assertEqual((["2"], (4000, 200)), (found["zones"], speed))
        self.assertTrue(properties["encryption"]["diskEncryptionSetId"].endswith("/des"))

    @row(72)
    def test_nothing_happens_to_a_disk_without_a_snapshot(self) -> None:
        self.fault("PUT", "/snapshots/", status=403, code="AuthorizationFailed", message="no snapshots here")
        text = self.fails("CloudError", "attach_disk", VM, self.disk)
        self.assertRegex(text, "Failed to migrate disk .* to zone 2: .*no snapshots here.*The disk is where it was")
        self.assertEqual(self.original, self.there()["properties"]["uniqueId"])
        self.assertEqual([], self.snapshots())

    @row(72)
    def test_an_original_that_stays_is_the_disk(self) -> None:
        self.fault("DELETE", f"/disks/{self.name}", status=409, code="OperationNotAllowed", message="locked", times=9)
        text = self.fails("CloudError", "attach_disk", VM, self.disk)
        self.assertRegex(text, "Failed to migrate disk .*locked.*The disk is where it was")
        self.assertEqual(self.original, self.there()["properties"]["uniqueId"])
        self.assertEqual([], self.snapshots())

    @row(72)
    def test_a_zone_without_room_leaves_the_disk_where_it_was(self) -> None:
        self.fault("PUT", f"/disks/{self.name}", operation=NO_ROOM, times=3)
        text = self.fails("CloudError", "attach_disk", VM, self.disk)
        self.assertRegex(text, "ZonalAllocationFailed: This zone is full.*The disk is where it was")
        disk = self.there()
        self.assertNotIn("zones", disk)
        self.assertEqual("dep", disk["tags"]["deployment"])
        self.assertEqual([], self.snapshots())

    @row(72)
    def test_a_zone_that_does_not_take_it_at_once_is_tried_three_times(self) -> None:
        failed = {"status": "Failed", "code": "SomethingInternal", "message": "not now"}
        self.fault("PUT", f"/disks/{self.name}", operation=failed, times=2)
        self.assertEqual(HINT, self.cpi("attach_disk", VM, self.disk))
        self.assertEqual(["PUT snapshots", "DELETE disks", *["PUT disks"] * 3, "DELETE snapshots"], self.writes())
        self.moved()

    @row(72)
    def test_a_snapshot_stays_until_there_is_a_disk_again(self) -> None:
        self.fault("PUT", f"/disks/{self.name}", status=403, code="RequestDisallowedByPolicy", message="no", times=9)
        text = self.fails("CloudError", "attach_disk", VM, self.disk)
        (kept,) = self.snapshots()
        self.assertRegex(text, f"The data are safe in the snapshot '[^']*/{kept}': do not remove it")
        self.assertIn(f"az disk create --resource-group g --name {self.name} --location eastus --zone 2", text)
        # Who cleans up does not take it away.
        found = self.run_program("orphans", "--delete")
        self.assertIn("is all there is of the disk", found.stdout + found.stderr)
        self.assertEqual([kept], self.snapshots())
        # It is the disk, as long as there is no other.
        self.assertTrue(self.cpi("has_disk", self.disk))
        text = self.fails("CloudError", "snapshot_disk", self.disk, {})
        self.assertIn(f"only the snapshot '{self.snapshot(kept)}' has its data", text)
        self.assertIn(kept, self.fails("CloudError", "resize_disk", self.disk, 20480))
        # The next call makes the disk of it.
        self.emulator.control("DELETE", "faults")
        self.assertEqual(HINT, self.cpi("attach_disk", VM, self.disk))
        self.moved()

    @row(72)
    def test_a_disk_that_is_a_snapshot_only_can_be_removed(self) -> None:
        self.fault("PUT", f"/disks/{self.name}", status=403, code="RequestDisallowedByPolicy", message="no", times=9)
        self.fails("CloudError", "attach_disk", VM, self.disk)
        self.assertEqual(1, len(self.snapshots()))
        self.cpi("delete_disk", self.disk)
        self.assertEqual([], self.snapshots())
        self.assertFalse(self.cpi("has_disk", self.disk))
        self.fails("DiskNotFound", "attach_disk", VM, self.disk)

    @row(72)
    def test_whatever_request_is_refused_once_the_disk_is_attached_in_the_end(self) -> None:
        self.each_request_fails(status=403, code="AuthorizationFailed")

    @row(72)
    def test_whatever_answer_is_lost_once_the_disk_is_attached_in_the_end(self) -> None:
        self.each_request_fails(drop="after")

    def each_request_fails(self, **how: Any) -> None:
        ours = "/(disks|snapshots|operations)/"
        self.cpi("attach_disk", VM, self.disk)
        count = len(self.requests(path=ours))
        for number in range(count):
            self.cpi("detach_disk", VM, self.disk)
            self.cpi("delete_disk", self.disk)
            self.disk = self.cpi("create_disk", 1024, {"caching": "ReadOnly"})
            self.fault(".*", ours, skip=number, **how)
            with self.subTest(number=number, how=how):
                first = self.answer("attach_disk", VM, self.disk)
                self.emulator.control("DELETE", "faults")
                again = self.answer("attach_disk", VM, self.disk)
                self.assertIsNone(again["error"], first["error"])
                self.assertEqual([], self.snapshots(), first["error"])

    @staticmethod
    def encryption_set() -> dict[str, Any]:
        return {
            "location": "eastus",
            "identity": {"type": "SystemAssigned"},
            "properties": {"activeKey": {"keyUrl": "https://vault.example/keys/k/1"}},
        }
