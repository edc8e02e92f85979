"""A proxy that connects everybody to one server, whatever they ask for, and keeps what they asked."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Tunnel:
    url: str
    asked: list[list[str]] = field(default_factory=list)
    """The lines of each request for a connection."""

    def hosts(self) -> list[str]:
        return sorted({lines[0].split()[1] for lines in self.asked})


@contextmanager
def tunnel(target: str) -> Iterator[Tunnel]:
    """Runs as long as the block."""
    place = urlsplit(target)
    server_address = (place.hostname, place.port)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            lines = list(iter(lambda: self.rfile.readline().decode().strip(), ""))
            made.asked.append(lines)
            with socket.create_connection(server_address) as server:
                self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n")
                back = threading.Thread(target=_copy, args=(server, self.connection), daemon=True)
                back.start()
                _copy(self.connection, server)
                back.join()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        made = Tunnel(f"http://127.0.0.1:{server.server_address[1]}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield made
        finally:
            server.shutdown()


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Until one side hangs up, which ends the other direction as well."""
    try:
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass
