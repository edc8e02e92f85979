"""Failures on demand: a refusal, a broken connection, or an operation that ends badly."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from typing import Any

from .operations import Outcome


@dataclass
class Fault:
    """One rule. It strikes requests whose method and path match, after `skip` of them, `times` times."""

    method: str = ".*"
    path: str = ".*"
    times: int = 1
    skip: int = 0
    status: int | None = None
    """Answer with this status, and `code` and `message`, instead of doing what is asked."""
    code: str = "InternalServerError"
    message: str = "The emulator was told to fail here."
    body: Any = None
    """With `status`: this instead of an error with `code` and `message`."""
    headers: dict[str, str] = field(default_factory=dict)
    drop: str | None = None
    """`before` or `after` the request takes effect, break the connection without an answer."""
    effect: bool = False
    """With `status`: do what is asked, then answer with the failure. With `operation`: likewise."""
    operation: dict[str, Any] | None = None
    """How the asynchronous operation that the request starts ends: `status`, `code`, `message`, `retry_after`."""
    delay: float | None = None
    """Seconds that this operation takes, or that the answer waits where there is none."""
    struck: int = 0
    """How often it has."""

    @staticmethod
    def read(values: Any) -> Fault:
        if not isinstance(values, dict):
            raise ValueError("a fault is a JSON object")
        known = {one.name for one in fields(Fault)} - {"struck"}
        if unknown := set(values) - known:
            raise ValueError(
                f"a fault has no member {', '.join(sorted(unknown))}; it may have: {', '.join(sorted(known))}"
            )
        fault = Fault(**values)
        for pattern in (fault.method, fault.path):
            try:
                re.compile(pattern)
            except re.error as problem:
                raise ValueError(f"{pattern!r} is not a regular expression: {problem}") from problem
        if fault.drop not in (None, "before", "after"):
            raise ValueError(f"drop is 'before' or 'after', not {fault.drop!r}")
        if fault.status is None and not fault.drop and fault.operation is None and fault.delay is None:
            raise ValueError("a fault needs one of: status, drop, operation, delay")
        fault.outcome()
        return fault

    def outcome(self) -> Outcome:
        try:
            return Outcome(**{"effect": self.effect, **(self.operation or {})})
        except TypeError as problem:
            raise ValueError(f"operation: {problem}") from problem

    def strikes(self, method: str, path: str) -> bool:
        if self.times <= 0 or not re.fullmatch(self.method, method, re.I) or not re.search(self.path, path, re.I):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        self.struck += 1
        return True


class Faults:
    def __init__(self) -> None:
        self.rules: list[Fault] = []

    def find(self, method: str, path: str) -> Fault | None:
        """The first rule that strikes; later ones do not see the request."""
        return next((rule for rule in self.rules if rule.strikes(method, path)), None)
