"""The load balancers of the demo, in moto: one classic, and two target groups, for instances and for addresses."""

from __future__ import annotations

from typing import Any

from ..cloud import Facts, same

CLASSIC, INSTANCES, ADDRESSES = "web", "web-instances", "web-addresses"


class LoadBalancers:
    """Looks at them with boto3, past the proxy and past everything of ours."""

    # What a VM type says to be behind all of them.
    properties = {"elbs": [CLASSIC], "lb_target_groups": [INSTANCES, ADDRESSES]}

    def __init__(self, classic: Any, targets: Any, vpc: str, zone: str) -> None:
        self._classic, self._targets = classic, targets
        listener = {"Protocol": "tcp", "LoadBalancerPort": 443, "InstancePort": 8443}
        classic.create_load_balancer(LoadBalancerName=CLASSIC, Listeners=[listener], AvailabilityZones=[zone])
        for name, kind in ((INSTANCES, "instance"), (ADDRESSES, "ip")):
            targets.create_target_group(Name=name, Protocol="HTTPS", Port=8443, VpcId=vpc, TargetType=kind)

    def have(self, vm: str, address: str) -> Facts:
        yield same("the classic load balancer and the target group of instances have the VM",
                   (self._members(), self._registered(INSTANCES)), ([vm], [vm]))
        yield same("the target group of addresses has its address", self._registered(ADDRESSES), [address])

    def forgot(self, address: str) -> Facts:
        yield same(f"no target group has {address} any more: the next VM with it would get the traffic",
                   self._registered(ADDRESSES), [])

    def _members(self) -> list[str]:
        found = self._classic.describe_load_balancers(LoadBalancerNames=[CLASSIC])["LoadBalancerDescriptions"][0]
        return [member["InstanceId"] for member in found["Instances"]]

    def _registered(self, name: str) -> list[str]:
        group = self._targets.describe_target_groups(Names=[name])["TargetGroups"][0]
        health = self._targets.describe_target_health(TargetGroupArn=group["TargetGroupArn"])
        return [target["Target"]["Id"] for target in health["TargetHealthDescriptions"]]
