"""Checks AWS signatures with botocore, which had no part in making them."""

from __future__ import annotations

import hmac
import re
from datetime import UTC, datetime, timedelta
from email.message import Message
from hashlib import sha256

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<day>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request, ?"
    r"SignedHeaders=(?P<headers>[^,]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
_MUST_BE_SIGNED = {"host", "x-amz-date"}
_TOLERANCE = timedelta(minutes=5)


def verdict(credentials: Credentials, method: str, url: str, headers: Message, body: bytes) -> str:
    """`ok REGION/SERVICE`, or what is wrong. The body counts: one changed byte, and the signature is wrong."""
    parts = _AUTHORIZATION.fullmatch(headers.get("Authorization", ""))
    stamp = headers.get("X-Amz-Date", "")
    if not parts or not stamp:
        return "missing"
    signed = parts["headers"].split(";")
    absent = [name for name in signed if name not in headers] + sorted(_MUST_BE_SIGNED - set(signed))
    if absent:
        return f"wrong: {absent[0]} is not signed or not there"
    if parts["key"] != credentials.access_key:
        return "wrong: by another key"
    if not _is_now(stamp) or not stamp.startswith(parts["day"]):
        return f"wrong: dated {stamp}"
    if headers.get("X-Amz-Content-SHA256", sha256(body).hexdigest()) != sha256(body).hexdigest():
        return "wrong: for another body"
    # Exactly the headers that the signature names. botocore hashes the body itself.
    request = AWSRequest(method, url, {name: headers[name] for name in signed}, body)
    request.context["timestamp"] = stamp
    signer = SigV4Auth(credentials, parts["service"], parts["region"])
    text = signer.string_to_sign(request, signer.canonical_request(request))
    if not hmac.compare_digest(signer.signature(text, request), parts["signature"]):
        return "wrong: does not match"
    return f"ok {parts['region']}/{parts['service']}"


def _is_now(stamp: str) -> bool:
    try:
        moment = datetime.strptime(stamp, SIGV4_TIMESTAMP).replace(tzinfo=UTC)
    except ValueError:
        return False
    return abs(datetime.now(UTC) - moment) < _TOLERANCE
