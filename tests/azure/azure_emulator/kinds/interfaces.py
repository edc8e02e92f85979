"""Network interfaces."""

from __future__ import annotations

from ..cloud import Cloud, members
from ..errors import ArmError
from ..ids import ResourceId, reference, same
from ..store import Body, Entry
from . import addressing
from .base import fill
from .embedded import Embedded
from .network import NetworkKind, configurations, refer

# What an IP configuration may refer to in lists.
_LISTS = {
    "loadBalancerBackendAddressPools": "Microsoft.Network/loadBalancers/backendAddressPools",
    "loadBalancerInboundNatRules": "Microsoft.Network/loadBalancers/inboundNatRules",
    "applicationGatewayBackendAddressPools": "Microsoft.Network/applicationGateways/backendAddressPools",
    "applicationSecurityGroups": "Microsoft.Network/applicationSecurityGroups",
}


class Interfaces(NetworkKind):
    type = "Microsoft.Network/networkInterfaces"
    parts = ("ipConfigurations",)

    def check(self, cloud: Cloud, rid: ResourceId, body: Body, old: Entry | None) -> None:
        own = body["properties"]
        if not own["ipConfigurations"]:
            raise ArmError(
                400,
                "NetworkInterfaceMustHaveAtLeastOneIpConfiguration",
                f"Network interface {body['id']} must have at least one IP configuration.",
                details=[],
            )
        if group := reference(own.get("networkSecurityGroup")):
            own["networkSecurityGroup"] = {
                "id": refer(cloud, body["id"], group, "Microsoft.Network/networkSecurityGroups", body["location"])[0].id
            }
        else:
            own.pop("networkSecurityGroup", None)
        promised: set[str] = set()
        for index, configuration in enumerate(members(own, "ipConfigurations")):
            fill(
                configuration["properties"],
                primary=index == 0,
                privateIPAllocationMethod="Dynamic",
                privateIPAddressVersion="IPv4",
            )
            self._check_configuration(cloud, body, configuration, old, promised)
        fill(
            own,
            dnsSettings={},
            enableAcceleratedNetworking=False,
            enableIPForwarding=False,
            disableTcpStateTracking=False,
            vnetEncryptionSupported=False,
            nicType="Standard",
            auxiliaryMode="None",
            auxiliarySku="None",
        )
        fill(
            own["dnsSettings"],
            dnsServers=[],
            appliedDnsServers=[],
            internalDomainNameSuffix="emulated.internal.cloudapp.net",
        )
        own.pop("tapConfigurations", None)
        fill(own, tapConfigurations=[], hostedWorkloads=[])

    def _check_configuration(
        self, cloud: Cloud, body: Body, configuration: Body, old: Entry | None, promised: set[str]
    ) -> None:
        own, user, location = configuration["properties"], configuration["id"], body["location"]
        subnet_id = reference(own.get("subnet"))
        if not subnet_id:
            raise ArmError(400, "SubnetMissing", f"Subnet reference is missing in IP configuration {user}.", details=[])
        _, subnet = refer(cloud, user, subnet_id, "Microsoft.Network/virtualNetworks/subnets", location)
        own["subnet"] = {"id": subnet["id"]}
        before = (
            next(
                (
                    one["properties"]
                    for one in members(old.properties, "ipConfigurations")
                    if one["name"] == configuration["name"]
                ),
                {},
            )
            if old
            else {}
        )
        if own["privateIPAllocationMethod"] == "Dynamic":
            # A dynamic address stays as long as the configuration does.
            own["privateIPAddress"] = before.get("privateIPAddress")
        own["privateIPAddress"] = addressing.assign(cloud, body["id"], configuration, subnet, promised)
        promised.add(own["privateIPAddress"])
        for name, kind in _LISTS.items():
            if name in own:
                own[name] = [
                    {"id": refer(cloud, user, reference(one), kind, location)[1]["id"]} for one in own[name] or []
                ]
        if address := reference(own.get("publicIPAddress")):
            self._check_address(cloud, body, user, address)
        self._check_rules(cloud, body, own)

    def _check_address(self, cloud: Cloud, body: Body, user: str, address: str) -> None:
        found, _ = refer(cloud, user, address, "Microsoft.Network/publicIPAddresses", body["location"])
        for nic, other in configurations(cloud):
            if same(reference(other["properties"].get("publicIPAddress")), found.id) and not same(nic.id, body["id"]):
                raise ArmError(
                    400,
                    "PublicIPAddressInUse",
                    f"Resource {user} is referencing public IP address {found.id} that is "
                    f"already allocated to resource {other['id']}.",
                    details=[],
                )

    def _check_rules(self, cloud: Cloud, body: Body, own: Body) -> None:
        """An inbound NAT rule leads to one configuration only."""
        for rule in own.get("loadBalancerInboundNatRules") or []:
            for nic, other in configurations(cloud):
                rules = other["properties"].get("loadBalancerInboundNatRules") or []
                if not same(nic.id, body["id"]) and any(same(rule["id"], one["id"]) for one in rules):
                    raise ArmError(
                        400,
                        "InboundNatRuleInUse",
                        f"Inbound NAT rule {rule['id']} is already used by {other['id']}.",
                        details=[],
                    )

    def check_removal(self, cloud: Cloud, entry: Entry) -> None:
        if vm := machine(cloud, entry.id):
            raise ArmError(
                400,
                "NicInUse",
                f"Network Interface {entry.id} is used by existing resource {vm.id}. In order to "
                "delete the network interface, it must be dissociated from the resource. To learn more, see "
                "aka.ms/deletenic.",
                details=[],
            )

    def view(self, cloud: Cloud, entry: Entry) -> Body:
        body = super().view(cloud, entry)
        vm = machine(cloud, entry.id)
        if vm:
            body["properties"]["virtualMachine"] = {"id": vm.id}
            nics = list(members(vm.properties, "networkProfile", "networkInterfaces"))
            body["properties"]["primary"] = len(nics) == 1 or any(
                same(one.get("id"), entry.id) and (one.get("properties") or {}).get("primary") for one in nics
            )
        return body


def machine(cloud: Cloud, nic: str) -> Entry | None:
    """The VM that an interface belongs to."""
    for vm in cloud.store.of("Microsoft.Compute/virtualMachines"):
        if any(same(one.get("id"), nic) for one in members(vm.properties, "networkProfile", "networkInterfaces")):
            return vm
    return None


_INTERFACES = Interfaces()
KINDS = (_INTERFACES,)
EMBEDDED = (Embedded(_INTERFACES, "ipConfigurations", writable=False),)
