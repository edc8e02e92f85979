"""create_disk."""

from __future__ import annotations

from typing import Any

from ..plugin import AGENT
from ..running import SCOPE
from ..world import COMPUTE, DISKS
from .cases import GONE, Rows, name_of
from .table import row

ENCRYPTION_SET = {
    "location": "eastus",
    "identity": {"type": "SystemAssigned"},
    "properties": {"activeKey": {"keyUrl": "https://vault.example/keys/one/1"}},
}


class Disks(Rows):
    def made(self, size: int, properties: dict[str, Any], vm: str | None = None, **options: Any) -> dict[str, Any]:
        """The body with which a disk is made, that has to have the name in its identifier."""
        self.forget()
        disk = self.cpi("create_disk", size, properties, *([vm] if vm else []), **options)
        [put] = self.requests("PUT", "/disks/")
        self.assertTrue(put["path"].endswith(f"/{name_of(disk)}"))
        return put["body"]

    @row(62)
    def test_without_a_vm(self) -> None:
        expected = {
            "location": "eastus",
            "tags": {"user-agent": "bosh", "caching": "None"},
            "sku": {"name": "Standard_LRS"},
            "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 10},
        }
        self.assertEqual(expected, self.made(10240, {}))
        self.assertEqual(3, len([one for one in self.requests() if "operations" not in one["path"]]))
        self.put("west", COMPUTE, {"location": "westus"}, whole=True)
        self.assertEqual("westus", self.made(1024, {}, context={"resource_group_name": "west"})["location"])

    @row(62)
    def test_every_property(self) -> None:
        self.put("Compute/diskEncryptionSets/keys", DISKS, ENCRYPTION_SET)
        properties = {
            "caching": "ReadOnly",
            "storage_account_type": "Premium_LRS",
            "disk_encryption_set_name": "keys",
            "anything": "else",
        }
        body = self.made(1025, properties)
        self.assertEqual(("Premium_LRS", 2), (body["sku"]["name"], body["properties"]["diskSizeGB"]))
        self.assertEqual({"user-agent": "bosh", "caching": "ReadOnly"}, body["tags"])
        encryption = {
            "diskEncryptionSetId": f"{SCOPE}/resourceGroups/g/providers/Microsoft.Compute/diskEncryptionSets/keys",
            "type": "EncryptionAtRestWithCustomerKey",
        }
        self.assertEqual(encryption, body["properties"]["encryption"])
        body = self.made(1024, {"storage_account_type": "PremiumV2_LRS", "iops": 4000, "mbps": 200})
        expected = {
            "creationData": {"createOption": "Empty"},
            "diskSizeGB": 1,
            "diskIOPSReadWrite": 4000,
            "diskMBpsReadWrite": 200,
        }
        self.assertEqual(expected, body["properties"])

    @row(62)
    def test_near_a_vm(self) -> None:
        """Its group, location and zone; the type that its size can take."""
        self.put("other", COMPUTE, {"location": "eastus"}, whole=True)
        premium = {"instance_type": "Standard_D2s_v3", "availability_zone": "2", "resource_group_name": "other"}
        self.cpi("create_vm", *self.create_vm(premium))
        body = self.made(1024, {}, f"agent_id:{AGENT};resource_group_name:other")
        self.assertEqual(("Premium_LRS", ["2"], "eastus"), (body["sku"]["name"], body["zones"], body["location"]))
        [put] = self.requests("PUT", "/disks/")
        self.assertIn("/resourceGroups/other/", put["path"])
        usual = {"instance_type": "Standard_A2_v2", "root_disk": {"type": "Standard_LRS"}}
        self.image("beef-S-eastus", "Standard_LRS")
        self.emulator.done("DELETE", "g/providers/Microsoft.Compute/images/beef-S-eastus", COMPUTE)
        self.old_generation("beef-S-eastus")
        networks = {"private": self.manual("10.0.0.5")}
        self.cpi("create_vm", *self.create_vm(usual, networks=networks, agent="old-size"))
        body = self.made(1024, {}, "agent_id:old-size;resource_group_name:g")
        self.assertEqual("Standard_LRS", body["sku"]["name"])
        self.assertNotIn("zones", body)
        wanted = {"storage_account_type": "StandardSSD_LRS"}
        body = self.made(1024, wanted, "agent_id:old-size;resource_group_name:g")
        self.assertEqual("StandardSSD_LRS", body["sku"]["name"])

    def old_generation(self, name: str) -> None:
        disk = {
            "osType": "Linux",
            "osState": "Generalized",
            "managedDisk": {"id": f"{SCOPE}/resourceGroups/g/providers/Microsoft.Compute/disks/source"},
            "storageAccountType": "Standard_LRS",
        }
        properties = {"storageProfile": {"osDisk": disk}, "hyperVGeneration": "V1"}
        body = {"location": "eastus", "tags": {"os_type": "linux"}, "properties": properties}
        self.put(f"Compute/images/{name}", COMPUTE, body)

    @row(62)
    def test_refusals(self) -> None:
        blobs = f"agent_id:{AGENT};resource_group_name:g;storage_account_name:account"
        cases: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
            ("minimum disk size is 1 GiB", (1023, {}), {}),
            ("minimum disk size is 1 GiB", (0, {}), {}),
            ("Unknown disk caching Sometimes", (1024, {"caching": "Sometimes"}), {}),
            ("need caching 'None'", (1024, {"caching": "ReadOnly", "storage_account_type": "UltraSSD_LRS"}), {}),
            ("Cannot create a managed disk for a VM with unmanaged disks", (1024, {}, blobs), {}),
            ("Cannot find the resource group 'none'", (1024, {}), {"context": {"resource_group_name": "none"}}),
            ("Tape_LRS", (1024, {"storage_account_type": "Tape_LRS"}), {}),
        ]
        self.all_fail([(said, "create_disk", arguments, options) for said, arguments, options in cases])
        self.all_fail([("iops", "create_disk", (1024, {"iops": "many"}), {})], "InvalidCall")
        self.all_fail([("", "create_disk", ("large", {}), {})], "InvalidCall")
        self.assertIn("'gone' cannot be found", self.fails("VMNotFound", "create_disk", 1024, {}, GONE))
        self.nothing_is_left()

    @row(62)
    def test_without_room(self) -> None:
        self.fault("PUT", "/disks/", status=409, code="QuotaExceeded", message="no room for disks")
        self.assertIn("no room for disks", self.fails("NoDiskSpace", "create_disk", 1024, {}))
        how = {"status": "Failed", "code": "InternalDiskManagementError", "message": "not this time"}
        self.fault("PUT", "/disks/", operation=how)
        self.assertIn("not this time", self.fails("CloudError", "create_disk", 1024, {}))
        self.nothing_is_left()
