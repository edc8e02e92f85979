"""The disks of a VM: those made with it, those attached and detached."""

from __future__ import annotations

from ..cloud import Cloud, members, zones_of
from ..errors import ArmError, bad_parameter, conflict
from ..ids import ResourceId, same
from ..operations import now
from ..store import Body, Entry
from .base import fill
from .disk_users import disk_id, disks_of, is_detaching, owner
from .sizes import Size
from .vm_checks import Image

_PREMIUM = ("Premium_LRS", "Premium_ZRS", "PremiumV2_LRS", "UltraSSD_LRS")
_UNCACHED = ("PremiumV2_LRS", "UltraSSD_LRS")


def complete(cloud: Cloud, rid: ResourceId, body: Body, size: Size, image: Image | None, old: Entry | None) -> None:
    """Checks the storage profile and fills in what the service decides."""
    profile = body["properties"].get("storageProfile")
    if not profile or not profile.get("osDisk"):
        raise bad_parameter("storageProfile", "Required parameter 'storageProfile.osDisk' is missing (null).")
    profile["dataDisks"] = [disk for disk in members(profile, "dataDisks") if not disk.get("toBeDetached")]
    if not old:
        _complete_os_disk(cloud, rid, body, profile["osDisk"], size, image)
    if len(profile["dataDisks"]) > size.disks:
        raise conflict(
            f"The maximum number of data disks allowed to be attached to a VM of this size is {size.disks}.",
            "dataDisks",
        )
    luns: set[int] = set()
    for disk in profile["dataDisks"]:
        if disk["lun"] in luns or not 0 <= disk["lun"] < size.disks:
            raise bad_parameter(
                "dataDisk.lun",
                f"The value '{disk['lun']}' of parameter 'dataDisk.lun' is used twice or out of "
                f"range. It is 0 to {size.disks - 1} for the size {size.name}.",
            )
        luns.add(disk["lun"])
        _complete_data_disk(cloud, rid, body, disk, old)
        _check_type(body, disk, size)


def _complete_os_disk(cloud: Cloud, rid: ResourceId, body: Body, disk: Body, size: Size, image: Image | None) -> None:
    fill(
        disk,
        name=f"{rid.name}_OsDisk_1_{cloud.guid().replace('-', '')}",
        deleteOption="Detach",
        osType=image.os if image else "Linux",
        caching="ReadWrite" if image else "None",
    )
    if disk["createOption"] == "FromImage" and not image and "image" not in disk:
        raise bad_parameter("imageReference", "Required parameter 'imageReference' is missing (null).")
    if "vhd" in disk:
        return
    smallest = image.size if image else 3
    fill(disk, diskSizeGB=smallest)
    if disk["diskSizeGB"] < smallest:
        raise bad_parameter(
            "osDisk.diskSizeGB",
            f"The specified disk size {disk['diskSizeGB']} GB is smaller than the size of the "
            f"corresponding disk in the VM image: {smallest} GB. This is not allowed. Please choose equal or "
            "greater size or do not specify an explicit size.",
        )
    local = disk.get("diffDiskSettings")
    if local and (disk["caching"] != "ReadOnly" or disk["diskSizeGB"] > size.local):
        raise bad_parameter(
            "osDisk.diffDiskSettings",
            f"OS disk of Ephemeral VM with size greater than {size.local} GB, or with "
            f"other caching than ReadOnly, is not allowed for VM size {size.name} when the DiffDiskPlacement is "
            f"{local.get('placement', 'CacheDisk')}.",
        )
    fill(disk, managedDisk={})
    _check_encryption(cloud, disk)
    if disk["createOption"] == "Attach":
        _attach(cloud, body, disk, None)
    else:
        _new(
            cloud,
            rid,
            disk,
            "Standard_LRS"
            if local
            else (image.storage if image else None) or ("Premium_LRS" if size.premium else "Standard_LRS"),
        )
    _check_type(body, disk, size)


