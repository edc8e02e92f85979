"""A record of what was asked and answered."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from .messages import Answer, Request

_MOST = 10000


class Journal:
    def __init__(self) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=_MOST)

    def add(self, service: str, request: Request, answer: Answer | None) -> None:
        """`answer` is nothing where the connection was broken instead."""
        self._entries.append(
            {
                "received": request.received,
                "time": time.time(),
                "service": service,
                "method": request.method,
                "path": request.path,
                "query": request.query,
                "headers": request.headers,
                "body": _body(request),
                "status": answer.status if answer else None,
                "answer_headers": answer.headers if answer else {},
                "answer": answer.body if answer else None,
            }
        )

    def shown(self) -> list[dict[str, Any]]:
        return list(self._entries)

    def clear(self) -> None:
        self._entries.clear()


def _body(request: Request) -> Any:
    try:
        return request.body
    except ValueError:
        return request.raw[:4096].decode("utf-8", "replace")
