"""Several CPI configurations of one director."""

from __future__ import annotations

from typing import Any

from ..plugin import AGENT, VM
from ..running import SUBSCRIPTION
from ..world import COMPUTE, DISKS, NETWORK
from .cases import SIZE, Rows
from .table import row

OTHER = "5f0c5a3e-9999-4222-8333-444455556666"


class Configurations(Rows):
    """Two entries of a cpi config: two subscriptions with equal names in them, two clients."""

    def setUp(self) -> None:
        super().setUp()
        home = f"/subscriptions/{OTHER}/resourceGroups/g"
        self.emulator.done("PUT", home, "2021-04-01", {"location": "westus"})
        self.home = f"{home}/providers/Microsoft."
        space = {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [{"name": "a", "properties": {"addressPrefix": "10.0.0.0/24"}}],
        }
        self.theirs("Network/virtualNetworks/net", NETWORK, {"properties": space})
        empty = {"creationData": {"createOption": "Empty"}, "diskSizeGB": 3, "osType": "Linux"}
        self.theirs("Compute/disks/source", DISKS, {"properties": empty})
        disk = {"osType": "Linux", "osState": "Generalized", "storageAccountType": "Premium_LRS"}
        disk["managedDisk"] = {"id": f"{self.home}Compute/disks/source"}  # type: ignore[assignment]
        properties = {"storageProfile": {"osDisk": disk}, "hyperVGeneration": "V2"}
        self.theirs("Compute/images/beef-P-westus", COMPUTE, {"tags": {"os_type": "linux"}, "properties": properties})
        self.forget()
        self.entries: list[dict[str, Any]] = [
            {},
            {"subscription_id": OTHER, "client_id": "their-client", "tenant_id": "their-tenant", "client_secret": "x"},
        ]

    def theirs(self, name: str, version: str, body: dict[str, Any]) -> None:
        self.emulator.done("PUT", self.home + name, version, {"location": "westus", **body})

    @row(80)
    def test_the_same_names_in_two_subscriptions(self) -> None:
        """One director, one machine, one state: nothing of one entry shows in the other."""
        made = self.together(lambda entry: self.cpi("create_vm", *self.create_vm(SIZE), context=entry), self.entries)
        self.assertEqual([VM, VM], [vm for vm, _ in made])
        for subscription, location in ((SUBSCRIPTION, "eastus"), (OTHER, "westus")):
            [put] = self.requests("PUT", f"/{subscription}/.*/virtualMachines/")
            self.assertEqual(location, put["body"]["location"])
            image = put["body"]["properties"]["storageProfile"]["imageReference"]["id"]
            self.assertIn(f"/subscriptions/{subscription}/", image)
        disks = [self.cpi("create_disk", 1024, {}, VM, context=entry) for entry in self.entries]
        self.together(
            lambda pair: self.cpi("attach_disk", VM, pair[0], context=pair[1]), zip(disks, self.entries, strict=True)
        )
        for disk, entry in zip(disks, self.entries, strict=True):
            self.assertEqual([disk], self.cpi("get_disks", VM, context=entry))
        self.cpi("delete_vm", VM, context=self.entries[1])
        self.assertEqual([True, False], [self.cpi("has_vm", VM, context=entry) for entry in self.entries])
        self.assertEqual([False, True], [self.cpi("has_disk", disks[1], context=entry) for entry in self.entries])

    @row(80)
    def test_each_has_tokens_of_its_own(self) -> None:
        for _ in range(2):
            for entry in self.entries:
                self.cpi("has_vm", VM, context=entry)
        tokens = self.requests("POST", "/oauth2/")
        self.assertEqual(2, len(tokens))
        self.assertEqual(1, len([one for one in tokens if one["path"].startswith("/their-tenant/")]))
        issued = {one["path"].split("/")[1]: one["answer"]["access_token"] for one in tokens}
        for request in self.requests("GET", "/virtualMachines/"):
            tenant = "their-tenant" if OTHER in request["path"] else str(self.azure["tenant_id"])
            self.assertEqual(f"Bearer {issued[tenant]}", request["headers"]["authorization"])

    @row(80)
    def test_the_cpi_for_an_entry_can_be_another_one(self) -> None:
        """A property of the entry selects the plugin, the rest is for it."""
        said = self.fails("CpiError", "has_vm", VM, context={"plugin": "moon"})
        self.assertIn("moon", said)
        self.assertFalse(self.cpi("has_vm", f"agent_id:{AGENT};resource_group_name:g", context={"plugin": "azure"}))
