"""The plugin `azure`: what is there before the story, and what goes over the wire."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from secrets import token_hex
from typing import Any

from azure_tests.running import SUBSCRIPTION, TENANT, Emulator, emulator

from ..cloud import Cloud, DidNotStart, Fact, Facts, Sight, same
from ..director import Director
from . import blobs, chapters, world
from .arm import GROUP, Eye
from .record import Exchange, Record, counted

CLIENT, OTHER_CLIENT = "cpi-prod", "cpi-staging"
# How the host logs a request.
_LOGGED = re.compile(r"([A-Z]+) https?://[^/\s]+(\S*) -> (\d+) in ")
# What the Ruby CPI sends for the plainest call of a method, as recorded: tokens and looks at operations included.
_RUBY = {"create_vm": 17, "has_vm": 6, "reboot_vm": 7, "delete_vm": 22, "set_vm_metadata": 7, "create_disk": 7,
         "has_disk": 4, "attach_disk": 12, "detach_disk": 7, "get_disks": 6, "resize_disk": 7, "delete_disk": 7,
         "snapshot_disk": 7, "delete_snapshot": 6}
# And for the image of a stemcell, which comes with the first VM.
_RUBY_IMAGE = 10


class Azure(Eye, Cloud):
    plugin = "azure"
    title = "Azure in eastus, emulated; the CPI has the role of docs/azure-role.json, and every request is recorded"
    vm_type = {"instance_type": "Standard_D2s_v3", "availability_zone": "2", "root_disk": {"size": 30720},
               "ephemeral_disk": {"size": 10240, "type": "StandardSSD_LRS"}, "assign_dynamic_public_ip": True,
               "load_balancer": "web", "security_group": "redis", "application_security_groups": ["redis"],
               "tags": {"owner": "data"}}
    disk_type = {"storage_account_type": "Premium_LRS", "caching": "ReadOnly"}
    network = {"type": "manual", "ip": "10.0.16.9", "netmask": "255.255.240.0", "gateway": "10.0.16.1",
               "dns": ["168.63.129.16"], "default": ["dns", "gateway"],
               "cloud_properties": {"virtual_network_name": "bosh", "subnet_name": "private"}}
    stemcell = {"name": "bosh-azure-hyperv-ubuntu-noble", "version": "1.484", "infrastructure": "azure",
                "hypervisor": "hyperv", "disk": 3072, "disk_format": "vhd", "container_format": "bare",
                "os_type": "linux", "os_distro": "ubuntu", "architecture": "x86_64", "root_device_name": "/dev/sda1"}
    missing_vm = f"agent_id:00000000-0000-0000-0000-000000000000;resource_group_name:{GROUP}"
    # To delete what is not there is what was asked for.
    no_vm_to_delete = None

    def __init__(self, there: Emulator, folder: Path, agent: dict[str, Any]) -> None:
        world.build(there)
        self.clients = {SUBSCRIPTION: CLIENT, world.OTHER_SUBSCRIPTION: OTHER_CLIENT}
        self.client_secrets = {client: token_hex(20) for client in self.clients.values()}
        # Tokens of the emulator begin like that.
        self.secrets = [*self.client_secrets.values(), "emulated."]
        self.properties = {"agent": agent, "azure": {
            "environment": "AzureCloud", "subscription_id": SUBSCRIPTION, "tenant_id": TENANT, "client_id": CLIENT,
            "client_secret": self.client_secrets[CLIENT], "resource_group_name": GROUP, "use_managed_disks": True,
            "default_security_group": "bosh", "ssh_user": "vcap", "ssh_public_key": "ssh-rsa AAAAB3NzaC1yc2E bosh",
            "endpoints": {"management": there.url, "authority": there.url},
        }}
        if blobs.there_is_azurite():
            self._upload_to(blobs.Blobs(there, GROUP, world.REGION), folder)
        else:
            self.given_stemcell = world.image(there), blobs.NO_AZURITE
        # They may do what the documents say that the CPI needs, and no more.
        there.control("PATCH", "settings", {"roles": dict.fromkeys(self.client_secrets, world.role())})
        self._record = Record(there, self.clients, self.client_secrets)
        self._record.take()
        self.requests: list[Exchange] = []
        super().__init__(there)

    def _upload_to(self, storage: blobs.Blobs, folder: Path) -> None:
        self.storage, self.vhd = storage, blobs.Image(folder)
        self.image = str(self.vhd.path)
        self.secrets.append(storage.key)
        azure = self.properties["azure"]
        azure["storage_account_name"] = blobs.ACCOUNT
        azure["endpoints"] |= storage.endpoints

    def seen(self) -> list[Sight]:
        self.requests = self._record.take()
        return [it.sight for it in self.requests]

    def of_every_call(self, sights: list[Sight], log: str) -> Facts:
        wrong = [f"{it.sight.what}: {it.sight.verdict}, not {it.wanted}" for it in self.requests if not it.sight.ok]
        yield Fact("every request has the token of its subscription's client", not wrong, "; ".join(wrong))
        yield same("the host's log has every request, with its status", Counter(_LOGGED.findall(log)),
                   counted(self.requests))

    def beside(self, method: str, sights: list[Sight]) -> Facts:
        services = [it for it in self.requests if it.service != "token"]
        # What was recorded of it is for things that are there.
        if services and method in _RUBY and services[0].status < 400:
            count = f"{len(sights)} request{'s'[:len(sights) != 1]}"
            least = _RUBY[method] + (_RUBY_IMAGE if any(it.sight.what == "PUT images" for it in services) else 0)
            yield Fact(f"it took {count}; the Ruby CPI needs at least {least}", len(sights) < least)

    def tell_more(self, director: Director) -> None:
        chapters.another_subscription(director, self)
        chapters.a_closed_gate(director, self)


def started(stack: ExitStack, folder: Path, agent: dict[str, Any]) -> Azure:
    """The emulator lives as long as the stack, and azurite with it."""
    storage = ("--azurite", str(blobs.PACKAGES)) if blobs.there_is_azurite() else ()
    try:
        there = stack.enter_context(emulator("--polls", "0", *storage))
    except AssertionError as problem:
        raise DidNotStart(str(problem)) from problem
    return Azure(there, folder, agent)
