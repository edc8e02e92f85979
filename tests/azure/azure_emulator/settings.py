"""What a test may set: how long operations take, how long pages are, what there is in the region."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass
class Settings:
    """Changed while running with `PATCH /_emulator/settings`."""

    polls: int = 1
    """How often an operation is seen in progress before it ends."""
    delay: float = 0.0
    """Seconds that an operation takes at least."""
    retry_after: int = 0
    """Value of `Retry-After` on answers that ask to wait."""
    page_size: int = 50
    token_seconds: int = 3599
    cores: int = 350
    """Quota of cores in each location."""
    client_secret: str = ""
    """The only secret that the token endpoints take; empty: any."""
    roles: dict[str, list[str]] = field(default_factory=dict)
    """Client -> the actions that its role has, with `*`; a client that is not named may do everything."""
    subscriptions: list[str] = field(default_factory=list)
    """Those that there are; empty: any."""
    certificate: str = ""
    """PEM of the certificate that signs client assertions; empty: their signature is not checked."""
    audiences: list[str] = field(
        default_factory=lambda: [
            "https://management.azure.com",
            "https://management.core.windows.net",
            "https://management.chinacloudapi.cn",
            "https://management.usgovcloudapi.net",
            "https://management.microsoftazure.de",
        ]
    )
    """Resources for which a token has to be asked, beside the address of the emulator itself."""
    locations: list[str] = field(default_factory=lambda: ["eastus", "westus", "westeurope", "northeurope", "centralus"])
    unavailable_sizes: list[str] = field(default_factory=list)
    """VM sizes that the region lists with a restriction and refuses with SkuNotAvailable."""
    taken_account_names: list[str] = field(default_factory=list)
    """Names of storage accounts that somebody else has."""
    marketplace: list[str] = field(
        default_factory=lambda: [
            "Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2:22.04.202607010",
            "Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2:22.04.202608010",
            "bosh:light-stemcell:planned:1.0.0:plan",
        ]
    )
    """Images on offer, as publisher:offer:sku:version, with `:plan` if one has to be named."""

    def change(self, values: Any) -> None:
        if not isinstance(values, dict):
            raise ValueError("settings are a JSON object")
        known = {one.name: type(getattr(self, one.name)) for one in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"there is no setting {name!r}; there are: {', '.join(known)}")
            wanted = (int, float) if known[name] is float else known[name]
            if not isinstance(value, wanted) or isinstance(value, bool):
                raise ValueError(f"setting {name!r} is a {known[name].__name__}, not {value!r}")
            setattr(self, name, value)

    def shown(self) -> dict[str, Any]:
        return asdict(self)
