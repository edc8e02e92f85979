"""Client assertions: signed with the application's certificate, or issued by a federated provider."""

from __future__ import annotations

import base64
import hashlib

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from .settings import Settings

FEDERATED_AUDIENCE = "api://AzureADTokenExchange"


def check(settings: Settings, assertion: str, client: str, url: str) -> str | None:
    """What is wrong with an assertion; nothing if it is good. One that names a certificate is the application's own."""
    try:
        head = jwt.get_unverified_header(assertion)
        if "x5t" in head or "x5t#S256" in head:
            return _own(settings, assertion, head, client, url)
        claims = jwt.decode(
            assertion,
            options={
                "verify_signature": False,
                "verify_exp": True,
                "verify_aud": True,
                "require": ["iss", "sub", "aud", "exp"],
            },
            audience=FEDERATED_AUDIENCE,
        )
        return None if claims["iss"] and claims["sub"] else "the issuer or the subject is empty"
    except jwt.PyJWTError as problem:
        return f"{type(problem).__name__}: {problem}"


def _own(settings: Settings, assertion: str, head: dict[str, str], client: str, url: str) -> str | None:
    options = {
        "require": ["iss", "sub", "aud", "exp", "jti"],
        "verify_exp": True,
        "verify_nbf": True,
        "verify_aud": True,
    }
    # The audience is the address of the token endpoint, with or without the version in its path.
    audiences = [url, url.replace("/oauth2/v2.0/", "/oauth2/"), url.split("/oauth2/", maxsplit=1)[0] + "/v2.0"]
    if not settings.certificate:
        claims = jwt.decode(assertion, options={**options, "verify_signature": False}, audience=audiences)
    else:
        certificate = x509.load_pem_x509_certificate(settings.certificate.encode())
        wrong = _thumbprint(certificate.public_bytes(Encoding.DER), head)
        if wrong:
            return wrong
        claims = jwt.decode(
            assertion, certificate.public_key(), algorithms=["RS256", "PS256"], options=options, audience=audiences
        )
    if claims["iss"] != client or claims["sub"] != client:
        return f"issuer and subject have to be the client {client}, they are {claims['iss']} and {claims['sub']}"
    return None


def _thumbprint(der: bytes, head: dict[str, str]) -> str | None:
    for name, digest in (("x5t", hashlib.sha1), ("x5t#S256", hashlib.sha256)):
        wanted = base64.urlsafe_b64encode(digest(der).digest()).decode().rstrip("=")
        if name in head and head[name].rstrip("=") != wanted:
            return f"{name} is not the thumbprint of the certificate that the application has"
    return None
