"""The types of resources there are, and the reads that are not about one of them."""

from __future__ import annotations

import re
from collections.abc import Callable

from .cloud import Cloud
from .kinds import (
    addresses,
    availability_sets,
    balancers,
    disks,
    encryption_sets,
    galleries,
    gateways,
    identities,
    images,
    interfaces,
    marketplace,
    placement,
    resource_groups,
    security_groups,
    sizes,
    snapshots,
    storage_accounts,
    subscriptions,
    virtual_machines,
    virtual_networks,
)
from .kinds.base import Kind
from .kinds.embedded import Embedded
from .messages import Answer, Request

_MODULES = (
    addresses,
    availability_sets,
    balancers,
    disks,
    encryption_sets,
    galleries,
    gateways,
    identities,
    images,
    interfaces,
    marketplace,
    placement,
    resource_groups,
    security_groups,
    sizes,
    snapshots,
    storage_accounts,
    subscriptions,
    virtual_machines,
    virtual_networks,
)

KINDS: dict[str, Kind] = {kind.type.lower(): kind for module in _MODULES for kind in getattr(module, "KINDS", ())}
EMBEDDED: dict[str, Embedded] = {
    one.type.lower(): one for module in _MODULES for one in getattr(module, "EMBEDDED", ())
}
PROVIDERS = {kind.split("/")[0] for kind in KINDS} | {"microsoft.resources"}

Handler = Callable[[Cloud, Request, "re.Match[str]"], Answer]
ROUTES: list[tuple[str, re.Pattern[str], Handler]] = [
    (method, re.compile(pattern, re.I), handler)
    for module in _MODULES
    for method, pattern, handler in getattr(module, "ROUTES", ())
]
