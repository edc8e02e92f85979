"""Azure's official SDK, pointed at the emulator."""

from __future__ import annotations

from typing import Any

from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy

from .running import SUBSCRIPTION, Emulator


class _PlainBearer(SansIOHTTPPolicy[Any, Any]):
    """The SDK's own policy refuses to send a token over plain HTTP."""

    def __init__(self, token: str) -> None:
        self.token = token

    def on_request(self, request: PipelineRequest[Any]) -> None:
        request.http_request.headers["Authorization"] = f"Bearer {self.token}"


class _Credential:
    """Never asked: the policy has the token."""

    def get_token(self, *scopes: str, **_: Any) -> Any:
        raise AssertionError(f"the SDK asks for a token of {scopes}")


class Sdk:
    """One client a provider; each with the newest api-versions that it knows."""

    def __init__(self, emulator: Emulator) -> None:
        # Their loading takes a second or two, and one of the processes that run tests needs them.
        from azure.mgmt.compute import ComputeManagementClient
        from azure.mgmt.msi import ManagedServiceIdentityClient
        from azure.mgmt.network import NetworkManagementClient
        from azure.mgmt.resource.resources import ResourceManagementClient
        from azure.mgmt.storage import StorageManagementClient

        common: dict[str, Any] = {
            "base_url": emulator.url,
            "credential_scopes": ["https://management.azure.com/.default"],
            "polling_interval": 0,
            "authentication_policy": _PlainBearer(emulator.token()),
            "retry_total": 0,
        }
        self.resources = ResourceManagementClient(_Credential(), SUBSCRIPTION, **common)
        self.compute = ComputeManagementClient(_Credential(), SUBSCRIPTION, **common)
        self.network = NetworkManagementClient(_Credential(), SUBSCRIPTION, **common)
        self.storage = StorageManagementClient(_Credential(), SUBSCRIPTION, **common)
        self.identities = ManagedServiceIdentityClient(_Credential(), SUBSCRIPTION, **common)

    def close(self) -> None:
        for client in (self.resources, self.compute, self.network, self.storage, self.identities):
            client.close()
