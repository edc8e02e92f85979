"""All state of the emulator, and the questions that more than one type of resource asks."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator

from .errors import ArmError, bad_parameter, group_not_found
from .faults import Faults
from .operations import Operations
from .settings import Settings
from .store import Body, Entry, Store, guid
from .tokens import Tokens


class Cloud:
    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self._first_settings = self.settings.shown()
        self.store = Store()
        self.operations = Operations(self.settings)
        self.faults = Faults()
        self.tokens = Tokens(self.settings)
        self.storage_url: str | None = None
        """Where blobs are, with `{account}` in it; nothing while there is no storage service."""
        self.table_url: str | None = None
        self._serial = itertools.count(1)

    def reset(self) -> None:
        """As after the start, with what was set on the command line. Tokens stay good."""
        self.settings.change(copy.deepcopy(self._first_settings))
        self.store.clear()
        self.operations.clear()
        self.faults.rules.clear()

    def guid(self) -> str:
        return guid(next(self._serial), 0x5E41)

    def location(self, value: object) -> str:
        """The name of a region as it is stored: `East US` is `eastus`."""
        name = str(value or "").replace(" ", "").lower()
        if name not in self.settings.locations:
            raise ArmError(
                400,
                "LocationNotAvailableForResourceType",
                f"The provided location '{value}' is not available for resource type. List of available "
                f"regions for the resource type is '{','.join(self.settings.locations)}'.",
            )
        return name

    def group(self, subscription: str, name: str) -> Entry:
        found = self.store.get(f"/subscriptions/{subscription}/resourceGroups/{name}")
        if not found:
            raise group_not_found(name)
        return found

    def expect(self, resource_id: str | None, target: str) -> Entry:
        """What a compute resource refers to; it has to be there."""
        found = self.store.get(resource_id)
        if not found:
            raise ArmError(404, "NotFound", f"Resource {resource_id} is not found.", target)
        return found


def zones_of(body: Body) -> set[str]:
    return {str(zone) for zone in body.get("zones") or []}


def check_zones(body: Body) -> None:
    for zone in zones_of(body):
        if zone not in ("1", "2", "3"):
            raise bad_parameter(
                "zones",
                f"The zone(s) '{zone}' for resource is not supported. The supported zones for "
                f"location '{body.get('location')}' are '1,2,3'.",
            )


def members(body: Body, *path: str) -> Iterator[Body]:
    """The objects of a list that lies at a path; none where the path ends early."""
    found: object = body
    for step in path:
        found = found.get(step) if isinstance(found, dict) else None
    return (item for item in found or [] if isinstance(item, dict))
