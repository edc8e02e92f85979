"""What one resource asks of others: who is there, who is in use, what fits; with Azure's statuses and codes."""

from __future__ import annotations

import base64

from .world import COMPUTE, DISKS, HOME, NETWORK, World

VM, NIC, DISK = "Compute/virtualMachines/vm", "Network/networkInterfaces/n1", "Compute/disks/data"


class Machines(World):
    def test_models_that_are_refused(self) -> None:
        for name in ("data", "zonal"):
            self.put(f"Compute/disks/{name}", DISKS, self.disk(zones=["2"] if name == "zonal" else None))
        self.put("Compute/availabilitySets/classic", COMPUTE, {"location": "eastus"})
        keys = [{"path": "/home/other/.ssh/authorized_keys", "keyData": "ssh-rsa AAAAB3NzaC1yc2E me"}]
        image = "storageProfile__imageReference"
        absent = f"{HOME}/Microsoft.Compute"
        too_much = base64.b64encode(b"x" * 65536).decode()
        for status, code, change in (
            (400, "InvalidParameter", {"hardwareProfile__vmSize": "Standard_Nothing"}),
            (
                400,
                "InvalidResourceReference",
                {"networkProfile__networkInterfaces": [{"id": f"{HOME}/Microsoft.Network/networkInterfaces/none"}]},
            ),
            (400, "InvalidParameter", {"networkProfile": None}),
            (400, "InvalidParameter", {"osProfile__adminUsername": "root"}),
            (400, "InvalidParameter", {"osProfile__linuxConfiguration": None}),
            (400, "InvalidParameter", {"osProfile__linuxConfiguration__ssh__publicKeys": keys}),
            (400, "InvalidParameter", {"osProfile__customData": "not base64!"}),
            (400, "InvalidParameter", {"osProfile__customData": too_much}),
            (400, "InvalidParameter", {"osProfile__computerName": "under_score"}),
            (404, "PlatformImageNotFound", {f"{image}__version": "0.0.0"}),
            (404, "NotFound", {image: {"id": f"{absent}/images/none"}}),
            (404, "GalleryImageNotFound", {image: {"id": f"{absent}/galleries/g/images/i/versions/1.0.0"}}),
            (
                400,
                "VMMarketplaceInvalidInput",
                {image: {"publisher": "bosh", "offer": "light-stemcell", "sku": "planned", "version": "1.0.0"}},
            ),
            (404, "NotFound", {"availabilitySet": {"id": f"{absent}/availabilitySets/none"}}),
            (409, "OperationNotAllowed", {"availabilitySet": {"id": f"{absent}/availabilitySets/classic"}}),
            (
                404,
                "NotFound",
                {"capacityReservation__capacityReservationGroup": {"id": f"{absent}/capacityReservationGroups/x"}},
            ),
            (
                404,
                "NotFound",
                {
                    "storageProfile__osDisk__managedDisk": {
                        "diskEncryptionSet": {"id": f"{absent}/diskEncryptionSets/none"}
                    }
                },
            ),
            (400, "InvalidParameter", {"storageProfile__osDisk__diskSizeGB": 5}),
            (400, "InvalidParameter", {"storageProfile__osDisk__diffDiskSettings": {"option": "Local"}}),
            (400, "BadRequest", {"hardwareProfile__vmSize": "Standard_D2ps_v5"}),
            (400, "BadRequest", {"hardwareProfile__vmSize": "Standard_D2_v2"}),
            (404, "NotFound", {"storageProfile__dataDisks": self.attached("none")}),
            (400, "BadRequest", {"storageProfile__dataDisks": self.attached("zonal")}),
            (400, "InvalidParameter", {"storageProfile__dataDisks": [*self.attached("data"), *self.attached("data")]}),
            (
                409,
                "OperationNotAllowed",
                {
                    "storageProfile__dataDisks": [
                        {"lun": lun, "createOption": "Empty", "diskSizeGB": 4} for lun in range(5)
                    ]
                },
            ),
            (409, "ConflictingUserInput", {"storageProfile__osDisk__name": "data"}),
            (
                400,
                "InvalidParameter",
                {
                    "storageProfile__dataDisks": [
                        {
                            "lun": 0,
                            "createOption": "Empty",
                            "diskSizeGB": 4,
                            "managedDisk": {"storageAccountType": "UltraSSD_LRS"},
                        }
                    ]
                },
            ),
        ):
            with self.subTest(change):
                self.refused(status, code, "PUT", VM, COMPUTE, self.machine(**change))
        self.refused(
            400,
            "VMMarketplaceInvalidInput",
            "PUT",
            VM,
            COMPUTE,
            {**self.machine(), "plan": {"name": "a", "publisher": "b", "product": "c"}},
        )
        self.refused(
            400,
            "FailedIdentityOperation",
            "PUT",
            VM,
            COMPUTE,
            {
                **self.machine(),
                "identity": {
                    "type": "UserAssigned",
                    "userAssignedIdentities": {f"{HOME}/Microsoft.ManagedIdentity/userAssignedIdentities/x": {}},
                },
            },
        )
        self.refused(
            400,
            "BadRequest",
            "PUT",
            VM,
            COMPUTE,
            {**self.machine(availabilitySet={"id": f"{absent}/availabilitySets/classic"}), "zones": ["1"]},
        )
        self.assertEqual(
            [], self.emulator.call("GET", "g/providers/Microsoft.Compute/virtualMachines", COMPUTE).json()["value"]
        )
        self.put(VM, COMPUTE, self.machine())

    def test_quota_and_capacity(self) -> None:
        self.emulator.control("PATCH", "settings", {"cores": 3, "unavailable_sizes": ["Standard_F2s_v2"]})
        self.refused(
            409, "SkuNotAvailable", "PUT", VM, COMPUTE, self.machine(hardwareProfile__vmSize="Standard_F2s_v2")
        )
        self.put(VM, COMPUTE, self.machine())
        self.put(NIC, NETWORK, self.nic())
        message = self.refused(
            409, "OperationNotAllowed", "PUT", "Compute/virtualMachines/vm2", COMPUTE, self.machine("n1")
        )
        self.assertIn("Current Limit: 3, Current Usage: 2, Additional Required: 2", message)

    def test_a_disk_has_one_machine(self) -> None:
        self.put(DISK, DISKS, self.disk())
        self.put(VM, COMPUTE, self.machine(storageProfile__dataDisks=self.attached("data")))
        self.put(NIC, NETWORK, self.nic())
        self.refused(
            409,
            "ConflictingUserInput",
            "PUT",
            "Compute/virtualMachines/vm2",
            COMPUTE,
            self.machine("n1", storageProfile__dataDisks=self.attached("data")),
        )
        self.refused(409, "OperationNotAllowed", "DELETE", DISK, DISKS)
        self.refused(400, "NicInUse", "PUT", "Compute/virtualMachines/vm2", COMPUTE, self.machine("n0"))
        # While it is being detached it is nobody's to take.
        self.emulator.control("PATCH", "settings", {"polls": 3})
        detach = self.emulator.call(
            "PATCH", f"g/providers/Microsoft.{VM}", COMPUTE, {"properties": {"storageProfile": {"dataDisks": []}}}
        )
        self.refused(
            409,
            "AttachDiskWhileBeingDetached",
            "PUT",
            "Compute/virtualMachines/vm2",
            COMPUTE,
            self.machine("n1", storageProfile__dataDisks=self.attached("data")),
        )
        self.assertEqual("Succeeded", self.emulator.wait(detach)["status"])
        self.assertEqual("Unattached", self.get(DISK, DISKS)["properties"]["diskState"])

    def test_what_a_machine_is_stays(self) -> None:
        self.put(VM, COMPUTE, self.machine(storageProfile__osDisk__name="os"))
        for change in (
            {"osProfile__adminUsername": "other"},
            {"osProfile__customData": "e30="},
            {"storageProfile__osDisk__name": "another"},
            {"storageProfile__imageReference__version": "1.0.0"},
        ):
            with self.subTest(change):
                self.refused(
                    409,
                    "PropertyChangeNotAllowed",
                    "PUT",
                    VM,
                    COMPUTE,
                    self.machine(**{"storageProfile__osDisk__name": "os", **change}),
                )
        self.refused(
            409,
            "PropertyChangeNotAllowed",
            "PUT",
            VM,
            COMPUTE,
            {**self.machine(storageProfile__osDisk__name="os"), "zones": ["1"]},
        )
        answer = self.get(VM, COMPUTE)
        self.assertNotIn("customData", answer["properties"]["osProfile"])
        self.assertEqual(answer["properties"]["vmId"], self.put(VM, COMPUTE, answer)["properties"]["vmId"])

    def test_what_goes_with_a_machine(self) -> None:
        self.put(
            VM,
            COMPUTE,
            self.machine(
                storageProfile__osDisk={"createOption": "FromImage", "name": "os", "deleteOption": "Delete"},
                storageProfile__dataDisks=[{"lun": 0, "createOption": "Empty", "diskSizeGB": 4, "name": "kept"}],
                networkProfile__networkInterfaces=[
                    {"id": f"{HOME}/Microsoft.Network/networkInterfaces/n0", "properties": {"deleteOption": "Delete"}}
                ],
            ),
        )
        self.emulator.done("DELETE", f"g/providers/Microsoft.{VM}", COMPUTE)
        left = [one["name"] for one in self.emulator.control("GET", "state")["resources"]]
        self.assertEqual(["g", "net", "kept"], left)

    def test_a_failed_machine_is_left_with_all_it_had(self) -> None:
        self.emulator.control(
            "POST",
            "faults",
            {
                "method": "PUT",
                "path": "/virtualMachines/",
                "operation": {"status": "Failed", "code": "AllocationFailed", "message": "Allocation failed."},
            },
        )
        answer = self.emulator.call(
            "PUT", f"g/providers/Microsoft.{VM}", COMPUTE, self.machine(storageProfile__osDisk__name="os")
        )
        self.assertEqual("AllocationFailed", self.emulator.wait(answer)["error"]["code"])
        self.assertEqual("Failed", self.get(VM, COMPUTE)["properties"]["provisioningState"])
        self.refused(409, "OperationNotAllowed", "DELETE", "Compute/disks/os", DISKS)
        self.refused(400, "NicInUse", "DELETE", "Network/networkInterfaces/n0", NETWORK)

    def test_power(self) -> None:
        self.put(VM, COMPUTE, self.machine())
        self.emulator.wait(self.emulator.call("POST", f"g/providers/Microsoft.{VM}/deallocate", COMPUTE))
        self.refused(409, "OperationNotAllowed", "POST", f"{VM}/restart", COMPUTE)
        self.assertEqual(200, self.emulator.call("POST", f"g/providers/Microsoft.{VM}/generalize", COMPUTE).status_code)
        self.refused(409, "OperationNotAllowed", "POST", f"{VM}/start", COMPUTE)
        image = {"location": "eastus", "properties": {"sourceVirtualMachine": {"id": f"{HOME}/Microsoft.{VM}"}}}
        self.assertEqual(
            "Linux", self.put("Compute/images/i", COMPUTE, image)["properties"]["storageProfile"]["osDisk"]["osType"]
        )
        self.refused(404, "ResourceNotFound", "POST", "Compute/virtualMachines/none/start", COMPUTE)

    def test_sets(self) -> None:
        body = {"location": "eastus", "sku": {"name": "Aligned"}, "properties": {"platformFaultDomainCount": 3}}
        self.refused(400, "InvalidParameter", "PUT", "Compute/availabilitySets/s", COMPUTE, body)
        found = self.put("Compute/availabilitySets/s", COMPUTE, {**body, "properties": {"platformFaultDomainCount": 2}})
        self.put(VM, COMPUTE, self.machine(availabilitySet={"id": found["id"].lower()}))
        self.refused(409, "OperationNotAllowed", "DELETE", "Compute/availabilitySets/s", COMPUTE)


