"""What the story needs to know of a cloud, whichever it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from .director import Director


class DidNotStart(Exception):
    """What the demo needs beside the host does not run."""


class Fact(NamedTuple):
    """Something that ought to be true, and whether it is."""

    text: str
    true: bool
    found: str = ""


Facts = Iterator[Fact]


def same(text: str, found: object, wanted: object) -> Fact:
    """A fact that says what was found instead when it is not true."""
    return Fact(text, found == wanted, f"found {found!r}, not {wanted!r}")


class Sight(NamedTuple):
    """One thing that a call did to its cloud, as seen from outside the host."""

    what: str
    detail: str
    verdict: str
    ok: bool = True
    start: float = 0.0
    end: float = 0.0


def seconds_in_cloud(sights: list[Sight]) -> float:
    """How long a call waited for its cloud; requests that ran side by side count once."""
    total = reached = 0.0
    for start, end in sorted((sight.start, sight.end) for sight in sights):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


class Cloud(Protocol):
    """A cloud, with what a director would put into its manifest and an eye that does not trust the plugin.

    The methods look at the cloud itself, never at what `cpi-host` answered.
    """

    plugin: str
    title: str
    properties: dict[str, Any]
    secrets: list[str]
    image: str
    stemcell: dict[str, Any]
    vm_type: dict[str, Any]
    disk_type: dict[str, Any]
    network: dict[str, Any]
    missing_vm: str
    # How deleting a VM fails that is not there, if it does.
    no_vm_to_delete: str | None = "Bosh::Clouds::VMNotFound"
    # A stemcell that is there already, and why none is uploaded.
    given_stemcell: tuple[str, str] | None = None

    def seen(self) -> list[Sight]:
        """What happened since the last question."""

    def of_every_call(self, sights: list[Sight], log: str) -> Facts:
        """What must be true of each call, whatever it does."""

    def stemcell_exists(self, cid: str, tags: dict[str, str]) -> Facts: ...

    def stemcell_deleted(self, cid: str) -> Facts: ...

    def vm_runs(self, vm: str, stemcell: str, agent: dict[str, Any], tags: dict[str, str]) -> Facts:
        """`agent` is what the agent's settings must hold at least."""

    def vm_tagged(self, vm: str, tags: dict[str, str]) -> Facts: ...

    def vm_rebooted(self, vm: str) -> Facts: ...

    def vm_gone(self, vm: str) -> Facts: ...

    def disk_free(self, disk: str, mib: int) -> Facts: ...

    def disk_attached(self, disk: str, vm: str, hint: Any) -> Facts: ...

    def disk_tagged(self, disk: str, tags: dict[str, str]) -> Facts: ...

    def disk_gone(self, disk: str) -> Facts: ...

    def disks_of(self, vm: str) -> set[str]: ...

    def snapshot_exists(self, snapshot: str, disk: str) -> Facts: ...

    def snapshot_gone(self, snapshot: str) -> Facts: ...

    def nothing_left(self) -> Facts:
        """The cloud is as it was before the first call."""

    def beside(self, method: str, sights: list[Sight]) -> Facts:
        """How a call compares with that of the Ruby CPI."""
        yield from ()

    def tell_more(self, director: Director) -> None:
        """The calls that only the story of this cloud has."""
