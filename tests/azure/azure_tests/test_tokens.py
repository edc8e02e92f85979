"""Tokens: for a secret, for a signed or federated assertion, for a managed identity."""

from __future__ import annotations

import base64
import hashlib
import tempfile
import time
import uuid
from pathlib import Path

import jwt
import requests
from azure.identity import CertificateCredential, ClientAssertionCredential, ClientSecretCredential
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from .certificates import self_signed
from .running import TENANT, EmulatorCase, emulator

CLIENT = "11112222-3333-4444-8555-666677778888"
RESOURCE = "https://management.azure.com/"


class Tokens(EmulatorCase):
    def ask(self, path: str, **form: str) -> requests.Response:
        return self.emulator.http.post(
            f"{self.emulator.url}/{TENANT}/oauth2/{path}",
            data={"grant_type": "client_credentials", "client_id": CLIENT, **form},
        )

    def is_good(self, token: str) -> bool:
        return self.emulator.call(
            "GET", "/subscriptions/5f0c5a3e-1111-4222-8333-444455556666", "2022-12-01", token=token
        ).ok

    def test_version_one(self) -> None:
        body = self.ask("token?api-version=2015-06-15", resource=RESOURCE, client_secret="s").json()
        self.assertAlmostEqual(time.time() + 3599, int(body["expires_on"]), delta=5)
        self.assertTrue(self.is_good(body["access_token"]))

    def test_version_two(self) -> None:
        body = self.ask("v2.0/token", scope=f"{RESOURCE}.default", client_secret="s").json()
        self.assertEqual((3599, "Bearer"), (body["expires_in"], body["token_type"]))
        self.assertTrue(self.is_good(body["access_token"]))

    def test_refusals(self) -> None:
        self.emulator.control("PATCH", "settings", {"client_secret": "right"})
        for status, error, form in (
            (401, "invalid_client", {"resource": RESOURCE, "client_secret": "wrong"}),
            (401, "invalid_client", {"resource": RESOURCE}),
            (400, "invalid_request", {"client_secret": "right"}),
            (400, "unsupported_grant_type", {"grant_type": "password", "resource": RESOURCE, "client_secret": "right"}),
        ):
            with self.subTest(form):
                answer = self.ask("token", **form)
                self.assertEqual((status, error), (answer.status_code, answer.json()["error"]))
        self.assertEqual("invalid_scope", self.ask("v2.0/token", scope=RESOURCE, client_secret="right").json()["error"])
        self.assertTrue(self.ask("token", resource=RESOURCE, client_secret="right").ok)

    def test_a_token_expires_and_can_be_revoked(self) -> None:
        self.emulator.control("PATCH", "settings", {"token_seconds": 0})
        token = self.emulator.token()
        answer = self.emulator.call(
            "GET", "/subscriptions/5f0c5a3e-1111-4222-8333-444455556666", "2022-12-01", token=token
        )
        self.assertEqual((401, "ExpiredAuthenticationToken"), (answer.status_code, answer.json()["error"]["code"]))
        self.assertIn("Bearer authorization_uri=", answer.headers["WWW-Authenticate"])
        self.emulator.control("PATCH", "settings", {"token_seconds": 100})
        token = self.emulator.token()
        self.assertTrue(self.is_good(token))
        self.emulator.control("DELETE", "tokens")
        self.assertFalse(self.is_good(token))

    def test_an_assertion_signed_by_the_certificate(self) -> None:
        pem, key, certificate = self_signed("app")
        self.emulator.control("PATCH", "settings", {"certificate": pem.decode()})
        url = f"{self.emulator.url}/{TENANT}/oauth2/token"
        good = {"aud": url, "iss": CLIENT, "sub": CLIENT, "jti": str(uuid.uuid4()), "exp": int(time.time()) + 600}
        thumbprint = base64.urlsafe_b64encode(hashlib.sha1(certificate.public_bytes(Encoding.DER)).digest()).decode()
        other = rsa.generate_private_key(65537, 2048)
        for is_good, claims, signer, x5t in (
            (True, good, key, thumbprint),
            (False, good, other, thumbprint),
            (False, good, key, "AAAA"),
            (False, {**good, "aud": "https://elsewhere"}, key, thumbprint),
            (False, {**good, "exp": 1}, key, thumbprint),
            (False, {**good, "iss": "other"}, key, thumbprint),
        ):
            with self.subTest(claims=claims, x5t=x5t):
                assertion = jwt.encode(claims, signer, "RS256", {"x5t": x5t})
                answer = self.ask(
                    "token",
                    resource=RESOURCE,
                    client_assertion=assertion,
                    client_assertion_type="urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                )
                self.assertEqual(is_good, answer.ok, answer.text)

    def test_a_federated_assertion(self) -> None:
        key = rsa.generate_private_key(65537, 2048)
        for audience, is_good in (("api://AzureADTokenExchange", True), ("https://elsewhere", False)):
            claims = {"aud": audience, "iss": "https://provider", "sub": "a-workload", "exp": int(time.time()) + 600}
            answer = self.ask(
                "v2.0/token",
                scope=f"{RESOURCE}.default",
                client_assertion=jwt.encode(claims, key, "RS256"),
                client_assertion_type="urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            )
            self.assertEqual(is_good, answer.ok, answer.text)

    def test_the_metadata_service(self) -> None:
        url = f"{self.emulator.url}/metadata/identity/oauth2/token"
        params = {"api-version": "2018-02-01", "resource": RESOURCE}
        body = self.emulator.http.get(url, params=params, headers={"Metadata": "true"}).json()
        self.assertTrue(self.is_good(body["access_token"]))
        self.assertEqual(400, self.emulator.http.get(url, params=params).status_code)
        self.assertEqual(
            400, self.emulator.http.get(url, params={"resource": RESOURCE}, headers={"Metadata": "true"}).status_code
        )

    def test_the_official_credentials_over_tls(self) -> None:
        """They insist on HTTPS; a server with a certificate of its own is what an Azure Stack looks like."""
        pem, _, _ = self_signed("emulator")
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "both.pem"
            file.write_bytes(pem)
            with emulator("--tls-cert", str(file), verify=str(file)) as secure:
                secure.control("PATCH", "settings", {"certificate": pem.decode()})
                common = {"authority": secure.url, "disable_instance_discovery": True, "connection_verify": str(file)}
                federated = jwt.encode(
                    {
                        "aud": "api://AzureADTokenExchange",
                        "iss": "https://provider",
                        "sub": "a",
                        "exp": int(time.time()) + 600,
                    },
                    rsa.generate_private_key(65537, 2048),
                    "RS256",
                )
                for credential in (
                    ClientSecretCredential(TENANT, CLIENT, "a-secret", **common),
                    CertificateCredential(TENANT, CLIENT, certificate_data=pem, **common),
                    ClientAssertionCredential(TENANT, CLIENT, lambda: federated, **common),
                ):
                    with self.subTest(type(credential).__name__):
                        token = credential.get_token(f"{RESOURCE}.default").token
                        answer = secure.call(
                            "GET", "/subscriptions/5f0c5a3e-1111-4222-8333-444455556666", "2022-12-01", token=token
                        )
                        self.assertEqual(200, answer.status_code, answer.text)
