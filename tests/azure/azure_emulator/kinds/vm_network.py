"""The interfaces of a VM."""

from __future__ import annotations

from ..cloud import Cloud, members
from ..errors import ArmError, bad_parameter, conflict
from ..ids import reference, same
from ..store import Body, Entry
from .interfaces import machine
from .network import configurations, refer
from .sizes import Size

_NICS = "Microsoft.Network/networkInterfaces"


def check(cloud: Cloud, body: Body, size: Size, old: Entry | None) -> None:
    """They are there, ready, in the same region, nobody else's, and one of them is the first."""
    nics = list(members(body["properties"], "networkProfile", "networkInterfaces"))
    if not nics:
        raise bad_parameter("networkProfile", "Required parameter 'networkProfile' is missing (null).")
    if len(nics) > size.nics:
        raise ArmError(
            400,
            "NetworkInterfaceCountExceeded",
            f"The number of network interfaces for virtual machine "
            f"{body['name']} exceeds the maximum allowed for the virtual machine size {size.name}. The number of "
            f"network interfaces is {len(nics)} and the maximum allowed is {size.nics}.",
        )
    if len(nics) > 1 and sum(bool((nic.get("properties") or {}).get("primary")) for nic in nics) != 1:
        raise ArmError(
            400,
            "VirtualMachineMustHaveOneNetworkInterfaceAsPrimary",
            f"Virtual machine {body['name']} must have one network interface set as the primary.",
        )
    for nic in nics:
        found, _ = refer(cloud, body["id"], nic.get("id"), _NICS, body["location"])
        nic["id"] = found.id
        user = machine(cloud, found.id)
        if user and not same(user.id, body["id"]):
            raise ArmError(
                400,
                "NicInUse",
                f"Network Interface {found.id} is used by existing resource {user.id}. In order to "
                "use the network interface, it must be dissociated from the resource.",
                details=[],
            )
    if old:
        before = {nic["id"].lower() for nic in members(old.properties, "networkProfile", "networkInterfaces")}
        if before != {nic["id"].lower() for nic in nics} and old.hidden.get("power") != "deallocated":
            raise conflict(
                f"Network interfaces of the virtual machine '{body['name']}' can only be changed while it is "
                "deallocated.",
                "networkProfile.networkInterfaces",
            )


def remove_marked(cloud: Cloud, vm: Entry) -> None:
    """Deletes the interfaces, and their public addresses, that go with their VM."""
    marked = [
        nic["id"]
        for nic in members(vm.properties, "networkProfile", "networkInterfaces")
        if (nic.get("properties") or {}).get("deleteOption") == "Delete"
    ]
    for nic, configuration in list(configurations(cloud)):
        address = configuration["properties"].get("publicIPAddress") or {}
        if (
            any(same(nic.id, one) for one in marked)
            and (address.get("properties") or {}).get("deleteOption") == "Delete"
        ):
            cloud.store.remove(str(reference(address)))
    for one in marked:
        cloud.store.remove(one)
