"""A private cloud: names and certificates of its own."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from .certificates import issued, self_signed
from .plugin import VM, Plugin
from .running import WITH_AZURITE, emulator
from .stemcell import Stemcells
from .tunnel import Tunnel, tunnel

DOMAIN = "stack.example"
AUDIENCE = "https://management.audience"


class Stack(Plugin):
    @staticmethod
    def certificates() -> tuple[bytes, bytes]:
        """What is to be trusted, and what the server has."""
        return issued(DOMAIN)

    @classmethod
    def setUpClass(cls) -> None:
        folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.authority, own = folder / "authority.pem", folder / "own.pem"
        for file, pem in zip((cls.authority, own), cls.certificates(), strict=True):
            file.write_bytes(pem)
        cls.emulator = cls.enterClassContext(emulator("--tls-cert", str(own), verify=str(cls.authority)))

    def test_its_certificates_are_trusted_when_they_are_given(self) -> None:
        stack = {"domain": DOMAIN, "authentication": "AzureAD", "resource": "https://management.azure.com/"}
        self.configure(environment="AzureStack", azure_stack=stack)
        self.assertIn("ertificate", self.fails("CloudError", "has_vm", VM))
        given = {**stack, "ca_cert": self.authority.read_text()}
        self.assertFalse(self.cpi("has_vm", VM, context={"azure_stack": given}))
        wrong = {"azure_stack": {**stack, "ca_cert": "x"}}
        self.assertIn("azure_stack.ca_cert", self.fails("CloudError", "has_vm", VM, context=wrong))


class SelfSigned(Stack):
    """What `openssl req -x509` makes: the server shows the certificate of an authority as its own."""

    @staticmethod
    def certificates() -> tuple[bytes, bytes]:
        pem, _, certificate = self_signed("stack")
        return certificate.public_bytes(Encoding.PEM), pem


class Life(Stemcells):
    """The configuration of the Ruby CPI, in front of a Stack: all that the program knows of its places is a domain.

    The emulator has a certificate for the names in that domain, and a proxy leads everybody there.
    """

    @classmethod
    def setUpClass(cls) -> None:
        folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.ca, server = folder / "ca.pem", folder / "server.pem"
        hosts = [f"{place}.{DOMAIN}" for place in ("management", "adfs", "*.blob", "*.table")]
        for file, pem in zip((cls.ca, server), issued(*hosts), strict=True):
            file.write_bytes(pem)
        options = (*WITH_AZURITE, "--tls-cert", str(server), "--domain", DOMAIN)
        cls.emulator = cls.enterClassContext(emulator(*options, verify=str(cls.ca)))

    def setUp(self) -> None:
        super().setUp()
        self.emulator.control("PATCH", "settings", {"audiences": ["https://management.azure.com", AUDIENCE]})
        self.proxy: Tunnel = self.enterContext(tunnel(self.emulator.url))
        ca = self.ca.read_text()
        self.stack = {"domain": DOMAIN, "authentication": "ADFS", "resource": AUDIENCE, "ca_cert": ca}
        self.on_stack()

    def on_stack(self, **azure: Any) -> None:
        own = {"environment": "AzureStack", "azure_stack": self.stack, "endpoints": None}
        self.configure(host=f'[egress]\nproxy = "{self.proxy.url}"\n', **own, **azure)

    def asked(self) -> set[str]:
        """The first labels of the hosts that were connected to."""
        return {host.removesuffix(f".{DOMAIN}:443") for host in self.proxy.hosts()}

    def test_the_whole_life_of_a_vm_with_managed_disks(self) -> None:
        stemcell = self.upload()
        self.assertEqual({"management", "adfs", "default1.blob"}, self.asked())
        self.live(stemcell)
        self.cpi("delete_stemcell", stemcell)
        self.nothing_is_left()

    def test_the_whole_life_of_a_vm_with_disks_in_a_storage_account(self) -> None:
        self.on_stack(use_managed_disks=False)
        stemcell = self.upload()
        self.live(stemcell)
        self.cpi("delete_stemcell", stemcell)
        self.assertEqual({"management", "adfs", "default1.blob", "default1.table"}, self.asked())

    def live(self, stemcell: str) -> None:
        wanted = {"instance_type": "Standard_D2_v2"}
        vm = self.cpi("create_vm", *self.create_vm(wanted, stemcell=stemcell))[0]
        self.assertTrue(self.cpi("has_vm", vm))
        self.cpi("set_vm_metadata", vm, {"job": "web"})
        disk = self.cpi("create_disk", 1024, {}, vm)
        self.cpi("attach_disk", vm, disk)
        self.assertEqual([disk], self.cpi("get_disks", vm))
        snapshot = self.cpi("snapshot_disk", disk, {})
        self.cpi("delete_snapshot", snapshot)
        self.cpi("reboot_vm", vm)
        self.cpi("detach_disk", vm, disk)
        self.cpi("delete_disk", disk)
        self.cpi("delete_vm", vm)
        self.assertFalse(self.cpi("has_vm", vm))
