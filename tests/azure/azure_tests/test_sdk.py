"""A whole life in Azure, told by Azure's own SDK: it reads each answer into its models, and waits as it always does."""

from __future__ import annotations

from typing import Any

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from .running import SCOPE, SSH, EmulatorCase
from .sdk import Sdk

GROUP = "bosh"
COMPUTE = f"{SCOPE}/resourceGroups/{GROUP}/providers/Microsoft.Compute"
NETWORK = f"{SCOPE}/resourceGroups/{GROUP}/providers/Microsoft.Network"
HOME = {"location": "eastus"}
LOGIN = {
    "computerName": "vm1",
    "adminUsername": "vcap",
    "customData": "e30=",
    "linuxConfiguration": {
        "disablePasswordAuthentication": True,
        "ssh": {"publicKeys": [{"path": "/home/vcap/.ssh/authorized_keys", "keyData": "ssh-rsa AAAAB3NzaC1yc2E me"}]},
    },
}


class SdkLifeCycle(EmulatorCase):
    def setUp(self) -> None:
        super().setUp()
        self.sdk = Sdk(self.emulator)
        self.addCleanup(self.sdk.close)
        self.sdk.resources.resource_groups.create_or_update(GROUP, {**HOME, "tags": {"for": "tests"}})

    def test_a_machine_lives_and_dies(self) -> None:
        compute = self.sdk.compute
        self.network()
        nic = self.interface("vm1-0")
        compute.availability_sets.create_or_update(
            GROUP,
            "set1",
            {
                **HOME,
                "sku": {"name": "Aligned"},
                "properties": {"platformFaultDomainCount": 2, "platformUpdateDomainCount": 5},
            },
        )
        vm = compute.virtual_machines.begin_create_or_update(GROUP, "vm1", self.machine(nic.id)).result()
        self.assertEqual("Succeeded", vm.provisioning_state)
        self.assertEqual(f"{COMPUTE}/disks/vm1-os", vm.storage_profile.os_disk.managed_disk.id)
        self.assertEqual(["PowerState/running"], self.power())
        self.assertEqual(vm.id, self.sdk.network.network_interfaces.get(GROUP, "vm1-0").virtual_machine.id)
        self.assertEqual([vm.id], [one.id for one in compute.availability_sets.get(GROUP, "set1").virtual_machines])

        disk = compute.disks.begin_create_or_update(
            GROUP,
            "data",
            {
                **HOME,
                "sku": {"name": "Premium_LRS"},
                "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 8},
            },
        )
        self.assertEqual("Unattached", disk.result().disk_state)
        self.attach(vm.storage_profile.data_disks, disk.result().id)
        self.assertEqual(vm.id, compute.disks.get(GROUP, "data").managed_by)
        with self.assertRaises(ResourceExistsError) as refused:
            compute.disks.begin_delete(GROUP, "data")
        self.assertEqual("OperationNotAllowed", refused.exception.error.code)
        with self.assertRaises(HttpResponseError) as refused:
            self.sdk.network.network_interfaces.begin_delete(GROUP, "vm1-0")
        self.assertEqual("NicInUse", refused.exception.error.code)

        for step, state in (
            ("power_off", "stopped"),
            ("deallocate", "deallocated"),
            ("start", "running"),
            ("restart", "running"),
        ):
            getattr(compute.virtual_machines, f"begin_{step}")(GROUP, "vm1").result()
            self.assertEqual([f"PowerState/{state}"], self.power())
        compute.virtual_machines.begin_update(GROUP, "vm1", {"tags": {"index": "0"}}).result()
        self.assertEqual({"index": "0"}, compute.virtual_machines.get(GROUP, "vm1").tags)

        self.attach([], None)
        self.assertEqual("Unattached", compute.disks.get(GROUP, "data").disk_state)
        compute.virtual_machines.begin_delete(GROUP, "vm1").result()
        with self.assertRaises(ResourceNotFoundError):
            compute.virtual_machines.get(GROUP, "vm1")
        self.sdk.network.network_interfaces.begin_delete(GROUP, "vm1-0").result()
        for name in ("vm1-os", "vm1-ephemeral-disk", "data"):
            compute.disks.begin_delete(GROUP, name).result()
        compute.availability_sets.delete(GROUP, "set1")
        self.assertEqual([], list(compute.disks.list()))
        self.sdk.resources.resource_groups.begin_delete(GROUP).result()
        self.assertEqual([], self.emulator.control("GET", "state")["resources"])

    def test_disks_grow_and_are_copied(self) -> None:
        compute = self.sdk.compute
        disk = compute.disks.begin_create_or_update(
            GROUP, "one", {**HOME, "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 4}}
        ).result()
        grown = compute.disks.begin_update(
            GROUP, "one", {"sku": {"name": "StandardSSD_LRS"}, "properties": {"diskSizeGB": 6}}
        )
        self.assertEqual((6, "StandardSSD_LRS"), (grown.result().disk_size_gb, grown.result().sku.name))
        with self.assertRaises(HttpResponseError) as refused:
            compute.disks.begin_update(GROUP, "one", {"properties": {"diskSizeGB": 5}})
        self.assertEqual((400, "ResizeDiskError"), (refused.exception.status_code, refused.exception.error.code))

        snapshot = compute.snapshots.begin_create_or_update(
            GROUP,
            "snap",
            {**HOME, "properties": {"creationData": {"createOption": "Copy", "sourceResourceId": disk.id}}},
        ).result()
        self.assertEqual((6, 100.0), (snapshot.disk_size_gb, snapshot.completion_percent))
        copied = compute.disks.begin_create_or_update(
            GROUP,
            "two",
            {
                **HOME,
                "zones": ["2"],
                "properties": {"creationData": {"createOption": "Copy", "sourceResourceId": snapshot.id}},
            },
        ).result()
        self.assertEqual((6, ["2"]), (copied.disk_size_gb, copied.zones))
        self.assertTrue(
            compute.disks.begin_grant_access(GROUP, "two", {"access": "Read", "durationInSeconds": 60})
            .result()
            .access_sas
        )
        compute.disks.begin_revoke_access(GROUP, "two").result()
        compute.snapshots.begin_delete(GROUP, "snap").result()
        self.assertEqual(["one", "two"], [one.name for one in compute.disks.list_by_resource_group(GROUP)])

    def test_images_come_from_blobs_and_are_replicated(self) -> None:
        compute = self.sdk.compute
        account = self.sdk.storage.storage_accounts.begin_create(
            GROUP, "stemcells", {**HOME, "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
        ).result()
        self.assertEqual(2, len(self.sdk.storage.storage_accounts.list_keys(GROUP, "stemcells").keys_property))
        blob = f"{account.primary_endpoints.blob}stemcell/one.vhd"
        image = compute.images.begin_create_or_update(
            GROUP,
            "image",
            {
                **HOME,
                "properties": {
                    "hyperVGeneration": "V2",
                    "storageProfile": {"osDisk": {"osType": "Linux", "osState": "Generalized", "blobUri": blob}},
                },
            },
        ).result()
        self.assertEqual("V2", image.hyper_v_generation)
        compute.galleries.begin_create_or_update(GROUP, "gallery", HOME).result()
        compute.gallery_images.begin_create_or_update(
            GROUP,
            "gallery",
            "jammy",
            {
                **HOME,
                "properties": {
                    "osType": "Linux",
                    "osState": "Generalized",
                    "identifier": {"publisher": "bosh", "offer": "jammy", "sku": "gen1"},
                },
            },
        ).result()
        version = compute.gallery_image_versions.begin_create_or_update(
            GROUP,
            "gallery",
            "jammy",
            "1.2.0",
            {
                **HOME,
                "tags": {"stemcell": "one"},
                "properties": {
                    "storageProfile": {"osDiskImage": {"source": {"storageAccountId": account.id, "uri": blob}}},
                    "publishingProfile": {
                        "replicaCount": 2,
                        "targetRegions": [{"name": "East US"}, {"name": "westus"}],
                    },
                },
            },
        ).result()
        self.assertEqual(["eastus", "westus"], [region.name for region in version.publishing_profile.target_regions])
        found = self.sdk.resources.resources.list_by_resource_group(
            GROUP, filter="tagName eq 'stemcell' and tagValue eq 'one'"
        )
        self.assertEqual([version.id], [one.id for one in found])
        self.network()
        nic = self.interface("vm1-0")
        machine = self.machine(nic.id)
        machine["properties"]["storageProfile"]["imageReference"] = {"id": version.id}
        machine["properties"].pop("availabilitySet")
        compute.virtual_machines.begin_create_or_update(GROUP, "vm1", machine).result()

        with self.assertRaises(ResourceExistsError):
            compute.galleries.begin_delete(GROUP, "gallery")
        compute.gallery_image_versions.begin_delete(GROUP, "gallery", "jammy", "1.2.0").result()
        compute.gallery_images.begin_delete(GROUP, "gallery", "jammy").result()
        compute.galleries.begin_delete(GROUP, "gallery").result()
        compute.images.begin_delete(GROUP, "image").result()
        self.sdk.storage.storage_accounts.delete(GROUP, "stemcells")

    def test_interfaces_join_what_is_there(self) -> None:
        network = self.sdk.network
        self.network()
        address = network.public_ip_addresses.begin_create_or_update(
            GROUP, "lb-ip", {**HOME, "sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}}
        ).result()
        front = f"{NETWORK}/loadBalancers/lb/frontendIPConfigurations/front"
        balancer = network.load_balancers.begin_create_or_update(
            GROUP,
            "lb",
            {
                **HOME,
                "sku": {"name": "Standard"},
                "properties": {
                    "frontendIPConfigurations": [
                        {"name": "front", "properties": {"publicIPAddress": {"id": address.id}}}
                    ],
                    "backendAddressPools": [{"name": "first"}, {"name": "second"}],
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
        ).result()
        gateway = network.application_gateways.begin_create_or_update(
            GROUP, "gateway", {**HOME, "properties": {"backendAddressPools": [{"name": "pool"}]}}
        ).result()
        group = network.network_security_groups.begin_create_or_update(
            GROUP,
            "nsg",
            {
                **HOME,
                "properties": {"securityRules": [SSH]},
            },
        ).result()
        application = network.application_security_groups.begin_create_or_update(GROUP, "asg", HOME).result()
        own = network.public_ip_addresses.begin_create_or_update(
            GROUP,
            "vm-ip",
            {**HOME, "zones": ["1"], "sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}},
        ).result()
        nic = self.interface(
            "nic",
            networkSecurityGroup={"id": group.id},
            ip={
                "privateIPAllocationMethod": "Static",
                "privateIPAddress": "10.0.0.20",
                "publicIPAddress": {"id": own.id},
                "loadBalancerBackendAddressPools": [{"id": pool.id} for pool in balancer.backend_address_pools],
                "loadBalancerInboundNatRules": [{"id": balancer.inbound_nat_rules[0].id}],
                "applicationGatewayBackendAddressPools": [{"id": gateway.backend_address_pools[0].id}],
                "applicationSecurityGroups": [{"id": application.id}],
            },
        )
        used = nic.ip_configurations[0].id
        self.assertEqual(used, network.public_ip_addresses.get(GROUP, "vm-ip").ip_configuration.id)
        pool = network.load_balancer_backend_address_pools.get(GROUP, "lb", "second")
        self.assertEqual([used], [one.id for one in pool.backend_ip_configurations])
        self.assertEqual(
            [nic.id], [one.id for one in network.network_security_groups.get(GROUP, "nsg").network_interfaces]
        )
        self.assertEqual([used], [one.id for one in network.subnets.get(GROUP, "net", "a").ip_configurations])
        self.assertFalse(
            network.virtual_networks.check_ip_address_availability(GROUP, "net", ip_address="10.0.0.20").available
        )
        for client, name, code in (
            (network.public_ip_addresses, "vm-ip", "PublicIPAddressCannotBeDeleted"),
            (network.network_security_groups, "nsg", "InUseNetworkSecurityGroupCannotBeDeleted"),
            (network.virtual_networks, "net", "InUseSubnetCannotBeDeleted"),
        ):
            with self.subTest(name), self.assertRaises(HttpResponseError) as refused:
                client.begin_delete(GROUP, name)
            self.assertEqual(code, refused.exception.error.code)
        network.network_interfaces.begin_delete(GROUP, "nic").result()
        for client, name in (
            (network.public_ip_addresses, "vm-ip"),
            (network.network_security_groups, "nsg"),
            (network.load_balancers, "lb"),
            (network.application_gateways, "gateway"),
            (network.public_ip_addresses, "lb-ip"),
            (network.application_security_groups, "asg"),
            (network.virtual_networks, "net"),
        ):
            client.begin_delete(GROUP, name).result()

    def test_lists_of_the_region(self) -> None:
        compute = self.sdk.compute
        self.emulator.control("PATCH", "settings", {"page_size": 7, "unavailable_sizes": ["Standard_F2s_v2"]})
        found = {
            sku.name: sku
            for sku in compute.resource_skus.list(filter="location eq 'eastus'")
            if sku.resource_type == "virtualMachines"
        }
        self.assertEqual("NotAvailableForSubscription", found["Standard_F2s_v2"].restrictions[0].reason_code)
        self.assertEqual(["1", "2", "3"], found["Standard_D2s_v3"].location_info[0].zones)
        self.assertEqual(len(found), len(list(compute.virtual_machine_sizes.list("eastus"))))
        cores = next(usage for usage in compute.usage.list("eastus") if usage.name.value == "cores")
        self.assertEqual((0, 350), (cores.current_value, cores.limit))
        versions = compute.virtual_machine_images.list(
            "eastus", "Canonical", "0001-com-ubuntu-server-jammy", "22_04-lts-gen2"
        )
        self.assertEqual(2, len(versions))
        self.assertTrue(
            self.sdk.storage.storage_accounts.check_name_availability(
                {"name": "free", "type": "Microsoft.Storage/storageAccounts"}
            ).name_available
        )

    def test_identities_keys_and_reservations(self) -> None:
        compute = self.sdk.compute
        identity = self.sdk.identities.user_assigned_identities.create_or_update(GROUP, "someone", HOME)
        group = compute.capacity_reservation_groups.create_or_update(GROUP, "reserved", HOME)
        keys = compute.disk_encryption_sets.begin_create_or_update(
            GROUP,
            "keys",
            {
                **HOME,
                "identity": {"type": "SystemAssigned"},
                "properties": {"activeKey": {"keyUrl": "https://vault.example/keys/one/1"}},
            },
        ).result()
        self.network()
        nic = self.interface("vm1-0")
        machine: dict[str, Any] = self.machine(nic.id)
        machine["identity"] = {"type": "UserAssigned", "userAssignedIdentities": {identity.id: {}}}
        own = machine["properties"]
        own.pop("availabilitySet")
        own["capacityReservation"] = {"capacityReservationGroup": {"id": group.id}}
        own["storageProfile"]["osDisk"]["managedDisk"] = {"diskEncryptionSet": {"id": keys.id}}
        vm = compute.virtual_machines.begin_create_or_update(GROUP, "vm1", machine).result()
        self.assertEqual(
            [identity.principal_id], [one.principal_id for one in vm.identity.user_assigned_identities.values()]
        )
        self.assertEqual(keys.id, compute.disks.get(GROUP, "vm1-os").encryption.disk_encryption_set_id)
        found = compute.capacity_reservation_groups.get(GROUP, "reserved")
        self.assertEqual([vm.id], [one.id for one in found.virtual_machines_associated])
        with self.assertRaises(ResourceExistsError):
            compute.disk_encryption_sets.begin_delete(GROUP, "keys")

    def test_tags_of_anything(self) -> None:
        scope = f"{SCOPE}/resourceGroups/{GROUP}"
        tags = self.sdk.resources.tags
        tags.begin_update_at_scope(scope, {"operation": "Merge", "properties": {"tags": {"more": "1"}}}).result()
        self.assertEqual({"for": "tests", "more": "1"}, tags.get_at_scope(scope).properties.tags)
        tags.begin_update_at_scope(scope, {"operation": "Delete", "properties": {"tags": {"for": "tests"}}}).result()
        self.assertEqual({"more": "1"}, self.sdk.resources.resource_groups.get(GROUP).tags)

    def network(self) -> None:
        self.sdk.network.virtual_networks.begin_create_or_update(
            GROUP,
            "net",
            {
                **HOME,
                "properties": {
                    "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
                    "subnets": [{"name": "a", "properties": {"addressPrefix": "10.0.0.0/24"}}],
                },
            },
        ).result()
        self.sdk.network.subnets.begin_create_or_update(
            GROUP, "net", "b", {"properties": {"addressPrefix": "10.0.1.0/24"}}
        ).result()

    def interface(self, name: str, ip: dict[str, Any] | None = None, **more: Any) -> Any:
        subnet = {"subnet": {"id": f"{NETWORK}/virtualNetworks/net/subnets/a"}}
        return self.sdk.network.network_interfaces.begin_create_or_update(
            GROUP,
            name,
            {
                **HOME,
                "properties": {
                    **more,
                    "ipConfigurations": [{"name": "ipconfig0", "properties": {**subnet, **(ip or {})}}],
                },
            },
        ).result()

    def machine(self, nic: str) -> dict[str, Any]:
        image = {
            "publisher": "Canonical",
            "offer": "0001-com-ubuntu-server-jammy",
            "sku": "22_04-lts-gen2",
            "version": "latest",
        }
        return {
            **HOME,
            "properties": {
                "hardwareProfile": {"vmSize": "Standard_D2s_v3"},
                "osProfile": LOGIN,
                "networkProfile": {"networkInterfaces": [{"id": nic, "properties": {"primary": True}}]},
                "availabilitySet": {"id": f"{COMPUTE}/availabilitySets/set1"},
                "storageProfile": {
                    "imageReference": image,
                    "osDisk": {"name": "vm1-os", "createOption": "FromImage", "caching": "ReadWrite"},
                    "dataDisks": [
                        {
                            "name": "vm1-ephemeral-disk",
                            "lun": 0,
                            "createOption": "Empty",
                            "diskSizeGB": 10,
                            "caching": "ReadWrite",
                        }
                    ],
                },
            },
        }

    def attach(self, others: list[Any], disk: str | None) -> None:
        """Puts the whole VM back with other data disks, as the CPI does."""
        vm = self.sdk.compute.virtual_machines.get(GROUP, "vm1")
        vm.storage_profile.data_disks = [
            *others,
            *([{"lun": 1, "createOption": "Attach", "managedDisk": {"id": disk}}] if disk else []),
        ]
        self.sdk.compute.virtual_machines.begin_create_or_update(GROUP, "vm1", vm).result()

    def power(self) -> list[str]:
        view = self.sdk.compute.virtual_machines.instance_view(GROUP, "vm1")
        return [status.code for status in view.statuses if status.code.startswith("PowerState/")]
