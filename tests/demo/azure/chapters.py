"""What Azure's story has besides: a second subscription, and a gate that the operator has closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..cloud import Fact, Facts, same
from ..director import Director
from . import world
from .arm import GROUP

if TYPE_CHECKING:
    from .cloud import Azure

_MIB = 10240
# What an operator writes who wants the CPI to see one resource group and no other.
_ONE_GROUP = f"""
[plugin.azure]
paths = ["/subscriptions/*/resourceGroups/{GROUP}/**", "/subscriptions/*/providers/**"]
"""


def another_subscription(director: Director, azure: Azure) -> None:
    """Several CPIs of one director: the context of a request replaces settings, credentials too."""
    client = azure.clients[world.OTHER_SUBSCRIPTION]
    other = {"subscription_id": world.OTHER_SUBSCRIPTION, "resource_group_name": world.OTHER_GROUP,
             "client_id": client, "client_secret": azure.client_secrets[client]}
    director.chapter("another subscription: the director's CPI configuration names it, and a client of its own")

    def is_there(cid: str) -> Facts:
        name = cid.split("disk_name:")[1].split(";")[0]
        yield same("the disk is in the resource group of that subscription",
                   azure.found("disks", name, world.OTHER_SUBSCRIPTION)["id"].split("/")[2:5:2],
                   [world.OTHER_SUBSCRIPTION, world.OTHER_GROUP])

    disk = director.call("create_disk", _MIB, {}, context=other, then=is_there)
    director.call("has_disk", disk, returns=False)
    director.call("delete_disk", disk, context=other, then=lambda _: azure.disk_gone(disk))


def a_closed_gate(director: Director, azure: Azure) -> None:
    """What the host refuses, whatever the client's role in Azure would allow."""
    director.chapter(f"a closed gate: host.toml leaves the plugin the resource group {GROUP} and no other")
    disk = f"caching:None;disk_name:{world.FOREIGN_DISK};resource_group_name:{world.FOREIGN_GROUP}"

    disk_path = f"/resourceGroups/{world.FOREIGN_GROUP}/providers/Microsoft.Compute/disks/{world.FOREIGN_DISK}"

    def untouched(message: str) -> Facts:
        yield same("no request was sent, for Azure would have done it", [it.path for it in azure.requests], [])
        yield Fact("the message says what was asked for, and what to write to allow it",
                   disk_path in message and "[plugin.azure] paths = [" in message, message)

    director.call("delete_disk", disk, rules=_ONE_GROUP, fails="Bosh::Clouds::CloudError", told=untouched)
    there = any(world.FOREIGN_DISK in one for one in azure.ids())
    director.look("what became of that disk?", iter([Fact("it is still there", there)]))
