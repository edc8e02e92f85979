"""What users of the Ruby CPI ask for in machines: spot VMs, hosts of their own, controllers, disks that go with their VM."""

from __future__ import annotations

from typing import Any

from .plugin import AGENT, VM, Plugin
from .running import SCOPE
from .world import DISKS, NETWORK

_SIZE = {"instance_type": "Standard_D2s_v3"}
_COMPUTE = f"{SCOPE}/resourceGroups/g/providers/Microsoft.Compute"


class Machines(Plugin):
    def made(self, properties: dict[str, Any], group: str | None = None, **azure: Any) -> dict[str, Any]:
        """The properties in the request that makes the VM."""
        self.configure(**azure)
        self.cpi("create_vm", *self.create_vm({**_SIZE, **properties}, group))
        return self.body("PUT", "/virtualMachines/")["properties"]

    def test_a_spot_vm_is_in_no_set(self) -> None:
        body = self.made({"priority": "Spot", "max_price": 0.05, "eviction_policy": "Delete"}, "dep-web")
        self.assertEqual(
            ("Spot", "Delete", {"maxPrice": 0.05}), (body["priority"], body["evictionPolicy"], body["billingProfile"])
        )
        self.assertNotIn("availabilitySet", body)
        self.cpi("delete_vm", VM)
        self.nothing_is_left()

    def test_without_spot_capacity_a_vm_on_demand_does(self) -> None:
        self.fault("PUT", "/virtualMachines/", status=409, code="SkuNotAvailable")
        self.cpi("create_vm", *self.create_vm({**_SIZE, "priority": "Spot", "spot_ondemand_fallback": True}))
        first, second = [one["body"]["properties"] for one in self.requests("PUT", "/virtualMachines/")]
        self.assertEqual(("Spot", None), (first["priority"], second.get("priority")))

    def test_spot_and_a_named_set_exclude_each_other(self) -> None:
        wanted = {**_SIZE, "priority": "Spot", "availability_set": "mine"}
        self.assertIn("exclude each other", self.fails("CloudError", "create_vm", *self.create_vm(wanted)))
        self.assertEqual([], self.requests())

    def test_machine_and_place_are_passed_on(self) -> None:
        self.put("Compute/proximityPlacementGroups/near", "2024-03-01", {"location": "eastus", "properties": {}})
        body = self.made(
            {
                "encryption_at_host": True,
                "ultra_ssd_enabled": True,
                "disk_controller_type": "SCSI",
                "proximity_placement_group": "near",
                "availability_zone": 1,
            }
        )
        self.assertEqual({"encryptionAtHost": True}, body["securityProfile"])
        self.assertEqual({"ultraSSDEnabled": True}, body["additionalCapabilities"])
        self.assertEqual("SCSI", body["storageProfile"]["diskControllerType"])
        self.assertEqual({"id": f"{_COMPUTE}/proximityPlacementGroups/near"}, body["proximityPlacementGroup"])

    def test_disks_go_with_their_vm(self) -> None:
        self.made({}, delete_disks_with_vm=True, force_deletion=True)
        self.forget()
        self.cpi("delete_vm", VM)
        self.assertEqual([], self.requests("DELETE", "/disks/"))
        self.assertEqual(["true"], [one["query"].get("forceDeletion") for one in self.requests("DELETE", "/virtualMachines/")])
        self.nothing_is_left()

    def test_all_that_is_made_has_the_tags_of_the_vm(self) -> None:
        self.made({"assign_dynamic_public_ip": True, "tags": {"team": "storage"}}, tag_all_resources=True)
        for name, version in (
            (f"Network/networkInterfaces/{AGENT}-0", NETWORK),
            (f"Network/publicIPAddresses/{AGENT}", NETWORK),
            (f"Compute/disks/bosh-disk-os-{AGENT}", DISKS),
            (f"Compute/disks/bosh-disk-os-{AGENT}-ephemeral-disk", DISKS),
        ):
            with self.subTest(name):
                self.assertEqual({"user-agent": "bosh", "team": "storage"}, self.get(name, version)["tags"])

    def test_networks_of_a_group_know_their_interface(self) -> None:
        pair = {
            "four": self.manual("10.0.0.4", nic_group="1", default=["dns", "gateway"]),
            "five": self.manual("10.0.0.5", nic_group="1"),
            "alone": self.dynamic("b"),
        }
        _, networks = self.cpi("create_vm", *self.create_vm(_SIZE, networks=pair))
        self.assertEqual(self.custom_data()["networks"], networks)
        self.assertEqual(["eth0", "eth0", None], [networks[name].get("alias") for name in pair])

    def test_a_vm_that_an_earlier_call_left_is_replaced(self) -> None:
        self.made({})
        self.forget()
        self.fault("PUT", "/virtualMachines/", status=409, code="PropertyChangeNotAllowed")
        self.cpi("create_vm", *self.create_vm(_SIZE))
        self.assertEqual(1, len(self.requests("DELETE", "/virtualMachines/")))

    def test_a_set_for_unmanaged_disks_is_made_one_for_managed_disks(self) -> None:
        body = {"location": "eastus", "properties": {"platformFaultDomainCount": 3, "platformUpdateDomainCount": 4}}
        self.put("Compute/availabilitySets/dep-web", "2024-03-01", body)
        self.cpi("create_vm", *self.create_vm(_SIZE, "dep-web"))
        found = self.get("Compute/availabilitySets/dep-web", "2024-03-01")
        self.assertEqual(("Aligned", 4), (found["sku"]["name"], found["properties"]["platformUpdateDomainCount"]))

    def test_the_idle_timeout_matters_for_an_address_that_is_made(self) -> None:
        self.configure(pip_idle_timeout_in_minutes="soon")
        self.cpi("has_vm", VM)
        wanted = self.create_vm({**_SIZE, "assign_dynamic_public_ip": True})
        self.assertIn("pip_idle_timeout_in_minutes", self.fails("VMCreationFailed", "create_vm", *wanted))

    def test_a_set_that_has_just_gone_is_made_again(self) -> None:
        body = {"location": "eastus", "sku": {"name": "Aligned"}, "properties": {"platformFaultDomainCount": 2}}
        self.put("Compute/availabilitySets/dep-web", "2024-03-01", body)
        text = "The Resource 'Microsoft.Compute/availabilitySets/dep-web' under resource group 'g' was not found."
        self.fault("PUT", "/virtualMachines/", status=404, code="ResourceNotFound", message=text)
        self.cpi("create_vm", *self.create_vm(_SIZE, "dep-web"))
        self.assertEqual(1, len(self.requests("PUT", "/availabilitySets/")))