def _complete_data_disk(cloud: Cloud, rid: ResourceId, body: Body, disk: Body, old: Entry | None) -> None:
    fill(disk, deleteOption="Detach", toBeDetached=False, caching="None")
    if "vhd" in disk:
        return
    fill(disk, managedDisk={})
    _check_encryption(cloud, disk)
    before = (
        next((one for one in disks_of(old.body) if disk_id(disk) and same(disk_id(one), disk_id(disk))), None)
        if old
        else None
    )
    if not before and old and disk["createOption"] != "Attach":
        before = next((one for one in disks_of(old.body) if one.get("name") == disk.get("name")), None)
    if before:
        disk["managedDisk"] = {**before["managedDisk"], **disk["managedDisk"]}
        fill(disk, name=before["name"], diskSizeGB=before.get("diskSizeGB"))
    elif disk["createOption"] == "Attach":
        _attach(cloud, body, disk, old)
    else:
        if disk["createOption"] == "Empty" and not disk.get("diskSizeGB"):
            raise bad_parameter("dataDisk.diskSizeGB", "Required parameter 'dataDisk.diskSizeGB' is missing (null).")
        fill(disk, name=f"{rid.name}_DataDisk_{disk['lun']}")
        _new(cloud, rid, disk, "Standard_LRS")


def _attach(cloud: Cloud, body: Body, disk: Body, old: Entry | None) -> None:
    if not disk_id(disk):
        raise bad_parameter(
            "dataDisk.managedDisk.id", "Required parameter 'dataDisk.managedDisk.id' is missing (null)."
        )
    found = cloud.store.get(disk_id(disk))
    if not found:
        raise ArmError(404, "NotFound", f"Disk {disk_id(disk)} is not found.", "dataDisk.managedDisk.id")
    user = owner(cloud, found.id)
    if user and is_detaching(user, found.id):
        raise ArmError(
            409,
            "AttachDiskWhileBeingDetached",
            f"Cannot attach data disk '{found.body['name']}' to VM "
            f"'{body['name']}' because the disk is currently being detached or the last detach operation failed. "
            "Please wait until the disk is completely detached and then try again or delete/detach the disk "
            "explicitly again.",
            "dataDisk.managedDisk.id",
        )
    if user and not same(user.id, body["id"]):
        raise ArmError(
            409,
            "ConflictingUserInput",
            f"Disk '{found.id}' cannot be attached as the disk is already owned by VM '{user.id}'.",
            found.id,
        )
    if found.state not in ("Succeeded", "Updating"):
        raise conflict(
            f"Disk '{found.id}' cannot be attached: its provisioning state is {found.state}.", "dataDisk.managedDisk.id"
        )
    if found.body["location"] != body["location"]:
        raise bad_parameter(
            "dataDisk.managedDisk.id",
            f"Disk {found.id} is in '{found.body['location']}', not in the location '{body['location']}' of the VM.",
        )
    _check_zone(body, found)
    if disk.get("name") and disk["name"].lower() != found.body["name"].lower():
        raise bad_parameter("dataDisk.name", f"The name '{disk['name']}' is not that of the disk {found.id}.")
    disk["name"] = found.body["name"]
    disk["managedDisk"].update(id=found.id, storageAccountType=found.body["sku"]["name"])
    disk["diskSizeGB"] = found.properties["diskSizeGB"]


def _check_zone(body: Body, disk: Entry) -> None:
    if disk.body["sku"]["name"].endswith("_ZRS") or zones_of(disk.body) == zones_of(body):
        return
    where = f"zone '{next(iter(zones_of(body)))}'" if zones_of(body) else "the region without a zone, like the VM"
    raise ArmError(
        400,
        "BadRequest",
        f"Disk {disk.body['name']} cannot be attached to the VM because it is not in {where}.",
        "dataDisk.managedDisk.id",
    )


