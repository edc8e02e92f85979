"""Load balancers: their pools and inbound NAT rules, which interfaces join."""

from __future__ import annotations

from ..cloud import Cloud, members
from ..errors import ArmError, invalid_reference
from ..ids import ResourceId, reference
from ..store import Body, Entry
from .base import fill
from .embedded import Embedded
from .network import NetworkKind, configurations, find, refer, users


class Balancers(NetworkKind):
    type = "Microsoft.Network/loadBalancers"
    parts = (
        "frontendIPConfigurations",
        "backendAddressPools",
        "loadBalancingRules",
        "probes",
        "inboundNatRules",
        "outboundRules",
        "inboundNatPools",
    )

    def check(self, cloud: Cloud, rid: ResourceId, body: Body, old: Entry | None) -> None:
        own = body["properties"]
        fill(body, sku={"name": "Basic"})
        fill(body["sku"], name="Basic", tier="Regional")
        for front in members(own, "frontendIPConfigurations"):
            self._check_front(cloud, body, front)
        for name in ("inboundNatRules", "loadBalancingRules", "outboundRules"):
            for rule in members(own, name):
                self._check_rule(body, rule)

    def _check_front(self, cloud: Cloud, body: Body, front: Body) -> None:
        own = front["properties"]
        if address := reference(own.get("publicIPAddress")):
            found, _ = refer(cloud, front["id"], address, "Microsoft.Network/publicIPAddresses", body["location"])
            if found.body["sku"]["name"] != body["sku"]["name"]:
                raise ArmError(
                    400,
                    "LoadBalancerSkuAndPublicIPAddressSkuMismatch",
                    f"{body['sku']['name']} sku load balancer {body['id']} cannot reference "
                    f"{found.body['sku']['name']} sku publicIP {found.id}.",
                    details=[],
                )
        elif subnet := reference(own.get("subnet")):
            refer(cloud, front["id"], subnet, "Microsoft.Network/virtualNetworks/subnets", body["location"])
        else:
            raise ArmError(
                400,
                "FrontendIPConfigurationMissingReference",
                f"Frontend IP configuration {front['id']} must refer to a subnet or a public IP address.",
                details=[],
            )
        fill(own, privateIPAllocationMethod="Dynamic")

    def _check_rule(self, body: Body, rule: Body) -> None:
        """Rules refer to parts of the same balancer."""
        for name in ("frontendIPConfiguration", "backendAddressPool", "probe"):
            target = reference(rule["properties"].get(name))
            known = {
                part["id"].lower() for parts in body["properties"].values() if isinstance(parts, list) for part in parts
            }
            if target and target.lower() not in known:
                raise invalid_reference(rule["id"], target)

    def removed(self, cloud: Cloud, entry: Entry) -> None:
        """Interfaces forget the pools and rules of a balancer that is gone."""
        for _, configuration in configurations(cloud):
            for name in ("loadBalancerBackendAddressPools", "loadBalancerInboundNatRules"):
                own = configuration["properties"]
                if name in own:
                    own[name] = [one for one in own[name] if find(cloud, one["id"])]

    def view(self, cloud: Cloud, entry: Entry) -> Body:
        body = super().view(cloud, entry)
        for pool in members(body, "properties", "backendAddressPools"):
            if used := users(cloud, "loadBalancerBackendAddressPools", pool["id"]):
                pool["properties"]["backendIPConfigurations"] = used
        for rule in members(body, "properties", "inboundNatRules"):
            if used := users(cloud, "loadBalancerInboundNatRules", rule["id"]):
                rule["properties"]["backendIPConfiguration"] = used[0]
        # A frontend tells which rules it serves; this is where NAT rules are looked up.
        for front in members(body, "properties", "frontendIPConfigurations"):
            for name in ("inboundNatRules", "loadBalancingRules"):
                served = [
                    {"id": rule["id"]}
                    for rule in members(body, "properties", name)
                    if (reference(rule["properties"].get("frontendIPConfiguration")) or "").lower()
                    == front["id"].lower()
                ]
                if served:
                    front["properties"][name] = served
        return body


_BALANCERS = Balancers()
KINDS = (_BALANCERS,)
EMBEDDED = (
    Embedded(_BALANCERS, "backendAddressPools"),
    Embedded(_BALANCERS, "inboundNatRules"),
    Embedded(_BALANCERS, "frontendIPConfigurations", writable=False),
)
