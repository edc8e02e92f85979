"""VMs without managed disks: their disks are blobs in a storage account."""

from __future__ import annotations

from typing import Any

from ..plugin import AGENT
from ..stemcell import STORAGE, Stemcells, vhd
from ..world import COMPUTE, NETWORK
from .table import row

SIZE = {"instance_type": "Standard_D2s_v3"}


def vm_in(account: str) -> str:
    return f"agent_id:{AGENT};resource_group_name:g;storage_account_name:{account}"


class StorageAccounts(Stemcells):
    def setUp(self) -> None:
        super().setUp()
        self.azure["use_managed_disks"] = False
        self.configure()

    def image(self, *names: Any, **tags: Any) -> None:
        """There are no managed images."""

    def rows_of(self, stemcell: str) -> dict[str, str]:
        table = self.tables().get_table_client("stemcells")
        return {one["RowKey"]: one["Status"] for one in table.query_entities(f"PartitionKey eq '{stemcell}'")}

    def disks_of_vm(self, account: str = "default1") -> None:
        """What Azure makes with a VM, and somebody else's."""
        container = self.container(account, "bosh")
        if not container.exists():
            container.create_container()
        names = f"bosh-os-{AGENT}.vhd", f"bosh-os-{AGENT}-ephemeral-disk.vhd", f"{AGENT}.0001.status", "other.status"
        for name in names:
            container.get_blob_client(name).create_page_blob(512)

    @row(73)
    def test_a_whole_life(self) -> None:
        stemcell = self.upload(vhd(b"x"))
        wanted = {**SIZE, "caching": "ReadOnly", "root_disk": {"size": 40960}, "ephemeral_disk": {"size": 10240}}
        self.forget()
        answer = self.cpi("create_vm", *self.create_vm(wanted, "group", stemcell=stemcell))
        vm = vm_in("default1")
        self.assertEqual(vm, answer[0])
        bosh = self.blob_url.replace("{account}", "default1") + "/bosh"
        body = self.body("PUT", "/virtualMachines/")
        os = {
            "name": f"bosh-os-{AGENT}",
            "osType": "Linux",
            "createOption": "FromImage",
            "caching": "ReadOnly",
            "diskSizeGB": 40,
            "image": {"uri": self.source(stemcell)},
            "vhd": {"uri": f"{bosh}/bosh-os-{AGENT}.vhd"},
        }
        data = {
            "name": "ephemeral-disk",
            "lun": 0,
            "createOption": "Empty",
            "caching": "ReadWrite",
            "diskSizeGB": 10,
            "vhd": {"uri": f"{bosh}/bosh-os-{AGENT}-ephemeral-disk.vhd"},
        }
        self.assertEqual({"osDisk": os, "dataDisks": [data]}, body["properties"]["storageProfile"])
        group = self.body("PUT", "/availabilitySets/")
        self.assertNotIn("sku", group)
        self.assertEqual(3, group["properties"]["platformFaultDomainCount"])
        self.assertEqual(vm, self.custom_data()["server"]["name"])
        self.assertTrue(self.cpi("has_vm", vm))
        self.disks_of_vm()
        disk = self.cpi("create_disk", 1024, {}, vm)
        self.assertEqual("1", self.cpi("attach_disk", vm, disk)["lun"])
        self.assertEqual([disk], self.cpi("get_disks", vm))
        self.cpi("detach_disk", vm, disk)
        self.cpi("delete_disk", disk)
        self.cpi("delete_vm", vm)
        self.assertFalse(self.cpi("has_vm", vm))
        self.assertEqual(["other.status"], self.blobs("default1", "bosh"))
        self.cpi("delete_vm", vm)
        for kind in ("virtualMachines", "availabilitySets"):
            self.assertEqual([], self.names(f"Compute/{kind}", COMPUTE))
        self.assertEqual([], self.names("Network/networkInterfaces", NETWORK))

    @row(73)
    def test_the_account_is_the_operators_and_made_where_it_is_missing(self) -> None:
        stemcell = self.upload(vhd(b"x"))
        missing = self.create_vm({**SIZE, "storage_account_name": "vms1"}, stemcell=stemcell)
        self.assertIn("missing storage_account_type", self.fails("VMCreationFailed", "create_vm", *missing))
        wanted = {**SIZE, "storage_account_name": "vms1", "storage_account_type": "Standard_LRS"}
        self.assertEqual(vm_in("vms1"), self.cpi("create_vm", *self.create_vm(wanted, stemcell=stemcell))[0])
        account = self.get("Storage/storageAccounts/vms1", STORAGE)
        self.assertEqual(("Standard_LRS", "Storage"), (account["sku"]["name"], account["kind"]))
        self.assertEqual({"vms1": "success"}, self.rows_of(stemcell))
        self.assertEqual([f"{stemcell}.vhd"], self.blobs("vms1"))
        os = self.vm()["properties"]["storageProfile"]["osDisk"]
        self.assertEqual(self.source(stemcell, "vms1"), os["image"]["uri"])
        self.cpi("delete_vm", vm_in("vms1"))
        self.cpi("delete_stemcell", stemcell)
        self.assertEqual(([], {}), (self.blobs("vms1"), self.rows_of(stemcell)))
        self.emulator.control("PATCH", "settings", {"taken_account_names": ["taken1"]})
        taken = self.create_vm({**wanted, "storage_account_name": "taken1"}, stemcell=stemcell)
        self.assertIn("is already taken", self.fails("VMCreationFailed", "create_vm", *taken))

    @row(73)
    def test_one_of_several_accounts_that_has_room(self) -> None:
        stemcell = self.upload(vhd(b"x"))
        for name in ("vmsfull", "vmsroom"):
            self.account(name)
        full = self.container("vmsfull", "bosh")
        full.create_container()
        for number in range(2):
            full.get_blob_client(f"{number}.vhd").create_page_blob(512)
        wanted = {**SIZE, "storage_account_name": "*vms*", "storage_account_max_disk_number": 1}
        self.assertEqual(vm_in("vmsroom"), self.cpi("create_vm", *self.create_vm(wanted, stemcell=stemcell))[0])
        self.cpi("delete_vm", vm_in("vmsroom"))
        for pattern, text in (("*full*", "vmsfull has 2 disks"), ("*none*", "there is none"), ("*V*", "has to be")):
            refused = self.create_vm({**wanted, "storage_account_name": pattern}, stemcell=stemcell)
            error = self.answer("create_vm", *refused)["error"]
            self.assertIn(text, error["message"])

    @row(23)
    def test_one_call_copies_and_the_others_wait(self) -> None:
        stemcell = self.upload(vhd(b"x"))
        self.account("vms1")
        self.forget()
        agents = [f"8f0d1c2b-aaaa-4bbb-8ccc-{number:012}" for number in range(3)]

        def create(number: int) -> Any:
            network = {"private": self.manual(f"10.0.0.{20 + number}", default=["dns", "gateway"])}
            properties = {**SIZE, "storage_account_name": "vms1"}
            more = {"agent": agents[number], "networks": network, "stemcell": stemcell}
            return self.answer("create_vm", *self.create_vm(properties, **more))["error"]

        self.assertEqual([None] * 3, self.together(create, range(3)))
        copies = [
            one
            for one in self.requests("PUT", "/vms1/stemcell/")
            if "x-ms-copy-source" in one["headers"] and one["status"] == 202
        ]
        self.assertEqual((1, {"vms1": "success"}), (len(copies), self.rows_of(stemcell)))

    @row(23)
    def test_a_copy_that_fails_leaves_nothing(self) -> None:
        stemcell = self.upload(vhd(b"x"))
        self.account("vms1")
        self.fault("PUT", r"/vms1/stemcell/.*\.vhd", status=409, code="CannotVerifyCopySource", times=9)
        wanted = {**SIZE, "storage_account_name": "vms1"}
        text = self.fails("VMCreationFailed", "create_vm", *self.create_vm(wanted, stemcell=stemcell))
        self.assertIn("CannotVerifyCopySource", text)
        self.assertEqual(({}, []), (self.rows_of(stemcell), self.blobs("vms1")))

    @row(23)
    def test_what_the_table_says(self) -> None:
        stemcell = self.upload(vhd(b"x"))
        self.account("vms1")
        table = self.tables().create_table_if_not_exists("stemcells")
        wanted = self.create_vm({**SIZE, "storage_account_name": "vms1"}, stemcell=stemcell)
        entity = {"PartitionKey": stemcell, "RowKey": "vms1"}
        table.create_entity({**entity, "Status": "odd"})
        text = self.fails("VMCreationFailed", "create_vm", *wanted)
        self.assertIn("The status of the stemcell is unknown: 'odd'", text)
        # Its word is taken: nothing is copied.
        table.update_entity({**entity, "Status": "success"})
        self.cpi("create_vm", *wanted)
        self.assertEqual([], self.blobs("vms1"))

    @row(73)
    def test_what_needs_managed_disks(self) -> None:
        zone = self.create_vm({**SIZE, "availability_zone": "1"})
        self.assertIn("must use managed disks", self.fails("CloudError", "create_vm", *zone))
        placed = self.create_vm({**SIZE, "root_disk": {"placement": "cache-disk", "type": "Premium_LRS"}})
        self.assertIn("need managed disks", self.fails("CloudError", "create_vm", *placed))
        aligned = {"location": "eastus", "sku": {"name": "Aligned"}, "properties": {}}
        self.put("Compute/availabilitySets/group", COMPUTE, aligned)
        joined = self.create_vm(SIZE, "group", stemcell=self.upload(vhd(b"x")))
        self.assertIn("is for VMs with managed disks", self.fails("VMCreationFailed", "create_vm", *joined))

    @row(73)
    def test_nothing_is_left_of_a_vm_that_fails(self) -> None:
        stemcell = self.upload(vhd(b"x"))
        self.disks_of_vm()
        self.fault("PUT", "/virtualMachines/", status=409, code="OperationNotAllowed", message="quota")
        text = self.fails("VMCreationFailed", "create_vm", *self.create_vm(SIZE, "group", stemcell=stemcell))
        self.assertIn("quota", text)
        self.assertEqual(["other.status"], self.blobs("default1", "bosh"))
        self.assertEqual([], self.names("Network/networkInterfaces", NETWORK))
        self.assertEqual([], self.names("Compute/availabilitySets", COMPUTE))
