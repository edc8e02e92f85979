"""Compute galleries, their image definitions, and the versions of these."""

from __future__ import annotations

from ..cloud import Cloud, members
from ..errors import ArmError, bad_parameter
from ..ids import ResourceId
from ..operations import now
from ..store import Body, Entry
from .base import Kind, fill, properties

_VERSIONS = "Microsoft.Compute/galleries/images/versions"


class Galleries(Kind):
    type = "Microsoft.Compute/galleries"
    keeps = True

    def build(self, cloud: Cloud, rid: ResourceId, body: Body, old: Entry | None) -> Body:
        _keep(body, old)
        fill(properties(body), identifier={"uniqueName": f"{rid.subscription}-{rid.name.upper()}"})
        return body

    def check_removal(self, cloud: Cloud, entry: Entry) -> None:
        _check_empty(cloud, entry)


class Definitions(Kind):
    type = "Microsoft.Compute/galleries/images"
    keeps = True

    def build(self, cloud: Cloud, rid: ResourceId, body: Body, old: Entry | None) -> Body:
        own = properties(body)
        _keep(body, old)
        for name in ("identifier", "osType", "osState"):
            if own.get(name) is None:
                raise bad_parameter(
                    f"galleryImage.properties.{name}",
                    f"Required parameter 'galleryImage.properties.{name}' is missing (null).",
                )
        fill(own, hyperVGeneration="V1", architecture="x64")
        for name in ("identifier", "osType", "osState", "hyperVGeneration", "architecture", "features"):
            if old and own.get(name) != old.properties.get(name):
                raise ArmError(
                    409,
                    "PropertyChangeNotAllowed",
                    f"Changing property 'galleryImage.properties.{name}' is not allowed.",
                    f"galleryImage.properties.{name}",
                )
        if not old:
            self._check_identifier(cloud, rid, own["identifier"])
        return body

    def _check_identifier(self, cloud: Cloud, rid: ResourceId, identifier: Body) -> None:
        for other in cloud.store.below(str(rid.parent)):
            if other.body["type"] == self.type and other.properties["identifier"] == identifier:
                raise ArmError(
                    409,
                    "Conflict",
                    f"A gallery image with the identifier {identifier['publisher']}:"
                    f"{identifier['offer']}:{identifier['sku']} exists already: {other.id}.",
                )

    def check_removal(self, cloud: Cloud, entry: Entry) -> None:
        _check_empty(cloud, entry)


class Versions(Kind):
    type = _VERSIONS
    keeps = True

    def build(self, cloud: Cloud, rid: ResourceId, body: Body, old: Entry | None) -> Body:
        own = properties(body)
        _keep(body, old)
        storage = own.get("storageProfile")
        if not storage:
            raise bad_parameter(
                "galleryImageVersion.properties.storageProfile",
                "Required parameter 'galleryImageVersion.properties.storageProfile' is missing (null).",
            )
        if not old:
            self._check_source(cloud, storage)
        elif storage.get("source") != old.properties["storageProfile"].get("source"):
            raise ArmError(
                409,
                "PropertyChangeNotAllowed",
                "Changing property 'galleryImageVersion.properties.storageProfile.source' is not allowed.",
                "galleryImageVersion.properties.storageProfile.source",
            )
        profile = own.setdefault("publishingProfile", {})
        fill(
            profile,
            replicaCount=1,
            storageAccountType="Standard_LRS",
            excludeFromLatest=False,
            publishedDate=now(),
            targetRegions=[{"name": body["location"]}],
        )
        for region in members(profile, "targetRegions"):
            region["name"] = cloud.location(region["name"])
            fill(region, regionalReplicaCount=profile["replicaCount"], storageAccountType="Standard_LRS")
        if body["location"] not in {region["name"] for region in members(profile, "targetRegions")}:
            raise bad_parameter(
                "galleryImageVersion.properties.publishingProfile.targetRegions",
                f"The target regions have to contain the location '{body['location']}' of the version.",
            )
        fill(storage, osDiskImage={})
        fill(storage["osDiskImage"], hostCaching="None", sizeInGB=3)
        return body

    def _check_source(self, cloud: Cloud, storage: Body) -> None:
        """A version comes from an image, disk or snapshot, or from a blob in an account that is named."""
        whole = (storage.get("source") or {}).get("id") or (storage.get("source") or {}).get("virtualMachineId")
        disk = (storage.get("osDiskImage") or {}).get("source") or {}
        if whole or (disk.get("id") and not disk.get("uri")):
            cloud.expect(whole or disk["id"], "galleryImageVersion.properties.storageProfile.source.id")
        elif disk.get("uri"):
            account = cloud.expect(
                disk.get("storageAccountId") or disk.get("id"),
                "galleryImageVersion.properties.storageProfile.osDiskImage.source.storageAccountId",
            )
            if not disk["uri"].startswith(account.properties["primaryEndpoints"]["blob"]):
                raise bad_parameter(
                    "galleryImageVersion.properties.storageProfile.osDiskImage.source.uri",
                    f"The blob {disk['uri']} is not in the storage account {account.id}.",
                )
        else:
            raise bad_parameter(
                "galleryImageVersion.properties.storageProfile",
                "A source is needed: either storageProfile.source or storageProfile.osDiskImage.source.",
            )

    def view(self, cloud: Cloud, entry: Entry) -> Body:
        body = super().view(cloud, entry)
        is_ready = entry.state == "Succeeded"
        body["properties"]["replicationStatus"] = {
            "aggregatedState": "Completed" if is_ready else "InProgress",
            "summary": [
                {
                    "region": region["name"],
                    "state": "Completed" if is_ready else "Replicating",
                    "progress": 100 if is_ready else 0,
                }
                for region in members(entry.properties, "publishingProfile", "targetRegions")
            ],
        }
        return body


def _keep(body: Body, old: Entry | None) -> None:
    """A PUT to what exists leaves what it does not name, tags included."""
    if old:
        fill(body, tags=old.body.get("tags") or {})
        fill(properties(body), **old.properties)


def _check_empty(cloud: Cloud, entry: Entry) -> None:
    for nested in cloud.store.below(entry.id):
        raise ArmError(
            409, "CannotDeleteResource", f"Can not delete resource before nested resources are deleted: {nested.id}."
        )


KINDS = (Galleries(), Definitions(), Versions())
