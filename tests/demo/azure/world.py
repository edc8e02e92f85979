"""What an operator has in Azure before the first call: groups, a network, security, a balancer."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

from azure_tests.running import SCOPE, Emulator

from .arm import GROUP

REGION = "eastus"
OTHER_SUBSCRIPTION = "0d9e6b1c-7777-4888-9999-aaaabbbbcccc"
OTHER_GROUP = "bosh-staging"
# A resource group of other people, in the subscription of the story, with a disk of theirs.
FOREIGN_GROUP, FOREIGN_DISK = "payroll", "bosh-disk-data-7d1f0a52-3c80-4a53-9be1-7d7e0f1c2a11"
_STEMCELL = "2f8c4d1e-5b7a-4e1c-9a53-6d2f7b0c9e44"
_DOCS = Path(__file__).resolve().parents[3] / "docs"
_COMPUTE, _DISKS, _NETWORK = "2024-03-01", "2023-10-02", "2024-01-01"


def role() -> list[str]:
    """The actions of the custom role that operators are told to make."""
    actions: list[str] = json.loads((_DOCS / "azure-role.json").read_text())["Actions"]
    return actions


def build(emulator: Emulator) -> None:
    """Makes it, with a client of its own."""
    put = partial(_put, emulator)
    for group in (GROUP, FOREIGN_GROUP, f"/subscriptions/{OTHER_SUBSCRIPTION}/resourceGroups/{OTHER_GROUP}"):
        emulator.done("PUT", group, _COMPUTE, {"location": REGION})
    subnet = {"name": "private", "properties": {"addressPrefix": "10.0.16.0/20"}}
    space = {"addressPrefixes": ["10.0.0.0/16"]}
    put("Network/virtualNetworks/bosh", _NETWORK, {"properties": {"addressSpace": space, "subnets": [subnet]}})
    for name in ("bosh", "redis"):
        put(f"Network/networkSecurityGroups/{name}", _NETWORK, {})
    put("Network/applicationSecurityGroups/redis", _NETWORK, {})
    private = {"id": f"{_id('Network/virtualNetworks/bosh')}/subnets/private"}
    front = {"name": "front", "properties": {"subnet": private}}
    balancer = {"frontendIPConfigurations": [front], "backendAddressPools": [{"name": "pool"}]}
    put("Network/loadBalancers/web", _NETWORK, {"sku": {"name": "Standard"}, "properties": balancer})
    disk = {"properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 3}}
    put(f"Compute/disks/{FOREIGN_DISK}", _DISKS, disk, FOREIGN_GROUP)


def image(emulator: Emulator) -> str:
    """Makes the image that the Ruby CPI has of a stemcell once it was used, and gives the stemcell's identifier."""
    put = partial(_put, emulator)
    source = {"creationData": {"createOption": "Empty"}, "diskSizeGB": 3, "osType": "Linux"}
    put("Compute/disks/stemcell", _DISKS, {"properties": source})
    disk = {"osType": "Linux", "osState": "Generalized", "managedDisk": {"id": _id("Compute/disks/stemcell")},
            "storageAccountType": "Premium_LRS"}
    put(f"Compute/images/{_STEMCELL}-P-{REGION}", _COMPUTE,
        {"tags": {"os_type": "linux"}, "properties": {"storageProfile": {"osDisk": disk}, "hyperVGeneration": "V2"}})
    return f"bosh-stemcell-{_STEMCELL}"


def _put(emulator: Emulator, name: str, version: str, body: dict[str, Any], group: str = GROUP) -> None:
    emulator.done("PUT", f"{group}/providers/Microsoft.{name}", version, {"location": REGION, **body})


def _id(name: str) -> str:
    return f"{SCOPE}/resourceGroups/{GROUP}/providers/Microsoft.{name}"
