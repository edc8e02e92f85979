"""Flags of interfaces, and where everything is made."""

from __future__ import annotations

from ..world import COMPUTE
from .cases import SIZE, Machines
from .table import row


class Locations(Machines):
    @row(36)
    def test_the_vm_goes_over_the_network(self) -> None:
        """Size D8s_v3 is one with acceleration and room for two interfaces."""
        size = {"instance_type": "Standard_D8s_v3"}
        on = {"ip_forwarding": True, "accelerated_networking": True}
        networks = {"a": self.manual("10.0.0.9", properties=on), "b": self.manual("10.0.1.9", "b")}
        for vm, expected in (
            ({}, [(True, True), (False, False)]),
            ({"ip_forwarding": False, "accelerated_networking": False}, [(False, False), (False, False)]),
            ({"ip_forwarding": True, "accelerated_networking": True}, [(True, True), (True, True)]),
            ({"ip_forwarding": None, "accelerated_networking": False}, [(True, False), (False, False)]),
        ):
            with self.subTest(vm):
                self.forget()
                made = self.cpi("create_vm", *self.create_vm({**size, **vm}, networks=networks))[0]
                bodies = [self.interface(index)["properties"] for index in (0, 1)]
                found = [(body["enableIPForwarding"], body["enableAcceleratedNetworking"]) for body in bodies]
                self.assertEqual(expected, found)
                self.cpi("delete_vm", made)

    @row(37)
    def test_everything_is_where_the_network_is(self) -> None:
        """The VM's own group may be elsewhere."""
        self.put("west", COMPUTE, {"location": "westus"}, whole=True)
        wanted = {**SIZE, "resource_group_name": "west", "assign_dynamic_public_ip": True}
        self.cpi("create_vm", *self.create_vm(wanted, "group"), context={"location": "eastus"})
        for kind in ("networkInterfaces", "publicIPAddresses", "virtualMachines", "availabilitySets"):
            with self.subTest(kind):
                [put] = self.requests("PUT", f"/{kind}/")
                self.assertEqual("eastus", put["body"]["location"])
                self.assertIn("/resourceGroups/west/", put["path"])

    @row(37)
    def test_another_location_than_that_of_the_configuration(self) -> None:
        error = self.answer("create_vm", *self.create_vm(SIZE), context={"location": "westus"})["error"]
        self.assertIn(error["type"], ("Bosh::Clouds::CloudError", "Bosh::Clouds::VMCreationFailed"))
        for word in ("'westus'", "'eastus'"):
            self.assertIn(word, error["message"])
        self.nothing_is_left()

    @row(37)
    def test_a_network_or_subnet_that_is_not_there(self) -> None:
        for said, place in (
            ("Cannot find the virtual network 'none' under resource group 'g'", {"virtual_network_name": "none"}),
            ("Cannot find the virtual network 'net' under resource group 'far'", {"resource_group_name": "far"}),
            ("Cannot find the subnet 'net/none' in the resource group 'g'", {"subnet_name": "none"}),
        ):
            networks = {"a": self.manual("10.0.0.9", properties=place)}
            error = self.answer("create_vm", *self.create_vm(SIZE, networks=networks))["error"]
            self.assertIn(said, error["message"])
            self.assertIn(error["type"], ("Bosh::Clouds::CloudError", "Bosh::Clouds::VMCreationFailed"))
        self.nothing_is_left()
