"""The clouds of Azure, each at its own addresses; proxies on the way there."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from ..certificates import issued
from ..plugin import VM, Plugin
from ..running import TENANT, emulator
from ..tunnel import Tunnel, tunnel
from .table import row

# Name, address of the resource manager, of the authority.
CLOUDS = (
    ("AzureCloud", "management.azure.com", "login.microsoftonline.com"),
    ("AzureChinaCloud", "management.chinacloudapi.cn", "login.chinacloudapi.cn"),
    ("AzureUSGovernment", "management.usgovcloudapi.net", "login.microsoftonline.us"),
    ("AzureGermanCloud", "management.microsoftazure.de", "login.microsoftonline.de"),
)
STACK = [
    "management.stack.example",
    "arm.stack.example",
    "adfs.stack.example",
    "management.local.azurestack.external",
]
HOSTS = [*(host for _, *hosts in CLOUDS for host in hosts), *STACK]


class Clouds(Plugin):
    """The emulator has a certificate for all names, and a proxy leads everybody there."""

    @classmethod
    def setUpClass(cls) -> None:
        folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.ca, server = folder / "ca.pem", folder / "server.pem"
        for file, pem in zip((cls.ca, server), issued(*HOSTS), strict=True):
            file.write_bytes(pem)
        cls.emulator = cls.enterClassContext(emulator("--tls-cert", str(server), verify=str(cls.ca)))

    def setUp(self) -> None:
        super().setUp()
        self.proxy: Tunnel = self.enterContext(tunnel(self.emulator.url))
        self.through()

    def through(self, host: str = "", **azure: Any) -> None:
        self.configure(host=f'[egress]\nproxy = "{self.proxy.url}"\n{host}', **{"endpoints": None, **azure})

    def run_program(self, *arguments: str, **options: Any) -> Any:
        return super().run_program(*arguments, **{"BOSH_CA_CERT_FILE": str(self.ca), **options})

    @row(11)
    def test_four_clouds(self) -> None:
        for name, manager, authority in CLOUDS:
            with self.subTest(name):
                self.forget()
                self.proxy.asked.clear()
                self.assertFalse(self.cpi("has_vm", VM, context={"environment": name}))
                self.assertEqual(sorted([f"{manager}:443", f"{authority}:443"]), self.proxy.hosts())
                [token] = self.requests("POST")
                self.assertEqual((f"/{TENANT}/oauth2/token", authority), (token["path"], token["headers"]["host"]))
                self.assertEqual([f"https://{manager}/"], parse_qs(token["body"])["resource"])
                [asked] = self.requests("GET")
                self.assertEqual(manager, asked["headers"]["host"])

    @row(11)
    def test_a_cloud_that_is_none(self) -> None:
        said = self.fails("InvalidCall", "has_vm", VM, context={"environment": "AzureMoon"})
        for name, _, _ in CLOUDS:
            self.assertIn(name, said)
        self.assertIn("AzureMoon", said)
        self.assertEqual([], self.proxy.asked)

    @row(11)
    def test_a_name_of_ours_in_the_user_agent(self) -> None:
        guid = "563bbbca-7944-4791-b9c6-8af0928114ac"
        self.cpi("has_vm", VM, context={"isv_tracking_guid": guid})
        for asked in self.requests():
            self.assertRegex(asked["headers"]["user-agent"], rf"^cpi-host/\S+ pid-{guid}$")
        self.forget()
        self.cpi("has_vm", VM)
        for asked in self.requests():
            self.assertRegex(asked["headers"]["user-agent"], r"^cpi-host/\S+$")

    def stack(self, **azure_stack: Any) -> dict[str, Any]:
        """A context with an Azure Stack Hub, as the Ruby CPI has it."""
        given = {
            "domain": "stack.example",
            "authentication": "ADFS",
            "resource": "https://management.audience",
            **azure_stack,
        }
        return {"environment": "AzureStack", "azure_stack": given}

    @row(12)
    def test_a_cloud_of_the_operators_own(self) -> None:
        """Three keepers of accounts, its own audience, and interfaces of its own age."""
        self.emulator.control("PATCH", "settings", {"audiences": ["https://management.audience"]})
        for authentication, path, host in (
            ("ADFS", "/adfs/oauth2/token", "adfs.stack.example"),
            ("AzureAD", f"/{TENANT}/oauth2/token", "login.microsoftonline.com"),
            ("AzureChinaCloudAD", f"/{TENANT}/oauth2/token", "login.chinacloudapi.cn"),
        ):
            with self.subTest(authentication):
                self.forget()
                context = self.stack(authentication=authentication)
                self.assertFalse(self.cpi("has_vm", VM, context=context))
                [token] = self.requests("POST")
                self.assertEqual((path, host), (token["path"], token["headers"]["host"]))
                self.assertEqual(["https://management.audience"], parse_qs(token["body"])["resource"])
                [asked] = self.requests("GET")
                self.assertEqual("management.stack.example", asked["headers"]["host"])
                self.assertLess(asked["query"]["api-version"], "2021")

    @row(12)
    def test_where_a_cloud_of_the_operators_own_is(self) -> None:
        """Its prefix and its domain, or their defaults, or an address that is written."""
        self.emulator.control("PATCH", "settings", {"audiences": ["https://management.audience"]})
        written = {"endpoints": {"management": "https://management.stack.example"}}
        for manager, context in (
            ("arm.stack.example", self.stack(endpoint_prefix="arm")),
            ("management.local.azurestack.external", self.stack(domain=None, authentication="AzureAD")),
            ("management.local.azurestack.external", self.stack(domain="", authentication="AzureAD")),
            ("management.stack.example", {**self.stack(domain="other.example", authentication="AzureAD"), **written}),
            ("management.azure.com", {**self.stack(), "environment": "AzureCloud"}),
        ):
            with self.subTest(manager, context=context):
                self.proxy.asked.clear()
                self.assertFalse(self.cpi("has_vm", VM, context=context))
                [asked] = self.requests("GET")
                self.forget()
                self.assertEqual(manager, asked["headers"]["host"])
                self.assertIn(f"{manager}:443", self.proxy.hosts())

    @row(12)
    def test_a_domain_that_is_none(self) -> None:
        domains = ("stack.example:8443", "x@stack.example", "https://stack.example", "stack.example/x", "{account}")
        for domain in domains:
            context = self.stack(domain=domain)
            said = self.fails("CpiError", "has_vm", VM, context=context)
            self.assertIn("azure.azure_stack.domain must be the name of a domain", said)
        self.assertEqual([], self.proxy.asked)

    @row(12)
    def test_doctor_says_where_a_cloud_is(self) -> None:
        self.through(**self.stack())
        said = self.run_program("doctor").stdout
        for place in ("management", "<account>.blob", "<account>.table"):
            self.assertIn(f"https://{place}.stack.example", said)
        self.assertNotIn("blob.core", said)

    @row(12)
    def test_what_is_missing_of_a_cloud_of_the_operators_own(self) -> None:
        for said, context in (
            ("azure_stack", {"environment": "AzureStack"}),
            ("azure_stack.resource", self.stack(resource=None)),
            ("AzureAD, AzureChinaCloudAD or ADFS", self.stack(authentication="Kerberos")),
        ):
            self.assertIn(said, self.answer("has_vm", VM, context=context)["error"]["message"])
        self.assertEqual([], self.requests("GET"))

    @row(77)
    def test_a_proxy_with_a_name_and_a_password(self) -> None:
        url = self.proxy.url.replace("http://", "http://me:hidden-word@")
        self.configure(endpoints=None, host=f'[egress]\nproxy = "{url}"\n')
        answer = self.call("has_vm", VM)
        self.assertFalse(answer.response["result"])
        for lines in self.proxy.asked:
            self.assertIn("proxy-authorization: basic bwu6aglkzgvulxdvcmq=", [line.lower() for line in lines])
        self.assertNotIn("hidden-word", answer.stderr + answer.stdout)

    @row(77)
    def test_what_is_near_is_not_behind_a_proxy(self) -> None:
        """Loopback, and the metadata service of a machine, whose address is link-local."""
        near = {"management": self.emulator.url, "authority": self.emulator.url}
        self.through(endpoints=near)
        self.assertFalse(self.cpi("has_vm", VM))
        self.assertEqual([], self.proxy.asked)
        host = 'no-proxy = ["microsoftonline.com"]\n'
        self.through(host, endpoints={"management": self.emulator.url})
        self.assertIsNotNone(self.answer("has_vm", VM)["error"])
        self.assertEqual([], self.proxy.asked)

    @row(77)
    def test_variables_of_the_process_are_no_proxies(self) -> None:
        """The job of the Ruby CPI sets them for the whole machine; this program has one place for it."""
        self.configure()
        variables = {name: "http://127.0.0.1:9" for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "HTTP_PROXY")}
        request = {"method": "has_vm", "arguments": [VM], "context": {"director_uuid": "d"}, "api_version": 2}
        answer = self.send(json.dumps(request), **variables)
        self.assertEqual((False, None), (answer.response["result"], answer.response["error"]))

    @row(77)
    def test_a_proxy_that_is_not_there(self) -> None:
        self.configure(endpoints=None, host='[egress]\nproxy = "http://127.0.0.1:9"\n')
        said = self.fails("CloudError", "has_vm", VM)
        self.assertIn("127.0.0.1:9", said)
