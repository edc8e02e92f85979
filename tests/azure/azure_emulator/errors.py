"""Refusals, in the words of Azure: an HTTP status, a code that programs read, and a text that people read."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class ArmError(Exception):
    """Becomes the answer `{"error": {"code", "message", "target", "details"}}`."""

    status: int
    code: str
    message: str
    target: str | None = None
    details: list[dict[str, str]] | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, object]:
        error: dict[str, object] = {"code": self.code, "message": self.message}
        if self.target is not None:
            error["target"] = self.target
        if self.details is not None:
            error["details"] = self.details
        return {"error": error}


def bad_parameter(target: str, message: str) -> ArmError:
    """The compute provider's refusal of one value."""
    return ArmError(400, "InvalidParameter", message, target)


def conflict(message: str, target: str | None = None) -> ArmError:
    """The compute provider's refusal of what does not go in the present state."""
    return ArmError(409, "OperationNotAllowed", message, target)


def invalid_reference(user: str, missing: str) -> ArmError:
    """The network provider's refusal of a reference to what is not there."""
    return ArmError(
        400,
        "InvalidResourceReference",
        f"Resource {missing} referenced by resource {user} was not found. Please make sure that the "
        "referenced resource exists, and that both resources are in the same region.",
        details=[],
    )


def not_found(kind: str, names: str, group: str) -> ArmError:
    return ArmError(
        404,
        "ResourceNotFound",
        f"The Resource '{kind}/{names}' under resource group '{group}' was not found. For more details "
        "please go to https://aka.ms/ARMResourceNotFoundFix",
    )


def group_not_found(group: str) -> ArmError:
    return ArmError(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.")
