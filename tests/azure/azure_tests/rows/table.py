"""The rows: what operators of the Ruby CPI rely on, and what is not tested yet with the reason."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

THEMES: dict[str, dict[int, str]] = {
    "protocol": {
        1: "info",
        2: "errors of the envelope",
        3: "unknown methods, ping, create_network",
        4: "shapes of results in API versions 1 and 2",
        5: "stemcells with API version 1",
        6: "properties of a CPI configuration go over the settings",
    },
    "tokens": {
        7: "with a client secret",
        8: "with a certificate",
        9: "for a managed identity",
        10: "when they expire, and when they are not accepted",
    },
    "clouds": {
        11: "five environments",
        12: "Azure Stack Hub",
    },
    "transport": {
        13: "statuses that pass are tried again, when the service wants it",
        14: "connections that break",
        15: "long operations: every way to follow them, and every end",
    },
    "identifiers": {
        16: "of VMs, in all forms",
        17: "of disks and snapshots, in all forms",
    },
    "stemcells": {
        18: "which storage account is the default one",
        19: "light stemcells: made, used, deleted",
        20: "upload of a heavy stemcell",
        21: "images: name, body, use, and those of old names",
        22: "copy to another region",
        23: "table of copies in several storage accounts",
        27: "how far delete_stemcell looks",
    },
    "galleries": {
        24: "upload, use, another digest, somebody else's version",
        25: "regions and number of replicas",
        26: "the last reference deletes the version",
    },
    "networks": {
        28: "errors, order, primary interface",
        29: "several interfaces, dynamic and manual",
        30: "vip",
        31: "public address of the VM's own",
        32: "network security groups: which, and where",
        33: "application security groups: the VM's list replaces",
        34: "load balancers, pools, NAT rules",
        35: "application gateways",
        36: "IP forwarding and accelerated networking",
        37: "locations",
    },
    "machines": {
        38: "resource group of the VM, made when it is missing",
        39: "availability sets",
        40: "zones",
        41: "choice among instance_types",
        42: "body of the VM, with Linux and Windows",
        43: "custom data",
        44: "tags",
        45: "identities",
        46: "capacity reservation groups",
        53: "boot diagnostics",
        58: "delete_vm, and again",
        59: "has_vm",
        60: "reboot_vm",
        61: "set_vm_metadata",
    },
    "disks of machines": {
        47: "encryption sets",
        48: "root disk: size, type, caching",
        49: "ephemeral disk: size",
        50: "the root disk serves as ephemeral one",
        51: "root disk of the machine itself",
        52: "speed of the ephemeral disk",
    },
    "machines that fail": {
        54: "create_vm tries again",
        55: "keep_failed_vms",
        56: "nothing is left",
        57: "VMCreationFailed, in words of the manifest",
    },
    "disks": {
        62: "create_disk",
        63: "attach_disk",
        64: "detach_disk of a disk that is not attached",
        65: "get_disks",
        66: "has_disk",
        67: "delete_disk",
        68: "resize_disk",
        69: "update_disk",
        70: "snapshots",
        72: "a disk without a zone goes to a VM in one",
    },
    "storage accounts": {
        71: "a disk in a blob becomes a managed one",
        73: "VMs and disks without managed disks",
    },
    "the rest": {
        74: "calculate_vm_cloud_properties",
        75: "set_disk_metadata, configure_networks, current_vm_id",
        76: "no secret in any log",
        77: "proxies",
        78: "no telemetry",
        79: "nic_group, IPv6, security_profile, full_caching",
        80: "several CPI configurations",
    },
}

NOT_YET: dict[int, str] = {}

_TESTED: set[int] = set()


def row(*numbers: int) -> Callable[[Any], Any]:
    """Marks a test as one of these rows."""

    def mark(test: Any) -> Any:
        _TESTED.update(numbers)
        test.rows = numbers
        return test

    return mark


def tested() -> set[int]:
    """The rows that tests are about, whether they ran or not."""
    for module in pkgutil.iter_modules([str(Path(__file__).parent)], f"{__package__}."):
        importlib.import_module(module.name)
    return _TESTED


def mistakes() -> list[str]:
    """Rows without a test or a reason, or with both."""
    with_tests = tested()
    rows = sorted(number for theme in THEMES.values() for number in theme)
    found = [] if rows == list(range(1, 81)) else [f"the table does not have every row once: {rows}"]
    for number in rows:
        is_tested, reason = number in with_tests, NOT_YET.get(number)
        if is_tested and reason:
            found.append(f"row {number} has a test and a reason why there is none")
        if not is_tested and not reason:
            found.append(f"row {number} has neither a test nor a reason why there is none")
    return found + [f"there is no row {number}" for number in sorted((with_tests | set(NOT_YET)) - set(rows))]


def text(held: set[int]) -> str:
    """How many rows of each theme have tests, and how many of them were seen to hold in this run."""
    lines = [f"{'plugin azure':<28} {'statements':>10} {'tested':>7} {'held now':>9} {'not yet':>8}"]
    with_tests = tested()
    every = {number for theme in THEMES.values() for number in theme}
    for name, rows in [*((name, set(theme)) for name, theme in THEMES.items()), ("all", every)]:
        counts = len(rows), len(rows & with_tests), len(rows & held), len(rows & set(NOT_YET))
        lines.append("{:<28} {:>10} {:>7} {:>9} {:>8}".format(name, *counts))
    words = {number: words for theme in THEMES.values() for number, words in theme.items()}
    lines += [f"not yet: row {number}, {words[number]}: {reason}" for number, reason in sorted(NOT_YET.items())]
    return "\n".join(lines)
