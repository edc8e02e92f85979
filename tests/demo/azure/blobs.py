"""The operator's storage account, in azurite, and the stemcell that comes into it."""

from __future__ import annotations

import gzip
import os
import shutil
import struct
import tarfile
import time
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

from azure.storage.blob import BlobServiceClient
from azure_tests.running import HOME, Emulator

ACCOUNT, CONTAINER = "boshdemo", "stemcell"
PACKAGES = HOME / "npm"
NO_AZURITE = "without Node.js there is no azurite to keep it (make azure); an image of the Ruby CPI serves"
_MIB = 1 << 20
_DISK_MIB = 16
_VERSION = "2023-05-01"


def there_is_azurite() -> bool:
    return shutil.which("node") is not None and (PACKAGES / "node_modules/azurite").is_dir()


class Blobs:
    """Makes the account, and looks into it with Azure's own SDK."""

    def __init__(self, emulator: Emulator, group: str, region: str) -> None:
        path = f"{group}/providers/Microsoft.Storage/storageAccounts/{ACCOUNT}"
        body = {"location": region, "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
        account = emulator.done("PUT", path, _VERSION, body)
        key = emulator.call("POST", f"{path}/listKeys", _VERSION).json()["keys"][0]["value"]
        at = account["properties"]["primaryEndpoints"]
        self.key = key
        # What an operator writes whose storage is not where Azure has it.
        self.endpoints = {"storage": at["blob"].replace(f"/{ACCOUNT}/", "/{account}"),
                          "table": at["table"].replace(f"/{ACCOUNT}/", "/{account}")}
        self._service = BlobServiceClient(at["blob"].rstrip("/"), {"account_name": ACCOUNT, "account_key": key})
        self.names()  # The first question starts azurite, and no call shall wait for that.

    def names(self) -> list[str]:
        container = self._service.get_container_client(CONTAINER)
        return [blob.name for blob in container.list_blobs()] if container.exists() else []

    def found(self, name: str) -> tuple[str, dict[str, str]]:
        """SHA-256 of its content, and its metadata."""
        blob = self._service.get_blob_client(CONTAINER, name)
        return sha256(blob.download_blob().readall()).hexdigest(), blob.get_blob_properties().metadata


class Image:
    """A stemcell's image: an archive with `root.vhd`, a fixed VHD that is nearly empty."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "image"
        disk = folder / "root.vhd"
        with disk.open("wb") as file:
            for mib in (0, 5, _DISK_MIB - 1):
                file.seek(mib * _MIB)
                file.write(os.urandom(64 * 1024))
            file.truncate(_DISK_MIB * _MIB)
            file.seek(_DISK_MIB * _MIB)
            file.write(_footer(_DISK_MIB * _MIB))
        self.size = disk.stat().st_size
        self.sha256 = sha256(disk.read_bytes()).hexdigest()
        with gzip.open(self.path, "wb", compresslevel=1) as packed, tarfile.open(fileobj=packed, mode="w") as archive:
            archive.add(disk, "root.vhd")
        disk.unlink()


def _footer(size: int) -> bytes:
    """The last 512 bytes of a fixed VHD."""
    since_2000 = int(time.time()) - 946728000
    geometry = struct.pack(">HBB", size // 512 // (16 * 63), 16, 63)
    fields: list[Any] = [b"conectix", 2, 0x10000, 0xFFFFFFFFFFFFFFFF, since_2000, b"demo", 0x10000, b"Wi2k", size, size]
    head = struct.pack(">8sIIQI4sI4sQQ", *fields) + geometry + struct.pack(">I", 2)
    rest = uuid4().bytes + bytes(1)
    checksum = ~(sum(head) + sum(rest)) & 0xFFFFFFFF
    return (head + struct.pack(">I", checksum) + rest).ljust(512, b"\0")
