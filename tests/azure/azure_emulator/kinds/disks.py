"""Managed disks."""

from __future__ import annotations

from ..cloud import Cloud
from ..errors import ArmError, bad_parameter, conflict
from ..ids import ResourceId
from ..operations import now
from ..store import Body, Entry
from . import disk_access
from .base import Kind, Style, fill, properties, sku_name
from .disk_users import owner

TYPES = (
    "Standard_LRS",
    "Premium_LRS",
    "StandardSSD_LRS",
    "UltraSSD_LRS",
    "Premium_ZRS",
    "StandardSSD_ZRS",
    "PremiumV2_LRS",
)
# Disks whose speed may be chosen; others have it by their size.
TUNABLE = ("UltraSSD_LRS", "PremiumV2_LRS")
_SOURCES = {
    "Copy": "sourceResourceId",
    "Import": "sourceUri",
    "Upload": "uploadSizeBytes",
    "Restore": "sourceResourceId",
}


class Disks(Kind):
    type = "Microsoft.Compute/disks"
    style = Style(created=202, updated=202, patched=202, location=True)
    actions = {"POST beginGetAccess": disk_access.begin, "POST endGetAccess": disk_access.end}

    def build(self, cloud: Cloud, rid: ResourceId, body: Body, old: Entry | None) -> Body:
        own = properties(body)
        fill(body, sku=old.body["sku"] if old else {"name": "Standard_LRS"})
        sku = sku_name(body, TYPES)
        body["sku"] = {"name": sku, "tier": "Ultra" if sku.startswith("Ultra") else sku.split("_")[0]}
        if old:
            self._check_change(cloud, body, old)
        self._fill_from_source(cloud, body, old)
        self._check_size(own, old)
        self._check_speed(body, own, old)
        _check_encryption(cloud, own, body["location"])
        fill(
            own,
            encryption={"type": "EncryptionAtRestWithPlatformKey"},
            networkAccessPolicy="AllowAll",
            publicNetworkAccess="Enabled",
            timeCreated=now(),
            uniqueId=cloud.guid(),
        )
        own["diskSizeBytes"] = own["diskSizeGB"] << 30
        return body

    def _check_change(self, cloud: Cloud, body: Body, old: Entry) -> None:
        before, after = old.body["sku"]["name"], body["sku"]["name"]
        vm = owner(cloud, old.id)
        if before != after and (set(TUNABLE) & {before, after} or before.endswith("ZRS") != after.endswith("ZRS")):
            raise ArmError(
                400,
                "BadRequest",
                f"Changing a disk's account type from '{before}' to '{after}' is not supported.",
                "sku.name",
            )
        if before != after and vm and vm.hidden.get("power") != "deallocated":
            raise conflict(
                f"Changing the account type of disk {old.body['name']} is not allowed while it is attached to "
                f"the running VM '{vm.id}'.",
                "sku.name",
            )
        if body.get("zones", []) != old.body.get("zones", []):
            raise ArmError(409, "PropertyChangeNotAllowed", "Changing property 'zones' is not allowed.", "zones")

    def _fill_from_source(self, cloud: Cloud, body: Body, old: Entry | None) -> None:
        own = properties(body)
        if old:
            fill(own, **old.properties)
            return
        data = own.get("creationData")
        if not data:
            raise bad_parameter("disk.creationData", "Required parameter 'disk.creationData' is missing (null).")
        option = data["createOption"]
        if option in _SOURCES and data.get(_SOURCES[option]) is None:
            raise bad_parameter(
                f"disk.creationData.{_SOURCES[option]}",
                f"Required parameter 'disk.creationData.{_SOURCES[option]}' is missing (null).",
            )
        if option == "Upload":
            own["diskSizeGB"] = -(-_uploaded(data["uploadSizeBytes"]) // (1 << 30))
        if option == "Import":
            _check_blob(cloud, data)
            fill(own, diskSizeGB=4)
        if option in ("Copy", "Restore"):
            source = cloud.expect(data["sourceResourceId"], "disk.creationData.sourceResourceId")
            if source.body["location"] != body["location"]:
                raise bad_parameter(
                    "disk.creationData.sourceResourceId",
                    f"The source {source.id} is not in the location '{body['location']}' of the disk.",
                )
            fill(own, diskSizeGB=source.properties["diskSizeGB"])
            if own["diskSizeGB"] < source.properties["diskSizeGB"]:
                raise bad_parameter("disk.diskSizeGB", "The disk cannot be smaller than its source.")
            data["sourceUniqueId"] = source.properties.get("uniqueId")

    def _check_size(self, own: Body, old: Entry | None) -> None:
        size = own.get("diskSizeGB")
        if not size:
            raise bad_parameter("disk.diskSizeGB", "Required parameter 'disk.diskSizeGB' is missing (null).")
        if not 1 <= size <= 65536:
            raise bad_parameter(
                "disk.diskSizeGB",
                f"The value '{size}' of parameter 'disk.diskSizeGB' is out of range. Value '1' to '65536' is expected.",
            )
        if old and size < old.properties["diskSizeGB"]:
            raise ArmError(
                400,
                "ResizeDiskError",
                f"Disk size reduction is not supported. Current size is "
                f"{old.properties['diskSizeGB'] << 30} bytes, requested size is {size << 30} bytes.",
                "diskSizeGB",
            )

    def _check_speed(self, body: Body, own: Body, old: Entry | None) -> None:
        chosen = {
            name: own[name]
            for name in ("diskIOPSReadWrite", "diskMBpsReadWrite")
            if own.get(name) is not None and not (old and own[name] == old.properties.get(name))
        }
        if chosen and body["sku"]["name"] not in TUNABLE:
            name = next(iter(chosen))
            raise bad_parameter(
                name,
                f"The property '{name}' can only be set for disks with account type UltraSSD_LRS or PremiumV2_LRS.",
            )
        if own.get("tier") and not body["sku"]["name"].startswith("Premium_"):
            raise bad_parameter("tier", "The performance tier can only be set for disks with account type Premium_LRS.")
        size = own["diskSizeGB"]
        fill(own, diskIOPSReadWrite=min(20000, max(120, 5 * size)), diskMBpsReadWrite=min(900, max(25, size // 4)))

    def check_removal(self, cloud: Cloud, entry: Entry) -> None:
        vm = owner(cloud, entry.id)
        if vm:
            raise conflict(f"Disk {entry.body['name']} is attached to VM {vm.id}.")
        if entry.hidden.get("access"):
            raise conflict(f"Disk {entry.body['name']} has an active access URL. Revoke it first.")

    def view(self, cloud: Cloud, entry: Entry) -> Body:
        body = super().view(cloud, entry)
        vm = owner(cloud, entry.id)
        state = "ActiveSAS" if entry.hidden.get("access") else "Unattached"
        if entry.properties["creationData"]["createOption"] == "Upload" and not entry.hidden.get("uploaded"):
            state = "ActiveUpload" if entry.hidden.get("access") else "ReadyToUpload"
        if vm:
            body["managedBy"] = vm.id
            state = "Reserved" if vm.hidden.get("power") == "deallocated" else "Attached"
        body["properties"]["diskState"] = state
        return body


def _check_encryption(cloud: Cloud, own: Body, location: str) -> None:
    wanted = (own.get("encryption") or {}).get("diskEncryptionSetId")
    if not wanted:
        return
    found = cloud.expect(wanted, "disk.encryption.diskEncryptionSetId")
    if found.body["location"] != location:
        raise bad_parameter(
            "disk.encryption.diskEncryptionSetId",
            f"The disk encryption set {wanted} is in "
            f"'{found.body['location']}', not in the location '{location}' of the disk.",
        )


def _uploaded(size: int) -> int:
    """What is uploaded is a fixed VHD: the disk, and a footer of 512 bytes."""
    if size < (20 << 20) + 512 or size % 512:
        raise bad_parameter(
            "disk.creationData.uploadSizeBytes",
            f"The value '{size}' of parameter uploadSizeBytes is out of range "
            "or not a multiple of 512. It includes the footer of the VHD, and is 20972032 at least.",
        )
    return size - 512


def _check_blob(cloud: Cloud, data: Body) -> None:
    """A blob is imported from an account that is named, and that has it."""
    account = cloud.store.get(data.get("storageAccountId"))
    if not account:
        raise bad_parameter(
            "disk.creationData.storageAccountId",
            "Required parameter 'disk.creationData.storageAccountId' is missing (null) or names no storage account.",
        )
    blobs = account.properties["primaryEndpoints"]["blob"]
    if not data["sourceUri"].startswith(blobs):
        raise bad_parameter(
            "disk.creationData.sourceUri",
            f"The source blob {data['sourceUri']} does not belong to the "
            f"storage account {account.id}, whose blobs are at {blobs}.",
        )


KINDS = (Disks(),)
