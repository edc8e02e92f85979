"""calculate_vm_cloud_properties."""

from __future__ import annotations

from typing import Any

from .cases import Rows
from .table import row


class Calculate(Rows):
    def setUp(self) -> None:
        super().setUp()
        self.configure(location="eastus")

    def sizes(self, cpu: float, ram: float, disk: float = 1024) -> Any:
        return self.cpi("calculate_vm_cloud_properties", {"cpu": cpu, "ram": ram, "ephemeral_disk_size": disk})

    @row(74)
    def test_all_that_are_large_enough_the_best_first(self) -> None:
        """Premium disks, then cores, memory, family, generation; families for special purposes are left out."""
        found = self.sizes(2, 4096)["instance_types"]
        expected = [
            "Standard_F2s_v2",
            "Standard_D2ds_v5",
            "Standard_D2s_v5",
            "Standard_D2s_v3",
            "Standard_B2ms",
            "Standard_E2s_v5",
            "Standard_F4s_v2",
            "Standard_D4s_v5",
            "Standard_D4s_v3",
            "Standard_D8s_v3",
            "Standard_L8s_v3",
            "Standard_A2_v2",
            "Standard_D2_v2",
        ]
        self.assertEqual(expected, found)
        [asked] = self.requests("GET", "/skus$")
        self.assertEqual("location eq 'eastus'", asked["query"]["$filter"])

    @row(74)
    def test_memory_is_compared_in_whole_mib(self) -> None:
        """Standard_DS1_v2 and D1_v2 have 3.5 GiB, but a family of two letters is none that is chosen."""
        self.assertIn("Standard_D1_v2", self.sizes(1, 3584)["instance_types"])
        self.assertNotIn("Standard_D1_v2", self.sizes(1, 3585)["instance_types"])
        self.assertNotIn("Standard_DS1_v2", self.sizes(1, 1)["instance_types"])

    @row(74)
    def test_the_disk_is_rounded_up_to_whole_gib(self) -> None:
        for given, expected in ((1024, 1024), (1025, 2048), (2047, 2048), (30_720, 30_720)):
            self.assertEqual({"size": expected}, self.sizes(1, 1024, given)["ephemeral_disk"])

    @row(74)
    def test_what_the_subscription_cannot_have_is_left_out(self) -> None:
        self.emulator.control("PATCH", "settings", {"unavailable_sizes": ["Standard_F2s_v2"]})
        self.assertNotIn("Standard_F2s_v2", self.sizes(1, 1024)["instance_types"])

    @row(74)
    def test_pages_are_read_to_their_end(self) -> None:
        whole = self.sizes(1, 1024)
        self.emulator.control("PATCH", "settings", {"page_size": 3})
        self.forget()
        self.assertEqual(whole, self.sizes(1, 1024))
        self.assertGreater(len(self.requests("GET", "/skus$")), 5)

    @row(74)
    def test_refusals(self) -> None:
        size = {"cpu": 64, "ram": 1, "ephemeral_disk_size": 1}
        method = "calculate_vm_cloud_properties"
        said = self.fails("CloudError", method, size)
        self.assertIn("Unable to meet desired instance size: 64 CPU, 1 MB RAM", said)
        self.fault("GET", "/skus$", status=403, code="AuthorizationFailed", message="not yours")
        said = self.fails("CloudError", method, size)
        self.assertRegex(said, "skus/read.*AuthorizationFailed.*desired instance size: 64 CPU, 1 MB RAM: not yours")
        context = {"location": None}
        said = self.fails("CloudError", method, size, context=context)
        self.assertIn("Missing the property 'location' in the global configuration", said)
        for missing in size:
            part = {key: value for key, value in size.items() if key != missing}
            error = self.answer(method, part)["error"]
            self.assertIn(missing, error["message"])
        self.fault("GET", "/skus$", status=403, code="AuthorizationFailed", message="may not read skus")
        self.assertIn("may not read skus", self.fails("CloudError", method, {**size, "cpu": 1}))
