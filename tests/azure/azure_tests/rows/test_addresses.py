"""Public addresses: those that are there, and those of a VM's own."""

from __future__ import annotations

from ..plugin import AGENT, VM
from ..world import COMPUTE, NETWORK
from .cases import PROVIDERS, SIZE, Machines
from .table import row

STANDARD = {"sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}}


class Addresses(Machines):
    @row(30)
    def test_vip(self) -> None:
        """Found by its address in its group, for the primary interface; an address of the VM's own is not made."""
        self.put("shared", COMPUTE, {"location": "eastus"}, whole=True)
        made = [
            self.put(
                f"shared/providers/Microsoft.Network/publicIPAddresses/{name}",
                NETWORK,
                {"location": "eastus", **STANDARD},
                whole=True,
            )
            for name in ("one", "two")
        ]
        ip = made[1]["properties"]["ipAddress"]
        vip = {"type": "vip", "ip": ip, "cloud_properties": {"resource_group_name": "shared"}}
        networks = {"v": vip, "a": self.manual("10.0.0.9"), "b": self.manual("10.0.1.9", "b", default=["gateway"])}
        wanted = {**SIZE, "assign_dynamic_public_ip": True}
        self.cpi("create_vm", *self.create_vm(wanted, networks=networks))
        self.assertEqual({"id": made[1]["id"]}, self.configuration(0)["publicIPAddress"])
        self.assertEqual("10.0.1.9", self.configuration(0)["privateIPAddress"])
        self.assertNotIn("publicIPAddress", self.configuration(1))
        self.assertEqual([], self.requests("PUT", "/publicIPAddresses/"))
        self.assertEqual("vip", self.custom_data()["networks"]["v"]["type"])
        # It is only referred to, so it stays.
        self.cpi("delete_vm", VM)
        found = self.emulator.call("GET", made[1]["id"], NETWORK).json()
        self.assertEqual(ip, found["properties"]["ipAddress"])
        self.nothing_is_left()

    @row(30)
    def test_a_vip_that_is_not_there(self) -> None:
        networks = {"a": self.manual("10.0.0.9"), "v": {"type": "vip", "ip": "203.0.113.77"}}
        said = self.fails("VMCreationFailed", "create_vm", *self.create_vm(SIZE, networks=networks))
        self.assertIn("Cannot find the public IP address '203.0.113.77'", said)
        self.nothing_is_left()

    @row(30)
    def test_a_vip_on_a_later_page(self) -> None:
        for number in range(3):
            made = self.put(f"Network/publicIPAddresses/p{number}", NETWORK, {"location": "eastus", **STANDARD})
        self.emulator.control("PATCH", "settings", {"page_size": 1})
        networks = {"a": self.manual("10.0.0.9"), "v": {"type": "vip", "ip": made["properties"]["ipAddress"]}}
        self.cpi("create_vm", *self.create_vm(SIZE, networks=networks))
        self.assertEqual({"id": made["id"]}, self.configuration()["publicIPAddress"])

    @row(31)
    def test_an_address_of_the_vms_own(self) -> None:
        wanted = {**SIZE, "assign_dynamic_public_ip": True, "availability_zone": 2}
        networks = {"a": self.manual("10.0.0.9"), "b": self.manual("10.0.1.9", "b")}
        self.configure(pip_idle_timeout_in_minutes=30)
        self.cpi("create_vm", *self.create_vm(wanted, networks=networks))
        body = self.body("PUT", "/publicIPAddresses/")
        self.assertEqual({"publicIPAllocationMethod": "Static", "idleTimeoutInMinutes": 30}, body["properties"])
        self.assertEqual(("eastus", {"name": "Standard"}, ["2"]), (body["location"], body["sku"], body["zones"]))
        self.assertEqual({"user-agent": "bosh"}, body["tags"])
        self.assertEqual([AGENT], self.names("Network/publicIPAddresses", NETWORK))
        self.assertEqual(
            {"id": f"{PROVIDERS}/Microsoft.Network/publicIPAddresses/{AGENT}"}, self.configuration(0)["publicIPAddress"]
        )
        self.assertNotIn("publicIPAddress", self.configuration(1))
        self.cpi("delete_vm", VM)
        self.nothing_is_left()

    @row(31)
    def test_only_when_it_is_asked_for(self) -> None:
        self.cpi("create_vm", *self.create_vm({**SIZE, "assign_dynamic_public_ip": False}))
        self.assertEqual([], self.requests("PUT", "/publicIPAddresses/"))
        wanted = self.create_vm({**SIZE, "assign_dynamic_public_ip": True}, agent="b", networks={"a": self.dynamic()})
        self.cpi("create_vm", *wanted)
        body = self.body("PUT", "/publicIPAddresses/")
        self.assertEqual(4, body["properties"]["idleTimeoutInMinutes"])
        self.assertNotIn("zones", body)

    @row(31)
    def test_the_idle_timeout_has_limits(self) -> None:
        arguments = self.create_vm({**SIZE, "assign_dynamic_public_ip": True})
        for minutes in (3, 31, "often"):
            context = {"pip_idle_timeout_in_minutes": minutes}
            said = self.fails("VMCreationFailed", "create_vm", *arguments, context=context)
            self.assertIn("idle_timeout_in_minutes", said)
        self.nothing_is_left()
        # Nobody looks at it where no address is made.
        self.cpi("create_vm", *self.create_vm(SIZE), context={"pip_idle_timeout_in_minutes": 31})
        self.cpi("delete_vm", VM)
        made = self.put("Network/publicIPAddresses/reserved", NETWORK, {"location": "eastus", **STANDARD})
        networks = {"a": self.manual("10.0.0.9"), "v": {"type": "vip", "ip": made["properties"]["ipAddress"]}}
        wanted = self.create_vm({**SIZE, "assign_dynamic_public_ip": True}, networks=networks)
        self.cpi("create_vm", *wanted, context={"pip_idle_timeout_in_minutes": 31})
