"""Requests and answers, apart from any HTTP library."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

from .faults import Fault


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    """Names in lower case."""
    raw: bytes
    base: str
    """Scheme and host by which the client knows this server."""
    fault: Fault | None = None
    received: float = field(default_factory=time.time)

    @property
    def version(self) -> str:
        return self.query.get("api-version", "")

    @property
    def body(self) -> Any:
        """The JSON sent, nothing where nothing was; ValueError where it is not JSON."""
        return json.loads(self.raw) if self.raw.strip() else None


@dataclass
class Answer:
    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
