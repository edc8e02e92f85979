"""Capacity reservations, proximity placement groups and dedicated hosts, with the groups that they are in."""

from __future__ import annotations

from typing import ClassVar

from ..cloud import Cloud
from ..errors import ArmError, bad_parameter, conflict
from ..ids import ResourceId, reference, same
from ..operations import now
from ..store import Body, Entry
from .base import AT_ONCE, Kind, Style, fill, properties

_VM = "Microsoft.Compute/virtualMachines"
_NO_BODY = Style(operations="", deleted=200, missing=200)


class ReservationGroups(Kind):
    type = "Microsoft.Compute/capacityReservationGroups"
    style = AT_ONCE

    def build(self, cloud: Cloud, rid: ResourceId, body: Body, old: Entry | None) -> Body:
        if old and body.get("zones") != old.body.get("zones"):
            raise ArmError(409, "PropertyChangeNotAllowed", "Changing property 'zones' is not allowed.", "zones")
        return body

    def check_removal(self, cloud: Cloud, entry: Entry) -> None:
        if any(cloud.store.below(entry.id)):
            raise conflict(f"Capacity reservation group '{entry.body['name']}' cannot be deleted: it has reservations.")

    def view(self, cloud: Cloud, entry: Entry) -> Body:
        body = super().view(cloud, entry)
        body["properties"] = {
            "capacityReservations": [{"id": one.id} for one in cloud.store.below(entry.id)],
            "virtualMachinesAssociated": [
                {"id": vm.id}
                for vm in cloud.store.of(_VM)
                if same(
                    reference((vm.properties.get("capacityReservation") or {}).get("capacityReservationGroup")),
                    entry.id,
                )
            ],
        }
        return body


class _Member(Kind):
    """What is in a group and has a size."""

    own_id: ClassVar[str]

    def build(self, cloud: Cloud, rid: ResourceId, body: Body, old: Entry | None) -> Body:
        if not (body.get("sku") or {}).get("name"):
            raise bad_parameter("sku.name", "Required parameter 'sku.name' is missing (null).")
        fill(properties(body), provisioningTime=now(), timeCreated=now(), **{self.own_id: cloud.guid()})
        return body


class Reservations(_Member):
    type = "Microsoft.Compute/capacityReservationGroups/capacityReservations"
    own_id = "reservationId"


class ProximityGroups(Kind):
    type = "Microsoft.Compute/proximityPlacementGroups"
    style = _NO_BODY

    def build(self, cloud: Cloud, rid: ResourceId, body: Body, old: Entry | None) -> Body:
        fill(properties(body), proximityPlacementGroupType="Standard")
        return body

    def view(self, cloud: Cloud, entry: Entry) -> Body:
        body = super().view(cloud, entry)
        body["properties"].pop("provisioningState", None)
        body["properties"]["virtualMachines"] = [{"id": vm.id} for vm in self._machines(cloud, entry)]
        return body

    def check_removal(self, cloud: Cloud, entry: Entry) -> None:
        if self._machines(cloud, entry):
            raise conflict(
                f"Proximity placement group '{entry.body['name']}' cannot be deleted: it has virtual machines."
            )

    def _machines(self, cloud: Cloud, entry: Entry) -> list[Entry]:
        return [
            vm for vm in cloud.store.of(_VM) if same(reference(vm.properties.get("proximityPlacementGroup")), entry.id)
        ]


class HostGroups(Kind):
    type = "Microsoft.Compute/hostGroups"
    style = AT_ONCE

    def build(self, cloud: Cloud, rid: ResourceId, body: Body, old: Entry | None) -> Body:
        if not properties(body).get("platformFaultDomainCount"):
            raise bad_parameter("platformFaultDomainCount", "Required parameter 'platformFaultDomainCount' is missing.")
        fill(body["properties"], supportAutomaticPlacement=False)
        return body

    def check_removal(self, cloud: Cloud, entry: Entry) -> None:
        if any(cloud.store.below(entry.id)):
            raise conflict(f"Dedicated host group '{entry.body['name']}' cannot be deleted: it has hosts.")


class Hosts(_Member):
    type = "Microsoft.Compute/hostGroups/hosts"
    own_id = "hostId"


KINDS = (ReservationGroups(), Reservations(), ProximityGroups(), HostGroups(), Hosts())
