"""Access to the bytes of a disk or snapshot: a URL with a signature, until access is taken back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ..cloud import Cloud
from ..errors import ArmError, bad_parameter, conflict
from ..longrunning import accepted
from ..messages import Answer, Request
from ..specification import table
from ..store import Entry
from .disk_users import owner
from .storage_accounts import account_key

# Where the bytes are: an account of the storage service that no subscription has. The blob is called like the disk's
# unique id. What a copy copies is not in it: only what was uploaded can be read back.
ACCOUNT, CONTAINER = "emulateddisks", "disks"


def begin(cloud: Cloud, request: Request, entry: Entry) -> Answer:
    """Gives the URL at the end of the operation."""
    body = table.accepted("POST", f"{entry.body['type']}/beginGetAccess", request.version, request.body or {})
    seconds = int(body.get("durationInSeconds") or 0)
    if seconds <= 0:
        raise bad_parameter("grantAccessData.durationInSeconds", "The value of parameter durationInSeconds is invalid.")
    vm = owner(cloud, entry.id)
    if vm and vm.hidden.get("power") != "deallocated":
        raise ArmError(
            409,
            "Conflict",
            f"Access not permitted because disk {entry.body['name']} is currently attached to running VM {vm.id}.",
        )
    if entry.hidden.get("access"):
        raise conflict(f"Access to {entry.body['name']} was granted already. Revoke it first.")
    if body["access"] == "Write" and entry.properties["creationData"]["createOption"] != "Upload":
        raise conflict(f"Write access to {entry.body['name']} is not possible: it was not created for an upload.")
    entry.hidden["access"] = body["access"]
    url = _url(cloud, entry, body["access"] == "Write", seconds)
    reply = accepted(cloud, request, entry.id, 202, body=lambda: {"accessSAS": url})
    return Answer(202, None, reply.headers)


def end(cloud: Cloud, request: Request, entry: Entry) -> Answer:
    """An upload is complete with that."""
    if entry.hidden.pop("access", None) == "Write":
        entry.hidden["uploaded"] = True
    return accepted(cloud, request, entry.id, 202)


def _url(cloud: Cloud, entry: Entry, is_upload: bool, seconds: int) -> str:
    blob = entry.properties["uniqueId"]
    if not cloud.storage_url:
        return f"https://md-emulated.blob.storage.azure.net/{blob}/abcd?sr=b&sig=there-is-no-storage-service"
    from azure.storage.blob import generate_blob_sas  # loading the SDK takes a second; without storage nobody needs it

    signature = generate_blob_sas(
        ACCOUNT,
        CONTAINER,
        blob,
        account_key=account_key(ACCOUNT),
        permission="rw" if is_upload else "r",
        expiry=datetime.now(UTC) + timedelta(seconds=seconds),
    )
    return f"{cloud.storage_url.replace('{account}', ACCOUNT)}{CONTAINER}/{blob}?{signature}"
