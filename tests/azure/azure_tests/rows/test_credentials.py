"""Tokens: how they are asked for, and until when they are used."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.serialization import Encoding

from ..certificates import self_signed
from ..plugin import CLIENT, VM
from ..running import TENANT
from .cases import Rows
from .table import row

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Credentials(Rows):
    def tokens(self) -> list[dict[str, Any]]:
        """The requests for tokens."""
        return self.requests(path="/oauth2/")

    def form(self) -> dict[str, str]:
        [token] = self.tokens()
        fields = parse_qs(token["body"], strict_parsing=True)
        return {name: value for name, [value] in fields.items()}

    @row(7)
    def test_with_a_client_secret(self) -> None:
        self.cpi("has_vm", VM)
        [token] = self.tokens()
        self.assertEqual(("POST", f"/{TENANT}/oauth2/token"), (token["method"], token["path"]))
        self.assertEqual({"api-version": "2015-06-15"}, token["query"])
        self.assertEqual("application/x-www-form-urlencoded", token["headers"]["content-type"])
        expected = {
            "grant_type": "client_credentials",
            "client_id": CLIENT,
            "client_secret": "a-secret",
            "resource": "https://management.azure.com/",
            "scope": "user_impersonation",
        }
        self.assertEqual(expected, self.form())
        [request] = self.requests("GET", "/virtualMachines/")
        self.assertRegex(request["headers"]["authorization"], "^Bearer emulated\\.")

    @row(7)
    def test_a_secret_goes_over_a_certificate(self) -> None:
        self.configure(certificate=self_signed("app")[0].decode())
        self.cpi("has_vm", VM)
        self.assertIn("client_secret", self.form())

    @row(7)
    def test_what_is_refused_is_told(self) -> None:
        self.emulator.control("PATCH", "settings", {"client_secret": "right"})
        said = self.answer("has_vm", VM)["error"]["message"]
        self.assertIn("Invalid tenant_id, client_id or client_secret/certificate", said)
        self.assertIn("AADSTS7000215", said)
        self.assertNotIn("a-secret", said)
        self.assertEqual(1, len(self.tokens()))
        self.fault("POST", "/oauth2/", status=400, code="invalid_request", message="no such tenant")
        self.assertIn("tenant_id", self.answer("has_vm", VM)["error"]["message"])

    @row(7)
    def test_settings_that_are_missing(self) -> None:
        for key in ("tenant_id", "client_id", "client_secret"):
            error = self.answer("has_vm", VM, context={key: None})["error"]
            self.assertIn(key, error["message"])
        said = self.answer("has_vm", VM, context={"credentials_source": "magic"})["error"]["message"]
        self.assertIn("Unknown credentials_source magic", said)
        self.assertEqual([], self.requests())

    @row(7)
    def test_a_busy_endpoint_is_asked_again(self) -> None:
        """Up to five times, when it wants it."""
        self.fault("POST", "/oauth2/", status=503, headers={"Retry-After": "0"}, times=4)
        self.assertFalse(self.cpi("has_vm", VM))
        self.assertEqual([503] * 4 + [200], [one["status"] for one in self.tokens()])
        self.forget()
        self.emulator.control("DELETE", "tokens")
        self.fault("POST", "/oauth2/", status=503, headers={"Retry-After": "0"}, times=9)
        said = self.answer("has_vm", VM, context={"client_id": "another"})["error"]["message"]
        self.assertIn("Failed to get token after 5 retries", said)
        self.assertEqual(5, len(self.tokens()))

    @row(8)
    def test_with_a_certificate(self) -> None:
        pem, key, certificate = self_signed("app")
        self.emulator.control("PATCH", "settings", {"certificate": pem.decode()})
        self.configure(client_secret=None, certificate=pem.decode())
        before = time.time()
        self.assertFalse(self.cpi("has_vm", VM))
        form = self.form()
        self.assertEqual(ASSERTION, form["client_assertion_type"])
        self.assertNotIn("client_secret", form)
        assertion = form["client_assertion"]
        header = jwt.get_unverified_header(assertion)
        digest = hashlib.sha1(certificate.public_bytes(Encoding.DER)).digest()
        thumbprint = base64.urlsafe_b64encode(digest).decode()
        self.assertEqual(("RS256", "JWT"), (header["alg"], header["typ"]))
        self.assertEqual(thumbprint.rstrip("="), header["x5t"].rstrip("="))
        url = f"{self.emulator.url}/{TENANT}/oauth2/token"
        claims = jwt.decode(assertion, key.public_key(), ["RS256"], audience=url)
        self.assertEqual((CLIENT, CLIENT), (claims["iss"], claims["sub"]))
        self.assertRegex(claims["jti"], "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
        self.assertAlmostEqual(before - 90, claims["nbf"], delta=10)
        self.assertAlmostEqual(before + 3600, claims["exp"], delta=10)

    @row(8)
    def test_the_certificate_of_the_job(self) -> None:
        """The file that the job of the Ruby CPI renders, and the certificate of a context."""
        pem = self_signed("app")[0].decode()
        self.emulator.control("PATCH", "settings", {"certificate": pem})
        self.configure(client_secret=None)
        file = self.folder / "jobs" / "azure_cpi" / "config" / "service_principal_certificate.pem"
        file.parent.mkdir(parents=True)
        file.write_text(pem)
        request = {"method": "has_vm", "arguments": [VM], "context": {"director_uuid": "d"}, "api_version": 2}
        answer = self.send(json.dumps(request), BOSH_JOBS_DIR=str(self.folder / "jobs")).response
        self.assertEqual((False, None), (answer["result"], answer["error"]))
        self.assertEqual(ASSERTION, self.form()["client_assertion_type"])
        self.configure()
        self.forget()
        context = {"client_secret": None, "certificate": pem, "client_id": "another"}
        self.assertFalse(self.cpi("has_vm", VM, context=context))
        self.assertEqual(ASSERTION, self.form()["client_assertion_type"])

    @row(8)
    def test_certificates_that_are_none(self) -> None:
        pem = self_signed("app")[0].decode()
        key_only = pem.split("-----BEGIN CERTIFICATE-----")[0]
        for certificate in ("not one", key_only, pem.replace("PRIVATE", "OTHER")):
            error = self.answer("has_vm", VM, context={"client_secret": None, "certificate": certificate})["error"]
            self.assertIn("Failed to get the jwt assertion", error["message"])
            self.assertNotIn(certificate.splitlines()[-1], error["message"])
        self.assertEqual([], self.requests())

    @row(9)
    def test_for_the_identity_of_the_machine(self) -> None:
        endpoints = {**self.azure["endpoints"], "metadata": self.emulator.url}
        managed = {"credentials_source": "managed_identity", "endpoints": endpoints, "client_secret": None}
        self.configure(**managed, tenant_id=None, client_id=None)
        self.fault("GET", "^/metadata/", status=404, times=1)
        self.assertFalse(self.cpi("has_vm", VM))
        [missed, asked] = self.requests("GET", "^/metadata/")
        self.assertEqual((404, 200), (missed["status"], asked["status"]))
        self.assertEqual("/metadata/identity/oauth2/token", asked["path"])
        self.assertEqual(
            {"resource": "https://management.azure.com/", "api-version": "2018-02-01"},
            asked["query"],
        )
        self.assertEqual("true", asked["headers"]["metadata"])
        self.assertEqual([], self.requests("POST"))
        identity = self.put("ManagedIdentity/userAssignedIdentities/me", "2023-01-31", {"location": "eastus"})["id"]
        self.configure(**managed, managed_identity_resource_id=identity)
        self.forget()
        self.assertFalse(self.cpi("has_vm", VM))
        [asked] = self.requests("GET", "^/metadata/")
        self.assertEqual(identity, asked["query"]["msi_res_id"])

    @row(9)
    def test_an_identity_that_the_machine_does_not_have(self) -> None:
        endpoints = {**self.azure["endpoints"], "metadata": self.emulator.url}
        self.configure(credentials_source="managed_identity", endpoints=endpoints, managed_identity_resource_id="/none")
        self.assertIn("Identity not found", self.answer("has_vm", VM)["error"]["message"])

    @row(10)
    def test_a_token_is_kept_for_the_next_calls_and_renewed_before_it_ends(self) -> None:
        self.cpi("has_vm", VM)
        self.cpi("has_vm", VM)
        self.assertEqual(1, len(self.tokens()))
        # Another configuration never sees it.
        self.cpi("has_vm", VM, context={"client_id": "another"})
        self.assertEqual(2, len(self.tokens()))
        self.forget()
        self.emulator.control("PATCH", "settings", {"token_seconds": 4})
        for client in ("a third", "a third"):
            self.cpi("has_vm", VM, context={"client_id": client})
            time.sleep(3.2)
        self.assertEqual([200, 200], [one["status"] for one in self.tokens()])
        self.assertEqual([404, 404], [one["status"] for one in self.requests("GET", "/virtualMachines/")])

    @row(10)
    def test_a_token_that_is_not_accepted_is_replaced_once(self) -> None:
        self.cpi("has_vm", VM)
        self.emulator.control("DELETE", "tokens")
        self.forget()
        self.assertFalse(self.cpi("has_vm", VM))
        self.assertEqual([401, 404], [one["status"] for one in self.requests("GET", "/virtualMachines/")])
        self.assertEqual(1, len(self.tokens()))
        self.forget()
        refusal = {"status": 401, "code": "InvalidAuthenticationToken", "message": "not a good one", "times": 9}
        self.fault("GET", "/virtualMachines/", **refusal)
        said = self.fails("CloudError", "has_vm", VM)
        self.assertIn("InvalidAuthenticationToken", said)
        self.assertIn("not a good one", said)
        self.assertEqual(2, len(self.requests("GET", "/virtualMachines/")))
