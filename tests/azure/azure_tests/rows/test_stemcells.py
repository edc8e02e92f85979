"""Heavy stemcells: uploaded, made into images, copied to where VMs are, and removed."""

from __future__ import annotations

from typing import Any

from ..stemcell import MIB, PROPERTIES, STORAGE, Stemcells, vhd
from ..world import COMPUTE, NETWORK
from .table import row

SIZE = {"instance_type": "Standard_D2s_v3"}
TAGS = {"user-agent": "bosh", "type": "stemcell"}


class Uploads(Stemcells):
    @row(20)
    def test_an_image_is_sent_without_its_zeros_and_says_what_it_is(self) -> None:
        image = vhd(b"first", b"", b"third")
        stemcell = self.upload(image, disk_controller_types=["scsi", "nvme"])
        self.assertRegex(stemcell, r"^bosh-stemcell-[0-9a-f-]{36}$")
        blob = self.container().get_blob_client(f"{stemcell}.vhd")
        self.assertEqual(image, blob.download_blob().readall())
        self.assertEqual(
            {**PROPERTIES, "disk_controller_types": '["scsi","nvme"]'}, blob.get_blob_properties().metadata
        )
        pages = self.requests("PUT", rf"/stemcell/{stemcell}.vhd$")
        ranges = [one["headers"]["x-ms-range"] for one in pages if "x-ms-range" in one["headers"]]
        self.assertEqual(
            sorted([f"bytes=0-{2 * MIB - 1}", f"bytes={4 * MIB}-{6 * MIB - 1}", f"bytes={6 * MIB}-{6 * MIB + 511}"]),
            sorted(ranges),
        )
        self.assertEqual(1, len(self.requests("POST", "/listKeys$")))

    @row(18, 20)
    def test_the_account_gets_its_tags_and_keeps_others(self) -> None:
        self.account("default1", tags={"team": "x"})
        self.upload()
        self.assertEqual({"team": "x", **TAGS}, self.account_now("default1")["tags"])
        self.forget()
        self.upload(vhd(b"other"))
        self.assertEqual([], self.requests("PATCH"))

    @row(20)
    def test_nothing_is_left_of_an_upload_that_fails(self) -> None:
        self.fault("PUT", "/stemcell/", skip=2, status=409, code="BlobImmutableDueToPolicy")
        message = self.fails("CloudError", "create_stemcell", str(self.archive(vhd(b"x"))), PROPERTIES)
        self.assertIn("Failed to upload page blob", message)
        self.assertIn("BlobImmutableDueToPolicy", message)
        self.assertEqual([], self.blobs())
        self.assertNotIn("default1", self.run_program("orphans").stdout)

    @row(20)
    def test_what_is_no_stemcell(self) -> None:
        for image, member, fragment in (
            (b"x" * 512, "root.img", "root.vhd"),
            (b"x" * 513, "root.vhd", "has 513 bytes: a VHD has a multiple of 512"),
        ):
            file = self.archive(image, member)
            self.assertIn(fragment, self.fails("CloudError", "create_stemcell", str(file), PROPERTIES))
        self.assertEqual([], self.blobs())

    @row(20)
    def test_an_account_without_keys_is_asked_with_a_token(self) -> None:
        self.account("default1", properties={"allowSharedKeyAccess": False})
        # Azurite takes no tokens over plain HTTP; that one is sent, and no key, is all that can be seen here.
        message = self.fails("CloudError", "create_stemcell", str(self.archive(vhd(b"x"))), PROPERTIES)
        self.assertIn("Failed to upload page blob", message)
        self.assertEqual([], self.requests("POST", "/listKeys$"))
        sent = [one["headers"]["authorization"] for one in self.requests("PUT", "/stemcell")]
        self.assertTrue(sent and all(value.startswith("Bearer ") for value in sent), sent)