class Disks(World):
    def test_changes_that_are_refused(self) -> None:
        self.put(DISK, DISKS, self.disk(8, sku={"name": "Premium_LRS"}))
        for status, code, change in (
            (400, "ResizeDiskError", {"properties": {"diskSizeGB": 7}}),
            (400, "BadRequest", {"sku": {"name": "UltraSSD_LRS"}}),
            (400, "InvalidParameter", {"sku": {"name": "Fast_LRS"}}),
            (400, "InvalidParameter", {"properties": {"diskIOPSReadWrite": 4000}}),
        ):
            with self.subTest(change):
                self.refused(status, code, "PATCH", DISK, DISKS, change)
        self.refused(404, "ResourceNotFound", "PATCH", "Compute/disks/none", DISKS, {"tags": {}})

    def test_sources_that_are_refused(self) -> None:
        self.put(DISK, DISKS, self.disk(sku={"name": "PremiumV2_LRS"}))
        copy = {"createOption": "Copy", "sourceResourceId": f"{HOME}/Microsoft.{DISK}"}
        self.refused(
            400,
            "InvalidParameter",
            "PUT",
            "Compute/snapshots/s",
            DISKS,
            {"location": "eastus", "properties": {"creationData": copy}},
        )
        self.refused(
            400,
            "InvalidParameter",
            "PUT",
            "Compute/snapshots/s",
            DISKS,
            {"location": "westus", "properties": {"creationData": copy, "incremental": True}},
        )
        self.refused(
            404,
            "NotFound",
            "PUT",
            "Compute/disks/d",
            DISKS,
            {
                "location": "eastus",
                "properties": {
                    "creationData": {**copy, "sourceResourceId": f"{HOME}/Microsoft.Compute/snapshots/none"}
                },
            },
        )
        self.refused(
            400,
            "InvalidParameter",
            "PUT",
            "Compute/disks/d",
            DISKS,
            {
                "location": "eastus",
                "properties": {
                    "creationData": {
                        "createOption": "Import",
                        "sourceUri": "https://nobody.blob.core.windows.net/a/b.vhd",
                    }
                },
            },
        )
        self.refused(
            400,
            "InvalidParameter",
            "PUT",
            "Compute/disks/d",
            DISKS,
            {"location": "eastus", "properties": {"creationData": {"createOption": "Empty"}}},
        )


