"""Starting and stopping VMs, and how they are."""

from __future__ import annotations

from collections.abc import Callable

from ..cloud import Cloud
from ..errors import conflict
from ..longrunning import accepted
from ..messages import Answer, Request
from ..operations import now
from ..specification import table
from ..store import Body, Entry
from . import sizes
from .disk_users import disks_of

_SHOWN = {
    "running": "VM running",
    "stopped": "VM stopped",
    "deallocated": "VM deallocated",
    "starting": "VM starting",
    "creating": "VM creating",
}


def instance_view(cloud: Cloud, entry: Entry) -> Body:
    power = entry.hidden.get("power", "running")
    time = entry.properties.get("timeCreated")
    statuses = [_status(f"ProvisioningState/{entry.state.lower()}", f"Provisioning {entry.state.lower()}", time)]
    if entry.hidden.get("generalized"):
        statuses.append(_status("OSState/generalized", "VM generalized"))
    if power != "creating":
        statuses.append(_status(f"PowerState/{power}", _SHOWN[power]))
    return {
        "hyperVGeneration": "V1",
        "statuses": statuses,
        "disks": [
            {"name": disk["name"], "statuses": [_status("ProvisioningState/succeeded", "Provisioning succeeded", time)]}
            for disk in disks_of(entry.body)
        ],
    }


def _status(code: str, text: str, time: str | None = None) -> Body:
    return {"code": code, "level": "Info", "displayStatus": text, **({"time": time} if time else {})}


def _power(target: str, refused: tuple[str, ...] = ()) -> Callable[[Cloud, Request, Entry], Answer]:
    def act(cloud: Cloud, request: Request, entry: Entry) -> Answer:
        power = entry.hidden.get("power", "running")
        if cloud.operations.running(entry.id):
            raise conflict(
                f"The operation on VM '{entry.body['name']}' is not allowed while another one is in progress."
            )
        if power in refused or entry.hidden.get("generalized"):
            raise conflict(
                f"The requested operation cannot be performed because the VM '{entry.body['name']}' is {power}."
            )

        def finish() -> None:
            entry.hidden["power"] = target

        return accepted(cloud, request, entry.id, 202, finish=finish)

    return act


def _generalize(cloud: Cloud, request: Request, entry: Entry) -> Answer:
    if entry.hidden.get("power") not in ("stopped", "deallocated"):
        raise conflict(
            f"VM '{entry.body['name']}' cannot be generalized: it has to be powered off or deallocated first."
        )
    entry.hidden["generalized"] = True
    return Answer(200)


def _view(cloud: Cloud, request: Request, entry: Entry) -> Answer:
    view = {"properties": {"instanceView": instance_view(cloud, entry)}}
    return Answer(
        200, table.shown("Microsoft.Compute/virtualMachines", request.version, view)["properties"]["instanceView"]
    )


def _sizes(cloud: Cloud, request: Request, entry: Entry) -> Answer:
    return Answer(200, {"value": sizes.listed(cloud)})


def _console(cloud: Cloud, request: Request, entry: Entry) -> Answer:
    if not ((entry.properties.get("diagnosticsProfile") or {}).get("bootDiagnostics") or {}).get("enabled"):
        raise conflict(f"Boot diagnostics is not enabled for VM '{entry.body['name']}'.")
    url = f"{request.base}/_emulator/console/{entry.body['name']}?se={now()[:19]}Z&sig=emulated"
    return Answer(
        200, {"consoleScreenshotBlobUri": f"{url}&what=screen", "serialConsoleLogBlobUri": f"{url}&what=serial"}
    )


ACTIONS = {
    "POST start": _power("running"),
    "POST restart": _power("running", ("stopped", "deallocated")),
    "POST powerOff": _power("stopped", ("deallocated",)),
    "POST deallocate": _power("deallocated"),
    "POST redeploy": _power("running", ("deallocated",)),
    "POST reapply": _power("running"),
    "POST generalize": _generalize,
    "POST retrieveBootDiagnosticsData": _console,
    "GET instanceView": _view,
    "GET vmSizes": _sizes,
}
