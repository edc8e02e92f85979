"""What tests tell besides passing or failing: collected from all processes that ran them, and shown at the end."""

from __future__ import annotations

import unittest
from collections import Counter
from typing import Any

import pytest

from azure_tests.rows import table


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Told())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins at once, so that nobody waits for it at the end."""
    items.sort(key=lambda item: "test_the_validator_finds_nothing_wrong" not in item.name)


@pytest.fixture(autouse=True)
def _told(request: pytest.FixtureRequest) -> None:
    """Gives each test its `tell(text)` and `count(what)`, and its rows to its report."""
    case, properties = request.instance, request.node.user_properties
    if isinstance(case, unittest.TestCase):
        case.tell = lambda text: properties.append(("told", text))
        case.count = lambda what: properties.append(("counted", what))
        properties.append(("rows", getattr(request.function, "rows", ())))


class Told:
    def __init__(self) -> None:
        self.held, self.failed = set[int](), set[int]()
        self.counts = Counter[str]()
        self.texts: list[str] = []
        self.skipped = Counter[str]()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        rows = {number for name, numbers in report.user_properties if name == "rows" for number in numbers}
        if report.failed:
            self.failed |= rows
        elif report.when == "call" and report.passed:
            self.held |= rows
        if report.skipped and isinstance(report.longrepr, tuple):
            self.skipped[report.longrepr[2].removeprefix("Skipped: ")] += 1
        if report.when == "teardown":
            self.counts.update(what for name, what in report.user_properties if name == "counted")
            self.texts += [text for name, text in report.user_properties if name == "told"]

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.held or self.failed:
            terminalreporter.write_line("\n" + table.text(self.held - self.failed))
        if self.counts:
            ways = ", ".join(f"{count} {way}" for way, count in sorted(self.counts.items()))
            terminalreporter.write_line(f"\ncreate_vm in Azure, faults injected: {self.counts.total()}; {ways}")
        for text in self.texts:
            terminalreporter.write_line("\n" + text)
        for why, count in self.skipped.items():
            terminalreporter.write_line(f"\n{why}: {count} tests")
