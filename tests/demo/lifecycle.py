"""The story: a stemcell, a VM and a disk, from `info` to nothing left, in the order in which a director calls."""

from __future__ import annotations

import base64
import secrets
from typing import Any

from .cloud import Cloud, Fact, Facts
from .director import DIRECTOR, Director

AGENT_ID = "3c9c0f4e-8f5f-4a2b-8a8e-5a9d2b1e7f30"
INSTANCE_ID = "0b7b0f0c-2a54-4f39-9a0f-3a7f4d0b1c22"
DISK_MIB = 20480
TAGS = {"team": "data", "cost-center": "4711"}
VM_METADATA = {
    "director": "prod", "deployment": "redis", "id": INSTANCE_ID, "job": "server", "instance_group": "server",
    "index": "0", "name": f"server/{INSTANCE_ID}", "created_at": "2026-08-01T09:30:00Z",
}
DISK_METADATA = {
    "director": "prod", "deployment": "redis", "instance_group": "server", "instance_id": INSTANCE_ID,
    "instance_index": "0", "attached_at": "2026-08-01T09:31:00Z",
}
SNAPSHOT_METADATA = {
    "deployment": "redis", "job": "server", "index": 0, "director_name": "prod", "director_uuid": DIRECTOR,
    "agent_id": AGENT_ID, "instance_id": INSTANCE_ID,
}


def agent_config() -> dict[str, Any]:
    """What the operator configures for every agent. The bus has a password."""
    return {"mbus": f"nats://nats:{secrets.token_hex(12)}@10.0.0.6:4222", "ntp": ["time1.example.com"]}


def env() -> dict[str, Any]:
    """What the director tells one agent, with a certificate and a private key that are random bytes."""
    cert = {"ca": _pem("CERTIFICATE", 700), "certificate": _pem("CERTIFICATE", 700),
            "private_key": _pem("RSA PRIVATE KEY", 1190)}
    return {"bosh": {"group": "prod-redis-server", "tags": TAGS, "mbus": {"cert": cert}, "password": "*"}}


def secrets_in(config: dict[str, Any], env: dict[str, Any]) -> list[str]:
    """What must never be told: the bus with its password, and any line of the private key."""
    key = env["bosh"]["mbus"]["cert"]["private_key"].splitlines()[1:-1]
    return [config["mbus"], config["mbus"].split(":")[2].split("@")[0], *key]


def live(director: Director, cloud: Cloud, config: dict[str, Any], env: dict[str, Any]) -> None:
    call = director.call

    director.api_version = call("info", then=_is_usable)["api_version"]
    stemcell = _upload(director, cloud)

    agent = {"agent_id": AGENT_ID, "env": env, **config}
    networks = {"private": cloud.network}
    vm, _ = call("create_vm", AGENT_ID, stemcell, cloud.vm_type, networks, [], env,
                 then=lambda made: cloud.vm_runs(made[0], stemcell, agent, TAGS))
    call("has_vm", vm, returns=True)
    call("set_vm_metadata", vm, VM_METADATA, then=lambda _: cloud.vm_tagged(vm, TAGS | VM_METADATA))

    disk = call("create_disk", DISK_MIB, cloud.disk_type, vm, then=lambda cid: cloud.disk_free(cid, DISK_MIB))
    call("has_disk", disk, returns=True)
    call("attach_disk", vm, disk, then=lambda hint: cloud.disk_attached(disk, vm, hint))
    call("set_disk_metadata", disk, DISK_METADATA, then=lambda _: cloud.disk_tagged(disk, DISK_METADATA))
    call("get_disks", vm, then=lambda cids: _has_disk_among(cids, disk, cloud.disks_of(vm)))
    snapshot = call("snapshot_disk", disk, SNAPSHOT_METADATA,
                    then=lambda cid: cloud.snapshot_exists(cid, disk))

    call("reboot_vm", vm, then=lambda _: cloud.vm_rebooted(vm))
    call("delete_snapshot", snapshot, then=lambda _: cloud.snapshot_gone(snapshot))
    call("detach_disk", vm, disk, then=lambda _: cloud.disk_free(disk, DISK_MIB))
    call("resize_disk", disk, 2 * DISK_MIB, then=lambda _: cloud.disk_free(disk, 2 * DISK_MIB))
    call("delete_disk", disk, then=lambda _: cloud.disk_gone(disk))
    call("has_disk", disk, returns=False)
    call("delete_vm", vm, then=lambda _: cloud.vm_gone(vm))
    call("has_vm", vm, returns=False)
    call("has_vm", cloud.missing_vm, returns=False)
    call("delete_vm", cloud.missing_vm, fails=cloud.no_vm_to_delete)
    if not cloud.given_stemcell:
        call("delete_stemcell", stemcell, then=lambda _: cloud.stemcell_deleted(stemcell))
    cloud.tell_more(director)
    director.look("what is left?", cloud.nothing_left())


def _upload(director: Director, cloud: Cloud) -> str:
    if cloud.given_stemcell:
        stemcell, why = cloud.given_stemcell
        director.skip("create_stemcell", why)
        return stemcell
    cid: str = director.call("create_stemcell", cloud.image, cloud.stemcell, {"tags": TAGS},
                             then=lambda cid: cloud.stemcell_exists(cid, TAGS))
    return cid


def _is_usable(info: dict[str, Any]) -> Facts:
    version, formats = info.get("api_version"), info.get("stemcell_formats")
    yield Fact(f"it speaks version {version} of the API", version in (2, 3), "directors use 2 and 3")
    good = isinstance(formats, list) and bool(formats) and all(isinstance(it, str) for it in formats)
    yield Fact("it names formats of stemcells", good)


def _has_disk_among(answered: list[str], disk: str, attached: set[str]) -> Facts:
    others = f" and the {len(attached) - 1} that it was made with" if len(attached) > 1 else ""
    yield Fact(f"the same are attached to the VM: the disk{others}", disk in answered and set(answered) == attached,
               f"found {sorted(answered)}, not {sorted(attached)}")


def _pem(label: str, size: int) -> str:
    text = base64.encodebytes(secrets.token_bytes(size)).decode()
    return f"-----BEGIN {label}-----\n{text}-----END {label}-----\n"
