"""Public IP addresses, and prefixes of them."""

from __future__ import annotations

from ..cloud import Cloud, members
from ..errors import ArmError
from ..ids import ResourceId, reference, same
from ..store import Body, Entry
from .base import fill
from .network import NetworkKind, users


class Addresses(NetworkKind):
    type = "Microsoft.Network/publicIPAddresses"

    def check(self, cloud: Cloud, rid: ResourceId, body: Body, old: Entry | None) -> None:
        own = body["properties"]
        fill(body, sku={"name": "Basic"})
        fill(body["sku"], name="Basic", tier="Regional")
        is_basic = body["sku"]["name"] == "Basic"
        fill(
            own,
            publicIPAddressVersion="IPv4",
            publicIPAllocationMethod="Dynamic" if is_basic else "Static",
            idleTimeoutInMinutes=4,
            ipTags=[],
        )
        if not 4 <= own["idleTimeoutInMinutes"] <= 30:
            raise ArmError(
                400,
                "PublicIPAddressIdleTimeoutIsOutOfRange",
                f"The idle timeout {own['idleTimeoutInMinutes']} of "
                f"public IP address {body['id']} is out of range: it is 4 to 30 minutes.",
                details=[],
            )
        if not is_basic and own["publicIPAllocationMethod"] == "Dynamic":
            raise ArmError(
                400,
                "StandardAndBasicSkuPublicIPAddressesMustBeStatic",
                f"Standard sku publicIp {body['id']} must have AllocationMethod set to Static.",
                details=[],
            )
        if is_basic and body.get("zones"):
            raise ArmError(
                400,
                "ZonesNotAllowedForBasicSku",
                f"Public IP address {body['id']} with sku Basic cannot have zones.",
                details=[],
            )
        if old and old.body["sku"] != body["sku"]:
            raise ArmError(
                400,
                "SkuCannotBeChanged",
                f"Sku property of {body['id']} is immutable: it is {old.body['sku']}.",
                details=[],
            )
        if old and "ipAddress" in old.properties:
            own["ipAddress"] = old.properties["ipAddress"]
        elif own["publicIPAllocationMethod"] == "Static":
            own["ipAddress"] = self._next(cloud)
        else:
            own.pop("ipAddress", None)

    def _next(self, cloud: Cloud) -> str:
        taken = {entry.properties.get("ipAddress") for entry in cloud.store.of(self.type)}
        return next(
            address
            for number in range(1, 65535)
            if (address := f"203.0.{113 + number // 250}.{number % 250 + 1}") not in taken
        )

    def check_removal(self, cloud: Cloud, entry: Entry) -> None:
        if user := self._user(cloud, entry):
            raise ArmError(
                400,
                "PublicIPAddressCannotBeDeleted",
                f"Public IP address {entry.id} can not be deleted since it is "
                f"still allocated to resource {user}. In order to delete the public IP, disassociate/detach the "
                "Public IP address from the resource. To learn how to do this, see aka.ms/deletepublicip.",
                details=[],
            )

    def view(self, cloud: Cloud, entry: Entry) -> Body:
        body = super().view(cloud, entry)
        if user := self._user(cloud, entry):
            body["properties"]["ipConfiguration"] = {"id": user}
        return body

    def _user(self, cloud: Cloud, entry: Entry) -> str | None:
        if used := users(cloud, "publicIPAddress", entry.id):
            return used[0]["id"]
        for kind in ("loadBalancers", "applicationGateways"):
            for balancer in cloud.store.of(f"Microsoft.Network/{kind}"):
                for front in members(balancer.properties, "frontendIPConfigurations"):
                    if same(reference(front["properties"].get("publicIPAddress")), entry.id):
                        return front["id"]
        return None


class Prefixes(NetworkKind):
    type = "Microsoft.Network/publicIPPrefixes"

    def check(self, cloud: Cloud, rid: ResourceId, body: Body, old: Entry | None) -> None:
        fill(body, sku={"name": "Standard", "tier": "Regional"})
        fill(body["properties"], prefixLength=28, publicIPAddressVersion="IPv4", ipTags=[])
        body["properties"]["ipPrefix"] = f"198.51.100.0/{body['properties']['prefixLength']}"


KINDS = (Addresses(), Prefixes())
