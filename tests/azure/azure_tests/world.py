"""A small world to put machines into: a network, an image, a disk; and a model of a machine that fits into it."""

from __future__ import annotations

import copy
from typing import Any

from .running import SCOPE, EmulatorCase

COMPUTE, DISKS, NETWORK = "2024-03-01", "2023-10-02", "2024-01-01"
HOME = f"{SCOPE}/resourceGroups/g/providers"
_OWN = "g/providers/Microsoft."


class World(EmulatorCase):
    """Names of resources are `Provider/type/name`."""

    def setUp(self) -> None:
        super().setUp()
        self.put("g", COMPUTE, {"location": "eastus"}, whole=True)
        self.put(
            "Network/virtualNetworks/net",
            NETWORK,
            {
                "location": "eastus",
                "properties": {
                    "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
                    "subnets": [{"name": "a", "properties": {"addressPrefix": "10.0.0.0/29"}}],
                },
            },
        )
        self.put("Network/networkInterfaces/n0", NETWORK, self.nic())

    def put(self, name: str, version: str, body: Any, *, whole: bool = False) -> dict[str, Any]:
        return self.emulator.done("PUT", name if whole else _OWN + name, version, body)

    def get(self, name: str, version: str) -> dict[str, Any]:
        return self.emulator.call("GET", _OWN + name, version).json()

    def refused(self, status: int, code: str, method: str, name: str, version: str, body: Any = None) -> str:
        answer = self.emulator.call(method, _OWN + name, version, body)
        error = answer.json().get("error") if answer.content else None
        self.assertEqual((status, code), (answer.status_code, error and error["code"]), answer.text)
        return error["message"]

    def nic(self, location: str = "eastus", **ip: Any) -> dict[str, Any]:
        subnet = {"id": f"{HOME}/Microsoft.Network/virtualNetworks/net/subnets/a"}
        return {
            "location": location,
            "properties": {"ipConfigurations": [{"name": "ipconfig0", "properties": {"subnet": subnet, **ip}}]},
        }

    def disk(self, size: int = 4, **more: Any) -> dict[str, Any]:
        return {
            "location": "eastus",
            **more,
            "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": size},
        }

    def machine(self, nic: str = "n0", **change: Any) -> dict[str, Any]:
        """A model; `change` names members of its properties by path, with `__` for the dot. None takes one out."""
        body: dict[str, Any] = {
            "location": "eastus",
            "properties": {
                "hardwareProfile": {"vmSize": "Standard_D2s_v3"},
                "osProfile": {
                    "computerName": "vm",
                    "adminUsername": "vcap",
                    "linuxConfiguration": {
                        "ssh": {
                            "publicKeys": [
                                {"path": "/home/vcap/.ssh/authorized_keys", "keyData": "ssh-rsa AAAAB3NzaC1yc2E me"}
                            ]
                        }
                    },
                },
                "networkProfile": {"networkInterfaces": [{"id": f"{HOME}/Microsoft.Network/networkInterfaces/{nic}"}]},
                "storageProfile": {
                    "imageReference": {
                        "publisher": "Canonical",
                        "offer": "0001-com-ubuntu-server-jammy",
                        "sku": "22_04-lts-gen2",
                        "version": "latest",
                    },
                    "osDisk": {"createOption": "FromImage"},
                },
            },
        }
        for path, value in change.items():
            target = body["properties"]
            *above, last = path.split("__")
            for step in above:
                target = target.setdefault(step, {})
            target[last] = copy.deepcopy(value)
            if value is None:
                del target[last]
        return body

    def attached(self, *names: str, **more: Any) -> list[dict[str, Any]]:
        return [
            {
                "lun": lun,
                "createOption": "Attach",
                "managedDisk": {"id": f"{HOME}/Microsoft.Compute/disks/{name}"},
                **more,
            }
            for lun, name in enumerate(names)
        ]
