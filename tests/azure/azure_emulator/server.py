"""HTTP: turns requests into the emulator's own, and its answers into responses."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from .emulator import Emulator
from .messages import Request

# The largest body, in bytes.
LARGEST = 8 << 20
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(
    handler: Handler,
    host: str,
    port: int,
    tls: ssl.SSLContext | None = None,
    largest: int = LARGEST,
) -> AsyncIterator[str]:
    """Listens as long as the block lasts, and gives the address. For port 0 the kernel chooses one that is free."""
    app = web.Application(client_max_size=largest, middlewares=[_with_length])
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, ssl_context=tls).start()
        yield f"{'https' if tls else 'http'}://{host}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@web.middleware
async def _with_length(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Azure's servers want to be told the length of a body also where there is none."""
    told = {"Content-Length", "Transfer-Encoding"} & set(request.headers)
    if request.method in ("PATCH", "POST", "PUT") and not told:
        return web.Response(status=411, reason="Length Required")
    return await handler(request)


def handler_of(emulator: Emulator) -> Handler:
    async def handle(incoming: web.Request) -> web.StreamResponse:
        request = Request(
            incoming.method,
            "/" + incoming.path.lstrip("/"),
            dict(incoming.query),
            {name.lower(): value for name, value in incoming.headers.items()},
            await incoming.read(),
            f"{incoming.scheme}://{incoming.host}",
        )
        request.fault = emulator.find_fault(request)
        if request.fault and request.fault.delay and request.fault.operation is None:
            await asyncio.sleep(request.fault.delay)
        answer = emulator.answer(request)
        if answer is None:
            if incoming.transport:
                incoming.transport.abort()
            raise asyncio.CancelledError
        if answer.body is None:
            return web.Response(status=answer.status, headers=answer.headers)
        return web.Response(status=answer.status, headers=answer.headers, body=json.dumps(answer.body).encode())

    return handle
