"""What docs/azure.md tells operators to write works, and the words that it explains are said."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

import yaml

from .plugin import ROOT, VM, Plugin
from .running import SUBSCRIPTION, TENANT

PAGE = (ROOT / "docs" / "azure.md").read_text()
MANIFEST = tomllib.loads((ROOT / "plugins" / "azure" / "plugin.toml").read_text())
# Read by the host, who keeps them from the plugin.
CREDENTIALS = {"tenant_id", "client_id", "client_secret", "certificate", "credentials_source"}
_AZURES = re.compile(r"[A-Z][A-Za-z]+")
_SOURCES = ("plugins/azure/src", "plugins/sdk/src", "host")


def block(kind: str) -> str:
    found = re.search(rf"```{kind}\n(.*?)```", PAGE, re.S)
    assert found, f"docs/azure.md has no block of {kind}"
    return found[1]


def explained() -> list[str]:
    """The words in the first column of the last table."""
    rows = PAGE.split("## When something goes wrong\n")[1].splitlines()
    cells = [row.split("|")[1] for row in rows if row.startswith("| `")]
    return [words for cell in cells for words in re.findall(r"`([^`]+)`", cell)]


class Documents(Plugin):
    def configure_as_told(self, host: str = "") -> None:
        """With what is this emulator's own put in, as an operator puts in what is theirs."""
        azure: dict[str, Any] = json.loads(block("json"))["cloud"]["properties"]["azure"]
        self.azure = azure | {
            "subscription_id": SUBSCRIPTION,
            "tenant_id": TENANT,
            "client_id": self.azure["client_id"],
            "client_secret": "a-secret",
            "endpoints": self.azure["endpoints"],
        }
        self.emulator.done("PUT", "bosh", "2024-03-01", {"location": "westeurope"})
        self.configure(host=host)
        self.config.chmod(0o600)

    def test_the_configuration(self) -> None:
        self.configure_as_told()
        done = self.run_program("doctor")
        self.assertEqual(0, done.returncode, done.stdout)
        self.assertIn("Everything is as it should be.", done.stdout)
        done = self.run_program("call", "has_vm", "agent_id:x;resource_group_name:bosh")
        self.assertEqual("false\n", done.stdout, done.stderr)

    def test_the_manifest_has_the_same_settings(self) -> None:
        manifest = yaml.safe_load(block("yaml"))
        azure = manifest["instance_groups"][0]["properties"]["azure"]
        self.assertEqual([*json.loads(block("json"))["cloud"]["properties"]["azure"]], [*azure])
        self.assertEqual(azure, manifest["cloud_provider"]["properties"]["azure"])
        self.assertEqual(set(), {*azure} - {*MANIFEST["plugin"]["settings"]} - CREDENTIALS)

    def test_the_narrowed_host(self) -> None:
        self.configure_as_told(block("toml"))
        self.cpi("delete_disk", self.cpi("create_disk", 1024, {}))
        elsewhere = "caching:None;disk_name:bosh-disk-data-x;resource_group_name:elsewhere"
        self.assertIn("excluded-by-operator", self.fails("CloudError", "delete_disk", elsewhere))

    def test_words_that_are_explained_are_said(self) -> None:
        sources = [path.read_text() for folder in _SOURCES for path in (ROOT / folder).rglob("*.rs")]
        # A text in a source may go on in the next line; some are put together.
        said = re.sub(r"\\\n\s*", "", "\n".join(sources))
        self.emulator.control("PATCH", "settings", {"client_secret": "the-right-one"})
        said += self.answer("has_vm", VM)["error"]["message"]
        ours = [words for words in explained() if not _AZURES.fullmatch(words)]
        self.assertGreater(len(ours), 10)
        for words in ours:
            # What differs from case to case is not in the source.
            for part in re.split(r"…|KEY", words):
                self.assertTrue(part.strip() in said, f"nobody says {part.strip()!r}")
