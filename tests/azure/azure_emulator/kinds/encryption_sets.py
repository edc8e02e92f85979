"""Disk encryption sets."""

from __future__ import annotations

from ..cloud import Cloud
from ..errors import bad_parameter, conflict
from ..ids import ResourceId, same
from ..store import Body, Entry
from .base import Kind, Style, fill, properties


class EncryptionSets(Kind):
    type = "Microsoft.Compute/diskEncryptionSets"
    style = Style(created=202, updated=202, patched=202, location=True)

    def build(self, cloud: Cloud, rid: ResourceId, body: Body, old: Entry | None) -> Body:
        own = properties(body)
        if not own.get("activeKey"):
            raise bad_parameter(
                "diskEncryptionSet.activeKey", "Required parameter 'diskEncryptionSet.activeKey' is missing (null)."
            )
        fill(own, encryptionType="EncryptionAtRestWithCustomerKey", previousKeys=[])
        if body.get("identity"):
            body["identity"].update(principalId=cloud.guid(), tenantId=cloud.guid())
        return body

    def check_removal(self, cloud: Cloud, entry: Entry) -> None:
        for disk in cloud.store.of("Microsoft.Compute/disks"):
            if same((disk.properties.get("encryption") or {}).get("diskEncryptionSetId"), entry.id):
                raise conflict(f"Disk encryption set '{entry.body['name']}' cannot be deleted: disk {disk.id} uses it.")


KINDS = (EncryptionSets(),)