class DefaultAccount(Stemcells):
    def setUp(self) -> None:
        super().setUp()
        self.azure.pop("storage_account_name")
        self.configure()

    @row(18)
    def test_one_that_is_missing_is_told(self) -> None:
        self.configure(storage_account_name="nowhere")
        message = self.fails("CloudError", "create_stemcell", str(self.archive(vhd(b"x"))), PROPERTIES)
        self.assertIn("The default storage account 'nowhere' is specified in Global configuration", message)

    @row(18)
    def test_one_with_tags_is_found(self) -> None:
        self.account("files1", kind="FileStorage", sku={"name": "Premium_LRS"}, tags=TAGS)
        self.account("west1", "westus", tags=TAGS)
        self.account("tagged1", tags=TAGS)
        stemcell = self.upload()
        self.assertEqual([f"{stemcell}.vhd"], self.blobs("tagged1"))

    @row(18)
    def test_one_with_the_table_of_an_older_cpi_is_found_and_tagged(self) -> None:
        self.tables().create_table("stemcells")
        stemcell = self.upload()
        self.assertEqual([f"{stemcell}.vhd"], self.blobs())
        self.assertEqual(TAGS, self.account_now("default1")["tags"])

    @row(18)
    def test_one_with_the_table_elsewhere_is_the_operators_decision(self) -> None:
        self.account("west1", "westus")
        self.tables("west1").create_table("stemcells")
        message = self.fails("CloudError", "create_stemcell", str(self.archive(vhd(b"x"))), PROPERTIES)
        self.assertIn("'west1' has the location 'westus'", message)

    @row(18)
    def test_without_any_one_is_made(self) -> None:
        stemcell = self.upload()
        [name] = [name for name in self.names("Storage/storageAccounts", STORAGE) if name != "default1"]
        self.assertRegex(name, r"^[0-9a-f]{24}$")
        made = self.account_now(name)
        self.assertEqual(("eastus", TAGS, "Standard_LRS"), (made["location"], made["tags"], made["sku"]["name"]))
        self.assertEqual([f"{stemcell}.vhd"], self.blobs(name))


    @row(18, 27)
    def test_none_is_made_for_what_needs_none(self) -> None:
        self.emulator.done("DELETE", "g/providers/Microsoft.Storage/storageAccounts/default1", STORAGE)
        self.cpi("delete_stemcell", "bosh-stemcell-gone")
        arguments = self.create_vm(SIZE, stemcell="bosh-stemcell-gone")
        message = self.fails("VMCreationFailed", "create_vm", *arguments)
        self.assertIn("the resource group 'g' has no storage account for stemcells", message)
        self.assertEqual([], self.names("Storage/storageAccounts", STORAGE))


class Images(Stemcells):
    def image_now(self, name: str) -> dict[str, Any]:
        return self.get(f"Compute/images/{name}", COMPUTE)

    @row(21)
    def test_an_image_is_made_for_the_first_vm_and_used_for_the_next(self) -> None:
        stemcell = self.upload(generation="gen2")
        self.forget()
        vm, _ = self.cpi("create_vm", *self.create_vm(SIZE, stemcell=stemcell))
        name = stemcell.removeprefix("bosh-stemcell-") + "-P-eastus"
        made = self.image_now(name)
        self.assertEqual({**PROPERTIES, "generation": "gen2"}, made["tags"])
        disk = made["properties"]["storageProfile"]["osDisk"]
        self.assertEqual(
            ("Linux", "Generalized", self.source(stemcell), "ReadWrite", "Premium_LRS", "V2"),
            (
                *(disk[key] for key in ("osType", "osState", "blobUri", "caching", "storageAccountType")),
                made["properties"]["hyperVGeneration"],
            ),
        )
        model = self.vm()["properties"]["storageProfile"]["imageReference"]
        self.assertEqual(f"{self.images}/{name}".lower(), model["id"].lower())
        self.cpi("delete_vm", vm)
        self.forget()
        vm, _ = self.cpi("create_vm", *self.create_vm(SIZE, stemcell=stemcell))
        self.assertEqual([], self.requests("PUT", "/images/"))
        self.assertEqual([], self.requests(path="storageAccounts"))
        self.cpi("delete_vm", vm)

    @row(21)
    def test_an_image_that_failed_is_made_anew(self) -> None:
        stemcell = self.upload()
        self.fault("PUT", "/images/", operation={"status": "Failed", "code": "Broken", "message": "no such blob"})
        said = self.fails("VMCreationFailed", "create_vm", *self.create_vm(SIZE, stemcell=stemcell))
        self.assertIn(f"Failed to get the user image information of the stemcell '{stemcell}'", said)
        name = stemcell.removeprefix("bosh-stemcell-") + "-P-eastus"
        self.assertEqual("Failed", self.image_now(name)["properties"]["provisioningState"])
        vm, _ = self.cpi("create_vm", *self.create_vm(SIZE, stemcell=stemcell))
        self.assertEqual("Succeeded", self.image_now(name)["properties"]["provisioningState"])
        self.cpi("delete_vm", vm)

    @row(21)
    def test_one_of_an_old_name_is_replaced(self) -> None:
        stemcell = self.upload()
        self.image(f"{stemcell}-Premium_LRS-eastus", "Premium_LRS")
        vm, _ = self.cpi("create_vm", *self.create_vm(SIZE, stemcell=stemcell))
        self.cpi("delete_vm", vm)
        self.assertNotIn(f"{stemcell}-Premium_LRS-eastus", self.names("Compute/images", COMPUTE))

    @row(21, 22)
    def test_a_vm_elsewhere_gets_a_copy_there(self) -> None:
        stemcell = self.upload()
        self.put("Network/virtualNetworks/net", NETWORK, self.network_in("westus"))
        vm, _ = self.cpi("create_vm", *self.create_vm(SIZE, stemcell=stemcell))
        [name] = [name for name in self.names("Storage/storageAccounts", STORAGE) if name != "default1"]
        self.assertEqual([f"{stemcell}.vhd"], self.blobs(name))
        image = self.image_now(stemcell.removeprefix("bosh-stemcell-") + "-P-westus")
        self.assertEqual(self.source(stemcell, name), image["properties"]["storageProfile"]["osDisk"]["blobUri"])
        self.cpi("delete_vm", vm)
        self.cpi("delete_stemcell", stemcell)
        self.assertEqual(([], []), (self.blobs(), self.blobs(name)))

    def network_in(self, location: str) -> dict[str, Any]:
        self.emulator.done("DELETE", "g/providers/Microsoft.Network/virtualNetworks/net", NETWORK)
        subnets = [{"name": "a", "properties": {"addressPrefix": "10.0.0.0/24"}}]
        space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": subnets}
        return {"location": location, "properties": space}

    @row(21)
    def test_a_stemcell_that_is_not_there(self) -> None:
        arguments = self.create_vm(SIZE, stemcell="bosh-stemcell-gone")
        message = self.fails("VMCreationFailed", "create_vm", *arguments)
        self.assertIn("Failed to get the user image information", message)
        self.assertIn("Given stemcell 'bosh-stemcell-gone' does not exist: the default storage account 'default1'", message)
        self.nothing_is_left()


