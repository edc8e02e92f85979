"""Blobs and tables: passed on to azurite, with what it does not check, failures on demand, and a record."""

from __future__ import annotations

import asyncio
import hashlib

import aiohttp
from aiohttp import web
from azure.core.credentials import AzureNamedKeyCredential
from azure.data.tables.aio import TableServiceClient
from azure.storage.blob.aio import BlobServiceClient
from yarl import URL

from .azurite import Azurite
from .emulator import Emulator
from .kinds import disk_access
from .kinds.storage_accounts import TYPE, account_key
from .messages import Answer, Request
from .server import Handler

# The most that one write of pages may carry. Azure refuses more, azurite does not.
MOST_PAGES = 4 << 20
# What is between two hops, and not to be passed on.
_HOPS = {"connection", "keep-alive", "transfer-encoding", "content-length", "expect"}


class Storage:
    def __init__(self, emulator: Emulator, azurite: Azurite, http: aiohttp.ClientSession) -> None:
        self.emulator, self.azurite, self.http = emulator, azurite, http
        self._served: dict[str, str] = {}
        """Account -> when it was made, for those that azurite has been asked about."""
        self._emptying = asyncio.Lock()

    def in_domain(self, domain: str, other: Handler) -> Handler:
        """Blobs and tables at hosts of their accounts in this domain, and what is at all others."""
        services = {service: self.handler(service) for service in ("blob", "table")}

        async def handle(incoming: web.Request) -> web.StreamResponse:
            _, _, rest = incoming.host.partition(".")
            service, _, where = rest.partition(".")
            return await (services.get(service, other) if where == domain else other)(incoming)

        return handle

    def handler(self, service: str) -> Handler:
        """`blob` or `table`. The first label of a host, or the first segment of a path at a number, is the account."""

        async def handle(incoming: web.Request) -> web.StreamResponse:
            body = await incoming.read()
            account = _account(incoming)
            request = Request(
                incoming.method,
                incoming.path,
                dict(incoming.query),
                {name.lower(): value for name, value in incoming.headers.items()},
                b"",
                str(incoming.url.origin()),
            )
            fault = self.emulator.find_fault(request)
            response: web.Response | None = None
            if fault and fault.delay:
                await asyncio.sleep(fault.delay)
            if not fault or fault.effect or fault.drop == "after" or not (fault.status or fault.drop):
                response = self._refused(request, service, account, body) or await self._passed_on(
                    incoming, service, account, body
                )
            if fault and fault.status:
                response = _error(fault.status, fault.code, fault.message, fault.headers)
            dropped = bool(fault and fault.drop)
            self._record(request, service, body, None if dropped else response)
            if dropped or response is None:
                if incoming.transport:
                    incoming.transport.abort()
                raise asyncio.CancelledError
            return response

        return handle

    def _refused(self, request: Request, service: str, account: str, body: bytes) -> web.Response | None:
        if account not in self._accounts():
            return _error(
                404, "ResourceNotFound", f"There is no storage account {account}; its name would not resolve."
            )
        is_pages = service == "blob" and request.method == "PUT" and request.query.get("comp") == "page"
        if is_pages and len(body) > MOST_PAGES:
            return _error(
                413,
                "RequestBodyTooLarge",
                "The request body is too large and exceeds the maximum permissible limit.",
                {"x-ms-error-limit": str(MOST_PAGES)},
            )
        return None

    async def _passed_on(self, incoming: web.Request, service: str, account: str, body: bytes) -> web.Response:
        home = await self.azurite.url(service)
        await self._empty_if_new(account)
        if account == disk_access.ACCOUNT:
            await self._make_disk(incoming.path.rsplit("/", 1)[1])
        headers = {name: value for name, value in incoming.headers.items() if name.lower() not in _HOPS}
        # The path as it was sent: the signature is over these very characters.
        url = URL(home + incoming.raw_path, encoded=True)
        async with self.http.request(
            incoming.method,
            url,
            data=body,
            headers=headers,
            allow_redirects=False,
            skip_auto_headers=("Content-Type", "User-Agent", "Accept"),
        ) as answer:
            content = await answer.read()
            kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in _HOPS]
            response = web.Response(
                status=answer.status, headers=kept, body=content if incoming.method != "HEAD" else None
            )
            if incoming.method == "HEAD" and "Content-Length" in answer.headers:
                response.headers["Content-Length"] = answer.headers["Content-Length"]
            return response

    def _accounts(self) -> dict[str, str]:
        """Those there are, and when they were made."""
        made = {
            entry.body["name"]: entry.properties.get("creationTime", "") for entry in self.emulator.cloud.store.of(TYPE)
        }
        return {**made, disk_access.ACCOUNT: ""}

    async def _empty_if_new(self, account: str) -> None:
        """An account that is made again under an old name does not have what the old one had."""
        made = self._accounts().get(account, "")
        async with self._emptying:
            if self._served.get(account, made) != made:
                async with self._blobs(account) as blobs:
                    async for container in blobs.list_containers():
                        await blobs.delete_container(container.name)
                credential = AzureNamedKeyCredential(account, account_key(account))
                async with TableServiceClient(
                    f"{self.azurite.urls['table']}/{account}", credential=credential
                ) as tables:
                    async for one in tables.list_tables():
                        await tables.delete_table(one.name)
            self._served[account] = made

    async def _make_disk(self, name: str) -> None:
        """The blob of a disk is there as soon as there is access to it; this makes it when it is first asked for."""
        for kind in ("Microsoft.Compute/disks", "Microsoft.Compute/snapshots"):
            for entry in self.emulator.cloud.store.of(kind):
                if entry.properties.get("uniqueId") == name and not entry.hidden.get("has_blob"):
                    entry.hidden["has_blob"] = True
                    size = (
                        entry.properties["creationData"].get("uploadSizeBytes")
                        or entry.properties["diskSizeBytes"] + 512
                    )
                    async with self._blobs(disk_access.ACCOUNT) as blobs:
                        container = blobs.get_container_client(disk_access.CONTAINER)
                        if not await container.exists():
                            await container.create_container()
                        await container.get_blob_client(name).create_page_blob(size)

    def _blobs(self, account: str) -> BlobServiceClient:
        return BlobServiceClient(
            f"{self.azurite.urls['blob']}/{account}", {"account_name": account, "account_key": account_key(account)}
        )

    def _record(self, request: Request, service: str, body: bytes, response: web.Response | None) -> None:
        request.raw = b'{"bytes": %d, "sha256": "%s"}' % (len(body), hashlib.sha256(body).hexdigest().encode())
        self.emulator.journal.add(
            service, request, Answer(response.status, None, dict(response.headers)) if response else None
        )


def _account(incoming: web.Request) -> str:
    host = incoming.host.partition(":")[0]
    is_number = host.replace(".", "").isdigit()
    return incoming.path.split("/")[1] if is_number else host.partition(".")[0]


def _error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> web.Response:
    body = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return web.Response(
        status=status,
        body=body.encode(),
        content_type="application/xml",
        headers={**(headers or {}), "x-ms-error-code": code},
    )
