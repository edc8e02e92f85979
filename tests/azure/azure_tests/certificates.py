"""Certificates that tests make for themselves."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


def self_signed(name: str) -> tuple[bytes, rsa.RSAPrivateKey, x509.Certificate]:
    """PEM of key and certificate, and both; good for a day, for 127.0.0.1."""
    key = rsa.generate_private_key(65537, 2048)
    certificate = _certificate(name, key, name, key, [], is_authority=True)
    return _pem(key, certificate), key, certificate


def issued(*hosts: str) -> tuple[bytes, bytes]:
    """PEM of an authority's certificate, and of the key and certificate that it gave to these hosts and 127.0.0.1."""
    authority, key = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    own = _certificate("authority", authority, "authority", authority, [], is_authority=True)
    certificate = _certificate("server", key, "authority", authority, [*hosts], is_authority=False)
    return own.public_bytes(Encoding.PEM), _pem(key, certificate)


def _pem(key: rsa.RSAPrivateKey, certificate: x509.Certificate) -> bytes:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + certificate.public_bytes(Encoding.PEM)


def _certificate(
    name: str,
    key: rsa.RSAPrivateKey,
    issuer: str,
    signer: rsa.RSAPrivateKey,
    hosts: list[str],
    *,
    is_authority: bool,
) -> x509.Certificate:
    now = datetime.now(UTC)
    names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), *map(x509.DNSName, hosts)]
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .sign(signer, hashes.SHA256())
    )
