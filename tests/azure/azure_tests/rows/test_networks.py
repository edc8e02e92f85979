"""Networks of create_vm: what is wrong with them, and which is the primary one."""

from __future__ import annotations

from typing import Any

from ..plugin import AGENT, VM
from ..world import NETWORK
from .cases import PROVIDERS, SIZE, Machines
from .table import row


class Networks(Machines):
    @row(28)
    def test_what_is_wrong_is_named(self) -> None:
        good, vip = self.manual("10.0.0.4"), {"type": "vip", "ip": "203.0.113.9"}

        def without(network: dict[str, Any], key: str) -> dict[str, Any]:
            place = {name: value for name, value in network["cloud_properties"].items() if name != key}
            return {**network, "cloud_properties": place}

        bare = {key: value for key, value in good.items() if key != "cloud_properties"}
        self.refusals(
            [
                ("At least one dynamic or manual network must be defined", {}, {}),
                ("At least one dynamic or manual network must be defined", {}, {"v": vip}),
                ("More than one vip network for 'w'", {}, {"a": good, "v": vip, "w": vip}),
                ("Invalid network type 'bridged'", {}, {"a": {**good, "type": "bridged"}}),
                ("virtual_network_name required for manual network", {}, {"a": without(good, "virtual_network_name")}),
                ("subnet_name required for manual network", {}, {"a": without(good, "subnet_name")}),
                (
                    "virtual_network_name required for dynamic network",
                    {},
                    {"a": {"type": "dynamic", "cloud_properties": {}}},
                ),
                ("subnet_name required for dynamic network", {}, {"a": without(self.dynamic(), "subnet_name")}),
                ("ip address required for manual network", {}, {"a": {**good, "ip": None}}),
                ("required for manual network", {}, {"a": bare}),
                (
                    "Cannot find nic_group '7' referenced by the vip network",
                    {},
                    {"a": good, "v": {**vip, "nic_group": "7"}},
                ),
            ]
        )
        self.fails("InvalidCall", "create_vm", *self.create_vm(SIZE, networks={"a": "not an object"}))
        self.assertEqual([], self.requests("PUT"))

    @row(28)
    def test_a_network_without_a_type_is_manual(self) -> None:
        network = {key: value for key, value in self.manual("10.0.0.9").items() if key != "type"}
        self.cpi("create_vm", *self.create_vm(SIZE, networks={"a": network}))
        self.assertEqual("10.0.0.9", self.configuration()["privateIPAddress"])

    @row(28, 29)
    def test_the_network_with_the_gateway_is_the_primary_one(self) -> None:
        networks = {
            "first": self.manual("10.0.0.9", default=["dns"], dns=["10.0.0.2"]),
            "second": self.dynamic("b", default=["gateway"], dns=["10.0.0.3"]),
        }
        vm, answered = self.cpi("create_vm", *self.create_vm(SIZE, networks=networks))
        self.assertEqual((VM, ["first", "second"]), (vm, sorted(answered)))
        primary, other = self.configuration(0), self.configuration(1)
        self.assertEqual("Dynamic", primary["privateIPAllocationMethod"])
        self.assertTrue(primary["subnet"]["id"].endswith("/virtualNetworks/net/subnets/b"))
        self.assertNotIn("privateIPAddress", primary)
        self.assertEqual(("Static", "10.0.0.9"), (other["privateIPAllocationMethod"], other["privateIPAddress"]))
        self.assertTrue(other["subnet"]["id"].endswith("/virtualNetworks/net/subnets/a"))
        for index in (0, 1):
            [configuration] = self.interface(index)["properties"]["ipConfigurations"]
            self.assertEqual(f"ipconfig{index}", configuration["name"])
            self.assertTrue(configuration["properties"]["primary"])
            self.assertEqual("IPv4", configuration["properties"]["privateIPAddressVersion"])
        model = self.body("PUT", "/virtualMachines/")["properties"]["networkProfile"]["networkInterfaces"]
        expected = [
            {
                "id": f"{PROVIDERS}/Microsoft.Network/networkInterfaces/{AGENT}-{index}",
                "properties": {"primary": index == 0},
            }
            for index in (0, 1)
        ]
        self.assertEqual(expected, model)
        # The name servers of the network that has `dns` among its defaults.
        self.assertEqual({"nameserver": ["10.0.0.2"]}, self.custom_data()["dns"])
        self.cpi("delete_vm", VM)
        self.nothing_is_left()

    @row(28)
    def test_of_several_with_the_gateway_the_last_is_the_primary_one(self) -> None:
        networks = {
            "a": self.manual("10.0.0.9", default=["gateway"], dns=["10.0.0.2"]),
            "b": self.manual("10.0.1.9", "b", default=["gateway"], dns=["10.0.0.3"]),
        }
        self.cpi("create_vm", *self.create_vm(SIZE, networks=networks))
        self.assertEqual("10.0.1.9", self.configuration(0)["privateIPAddress"])
        self.assertEqual({"nameserver": ["10.0.0.3"]}, self.custom_data()["dns"])

    @row(29)
    def test_the_whole_body_of_an_interface(self) -> None:
        self.cpi("create_vm", *self.create_vm(SIZE, "group", networks={"a": self.manual("10.0.0.9")}))
        configuration = {
            "privateIPAllocationMethod": "Static",
            "privateIPAddress": "10.0.0.9",
            "privateIPAddressVersion": "IPv4",
            "subnet": {"id": f"{PROVIDERS}/Microsoft.Network/virtualNetworks/net/subnets/a"},
            "primary": True,
        }
        expected = {
            "location": "eastus",
            "tags": {"user-agent": "bosh", "availability_set": "group"},
            "properties": {
                "enableIPForwarding": False,
                "enableAcceleratedNetworking": False,
                "dnsSettings": {"dnsServers": []},
                "ipConfigurations": [{"name": "ipconfig0", "properties": configuration}],
            },
        }
        self.assertEqual(expected, self.interface())

    @row(29)
    def test_an_address_that_somebody_has(self) -> None:
        self.cpi("create_vm", *self.create_vm(SIZE))
        said = self.fails("VMCreationFailed", "create_vm", *self.create_vm(SIZE, agent="second"))
        self.assertRegex(said, "PrivateIPAddress\\w*")
        self.assertIn("10.0.0.4", said)
        self.assertEqual([f"{AGENT}-0"], self.names("Network/networkInterfaces", NETWORK))
