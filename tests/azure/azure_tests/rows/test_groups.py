"""Groups of security: which, and where they are looked for."""

from __future__ import annotations

from typing import Any

from ..running import SSH
from ..world import COMPUTE, NETWORK
from .cases import SIZE, Machines
from .table import row


class Groups(Machines):
    def setUp(self) -> None:
        super().setUp()
        for group in ("net-group", "vm-group", "far"):
            self.put(group, COMPUTE, {"location": "eastus"}, whole=True)

    def security_group(self, group: str, name: str, kind: str = "networkSecurityGroups") -> str:
        rules = {"properties": {"securityRules": [SSH]}} if kind.startswith("network") else {}
        path = f"{group}/providers/Microsoft.Network/{kind}/{name}"
        return self.put(path, NETWORK, {"location": "eastus", **rules}, whole=True)["id"]

    def chosen(self, vm: dict[str, Any], network: dict[str, Any], **azure: Any) -> str | None:
        """The group of the only interface of a VM that is made and removed."""
        self.forget()
        networks = {"a": self.manual("10.0.0.9", properties=network)}
        made = self.cpi("create_vm", *self.create_vm({**SIZE, **vm}, networks=networks), context=azure)[0]
        found = self.interface()["properties"].get("networkSecurityGroup")
        self.cpi("delete_vm", made)
        return found and found["id"]

    @row(32)
    def test_the_nearest_group_wins(self) -> None:
        ids = {name: self.security_group("g", name) for name in ("vm", "network", "global")}
        self.assertIsNone(self.chosen({}, {}))
        default = {"default_security_group": "global"}
        self.assertEqual(ids["global"], self.chosen({}, {}, **default))
        self.assertEqual(ids["network"], self.chosen({}, {"security_group": "network"}, **default))
        self.assertEqual(
            ids["vm"], self.chosen({"security_group": {"name": "vm"}}, {"security_group": "network"}, **default)
        )
        # A hash without a name is none.
        unnamed = {"security_group": {"resource_group_name": "far"}}
        self.assertEqual(ids["network"], self.chosen(unnamed, {"security_group": "network"}, **default))

    @row(32)
    def test_where_groups_are_looked_for(self) -> None:
        """In the group of the network, then in the default one; never in that of the VM; or only where it is said."""
        net = {"virtual_network_name": "other-net", "subnet_name": "a", "resource_group_name": "net-group"}
        space = {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [{"name": "a", "properties": {"addressPrefix": "10.0.0.0/24"}}],
        }
        path = "net-group/providers/Microsoft.Network/virtualNetworks/other-net"
        self.put(path, NETWORK, {"location": "eastus", "properties": space}, whole=True)
        both = self.security_group("net-group", "both")
        self.security_group("g", "both")
        only = self.security_group("g", "only")
        far = self.security_group("far", "both")
        self.assertEqual(both, self.chosen({"security_group": "both"}, net))
        self.assertEqual(only, self.chosen({"security_group": "only"}, net))
        self.assertEqual(far, self.chosen({"security_group": {"name": "both", "resource_group_name": "far"}}, net))
        self.security_group("vm-group", "of-vm")
        cases = [
            (
                "Cannot find the network security group 'of-vm'",
                {"resource_group_name": "vm-group", "security_group": "of-vm"},
            ),
            ("'only' in the resource group 'far'", {"security_group": {"name": "only", "resource_group_name": "far"}}),
        ]
        networks = {"a": self.manual("10.0.0.9", properties=net)}
        self.refusals([(said, properties, networks) for said, properties in cases], "VMCreationFailed")

    @row(32)
    def test_an_empty_name_is_refused_and_hides_nothing(self) -> None:
        self.security_group("g", "global")
        self.configure(default_security_group="global")
        said = "empty string"
        networks = {"a": self.manual("10.0.0.9", properties={"security_group": ""})}
        for arguments in (
            self.create_vm({**SIZE, "security_group": ""}),
            self.create_vm({**SIZE, "security_group": {"name": ""}}),
            self.create_vm(SIZE, networks=networks),
        ):
            error = self.answer("create_vm", *arguments)["error"]
            self.assertIn(error["type"], ("Bosh::Clouds::CloudError", "Bosh::Clouds::VMCreationFailed"))
            self.assertIn(said, error["message"])
        self.nothing_is_left()

    @row(33)
    def test_the_list_of_the_vm_replaces_that_of_the_network(self) -> None:
        ids = {name: self.security_group("g", name, "applicationSecurityGroups") for name in "abc"}
        own = {"application_security_groups": ["a", "b"]}
        networks = {
            "one": self.manual("10.0.0.9", properties=own),
            "two": self.manual("10.0.1.9", "b", properties={"application_security_groups": ["c"]}),
        }
        for vm, expected in (({}, ["ab", "c"]), ({"application_security_groups": ["c"]}, ["c", "c"])):
            self.forget()
            made = self.cpi("create_vm", *self.create_vm({**SIZE, **vm}, networks=networks))[0]
            for index, names in enumerate(expected):
                references = [{"id": ids[name]} for name in names]
                self.assertEqual(references, self.configuration(index)["applicationSecurityGroups"])
            self.cpi("delete_vm", made)
        self.forget()
        self.cpi("create_vm", *self.create_vm({**SIZE, "application_security_groups": []}, networks=networks))
        self.assertNotIn("applicationSecurityGroups", self.configuration(0))

    @row(33)
    def test_an_application_group_that_is_not_there(self) -> None:
        wanted = {"application_security_groups": ["none"]}
        said = "Cannot find the application security group 'none'"
        self.refusals([(said, wanted, {"a": self.manual("10.0.0.9")})], "VMCreationFailed")
