"""Runs the emulator until it is told to end.

    PYTHONPATH=tests/azure .venv/bin/python -m azure_emulator --port 0

The first line says where it listens. `control.py` tells what tests can do with it.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import ssl
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from . import server
from .azurite import Azurite
from .cloud import Cloud
from .emulator import Emulator
from .settings import Settings

if TYPE_CHECKING:
    from .storage import Storage

# In bytes.
LARGEST_BLOCK = 1 << 28


def main() -> int:
    options = _options()
    settings = Settings(polls=options.polls, delay=options.delay, retry_after=options.retry_after)
    try:
        asyncio.run(_run(options, settings))
    except OSError as problem:
        print(f"cannot start: {problem}", file=sys.stderr)
        return 2
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="azure_emulator",
        description="An emulator of Azure Resource Manager, of Entra's token "
        "endpoints and of the instance metadata service.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0: one that is free")
    parser.add_argument("--tls-cert", type=Path, metavar="FILE", help="PEM with the certificate: serve HTTPS")
    parser.add_argument(
        "--tls-key", type=Path, metavar="FILE", help="PEM with its key, if that is not in the same file"
    )
    parser.add_argument(
        "--azurite", type=Path, metavar="FOLDER", help="where node_modules with azurite is: serve blobs and tables, too"
    )
    parser.add_argument(
        "--domain",
        metavar="NAME",
        help="the domain of a private cloud: storage accounts are ACCOUNT.blob.NAME and ACCOUNT.table.NAME, at the one "
        "address of this emulator",
    )
    parser.add_argument("--polls", type=int, default=1, metavar="N", help="how often an operation is seen in progress")
    parser.add_argument(
        "--delay", type=float, default=0.0, metavar="SECONDS", help="how long an operation takes at least"
    )
    parser.add_argument("--retry-after", type=int, default=0, metavar="SECONDS", help="value of Retry-After")
    parser.add_argument(
        "--until-stdin-ends", action="store_true", help="end with the process that holds the other end of stdin"
    )
    return parser.parse_args()


async def _run(options: argparse.Namespace, settings: Settings) -> None:
    cloud = Cloud(settings)
    ended = asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, ended.set)
    if options.until_stdin_ends:
        asyncio.get_running_loop().add_reader(sys.stdin, lambda: None if sys.stdin.buffer.read1() else ended.set())
    async with AsyncExitStack() as stack:
        emulator = Emulator(cloud)
        manager = handler = server.handler_of(emulator)
        storage = await _storage(options, emulator, stack) if options.azurite else None
        if storage and options.domain:
            emulator.cloud.storage_url = f"https://{{account}}.blob.{options.domain}/"
            emulator.cloud.table_url = f"https://{{account}}.table.{options.domain}/"
            handler = storage.in_domain(options.domain, manager)
        elif storage:
            await _serve_storage(options, storage, stack)
        largest = LARGEST_BLOCK if storage else server.LARGEST
        url = await stack.enter_async_context(
            server.serving(handler, options.host, options.port, _tls(options), largest=largest)
        )
        print(f"Running on {url}", flush=True)
        if options.tls_cert:
            # The metadata service of a VM is plain HTTP, always.
            print(
                f"Metadata on {await stack.enter_async_context(server.serving(manager, options.host, 0))}", flush=True
            )
        await ended.wait()


async def _storage(options: argparse.Namespace, emulator: Emulator, stack: AsyncExitStack) -> Storage:
    from .storage import Storage  # with the SDK, whose loading takes a second

    azurite = Azurite(options.azurite)
    stack.push_async_callback(azurite.close)
    http = await stack.enter_async_context(aiohttp.ClientSession(auto_decompress=False))
    return Storage(emulator, azurite, http)


async def _serve_storage(options: argparse.Namespace, storage: Storage, stack: AsyncExitStack) -> None:
    """At addresses of their own, where the account is the first segment of a path."""
    urls = [
        await stack.enter_async_context(
            server.serving(storage.handler(service), options.host, 0, largest=LARGEST_BLOCK)
        )
        for service in ("blob", "table")
    ]
    cloud = storage.emulator.cloud
    cloud.storage_url, cloud.table_url = (f"{url}/{{account}}/" for url in urls)


def _tls(options: argparse.Namespace) -> ssl.SSLContext | None:
    if not options.tls_cert:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.tls_cert, options.tls_key)
    return context


if __name__ == "__main__":
    sys.exit(main())
