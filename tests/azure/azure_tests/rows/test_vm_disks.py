"""Root and ephemeral disks of VMs: how large, of which type, where."""

from __future__ import annotations

from typing import Any

from ..plugin import AGENT, VM
from ..world import COMPUTE, DISKS
from .cases import PROVIDERS, SIZE, Machines
from .table import row

ENCRYPTION_SET = {
    "location": "eastus",
    "identity": {"type": "SystemAssigned"},
    "properties": {"activeKey": {"keyUrl": "https://vault.example/keys/one/1"}},
}
OS = f"bosh-disk-os-{AGENT}"


class VmDisks(Machines):
    def disks(self, properties: dict[str, Any], **more: Any) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Root and ephemeral disk as they are sent."""
        profile = self.made(properties, **more)["properties"]["storageProfile"]
        [ephemeral] = profile.get("dataDisks") or [None]
        return profile["osDisk"], ephemeral

    @row(47)
    def test_encryption_sets(self) -> None:
        """Names are those of the default resource group; an id is one elsewhere."""
        self.put("keys", COMPUTE, {"location": "eastus"}, whole=True)
        for name in ("root", "data", "disk"):
            self.put(f"Compute/diskEncryptionSets/{name}", DISKS, ENCRYPTION_SET)
        path = "keys/providers/Microsoft.Compute/diskEncryptionSets/far"
        far = self.put(path, DISKS, ENCRYPTION_SET, whole=True)["id"]
        sets = f"{PROVIDERS}/Microsoft.Compute/diskEncryptionSets"
        wanted = {
            "resource_group_name": "vms",
            "root_disk": {"disk_encryption_set_name": "root"},
            "ephemeral_disk": {"disk_encryption_set_name": "data", "type": "Premium_LRS"},
        }
        root, ephemeral = self.disks(wanted)
        assert ephemeral
        self.assertEqual({"id": f"{sets}/root"}, root["managedDisk"]["diskEncryptionSet"])
        expected = {"storageAccountType": "Premium_LRS", "diskEncryptionSet": {"id": f"{sets}/data"}}
        self.assertEqual(expected, ephemeral["managedDisk"])
        root, ephemeral = self.disks({"root_disk": {"disk_encryption_set_name": far}})
        assert ephemeral
        self.assertEqual({"id": far}, root["managedDisk"]["diskEncryptionSet"])
        self.assertNotIn("diskEncryptionSet", ephemeral.get("managedDisk", {}))
        self.forget()
        self.cpi("create_disk", 1024, {"disk_encryption_set_name": "disk"})
        encryption = self.body("PUT", "/disks/")["properties"]["encryption"]
        self.assertEqual(f"{sets}/disk", encryption["diskEncryptionSetId"])

    @row(47)
    def test_an_encryption_set_that_is_not_there(self) -> None:
        wanted = {**SIZE, "root_disk": {"disk_encryption_set_name": "none"}}
        self.assertIn("none", self.fails("VMCreationFailed", "create_vm", *self.create_vm(wanted)))
        self.assertIn("none", self.fails("CloudError", "create_disk", 1024, {"disk_encryption_set_name": "none"}))
        self.nothing_is_left()

    @row(48)
    def test_size_of_the_root_disk(self) -> None:
        """The image has 3072 MiB, or what its tag says; sizes are rounded up."""
        for root_disk, expected in (
            (None, None),
            ({}, None),
            ({"size": 30720}, 30),
            ({"size": 30721}, 31),
            ({"size": 1024}, 3),
        ):
            with self.subTest(root_disk):
                root, _ = self.disks({"root_disk": root_disk})
                self.assertEqual(expected, root.get("diskSizeGB"))
        self.image("beef-P-eastus", "Premium_LRS", disk="10241")
        root, _ = self.disks({"root_disk": {"size": 1024}})
        self.assertEqual(11, root["diskSizeGB"])

    @row(48)
    def test_type_of_the_root_disk(self) -> None:
        """Of the root disk, else of the VM, else what its size takes: the image is one of that type."""
        for name in ("StandardSSD_LRS", "Premium_ZRS"):
            code = {"StandardSSD_LRS": "SSSD"}.get(name, name)
            self.image(f"beef-{code}-eastus", "StandardSSD_LRS")
        self.image("beef-S-eastus", "Standard_LRS")
        for properties, expected, image in (
            ({}, "Premium_LRS", "P"),
            ({"storage_account_type": "StandardSSD_LRS"}, "StandardSSD_LRS", "SSSD"),
            ({"storage_account_type": "StandardSSD_LRS", "root_disk": {"type": "Premium_LRS"}}, "Premium_LRS", "P"),
            ({"root_disk": {"type": "Premium_ZRS"}}, "Premium_ZRS", "Premium_ZRS"),
            ({"root_disk": {"type": "Standard_LRS"}}, "Standard_LRS", "S"),
        ):
            with self.subTest(properties):
                profile = self.made(properties)["properties"]["storageProfile"]
                self.assertEqual(expected, profile["osDisk"]["managedDisk"]["storageAccountType"])
                self.assertTrue(profile["imageReference"]["id"].endswith(f"/images/beef-{image}-eastus"))

    @row(48)
    def test_caching_of_the_root_disk(self) -> None:
        for properties, expected in (
            ({}, "ReadWrite"),
            ({"caching": "None"}, "None"),
            ({"caching": "ReadOnly"}, "ReadOnly"),
            ({"caching": "ReadOnly", "root_disk": {"size": 40960}}, "ReadOnly"),
        ):
            self.assertEqual(expected, self.disks(properties)[0]["caching"])
        said = self.fails("VMCreationFailed", "create_vm", *self.create_vm({**SIZE, "caching": "Sometimes"}))
        self.assertIn("Unknown disk caching Sometimes", said)

    @row(48, 49)
    def test_sizes_that_are_none(self) -> None:
        cases = [{"root_disk": {"size": "large"}}, {"ephemeral_disk": {"size": "large"}}, {"root_disk": {"size": -1}}]
        self.all_fail(
            [("size", "create_vm", self.create_vm({**SIZE, **case}), {}) for case in cases], "VMCreationFailed"
        )
        small = self.create_vm({**SIZE, "ephemeral_disk": {"size": 1023}})
        self.assertIn("minimum disk size is 1 GiB", self.fails("VMCreationFailed", "create_vm", *small))
        self.nothing_is_left()

    @row(49)
    def test_size_of_the_ephemeral_disk(self) -> None:
        """What is written, rounded down; else what the VM's size has had for ever."""
        for size, ephemeral_disk, expected in (
            ("Standard_D2s_v3", None, 30),
            ("Standard_D2s_v3", {"size": 1024}, 1),
            ("Standard_D2s_v3", {"size": 20479}, 19),
            ("Standard_D2s_v3", {"size": 20480}, 20),
            ("Standard_DS2_v2", {}, 30),
            ("standard_ds2_V2", {}, 30),
            ("Standard_F4s_v2", {}, 30),
        ):
            with self.subTest(size=size, ephemeral_disk=ephemeral_disk):
                wanted = {"instance_type": size, "ephemeral_disk": ephemeral_disk}
                _, ephemeral = self.disks(wanted)
                assert ephemeral
                self.assertEqual(expected, ephemeral["diskSizeGB"])
                self.assertEqual(("ReadWrite", 0), (ephemeral["caching"], ephemeral["lun"]))
        self.old_generation()
        for size, expected in (("Standard_D1_v2", 50), ("Standard_D2_v2", 100), ("Standard_A2_v2", 30)):
            _, ephemeral = self.disks({"instance_type": size})
            assert ephemeral
            self.assertEqual(expected, ephemeral["diskSizeGB"])

    def old_generation(self) -> None:
        """An image that sizes of old can start."""
        self.emulator.done("DELETE", "g/providers/Microsoft.Compute/images/beef-S-eastus", COMPUTE)
        disk = {
            "osType": "Linux",
            "osState": "Generalized",
            "managedDisk": {"id": f"{PROVIDERS}/Microsoft.Compute/disks/source"},
        }
        body = {"location": "eastus", "tags": {"os_type": "linux"}, "properties": {"storageProfile": {"osDisk": disk}}}
        self.put("Compute/images/beef-S-eastus", COMPUTE, body)

    @row(49)
    def test_type_and_caching_of_the_ephemeral_disk(self) -> None:
        _, ephemeral = self.disks({"ephemeral_disk": {"type": "StandardSSD_LRS", "caching": "ReadOnly"}})
        assert ephemeral
        self.assertEqual({"storageAccountType": "StandardSSD_LRS"}, ephemeral["managedDisk"])
        self.assertEqual("ReadOnly", ephemeral["caching"])
        self.assertEqual(f"{OS}-ephemeral-disk", ephemeral["name"])

    @row(50)
    def test_the_root_disk_serves(self) -> None:
        """There is no data disk then, so the first persistent one is at LUN 0."""
        for root_disk, more, expected in (
            ({}, {}, 30),
            ({}, {"size": 40960}, 30),
            ({"size": 40960}, {"size": 20480}, 40),
            ({"size": 10240}, {}, 10),
        ):
            properties = {"root_disk": root_disk, "ephemeral_disk": {"use_root_disk": True, **more}}
            root, ephemeral = self.disks(properties)
            self.assertEqual((expected, None), (root["diskSizeGB"], ephemeral))
        self.image("beef-P-eastus", "Premium_LRS", disk="40961")
        root, _ = self.disks({"ephemeral_disk": {"use_root_disk": True}})
        self.assertEqual(41, root["diskSizeGB"])
        self.forget()
        self.cpi("create_vm", *self.create_vm({**SIZE, "ephemeral_disk": {"use_root_disk": True}}))
        self.assertEqual({"system": "/dev/sda", "persistent": {}}, self.custom_data()["disks"])
        disk = self.cpi("create_disk", 1024, {}, VM)
        self.assertEqual("0", self.cpi("attach_disk", VM, disk)["lun"])
        self.cpi("detach_disk", VM, disk)
        self.cpi("delete_disk", disk)
        self.cpi("delete_vm", VM)
        self.nothing_is_left()

    @row(50)
    def test_the_root_disk_serves_with_windows(self) -> None:
        self.image("beef-P-eastus", "Premium_LRS", os_type="windows")
        root, _ = self.disks({"ephemeral_disk": {"use_root_disk": True}})
        self.assertEqual(128, root["diskSizeGB"])

    @row(51)
    def test_a_root_disk_of_the_machine_itself(self) -> None:
        for placement, named in (("resource-disk", "ResourceDisk"), ("cache-disk", "CacheDisk")):
            wanted = {"root_disk": {"placement": placement}, "caching": "None"}
            root, ephemeral = self.disks(wanted)
            root.pop("managedDisk", None)
            root.pop("deleteOption", None)
            expected = {
                "name": OS,
                "createOption": "FromImage",
                "caching": "ReadOnly",
                "diffDiskSettings": {"option": "Local", "placement": named},
            }
            self.assertEqual(expected, root)
            self.assertIsNotNone(ephemeral)
        self.assertNotIn("diffDiskSettings", self.disks({"root_disk": {"placement": "remote"}})[0])

    @row(51)
    def test_its_size_holds_both(self) -> None:
        """Image or root size, and the ephemeral one."""
        for root_disk, more, expected in (
            ({}, {"size": 10240}, 13),
            ({}, {"size": 10241}, 13),
            ({"size": 5121}, {"size": 10240}, 16),
            ({"size": 5120}, {}, 5),
        ):
            with self.subTest(root_disk=root_disk, ephemeral_disk=more):
                properties = {
                    "root_disk": {"placement": "cache-disk", **root_disk},
                    "ephemeral_disk": {"use_root_disk": True, **more},
                }
                root, ephemeral = self.disks(properties)
                self.assertEqual((expected, None), (root.get("diskSizeGB"), ephemeral))

    @row(51)
    def test_placements_that_are_none(self) -> None:
        wanted = self.create_vm({**SIZE, "root_disk": {"placement": "moon"}})
        said = self.fails("CloudError", "create_vm", *wanted)
        for word in ("root_disk.placement", "moon", "remote", "resource-disk", "cache-disk"):
            self.assertIn(word, said)
        wanted = self.create_vm({**SIZE, "root_disk": {"placement": "cache-disk", "type": "Premium_LRS"}})
        error = self.answer("create_vm", *wanted, context={"use_managed_disks": False})["error"]
        self.assertIsNotNone(error)
        self.nothing_is_left()

    @row(52)
    def test_speed_of_the_ephemeral_disk(self) -> None:
        """Azure takes it only when the disk is there."""
        disk = {"type": "PremiumV2_LRS", "caching": "None", "iops": 4000, "mbps": 200}
        self.cpi("create_vm", *self.create_vm({**SIZE, "availability_zone": "1", "ephemeral_disk": disk}))
        [patch] = self.requests("PATCH", "/disks/")
        self.assertTrue(patch["path"].endswith(f"/disks/{OS}-ephemeral-disk"))
        self.assertEqual({"properties": {"diskIOPSReadWrite": 4000, "diskMBpsReadWrite": 200}}, patch["body"])
        found = self.get(f"Compute/disks/{OS}-ephemeral-disk", DISKS)["properties"]
        self.assertEqual((4000, 200), (found["diskIOPSReadWrite"], found["diskMBpsReadWrite"]))
        self.cpi("delete_vm", VM)
        self.nothing_is_left()

    @row(52)
    def test_a_speed_that_is_refused_leaves_no_vm(self) -> None:
        disk = {"type": "PremiumV2_LRS", "caching": "None", "mbps": 200}
        self.fault("PATCH", "/disks/", status=400, code="InvalidParameter", message="too fast")
        wanted = self.create_vm({**SIZE, "availability_zone": "1", "ephemeral_disk": disk})
        self.assertIn("too fast", self.fails("VMCreationFailed", "create_vm", *wanted))
        [patch] = self.requests("PATCH", "/disks/")
        self.assertEqual({"properties": {"diskMBpsReadWrite": 200}}, patch["body"])
        self.nothing_is_left()
        self.forget()
        self.cpi("create_vm", *self.create_vm({**SIZE, "ephemeral_disk": {"use_root_disk": True, "mbps": 200}}))
        self.assertEqual([], self.requests("PATCH", "/disks/"))
