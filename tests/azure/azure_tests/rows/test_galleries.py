"""Heavy stemcells in a compute gallery."""

from __future__ import annotations

from typing import Any

from ..plugin import AGENT, STEMCELL, Plugin
from .table import row
from ..running import SCOPE

GALLERIES = "2025-03-03"
DEFINITION = "Compute/galleries/shared/images/bosh-jammy"
VERSION = f"{DEFINITION}/versions/1.500.0"
TAGS = {"compute_gallery_name": "shared", "stemcell_references": STEMCELL, "os_type": "linux", "disk": "3072"}
SIZE = {"instance_type": "Standard_D2s_v3"}


class Galleries(Plugin):
    def setUp(self) -> None:
        super().setUp()
        self.put("Compute/galleries/shared", GALLERIES, {"location": "eastus"})
        self.configure(compute_gallery_name="shared")

    def made(self, *regions: str, **more: Any) -> None:
        """A definition with a version of the Ruby CPI's making."""
        self.definition()
        self.version(*regions, **more)
        self.forget()

    def definition(self) -> None:
        identifier = {"publisher": "bosh", "offer": "bosh-jammy", "sku": "gen1"}
        properties = {"osType": "Linux", "osState": "Generalized", "identifier": identifier}
        self.put(DEFINITION, GALLERIES, {"location": "eastus", "properties": properties})

    def version(self, *regions: str, replicas: int = 3, name: str = VERSION, **tags: str) -> None:
        """A version of the Ruby CPI's making."""
        source = {"id": f"{SCOPE}/resourceGroups/g/providers/Microsoft.Compute/disks/source"}
        profile = {"replicaCount": replicas, "targetRegions": [{"name": region} for region in regions]}
        properties = {"storageProfile": {"osDiskImage": {"source": source}}, "publishingProfile": profile}
        self.put(name, GALLERIES, {"location": regions[0], "tags": {**TAGS, **tags}, "properties": properties})

    def found(self) -> dict[str, Any]:
        return self.get(VERSION, GALLERIES)

    def image(self, *names: Any, **tags: Any) -> None:
        """There are no managed images."""

    @row(24)
    def test_a_vm_is_made_of_the_version_that_names_its_stemcell(self) -> None:
        self.definition()
        self.version("eastus", name=f"{DEFINITION}/versions/1.499.0", stemcell_references="bosh-stemcell-other")
        self.version("eastus")
        self.forget()
        self.cpi("create_vm", *self.create_vm(SIZE))
        image = self.vm(AGENT)["properties"]["storageProfile"]["imageReference"]
        self.assertTrue(image["id"].endswith("/galleries/shared/images/bosh-jammy/versions/1.500.0"), image)
        self.assertEqual([], self.requests("PUT", "/galleries/"))

    @row(24)
    def test_a_gallery_may_be_named_by_its_id_and_a_stemcell_have_a_tag_of_its_own(self) -> None:
        self.definition()
        self.version("eastus", stemcell_references="a,b", **{f"stemcell-ref-{STEMCELL}": ""})
        gallery = f"{SCOPE}/resourceGroups/g/providers/Microsoft.Compute/galleries/shared"
        self.configure(compute_gallery_name=gallery, resource_group_name="g")
        self.cpi("create_vm", *self.create_vm(SIZE))

    @row(25)
    def test_a_version_is_copied_where_it_is_needed_and_its_tags_stay(self) -> None:
        self.made("westus")
        self.cpi("create_vm", *self.create_vm(SIZE))
        found = self.found()
        regions = [region["name"] for region in found["properties"]["publishingProfile"]["targetRegions"]]
        self.assertEqual((["westus", "eastus"], TAGS), (regions, found["tags"]))
        self.assertEqual(["publishingProfile"], list(self.body("PUT", "/galleries/")["properties"]))
        self.cpi("delete_vm", f"agent_id:{AGENT};resource_group_name:g")
        self.forget()
        self.cpi("create_vm", *self.create_vm(SIZE))
        self.assertEqual([], self.requests("PUT", "/galleries/"))

    @row(25)
    def test_the_number_of_copies_is_the_operators(self) -> None:
        self.made("eastus", replicas=3)
        self.configure(compute_gallery_name="shared", compute_gallery_replicas=1)
        self.cpi("create_vm", *self.create_vm(SIZE))
        profile = self.found()["properties"]["publishingProfile"]
        self.assertEqual((1, ["eastus"]), (profile["replicaCount"], [one["name"] for one in profile["targetRegions"]]))

    @row(25)
    def test_calls_at_the_same_time_copy_it_once(self) -> None:
        self.made("westus")
        self.emulator.control("PATCH", "settings", {"delay": 0.5})
        agents = [f"8f0d1c2b-aaaa-4bbb-8ccc-{number:012}" for number in range(3)]

        def create(number: int) -> Any:
            network = {"private": self.manual(f"10.0.0.{20 + number}", default=["dns", "gateway"])}
            return self.answer("create_vm", *self.create_vm(SIZE, agent=agents[number], networks=network))["error"]

        self.assertEqual([None] * 3, self.together(create, range(3)))
        self.assertEqual(1, len(self.requests("PUT", "/galleries/")))
