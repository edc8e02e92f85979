"""Access to the bytes of a disk or snapshot: a URL that is valid for some time."""

from __future__ import annotations

from ..cloud import Cloud
from ..errors import ArmError, bad_parameter
from ..longrunning import accepted
from ..messages import Answer, Request
from ..specification import table
from ..store import Entry


def begin(cloud: Cloud, request: Request, entry: Entry) -> Answer:
    """Gives the URL at the end of an operation that only `Location` leads to."""
    body = table.accepted("POST", f"{entry.body['type']}/beginGetAccess", request.version, request.body or {})
    if int(body.get("durationInSeconds") or 0) <= 0:
        raise bad_parameter("grantAccessData.durationInSeconds", "The value of parameter durationInSeconds is invalid.")
    if entry.hidden.get("access"):
        raise ArmError(409, "OperationNotAllowed", f"Access was already granted for {entry.body['name']}. Revoke it first.")
    entry.hidden["access"] = body["access"]
    url = (f"{request.base}/_emulator/disks/{entry.body['name']}/abcd?sv=2018-03-28&sr=b&si={cloud.guid()}"
           f"&sig=emulated&se={body['durationInSeconds']}")
    reply = accepted(cloud, request, entry.id, 202, body=lambda: {"accessSAS": url})
    return Answer(202, None, reply.headers)


def end(cloud: Cloud, request: Request, entry: Entry) -> Answer:
    if entry.hidden.pop("access", None) == "Write":
        entry.hidden["uploaded"] = True
    return accepted(cloud, request, entry.id, 202)
