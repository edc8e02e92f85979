"""Managed images."""

from __future__ import annotations

from ..cloud import Cloud
from ..errors import ArmError, bad_parameter
from ..ids import ResourceId, reference
from ..store import Body, Entry
from .base import Kind, Style, fill, properties


class Images(Kind):
    type = "Microsoft.Compute/images"
    style = Style()

    def build(self, cloud: Cloud, rid: ResourceId, body: Body, old: Entry | None) -> Body:
        own = properties(body)
        machine = reference(own.get("sourceVirtualMachine"))
        if machine:
            self._capture(cloud, own, machine)
        disk = (own.get("storageProfile") or {}).get("osDisk")
        if not disk:
            raise bad_parameter(
                "storageProfile.osDisk", "Required parameter 'storageProfile.osDisk' is missing (null)."
            )
        sources = [name for name in ("blobUri", "managedDisk", "snapshot") if disk.get(name)]
        if not machine and len(sources) != 1:
            raise bad_parameter(
                "osDisk",
                "Exactly one of blobUri, managedDisk and snapshot has to be given as the source of "
                f"the OS disk, not {len(sources)}.",
            )
        for name in ("managedDisk", "snapshot"):
            if disk.get(name):
                cloud.expect(reference(disk[name]), f"osDisk.{name}.id")
        if old and old.properties["storageProfile"]["osDisk"].get("blobUri") != disk.get("blobUri"):
            raise ArmError(
                409, "PropertyChangeNotAllowed", "Changing property 'osDisk.blobUri' is not allowed.", "osDisk.blobUri"
            )
        if disk.get("blobUri"):
            _check_blob(cloud, disk["blobUri"], body["location"])
        fill(disk, caching="None", storageAccountType="Standard_LRS")
        fill(own["storageProfile"], dataDisks=[], zoneResilient=False)
        fill(own, hyperVGeneration="V1")
        return body

    def _capture(self, cloud: Cloud, own: Body, machine: str) -> None:
        vm = cloud.expect(machine, "sourceVirtualMachine.id")
        if not vm.hidden.get("generalized"):
            raise ArmError(
                409, "OperationNotAllowed", f"Cannot create the image: VM '{vm.body['name']}' has not been generalized."
            )
        disk = vm.properties["storageProfile"]["osDisk"]
        fill(
            own,
            storageProfile={
                "osDisk": {
                    "osType": disk["osType"],
                    "osState": "Generalized",
                    "managedDisk": {"id": disk["managedDisk"]["id"]},
                    "caching": disk["caching"],
                    "diskSizeGB": disk["diskSizeGB"],
                }
            },
        )


def _check_blob(cloud: Cloud, uri: str, location: str) -> None:
    for account in cloud.store.of("Microsoft.Storage/storageAccounts"):
        if uri.startswith(account.properties["primaryEndpoints"]["blob"]):
            if account.body["location"] != location:
                raise bad_parameter(
                    "osDisk.blobUri",
                    f"The source blob {uri} is in '{account.body['location']}', not in the "
                    f"location '{location}' of the image.",
                )
            return
    raise bad_parameter("osDisk.blobUri", f"The source blob {uri} is not in a storage account of this subscription.")


KINDS = (Images(),)
