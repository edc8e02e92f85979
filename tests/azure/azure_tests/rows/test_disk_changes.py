"""Disks that are there: looked for, made larger, changed, removed."""

from __future__ import annotations

from ..plugin import VM
from ..world import DISKS
from .cases import MISSING, Rows, name_of
from .table import row


class Changes(Rows):
    @row(68)
    def test_resize(self) -> None:
        disk = self.cpi("create_disk", 10240, {})
        self.forget()
        self.assertIsNone(self.cpi("resize_disk", disk, 10240))
        self.cpi("resize_disk", disk, 10239)
        self.assertEqual([], self.requests("PATCH"))
        self.cpi("resize_disk", disk, 10241)
        self.assertEqual({"properties": {"diskSizeGB": 11}}, self.body("PATCH", "/disks/"))
        self.assertEqual(11, self.get(f"Compute/disks/{name_of(disk)}", DISKS)["properties"]["diskSizeGB"])
        self.assertIn("Disk size cannot be decreased", self.fails("NotSupported", "resize_disk", disk, 10240))
        self.fails("DiskNotFound", "resize_disk", MISSING, 2048)
        self.fails("InvalidCall", "resize_disk", disk, "large")

    @row(68)
    def test_without_managed_disks_directors_copy(self) -> None:
        disk = self.cpi("create_disk", 10240, {})
        self.forget()
        self.configure(use_managed_disks=False, storage_account_name="account")
        for method, arguments in (("resize_disk", (20480,)), ("update_disk", (20480, {}))):
            said = self.fails("NotSupported", method, disk, *arguments)
            self.assertIn("only supported for managed disks: use_managed_disks is off", said)
        self.assertEqual([], self.requests("GET|PATCH"))

    @row(69)
    def test_update(self) -> None:
        disk = self.cpi("create_disk", 10240, {})
        self.forget()
        same = {"storage_account_type": "Standard_LRS", "caching": "None", "anything": "else"}
        self.assertIsNone(self.cpi("update_disk", disk, 10240, same))
        self.assertEqual([], self.requests("PATCH"))
        self.assertIsNone(self.cpi("update_disk", disk, 10241, {"storage_account_type": "Premium_LRS"}))
        body = self.body("PATCH", "/disks/")
        self.assertEqual({"sku": {"name": "Premium_LRS"}, "properties": {"diskSizeGB": 11}}, body)
        self.forget()
        self.assertIsNone(self.cpi("update_disk", disk, 20480, {}))
        self.assertEqual({"properties": {"diskSizeGB": 20}}, self.body("PATCH", "/disks/"))
        self.assertIn("Disk size cannot be decreased", self.fails("NotSupported", "update_disk", disk, 1024, {}))

    @row(69)
    def test_update_of_speed(self) -> None:
        fast = {"storage_account_type": "PremiumV2_LRS", "iops": 3000, "mbps": 125}
        disk = self.cpi("create_disk", 10240, fast)
        self.forget()
        self.assertIsNone(self.cpi("update_disk", disk, 10240, fast))
        self.assertEqual([], self.requests("PATCH"))
        self.cpi("update_disk", disk, 10240, {**fast, "iops": 4000})
        self.assertEqual({"properties": {"diskIOPSReadWrite": 4000}}, self.body("PATCH", "/disks/"))

    @row(69)
    def test_update_of_caching_is_another_identifier(self) -> None:
        disk = self.cpi("create_disk", 10240, {})
        other = self.cpi("update_disk", disk, 10240, {"caching": "ReadOnly"})
        self.assertEqual(disk.replace("caching:None", "caching:ReadOnly"), other)
        self.assertTrue(self.cpi("has_disk", other))

    @row(69)
    def test_update_that_azure_does_not_make(self) -> None:
        """The director then copies the disk."""
        disk = self.cpi("create_disk", 10240, {})
        words = "Changing a disk's account type from 'Standard_LRS' to 'UltraSSD_LRS' is not supported."
        wanted = {"storage_account_type": "UltraSSD_LRS"}
        self.fault("PATCH", "/disks/", status=409, code="OperationNotAllowed", message=words)
        said = self.fails("NotSupported", "update_disk", disk, 10240, wanted)
        self.assertIn("Disk conversion is not supported", said)
        self.fault("PATCH", "/disks/", operation={"status": "Failed", "code": "BadRequest", "message": words})
        said = self.fails("NotSupported", "update_disk", disk, 10240, wanted)
        self.assertIn("Disk conversion is not supported", said)
        self.fault("PATCH", "/disks/", status=409, code="OperationNotAllowed", message="something else")
        self.assertIn("something else", self.fails("CloudError", "update_disk", disk, 10240, wanted))
        self.fails("DiskNotFound", "update_disk", MISSING, 10240, {})

    @row(66, 67)
    def test_has_and_delete(self) -> None:
        disk = self.cpi("create_disk", 1024, {})
        self.assertTrue(self.cpi("has_disk", disk))
        self.assertFalse(self.cpi("has_disk", MISSING))
        self.assertFalse(self.cpi("has_disk", "caching:None;disk_name:bosh-disk-data-x;resource_group_name:nowhere"))
        self.assertIsNone(self.cpi("delete_disk", disk))
        self.assertFalse(self.cpi("has_disk", disk))
        self.assertIsNone(self.cpi("delete_disk", disk))
        self.fault("GET", "/disks/", status=403, code="AuthorizationFailed", message="may not read disks")
        self.assertIn("may not read disks", self.fails("CloudError", "has_disk", MISSING))

    @row(66, 67)
    def test_what_was_a_blob_is_a_managed_disk_of_its_old_name(self) -> None:
        name = "bosh-data-0d5c9a3e-1111-4222-8333-444455556666"
        disk = f"caching:None;disk_name:{name};storage_account_name:account"
        self.put(f"Compute/disks/{name}", DISKS, self.disk())
        self.assertTrue(self.cpi("has_disk", disk))
        self.cpi("delete_disk", disk)
        self.nothing_is_left()

    @row(67)
    def test_delete_of_a_disk_that_is_attached(self) -> None:
        self.cpi("create_vm", *self.create_vm({"instance_type": "Standard_D2s_v3"}))
        disk = self.cpi("create_disk", 1024, {}, VM)
        self.cpi("attach_disk", VM, disk)
        said = self.fails("CloudError", "delete_disk", disk)
        self.assertIn(name_of(disk), said)
        self.assertTrue(self.cpi("has_disk", disk))

    @row(67)
    def test_delete_while_something_else_is_under_way(self) -> None:
        disk = self.cpi("create_disk", 1024, {})
        conflict = {"status": 409, "code": "ConflictingConcurrentWriteNotAllowed", "message": "wait"}
        self.fault("DELETE", "/disks/", **conflict)
        self.cpi("delete_disk", disk)
        self.assertFalse(self.cpi("has_disk", disk))
        self.assertEqual([409, 202], [one["status"] for one in self.requests("DELETE", "/disks/")])

    @row(67)
    def test_only_a_conflict_is_not_believed_at_once(self) -> None:
        """Azure may not have noticed yet that the disk's VM is gone."""
        disk = self.cpi("create_disk", 1024, {})
        failed = {"status": "Failed", "code": "InternalExecutionError", "message": "it broke"}
        for fault, count in (
            ({"status": 409, "code": "OperationNotAllowed", "message": "attached", "times": 2}, 2),
            ({"status": 403, "code": "AuthorizationFailed", "message": "not yours"}, 1),
            ({"operation": failed}, 1),
        ):
            self.forget()
            self.fault("DELETE", "/disks/", **fault)
            self.fails("CloudError", "delete_disk", disk)
            self.assertEqual(count, len(self.requests("DELETE", "/disks/")), fault)
        self.cpi("delete_disk", disk)
        self.assertFalse(self.cpi("has_disk", disk))
