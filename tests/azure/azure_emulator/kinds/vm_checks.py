"""What the compute provider refuses in the model of a VM, apart from its disks and interfaces."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any

from ..cloud import Cloud, members, zones_of
from ..errors import ArmError, bad_parameter, conflict
from ..ids import ResourceId, reference, same
from ..store import Body, Entry
from . import marketplace, sizes
from .sizes import Size

_FIXED = (
    ("availabilitySet", "id"),
    ("osProfile", "computerName"),
    ("osProfile", "adminUsername"),
    ("storageProfile", "imageReference"),
)
_RESERVED_NAMES = {
    "admin",
    "administrator",
    "root",
    "guest",
    "user",
    "user1",
    "test",
    "test1",
    "a",
    "actuser",
    "adm",
    "console",
    "david",
    "john",
    "owner",
    "server",
    "sql",
    "support",
    "sys",
    "video",
}
_LONGEST_CUSTOM_DATA = 87380


@dataclass(frozen=True)
class Image:
    """What an image says about the VMs made from it."""

    os: str
    size: int
    generation: str = "V1"
    architecture: str = "x64"
    plan: str | None = None
    storage: str | None = None


def check_change(body: Body, old: Entry) -> None:
    """Refuses to change what is decided when a VM is made."""
    for profile, name in _FIXED:
        before, after = (_given((one["properties"].get(profile) or {}).get(name)) for one in (old.body, body))
        if before != after and not same(before, after):
            raise _fixed(f"{profile}.{name}" if profile != "storageProfile" else name)
    if (body["properties"].get("osProfile") or {}).get("customData"):
        raise _fixed("osProfile.customData")
    if zones_of(body) != zones_of(old.body):
        raise _fixed("zones")
    body["properties"]["storageProfile"].update(
        {name: value for name, value in old.properties["storageProfile"].items() if name == "imageReference"}
    )
    before, after = (one["properties"]["storageProfile"].get("osDisk") or {} for one in (old.body, body))
    if before.get("name") != after.get("name"):
        raise _fixed("osDisk.name")


def _given(value: Any) -> Any:
    """Without what the service has added to the reference of an image."""
    return {name: one for name, one in value.items() if name != "exactVersion"} if isinstance(value, dict) else value


def _fixed(name: str) -> ArmError:
    return ArmError(409, "PropertyChangeNotAllowed", f"Changing property '{name}' is not allowed.", name)


def check_size(cloud: Cloud, body: Body, old: Entry | None) -> Size:
    name = (body["properties"].get("hardwareProfile") or {}).get("vmSize")
    if not name:
        raise bad_parameter("vmSize", "Required parameter 'vmSize' is missing (null).")
    size = sizes.SIZES.get(name.lower())
    if not size:
        raise bad_parameter(
            "vmSize",
            f"The value {name} provided for the VM size is not valid. The valid sizes in the current "
            f"region are: {','.join(one.name for one in sizes.SIZES.values())}. Find out more on the valid VM "
            "sizes in each region at https://aka.ms/azure-regionservices.",
        )
    if old and same(old.properties["hardwareProfile"]["vmSize"], name):
        return size
    if name.lower() in {one.lower() for one in cloud.settings.unavailable_sizes}:
        raise ArmError(
            409,
            "SkuNotAvailable",
            f"The requested VM size for resource 'Following SKUs have failed for Capacity "
            f"Restrictions: {name}' is currently not available in location '{body['location']}'. Please try another "
            "size or deploy to a different location or different zone. See https://aka.ms/azureskunotavailable for "
            "details.",
        )
    used = sizes.cores_in_use(cloud, body["location"])
    if used + size.cores > cloud.settings.cores:
        raise conflict(
            "Operation could not be completed as it results in exceeding approved Total Regional Cores quota. "
            f"Additional details - Deployment Model: Resource Manager, Location: {body['location']}, Current Limit: "
            f"{cloud.settings.cores}, Current Usage: {used}, Additional Required: {size.cores}, (Minimum) New Limit "
            f"Required: {used + size.cores}."
        )
    return size


def image_of(cloud: Cloud, body: Body) -> Image | None:
    """The image that a new VM is made from; nothing where its OS disk is attached or comes from a blob."""
    found = (body["properties"].get("storageProfile") or {}).get("imageReference")
    if not found:
        return None
    if found.get("id"):
        return _own_image(cloud, found["id"], body["location"])
    names = [found.get(name) for name in ("publisher", "offer", "sku", "version")]
    offered = marketplace.find(cloud, *map(str, names)) if all(names) else None
    if not offered:
        raise ArmError(
            404,
            "PlatformImageNotFound",
            f"The platform image '{':'.join(str(name) for name in names)}' is not "
            "available. Verify that all fields in the storage profile are correct. For more details about storage "
            "profile information, please refer to https://aka.ms/storageprofile",
            "imageReference",
        )
    found["exactVersion"] = offered[0]
    return Image("Linux", 30, "V2" if "gen2" in str(names[2]) else "V1", plan=offered[1])


def _own_image(cloud: Cloud, image_id: str, location: str) -> Image:
    entry = cloud.store.get(image_id)
    rid = ResourceId.parse(image_id)
    if not entry or not rid:
        raise ArmError(
            404,
            "NotFound" if "/galleries/" not in image_id else "GalleryImageNotFound",
            f"The image {image_id} is not available in {location} region. Please contact image owner to replicate to "
            "this region, or change your requested region.",
            "imageReference",
        )
    if rid.kind == "microsoft.compute/images":
        if entry.body["location"] != location:
            raise bad_parameter(
                "imageReference",
                f"The image {image_id} is in '{entry.body['location']}', not in the location '{location}' of the VM.",
            )
        disk = entry.properties["storageProfile"]["osDisk"]
        return Image(
            disk["osType"],
            disk.get("diskSizeGB") or 3,
            entry.properties.get("hyperVGeneration") or "V1",
            storage=disk.get("storageAccountType"),
        )
    definition = cloud.store.get(str(rid.parent)) if rid.kind.endswith("/versions") else entry
    regions = {region["name"] for region in members(entry.properties, "publishingProfile", "targetRegions")}
    if not definition or (regions and location not in regions) or entry.state != "Succeeded":
        raise ArmError(
            404,
            "GalleryImageNotFound",
            f"The gallery image {image_id} is not available in {location} region. Please "
            "contact image owner to replicate to this region, or change your requested region.",
            "imageReference",
        )
    size = ((entry.properties.get("storageProfile") or {}).get("osDiskImage") or {}).get("sizeInGB") or 3
    return Image(
        definition.properties["osType"],
        size,
        definition.properties.get("hyperVGeneration", "V1"),
        definition.properties.get("architecture", "x64"),
    )


def check_placement(cloud: Cloud, body: Body, size: Size, image: Image | None) -> None:
    own, zones = body["properties"], zones_of(body)
    availability = reference(own.get("availabilitySet"))
    if zones and availability:
        raise ArmError(
            400,
            "BadRequest",
            "Virtual Machine cannot be created because both Availability Zone and Availability Set "
            "were specified. Deploying an Availability Set to an Availability Zone isn't supported.",
        )
    if len(zones) > 1 or (zones and not size.zonal):
        raise bad_parameter("zones", f"The zones {sorted(zones)} are not possible for a VM of size {size.name}.")
    if availability:
        found = cloud.expect(availability, "availabilitySet.id")
        if found.body["location"] != body["location"]:
            raise bad_parameter(
                "availabilitySet.id",
                f"The availability set {availability} is in '{found.body['location']}', not "
                f"in the location '{body['location']}' of the VM.",
            )
        is_managed = "vhd" not in ((own.get("storageProfile") or {}).get("osDisk") or {})
        if is_managed != (found.body["sku"]["name"] == "Aligned"):
            raise conflict(
                "Addition of a VM with managed disks to non-managed Availability Set or addition of a VM with blob "
                "based disks to managed Availability Set is not supported. Please change the 'managed' property of "
                "the Availability Set in order to add a VM with managed disks to it.",
                "availabilitySet",
            )
    for target, value in (
        ("proximityPlacementGroup.id", own.get("proximityPlacementGroup")),
        (
            "capacityReservation.capacityReservationGroup.id",
            (own.get("capacityReservation") or {}).get("capacityReservationGroup"),
        ),
    ):
        if reference(value):
            cloud.expect(reference(value), target)
    _check_host(cloud, body)
    if image and image.generation not in size.generations:
        raise ArmError(
            400,
            "BadRequest",
            f"The selected VM size '{size.name}' cannot boot Hypervisor Generation "
            f"'{image.generation[1:]}'. If this was a Create operation please check that the Hypervisor Generation of "
            "the Image matches the Hypervisor Generation of the selected VM Size.",
        )
    if image and (image.architecture == "Arm64") != size.arm:
        raise ArmError(
            400,
            "BadRequest",
            f"Cannot create a VM of size '{size.name}' because this VM size only supports a CPU "
            f"Architecture of '{'Arm64' if size.arm else 'x64'}', but an image or disk with CPU Architecture "
            f"'{image.architecture}' was given.",
        )
    if image:
        _check_plan(body, image)


def _check_host(cloud: Cloud, body: Body) -> None:
    own = body["properties"]
    host, group = reference(own.get("host")), reference(own.get("hostGroup"))
    if not host and not group:
        return
    if host and group:
        raise bad_parameter("hostGroup", "A virtual machine cannot have both 'host' and 'hostGroup'.")
    if own.get("availabilitySet"):
        raise bad_parameter("host", "Dedicated hosts are not supported for virtual machines in availability sets.")
    found = cloud.expect(host or group, "host.id" if host else "hostGroup.id")
    hosts = cloud.expect(found.id.rsplit("/hosts/", 1)[0], "host.id") if host else found
    if hosts.body.get("zones") and zones_of(hosts.body) != zones_of(body):
        raise bad_parameter("zones", f"The virtual machine has to be in the zone of the host group {hosts.id}.")
    if group and not hosts.properties["supportAutomaticPlacement"]:
        raise bad_parameter("hostGroup.id", f"Automatic placement is not enabled for the host group {group}.")


def _check_plan(body: Body, image: Image) -> None:
    given = (body.get("plan") or {}).get("name")
    if image.plan and not given:
        raise ArmError(
            400,
            "VMMarketplaceInvalidInput",
            "Creating a virtual machine from Marketplace image or a custom image "
            f"sourced from a Marketplace image requires Plan information in the request. VM: '{body['id']}'.",
        )
    if given != image.plan:
        raise ArmError(
            400,
            "VMMarketplaceInvalidInput",
            "Unable to deploy from the Marketplace image or a custom image sourced "
            "from Marketplace image. The part number in the purchase information for VM "
            f"'{body['id']}' is not as expected. Beware that the Plan object's properties are case-sensitive.",
        )


def check_login(own: Body, image: Image | None, old: Entry | None) -> None:
    """Name, user and keys of a new VM, and the data for its first boot."""
    profile = own.get("osProfile")
    if old:
        return
    if not profile:
        if image:
            raise bad_parameter("osProfile", "Required parameter 'osProfile' is missing (null).")
        return
    for name in ("computerName", "adminUsername"):
        if not profile.get(name):
            raise bad_parameter(name, f"Required parameter '{name}' is missing (null).")
    is_windows = bool(image and image.os == "Windows")
    longest = 15 if is_windows else 64
    if len(profile["computerName"]) > longest or not re.fullmatch(
        r"[A-Za-z0-9][A-Za-z0-9.-]*", profile["computerName"]
    ):
        raise bad_parameter(
            "computerName",
            f"{'Windows' if is_windows else 'Linux'} host name '{profile['computerName']}' cannot "
            f"exceed {longest} characters in length or contain other characters than letters, digits, '.' and '-'.",
        )
    if profile["adminUsername"].lower() in _RESERVED_NAMES:
        raise bad_parameter("adminUsername", "The Admin Username specified is not allowed.")
    _check_custom_data(profile.get("customData"))
    if is_windows:
        if len(profile.get("adminPassword") or "") < 12:
            raise bad_parameter(
                "adminPassword",
                "The supplied password must be between 8-123 characters long and must satisfy at "
                "least 3 of password complexity requirements.",
            )
    else:
        _check_linux(profile)


def _check_linux(profile: Body) -> None:
    linux = profile.setdefault("linuxConfiguration", {})
    keys = list(members(linux, "ssh", "publicKeys"))
    if not keys and not profile.get("adminPassword"):
        raise bad_parameter(
            "linuxConfiguration",
            "Authentication using either SSH or by user name and password must be enabled in Linux profile.",
        )
    home = f"/home/{profile['adminUsername']}/.ssh/authorized_keys"
    for key in keys:
        if key.get("path") != home:
            raise bad_parameter(
                "linuxConfiguration.ssh.publicKeys.path",
                "Destination path for SSH public keys is currently "
                f"limited to its default value {home} due to a known issue in Linux provisioning agent.",
            )
        if not re.match(r"ssh-(rsa|ed25519) \S", key.get("keyData") or ""):
            raise bad_parameter(
                "linuxConfiguration.ssh.publicKeys.keyData",
                "The value of parameter linuxConfiguration.ssh.publicKeys.keyData is invalid.",
            )
    for name, value in (
        ("disablePasswordAuthentication", bool(keys) and not profile.get("adminPassword")),
        ("provisionVMAgent", True),
    ):
        linux.setdefault(name, value)
    for name, default in (("secrets", []), ("allowExtensionOperations", True)):
        profile.setdefault(name, default)


def _check_custom_data(value: Any) -> None:
    try:
        is_fine = value is None or (
            len(value) <= _LONGEST_CUSTOM_DATA and base64.b64decode(value, validate=True) is not None
        )
    except binascii.Error:
        is_fine = False
    if not is_fine:
        raise bad_parameter(
            "customData",
            "Custom data in OSProfile must be in Base64 encoding and with a maximum length of "
            f"{_LONGEST_CUSTOM_DATA} characters.",
        )
