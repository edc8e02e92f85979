"""The whole emulator apart from HTTP: which service a request is for, failures on demand, and the record."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable

from . import arm, identity
from .cloud import Cloud
from .control import Control
from .errors import ArmError
from .faults import Fault
from .journal import Journal
from .messages import Answer, Request

Handler = Callable[[Request], Answer]

_GUID = re.compile(r"[\w-]{1,64}")


class Emulator:
    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.journal = Journal()
        self.control = Control(cloud, self.journal)

    def is_control(self, request: Request) -> bool:
        return request.path.startswith("/_emulator/")

    def find_fault(self, request: Request) -> Fault | None:
        return None if self.is_control(request) else self.cloud.faults.find(request.method, request.path)

    def answer(self, request: Request) -> Answer | None:
        """Nothing means that the connection is to be broken."""
        if self.is_control(request):
            return self._guarded(self.control.answer, request)
        fault = request.fault
        service, handler = self._service(request)
        answer: Answer | None = None
        if not fault or not (fault.drop == "before" or (fault.status and not fault.effect)):
            answer = self._guarded(handler, request)
        if fault and fault.drop:
            answer = None
        elif fault and fault.status:
            error = {"error": {"code": fault.code, "message": fault.message}}
            answer = Answer(fault.status, error if fault.body is None else fault.body, dict(fault.headers))
        if answer:
            self._add_headers(request, answer)
        self.journal.add(service, request, answer)
        return answer

    def _service(self, request: Request) -> tuple[str, Handler]:
        if request.path.lower().startswith("/metadata/"):
            return "metadata", lambda one: identity.metadata(self.cloud, one)
        if found := identity.TOKEN.fullmatch(request.path):
            return "token", lambda one: identity.token(self.cloud, one, found["tenant"], v2=bool(found["v2"]))
        if found := identity.DISCOVERY.fullmatch(request.path):
            return "token", lambda one: identity.discovery(self.cloud, one, found["tenant"])
        return "arm", lambda one: arm.answer(self.cloud, one)

    def _guarded(self, handler: Handler, request: Request) -> Answer:
        try:
            return handler(request)
        except ArmError as refusal:
            return Answer(refusal.status, refusal.body(), refusal.headers)
        except Exception as defect:  # whatever it is, a test has to see that it is not the caller's
            traceback.print_exc()
            error = {
                "code": "EmulatorDefect",
                "message": f"The emulator itself failed: {type(defect).__name__}: {defect}",
            }
            return Answer(500, {"error": error})

    def _add_headers(self, request: Request, answer: Answer) -> None:
        wanted = request.headers.get("x-ms-client-request-id", "")
        request_id = self.cloud.guid()
        answer.headers.update(
            {
                "x-ms-request-id": request_id,
                "x-ms-correlation-request-id": request_id,
                "x-ms-routing-request-id": f"EMULATOR:20260101T000000Z:{request_id}",
            }
        )
        if answer.body is not None:
            answer.headers["Content-Type"] = "application/json; charset=utf-8"
        if _GUID.fullmatch(wanted) and request.headers.get("x-ms-return-client-request-id", "").lower() == "true":
            answer.headers["x-ms-client-request-id"] = wanted
