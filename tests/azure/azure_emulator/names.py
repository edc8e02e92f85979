"""Names that each type of resource may have."""

from __future__ import annotations

import re

from .errors import ArmError, bad_parameter

_GROUP = re.compile(r"[\w().-]{0,89}[\w()-]")
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
_COMPUTE = re.compile(r"[A-Za-z0-9_]([\w.-]{0,78}\w)?", re.ASCII)
_NETWORK = re.compile(r"[A-Za-z0-9]([\w.-]{0,78}\w)?", re.ASCII)
_GALLERY = re.compile(r"[A-Za-z0-9]([\w.]{0,78}[A-Za-z0-9])?", re.ASCII)
_VERSION = re.compile(r"\d+\.\d+\.\d+")
_VM = re.compile(r"[A-Za-z0-9]([\w.-]{0,62}\w)?", re.ASCII)


def check_name(kind: str, name: str) -> None:
    """Refuses a name that this type must not have."""
    kind = kind.lower()
    if kind == "microsoft.resources/resourcegroups":
        if not _GROUP.fullmatch(name):
            raise ArmError(
                400,
                "InvalidResourceGroup",
                f"The provided resource group name '{name}' has these invalid "
                "characters or is too long. It has at most 90 word characters, periods, hyphens and brackets.",
            )
    elif kind == "microsoft.storage/storageaccounts":
        if not _ACCOUNT.fullmatch(name):
            raise ArmError(
                400,
                "AccountNameInvalid",
                f"{name} is not a valid storage account name. Storage account name "
                "must be between 3 and 24 characters in length and use numbers and lower-case letters only.",
            )
    elif kind.startswith("microsoft.network/"):
        if not _NETWORK.fullmatch(name):
            raise ArmError(
                400,
                "InvalidResourceName",
                f"Resource name {name} is invalid. The name can be up to 80 "
                "characters long. It must begin with a word character, and it must end with a word character or "
                "with '_'. The name may contain word characters or '.', '-', '_'.",
                details=[],
            )
    elif not _compute(kind).fullmatch(name):
        raise bad_parameter(
            "resourceName",
            f"The entity name '{name}' is invalid according to its validation rule: ^{_compute(kind).pattern}$.",
        )


def _compute(kind: str) -> re.Pattern[str]:
    if kind == "microsoft.compute/galleries":
        return _GALLERY
    if kind.endswith("/images/versions"):
        return _VERSION
    return _VM if kind == "microsoft.compute/virtualmachines" else _COMPUTE
