"""VM sizes of the region: the SKU list, the older size lists, and the quota."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..cloud import Cloud
from ..messages import Answer, Request
from ..reads import page
from ..store import Body
from .fault_domains import MOST_FAULT_DOMAINS

_FILTER = re.compile(r"location eq '(?P<location>[^']*)'", re.I)


@dataclass(frozen=True)
class Size:
    """A VM size with what its name does not say."""

    name: str
    cores: int
    memory: float
    disks: int
    local: int
    """GiB of the temporary disk."""
    premium: bool = True
    zonal: bool = True
    generations: str = "V1,V2"
    arm: bool = False
    family: str = "standardDSv3Family"
    nics: int = 2


SIZES = {
    size.name.lower(): size
    for size in (
        Size("Standard_A1_v2", 1, 2, 2, 10, premium=False, zonal=False, generations="V1", family="standardAv2Family"),
        Size("Standard_A2_v2", 2, 4, 4, 20, premium=False, zonal=False, generations="V1", family="standardAv2Family"),
        Size("Standard_B1s", 1, 1, 2, 4, family="standardBSFamily"),
        Size("Standard_B2ms", 2, 8, 4, 16, family="standardBSFamily", nics=3),
        Size("Standard_D1_v2", 1, 3.5, 4, 50, premium=False, generations="V1", family="standardDv2Family"),
        Size("Standard_D2_v2", 2, 7, 8, 100, premium=False, generations="V1", family="standardDv2Family"),
        Size("Standard_DS1_v2", 1, 3.5, 4, 7, family="standardDSv2Family"),
        Size("Standard_DS2_v2", 2, 7, 8, 14, family="standardDSv2Family"),
        Size("Standard_D2s_v3", 2, 8, 4, 16),
        Size("Standard_D4s_v3", 4, 16, 8, 32),
        Size("Standard_D8s_v3", 8, 32, 16, 64, nics=4),
        Size("Standard_D2s_v5", 2, 8, 4, 0, family="standardDSv5Family"),
        Size("Standard_D4s_v5", 4, 16, 8, 0, family="standardDSv5Family"),
        Size("Standard_D2ds_v5", 2, 8, 4, 75, family="standardDDSv5Family"),
        Size("Standard_D2ps_v5", 2, 8, 4, 0, generations="V2", arm=True, family="standardDPSv5Family"),
        Size("Standard_E2s_v5", 2, 16, 4, 0, family="standardESv5Family"),
        Size("Standard_F2s_v2", 2, 4, 4, 16, family="standardFSv2Family"),
        Size("Standard_F4s_v2", 4, 8, 8, 32, family="standardFSv2Family"),
        Size("Standard_L8s_v3", 8, 64, 16, 80, family="standardLSv3Family", nics=4),
        Size("Standard_NC6s_v3", 6, 112, 12, 736, family="standardNCSv3Family", nics=4),
    )
}


def listed(cloud: Cloud) -> list[Body]:
    """As `vmSizes` lists have it."""
    return [
        {
            "name": size.name,
            "numberOfCores": size.cores,
            "osDiskSizeInMB": 1047552,
            "resourceDiskSizeInMB": size.local * 1024,
            "memoryInMB": int(size.memory * 1024),
            "maxDataDiskCount": size.disks,
        }
        for size in SIZES.values()
    ]


def cores_in_use(cloud: Cloud, location: str) -> int:
    """Also of VMs that are deallocated: they keep their part of the quota."""
    return sum(
        SIZES[vm.properties["hardwareProfile"]["vmSize"].lower()].cores
        for vm in cloud.store.of("Microsoft.Compute/virtualMachines")
        if vm.body["location"] == location
    )


def _skus(cloud: Cloud, request: Request, found: re.Match[str]) -> Answer:
    chosen = _FILTER.search(request.query.get("$filter", ""))
    wanted = chosen["location"].replace(" ", "").lower() if chosen else None
    values = []
    for location in cloud.settings.locations:
        if wanted in (None, location):
            values += [_machine(cloud, size, location) for size in SIZES.values()]
            values += [_set(name, most, location) for name, most in MOST_FAULT_DOMAINS.items()]
            values += [_disk(name, location) for name in ("Standard_LRS", "StandardSSD_LRS", "Premium_LRS")]
    return page(cloud, request, values)


def _machine(cloud: Cloud, size: Size, location: str) -> Body:
    capabilities = {
        "MaxResourceVolumeMB": size.local * 1024,
        "OSVhdSizeMB": 1047552,
        "vCPUs": size.cores,
        "MemoryGB": size.memory,
        "MaxDataDiskCount": size.disks,
        "HyperVGenerations": size.generations,
        "CpuArchitectureType": "Arm64" if size.arm else "x64",
        "LowPriorityCapable": True,
        "PremiumIO": size.premium,
        "VMDeploymentTypes": "IaaS",
        "vCPUsAvailable": size.cores,
        "AcceleratedNetworkingEnabled": size.cores > 1,
        "EphemeralOSDiskSupported": size.local > 0,
        "EncryptionAtHostSupported": size.premium,
        "CapacityReservationSupported": True,
        "MaxNetworkInterfaces": size.nics,
    }
    zones = ["1", "2", "3"] if size.zonal else []
    refused = {name.lower() for name in cloud.settings.unavailable_sizes}
    restrictions = (
        [
            {
                "type": "Location",
                "values": [location],
                "restrictionInfo": {"locations": [location]},
                "reasonCode": "NotAvailableForSubscription",
            }
        ]
        if size.name.lower() in refused
        else []
    )
    return {
        "resourceType": "virtualMachines",
        "name": size.name,
        "tier": "Standard",
        "size": size.name.removeprefix("Standard_"),
        "family": size.family,
        "locations": [location],
        "locationInfo": [{"location": location, "zones": zones, "zoneDetails": []}],
        "capabilities": _pairs(capabilities),
        "restrictions": restrictions,
    }


def _set(name: str, most: int, location: str) -> Body:
    return {
        "resourceType": "availabilitySets",
        "name": name,
        "locations": [location],
        "locationInfo": [{"location": location, "zones": [], "zoneDetails": []}],
        "capabilities": _pairs({"MaximumPlatformFaultDomainCount": most}),
        "restrictions": [],
    }


def _disk(name: str, location: str) -> Body:
    return {
        "resourceType": "disks",
        "name": name,
        "tier": name.split("_", maxsplit=1)[0],
        "size": "P10" if "Premium" in name else "S10",
        "locations": [location],
        "locationInfo": [{"location": location, "zones": ["1", "2", "3"], "zoneDetails": []}],
        "capabilities": _pairs({"MaxSizeGiB": 128, "MinSizeGiB": 64}),
        "restrictions": [],
    }


def _pairs(values: dict[str, object]) -> list[Body]:
    return [
        {"name": name, "value": f"{value:g}" if isinstance(value, float) else str(value)}
        for name, value in values.items()
    ]


def _sizes(cloud: Cloud, request: Request, found: re.Match[str]) -> Answer:
    cloud.location(found["location"])
    return Answer(200, {"value": listed(cloud)})


def _usages(cloud: Cloud, request: Request, found: re.Match[str]) -> Answer:
    location = cloud.location(found["location"])
    machines = [vm for vm in cloud.store.of("Microsoft.Compute/virtualMachines") if vm.body["location"] == location]
    sets = [one for one in cloud.store.of("Microsoft.Compute/availabilitySets") if one.body["location"] == location]
    return page(
        cloud,
        request,
        [
            _usage("availabilitySets", "Availability Sets", len(sets), 2500),
            _usage("cores", "Total Regional vCPUs", cores_in_use(cloud, location), cloud.settings.cores),
            _usage("virtualMachines", "Virtual Machines", len(machines), 25000),
        ],
    )


def _network_usages(cloud: Cloud, request: Request, found: re.Match[str]) -> Answer:
    location = cloud.location(found["location"])
    values = []
    for name, title, kind in (
        ("VirtualNetworks", "Virtual Networks", "virtualNetworks"),
        ("NetworkInterfaces", "Network Interfaces", "networkInterfaces"),
        ("PublicIPAddresses", "Public IP Addresses", "publicIPAddresses"),
        ("LoadBalancers", "Load Balancers", "loadBalancers"),
    ):
        count = sum(entry.body["location"] == location for entry in cloud.store.of(f"Microsoft.Network/{kind}"))
        scope = f"/subscriptions/{found['subscription']}/providers/Microsoft.Network/locations/{location}/usages/{name}"
        values.append({"id": scope, **_usage(name, title, count, 1000)})
    return page(cloud, request, values)


def _usage(name: str, title: str, current: int, limit: int) -> Body:
    return {"unit": "Count", "currentValue": current, "limit": limit, "name": {"value": name, "localizedValue": title}}


_LOCATION = r"/subscriptions/(?P<subscription>[^/]+)/providers/{provider}/locations/(?P<location>[^/]+)/"
ROUTES = (
    ("GET", r"/subscriptions/[^/]+/providers/microsoft\.compute/skus", _skus),
    ("GET", _LOCATION.format(provider=r"microsoft\.compute") + "vmsizes", _sizes),
    ("GET", _LOCATION.format(provider=r"microsoft\.compute") + "usages", _usages),
    ("GET", _LOCATION.format(provider=r"microsoft\.network") + "usages", _network_usages),
)
