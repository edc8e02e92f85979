"""Stemcells and storage accounts: what tests of them have in common."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path
from typing import Any

from azure.core.credentials import AzureNamedKeyCredential
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient, ContainerClient
from azure_emulator.kinds.storage_accounts import account_key

from .plugin import Plugin
from .running import SCOPE, WITH_AZURITE, needs_azurite

STORAGE = "2023-05-01"
MIB = 1 << 20
# Cloud properties as a stemcell of Ubuntu has them.
PROPERTIES: dict[str, Any] = {
    "name": "bosh-azure-hyperv-ubuntu-jammy-go_agent",
    "version": "1.500",
    "infrastructure": "azure",
    "hypervisor": "hyperv",
    "disk": "3072",
    "disk_format": "vhd",
    "container_format": "bare",
    "os_type": "linux",
    "os_distro": "ubuntu",
    "architecture": "x86_64",
    "root_device_name": "/dev/sda1",
}


def vhd(*pieces: bytes, footer: bytes = b"conectix".ljust(512, b"\1")) -> bytes:
    """Pieces of 2 MiB, and a footer."""
    return b"".join(piece.ljust(2 * MIB, b"\0") for piece in pieces) + footer


@needs_azurite
class Stemcells(Plugin):
    """An account `default1` in the location of the resource group, and a place for images."""

    options = WITH_AZURITE

    def setUp(self) -> None:
        super().setUp()
        endpoints = self.account("default1")["properties"]["primaryEndpoints"]
        self.blob_url, self.table_url = (
            endpoints[service].rstrip("/").replace("default1", "{account}") for service in ("blob", "table")
        )
        self.azure["endpoints"] |= {"storage": self.blob_url, "table": self.table_url}
        self.azure["storage_account_name"] = "default1"
        self.configure()
        self.forget()

    def account(self, name: str, location: str = "eastus", **more: Any) -> dict[str, Any]:
        body = {"location": location, "sku": {"name": "Standard_LRS"}, "kind": "StorageV2", **more}
        self.put(f"Storage/storageAccounts/{name}", STORAGE, body)
        return self.account_now(name)

    def account_now(self, name: str) -> dict[str, Any]:
        return self.get(f"Storage/storageAccounts/{name}", STORAGE)

    def archive(self, image: bytes, member: str = "root.vhd") -> Path:
        """A stemcell's image, as directors have it."""
        file = self.folder / "image"
        with gzip.open(file, "wb", compresslevel=1) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
            entry = tarfile.TarInfo(member)
            entry.size = len(image)
            tar.addfile(entry, io.BytesIO(image))
        return file

    def container(self, account: str = "default1", name: str = "stemcell") -> ContainerClient:
        credential = {"account_name": account, "account_key": account_key(account)}
        client = BlobServiceClient(self.blob_url.replace("{account}", account), credential, retry_total=0)
        self.addCleanup(client.close)
        return client.get_container_client(name)

    def blobs(self, account: str = "default1", name: str = "stemcell") -> list[str]:
        container = self.container(account, name)
        return sorted(blob.name for blob in container.list_blobs()) if container.exists() else []

    def tables(self, account: str = "default1") -> TableServiceClient:
        credential = AzureNamedKeyCredential(account, account_key(account))
        client = TableServiceClient(self.table_url.replace("{account}", account), credential=credential)
        self.addCleanup(client.close)
        return client

    def upload(self, image: bytes | None = None, **properties: Any) -> str:
        file = self.archive(image or vhd(b"x"))
        return self.cpi("create_stemcell", str(file), {**PROPERTIES, **properties})

    def source(self, blob: str, account: str = "default1") -> str:
        return f"{self.blob_url.replace('{account}', account)}/stemcell/{blob}.vhd"

    @property
    def images(self) -> str:
        return f"{SCOPE}/resourceGroups/g/providers/Microsoft.Compute/images"
