"""Virtual machines: what a PUT makes of a model, and what it does to others."""

from __future__ import annotations

import copy

from ..cloud import Cloud
from ..errors import ArmError
from ..ids import ResourceId, same
from ..operations import now
from ..store import Body, Entry
from . import vm_checks, vm_disks, vm_network, vm_power
from .base import Kind, Style, fill, properties
from .disk_users import disk_id, disks_of

# What an update may leave out, and then stays as it is.
_KEPT = (
    "hardwareProfile",
    "osProfile",
    "networkProfile",
    "diagnosticsProfile",
    "availabilitySet",
    "capacityReservation",
    "proximityPlacementGroup",
    "additionalCapabilities",
    "securityProfile",
    "priority",
    "evictionPolicy",
    "billingProfile",
    "licenseType",
    "host",
    "scheduledEventsProfile",
)
_SECRETS = ("customData", "adminPassword")


class VirtualMachines(Kind):
    type = "Microsoft.Compute/virtualMachines"
    style = Style()
    has_etag = True
    actions = vm_power.ACTIONS

    def build(self, cloud: Cloud, rid: ResourceId, body: Body, old: Entry | None) -> Body:
        own = properties(body)
        if old:
            self._keep(body, own, old)
            vm_checks.check_change(body, old)
        else:
            fill(own, vmId=cloud.guid(), timeCreated=now())
        image = None if old else vm_checks.image_of(cloud, body)
        size = vm_checks.check_size(cloud, body, old)
        vm_checks.check_placement(cloud, body, size, image)
        vm_checks.check_login(own, image, old)
        self._identify(cloud, body)
        vm_network.check(cloud, body, size, old)
        vm_disks.complete(cloud, rid, body, size, image, old)
        return body

    def _keep(self, body: Body, own: Body, old: Entry) -> None:
        fill(own, **{name: old.properties[name] for name in _KEPT if name in old.properties})
        own.update({name: old.properties[name] for name in ("vmId", "timeCreated")})
        if old.body.get("identity") and "identity" not in body:
            body["identity"] = copy.deepcopy(old.body["identity"])
        if "zones" in old.body:
            fill(body, zones=old.body["zones"])
        fill(own, storageProfile={})
        for name, value in old.properties["storageProfile"].items():
            fill(own["storageProfile"], **{name: value})
        if isinstance(own.get("osProfile"), dict) and "osProfile" in old.properties:
            fill(own["osProfile"], **old.properties["osProfile"])

    def _identify(self, cloud: Cloud, body: Body) -> None:
        """Gives the managed identities their principals."""
        identity = body.get("identity")
        if not identity:
            return
        if "SystemAssigned" in identity.get("type", ""):
            fill(identity, principalId=cloud.guid(), tenantId=cloud.guid())
        assigned = identity.get("userAssignedIdentities") or {}
        if "UserAssigned" in identity.get("type", "") and not assigned:
            raise ArmError(
                400,
                "InvalidIdentityValues",
                "Invalid value for the identities 'None'. The 'UserAssigned' identity "
                "type needs at least one user assigned identity.",
            )
        for name in assigned:
            found = cloud.store.get(name)
            if not found:
                raise ArmError(
                    400,
                    "FailedIdentityOperation",
                    f"Identity operation for resource '{body['id']}' failed with "
                    "error 'Failed to perform resource identity operation. Status: 'BadRequest'. Response: "
                    f'\'{{"error":{{"code":"BadRequest","message":"Resource \'{name}\' was not found."}}}}\'.\'.',
                )
            assigned[name] = {"principalId": found.properties["principalId"], "clientId": found.properties["clientId"]}

    def hide(self, cloud: Cloud, body: Body, old: Entry | None) -> Body:
        """Takes the secrets out of the model: they are never read back."""
        hidden = dict(old.hidden) if old else {"power": "creating"}
        profile = body["properties"].get("osProfile") or {}
        for name in _SECRETS:
            if name in profile:
                hidden[name] = profile.pop(name)
        if old:
            kept = [disk_id(disk) for disk in disks_of(body)]
            gone = [disk_id(disk) for disk in disks_of(old.body) if not any(same(disk_id(disk), one) for one in kept)]
            hidden["detaching"] = [one for one in gone if one]
        return hidden

    def written(self, cloud: Cloud, entry: Entry, old: Entry | None) -> None:
        vm_disks.create_missing(cloud, entry)

    def settled(self, cloud: Cloud, entry: Entry) -> None:
        entry.hidden.pop("detaching", None)
        if entry.hidden.get("power") == "creating":
            entry.hidden["power"] = "running"

    def removed(self, cloud: Cloud, entry: Entry) -> None:
        vm_disks.remove_marked(cloud, entry)
        vm_network.remove_marked(cloud, entry)

    def instance_view(self, cloud: Cloud, entry: Entry) -> Body:
        return vm_power.instance_view(cloud, entry)


KINDS = (VirtualMachines(),)