class Deletion(Stemcells):
    def prepare(self) -> str:
        """A stemcell with an image, copies in other accounts, and a row of the table."""
        stemcell = self.upload()
        self.image(f"{stemcell.removeprefix('bosh-stemcell-')}-S-eastus", "Standard_LRS")
        self.image(f"{stemcell}-Premium_LRS-eastus", "Premium_LRS")
        for name in ("copy1", "copy2"):
            self.account(name)
            container = self.container(name)
            container.create_container()
            container.get_blob_client(f"{stemcell}.vhd").create_page_blob(512)
        table = self.tables().create_table("stemcells")
        for row in ({"PartitionKey": stemcell, "RowKey": "copy1"}, {"PartitionKey": "other", "RowKey": "copy1"}):
            table.create_entity({**row, "Status": "success"})
        return stemcell

    def rows(self) -> list[str]:
        return [row["PartitionKey"] for row in self.tables().get_table_client("stemcells").list_entities()]

    @row(27)
    def test_images_blobs_everywhere_and_rows(self) -> None:
        stemcell = self.prepare()
        self.cpi("delete_stemcell", stemcell)
        self.assertEqual(["beef-P-eastus", "beef-S-eastus"], sorted(self.names("Compute/images", COMPUTE)))
        self.assertEqual(([], [], []), (self.blobs(), self.blobs("copy1"), self.blobs("copy2")))
        self.assertEqual(["other"], self.rows())
        self.cpi("delete_stemcell", stemcell)

    @row(27)
    def test_only_the_default_account_when_the_operator_says_so(self) -> None:
        stemcell = self.prepare()
        self.configure(use_default_account_for_cleaning=True)
        self.cpi("delete_stemcell", stemcell)
        self.assertEqual(([], [], [f"{stemcell}.vhd"]), (self.blobs(), self.blobs("copy1"), self.blobs("copy2")))

    @row(27)
    def test_accounts_of_others_may_be_closed(self) -> None:
        stemcell = self.prepare()
        self.fault("DELETE", "/copy2/", status=403, code="AuthorizationFailure", times=9)
        self.cpi("delete_stemcell", stemcell)
        self.assertEqual([f"{stemcell}.vhd"], self.blobs("copy2"))
