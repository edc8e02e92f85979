"""What all types of the network provider have in common: parts with ids of their own, and references to each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ..cloud import Cloud, members
from ..errors import ArmError, invalid_reference
from ..ids import ResourceId, reference, same
from ..store import Body, Entry
from .base import Kind, Style, fill, properties


class NetworkKind(Kind):
    style = Style(operations="create update delete")
    creating = "Updating"
    has_etag = True
    parts: ClassVar[tuple[str, ...]] = ()
    """Lists whose items have ids."""

    def build(self, cloud: Cloud, rid: ResourceId, body: Body, old: Entry | None) -> Body:
        own = properties(body)
        fill(own, resourceGuid=old.properties["resourceGuid"] if old else cloud.guid())
        for name in self.parts:
            fill(own, **{name: []})
            for index, part in enumerate(members(own, name)):
                self._identify(body, name, part, index)
        self.check(cloud, rid, body, old)
        return body

    def check(self, cloud: Cloud, rid: ResourceId, body: Body, old: Entry | None) -> None:
        """What this type checks and fills in, once its parts have ids."""

    def _identify(self, body: Body, name: str, part: Body, index: int) -> None:
        if not part.get("name"):
            raise ArmError(
                400,
                "InvalidRequestFormat",
                "Cannot parse the request.",
                details=[
                    {
                        "code": "MissingName",
                        "message": f"Value for property 'properties.{name}[{index}].name' is missing.",
                    }
                ],
            )
        part.update(id=f"{body['id']}/{name}/{part['name']}", type=f"{self.type}/{name}")
        properties(part)["provisioningState"] = "Succeeded"

    def view(self, cloud: Cloud, entry: Entry) -> Body:
        body = super().view(cloud, entry)
        for name in self.parts:
            for part in members(body, "properties", name):
                part["etag"] = entry.etag
        return body


def find(cloud: Cloud, target: str | None) -> tuple[Entry, Body] | None:
    """A network resource, or a part of one with the resource that it lies in."""
    rid = ResourceId.parse(target)
    if not rid:
        return None
    if entry := cloud.store.get(str(rid)):
        return entry, entry.body
    parent = cloud.store.get(str(rid.parent)) if rid.parent else None
    for name, value in parent.properties.items() if parent else ():
        if name.lower() == rid.types[-1].lower() and isinstance(value, list):
            for part in value:
                if part["name"].lower() == rid.name.lower():
                    return parent, part
    return None


def refer(cloud: Cloud, user: str, target: str | None, kind: str, location: str | None = None) -> tuple[Entry, Body]:
    """What a network resource refers to: it has to be there, in the same region, and ready."""
    rid = ResourceId.parse(target)
    if not rid or rid.kind != kind.lower():
        raise ArmError(
            400,
            "InvalidRequestFormat",
            "Cannot parse the request.",
            details=[
                {
                    "code": "InvalidResourceReferenceId",
                    "message": f"{target} is not the id of a resource of type {kind}.",
                }
            ],
        )
    found = find(cloud, target)
    if not found or location not in (None, found[0].body["location"]):
        raise invalid_reference(user, str(target))
    if cloud.operations.running(found[0].id):
        message = (
            f"Cannot proceed with operation because resource {found[0].id} used by resource {user} is not in "
            f"Succeeded state. Resource is in {found[0].state} state and the last operation that updated/is updating "
            "the resource is not yet completed."
        )
        raise ArmError(
            429,
            "RetryableError",
            "A retryable error occurred.",
            details=[{"code": "ReferencedResourceNotProvisioned", "message": message}],
            headers={"Retry-After": str(cloud.settings.retry_after)},
        )
    return found


def configurations(cloud: Cloud) -> Iterator[tuple[Entry, Body]]:
    """All IP configurations of all interfaces."""
    for nic in cloud.store.of("Microsoft.Network/networkInterfaces"):
        for configuration in members(nic.properties, "ipConfigurations"):
            yield nic, configuration


def users(cloud: Cloud, member: str, target: str) -> list[Body]:
    """References to the IP configurations that name a target, alone or in a list."""
    out = []
    for _, configuration in configurations(cloud):
        value = configuration["properties"].get(member)
        if any(same(reference(one), target) for one in (value if isinstance(value, list) else [value])):
            out.append({"id": configuration["id"]})
    return out
