"""Disks that are blobs of a storage account: their life, VMs made of blobs, and the way to managed disks."""

from __future__ import annotations

from typing import Any

from ..plugin import AGENT, VM
from ..stemcell import Stemcells
from ..world import COMPUTE, DISKS
from .table import row

GIB = 1 << 30
SIZE = {"instance_type": "Standard_D2s_v3"}


class Disks(Stemcells):
    def setUp(self) -> None:
        super().setUp()
        self.configure(use_managed_disks=False)

    def name(self, disk: str) -> str:
        return disk.split("disk_name:")[1].split(";")[0]

    def blob(self, disk: str) -> Any:
        return self.container(name="bosh").get_blob_client(f"{self.name(disk)}.vhd")


class BlobDisks(Disks):
    @row(66, 67, 68, 69, 70)
    def test_a_whole_life(self) -> None:
        disk = self.cpi("create_disk", 1024, {"caching": "ReadOnly"})
        self.assertRegex(disk, r"^caching:ReadOnly;disk_name:bosh-data-[0-9a-f-]{36};storage_account_name:default1$")
        blob = self.blob(disk)
        self.assertEqual(GIB + 512, blob.get_blob_properties().size)
        footer = blob.download_blob(GIB, 512).readall()
        self.assertEqual((b"conectix", GIB.to_bytes(8, "big")), (footer[:8], footer[48:56]))
        self.assertTrue(self.cpi("has_disk", disk))
        snapshot = self.cpi("snapshot_disk", disk, {"deployment": "d", "1st tag": "ü"})
        name, time = self.name(snapshot).split("--")
        self.assertEqual((self.name(disk), True), (name, snapshot.endswith(";storage_account_name:default1")))
        found = self.container(name="bosh").get_blob_client(f"{name}.vhd", snapshot=time).get_blob_properties()
        self.assertEqual({"deployment": "d", "_1st_tag": "?"}, found.metadata)
        self.cpi("delete_snapshot", snapshot)
        self.cpi("delete_snapshot", snapshot)
        self.fails("NotSupported", "resize_disk", disk, 2048)
        self.fails("NotSupported", "update_disk", disk, 2048, {})
        self.fails("NotImplemented", "set_disk_metadata", disk, {"a": "b"})
        self.cpi("snapshot_disk", disk, {})
        self.cpi("delete_disk", disk)
        self.assertFalse(self.cpi("has_disk", disk))
        self.cpi("delete_disk", disk)
        self.fails("DiskNotFound", "snapshot_disk", disk, {})
        self.assertEqual([], self.blobs(name="bosh"))

    @row(11)
    def test_a_name_of_ours_is_in_the_requests_of_the_host_too(self) -> None:
        guid = "563bbbca-7944-4791-b9c6-8af0928114ac"
        self.forget()
        self.cpi("create_disk", 1024, {}, context={"isv_tracking_guid": guid})
        self.assertEqual(1, len(self.requests("POST", "/listKeys")))
        for asked in self.requests():
            self.assertIn(f"pid-{guid}", asked["headers"]["user-agent"], asked["path"])

    def test_an_account_that_is_not_there_says_nothing_about_its_disks(self) -> None:
        """It may be in another resource group than the configuration says."""
        disk = "caching:None;disk_name:bosh-data-one;storage_account_name:elsewhere"
        for method, arguments in (("has_disk", ()), ("delete_disk", ()), ("snapshot_disk", ({},))):
            said = self.fails("CloudError", method, disk, *arguments)
            self.assertIn("'elsewhere' does not exist in the resource group 'g'", said)

    def test_nothing_is_left_of_a_disk_without_its_footer(self) -> None:
        self.fault("PUT", "/bosh/", skip=2, status=409, code="PendingCopyOperation")
        self.assertIn("PendingCopyOperation", self.fails("CloudError", "create_disk", 1024, {}))
        self.assertEqual([], self.blobs(name="bosh"))

    def test_a_disk_is_made_where_its_vm_is(self) -> None:
        self.account("other1")
        vm = f"agent_id:{AGENT};resource_group_name:g;storage_account_name:other1"
        disk = self.cpi("create_disk", 1024, {}, vm)
        self.assertEqual([f"{self.name(disk)}.vhd"], self.blobs("other1", "bosh"))
        self.fails("CloudError", "create_disk", 1023, {})

    @row(17)
    def test_old_identifiers(self) -> None:
        plain = "bosh-data-default1-0b7ac9ac-0000-4000-8000-000000000000-None"
        container = self.container(name="bosh")
        container.create_container()
        container.get_blob_client(f"{plain}.vhd").create_page_blob(512)
        self.assertTrue(self.cpi("has_disk", plain))
        snapshot = self.cpi("snapshot_disk", plain, {})
        self.cpi("delete_snapshot", snapshot)
        self.cpi("delete_disk", plain)
        self.assertFalse(self.cpi("has_disk", plain))
        self.fails("CloudError", "delete_snapshot", plain)


class Migration(Disks):
    """A disk of the time before managed disks, and a VM of the time after."""

    def setUp(self) -> None:
        super().setUp()
        self.disk = self.cpi("create_disk", 1024, {"caching": "ReadOnly"})
        self.configure()
        self.cpi("create_vm", *self.create_vm(SIZE))

    @row(71)
    def test_a_blob_becomes_a_managed_disk_of_the_same_name(self) -> None:
        self.assertTrue(self.cpi("has_disk", self.disk))
        self.cpi("attach_disk", VM, self.disk)
        self.assertEqual([self.disk], self.cpi("get_disks", VM))
        name = self.name(self.disk)
        made = self.get(f"Compute/disks/{name}", DISKS)
        uri = f"{self.blob_url.replace('{account}', 'default1')}/bosh/{name}.vhd"
        self.assertEqual({"user-agent": "bosh", "caching": "ReadOnly", "original_blob": uri}, made["tags"])
        creation = made["properties"]["creationData"]
        self.assertEqual(("Import", uri), (creation["createOption"], creation["sourceUri"]))
        self.assertEqual("Standard_LRS", made["sku"]["name"])
        self.assertEqual({"user_agent": "bosh", "migrated": "true"}, self.blob(self.disk).get_blob_properties().metadata)
        self.cpi("detach_disk", VM, self.disk)
        self.cpi("resize_disk", self.disk, 8192)
        self.assertIn("bosh-disk-data-", self.cpi("snapshot_disk", self.disk, {}))
        self.cpi("delete_disk", self.disk)
        # The blob stays, and is no disk any more.
        self.assertFalse(self.cpi("has_disk", self.disk))
        self.assertTrue(self.blob(self.disk).exists())

    @row(71)
    def test_nothing_is_left_of_a_migration_that_fails(self) -> None:
        self.fault("PUT", "/bosh/", status=403, code="AuthorizationPermissionMismatch", times=9)
        message = self.fails("CloudError", "attach_disk", VM, self.disk)
        self.assertIn("Failed to create the managed disk", message)
        self.assertNotIn(self.name(self.disk), self.names("Compute/disks", DISKS))
        self.assertEqual([], self.cpi("get_disks", VM))

    @row(71)
    def test_a_managed_disk_does_not_go_to_a_vm_of_blobs(self) -> None:
        disk = self.cpi("create_disk", 1024, {})
        vm = f"agent_id:{AGENT};resource_group_name:g;storage_account_name:default1"
        message = self.fails("CloudError", "attach_disk", vm, disk)
        self.assertIn("Cannot attach a managed disk to a VM with unmanaged disks", message)
        self.assertIn(AGENT, self.names("Compute/virtualMachines", COMPUTE))
