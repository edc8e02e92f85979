"""Light stemcells: a reference to an image of the marketplace, written down in a blob."""

from __future__ import annotations

import json
from typing import Any

from ..plugin import AGENT
from ..stemcell import PROPERTIES, Stemcells
from .table import row

PLANNED = {"publisher": "bosh", "offer": "light-stemcell", "sku": "planned", "version": "1.0.0"}
UBUNTU = {
    "publisher": "Canonical",
    "offer": "0001-com-ubuntu-server-jammy",
    "sku": "22_04-lts-gen2",
    "version": "22.04.202607010",
}
SIZE = {"instance_type": "Standard_D2s_v3"}


class LightStemcells(Stemcells):
    def light(self, image: dict[str, Any], **more: Any) -> str:
        return self.cpi("create_stemcell", "/no/such/image", {**PROPERTIES, "image": image, **more})

    def image(self, *names: Any, **tags: Any) -> None:
        """There are no managed images."""

    @row(19)
    def test_what_is_known_of_one_is_in_a_blob(self) -> None:
        stemcell = self.light(UBUNTU)
        self.assertRegex(stemcell, r"^bosh-light-stemcell-[0-9a-f-]{36}$")
        (name,) = self.blobs()
        self.assertEqual(f"{stemcell}.vhd", name)
        found = self.container().get_blob_client(name).get_blob_properties()
        self.assertEqual((1024, "PageBlob"), (found.size, found.blob_type))
        image = found.metadata.pop("image")
        self.assertEqual((PROPERTIES, UBUNTU), (found.metadata, json.loads(image)))
        self.cpi("delete_stemcell", stemcell)
        self.cpi("delete_stemcell", stemcell)
        self.assertEqual([], self.blobs())

    @row(19)
    def test_only_an_exact_version_is_taken(self) -> None:
        for version in ("latest", "22.04.1"):
            arguments = "/no/such/image", {**PROPERTIES, "image": {**UBUNTU, "version": version}}
            text = self.fails("CloudError", "create_stemcell", *arguments)
            self.assertRegex(text, f"Cannot find the light stemcell .*{version}.* in the location 'eastus'")
        broken = {**PROPERTIES, "image": {"publisher": "Canonical"}}
        self.assertIn("'offer' is missing", self.fails("CloudError", "create_stemcell", "/no/such/image", broken))
        self.assertEqual([], self.blobs())

    @row(19)
    def test_a_vm_is_made_of_it(self) -> None:
        self.cpi("create_vm", *self.create_vm(SIZE, stemcell=self.light(UBUNTU)))
        vm = self.vm(AGENT)
        image = vm["properties"]["storageProfile"]["imageReference"]
        self.assertEqual(UBUNTU, {key: image[key] for key in UBUNTU})
        self.assertNotIn("plan", vm)

    @row(19)
    def test_a_plan_is_named_where_the_image_has_one(self) -> None:
        self.cpi("create_vm", *self.create_vm(SIZE, stemcell=self.light(PLANNED)))
        plan = {"name": "planned", "publisher": "bosh", "product": "light-stemcell"}
        self.assertEqual(plan, self.vm(AGENT)["plan"])

    @row(19)
    def test_one_that_is_gone_and_one_that_is_not_offered_any_more(self) -> None:
        stemcell = self.light(UBUNTU)
        offered = self.emulator.control("GET", "settings")["marketplace"]
        self.emulator.control("PATCH", "settings", {"marketplace": offered[2:]})
        text = self.fails("VMCreationFailed", "create_vm", *self.create_vm(SIZE, stemcell=stemcell))
        self.assertIn(f"Given stemcell '{stemcell}' does not exist: Cannot find the light stemcell", text)
        self.cpi("delete_stemcell", stemcell)
        text = self.fails("VMCreationFailed", "create_vm", *self.create_vm(SIZE, stemcell=stemcell))
        self.assertIn(f"Given stemcell '{stemcell}' does not exist: the default storage account has no blob", text)
        self.nothing_is_left()

    @row(19)
    def test_one_that_the_ruby_cpi_made(self) -> None:
        """Its JSON has blanks."""
        container = self.container()
        container.create_container()
        stemcell = "bosh-light-stemcell-6a1b2c3d-0000-4000-8000-00000000feed"
        metadata = {**PROPERTIES, "image": json.dumps(UBUNTU, separators=(", ", ": "))}
        container.get_blob_client(f"{stemcell}.vhd").create_page_blob(1024, metadata=metadata)
        self.cpi("create_vm", *self.create_vm(SIZE, stemcell=stemcell))

    def test_tags_of_the_director_are_kept(self) -> None:
        properties = {**PROPERTIES, "image": UBUNTU}
        tags = {"tags": {"cost-centre": "a", "os_type": "windows"}}
        stemcell = self.cpi("create_stemcell", "/no/such/image", properties, tags, api_version=3)
        metadata = self.container().get_blob_client(f"{stemcell}.vhd").get_blob_properties().metadata
        self.assertEqual(("a", "linux"), (metadata["cost_centre"], metadata["os_type"]))

    def test_nothing_is_left_of_one_that_fails(self) -> None:
        self.fault("PUT", r"/stemcell/.*\.vhd", drop="after", times=9)
        self.fails("CloudError", "create_stemcell", "/no/such/image", {**PROPERTIES, "image": UBUNTU})
        self.emulator.control("DELETE", "faults")
        self.assertEqual([], self.blobs())
