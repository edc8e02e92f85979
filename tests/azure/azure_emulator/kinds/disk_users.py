"""Which VM has which disk. Only VMs know; disks are asked through them, so the two cannot disagree."""

from __future__ import annotations

from collections.abc import Iterator

from ..cloud import Cloud, members
from ..ids import reference, same
from ..store import Body, Entry

VM = "Microsoft.Compute/virtualMachines"


def disks_of(body: Body) -> Iterator[Body]:
    """The OS disk and the data disks in a VM's model."""
    profile = body.get("properties", {}).get("storageProfile") or {}
    if isinstance(profile.get("osDisk"), dict):
        yield profile["osDisk"]
    yield from members(profile, "dataDisks")


def disk_id(disk: Body) -> str | None:
    return reference(disk.get("managedDisk"))


def owner(cloud: Cloud, resource_id: str) -> Entry | None:
    """The VM that has the disk, or is about to give it up."""
    for vm in cloud.store.of(VM):
        if any(same(disk_id(disk), resource_id) for disk in disks_of(vm.body)) or is_detaching(vm, resource_id):
            return vm
    return None


def is_detaching(vm: Entry, resource_id: str) -> bool:
    return any(same(one, resource_id) for one in vm.hidden.get("detaching", []))
