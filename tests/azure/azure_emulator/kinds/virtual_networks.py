"""Virtual networks and their subnets."""

from __future__ import annotations

import ipaddress
import re

from ..cloud import Cloud, members
from ..errors import ArmError
from ..ids import ResourceId, reference
from ..messages import Answer, Request
from ..store import Body, Entry
from . import addressing
from .base import fill
from .embedded import Embedded
from .network import NetworkKind, refer, users

_GROUPS = "Microsoft.Network/networkSecurityGroups"


class VirtualNetworks(NetworkKind):
    type = "Microsoft.Network/virtualNetworks"
    parts = ("subnets", "virtualNetworkPeerings")

    def check(self, cloud: Cloud, rid: ResourceId, body: Body, old: Entry | None) -> None:
        own = body["properties"]
        prefixes = (own.get("addressSpace") or {}).get("addressPrefixes")
        if not prefixes:
            raise ArmError(
                400,
                "InvalidRequestFormat",
                "Cannot parse the request.",
                details=[
                    {
                        "code": "MissingAddressSpace",
                        "message": "Value for property 'properties.addressSpace' is missing.",
                    }
                ],
            )
        space = [_network(prefix, rid.name) for prefix in prefixes]
        taken: list[tuple[str, addressing.Network]] = []
        for subnet in members(own, "subnets"):
            self._check_subnet(cloud, rid, body["location"], subnet, space, taken)
        fill(own, enableDdosProtection=False)
        names = {subnet["name"].lower() for subnet in members(own, "subnets")}
        for subnet in members(old.properties, "subnets") if old else ():
            if subnet["name"].lower() not in names:
                _check_unused(cloud, subnet)

    def _check_subnet(
        self,
        cloud: Cloud,
        rid: ResourceId,
        location: str,
        subnet: Body,
        space: list[addressing.Network],
        taken: list[tuple[str, addressing.Network]],
    ) -> None:
        own, name = subnet["properties"], subnet["name"]
        for network in addressing.prefixes(own, name):
            if not any(network.version == one.version and network.subnet_of(one) for one in space):
                raise ArmError(
                    400,
                    "NetcfgInvalidSubnet",
                    f"Subnet '{name}' is not valid because its IP address range is "
                    f"outside the IP address range of virtual network '{rid.name}'.",
                    details=[],
                )
            for other, used in taken:
                if network.overlaps(used):
                    raise ArmError(
                        400,
                        "NetcfgSubnetRangesOverlap",
                        f"Subnet '{name}' is not valid because its IP address "
                        f"range overlaps with that of an existing subnet in virtual network '{rid.name}': "
                        f"'{other}'.",
                        details=[],
                    )
            taken.append((name, network))
        if group := reference(own.get("networkSecurityGroup")):
            refer(cloud, subnet["id"], group, _GROUPS, location)
        fill(
            own, delegations=[], privateEndpointNetworkPolicies="Disabled", privateLinkServiceNetworkPolicies="Enabled"
        )

    def check_removal(self, cloud: Cloud, entry: Entry) -> None:
        for subnet in members(entry.properties, "subnets"):
            _check_unused(cloud, subnet)

    def view(self, cloud: Cloud, entry: Entry) -> Body:
        body = super().view(cloud, entry)
        for subnet in members(body, "properties", "subnets"):
            if used := users(cloud, "subnet", subnet["id"]):
                subnet["properties"]["ipConfigurations"] = used
        return body


def _check_unused(cloud: Cloud, subnet: Body) -> None:
    if used := users(cloud, "subnet", subnet["id"]):
        raise ArmError(
            400,
            "InUseSubnetCannotBeDeleted",
            f"Subnet {subnet['name']} is in use by {used[0]['id']} and cannot be "
            "deleted. In order to delete the subnet, delete all the resources within the subnet. See "
            "aka.ms/deletesubnet.",
            details=[],
        )


def _network(prefix: str, name: str) -> addressing.Network:
    try:
        return ipaddress.ip_network(prefix)
    except ValueError as problem:
        raise ArmError(
            400,
            "InvalidAddressPrefixFormat",
            f"Address prefix {prefix} of resource {name} is not formatted "
            "correctly. It should follow CIDR notation, for example 10.0.0.0/24.",
            details=[],
        ) from problem


def _is_free(cloud: Cloud, request: Request, entry: Entry) -> Answer:
    """Whether an address of the network can be taken, and some that can if it cannot."""
    address = request.query.get("ipAddress", "")
    for subnet in members(entry.properties, "subnets"):
        for network in addressing.prefixes(subnet["properties"], subnet["name"]):
            if re.fullmatch(r"[\d.]+", address) and ipaddress.ip_address(address) in network:
                used = addressing.in_use(cloud, subnet["id"])
                free = address not in used and address in map(str, addressing.usable(network))
                others = [str(one) for one in addressing.usable(network) if str(one) not in used][:5]
                return Answer(200, {"available": free, **({} if free else {"availableIPAddresses": others})})
    raise ArmError(
        400,
        "PrivateIPAddressNotInAnySubnet",
        f"Private static IP address {address} does not belong to the range of "
        f"any subnet in the virtual network {entry.id}.",
        details=[],
    )


VirtualNetworks.actions = {"GET CheckIPAddressAvailability": _is_free}
_NETWORKS = VirtualNetworks()
KINDS = (_NETWORKS,)
EMBEDDED = (Embedded(_NETWORKS, "subnets"),)
