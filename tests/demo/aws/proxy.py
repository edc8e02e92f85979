"""Stands between `cpi-host` and the cloud: passes requests on, keeps a record, and judges each signature."""

from __future__ import annotations

import http.client
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from botocore.credentials import Credentials

from . import signature, wire

_ERROR_CODE = re.compile(rb"<Code>([^<]*)</Code>")
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "accept-encoding", "content-length"}


@dataclass
class Exchange:
    """One request, and what the cloud said to it."""

    action: str
    params: dict[str, str]
    signed: str
    start: float
    end: float = 0.0
    status: int = 0
    error: str = ""


@dataclass
class Record:
    """What went through. Requests come from several threads; whoever asks takes all there is."""

    exchanges: list[Exchange] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, exchange: Exchange) -> None:
        with self.lock:
            self.exchanges.append(exchange)

    def take(self) -> list[Exchange]:
        with self.lock:
            taken, self.exchanges = self.exchanges, []
        return taken


@contextmanager
def recording(moto_port: int, credentials: Credentials) -> Iterator[tuple[int, Record]]:
    """Gives the port of the proxy and its record, for as long as the block lasts."""
    record = Record()
    handler = type("Handler", (_Handler,), {"port": moto_port, "credentials": credentials, "record": record})
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1], record
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    port: int
    credentials: Credentials
    record: Record

    def do_POST(self) -> None:
        start = time.perf_counter()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        params = wire.parameters(body)
        url = f"http://{self.headers['Host']}{self.path}"
        signed = signature.verdict(self.credentials, self.command, url, self.headers, body)
        exchange = Exchange(params.get("Action", "?"), params, signed, start)
        self.record.add(exchange)
        status, kind, answer = self._pass_on(body)
        exchange.status = status
        if status >= 300:
            code = _ERROR_CODE.search(answer)
            exchange.error = code[1].decode() if code else ""
        exchange.end = time.perf_counter()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _pass_on(self, body: bytes) -> tuple[int, str, bytes]:
        """The cloud's status, content type and answer."""
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        cloud = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            cloud.request(self.command, self.path, body, headers)
            answer = cloud.getresponse()
            return answer.status, answer.getheader("Content-Type", "text/xml"), answer.read()
        except (OSError, http.client.HTTPException) as problem:
            return 502, "text/plain", f"the cloud does not answer: {problem}".encode()
        finally:
            cloud.close()

    def log_message(self, *_: object) -> None:
        """Says nothing: the record is the log."""
