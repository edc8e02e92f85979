"""What tests of several themes have in common."""

from __future__ import annotations

from typing import Any

from ..plugin import AGENT, Plugin
from ..running import SCOPE

SIZE = {"instance_type": "Standard_D2s_v3"}
PROVIDERS = f"{SCOPE}/resourceGroups/g/providers"
# Identifiers of what is not there.
MISSING = "caching:None;disk_name:bosh-disk-data-missing;resource_group_name:g"
GONE = "agent_id:gone;resource_group_name:g"


def name_of(disk: str) -> str:
    return disk.split("disk_name:")[1].split(";")[0]


class Rows(Plugin):
    """Operations are over at the first look: what goes on for longer is in `test_transport.py`."""

    settings = {"polls": 0}


class Machines(Rows):
    def model(self) -> dict[str, Any]:
        """The body with which the only VM was made."""
        return self.body("PUT", "/virtualMachines/")

    def made(self, properties: dict[str, Any], group: str | None = None, **more: Any) -> dict[str, Any]:
        """The same, of a VM that is made and removed."""
        context = more.pop("context", None)
        self.forget()
        vm = self.cpi("create_vm", *self.create_vm({**SIZE, **properties}, group, **more), context=context)[0]
        model = self.model()
        self.cpi("delete_vm", vm, context=context)
        return model

    def interface(self, index: int = 0) -> dict[str, Any]:
        """The body with which an interface was made."""
        return self.body("PUT", f"/networkInterfaces/{AGENT}-{index}$")

    def configuration(self, index: int = 0) -> dict[str, Any]:
        [only] = self.interface(index)["properties"]["ipConfigurations"]
        return only["properties"]

    def refusals(self, cases: list[tuple[str, dict[str, Any], dict[str, Any]]], kind: str = "CloudError") -> None:
        """(fragment, properties of the VM, networks); nothing is made."""
        calls = [
            (said, "create_vm", self.create_vm({**SIZE, **properties}, networks=networks), {})
            for said, properties, networks in cases
        ]
        self.all_fail(calls, kind)
        self.nothing_is_left()
