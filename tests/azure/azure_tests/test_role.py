"""The custom role in the documents is enough for the plugin, and no more than it may do."""

from __future__ import annotations

import re
import tomllib
import unittest
from collections.abc import Iterator

from azure_emulator.authorization import action_of, allows

from .plugin import ROLE, ROOT
from .running import SCOPE, SSH, EmulatorCase
from .world import COMPUTE, NETWORK

MANIFEST = tomllib.loads((ROOT / "plugins/azure/plugin.toml").read_text())
# Reading, and being allowed to refer to something.
READS = re.compile(r".*/(read|(join|joinIpConfiguration|assign|deploy)/action)")
# Azure asks for it where one disk is made of another, though nothing is sent under this name.
IMPLIED = {"Microsoft.Compute/disks/beginGetAccess/action"}


def granted() -> Iterator[str]:
    """The actions behind the paths that the manifest grants for more than reading."""
    for block in MANIFEST["http"]:
        if block["credential"] == "azure":
            for method in set(block["methods"]) - {"GET", "HEAD"}:
                for path in block["paths"]:
                    yield action_of(method, path)
    # What the host asks for itself, and no plugin can.
    for credential in MANIFEST["credentials"].values():
        if isinstance(key := credential.get("key"), dict):
            yield action_of(key["method"], key["path"].split("?")[0])


class Role(unittest.TestCase):
    def test_every_write_that_the_manifest_grants_is_in_the_role(self) -> None:
        # A block has several methods and several paths; not everything that can be written can be deleted.
        writes = {action for action in granted() if not action.endswith("/delete")}
        self.assertEqual([], sorted(action for action in writes if not allows(ROLE, action)))

    def test_the_role_has_no_write_that_the_manifest_does_not_grant(self) -> None:
        writes = {action for action in ROLE if not READS.fullmatch(action)}
        self.assertEqual([], sorted(writes - {*granted()} - IMPLIED))

    def test_every_action_is_there_once(self) -> None:
        self.assertEqual(sorted(set(ROLE)), sorted(ROLE))


class Refusals(EmulatorCase):
    """The emulator refuses as Azure does what a role does not have."""

    def setUp(self) -> None:
        super().setUp()
        self.emulator.done("PUT", "g", COMPUTE, {"location": "eastus"})
        self.group = "g/providers/Microsoft.Network/networkSecurityGroups/nsg"
        self.emulator.done(
            "PUT", self.group, NETWORK, {"location": "eastus", "properties": {"securityRules": [SSH]}}
        )

    def may(self, *actions: str) -> None:
        self.emulator.control("PATCH", "settings", {"roles": {"a-client": list(actions)}})

    def test_an_action_that_is_not_in_the_role(self) -> None:
        self.may("Microsoft.Network/*/read")
        self.assertEqual(200, self.emulator.call("GET", self.group, NETWORK).status_code)
        answer = self.emulator.call("DELETE", self.group, NETWORK)
        error = answer.json()["error"]
        self.assertEqual((403, "AuthorizationFailed"), (answer.status_code, error["code"]))
        self.assertIn("'Microsoft.Network/networkSecurityGroups/delete'", error["message"])

    def test_something_that_is_referred_to(self) -> None:
        self.may("microsoft.network/networkinterfaces/*")
        body = {
            "location": "eastus",
            "properties": {"networkSecurityGroup": {"id": f"{SCOPE}/resourceGroups/{self.group}"}},
        }
        answer = self.emulator.call("PUT", "g/providers/Microsoft.Network/networkInterfaces/n", NETWORK, body)
        error = answer.json()["error"]
        self.assertEqual((403, "LinkedAuthorizationFailed"), (answer.status_code, error["code"]))
        self.assertIn("'Microsoft.Network/networkSecurityGroups/join/action'", error["message"])

    def test_names_of_actions(self) -> None:
        for method, path, action in (
            ("GET", "/subscriptions/s", "Microsoft.Resources/subscriptions/read"),
            ("PUT", "/subscriptions/s/resourceGroups/g", "Microsoft.Resources/subscriptions/resourceGroups/write"),
            ("GET", f"{SCOPE}/resourceGroups/g/resources",
             "Microsoft.Resources/subscriptions/resourceGroups/resources/read"),
            ("POST", f"{SCOPE}/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm/restart",
             "Microsoft.Compute/virtualMachines/restart/action"),
            ("GET", f"{SCOPE}/providers/Microsoft.Compute/locations/l/operations/o",
             "Microsoft.Compute/locations/operations/read"),
            ("GET", f"{SCOPE}/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/s",
             "Microsoft.Network/virtualNetworks/subnets/read"),
            ("POST", f"{SCOPE}/providers/Microsoft.Storage/checkNameAvailability",
             "Microsoft.Storage/checkNameAvailability/read"),
        ):  # fmt: skip
            self.assertEqual(action, action_of(method, path))
