"""What later versions of the Ruby CPI have."""

from __future__ import annotations

from typing import Any

from ..plugin import VM
from ..world import NETWORK
from .cases import PROVIDERS, SIZE, Machines
from .table import row

STANDARD = {"sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}}


class Groups(Machines):
    """Networks with the same `nic_group` share an interface."""

    def setUp(self) -> None:
        super().setUp()
        parts = [
            {"name": "a", "properties": {"addressPrefixes": ["10.0.0.0/24", "fd00::/64"]}},
            {"name": "b", "properties": {"addressPrefix": "10.0.1.0/24"}},
        ]
        space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16", "fd00::/48"]}, "subnets": parts}
        self.put("Network/virtualNetworks/net", NETWORK, {"location": "eastus", "properties": space})

    def both(self) -> dict[str, Any]:
        return {
            "six": self.manual("fd00::10", nic_group="1", default=["gateway"]),
            "alone": self.manual("10.0.1.9", "b"),
            "four": self.manual("10.0.0.9", nic_group="1"),
        }

    @row(79)
    def test_two_families_on_one_interface(self) -> None:
        self.cpi("create_vm", *self.create_vm(SIZE, networks=self.both()))
        first, second = self.interface(0)["properties"]["ipConfigurations"]
        four, six = first["properties"], second["properties"]
        self.assertEqual(("IPv4", "10.0.0.9", True), self.kind_of(four))
        self.assertEqual(("IPv6", "fd00::10", False), self.kind_of(six))
        self.assertNotEqual(first["name"], second["name"])
        self.assertEqual("10.0.1.9", self.configuration(1)["privateIPAddress"])
        networks = self.custom_data()["networks"]
        self.assertEqual(["alone", "four", "six"], sorted(networks))
        self.cpi("delete_vm", VM)
        self.nothing_is_left()

    @staticmethod
    def kind_of(configuration: dict[str, Any]) -> tuple[str, str, bool]:
        return (
            configuration["privateIPAddressVersion"],
            configuration["privateIPAddress"],
            configuration["primary"],
        )

    @row(79)
    def test_pools_of_each_family(self) -> None:
        subnet = {"id": f"{PROVIDERS}/Microsoft.Network/virtualNetworks/net/subnets/b"}
        properties = {
            "frontendIPConfigurations": [{"name": "front", "properties": {"subnet": subnet}}],
            "backendAddressPools": [{"name": "four"}, {"name": "six"}],
        }
        body = {"location": "eastus", "sku": {"name": "Standard"}, "properties": properties}
        balancer = self.put("Network/loadBalancers/lb", NETWORK, body)["id"]
        wanted = {"load_balancer": {"name": "lb", "backend_pool_name": "four", "backend_pool_name_v6": "six"}}
        self.cpi("create_vm", *self.create_vm({**SIZE, **wanted}, networks=self.both()))
        for name, configuration in zip(
            ("four", "six"), self.interface(0)["properties"]["ipConfigurations"], strict=True
        ):
            expected = [{"id": f"{balancer}/backendAddressPools/{name}"}]
            self.assertEqual(expected, configuration["properties"]["loadBalancerBackendAddressPools"])

    @row(79)
    def test_a_vip_for_a_group(self) -> None:
        made = self.put("Network/publicIPAddresses/p", NETWORK, {"location": "eastus", **STANDARD})
        networks = self.both()
        networks["six"]["default"] = []
        networks["alone"]["default"] = ["gateway"]
        vip = {"type": "vip", "ip": made["properties"]["ipAddress"]}
        self.cpi("create_vm", *self.create_vm(SIZE, networks={**networks, "v": {**vip, "nic_group": "1"}}))
        self.assertNotIn("publicIPAddress", self.configuration(0))
        first, second = self.interface(1)["properties"]["ipConfigurations"]
        self.assertEqual({"id": made["id"]}, first["properties"]["publicIPAddress"])
        self.assertNotIn("publicIPAddress", second["properties"])
        said = self.fails(
            "CloudError", "create_vm", *self.create_vm(SIZE, networks={**networks, "v": {**vip, "nic_group": "7"}})
        )
        self.assertIn("Cannot find nic_group '7' referenced by the vip network", said)

    @row(79)
    def test_a_group_is_in_one_subnet(self) -> None:
        networks = self.both()
        networks["alone"]["nic_group"] = "1"
        said = self.fails("CloudError", "create_vm", *self.create_vm(SIZE, networks=networks))
        self.assertIn("nic_group '1'", said)
        self.nothing_is_left()


class Profiles(Machines):
    @row(79)
    def test_security_profile(self) -> None:
        trusted = {"securityType": "TrustedLaunch", "uefiSettings": {"secureBootEnabled": True, "vTpmEnabled": True}}
        insecure = {**trusted, "uefiSettings": {"secureBootEnabled": False, "vTpmEnabled": True}}
        for given, expected in (
            ({}, trusted),
            ({"security_type": "TrustedLaunch", "secure_boot_enabled": False}, insecure),
        ):
            found = self.made({"security_profile": given})["properties"]["securityProfile"]
            self.assertEqual(expected, found)
        found = self.made({"security_profile": {"security_type": "Standard"}})["properties"].get("securityProfile")
        self.assertNotEqual("TrustedLaunch", (found or {}).get("securityType"))
        self.assertNotIn("securityProfile", self.made({})["properties"])

    @row(79)
    def test_security_profiles_that_cannot_be(self) -> None:
        cases = [
            ("ConfidentialVM", {"security_type": "ConfidentialVM"}),
            ("secure_boot_enabled", {"security_type": "Standard", "secure_boot_enabled": True}),
            ("secure_boot_enabled", {"secure_boot_enabled": "sometimes"}),
        ]
        for said, profile in cases:
            error = self.answer("create_vm", *self.create_vm({**SIZE, "security_profile": profile}))["error"]
            self.assertIn(said, error["message"])
        self.nothing_is_left()

    @row(79)
    def test_a_root_disk_on_the_fast_disk_of_the_machine(self) -> None:
        disk = self.made({"root_disk": {"placement": "nvme-disk"}})["properties"]["storageProfile"]["osDisk"]
        self.assertEqual(
            ("Local", "NvmeDisk"), (disk["diffDiskSettings"]["option"], disk["diffDiskSettings"]["placement"])
        )
