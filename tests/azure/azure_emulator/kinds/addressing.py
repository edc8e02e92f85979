"""Private addresses: which a subnet has, which are taken, and which is next."""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Iterator

from ..cloud import Cloud
from ..errors import ArmError
from ..ids import reference, same
from ..store import Body
from .network import configurations

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Azure keeps the first four addresses of a subnet, and the last.
_KEPT = 4


def prefixes(subnet: Body, name: str) -> list[Network]:
    """The ranges in a subnet's properties."""
    given = subnet.get("addressPrefixes") or ([subnet["addressPrefix"]] if subnet.get("addressPrefix") else [])
    try:
        networks: list[Network] = [ipaddress.ip_network(prefix) for prefix in given]
    except ValueError as problem:
        raise ArmError(
            400,
            "InvalidAddressPrefixFormat",
            f"The address prefix of subnet {name} is not formatted correctly: "
            f"{problem}. It should follow CIDR notation, for example 10.0.0.0/24.",
            details=[],
        ) from problem
    if not networks:
        raise ArmError(
            400,
            "InvalidRequestFormat",
            "Cannot parse the request.",
            details=[
                {
                    "code": "MissingAddressPrefix",
                    "message": f"Value for property 'addressPrefix' of subnet {name} is missing.",
                }
            ],
        )
    return networks


def usable(network: Network) -> Iterator[Address]:
    last = network.broadcast_address
    return (one for one in itertools.islice(network, _KEPT, None) if one != last)


def in_use(cloud: Cloud, subnet_id: str, apart_from: str | None = None) -> dict[str, str]:
    """Address -> IP configuration that has it, but for those of one interface."""
    return {
        configuration["properties"]["privateIPAddress"]: configuration["id"]
        for nic, configuration in configurations(cloud)
        if same(reference(configuration["properties"].get("subnet")), subnet_id) and not same(nic.id, apart_from)
    }


def assign(cloud: Cloud, nic: str, configuration: Body, subnet: Body, promised: set[str]) -> str:
    """The address of a configuration: the one it asks for, if that is free, or the next."""
    own = configuration["properties"]
    version = 6 if own.get("privateIPAddressVersion") == "IPv6" else 4
    networks = [one for one in prefixes(subnet["properties"], subnet["name"]) if one.version == version]
    taken = in_use(cloud, subnet["id"], apart_from=nic)
    wanted = own.get("privateIPAddress")
    if wanted:
        _check(configuration["id"], wanted, subnet, networks, taken, promised)
        return wanted
    if own["privateIPAllocationMethod"] == "Static":
        raise ArmError(
            400,
            "PrivateIPAddressMissing",
            f"Private static IP address is missing in {configuration['id']}, whose allocation method is Static.",
            details=[],
        )
    for network in networks:
        for address in usable(network):
            if str(address) not in taken and str(address) not in promised:
                return str(address)
    raise ArmError(
        400,
        "SubnetIsFull",
        f"Subnet {subnet['name']} with address prefix "
        f"{', '.join(map(str, networks)) or 'of this family missing'} does not have enough capacity for 1 IP "
        "addresses.",
        details=[],
    )


def _check(
    user: str, wanted: str, subnet: Body, networks: list[Network], taken: dict[str, str], promised: set[str]
) -> None:
    try:
        address = ipaddress.ip_address(wanted)
    except ValueError as problem:
        raise ArmError(
            400, "InvalidIPAddressFormat", f"IP address {wanted} of {user} is not formatted correctly.", details=[]
        ) from problem
    home = next((network for network in networks if address in network), None)
    if not home:
        raise ArmError(
            400,
            "PrivateIPAddressNotInSubnet",
            f"Private static IP address {wanted} does not belong to the range "
            f"of subnet prefix {', '.join(map(str, networks))}.",
            details=[],
        )
    if int(address) - int(home.network_address) < _KEPT or address == home.broadcast_address:
        raise ArmError(
            400,
            "PrivateIPAddressInReservedRange",
            f"Private static IP address {wanted} falls within reserved IP range of subnet prefix {home}.",
            details=[],
        )
    if wanted in taken or wanted in promised:
        raise ArmError(
            400,
            "PrivateIPAddressInUse",
            f"IP configuration {user} is using the private IP address {wanted} which "
            f"is already allocated to resource {taken.get(wanted, user)}.",
            details=[],
        )
