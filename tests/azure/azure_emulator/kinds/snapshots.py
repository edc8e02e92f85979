"""Snapshots of managed disks."""

from __future__ import annotations

from ..cloud import Cloud
from ..errors import bad_parameter
from ..ids import ResourceId
from ..operations import now
from ..store import Body, Entry
from . import disk_access
from .base import Kind, Style, fill, properties, sku_name
from .disks import TUNABLE

_TYPES = ("Standard_LRS", "Premium_LRS", "Standard_ZRS")


class Snapshots(Kind):
    type = "Microsoft.Compute/snapshots"
    style = Style(created=202, updated=202, patched=202, location=True)
    actions = {"POST beginGetAccess": disk_access.begin, "POST endGetAccess": disk_access.end}

    def build(self, cloud: Cloud, rid: ResourceId, body: Body, old: Entry | None) -> Body:
        own = properties(body)
        fill(body, sku={"name": "Standard_LRS"})
        body["sku"]["tier"] = sku_name(body, _TYPES).split("_")[0]
        if old:
            fill(own, **old.properties)
        else:
            self._copy(cloud, body, own)
        fill(
            own,
            encryption={"type": "EncryptionAtRestWithPlatformKey"},
            networkAccessPolicy="AllowAll",
            publicNetworkAccess="Enabled",
            timeCreated=now(),
            uniqueId=cloud.guid(),
            incremental=False,
        )
        own.update(diskState="Unattached", diskSizeBytes=own["diskSizeGB"] << 30)
        return body

    def _copy(self, cloud: Cloud, body: Body, own: Body) -> None:
        data = own.get("creationData")
        if not data:
            raise bad_parameter(
                "snapshot.creationData", "Required parameter 'snapshot.creationData' is missing (null)."
            )
        # An id as `sourceUri` is what old versions took, and still works.
        source_id = data.get("sourceResourceId") or data.pop("sourceUri", None)
        source = cloud.expect(source_id, "snapshot.creationData.sourceResourceId")
        if source.body["location"] != body["location"]:
            raise bad_parameter(
                "snapshot.creationData.sourceResourceId",
                f"The source {source.id} is not in the location '{body['location']}' of the snapshot.",
            )
        if source.body["sku"]["name"] in TUNABLE and not own.get("incremental"):
            raise bad_parameter(
                "snapshot.incremental",
                f"Only incremental snapshots are supported for disks of account type {source.body['sku']['name']}.",
            )
        data.update(sourceResourceId=source.id, sourceUniqueId=source.properties.get("uniqueId"))
        fill(
            own,
            diskSizeGB=source.properties["diskSizeGB"],
            osType=source.properties.get("osType"),
            hyperVGeneration=source.properties.get("hyperVGeneration"),
        )
        for name in ("osType", "hyperVGeneration"):
            if own[name] is None:
                del own[name]

    def settled(self, cloud: Cloud, entry: Entry) -> None:
        entry.properties["completionPercent"] = 100.0


KINDS = (Snapshots(),)
