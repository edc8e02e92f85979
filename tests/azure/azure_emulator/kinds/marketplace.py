"""Images that the marketplace offers, in every region."""

from __future__ import annotations

import re

from ..cloud import Cloud
from ..errors import ArmError
from ..messages import Answer, Request
from ..store import Body

_STEPS = ("publisher", "offer", "sku", "version")


def find(cloud: Cloud, publisher: str, offer: str, sku: str, version: str) -> tuple[str, str | None] | None:
    """The exact version (`latest` is the last) and the name of its plan; nothing where it is not on offer."""
    wanted = [publisher.lower(), offer.lower(), sku.lower()]
    versions = [parts for parts in _offers(cloud) if [part.lower() for part in parts[:3]] == wanted]
    chosen = versions[-1:] if version.lower() == "latest" else [parts for parts in versions if parts[3] == version]
    return (chosen[0][3], chosen[0][2] if chosen[0][4:] else None) if chosen else None


def _offers(cloud: Cloud) -> list[list[str]]:
    return [image.split(":") for image in cloud.settings.marketplace]


def _list(cloud: Cloud, request: Request, found: re.Match[str]) -> Answer:
    """The names one step below a publisher, an offer, a SKU; and a version."""
    location = cloud.location(found["location"])
    given = [found[step].lower() for step in _STEPS if found[step]]
    fitting = [parts for parts in _offers(cloud) if [part.lower() for part in parts[: len(given)]] == given]
    if not fitting:
        raise ArmError(404, "NotFound", "Artifact: VMImage was not found.")
    if len(given) == len(_STEPS):
        return Answer(200, _version(request, location, fitting[0]))
    names = dict.fromkeys(parts[len(given)] for parts in fitting)
    return Answer(200, [{"location": location, "name": name, "id": f"{request.path}/{name}"} for name in names])


def _version(request: Request, location: str, parts: list[str]) -> Body:
    body: Body = {
        "location": location,
        "name": parts[3],
        "id": request.path,
        "properties": {
            "hyperVGeneration": "V2" if "gen2" in parts[2] else "V1",
            "architecture": "x64",
            "dataDiskImages": [],
            "osDiskImage": {"operatingSystem": "Linux"},
            "automaticOSUpgradeProperties": {"automaticOSUpgradeSupported": False},
        },
    }
    if parts[4:]:
        body["properties"]["plan"] = {"publisher": parts[0], "name": parts[2], "product": parts[1]}
    return body


_PATH = (
    r"/subscriptions/[^/]+/providers/microsoft\.compute/locations/(?P<location>[^/]+)/publishers"
    r"(?:/(?P<publisher>[^/]+)/artifacttypes/vmimage/offers(?:/(?P<offer>[^/]+)/skus"
    r"(?:/(?P<sku>[^/]+)/versions(?:/(?P<version>[^/]+))?)?)?)?"
)
ROUTES = (("GET", _PATH, _list),)
