"""Looks into the emulator past everything of ours: what is there, whatever was answered."""

from __future__ import annotations

import base64
import json
from typing import Any

from azure_tests.running import SUBSCRIPTION, Emulator

from ..cloud import Fact, Facts, same
from .blobs import Blobs, Image

GROUP = "bosh"
Resource = dict[str, Any]


class Eye:
    """What the story wants to know of Azure."""

    network: dict[str, Any]
    vm_type: dict[str, Any]
    disk_type: dict[str, Any]
    stemcell: dict[str, Any]
    # Where there is azurite.
    storage: Blobs
    vhd: Image

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._before = self.ids()

    def stemcell_exists(self, cid: str, tags: dict[str, str]) -> Facts:
        found = f"{cid}.vhd"
        yield same("it is a blob of its own in the storage account", self.storage.names(), [found])
        content, metadata = self.storage.found(found)
        yield same(f"with the {self.vhd.size >> 20} MiB of the disk in the archive, byte by byte, and its footer",
                   content, self.vhd.sha256)
        yield same("it says what it is of", {key: metadata.get(key) for key in ("name", "version")},
                   {key: self.stemcell[key] for key in ("name", "version")})

    def stemcell_deleted(self, cid: str) -> Facts:
        yield same("the blob is gone", self.storage.names(), [])
        uuid = cid.removeprefix("bosh-stemcell-")
        yield same("and so are the images that were made of it", [one for one in self.ids() if uuid in one], [])

    def vm_runs(self, vm: str, stemcell: str, agent: dict[str, Any], tags: dict[str, str]) -> Facts:
        name, address, zones = _name(vm), self.network["ip"], [self.vm_type["availability_zone"]]
        found = self.found("virtualMachines", name)
        nic = self.found("networkInterfaces", f"{name}-0")
        ip = nic["properties"]["ipConfigurations"][0]["properties"]
        yield same("its identifier is that of the agent, and the resource group", vm,
                   f"agent_id:{agent['agent_id']};resource_group_name:{GROUP}")
        yield same(f"the VM is running at {address}", (found["hidden"]["power"], ip["privateIPAddress"]),
                   ("running", address))
        size = found["properties"]["hardwareProfile"]["vmSize"]
        yield same(f"it is a {size} in zone {zones[0]}", (size, found["zones"]),
                   (self.vm_type["instance_type"], zones))
        yield same("it is made of the image of the stemcell, for the type of disk and the region",
                   _last(found["properties"]["storageProfile"]["imageReference"]["id"]), self.image_of(stemcell))
        yield from self._disks(found)
        public = self.found("publicIPAddresses", name)
        yield same("it has a public address of its own, in the same zone",
                   (_last(ip["publicIPAddress"]["id"]), public["zones"]), (name, zones))
        yield same("its network interface has both security groups, and is in the pool of the load balancer",
                   (_last(nic["properties"]["networkSecurityGroup"]["id"]),
                    [_last(it["id"]) for it in ip["applicationSecurityGroups"]],
                    [_last(it["id"]) for it in ip["loadBalancerBackendAddressPools"]]),
                   (self.vm_type["security_group"], self.vm_type["application_security_groups"], ["pool"]))
        wanted = tags | self.vm_type["tags"] | {"user-agent": "bosh"}
        yield same("it has the tags of env and of its type", found["tags"], wanted)
        yield from self._agent_settings(found, agent)

    def _disks(self, vm: Resource) -> Facts:
        zones, wanted = vm["zones"], self.vm_type["ephemeral_disk"]
        storage = vm["properties"]["storageProfile"]
        root, ephemeral = (self._disk_of(disk) for disk in (storage["osDisk"], *storage["dataDisks"]))
        gib = self.vm_type["root_disk"]["size"] // 1024
        yield same(f"its root disk of {gib} GiB is in the same zone",
                   (root["properties"]["diskSizeGB"], root["zones"]), (gib, zones))
        yield same(f"and its ephemeral one, {wanted['size'] // 1024} GiB of {wanted['type']}",
                   (ephemeral["properties"]["diskSizeGB"], ephemeral["sku"]["name"], ephemeral["zones"]),
                   (wanted["size"] // 1024, wanted["type"], zones))

    def _agent_settings(self, vm: Resource, agent: dict[str, Any]) -> Facts:
        """The one place where the agent's secrets may be."""
        text = base64.b64decode(vm["hidden"]["customData"], validate=True)
        settings = json.loads(text)
        yield same(f"its custom data is the agent's settings, {len(text):,} bytes: agent id, message bus, "
                   "time servers, and env with its private key", {key: settings.get(key) for key in agent}, agent)
        lun = vm["properties"]["storageProfile"]["dataDisks"][0]["lun"]
        yield same("they name the address, and the disk that is the ephemeral one",
                   (settings["networks"]["private"]["ip"], settings["disks"]["ephemeral"]["lun"]),
                   (self.network["ip"], str(lun)))

    def vm_tagged(self, vm: str, tags: dict[str, str]) -> Facts:
        wanted = tags | self.vm_type["tags"] | {"user-agent": "bosh"}
        yield same(f"it has the {len(wanted)} tags, new and old",
                   self.found("virtualMachines", _name(vm))["tags"], wanted)

    def vm_rebooted(self, vm: str) -> Facts:
        yield same("it is running", self.found("virtualMachines", _name(vm))["hidden"]["power"], "running")

    def vm_gone(self, vm: str) -> Facts:
        left = [one for one in self.ids() if _name(vm) in one]
        yield same("it is gone, with its network interface, its public address and its disks", left, [])

    def disk_free(self, disk: str, mib: int) -> Facts:
        found = self.found("disks", _name(disk))
        yield same(f"it is {mib // 1024} GiB of {self.disk_type['storage_account_type']} in the zone of the VM, and "
                   "attached to nothing",
                   (found["properties"]["diskSizeGB"], found["sku"]["name"], found["zones"], found.get("managedBy")),
                   (mib // 1024, self.disk_type["storage_account_type"], [self.vm_type["availability_zone"]], None))

    def disk_attached(self, disk: str, vm: str, hint: Any) -> Facts:
        wanted = [it for it in self._data_disks(vm) if _last(it["managedDisk"]["id"]) == _name(disk)]
        yield same(f"it is attached to that VM, at the LUN of the hint, {hint['lun']}",
                   [str(it["lun"]) for it in wanted], [hint["lun"]])
        yield same(f"with the caching {self.disk_type['caching']} that its type says",
                   [it["caching"] for it in wanted], [self.disk_type["caching"]])

    def disk_tagged(self, disk: str, tags: dict[str, str]) -> Facts:
        found = self.found("disks", _name(disk))["tags"]
        yield same(f"it has the {len(tags)} tags", {key: found.get(key) for key in tags}, tags)

    def disk_gone(self, disk: str) -> Facts:
        yield Fact("it is gone", not any(_name(disk) in one for one in self.ids()))

    def disks_of(self, vm: str) -> set[str]:
        """The ephemeral one is no disk of the director's."""
        return {f"caching:{it['caching']};disk_name:{_last(it['managedDisk']['id'])};resource_group_name:{GROUP}"
                for it in self._data_disks(vm) if not it["name"].endswith("-ephemeral-disk")}

    def snapshot_exists(self, snapshot: str, disk: str) -> Facts:
        properties = self.found("snapshots", _name(snapshot))["properties"]
        yield same("it is of that disk, and incremental: what changed is what it costs",
                   (_last(properties["creationData"]["sourceResourceId"]), properties["incremental"]),
                   (_name(disk), True))

    def snapshot_gone(self, snapshot: str) -> Facts:
        yield Fact("it is gone", not any(_name(snapshot) in one for one in self.ids()))

    def nothing_left(self) -> Facts:
        yield same("every resource is as it was before the first call, and no other is there",
                   sorted(self.ids() ^ self._before), [])
        yield same("no operation is under way", self._emulator.control("GET", "state")["operations"], [])

    def ids(self) -> set[str]:
        """Of everything in all subscriptions."""
        return {resource["id"].lower() for resource in self._resources()}

    def found(self, kind: str, name: str, subscription: str = SUBSCRIPTION) -> Resource:
        ending = f"/{kind}/{name}".lower()
        return next(it for it in self._resources()
                    if it["id"].lower().endswith(ending) and it["id"].startswith(f"/subscriptions/{subscription}/"))

    def image_of(self, stemcell: str) -> str:
        """The name of the image that VMs of a stemcell are made of here."""
        return f"{stemcell.removeprefix('bosh-stemcell-')}-P-eastus"

    def _resources(self) -> list[Resource]:
        resources: list[Resource] = self._emulator.control("GET", "state")["resources"]
        return resources

    def _data_disks(self, vm: str) -> list[Resource]:
        disks: list[Resource] = self.found("virtualMachines", _name(vm))["properties"]["storageProfile"]["dataDisks"]
        return disks

    def _disk_of(self, disk: Resource) -> Resource:
        return self.found("disks", _last(disk["managedDisk"]["id"]))


def _name(cid: str) -> str:
    """What an identifier calls its resource."""
    parts = dict(pair.split(":", 1) for pair in cid.split(";"))
    return parts.get("agent_id") or parts["disk_name"]


def _last(resource_id: str) -> str:
    return resource_id.rsplit("/", 1)[1]
