"""Storage accounts: their names, endpoints and keys. What is in them is the storage service's."""

from __future__ import annotations

import base64
import hashlib
import re

from ..cloud import Cloud
from ..errors import ArmError, bad_parameter
from ..ids import ResourceId
from ..messages import Answer, Request
from ..operations import now
from ..specification import table
from ..store import Body, Entry
from .base import Kind, Style, fill, properties, sku_name

TYPE = "Microsoft.Storage/storageAccounts"
SKUS = (
    "Standard_LRS",
    "Standard_GRS",
    "Standard_RAGRS",
    "Standard_ZRS",
    "Premium_LRS",
    "Premium_ZRS",
    "Standard_GZRS",
    "Standard_RAGZRS",
)
_KINDS = ("Storage", "StorageV2", "BlobStorage", "FileStorage", "BlockBlobStorage")


class StorageAccounts(Kind):
    type = TYPE
    style = Style(created=202, deleted=200, operations="create", only_location=True)

    def build(self, cloud: Cloud, rid: ResourceId, body: Body, old: Entry | None) -> Body:
        own = properties(body)
        if old:
            fill(body, sku=old.body["sku"], kind=old.body["kind"])
            fill(own, **old.properties)
        sku = sku_name(body, SKUS)
        if body.get("kind") not in _KINDS:
            raise bad_parameter(
                "kind", f"The value '{body.get('kind')}' of parameter kind is not one of {', '.join(_KINDS)}."
            )
        if not old and not _is_free(cloud, rid.name):
            raise ArmError(409, "StorageAccountAlreadyTaken", f"The storage account named {rid.name} is already taken.")
        body["sku"] = {"name": sku, "tier": sku.split("_")[0]}
        endpoints = {
            "blob": self._url(cloud.storage_url, "blob", rid.name),
            "table": self._url(cloud.table_url, "table", rid.name),
            "queue": self._url(None, "queue", rid.name),
            "file": self._url(None, "file", rid.name),
        }
        if body["kind"] in ("BlobStorage", "BlockBlobStorage"):
            endpoints = {"blob": endpoints["blob"]}
        fill(
            own,
            primaryEndpoints=endpoints,
            primaryLocation=body["location"],
            statusOfPrimary="available",
            creationTime=now(),
            supportsHttpsTrafficOnly=True,
            allowBlobPublicAccess=False,
            minimumTlsVersion="TLS1_2",
        )
        return body

    def _url(self, template: str | None, service: str, name: str) -> str:
        return template.replace("{account}", name) if template else f"https://{name}.{service}.core.windows.net/"


def account_key(name: str, number: int = 1) -> str:
    """The key of an account. It follows from the name, so that the storage service (`npm/azurite.js`) knows it, too."""
    return base64.b64encode(hashlib.sha512(f"{name}#{number}".encode()).digest()).decode()


def _keys(cloud: Cloud, request: Request, entry: Entry) -> Answer:
    return Answer(
        200,
        {
            "keys": [
                {"keyName": f"key{number}", "value": account_key(entry.body["name"], number), "permissions": "Full"}
                for number in (1, 2)
            ]
        },
    )


def _check_name(cloud: Cloud, request: Request, found: re.Match[str]) -> Answer:
    body = table.accepted("POST", "microsoft.storage/checknameavailability", request.version, request.body or {})
    name = body["name"]
    if not re.fullmatch(r"[a-z0-9]{3,24}", name):
        return Answer(
            200,
            {
                "nameAvailable": False,
                "reason": "AccountNameInvalid",
                "message": f"{name} is not a valid storage account name. Storage account name must be between 3 and 24 "
                "characters in length and use numbers and lower-case letters only.",
            },
        )
    if not _is_free(cloud, name):
        return Answer(
            200,
            {
                "nameAvailable": False,
                "reason": "AlreadyExists",
                "message": f"The storage account named {name} is already taken.",
            },
        )
    return Answer(200, {"nameAvailable": True})


def _is_free(cloud: Cloud, name: str) -> bool:
    """Names of accounts are unique in the world, whatever the subscription."""
    return name not in cloud.settings.taken_account_names and all(
        entry.body["name"] != name for entry in cloud.store.of(TYPE)
    )


StorageAccounts.actions = {"POST listKeys": _keys}
KINDS = (StorageAccounts(),)
ROUTES = (("POST", r"/subscriptions/[^/]+/providers/microsoft\.storage/checknameavailability", _check_name),)
