"""Network security groups with their rules, and application security groups."""

from __future__ import annotations

from ..cloud import Cloud, members
from ..errors import ArmError
from ..ids import ResourceId, reference, same
from ..store import Body, Entry
from .base import fill
from .embedded import Embedded
from .network import NetworkKind, users

_NICS = "Microsoft.Network/networkInterfaces"
_NETWORKS = "Microsoft.Network/virtualNetworks"


class SecurityGroups(NetworkKind):
    type = "Microsoft.Network/networkSecurityGroups"
    parts = ("securityRules",)

    def check(self, cloud: Cloud, rid: ResourceId, body: Body, old: Entry | None) -> None:
        taken: dict[tuple[str, int], str] = {}
        for rule in members(body["properties"], "securityRules"):
            own = rule["properties"]
            if not 100 <= own["priority"] <= 4096:
                raise ArmError(
                    400,
                    "SecurityRuleInvalidPriority",
                    f"Security rule {rule['id']} has invalid priority {own['priority']}: it is 100 to 4096.",
                    details=[],
                )
            other = taken.setdefault((own["direction"], own["priority"]), rule["name"])
            if other != rule["name"]:
                raise ArmError(
                    400,
                    "SecurityRuleConflict",
                    f"Security rule {rule['name']} conflicts with rule {other}. Rules "
                    "cannot have the same Priority and Direction.",
                    details=[],
                )
            fill(
                own,
                sourceAddressPrefixes=[],
                destinationAddressPrefixes=[],
                sourcePortRanges=[],
                destinationPortRanges=[],
            )

    def check_removal(self, cloud: Cloud, entry: Entry) -> None:
        used = self._users(cloud, entry)
        for name in used:
            if used[name]:
                raise ArmError(
                    400,
                    "InUseNetworkSecurityGroupCannotBeDeleted",
                    f"Network security group {entry.id} cannot be "
                    f"deleted because it is in use by the following resources: {used[name][0]['id']}. In order to "
                    "delete the Network security group, remove the association with the resource(s). To learn how "
                    "to do this, see aka.ms/deletensg.",
                    details=[],
                )

    def view(self, cloud: Cloud, entry: Entry) -> Body:
        body = super().view(cloud, entry)
        body["properties"].update({name: value for name, value in self._users(cloud, entry).items() if value})
        return body

    def _users(self, cloud: Cloud, entry: Entry) -> dict[str, list[Body]]:
        return {
            "networkInterfaces": [
                {"id": nic.id}
                for nic in cloud.store.of(_NICS)
                if same(reference(nic.properties.get("networkSecurityGroup")), entry.id)
            ],
            "subnets": [
                {"id": subnet["id"]}
                for network in cloud.store.of(_NETWORKS)
                for subnet in members(network.properties, "subnets")
                if same(reference(subnet["properties"].get("networkSecurityGroup")), entry.id)
            ],
        }


class ApplicationGroups(NetworkKind):
    type = "Microsoft.Network/applicationSecurityGroups"

    def check_removal(self, cloud: Cloud, entry: Entry) -> None:
        if used := users(cloud, "applicationSecurityGroups", entry.id):
            raise ArmError(
                400,
                "InUseApplicationSecurityGroupCannotBeDeleted",
                f"Application security group {entry.id} cannot be deleted because it is in use by {used[0]['id']}.",
                details=[],
            )


_GROUPS = SecurityGroups()
KINDS = (_GROUPS, ApplicationGroups())
EMBEDDED = (Embedded(_GROUPS, "securityRules"),)
