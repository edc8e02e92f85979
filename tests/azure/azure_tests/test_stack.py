"""A private cloud: certificates of its own."""

from __future__ import annotations

import tempfile
from pathlib import Path

from .certificates import issued
from .plugin import VM, Plugin
from .running import emulator


class Stack(Plugin):
    @classmethod
    def setUpClass(cls) -> None:
        folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.authority, own = folder / "authority.pem", folder / "own.pem"
        authority, pem = issued("stack.example")
        cls.authority.write_bytes(authority)
        own.write_bytes(pem)
        cls.emulator = cls.enterClassContext(emulator("--tls-cert", str(own), verify=str(cls.authority)))

    def test_its_certificates_are_trusted_when_they_are_given(self) -> None:
        stack = {"domain": "stack.example", "authentication": "AzureAD", "resource": "https://management.azure.com/"}
        self.configure(environment="AzureStack", azure_stack=stack)
        self.assertIn("ertificate", self.fails("CloudError", "has_vm", VM))
        given = {**stack, "ca_cert": self.authority.read_text()}
        self.assertFalse(self.cpi("has_vm", VM, context={"azure_stack": given}))
        wrong = {"azure_stack": {**stack, "ca_cert": "x"}}
        self.assertIn("azure_stack.ca_cert", self.fails("CloudError", "has_vm", VM, context=wrong))
