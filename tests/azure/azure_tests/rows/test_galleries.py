"""Heavy stemcells in a compute gallery."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from ..plugin import AGENT, STEMCELL, Plugin
from ..running import SCOPE
from ..stemcell import PROPERTIES, Stemcells, vhd
from .table import row

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


class Uploads(Stemcells):
    NAME = PROPERTIES["name"]
    VERSION = f"Compute/galleries/shared/images/{NAME}/versions/1.500.0"

    def setUp(self) -> None:
        super().setUp()
        self.put("Compute/galleries/shared", GALLERIES, {"location": "eastus"})
        self.azure |= {"compute_gallery_name": "shared", "location": "eastus"}
        self.configure()
        self.forget()

    def image(self, *names: Any, **tags: Any) -> None:
        """There are no managed images."""

    def found(self) -> dict[str, Any]:
        return self.get(self.VERSION, GALLERIES)

    def is_gone(self) -> bool:
        return "error" in self.found()

    @row(24)
    def test_a_stemcell_is_a_version_of_a_definition(self) -> None:
        stemcell = self.upload(vhd(b"one"))
        digest = hashlib.sha256((self.folder / "image").read_bytes()).hexdigest()
        image = {"publisher": "bosh", "offer": self.NAME, "sku": "gen1", "version": "1.500.0"}
        tags = {
            **PROPERTIES,
            "compute_gallery_name": "shared",
            "compute_gallery_image_definition": self.NAME,
            "image_sha256": digest,
            "image": json.dumps(image, separators=(",", ":")),
        }
        metadata = self.container().get_blob_client(f"{stemcell}.vhd").get_blob_properties().metadata
        self.assertEqual(tags, metadata)
        body = self.body("PUT", "/versions/1.500.0$")
        self.assertEqual({**tags, "stemcell_references": stemcell}, body["tags"])
        source = body["properties"]["storageProfile"]["osDiskImage"]["source"]
        self.assertTrue(source["storageAccountId"].endswith("/storageAccounts/default1"))
        self.assertEqual(self.source(stemcell), source["uri"])
        profile = {"replicaCount": 3, "targetRegions": [{"name": "eastus"}]}
        self.assertEqual(profile, body["properties"]["publishingProfile"])
        definition = self.get(f"Compute/galleries/shared/images/{self.NAME}", GALLERIES)["properties"]
        self.assertEqual({"publisher": "bosh", "offer": self.NAME, "sku": "gen1"}, definition["identifier"])
        self.assertEqual(("V1", "x64"), (definition["hyperVGeneration"], definition["architecture"]))
        self.cpi("create_vm", *self.create_vm(SIZE, stemcell=stemcell))
        used = self.vm(AGENT)["properties"]["storageProfile"]["imageReference"]["id"]
        self.assertTrue(used.endswith("/versions/1.500.0"), used)

    @row(24)
    def test_the_second_generation_has_features(self) -> None:
        self.upload(generation="gen2", disk_controller_types=["scsi", "nvme"], accelerated_networking=True)
        definition = self.get(f"Compute/galleries/shared/images/{self.NAME}-gen2", GALLERIES)["properties"]
        features = {feature["name"]: feature["value"] for feature in definition["features"]}
        self.assertEqual({"DiskControllerTypes": "SCSI,NVMe", "IsAcceleratedNetworkSupported": "True"}, features)
        self.assertEqual("V2", definition["hyperVGeneration"])

    @row(24, 26)
    def test_stemcells_with_the_same_content_share_a_version(self) -> None:
        file = str(self.archive(vhd(b"same")))
        stemcells = [self.cpi("create_stemcell", file, PROPERTIES) for _ in range(7)]
        self.assertEqual(1, len(self.requests("PUT", "/images/[^/]*$")))
        tags = self.found()["tags"]
        listed = tags["stemcell_references"].split(",")
        own = [key.removeprefix("stemcell-ref-") for key in tags if key.startswith("stemcell-ref-")]
        self.assertEqual((5, 2, set(stemcells)), (len(listed), len(own), {*listed, *own}))
        for stemcell in stemcells[:-1]:
            self.cpi("delete_stemcell", stemcell)
            self.assertFalse(self.is_gone())
        self.assertEqual(stemcells[-1], self.found()["tags"]["stemcell_references"])
        self.cpi("delete_stemcell", stemcells[-1])
        self.assertTrue(self.is_gone())
        self.assertEqual([], self.blobs())
        self.cpi("delete_stemcell", stemcells[-1])
        self.assertEqual([], self.requests("DELETE", "/images/[^/]*$"))

    @row(24)
    def test_another_content_is_refused_before_anything_is_uploaded(self) -> None:
        first = self.upload(vhd(b"one"))
        self.forget()
        text = self.fails("CloudError", "create_stemcell", str(self.archive(vhd(b"two"))), PROPERTIES)
        self.assertRegex(text, "SHA256 mismatch.*[0-9a-f]{64}.*[0-9a-f]{64}")
        self.assertEqual([], self.requests("PUT"))
        self.assertEqual([f"{first}.vhd"], self.blobs())

    @row(24)
    def test_a_version_of_somebody_else_is_left_alone(self) -> None:
        file = str(self.archive(vhd(b"one")))
        first = self.cpi("create_stemcell", file, PROPERTIES)
        there = self.found()
        self.put(self.VERSION, GALLERIES, {"location": "eastus", "tags": {"owner": "me"}})
        text = self.fails("CloudError", "create_stemcell", file, PROPERTIES)
        self.assertIn("was not created by BOSH CPI", text)
        self.put(self.VERSION, GALLERIES, {"location": "eastus", "tags": there["tags"]})
        self.assertEqual([f"{first}.vhd"], self.blobs())

    @row(24)
    def test_a_version_that_is_gone_is_made_again_of_the_blob(self) -> None:
        stemcell = self.upload(vhd(b"one"))
        tags = self.found()["tags"]
        self.emulator.done("DELETE", f"g/providers/Microsoft.{self.VERSION}", GALLERIES)
        self.cpi("create_vm", *self.create_vm(SIZE, stemcell=stemcell))
        self.assertEqual(tags, self.found()["tags"])

    @row(24)
    def test_it_is_made_again_though_there_is_an_image_from_before(self) -> None:
        stemcell = self.upload(vhd(b"one"))
        self.emulator.done("DELETE", f"g/providers/Microsoft.{self.VERSION}", GALLERIES)
        Plugin.image(self, f"{stemcell.removeprefix('bosh-stemcell-')}-P-eastus", "Premium_LRS")
        self.cpi("create_vm", *self.create_vm(SIZE, stemcell=stemcell))
        used = self.vm(AGENT)["properties"]["storageProfile"]["imageReference"]["id"]
        self.assertTrue(used.endswith("/versions/1.500.0"), used)

    @row(24)
    def test_a_stemcell_that_was_uploaded_without_a_gallery_becomes_an_image(self) -> None:
        self.configure(compute_gallery_name="")
        stemcell = self.upload(vhd(b"one"))
        self.configure()
        self.cpi("create_vm", *self.create_vm(SIZE, stemcell=stemcell))
        self.assertIn("/images/", self.vm(AGENT)["properties"]["storageProfile"]["imageReference"]["id"])
        self.assertEqual([], self.requests("PUT", "/galleries/"))

    @row(24)
    def test_nothing_is_left_of_a_stemcell_that_the_gallery_refuses(self) -> None:
        self.fault("PUT", "/versions/", operation={"status": "Failed", "code": "ReplicationFailed", "message": "no"})
        text = self.fails("CloudError", "create_stemcell", str(self.archive(vhd(b"one"))), PROPERTIES)
        self.assertIn("ReplicationFailed", text)
        self.assertEqual([], self.blobs())
        self.assertTrue(self.is_gone())

    @row(24)
    def test_what_a_gallery_needs(self) -> None:
        file = str(self.archive(vhd(b"one")))
        for change, fragment in (
            ({"os_type": None}, "Missing the property 'os_type'"),
            ({"name": None}, "Missing the property 'name'"),
            ({"version": "1.x"}, "'version' of the stemcell is '1.x'"),
            ({"generation": "gen3"}, "can be gen1 or gen2"),
        ):
            text = self.fails("CloudError", "create_stemcell", file, {**PROPERTIES, **change})
            self.assertIn(fragment, text)
        self.configure(location=None)
        text = self.fails("CloudError", "create_stemcell", file, PROPERTIES)
        self.assertIn("Missing the property 'location' in the global configuration", text)
        self.assertEqual([], self.blobs())
