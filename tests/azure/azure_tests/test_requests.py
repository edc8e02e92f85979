"""How many requests a call takes, and how long it waits, beside what the Ruby CPI took for the same in its recordings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .plugin import VM, Plugin

_SIZE = {"instance_type": "Standard_D2s_v3"}


@dataclass(frozen=True)
class Measured:
    """Requests with every look at what goes on."""

    name: str
    ruby: int
    ours: int
    """With the token, where the second look at an operation finds its end, as in the recordings."""
    least: int
    """With the token, where the first one does."""
    call: Callable[[Requests], Any]
    azure: dict[str, Any] = field(default_factory=dict)
    """Of the configuration."""

    @property
    def kept(self) -> int:
        """Where the first one does, and an earlier call had the token."""
        return max(self.least - 1, 0)


class Requests(Plugin):
    tokens = "[credentials]\ncache = false\n"
    """Of the host's configuration."""

    def configure(self, agent: Any = None, host: str = "", **azure: Any) -> None:
        super().configure(agent, host or self.tokens, **azure)

    def made(self, properties: dict[str, Any], group: str | None = None, **more: Any) -> None:
        self.cpi("create_vm", *self.create_vm({**_SIZE, **properties}, group, **more))

    def test_no_call_takes_more_requests_than_it_says(self) -> None:
        lines = [f"{'requests of a call':<44} {'Ruby':>5} {'ours':>5} {'at once':>8} {'token kept':>11}"]
        for measured in CALLS:
            counts = [self._count(measured, 1), self._count(measured, 0), self._count(measured, 0, kept=True)]
            lines.append(f"{measured.name:<44} {measured.ruby:>5} {counts[0]:>5} {counts[1]:>8} {counts[2]:>11}")
            with self.subTest(measured.name):
                self.assertEqual([measured.ours, measured.least, measured.kept], counts, self._asked())
                self.assertLessEqual(measured.ours, measured.ruby)
        self.tell("\n".join(lines))

    def test_a_service_that_wants_ten_seconds_is_waited_for_a_third_of_what_the_ruby_cpi_sleeps(self) -> None:
        self.emulator.control("PATCH", "settings", {"retry_after": 10})
        self.addCleanup(self.emulator.control, "PATCH", "settings", {"retry_after": 0})
        seconds = self.call("create_vm", *self.create_vm(_SIZE)).seconds
        self.assertLess(seconds, 40 / 3, "the Ruby CPI sleeps for 40 s")

    def _count(self, measured: Measured, polls: int, kept: bool = False) -> int:
        self.tokens = "[credentials]\ncache = true\n" if kept else type(self).tokens
        self.setUp()
        self.azure |= measured.azure
        self.configure()
        self.emulator.control("PATCH", "settings", {"polls": polls})
        if kept:
            self.cpi("has_vm", VM)
            self.forget()
        measured.call(self)
        return len(self.requests())

    def _asked(self) -> str:
        return "\n".join(f"{one['method']} {one['path']}" for one in self.requests())


def _deleted(test: Requests, group: str | None = None) -> None:
    test.made({}, group)
    test.forget()
    test.cpi("delete_vm", VM)


def _has_vm(test: Requests) -> None:
    test.made({})
    test.forget()
    test.cpi("has_vm", VM)


def _set_vm_metadata(test: Requests) -> None:
    test.made({})
    test.forget()
    test.cpi("set_vm_metadata", VM, {"job": "web"})


def _reboot_vm(test: Requests) -> None:
    test.made({})
    test.forget()
    test.cpi("reboot_vm", VM)


def _create_disk(test: Requests) -> None:
    test.cpi("create_disk", 1024, {})


def _attach_disk(test: Requests) -> str:
    test.made({})
    disk = test.cpi("create_disk", 1024, {})
    test.forget()
    test.cpi("attach_disk", VM, disk)
    return disk


def _detach_disk(test: Requests) -> None:
    disk = _attach_disk(test)
    test.forget()
    test.cpi("detach_disk", VM, disk)


def _on_disk(method: str, *arguments: Any) -> Callable[[Requests], Any]:
    def call(test: Requests) -> None:
        disk = test.cpi("create_disk", 1024, {})
        test.forget()
        test.cpi(method, disk, *arguments)

    return call


CALLS = [
    Measured("info", 0, 0, 0, lambda test: test.cpi("info")),
    Measured("create_vm", 17, 9, 7, lambda test: test.made({})),
    Measured("create_vm, zone", 17, 9, 7, lambda test: test.made({"availability_zone": 1})),
    Measured("create_vm, first of an availability set", 20, 11, 9, lambda test: test.made({}, "dep-web")),
    # As recorded for the last VM of a set, without the three requests about the set.
    Measured("delete_vm", 22, 15, 11, _deleted),
    Measured("delete_vm, last of an availability set", 25, 17, 13, lambda test: _deleted(test, "dep-web")),
    Measured("delete_vm with delete_disks_with_vm", 22, 9, 7, _deleted, {"delete_disks_with_vm": True}),
    Measured("has_vm", 6, 2, 2, _has_vm),
    Measured("reboot_vm", 7, 4, 3, _reboot_vm),
    Measured("set_vm_metadata", 7, 5, 4, _set_vm_metadata),
    Measured("create_disk", 7, 5, 4, _create_disk),
    Measured("create_disk with location", 7, 4, 3, _create_disk, {"location": "eastus"}),
    Measured("attach_disk", 12, 6, 5, _attach_disk),
    Measured("detach_disk", 7, 5, 4, _detach_disk),
    Measured("resize_disk", 7, 5, 4, _on_disk("resize_disk", 2048)),
    Measured("snapshot_disk", 7, 5, 4, _on_disk("snapshot_disk", {})),
    Measured("delete_disk", 7, 4, 3, _on_disk("delete_disk")),
]
