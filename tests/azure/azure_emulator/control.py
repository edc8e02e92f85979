"""`/_emulator/…`: what a test sets, breaks and looks at.

POST   /_emulator/reset        everything as after the start, settings too; with {"resources": […]} these are put in place
POST   /_emulator/resources    adds resources as they are, without checks; DELETE with {"id"} removes one
GET    /_emulator/state        all resources, with what only the service knows; unfinished operations
GET    /_emulator/settings     settings; PATCH changes them
GET    /_emulator/faults       rules of failures (`faults.py`); POST adds one, DELETE removes all
GET    /_emulator/requests     what was asked and answered; DELETE forgets it
DELETE /_emulator/tokens       makes all tokens invalid that were handed out
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .cloud import Cloud
from .errors import ArmError
from .faults import Fault
from .ids import ResourceId
from .journal import Journal
from .kinds.resource_groups import TYPE as GROUP
from .messages import Answer, Request
from .registry import KINDS


class Control:
    def __init__(self, cloud: Cloud, journal: Journal) -> None:
        self.cloud, self.journal = cloud, journal
        self._handlers: dict[str, Callable[[Any], Any]] = {
            "POST reset": self._reset,
            "POST resources": self._add,
            "DELETE resources": self._remove,
            "GET state": self._state,
            "GET settings": lambda _: cloud.settings.shown(),
            "PATCH settings": self._change,
            "GET faults": lambda _: [vars(fault) for fault in cloud.faults.rules],
            "POST faults": self._break,
            "DELETE faults": lambda _: cloud.faults.rules.clear(),
            "GET requests": lambda _: journal.shown(),
            "DELETE requests": lambda _: journal.clear(),
            "DELETE tokens": lambda _: {"revoked": cloud.tokens.revoke()},
        }

    def answer(self, request: Request) -> Answer:
        name = f"{request.method} {request.path.removeprefix('/_emulator/').rstrip('/')}"
        if name not in self._handlers:
            raise ArmError(404, "NotFound", f"{name} is not one of {', '.join(self._handlers)}.")
        try:
            return Answer(200, self._handlers[name](request.body))
        except (ValueError, TypeError, KeyError) as problem:
            raise ArmError(400, "BadRequest", f"{name}: {problem}") from problem

    def _reset(self, body: Any) -> dict[str, int]:
        self.cloud.reset()
        self.journal.clear()
        return self._add(body or {})

    def _add(self, body: Any) -> dict[str, int]:
        resources = body.get("resources") or []
        for resource in resources:
            rid = ResourceId.parse(resource["id"])
            if rid and rid.kind not in KINDS:
                raise ValueError(f"{resource['id']}: {rid.kind} is not a type that the emulator has")
            own = {
                "name": resource["id"].rsplit("/", 1)[1],
                "type": KINDS[rid.kind].type if rid else GROUP,
                "properties": {},
            }
            self.cloud.store.put({**own, **resource}, body.get("hidden") or {})
        return {"resources": len(resources)}

    def _remove(self, body: Any) -> None:
        self.cloud.store.remove(body["id"])

    def _state(self, _: Any) -> dict[str, Any]:
        return {
            "resources": [
                {**entry.body, "etag": entry.etag, **({"hidden": entry.hidden} if entry.hidden else {})}
                for entry in self.cloud.store.all()
            ],
            "operations": self.cloud.operations.unfinished(),
        }

    def _change(self, body: Any) -> dict[str, Any]:
        self.cloud.settings.change(body)
        return self.cloud.settings.shown()

    def _break(self, body: Any) -> dict[str, int]:
        for one in body if isinstance(body, list) else [body]:
            self.cloud.faults.rules.append(Fault.read(one))
        return {"faults": len(self.cloud.faults.rules)}
