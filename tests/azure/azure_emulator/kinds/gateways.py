"""Application gateways: their backend pools, which interfaces join."""

from __future__ import annotations

from ..cloud import Cloud, members
from ..ids import ResourceId
from ..store import Body, Entry
from .base import fill
from .network import NetworkKind, users


class Gateways(NetworkKind):
    type = "Microsoft.Network/applicationGateways"
    parts = (
        "gatewayIPConfigurations",
        "sslCertificates",
        "frontendIPConfigurations",
        "frontendPorts",
        "backendAddressPools",
        "backendHttpSettingsCollection",
        "httpListeners",
        "requestRoutingRules",
        "probes",
        "urlPathMaps",
    )

    def check(self, cloud: Cloud, rid: ResourceId, body: Body, old: Entry | None) -> None:
        own = body["properties"]
        fill(own, operationalState="Running")
        for pool in members(own, "backendAddressPools"):
            fill(pool["properties"], backendAddresses=[])

    def view(self, cloud: Cloud, entry: Entry) -> Body:
        body = super().view(cloud, entry)
        for pool in members(body, "properties", "backendAddressPools"):
            if used := users(cloud, "applicationGatewayBackendAddressPools", pool["id"]):
                pool["properties"]["backendIPConfigurations"] = used
        return body


KINDS = (Gateways(),)
