"""Asynchronous operations: what a 201 or 202 with `Azure-AsyncOperation` promises, and what its polls say."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .settings import Settings
from .store import guid


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


@dataclass
class Outcome:
    """How an operation ends; anything but success comes from a fault."""

    status: str = "Succeeded"
    code: str = "InternalError"
    message: str = "The operation failed."
    retry_after: int | None = None
    effect: bool = False
    """Whether a failed operation has done its work nevertheless."""

    def error(self) -> dict[str, str]:
        return {"code": self.code, "message": self.message}


@dataclass
class Operation:
    id: str
    what: str
    target: str
    network: bool
    outcome: Outcome
    polls: int
    due: float
    finish: Callable[[], None]
    fail: Callable[[], None]
    result: Callable[[], Any]
    """The body that the final `Location` has; nothing for a deletion."""
    started: str = field(default_factory=now)
    ended: str | None = None

    def look(self) -> bool:
        """Somebody asks how it stands. True once it has ended."""
        if self.ended:
            return True
        if self.polls > 0 or time.monotonic() < self.due:
            self.polls -= 1
            return False
        self._end()
        return True

    def cancel(self) -> None:
        """A later operation on the same resource takes over."""
        if not self.ended:
            self.outcome = Outcome(
                "Canceled", "OperationPreempted", "Operation execution has been preempted by a more recent operation."
            )
            self.ended = now()

    def _end(self) -> None:
        self.ended = now()
        (self.finish if self.outcome.status == "Succeeded" else self.fail)()

    def body(self) -> dict[str, Any]:
        status = self.outcome.status if self.ended else "InProgress"
        body: dict[str, Any] = {"status": status}
        if not self.network:
            body.update(name=self.id, startTime=self.started)
            if self.ended:
                body["endTime"] = self.ended
        if self.ended and status != "Succeeded":
            body["error"] = self.outcome.error()
        return body


class Operations:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._all: dict[str, Operation] = {}

    def start(
        self,
        what: str,
        target: str,
        outcome: Outcome,
        *,
        finish: Callable[[], None],
        fail: Callable[[], None],
        result: Callable[[], Any] = lambda: None,
        delay: float | None = None,
    ) -> Operation:
        seconds = self.settings.delay if delay is None else delay
        operation = Operation(
            guid(len(self._all) + 1, 0x0BE7),
            what,
            target.lower(),
            "microsoft.network" in target.lower(),
            outcome,
            self.settings.polls,
            time.monotonic() + seconds,
            finish,
            fail,
            result,
        )
        self._all[operation.id] = operation
        return operation

    def get(self, operation_id: str) -> Operation | None:
        return self._all.get(operation_id.lower())

    def running(self, target: str) -> Operation | None:
        """The unfinished operation on a resource. To ask is to look."""
        for operation in self._all.values():
            if operation.target == target.lower() and not operation.look():
                return operation
        return None

    def unfinished(self) -> list[str]:
        return [operation.what for operation in self._all.values() if not operation.ended]

    def clear(self) -> None:
        self._all.clear()
