"""Everything the emulator has, asked for in plain requests of one set of api-versions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .running import SCOPE, SSH, Emulator

# What there are descriptions of: the newest, and those that the Ruby CPI sends. The network's are the same for both.
RECENT = {
    "compute": "2024-03-01",
    "disks": "2023-10-02",
    "snapshots": "2023-10-02",
    "diskencryptionsets": "2023-10-02",
    "galleries": "2023-07-03",
    "skus": "2021-07-01",
    "network": "2024-01-01",
    "storage": "2023-05-01",
    "managedidentity": "2023-01-31",
    "resources": "2024-03-01",
    "subscriptions": "2022-12-01",
}
RUBY = {**RECENT, "compute": "2021-11-01", "disks": "2023-04-02", "snapshots": "2021-04-01", "storage": "2017-10-01"}

_COMPUTE = "g/providers/Microsoft.Compute"
_NETWORK = "g/providers/Microsoft.Network"
_STORAGE = "g/providers/Microsoft.Storage"
_HOME = {"location": "eastus", "tags": {"user-agent": "bosh"}}


class Scenario:
    """A life in one resource group. Requests that fail stop it."""

    def __init__(self, emulator: Emulator, versions: Mapping[str, str]) -> None:
        self.emulator, self.versions = emulator, versions

    def live(self) -> None:
        self.put("g", _HOME)
        self._network()
        self._placement()
        self._disks()
        self._images()
        self._machine()
        self._lists()
        self._end()

    def _network(self) -> None:
        network, subnet = f"{_NETWORK}/virtualNetworks/net", f"{_NETWORK}/virtualNetworks/net/subnets/a"
        group = self.put(
            f"{_NETWORK}/networkSecurityGroups/nsg",
            {
                **_HOME,
                "properties": {"securityRules": [SSH]},
            },
        )
        self.put(network, {**_HOME, "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}})
        self.put(subnet, {"properties": {"addressPrefix": "10.0.0.0/24", "networkSecurityGroup": {"id": group["id"]}}})
        self.put(f"{_NETWORK}/virtualNetworks/net/subnets/b", {"properties": {"addressPrefix": "10.0.1.0/24"}})
        self.get(f"{network}/subnets")
        self.get(f"{network}/CheckIPAddressAvailability", ipAddress="10.0.0.9")
        standard = {
            "sku": {"name": "Standard"},
            "properties": {"publicIPAllocationMethod": "Static", "idleTimeoutInMinutes": 5},
        }
        address = self.put(f"{_NETWORK}/publicIPAddresses/lb", {**_HOME, **standard})
        own = self.put(f"{_NETWORK}/publicIPAddresses/vm", {**_HOME, **standard, "zones": ["1"]})
        self.put(
            f"{_NETWORK}/publicIPPrefixes/some",
            {**_HOME, "sku": {"name": "Standard"}, "properties": {"prefixLength": 28}},
        )
        front = f"{SCOPE}/resourceGroups/{_NETWORK}/loadBalancers/lb/frontendIPConfigurations/front"
        self.put(
            f"{_NETWORK}/loadBalancers/lb",
            {
                **_HOME,
                "sku": {"name": "Standard"},
                "properties": {
                    "frontendIPConfigurations": [
                        {"name": "front", "properties": {"publicIPAddress": {"id": address["id"]}}}
                    ],
                    "inboundNatRules": [
                        {
                            "name": "ssh",
                            "properties": {
                                "frontendIPConfiguration": {"id": front},
                                "protocol": "Tcp",
                                "frontendPort": 2200,
                                "backendPort": 22,
                            },
                        }
                    ],
                },
            },
        )
        pool = self.put(f"{_NETWORK}/loadBalancers/lb/backendAddressPools/pool", {"properties": {}})
        for part in ("backendAddressPools", "inboundNatRules", "frontendIPConfigurations", "inboundNatRules/ssh"):
            self.get(f"{_NETWORK}/loadBalancers/lb/{part}")
        gateway = self.put(
            f"{_NETWORK}/applicationGateways/gw", {**_HOME, "properties": {"backendAddressPools": [{"name": "pool"}]}}
        )
        application = self.put(f"{_NETWORK}/applicationSecurityGroups/asg", _HOME)
        self.put(
            f"{_NETWORK}/networkInterfaces/vm-0",
            {
                **_HOME,
                "properties": {
                    "networkSecurityGroup": {"id": group["id"]},
                    "dnsSettings": {"dnsServers": []},
                    "enableIPForwarding": True,
                    "ipConfigurations": [
                        {
                            "name": "ipconfig0",
                            "properties": {
                                "privateIPAllocationMethod": "Static",
                                "privateIPAddress": "10.0.0.20",
                                "privateIPAddressVersion": "IPv4",
                                "subnet": {"id": f"{SCOPE}/resourceGroups/{subnet}"},
                                "publicIPAddress": {"id": own["id"]},
                                "primary": True,
                                "loadBalancerBackendAddressPools": [{"id": pool["id"]}],
                                "loadBalancerInboundNatRules": [
                                    {"id": f"{pool['id'].split('/backendAddressPools')[0]}/inboundNatRules/ssh"}
                                ],
                                "applicationGatewayBackendAddressPools": [
                                    {"id": gateway["properties"]["backendAddressPools"][0]["id"]}
                                ],
                                "applicationSecurityGroups": [{"id": application["id"]}],
                            },
                        }
                    ],
                },
            },
        )
        for kind in (
            "virtualNetworks/net",
            "networkSecurityGroups/nsg",
            "publicIPAddresses/vm",
            "loadBalancers/lb",
            "applicationGateways/gw",
            "applicationSecurityGroups/asg",
            "networkInterfaces/vm-0",
            "loadBalancers/lb/backendAddressPools/pool",
            "networkInterfaces/vm-0/ipConfigurations",
            "networkInterfaces/vm-0/ipConfigurations/ipconfig0",
        ):
            self.get(f"{_NETWORK}/{kind}")
        self.patch(f"{_NETWORK}/networkInterfaces/vm-0", {"tags": {"a": "b"}})

    def _placement(self) -> None:
        self.put(
            f"{_COMPUTE}/availabilitySets/set",
            {
                **_HOME,
                "sku": {"name": "Aligned"},
                "properties": {"platformFaultDomainCount": 2, "platformUpdateDomainCount": 5},
            },
        )
        self.patch(f"{_COMPUTE}/availabilitySets/set", {"tags": {"a": "b"}})
        self.get(f"{_COMPUTE}/availabilitySets/set/vmSizes")
        self.put("g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/me", _HOME)
        self.put(
            f"{_COMPUTE}/diskEncryptionSets/keys",
            {
                **_HOME,
                "identity": {"type": "SystemAssigned"},
                "properties": {"activeKey": {"keyUrl": "https://vault.example/keys/one/1"}},
            },
        )
        if self.versions is RECENT:
            self.put(f"{_COMPUTE}/proximityPlacementGroups/near", {**_HOME, "properties": {}})
            self.put(f"{_COMPUTE}/capacityReservationGroups/group", _HOME)
            self.put(
                f"{_COMPUTE}/capacityReservationGroups/group/capacityReservations/some",
                {**_HOME, "sku": {"name": "Standard_D2s_v3", "capacity": 1}},
            )

    def _disks(self) -> None:
        disk = self.put(
            f"{_COMPUTE}/disks/data",
            {
                **_HOME,
                "sku": {"name": "Premium_LRS"},
                "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 4},
            },
        )
        keys = f"{SCOPE}/resourceGroups/{_COMPUTE}/diskEncryptionSets/keys"
        self.put(
            f"{_COMPUTE}/disks/safe",
            {
                **_HOME,
                "zones": ["1"],
                "sku": {"name": "PremiumV2_LRS"},
                "properties": {
                    "creationData": {"createOption": "Empty"},
                    "diskSizeGB": 4,
                    "diskIOPSReadWrite": 4000,
                    "diskMBpsReadWrite": 200,
                    "encryption": {"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": keys},
                },
            },
        )
        self.patch(f"{_COMPUTE}/disks/data", {"properties": {"diskSizeGB": 8}, "tags": {"a": "b"}})
        self.put(
            f"{_COMPUTE}/snapshots/snap",
            {
                **_HOME,
                "properties": {
                    "creationData": {"createOption": "Copy", "sourceResourceId": disk["id"]},
                    "incremental": True,
                },
            },
        )
        self.patch(f"{_COMPUTE}/snapshots/snap", {"tags": {"a": "b"}})
        for name in ("disks/data", "snapshots/snap"):
            for action, body in (
                ("beginGetAccess", {"access": "Read", "durationInSeconds": 60}),
                ("endGetAccess", None),
            ):
                self.post(f"{_COMPUTE}/{name}/{action}", body)

    def _images(self) -> None:
        self.post(
            f"{SCOPE}/providers/Microsoft.Storage/checkNameAvailability",
            {"name": "stemcells", "type": "Microsoft.Storage/storageAccounts"},
        )
        account = self.put(
            f"{_STORAGE}/storageAccounts/stemcells", {**_HOME, "sku": {"name": "Standard_LRS"}, "kind": "Storage"}
        )
        self.patch(f"{_STORAGE}/storageAccounts/stemcells", {"tags": {"type": "stemcell"}})
        self.post(f"{_STORAGE}/storageAccounts/stemcells/listKeys")
        blob = f"{account['properties']['primaryEndpoints']['blob']}stemcell/one.vhd"
        self.put(
            f"{_COMPUTE}/images/image",
            {
                **_HOME,
                "properties": {
                    "hyperVGeneration": "V1",
                    "storageProfile": {
                        "osDisk": {
                            "osType": "linux",
                            "osState": "generalized",
                            "blobUri": blob,
                            "caching": "readwrite",
                            "storageAccountType": "Premium_LRS",
                        }
                    },
                },
            },
        )
        self.put(f"{_COMPUTE}/galleries/gallery", _HOME)
        self.put(
            f"{_COMPUTE}/galleries/gallery/images/jammy",
            {
                **_HOME,
                "properties": {
                    "osType": "Linux",
                    "osState": "Generalized",
                    "hyperVGeneration": "V2",
                    "architecture": "x64",
                    "features": [{"name": "DiskControllerTypes", "value": "SCSI,NVMe"}],
                    "identifier": {"publisher": "bosh", "offer": "jammy", "sku": "gen2"},
                },
            },
        )
        version = f"{_COMPUTE}/galleries/gallery/images/jammy/versions/1.0.0"
        self.put(
            version,
            {
                **_HOME,
                "properties": {
                    "storageProfile": {"osDiskImage": {"source": {"storageAccountId": account["id"], "uri": blob}}},
                    "publishingProfile": {"replicaCount": 1, "targetRegions": [{"name": "eastus"}]},
                },
            },
        )
        self.put(
            version,
            {
                "location": "eastus",
                "properties": {
                    "publishingProfile": {"replicaCount": 2, "targetRegions": [{"name": "eastus"}, {"name": "westus"}]}
                },
            },
        )
        self.get(f"{_COMPUTE}/galleries/gallery/images")
        self.get(f"{_COMPUTE}/galleries/gallery/images/jammy/versions")

    def _machine(self) -> None:
        vm, home = f"{_COMPUTE}/virtualMachines/vm", f"{SCOPE}/resourceGroups/g/providers"
        model = self.put(
            vm,
            {
                **_HOME,
                "name": "vm",
                "type": "Microsoft.Compute/virtualMachines",
                "identity": {
                    "type": "UserAssigned",
                    "userAssignedIdentities": {f"{home}/Microsoft.ManagedIdentity/userAssignedIdentities/me": {}},
                },
                "properties": {
                    "hardwareProfile": {"vmSize": "Standard_D2s_v3"},
                    "osProfile": {
                        "computerName": "vm",
                        "adminUsername": "vcap",
                        "customData": "e30=",
                        "linuxConfiguration": {
                            "disablePasswordAuthentication": True,
                            "ssh": {
                                "publicKeys": [
                                    {"path": "/home/vcap/.ssh/authorized_keys", "keyData": "ssh-rsa AAAAB3NzaC1yc2E me"}
                                ]
                            },
                        },
                    },
                    "networkProfile": {
                        "networkInterfaces": [
                            {"id": f"{home}/Microsoft.Network/networkInterfaces/vm-0", "properties": {"primary": True}}
                        ]
                    },
                    "availabilitySet": {"id": f"{home}/Microsoft.Compute/availabilitySets/set"},
                    "diagnosticsProfile": {"bootDiagnostics": {"enabled": True}},
                    "storageProfile": {
                        "imageReference": {"id": f"{home}/Microsoft.Compute/images/image"},
                        "osDisk": {"name": "vm-os", "createOption": "FromImage", "caching": "ReadWrite"},
                        "dataDisks": [
                            {
                                "name": "vm-ephemeral-disk",
                                "lun": 0,
                                "createOption": "Empty",
                                "diskSizeGB": 10,
                                "caching": "ReadWrite",
                                "managedDisk": {},
                            }
                        ],
                    },
                },
            },
        )
        attached = {
            "storageProfile": {
                "dataDisks": [
                    *model["properties"]["storageProfile"]["dataDisks"],
                    {
                        "name": "data",
                        "lun": 1,
                        "createOption": "Attach",
                        "managedDisk": {"id": f"{home}/Microsoft.Compute/disks/data"},
                    },
                ]
            }
        }
        self.patch(vm, {"properties": attached})
        for path in ("vm", "vm/instanceView", "vm/vmSizes"):
            self.get(f"{_COMPUTE}/virtualMachines/{path}")
        self.get(vm, **{"$expand": "instanceView"})
        for action in ("restart", "powerOff", "deallocate", "start", "redeploy"):
            self.post(f"{vm}/{action}")
        if self.versions is RECENT:
            self.post(f"{vm}/retrieveBootDiagnosticsData")
        for path in (
            "Compute/disks/vm-os",
            "Compute/disks/data",
            "Network/networkInterfaces/vm-0",
            "Network/loadBalancers/lb",
            "Network/virtualNetworks/net",
            "Compute/availabilitySets/set",
        ):
            self.get(f"g/providers/Microsoft.{path}")

    def _lists(self) -> None:
        compute = ["virtualMachines", "disks", "snapshots", "images", "availabilitySets", "galleries"]
        network = [
            "virtualNetworks",
            "networkInterfaces",
            "publicIPAddresses",
            "networkSecurityGroups",
            "loadBalancers",
            "applicationGateways",
            "applicationSecurityGroups",
        ]
        for provider, kinds in (("Compute", compute), ("Network", network), ("Storage", ["storageAccounts"])):
            for kind in kinds:
                self.get(f"g/providers/Microsoft.{provider}/{kind}")
                self.get(f"{SCOPE}/providers/Microsoft.{provider}/{kind}")
        self.get(f"{SCOPE}/providers/Microsoft.Compute/skus", **{"$filter": "location eq 'eastus'"})
        images = f"{SCOPE}/providers/Microsoft.Compute/locations/eastus/publishers"
        for path in (
            "",
            "/Canonical/artifacttypes/vmimage/offers",
            "/Canonical/artifacttypes/vmimage/offers/0001-com-ubuntu-server-jammy/skus",
            "/Canonical/artifacttypes/vmimage/offers/0001-com-ubuntu-server-jammy/skus/22_04-lts-gen2/versions",
            "/Canonical/artifacttypes/vmimage/offers/0001-com-ubuntu-server-jammy/skus/22_04-lts-gen2/versions/"
            "22.04.202607010",
            "/bosh/artifacttypes/vmimage/offers/light-stemcell/skus/planned/versions/1.0.0",
        ):
            self.get(f"{images}{path}")
        for path in (
            "Compute/locations/eastus/vmSizes",
            "Compute/locations/eastus/usages",
            "Network/locations/eastus/usages",
        ):
            self.get(f"{SCOPE}/providers/Microsoft.{path}")
        self.get(f"{SCOPE}/resourcegroups")
        self.get(SCOPE)
        self.get(f"{SCOPE}/locations")
        self.get("g/resources", **{"$filter": "tagName eq 'user-agent' and tagValue eq 'bosh'"})

    def _end(self) -> None:
        self.delete(f"{_COMPUTE}/virtualMachines/vm")
        for path in (
            "Network/networkInterfaces/vm-0",
            "Compute/disks/vm-os",
            "Compute/disks/data",
            "Compute/disks/safe",
            "Compute/snapshots/snap",
            "Compute/images/image",
            "Compute/galleries/gallery/images/jammy/versions/1.0.0",
            "Compute/galleries/gallery/images/jammy",
            "Compute/galleries/gallery",
            "Compute/availabilitySets/set",
            "Network/loadBalancers/lb/backendAddressPools/pool",
            "Network/loadBalancers/lb",
            "Network/applicationGateways/gw",
            "Network/publicIPAddresses/lb",
            "Network/publicIPAddresses/vm",
            "Network/virtualNetworks/net/subnets/b",
            "Network/virtualNetworks/net",
            "Network/networkSecurityGroups/nsg",
            "Network/applicationSecurityGroups/asg",
            "Storage/storageAccounts/stemcells",
            "Compute/diskEncryptionSets/keys",
            "ManagedIdentity/userAssignedIdentities/me",
        ):
            self.delete(f"g/providers/Microsoft.{path}")
        if self.versions is RECENT:
            for path in (
                "proximityPlacementGroups/near",
                "capacityReservationGroups/group/capacityReservations/some",
                "capacityReservationGroups/group",
            ):
                self.delete(f"{_COMPUTE}/{path}")
        self.delete("g")

    def put(self, path: str, body: Any) -> dict[str, Any]:
        return self.emulator.done("PUT", path, self._version(path), body)

    def patch(self, path: str, body: Any) -> None:
        self.emulator.done("PATCH", path, self._version(path), body)

    def get(self, path: str, **query: str) -> None:
        answer = self.emulator.call("GET", path, self._version(path), **query)
        assert answer.ok, f"GET {path}: {answer.text}"

    def post(self, path: str, body: Any = None) -> None:
        answer = self.emulator.call("POST", path, self._version(path), body)
        assert answer.ok, f"POST {path}: {answer.text}"
        if "Azure-AsyncOperation" in answer.headers:
            assert self.emulator.wait(answer)["status"] == "Succeeded"

    def delete(self, path: str) -> None:
        self.emulator.done("DELETE", path, self._version(path))

    def _version(self, path: str) -> str:
        found = re.search(r"/providers/microsoft\.(\w+)/(\w+)", path.lower())
        if not found:
            is_subscription = path.startswith(SCOPE) and "/resourcegroups" not in path
            return self.versions["subscriptions" if is_subscription else "resources"]
        return self.versions.get(found[2], self.versions[found[1]])
