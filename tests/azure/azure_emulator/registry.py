"""The types of resources there are, and the reads that are not about one of them: whatever the modules in `kinds` have."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable

from . import kinds
from .cloud import Cloud
from .kinds.base import Kind
from .kinds.embedded import Embedded
from .messages import Answer, Request

_MODULES = [importlib.import_module(f"{kinds.__name__}.{one.name}") for one in pkgutil.iter_modules(kinds.__path__)]

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
