"""The simulated cloud inside the plugin `sim`. Its world is a file, and here is the eye that reads it."""

from __future__ import annotations

import json
import os
from hashlib import sha256
from pathlib import Path
from typing import Any

from .brief import change, members, short
from .cloud import Cloud, Fact, Facts, Sight, same
from .host import STATE

World = dict[str, dict[str, Any]]

# A file of the host's state starts with the number of times it was written, eight bytes, lowest first.
_VERSION_BYTES = 8
_EMPTY: World = {"stemcells": {}, "vms": {}, "disks": {}, "snapshots": {}, "networks": {}}


class Sim(Cloud):
    plugin = "sim"
    title = "a simulated cloud inside the plugin: no network, no credentials"
    secrets: list[str] = []
    stemcell = {"name": "bosh-sim-ubuntu-noble", "version": "1.484", "infrastructure": "sim"}
    vm_type = {"cpu": 2, "ram": 4096, "ephemeral_disk": 10240}
    disk_type: dict[str, Any] = {}
    network = {"type": "manual", "ip": "10.0.16.9", "prefix": "32", "netmask": "255.255.240.0",
               "gateway": "10.0.16.1", "dns": ["10.0.0.2"], "default": ["dns", "gateway"],
               "cloud_properties": {}}
    missing_vm = "vm-00000000-0000-0000-0000-000000000000"

    def __init__(self, folder: Path, agent: dict[str, Any]) -> None:
        self.properties = {"sim": {"world": "demo"}, "agent": agent}
        image = folder / "image"
        image.write_bytes(os.urandom(100_000))
        self.image = str(image)
        self._state = folder / STATE
        self._last = _EMPTY

    def seen(self) -> list[Sight]:
        """No request ever leaves: what there is to see is how the world changed."""
        version, world = self._read()
        sights = []
        for kind, new in world.items():
            old = self._last[kind]
            for cid in [*new, *(old.keys() - new.keys())]:
                if old.get(cid) != new.get(cid):
                    sights.append(Sight(*_change(cid, old.get(cid), new.get(cid)), f"world {version}"))
        self._last = world
        return sights

    def of_every_call(self, sights: list[Sight], log: str) -> Facts:
        yield Fact("no request left the host", "://" not in log, "its log has an address")

    def stemcell_exists(self, cid: str, tags: dict[str, str]) -> Facts:
        stemcell = self._world("stemcells")[cid]
        image = Path(self.image).read_bytes()
        facts = {"size": len(image), "sha256": sha256(image).hexdigest()}
        yield same(f"the world has it, with the image's {len(image):,} bytes and their SHA-256",
                   stemcell["image"], facts)
        yield same("it has the tags", stemcell["tags"], tags)

    def stemcell_deleted(self, cid: str) -> Facts:
        yield Fact("the world no longer has it", cid not in self._world("stemcells"))

    def vm_runs(self, vm: str, stemcell: str, agent: dict[str, Any], tags: dict[str, str]) -> Facts:
        found = self._world("vms")[vm]
        yield same("the VM is made of that stemcell, for that agent",
                   (found["stemcell"], found["agent_id"]), (stemcell, agent["agent_id"]))
        yield same(f"it has the address {self.network['ip']}", found["interfaces"][0]["ip"], self.network["ip"])
        yield same("it has the machine that was asked for", found["machine"], self.vm_type)
        yield same("it has the tags of env", found["tags"], tags)
        size = found["settings_size"]
        least = len(json.dumps(agent, separators=(",", ":")))
        yield Fact(f"the plugin knows how long the agent's settings are: {size:,} bytes", size > least,
                   f"found {size}, not more than {least}")
        world = json.dumps(found)
        secret = [agent["mbus"], *agent["env"]["bosh"]["mbus"]["cert"].values()]
        yield Fact("and nothing of what they say: no certificate, no message bus in its world",
                   not any(json.dumps(text)[1:-1] in world for text in secret))

    def vm_tagged(self, vm: str, tags: dict[str, str]) -> Facts:
        yield same(f"it has the {len(tags)} tags, new and old", self._world("vms")[vm]["tags"], tags)

    def vm_rebooted(self, vm: str) -> Facts:
        yield same("it was started anew once", self._world("vms")[vm]["reboots"], 1)

    def vm_gone(self, vm: str) -> Facts:
        yield Fact("the world no longer has it", vm not in self._world("vms"))

    def disk_free(self, disk: str, mib: int) -> Facts:
        found = self._world("disks")[disk]
        yield same(f"it has {mib:,} MiB and is attached to nothing",
                   (found["size_mib"], found["attached"]), (mib, None))

    def disk_attached(self, disk: str, vm: str, hint: Any) -> Facts:
        yield same(f"it is attached to that VM as {hint['path']}", self._world("disks")[disk]["attached"],
                   {"vm": vm, "device": hint["path"]})

    def disk_tagged(self, disk: str, tags: dict[str, str]) -> Facts:
        yield same(f"it has the {len(tags)} tags", self._world("disks")[disk]["tags"], tags)

    def disk_gone(self, disk: str) -> Facts:
        yield Fact("the world no longer has it", disk not in self._world("disks"))

    def disks_of(self, vm: str) -> set[str]:
        disks = self._world("disks").items()
        return {cid for cid, disk in disks if disk["attached"] and disk["attached"]["vm"] == vm}

    def snapshot_exists(self, snapshot: str, disk: str) -> Facts:
        found = self._world("snapshots")[snapshot]
        size = self._world("disks")[disk]["size_mib"]
        yield same("the world has it, of that disk and as large", (found["disk"], found["size_mib"]), (disk, size))

    def snapshot_gone(self, snapshot: str) -> Facts:
        yield Fact("the world no longer has it", snapshot not in self._world("snapshots"))

    def nothing_left(self) -> Facts:
        yield same("the world is empty again", self._read()[1], _EMPTY)

    def _world(self, kind: str) -> dict[str, Any]:
        return self._read()[1][kind]

    def _read(self) -> tuple[int, World]:
        files = list(self._state.glob("sim/*/*/entry-*"))
        if not files:
            return 0, _EMPTY
        content = files[0].read_bytes()
        return int.from_bytes(content[:_VERSION_BYTES], "little"), json.loads(content[_VERSION_BYTES:])


def _change(cid: str, old: Any, new: Any) -> tuple[str, str]:
    """A title, and what became different."""
    if old is None:
        return f"+ {short(cid)}", members(new)
    if new is None:
        return f"- {short(cid)}", ""
    return f"~ {short(cid)}", change(old, new)
