"""Access tokens: handed out by the token endpoints and the metadata service, asked for by Resource Manager."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

from .errors import ArmError
from .settings import Settings


@dataclass
class Token:
    value: str
    audience: str
    subject: str
    expires: float


class Tokens:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._issued: dict[str, Token] = {}

    def issue(self, audience: str, subject: str) -> Token:
        token = Token(
            f"emulated.{secrets.token_urlsafe(32)}", audience, subject, time.time() + self.settings.token_seconds
        )
        self._issued[token.value] = token
        return token

    def revoke(self) -> int:
        """Forgets all; their holders see 401."""
        count = len(self._issued)
        self._issued.clear()
        return count

    def check(self, authorization: str | None, authority: str) -> Token:
        """The token of an `Authorization` header; refuses what was not issued here, or has expired."""
        challenge = {"WWW-Authenticate": f'Bearer authorization_uri="{authority}", error="invalid_token"'}
        scheme, _, value = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not value.strip():
            raise ArmError(
                401,
                "AuthenticationFailed",
                "Authentication failed. The 'Authorization' header is missing.",
                headers=challenge,
            )
        token = self._issued.get(value.strip())
        if not token:
            raise ArmError(401, "InvalidAuthenticationToken", "The access token is invalid.", headers=challenge)
        if token.expires <= time.time():
            raise ArmError(
                401,
                "ExpiredAuthenticationToken",
                "The access token expiry UTC time is earlier than current UTC time.",
                headers=challenge,
            )
        return token
