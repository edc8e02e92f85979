"""Blobs and tables of accounts that Resource Manager makes, used by Azure's SDK; and what azurite does not check."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobClient, BlobServiceClient, generate_blob_sas

from .running import WITH_AZURITE, EmulatorCase, needs_azurite

STORAGE = "2023-05-01"
PAGES = 4 << 20


@needs_azurite
class Storage(EmulatorCase):
    options = WITH_AZURITE

    def setUp(self) -> None:
        super().setUp()
        self.emulator.done("PUT", "g", "2024-03-01", {"location": "eastus"})

    def account(self, name: str) -> tuple[str, str, str]:
        """Its endpoints of blobs and tables, and its first key."""
        path = f"g/providers/Microsoft.Storage/storageAccounts/{name}"
        body = self.emulator.done(
            "PUT", path, STORAGE, {"location": "eastus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
        )
        keys = self.emulator.call("POST", f"{path}/listKeys", STORAGE).json()["keys"]
        endpoints = body["properties"]["primaryEndpoints"]
        return endpoints["blob"], endpoints["table"], keys[0]["value"]

    def blobs(self, name: str) -> BlobServiceClient:
        url, _, key = self.account(name)
        client = BlobServiceClient(url.rstrip("/"), {"account_name": name, "account_key": key}, retry_total=0)
        self.addCleanup(client.close)
        return client

    def test_pages_metadata_snapshots_and_copies(self) -> None:
        blobs = self.blobs("first")
        container = blobs.create_container("stemcell")
        blob = container.get_blob_client("one.vhd")
        blob.create_page_blob(PAGES, metadata={"name": "jammy"})
        blob.upload_page(b"x" * 512, offset=512, length=512)
        self.assertEqual([512], [one.start for one in blob.list_page_ranges()])
        self.assertEqual("jammy", blob.get_blob_properties().metadata["name"])
        snapshot = blob.create_snapshot()
        blob.upload_page(b"y" * 512, offset=512, length=512)
        self.assertEqual(
            b"x" * 512,
            container.get_blob_client("one.vhd", snapshot=snapshot["snapshot"]).download_blob(512, 512).readall(),
        )
        sas = generate_blob_sas(
            "first",
            "stemcell",
            "one.vhd",
            account_key=blobs.credential.account_key,
            permission="r",
            expiry=datetime.now(UTC) + timedelta(hours=1),
        )
        # Another account is made while the first is in use.
        other = self.blobs("second").create_container("stemcell").get_blob_client("copy.vhd")
        other.start_copy_from_url(f"{blob.url}?{sas}")
        self.assertEqual(b"y" * 512, other.download_blob(512, 512).readall())
        self.assertEqual(["one.vhd"], [one.name for one in container.list_blobs()])

    def test_what_azure_refuses(self) -> None:
        blobs = self.blobs("first")
        blob = blobs.create_container("con").get_blob_client("b")
        blob.create_page_blob(2 * PAGES)
        blob.upload_page(b"x" * PAGES, offset=0, length=PAGES)
        with self.assertRaises(HttpResponseError) as refused:
            blob.upload_page(b"x" * (PAGES + 512), offset=0, length=PAGES + 512)
        self.assertEqual((413, "RequestBodyTooLarge"), (refused.exception.status_code, refused.exception.error_code))
        stranger = BlobClient(
            blobs.url.replace("first", "nobody"),
            "con",
            "b",
            credential={"account_name": "nobody", "account_key": blobs.credential.account_key},
            retry_total=0,
        )
        with stranger, self.assertRaises(ResourceNotFoundError):
            stranger.get_blob_properties()
        thief = BlobServiceClient(blobs.url, {"account_name": "first", "account_key": "d3Jvbmc="}, retry_total=0)
        with thief, self.assertRaises(HttpResponseError) as refused:
            thief.create_container("mine")
        self.assertEqual(403, refused.exception.status_code)

    def test_rows(self) -> None:
        _, url, key = self.account("first")
        with TableServiceClient(
            url.rstrip("/"), credential=AzureNamedKeyCredential("first", key), retry_total=0
        ) as service:
            table = service.create_table("stemcells")
            table.create_entity({"PartitionKey": "stemcell", "RowKey": "account", "Status": "pending"})
            table.update_entity({"PartitionKey": "stemcell", "RowKey": "account", "Status": "success"})
            found = list(table.query_entities("PartitionKey eq 'stemcell'"))
            self.assertEqual(["success"], [row["Status"] for row in found])
            table.delete_entity("stemcell", "account")

    def test_a_disk_is_uploaded(self) -> None:
        path, size = "g/providers/Microsoft.Compute/disks/d", (20 << 20) + 512
        made = self.emulator.done(
            "PUT",
            path,
            "2023-10-02",
            {"location": "eastus", "properties": {"creationData": {"createOption": "Upload", "uploadSizeBytes": size}}},
        )
        self.assertEqual(("ReadyToUpload", 1), (made["properties"]["diskState"], made["properties"]["diskSizeGB"]))
        answer = self.emulator.call(
            "POST", f"{path}/beginGetAccess", "2023-10-02", {"access": "Write", "durationInSeconds": 600}
        )
        self.assertEqual("Succeeded", self.emulator.wait(answer)["status"])
        url = self.emulator.call("GET", answer.headers["Location"], "").json()["accessSAS"]
        with BlobClient.from_blob_url(url, retry_total=0) as blob:
            self.assertEqual(size, blob.get_blob_properties().size)
            blob.upload_page(b"x" * PAGES, offset=0, length=PAGES)
            self.assertEqual(b"x" * 512, blob.download_blob(0, 512).readall())
        self.emulator.wait(self.emulator.call("POST", f"{path}/endGetAccess", "2023-10-02"))
        state = self.emulator.call("GET", path, "2023-10-02").json()["properties"]["diskState"]
        self.assertEqual("Unattached", state)

    def test_an_account_made_anew_is_empty(self) -> None:
        first = self.blobs("first").create_container("con")
        first.get_blob_client("b").create_page_blob(512)
        self.emulator.done("DELETE", "g/providers/Microsoft.Storage/storageAccounts/first", STORAGE)
        self.assertEqual([], list(self.blobs("first").list_containers()))

    def test_failures_and_the_record(self) -> None:
        blobs = self.blobs("first")
        container = blobs.create_container("con")
        self.emulator.control(
            "POST", "faults", {"method": "PUT", "path": "/first/con/b", "status": 503, "code": "ServerBusy"}
        )
        with self.assertRaises(HttpResponseError) as refused:
            container.get_blob_client("b").create_page_blob(512)
        self.assertEqual((503, "ServerBusy"), (refused.exception.status_code, refused.exception.error_code))
        container.get_blob_client("b").create_page_blob(512)
        record = [
            (one["method"], one["status"])
            for one in self.emulator.control("GET", "requests")
            if one["service"] == "blob"
        ]
        self.assertEqual([("PUT", 201), ("PUT", 503), ("PUT", 201)], record)