class Networks(World):
    def test_interfaces_that_are_refused(self) -> None:
        static = {"privateIPAllocationMethod": "Static"}
        for code, ip in (
            ("PrivateIPAddressNotInSubnet", {"privateIPAddress": "10.0.9.9"}),
            ("PrivateIPAddressInReservedRange", {"privateIPAddress": "10.0.0.3"}),
            ("PrivateIPAddressInUse", {"privateIPAddress": "10.0.0.4"}),
            ("PrivateIPAddressMissing", {}),
            (
                "InvalidResourceReference",
                {
                    "privateIPAddress": "10.0.0.5",
                    "subnet": {"id": f"{HOME}/Microsoft.Network/virtualNetworks/net/subnets/none"},
                },
            ),
            (
                "InvalidResourceReference",
                {
                    "privateIPAddress": "10.0.0.5",
                    "loadBalancerBackendAddressPools": [
                        {"id": f"{HOME}/Microsoft.Network/loadBalancers/lb/backendAddressPools/none"}
                    ],
                },
            ),
            ("InvalidRequestFormat", {"privateIPAddress": "10.0.0.5", "publicIPAddress": {"id": "an-address"}}),
        ):
            with self.subTest(code):
                self.refused(400, code, "PUT", NIC, NETWORK, self.nic(**static, **ip))
        self.refused(400, "InvalidResourceReference", "PUT", NIC, NETWORK, self.nic("westus"))
        for name in ("n1", "n2"):
            self.put(f"Network/networkInterfaces/{name}", NETWORK, self.nic())
        # Of eight addresses Azure keeps five.
        self.refused(400, "SubnetIsFull", "PUT", "Network/networkInterfaces/n3", NETWORK, self.nic())

    def test_a_public_address_has_one_user(self) -> None:
        self.put(
            "Network/publicIPAddresses/p",
            NETWORK,
            {"location": "eastus", "sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}},
        )
        address = {"publicIPAddress": {"id": f"{HOME}/Microsoft.Network/publicIPAddresses/p"}}
        self.put(NIC, NETWORK, self.nic(**address))
        self.refused(400, "PublicIPAddressInUse", "PUT", "Network/networkInterfaces/n2", NETWORK, self.nic(**address))
        self.refused(
            400,
            "PublicIPAddressIdleTimeoutIsOutOfRange",
            "PUT",
            "Network/publicIPAddresses/q",
            NETWORK,
            {"location": "eastus", "properties": {"idleTimeoutInMinutes": 31}},
        )

    def test_subnets(self) -> None:
        subnet = "Network/virtualNetworks/net/subnets"
        for code, prefix in (
            ("NetcfgInvalidSubnet", "192.168.0.0/24"),
            ("NetcfgSubnetRangesOverlap", "10.0.0.0/24"),
            ("InvalidAddressPrefixFormat", "10.0.1.1/24"),
        ):
            self.refused(400, code, "PUT", f"{subnet}/b", NETWORK, {"properties": {"addressPrefix": prefix}})
        self.refused(400, "InUseSubnetCannotBeDeleted", "DELETE", f"{subnet}/a", NETWORK)

    def test_an_address_stays(self) -> None:
        before = self.get("Network/networkInterfaces/n0", NETWORK)["properties"]["ipConfigurations"][0]["properties"]
        after = self.put("Network/networkInterfaces/n0", NETWORK, self.nic())["properties"]["ipConfigurations"][0][
            "properties"
        ]
        self.assertEqual(("10.0.0.4", "10.0.0.4"), (before["privateIPAddress"], after["privateIPAddress"]))