def _new(cloud: Cloud, rid: ResourceId, disk: Body, kind: str) -> None:
    """Promises a disk that `create_missing` will make."""
    fill(disk["managedDisk"], storageAccountType=kind)
    disk["managedDisk"]["id"] = f"{rid.group_id}/providers/Microsoft.Compute/disks/{disk['name']}"
    if cloud.store.get(disk["managedDisk"]["id"]):
        raise ArmError(
            409,
            "ConflictingUserInput",
            f"Disk {disk['name']} already exists in resource group {rid.group}. Only CreateOption.Attach is supported.",
            "disk.name",
        )


def _check_type(body: Body, disk: Body, size: Size) -> None:
    if "vhd" in disk:
        return
    kind = disk["managedDisk"].get("storageAccountType")
    if kind in _PREMIUM and not size.premium:
        raise bad_parameter(
            "osDisk.managedDisk.storageAccountType",
            "Requested operation cannot be performed because the VM size "
            f"{size.name} does not support the storage account type {kind} of disk '{disk['name']}'. Consider "
            "updating the VM to a size that supports Premium storage.",
        )
    if kind in _UNCACHED and disk["caching"] != "None":
        raise bad_parameter(
            "dataDisk.caching",
            f"Disk '{disk['name']}' with storage account type {kind} has caching "
            f"{disk['caching']}; only None is supported.",
        )
    has_ultra = (body["properties"].get("additionalCapabilities") or {}).get("ultraSSDEnabled")
    if kind == "UltraSSD_LRS" and not has_ultra:
        raise bad_parameter(
            "managedDisk.storageAccountType",
            "StorageAccountType UltraSSD_LRS can be used only when additionalCapabilities.ultraSSDEnabled is set.",
        )


def _check_encryption(cloud: Cloud, disk: Body) -> None:
    wanted = (disk["managedDisk"].get("diskEncryptionSet") or {}).get("id")
    if wanted:
        cloud.expect(wanted, "managedDisk.diskEncryptionSet.id")


def create_missing(cloud: Cloud, vm: Entry) -> None:
    """Makes the disks that the model promises and that are not there yet."""
    for disk in disks_of(vm.body):
        if not disk_id(disk) or cloud.store.get(disk_id(disk)):
            continue
        is_os = disk is vm.properties["storageProfile"]["osDisk"]
        kind, size = disk["managedDisk"]["storageAccountType"], disk["diskSizeGB"]
        source: Body = {"createOption": disk["createOption"]}
        image = vm.properties["storageProfile"].get("imageReference") or {}
        if is_os and image.get("id"):
            source["imageReference" if "/galleries/" not in image["id"] else "galleryImageReference"] = {
                "id": image["id"]
            }
        encryption = disk["managedDisk"].get("diskEncryptionSet")
        body: Body = {
            "id": disk_id(disk),
            "name": disk["name"],
            "type": "Microsoft.Compute/disks",
            "location": vm.body["location"],
            "sku": {"name": kind, "tier": kind.split("_")[0]},
            "properties": {
                "creationData": source,
                "diskSizeGB": size,
                "diskSizeBytes": size << 30,
                "timeCreated": now(),
                "uniqueId": cloud.guid(),
                "provisioningState": "Succeeded",
                "networkAccessPolicy": "AllowAll",
                "publicNetworkAccess": "Enabled",
                "diskIOPSReadWrite": 500,
                "diskMBpsReadWrite": 60,
                "encryption": {"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": encryption["id"]}
                if encryption
                else {"type": "EncryptionAtRestWithPlatformKey"},
            },
        }
        if is_os:
            body["properties"]["osType"] = disk["osType"]
        if vm.body.get("zones"):
            body["zones"] = vm.body["zones"]
        cloud.store.put(body, {"local": "diffDiskSettings" in disk})


def remove_marked(cloud: Cloud, vm: Entry) -> None:
    """Deletes the disks that go with their VM."""
    for disk in disks_of(vm.body):
        if disk_id(disk) and (disk.get("deleteOption") == "Delete" or "diffDiskSettings" in disk):
            cloud.store.remove(str(disk_id(disk)))
