"""Snapshots of disks."""

from __future__ import annotations

from ..running import SCOPE
from ..world import DISKS
from .cases import MISSING, Rows, name_of
from .table import row


class Snapshots(Rows):
    @row(70)
    def test_of_a_disk(self) -> None:
        disk = self.cpi("create_disk", 1024, {"caching": "ReadOnly"})
        metadata = {"deployment": "dep", "index": 0, "agent_id": "a", "a/b": "c", "none": None}
        snapshot = self.cpi("snapshot_disk", disk, metadata)
        body = self.body("PUT", "/snapshots/")
        self.assertEqual("eastus", body["location"])
        tags = {"deployment": "dep", "index": "0", "agent_id": "a", "a_b": "c"}
        tags |= {"user-agent": "bosh", "original": name_of(disk)}
        self.assertEqual(tags, {key: value for key, value in body["tags"].items() if key != "none"})
        source = f"{SCOPE}/resourceGroups/g/providers/Microsoft.Compute/disks/{name_of(disk)}"
        creation = {"creationData": {"createOption": "Copy", "sourceResourceId": source}, "incremental": True}
        self.assertEqual(creation, body["properties"])
        self.assertEqual([name_of(snapshot)], self.names("Compute/snapshots", DISKS))
        # The disk may go; the snapshot stays.
        self.cpi("delete_disk", disk)
        self.assertIsNone(self.cpi("delete_snapshot", snapshot))
        self.assertEqual([], self.names("Compute/snapshots", DISKS))
        self.assertIsNone(self.cpi("delete_snapshot", snapshot))

    @row(70)
    def test_of_what_was_a_blob(self) -> None:
        """A managed disk of an old name: its snapshot is a managed one, with a name of its own."""
        name = "bosh-data-0d5c9a3e-1111-4222-8333-444455556666"
        self.put(f"Compute/disks/{name}", DISKS, self.disk())
        snapshot = self.cpi("snapshot_disk", f"caching:None;disk_name:{name};storage_account_name:account", {})
        self.assertRegex(snapshot, "disk_name:bosh-disk-data-.*;resource_group_name:g$")
        self.assertEqual(name, self.body("PUT", "/snapshots/")["tags"]["original"])

    @row(70)
    def test_refusals(self) -> None:
        said = self.fails("DiskNotFound", "snapshot_disk", MISSING, {})
        self.assertIn("The disk 'bosh-disk-data-missing' cannot be found", said)
        disk = self.cpi("create_disk", 1024, {})
        self.fault("PUT", "/snapshots/", operation={"status": "Failed", "code": "SnapshotFailed", "message": "no copy"})
        self.assertIn("no copy", self.fails("CloudError", "snapshot_disk", disk, {}))
        self.assertEqual([], self.names("Compute/snapshots", DISKS))
        self.fails("CloudError", "delete_snapshot", "snap-0123")
