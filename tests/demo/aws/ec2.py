"""Looks at EC2 with boto3, past the proxy and past everything of ours: what is there, whatever was answered."""

from __future__ import annotations

import base64
import json
from typing import Any

from botocore.exceptions import ClientError

from ..cloud import Fact, Facts, same
from .elb import LoadBalancers


class Eye:
    """What the story wants to know of EC2."""

    network: dict[str, Any]
    vm_type: dict[str, Any]
    load_balancers: LoadBalancers

    def __init__(self, client: Any, ami: str, group: str, subnet: str) -> None:
        self._ec2, self._ami, self._group, self._subnet = client, ami, group, subnet
        self._before = self._inventory()
        # Network interfaces that EC2 was asked to remove with their VM. moto forgets that, and keeps them.
        self.goes_with_vm: set[str] = set()

    def stemcell_exists(self, cid: str, tags: dict[str, str]) -> Facts:
        yield same("it is the AMI of this region, marked as light", cid, f"{self._ami} light")
        image = self._ec2.describe_images(ImageIds=[self._ami])["Images"][0]
        yield same("the AMI has the tags", _tags(image), tags)

    def stemcell_deleted(self, cid: str) -> Facts:
        images = self._ec2.describe_images(ImageIds=[self._ami])["Images"]
        yield Fact("the AMI is still there: a light stemcell belongs to whoever published it", len(images) == 1)

    def vm_runs(self, vm: str, stemcell: str, agent: dict[str, Any], tags: dict[str, str]) -> Facts:
        found = self._instance(vm)
        address, kind = self.network["ip"], self.vm_type["instance_type"]
        yield same(f"the VM is running at {address}", (found["State"]["Name"], found["PrivateIpAddress"]),
                   ("running", address))
        place = (found["InstanceType"], found["Placement"]["AvailabilityZone"], found["SubnetId"])
        yield same(f"it is a {kind} in {place[1]}, in the subnet of the network", place,
                   (kind, self.vm_type["availability_zone"], self._subnet))
        groups = {group["GroupId"] for group in found["NetworkInterfaces"][0]["Groups"]}
        yield same("it has the image and the security group", (found["ImageId"], groups),
                   (stemcell.removesuffix(" light"), {self._group}))
        volumes = self._volumes(vm)
        everything = [found, found["NetworkInterfaces"][0], *volumes]
        owned = [self._tags_of(thing) for thing in everything]
        yield same(f"VM, network interface and its {len(volumes)} volumes have the tags of env",
                   owned, [tags] * len(everything))
        sizes = sorted(volume["Size"] for volume in volumes)
        wanted = self.vm_type["ephemeral_disk"]["size"] // 1024
        yield Fact(f"one volume is the ephemeral disk of {wanted} GiB", wanted in sizes, f"found {sizes}")
        yield from self._agent_settings(vm, found, agent)
        yield from self.load_balancers.have(vm, address)

    def _agent_settings(self, vm: str, instance: dict[str, Any], agent: dict[str, Any]) -> Facts:
        """The one place where the agent's secrets may be."""
        data = self._ec2.describe_instance_attribute(InstanceId=vm, Attribute="userData")["UserData"]["Value"]
        text = base64.b64decode(data, validate=True)
        settings = json.loads(text)
        yield same(f"its user data is the agent's settings, {len(text):,} bytes: agent id, message bus, "
                   "time servers, and env with its private key", {key: settings.get(key) for key in agent}, agent)
        mac = instance["NetworkInterfaces"][0]["MacAddress"]
        network = settings["networks"]["private"]
        facts = {key: network.get(key) for key in ("ip", "mac", "use_dhcp")}
        yield same(f"they name the interface: {mac}", facts,
                   {"ip": self.network["ip"], "mac": mac, "use_dhcp": True})

    def vm_tagged(self, vm: str, tags: dict[str, str]) -> Facts:
        tags = {"Name" if key == "name" else key: value for key, value in tags.items()}
        volumes = self._volumes(vm)
        things = [self._instance(vm), *volumes]
        yield same(f"the VM and its {len(volumes)} volumes have the {len(tags)} tags, new and old",
                   [_tags(thing) for thing in things], [tags] * len(things))

    def vm_rebooted(self, vm: str) -> Facts:
        yield same("it is running", self._instance(vm)["State"]["Name"], "running")

    def vm_gone(self, vm: str) -> Facts:
        yield same("it is terminated", self._instance(vm)["State"]["Name"], "terminated")
        yield from self.load_balancers.forgot(self.network["ip"])

    def disk_free(self, disk: str, mib: int) -> Facts:
        volume = self._volume(disk)
        yield same(f"it is {mib // 1024} GiB of gp3, encrypted, in the zone of the VM, and attached to nothing",
                   tuple(volume[key] for key in ("Size", "VolumeType", "Encrypted", "AvailabilityZone", "Attachments")),
                   (mib // 1024, "gp3", True, self.vm_type["availability_zone"], []))

    def disk_attached(self, disk: str, vm: str, hint: Any) -> Facts:
        found = [(it["InstanceId"], it["State"]) for it in self._volume(disk)["Attachments"]]
        yield same("it is attached to that VM", found, [(vm, "attached")])
        device = self._volume(disk)["Attachments"][0]["Device"]
        yield Fact(f"as {device}, which this type of VM shows under the path of the hint",
                   disk.replace("-", "", 1) in str(hint) or device in str(hint), f"the hint is {hint!r}")

    def disk_tagged(self, disk: str, tags: dict[str, str]) -> Facts:
        yield same(f"it has the {len(tags)} tags", _tags(self._volume(disk)), tags)

    def disk_gone(self, disk: str) -> Facts:
        try:
            yield same("it is gone", self._ec2.describe_volumes(VolumeIds=[disk])["Volumes"], [])
        except ClientError as error:
            yield same("it is gone", error.response["Error"]["Code"], "InvalidVolume.NotFound")

    def disks_of(self, vm: str) -> set[str]:
        return {volume["VolumeId"] for volume in self._volumes(vm)}

    def snapshot_exists(self, snapshot: str, disk: str) -> Facts:
        found = self._ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]
        yield same("it is complete, and of that disk", (found["State"], found["VolumeId"]), ("completed", disk))
        yield same("its name says whose disk it is", _tags(found).get("Name"), found["Description"])

    def snapshot_gone(self, snapshot: str) -> Facts:
        yield Fact("it is gone", snapshot not in self._inventory()["snapshot"])

    def nothing_left(self) -> Facts:
        now = self._inventory()
        for kind in ("VM", "volume", "snapshot"):
            left = now[kind] - self._before[kind]
            yield Fact(f"no {kind}", not left, f"left: {sorted(left)}")
        left = now["network interface"] - self._before["network interface"]
        yield Fact("no network interface but such as EC2 removes with their VM, and was asked to (moto keeps them)",
                   left <= self.goes_with_vm, f"left: {sorted(left - self.goes_with_vm)}")

    def _inventory(self) -> dict[str, set[str]]:
        ec2 = self._ec2
        instances = [it for group in ec2.describe_instances()["Reservations"] for it in group["Instances"]]
        return {
            "VM": {it["InstanceId"] for it in instances if it["State"]["Name"] != "terminated"},
            "volume": {it["VolumeId"] for it in ec2.describe_volumes()["Volumes"]},
            "network interface": {it["NetworkInterfaceId"]
                                  for it in ec2.describe_network_interfaces()["NetworkInterfaces"]},
            "snapshot": {it["SnapshotId"] for it in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]},
        }

    def _instance(self, vm: str) -> dict[str, Any]:
        found: dict[str, Any] = self._ec2.describe_instances(InstanceIds=[vm])["Reservations"][0]["Instances"][0]
        return found

    def _volume(self, disk: str) -> dict[str, Any]:
        found: dict[str, Any] = self._ec2.describe_volumes(VolumeIds=[disk])["Volumes"][0]
        return found

    def _volumes(self, vm: str) -> list[dict[str, Any]]:
        attached = {"Name": "attachment.instance-id", "Values": [vm]}
        found: list[dict[str, Any]] = self._ec2.describe_volumes(Filters=[attached])["Volumes"]
        return found

    def _tags_of(self, thing: dict[str, Any]) -> dict[str, str]:
        """An instance's answer leaves out the tags of its interfaces."""
        if cid := thing.get("NetworkInterfaceId"):
            thing = self._ec2.describe_network_interfaces(NetworkInterfaceIds=[cid])["NetworkInterfaces"][0]
        return _tags(thing)


def _tags(thing: dict[str, Any]) -> dict[str, str]:
    """Without those by which the plugin will find the target groups of the VM's addresses."""
    tags = {tag["Key"]: tag["Value"] for tag in thing.get("Tags") or thing.get("TagSet") or []}
    return {key: value for key, value in tags.items() if not key.startswith("bosh-target-")}
