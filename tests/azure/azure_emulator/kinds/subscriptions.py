"""Subscriptions (any well-formed id is one), their regions and their providers."""

from __future__ import annotations

import re

from ..cloud import Cloud
from ..messages import Answer, Request
from ..reads import page


def _subscription(cloud: Cloud, request: Request, found: re.Match[str]) -> Answer:
    name = found["subscription"]
    return Answer(
        200,
        {
            "id": f"/subscriptions/{name}",
            "subscriptionId": name,
            "displayName": "Emulated",
            "state": "Enabled",
            "authorizationSource": "RoleBased",
            "subscriptionPolicies": {"locationPlacementId": "Public_2014-09-01", "spendingLimit": "Off"},
        },
    )


def _locations(cloud: Cloud, request: Request, found: re.Match[str]) -> Answer:
    return page(
        cloud,
        request,
        (
            {
                "id": f"/subscriptions/{found['subscription']}/locations/{name}",
                "name": name,
                "type": "Region",
                "displayName": name,
                "regionalDisplayName": name,
                "metadata": {"regionType": "Physical"},
            }
            for name in cloud.settings.locations
        ),
    )


ROUTES = (
    ("GET", r"/subscriptions/(?P<subscription>[^/]+)", _subscription),
    ("GET", r"/subscriptions/(?P<subscription>[^/]+)/locations", _locations),
)
