"""What the emulator was asked: each request, whose token it carried, and how long the cloud had the call wait."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from azure_tests.running import Emulator

from ..cloud import Sight
from . import wire


@dataclass
class Exchange:
    """One request, and what the cloud said to it."""

    service: str
    method: str
    path: str
    status: int
    sight: Sight
    client: str
    """Who it was for: whose secret it had, or whose token."""
    wanted: str
    """Who it should have been for."""


class Record:
    """`clients` says which one each subscription has, and `secrets` the secret of each."""

    def __init__(self, emulator: Emulator, clients: dict[str, str], secrets: dict[str, str]) -> None:
        self._emulator, self._clients, self._secrets = emulator, clients, secrets
        self._owners: dict[str, str] = {}

    def take(self) -> list[Exchange]:
        """Those since the last question, in the order in which they were answered."""
        entries = self._emulator.control("GET", "requests")
        self._emulator.control("DELETE", "requests")
        exchanges: list[Exchange] = []
        for entry in entries:
            if entry["headers"].get("user-agent", "").startswith("azsdk-"):
                continue  # The eye of the demo itself, which looks into the storage account.
            # Between two looks at an operation a call waits, and it is the cloud that it waits for.
            waits = wire.is_look(entry["path"]) and exchanges
            start = exchanges[-1].sight.end if waits else entry["received"]
            exchanges.append(self._exchange(entry, start))
        return exchanges

    def _exchange(self, entry: dict[str, Any], start: float) -> Exchange:
        if entry["service"] in ("blob", "table"):
            return self._of_storage(entry, start)
        is_token = entry["service"] == "token"
        client = self._asker(entry) if is_token else self._bearer(entry)
        wanted = client if is_token else self._clients.get(entry["path"].split("/")[2], "")
        detail = f"for {client}" if is_token else wire.decisive(entry["path"], entry["body"])
        if error := _error(entry["answer"]):
            detail += f" → {error}"
        what = "POST token" if is_token else wire.action(entry["method"], entry["path"])
        verdict = f"{entry['status']} {'secret' if is_token else 'token'} of {client or 'nobody'}"
        sight = Sight(what, detail, verdict, client != "" and client == wanted, start, entry["time"])
        return Exchange(entry["service"], entry["method"], entry["path"], entry["status"], sight, client, wanted)

    def _of_storage(self, entry: dict[str, Any], start: float) -> Exchange:
        """Azurite checks the signature; whose it says that it is, and whether azurite took it, is seen here."""
        account = entry["path"].split("/")[1]
        scheme, _, rest = entry["headers"].get("authorization", "").partition(" ")
        signer = rest.split(":")[0] if scheme.startswith("SharedKey") else ""
        verdict = f"{entry['status']} key of {signer or 'nobody'}"
        what, detail = wire.of_storage(entry)
        sight = Sight(what, detail, verdict, signer == account and entry["status"] != 403, start, entry["time"])
        return Exchange(entry["service"], entry["method"], entry["path"], entry["status"], sight, signer, account)

    def _asker(self, entry: dict[str, Any]) -> str:
        """Who proves with the right secret who it is; the token that it gets is known from then on."""
        form = {key: values[0] for key, values in parse_qs(entry["body"]).items()}
        client = form.get("client_id", "")
        if client not in self._secrets or form.get("client_secret") != self._secrets[client]:
            return ""
        self._owners[entry["answer"]["access_token"]] = client
        return client

    def _bearer(self, entry: dict[str, Any]) -> str:
        return self._owners.get(entry["headers"].get("authorization", "").removeprefix("Bearer "), "")


def counted(exchanges: list[Exchange]) -> Counter[tuple[str, str, str]]:
    """Requests to services, as the host's log should have them. It tells in other words of those for tokens and keys, and
    in one line of all parts of an image."""
    others = {"POST token", "POST listKeys", "PUT page"}
    return Counter((it.method, it.path, str(it.status)) for it in exchanges if it.sight.what not in others)


def _error(answer: Any) -> str:
    """Azure's code: of a refusal, or of an operation that failed."""
    error = answer.get("error") if isinstance(answer, dict) else None
    return str(error.get("code", "")) if isinstance(error, dict) else str(error or "")
