"""Where tokens come from: the token endpoints of Entra, version 1 and 2, and the metadata service of a VM."""

from __future__ import annotations

import re
import time
from typing import Any
from urllib.parse import parse_qsl

from .assertions import check as check_assertion
from .cloud import Cloud
from .messages import Answer, Request

TOKEN = re.compile(r"/(?P<tenant>[^/]+)/(?:adfs/)?oauth2/(?P<v2>v2\.0/)?token", re.I)
DISCOVERY = re.compile(r"/(?P<tenant>[^/]+)/v2\.0/\.well-known/openid-configuration", re.I)
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Refused(Exception):
    """An OAuth error: its status, code and description."""

    def __init__(self, status: int, error: str, code: int, text: str) -> None:
        super().__init__(text)
        self.status, self.error, self.code = status, error, code


def token(cloud: Cloud, request: Request, tenant: str, *, v2: bool) -> Answer:
    """Client credentials: a secret, or a signed assertion."""
    form = dict(parse_qsl(request.raw.decode("utf-8", "replace"), keep_blank_values=True))
    try:
        if form.get("grant_type") != "client_credentials":
            raise Refused(
                400,
                "unsupported_grant_type",
                70003,
                f"The app requested an unsupported grant type '{form.get('grant_type')}'.",
            )
        client = _needed(form, "client_id")
        audience = _audience(form, v2)
        _check_credential(cloud, request, form, client)
    except Refused as refusal:
        return Answer(
            refusal.status,
            {
                "error": refusal.error,
                "error_codes": [refusal.code],
                "timestamp": time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime()),
                "error_description": f"AADSTS{refusal.code}: {refusal}",
                "trace_id": cloud.guid(),
                "correlation_id": cloud.guid(),
            },
        )
    return Answer(200, _granted(cloud, audience, client, tenant, v2=v2))


def discovery(cloud: Cloud, request: Request, tenant: str) -> Answer:
    """What libraries read before they ask for a token."""
    home = f"{request.base}/{tenant}"
    return Answer(
        200,
        {
            "issuer": f"{home}/v2.0",
            "token_endpoint": f"{home}/oauth2/v2.0/token",
            "jwks_uri": f"{home}/keys",
            "authorization_endpoint": f"{home}/oauth2/v2.0/authorize",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        },
    )


def metadata(cloud: Cloud, request: Request) -> Answer:
    """`/metadata/identity/oauth2/token`: the token of the VM's own identity."""
    if request.headers.get("metadata", "").lower() != "true" or "x-forwarded-for" in request.headers:
        return Answer(400, {"error": "invalid_request", "error_description": "Required metadata header not specified"})
    if request.path.lower() != "/metadata/identity/oauth2/token":
        return Answer(404, {"error": "Not found"})
    for name in ("api-version", "resource"):
        if not request.query.get(name):
            return Answer(
                400, {"error": "invalid_request", "error_description": f"Required query variable '{name}' is missing"}
            )
    identity = next(
        (
            request.query[name]
            for name in ("msi_res_id", "mi_res_id", "client_id", "object_id")
            if request.query.get(name)
        ),
        "system-assigned",
    )
    if identity.startswith("/") and cloud.store.all() and not cloud.store.get(identity):
        return Answer(400, {"error": "invalid_request", "error_description": "Identity not found"})
    body = _granted(cloud, request.query["resource"].rstrip("/"), identity, "", v2=False)
    body["client_id"] = identity
    return Answer(200, body)


def _granted(cloud: Cloud, audience: str, client: str, tenant: str, *, v2: bool) -> dict[str, Any]:
    issued = cloud.tokens.issue(audience, client)
    seconds = cloud.settings.token_seconds
    if v2:
        return {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": issued.value}
    return {
        "token_type": "Bearer",
        "expires_in": str(seconds),
        "ext_expires_in": str(seconds),
        "resource": audience,
        "expires_on": str(int(issued.expires)),
        "not_before": str(int(issued.expires) - seconds - 300),
        "access_token": issued.value,
    }


def _needed(form: dict[str, str], name: str) -> str:
    if not form.get(name):
        raise Refused(
            400, "invalid_request", 900144, f"The request body must contain the following parameter: '{name}'."
        )
    return form[name]


def _audience(form: dict[str, str], v2: bool) -> str:
    if not v2:
        return _needed(form, "resource").rstrip("/")
    scope = _needed(form, "scope")
    if not scope.endswith("/.default"):
        raise Refused(
            400,
            "invalid_scope",
            70011,
            f"The provided request must include a 'scope' input parameter. The provided "
            f"value for the input parameter 'scope' is not valid. The scope {scope} is not valid.",
        )
    return scope.removesuffix("/.default").rstrip("/")


def _check_credential(cloud: Cloud, request: Request, form: dict[str, str], client: str) -> None:
    if "client_secret" in form:
        wanted = cloud.settings.client_secret
        if not form["client_secret"] or (wanted and form["client_secret"] != wanted):
            raise Refused(
                401,
                "invalid_client",
                7000215,
                "Invalid client secret provided. Ensure the secret being sent in the "
                "request is the client secret value, not the client secret ID, for a secret added to app "
                f"'{client}'.",
            )
    elif "client_assertion" in form:
        if form.get("client_assertion_type") != _ASSERTION:
            raise Refused(400, "invalid_request", 90013, f"client_assertion_type has to be {_ASSERTION}.")
        problem = check_assertion(cloud.settings, form["client_assertion"], client, f"{request.base}{request.path}")
        if problem:
            raise Refused(
                401, "invalid_client", 700027, f"Client assertion contains an invalid signature or claim: {problem}"
            )
    else:
        raise Refused(
            401,
            "invalid_client",
            7000216,
            "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
        )
