"""Azure's published descriptions judge the emulator: its table of bodies, the operations it knows, all its answers.

Needs a checkout of them, named by the variable AZURE_SPECS; and, for the answers, node with the packages in `npm/`."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from azure_emulator.errors import ArmError
from azure_emulator.registry import EMBEDDED, KINDS, ROUTES
from azure_emulator.specification import table
from azure_emulator.specification.generate import TABLE, generate, key_of

from .running import HOME, EmulatorCase
from .scenario import RECENT, RUBY, Scenario

SPECS = Path(os.environ.get("AZURE_SPECS", ""))
JUDGE = HOME / "npm" / "judge.js"
_NEEDED = ("Microsoft.Compute", "Microsoft.Network", "Microsoft.Storage", "Microsoft.ManagedIdentity")
# What a CPI does not ask for: listed, so that it is a decision.
_LEFT_OUT = re.compile(
    r"/(convertToManagedDisks|queryInboundNatRulePortMapping|effective\w+|usages|register|operations"
    r"|ListAccountSas|ListServiceSas|regenerateKey|skus)$"
    r"|/(blobServices|tableServices|vmextension|virtualMachineScaleSets)(/|$)"
    r"|/locations/\{location\}/virtualMachines$"
)


needs_descriptions = unittest.skipUnless(
    (SPECS / "operations.json").is_file(),
    f"Azure's descriptions: skipped, there is no {SPECS}/operations.json (AZURE_SPECS)",
)
needs_validator = unittest.skipUnless(
    shutil.which("node") and (HOME / "npm/node_modules/oav").is_dir(),
    "Azure's validator: skipped, there is no node, or no packages in tests/azure/npm (make azure)",
)


@needs_descriptions
class Descriptions(unittest.TestCase):
    def setUp(self) -> None:
        self.operations = [
            one
            for one in json.loads((SPECS / "operations.json").read_text())["operations"]
            if one["set"] != "data-plane"
        ]

    def test_the_table_is_what_is_drawn_from_them(self) -> None:
        self.assertEqual(json.loads(TABLE.read_text()), generate(SPECS))

    def test_their_own_examples_are_accepted(self) -> None:
        count = 0
        for operation in self.operations:
            kind = key_of(operation["method"], operation["path"])
            if not kind or operation["method"] not in ("PUT", "PATCH", "POST"):
                continue
            for name in operation["examples"]:
                example = json.loads((SPECS / name).read_text(encoding="utf-8-sig"))
                for body in example["parameters"].values():
                    if isinstance(body, dict):
                        with self.subTest(name):
                            self._accept(operation, kind, body)
                        count += 1
        self.assertGreater(count, 300)

    def _accept(self, operation: dict[str, Any], kind: str, body: Any) -> None:
        try:
            table.accepted(operation["method"], kind, operation["apiVersion"], body)
        except ArmError as refusal:
            self.fail(f"{refusal.message} {refusal.details or ''}")

    def test_every_operation_is_known_or_left_out_on_purpose(self) -> None:
        unknown = set()
        for operation in self.operations:
            path = operation["path"]
            if (
                any(name in path for name in _NEEDED)
                and not _LEFT_OUT.search(path)
                and not self._knows(operation["method"], path)
            ):
                unknown.add(f"{operation['method']} {path}")
        self.assertEqual(set(), unknown)

    def _knows(self, method: str, path: str) -> bool:
        plain = re.sub(r"\{\w+\}", "x", path)
        if any(method == one and pattern.fullmatch(plain) for one, pattern, _ in ROUTES):
            return True
        provider, rest = path.split("/providers/")[1].split("/", 1)
        words = [word.lower() for word in rest.split("/") if not word.startswith("{")]
        kind, above = f"{provider}/{'/'.join(words)}".lower(), f"{provider}/{'/'.join(words[:-1])}".lower()
        actions = {name.lower() for name in KINDS[above].actions} if above in KINDS else set()
        return kind in KINDS or kind in EMBEDDED or f"{method.lower()} {words[-1]}" in actions


@needs_descriptions
@needs_validator
class Answers(EmulatorCase):
    maxDiff = None

    def test_the_validator_finds_nothing_wrong(self) -> None:
        exchanges = []
        for versions in (RECENT, RUBY):
            self.emulator.control("POST", "reset")
            Scenario(self.emulator, versions).live()
            exchanges += [
                self._exchange(one)
                for one in self.emulator.control("GET", "requests")
                if one["service"] == "arm" and "/operations/" not in one["path"]
            ]
        findings = self._judged([*exchanges, self._wrong(exchanges)])
        self.assertTrue(findings.pop(), "the validator has to find something in an answer that is wrong")
        self.assertGreater(len(findings), 200)
        told = [
            f"{one['method']} {one['url']}: {finding}"
            for one, found in zip(exchanges, findings, strict=True)
            for finding in found
        ]
        self.assertEqual([], told)

    def _exchange(self, one: dict[str, Any]) -> dict[str, Any]:
        url = f"{one['path']}?{urlencode(one['query'])}"
        return {**{name: one[name] for name in ("method", "status", "answer_headers", "answer")}, "url": url}

    def _wrong(self, exchanges: list[dict[str, Any]]) -> dict[str, Any]:
        good = next(one for one in exchanges if one["method"] == "GET" and "/disks/" in one["url"])
        return {
            **good,
            "answer": {**good["answer"], "properties": {**good["answer"]["properties"], "diskSizeGB": "much"}},
        }

    def _judged(self, exchanges: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
        with tempfile.TemporaryDirectory() as folder:
            given, found = Path(folder) / "exchanges.json", Path(folder) / "findings.json"
            given.write_text(json.dumps(exchanges))
            done = subprocess.run(
                ["node", JUDGE, SPECS / "specification", given, found], check=False, capture_output=True, text=True
            )
            self.assertEqual(0, done.returncode, done.stderr)
            return json.loads(found.read_text())
