"""User-assigned managed identities."""

from __future__ import annotations

from ..cloud import Cloud
from ..ids import ResourceId
from ..store import Body, Entry
from .base import AT_ONCE, Kind, fill, properties


class Identities(Kind):
    type = "Microsoft.ManagedIdentity/userAssignedIdentities"
    style = AT_ONCE

    def build(self, cloud: Cloud, rid: ResourceId, body: Body, old: Entry | None) -> Body:
        if old:
            fill(properties(body), **old.properties)
        fill(properties(body), tenantId=cloud.guid(), principalId=cloud.guid(), clientId=cloud.guid())
        return body

    def view(self, cloud: Cloud, entry: Entry) -> Body:
        body = super().view(cloud, entry)
        body["properties"].pop("provisioningState", None)
        return body


KINDS = (Identities(),)
