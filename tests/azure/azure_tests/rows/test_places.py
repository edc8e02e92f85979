"""Resource groups, availability sets, zones and sizes of VMs."""

from __future__ import annotations

import hashlib
from typing import Any

from ..plugin import AGENT, VM, Answer
from ..world import COMPUTE, DISKS, NETWORK
from .cases import PROVIDERS, SIZE, Machines
from .table import row


class Places(Machines):
    @row(38)
    def test_the_group_of_a_vm_is_made_when_it_is_missing(self) -> None:
        wanted = {**SIZE, "resource_group_name": "new", "assign_dynamic_public_ip": True}
        vm = self.cpi("create_vm", *self.create_vm(wanted, "group"))[0]
        self.assertEqual(f"agent_id:{AGENT};resource_group_name:new", vm)
        [put] = self.requests("PUT", "/resourceGroups/[^/]+$")
        self.assertTrue(put["path"].endswith("/resourceGroups/new"))
        self.assertEqual("eastus", put["body"]["location"])
        made = [one for one in self.requests("PUT", "/providers/")]
        self.assertEqual({"new"}, {one["path"].split("/resourceGroups/")[1].split("/")[0] for one in made})
        disk = self.cpi("create_disk", 1024, {}, vm)
        self.assertIn("resource_group_name:new", disk)
        self.cpi("attach_disk", vm, disk)
        self.cpi("delete_vm", vm)
        self.cpi("delete_disk", disk)
        for kind, version in (
            ("Compute/virtualMachines", COMPUTE),
            ("Network/networkInterfaces", NETWORK),
            ("Compute/disks", DISKS),
        ):
            path = f"new/providers/Microsoft.{kind}"
            self.assertEqual([], self.emulator.call("GET", path, version).json()["value"])
        # The group itself is never removed.
        self.assertEqual(200, self.emulator.call("GET", "new", COMPUTE).status_code)

    @row(28)
    def test_misspelt_properties_are_told(self) -> None:
        """In the log, for the call goes on as ever. What other kinds of networks have is no mistake."""
        address = {"location": "eastus", "sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}}
        ip = self.put("Network/publicIPAddresses/mine", NETWORK, address)["properties"]["ipAddress"]
        networks = {
            "a": self.manual("10.0.0.4", default=["dns", "gateway"]),
            "v": {"type": "vip", "ip": ip, "cloud_properties": {"subnet_name": "a"}},
        }
        networks["a"]["cloud_properties"]["security_groups"] = "x"
        wanted = {**SIZE, "availabilty_zone": "1", "root_disk": {"siz": 4096}, "tags": {"any": "tag"}, "mine": {"a": 1}}
        made = self.call("create_vm", *self.create_vm(wanted, networks=networks))
        self.assertIsNone(made.response["error"])
        self.assertEqual(
            [
                'key="availabilty_zone" of="the VM" probably="availability_zone"',
                'key="mine" of="the VM"',
                'key="root_disk.siz" of="the VM" probably="root_disk.size"',
                """key="security_groups" of="the network 'a'" probably="security_group\"""",
            ],
            self.told(made),
        )
        disk = self.call("create_disk", 1024, {"chaching": "None"})
        self.assertEqual(['key="chaching" of="the disk" probably="caching"'], self.told(disk))

    def told(self, answer: Answer) -> list[str]:
        said = "there is no such property: it has no effect "
        return [line.split(said)[1] for line in answer.stderr.splitlines() if said in line]

    @row(38)
    def test_a_group_that_may_not_be_made(self) -> None:
        refusal = {"status": 403, "code": "AuthorizationFailed", "message": "may not write groups"}
        self.fault("PUT", "/resourceGroups/new$", **refusal)
        wanted = self.create_vm({**SIZE, "resource_group_name": "new"})
        self.assertIn("may not write groups", self.fails("VMCreationFailed", "create_vm", *wanted))
        self.nothing_is_left()

    @row(39)
    def test_the_set_of_the_instance_group(self) -> None:
        self.made({}, "bosh-dep-web")
        self.assertEqual({"id": f"{PROVIDERS}/Microsoft.Compute/availabilitySets/bosh-dep-web"}, self.model_set())
        expected = {
            "location": "eastus",
            "tags": {"user-agent": "bosh"},
            "properties": {"platformUpdateDomainCount": 5, "platformFaultDomainCount": 2},
            "sku": {"name": "Aligned"},
        }
        self.assertEqual(expected, self.body("PUT", "/availabilitySets/"))
        self.nothing_is_left()

    def model_set(self) -> Any:
        return self.model()["properties"].get("availabilitySet")

    @row(39)
    def test_names_of_sets(self) -> None:
        """A long name of a group is shortened by its digest; a name that the operator gives never is."""
        group = "director-deployment-" + "x" * 80
        shortened = f"az-{hashlib.md5(group.encode()).hexdigest()}-{'x' * 40}"
        exact = "g" * 80
        for properties, env_group, expected in (
            ({}, group, shortened),
            ({}, exact, exact),
            ({"availability_set": "mine"}, group, "mine"),
            ({"availability_set": {"name": "mine"}}, None, "mine"),
        ):
            self.made(properties, env_group)
            self.assertTrue(self.model_set()["id"].endswith(f"/availabilitySets/{expected}"))
        self.assertNotIn("availabilitySet", self.made({})["properties"])

    @row(39)
    def test_domains_of_sets(self) -> None:
        for properties, expected in (
            (
                {
                    "availability_set": {
                        "name": "s",
                        "platform_update_domain_count": 4,
                        "platform_fault_domain_count": 1,
                    }
                },
                (4, 1),
            ),
            ({"availability_set": "s", "platform_update_domain_count": 6, "platform_fault_domain_count": 1}, (6, 1)),
            ({"availability_set": {"name": "s"}}, (5, 2)),
        ):
            self.made(properties)
            found = self.body("PUT", "/availabilitySets/")["properties"]
            self.assertEqual(expected, (found["platformUpdateDomainCount"], found["platformFaultDomainCount"]))

    @row(39)
    def test_a_set_with_vms_stays_and_the_last_vm_takes_it_along(self) -> None:
        self.cpi("create_vm", *self.create_vm(SIZE, "group"))
        other = self.create_vm(SIZE, "group", agent="other", networks={"a": self.manual("10.0.0.9")})
        second = self.cpi("create_vm", *other)[0]
        self.assertEqual(1, len(self.requests("PUT", "/availabilitySets/")))
        self.cpi("delete_vm", VM)
        self.assertEqual([], self.requests("DELETE", "/availabilitySets/"))
        self.assertEqual(["group"], self.names("Compute/availabilitySets", COMPUTE))
        # Nor does a VM that does not come up take it along.
        self.fault("PUT", "/virtualMachines/", status=400, code="InvalidParameter", message="a wrong parameter")
        self.fails("VMCreationFailed", "create_vm", *self.create_vm(SIZE, "group"))
        self.assertEqual([], self.requests("DELETE", "/availabilitySets/"))
        self.cpi("delete_vm", second)
        self.nothing_is_left()

    @row(39)
    def test_a_set_of_another_location(self) -> None:
        body = {"location": "westus", "sku": {"name": "Aligned"}, "properties": {"platformFaultDomainCount": 2}}
        self.put("Compute/availabilitySets/s", COMPUTE, body)
        said = self.fails("VMCreationFailed", "create_vm", *self.create_vm({**SIZE, "availability_set": "s"}))
        for word in ("'s' already exists", "westus", "eastus"):
            self.assertIn(word, said)
        self.assertEqual([], self.names("Network/networkInterfaces", NETWORK))

    @row(39)
    def test_a_set_without_managed_disks_is_changed(self) -> None:
        """Its update domains stay; fault domains are as many as the region has for managed disks."""
        body = {
            "location": "eastus",
            "properties": {"platformFaultDomainCount": 3, "platformUpdateDomainCount": 7},
        }
        self.put("Compute/availabilitySets/s", COMPUTE, body)
        self.made({"availability_set": "s"})
        found = self.body("PUT", "/availabilitySets/")
        self.assertEqual({"name": "Aligned"}, found["sku"])
        self.assertEqual(7, found["properties"]["platformUpdateDomainCount"])
        self.assertEqual(2, found["properties"]["platformFaultDomainCount"])

    @row(40)
    def test_zones(self) -> None:
        for zone in ("1", 2, "3"):
            self.forget()
            wanted = {**SIZE, "availability_zone": zone, "assign_dynamic_public_ip": True}
            self.cpi("create_vm", *self.create_vm(wanted, "group"))
            self.assertEqual([str(zone)], self.model()["zones"])
            self.assertEqual([str(zone)], self.body("PUT", "/publicIPAddresses/")["zones"])
            self.assertNotIn("availabilitySet", self.model()["properties"])
            self.assertEqual([], self.requests("PUT", "/availabilitySets/"))
            disk = self.cpi("create_disk", 1024, {}, VM)
            self.assertEqual([str(zone)], self.body("PUT", "/disks/")["zones"])
            self.cpi("attach_disk", VM, disk)
            self.cpi("delete_vm", VM)
            self.cpi("delete_disk", disk)
        self.nothing_is_left()

    @row(40)
    def test_zones_that_cannot_be(self) -> None:
        both = {"availability_zone": "1", "availability_set": "s"}
        cases = [
            ("'4' is not a valid zone. Available zones are: ", {"availability_zone": "4"}, {}),
            ("'east' is not a valid zone", {"availability_zone": "east"}, {}),
            ("Only one of 'availability_zone' and 'availability_set' is allowed", both, {}),
        ]
        self.all_fail([(said, "create_vm", self.create_vm({**SIZE, **more}), how) for said, more, how in cases])
        self.assertEqual([], self.requests("PUT"))

    @row(41)
    def test_choice_among_sizes(self) -> None:
        """`instance_type` goes over them; sizes that cannot have the disks to come are left out."""
        sizes = {"instance_type": None, "instance_types": ["Standard_D4s_v3", "Standard_D2s_v3"]}
        self.assertEqual("Standard_D4s_v3", self.made(sizes)["properties"]["hardwareProfile"]["vmSize"])
        self.assertEqual("Standard_D4s_v3", self.made(sizes, "group")["properties"]["hardwareProfile"]["vmSize"])
        self.assertEqual("Standard_D2s_v3", self.made({**sizes, **SIZE})["properties"]["hardwareProfile"]["vmSize"])
        disk = self.cpi("create_disk", 1024, {"storage_account_type": "Premium_LRS"})
        plain = {"instance_type": None, "instance_types": ["Standard_D2_v2", "Standard_D2s_v3"]}
        model = self.made(plain, disks=[disk])
        self.assertEqual("Standard_D2s_v3", model["properties"]["hardwareProfile"]["vmSize"])
        zonal = self.made({**plain, "availability_zone": "1"}, disks=[disk])
        self.assertEqual("Standard_D2s_v3", zonal["properties"]["hardwareProfile"]["vmSize"])
        # A blob says it by its account.
        for sku, size in (("Premium_LRS", "Standard_D2s_v3"), ("Standard_LRS", "Standard_D2_v2")):
            account = {"location": "eastus", "sku": {"name": sku}, "kind": "StorageV2"}
            self.put("Storage/storageAccounts/blobs1", "2023-05-01", account)
            blob = "caching:None;disk_name:bosh-data-a;storage_account_name:blobs1"
            self.forget()
            # Whether Azure takes the image in this size is another question.
            self.answer("create_vm", *self.create_vm({**SIZE, **plain}, disks=[blob]))
            self.assertEqual(size, self.model()["properties"]["hardwareProfile"]["vmSize"])
            self.cpi("delete_vm", VM)
        none = self.create_vm({"instance_types": ["Standard_D2_v2", "Standard_A2_v2"]}, disks=[disk])
        error = self.answer("create_vm", *none)["error"]
        self.assertIn("No available instance type is found", error["message"])
        self.assertIn(error["type"], ("Bosh::Clouds::CloudError", "Bosh::Clouds::VMCreationFailed"))

    @row(41)
    def test_no_size(self) -> None:
        for properties in ({}, {"instance_types": []}, {"instance_type": None}):
            said = self.fails("CloudError", "create_vm", *self.create_vm(properties))
            self.assertIn("vm_type/instance_type", said)
            self.assertIn("vm_resources", said)

    @row(41)
    def test_disks_to_come_that_are_not_there(self) -> None:
        missing = "caching:None;disk_name:bosh-disk-data-missing;resource_group_name:g"
        sizes = {"instance_types": ["Standard_D4s_v3", "Standard_D2s_v3"]}
        error = self.answer("create_vm", *self.create_vm(sizes, disks=[missing]))["error"]
        self.assertIn("bosh-disk-data-missing", error["message"])
        self.assertIn(error["type"], ("Bosh::Clouds::DiskNotFound", "Bosh::Clouds::VMCreationFailed"))
