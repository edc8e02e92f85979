"""Availability sets."""

from __future__ import annotations

from ..cloud import Cloud
from ..errors import ArmError, bad_parameter, conflict
from ..ids import ResourceId, reference, same
from ..messages import Answer, Request
from ..store import Body, Entry
from . import sizes
from .base import Kind, Style, fill, properties, sku_name
from .fault_domains import MOST_FAULT_DOMAINS


class AvailabilitySets(Kind):
    type = "Microsoft.Compute/availabilitySets"
    style = Style(created=200, operations="", deleted=200)

    def build(self, cloud: Cloud, rid: ResourceId, body: Body, old: Entry | None) -> Body:
        own = properties(body)
        fill(body, sku={"name": "Classic"})
        sku = sku_name(body, MOST_FAULT_DOMAINS)
        most = MOST_FAULT_DOMAINS[sku]
        fill(own, platformUpdateDomainCount=5, platformFaultDomainCount=min(most, 3))
        for name, limit in (("platformFaultDomainCount", most), ("platformUpdateDomainCount", 20)):
            if not 1 <= own[name] <= limit:
                raise bad_parameter(
                    name,
                    f"The specified value {own[name]} for '{name}' is out of range: it must be in the "
                    f"range 1 to {limit} for a set with sku '{sku}' in '{body['location']}'.",
                )
        if old:
            self._check_change(cloud, body, old)
        own.pop("virtualMachines", None)
        return body

    def _check_change(self, cloud: Cloud, body: Body, old: Entry) -> None:
        if old.body["sku"]["name"] == "Aligned" and body["sku"]["name"] == "Classic":
            raise ArmError(
                409,
                "PropertyChangeNotAllowed",
                "Changing property 'sku.name' from Aligned to Classic is not allowed.",
                "sku.name",
            )
        for name in ("platformUpdateDomainCount", "platformFaultDomainCount"):
            if body["properties"][name] != old.properties[name] and old.body["sku"] == body["sku"]:
                raise ArmError(409, "PropertyChangeNotAllowed", f"Changing property '{name}' is not allowed.", name)

    def check_removal(self, cloud: Cloud, entry: Entry) -> None:
        if machines(cloud, entry):
            raise conflict(
                f"Availability Set '{entry.body['name']}' cannot be deleted. Before deleting an Availability Set "
                "please ensure that it does not contain any VM."
            )

    def view(self, cloud: Cloud, entry: Entry) -> Body:
        body = super().view(cloud, entry)
        body["properties"].pop("provisioningState", None)
        body["properties"]["virtualMachines"] = [{"id": vm.id} for vm in machines(cloud, entry)]
        return body


def machines(cloud: Cloud, entry: Entry) -> list[Entry]:
    return [
        vm
        for vm in cloud.store.of("Microsoft.Compute/virtualMachines")
        if same(reference(vm.properties.get("availabilitySet")), entry.id)
    ]


def _sizes(cloud: Cloud, request: Request, entry: Entry) -> Answer:
    return Answer(200, {"value": sizes.listed(cloud)})


AvailabilitySets.actions = {"GET vmSizes": _sizes}
KINDS = (AvailabilitySets(),)
