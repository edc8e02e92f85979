"""What a VM is made of, field by field."""

from __future__ import annotations

from typing import Any

from ..plugin import AGENT, VM
from ..world import COMPUTE
from .cases import PROVIDERS, SIZE, Machines
from .table import row


class Models(Machines):
    maxDiff = None

    @row(42)
    def test_linux(self) -> None:
        model = self.made({}, "group")
        properties = model["properties"]
        custom_data = properties["osProfile"].pop("customData")
        self.assertTrue(custom_data)
        expected = {
            "hardwareProfile": {"vmSize": "Standard_D2s_v3"},
            "osProfile": {
                "computerName": AGENT,
                "adminUsername": "vcap",
                "linuxConfiguration": {
                    "disablePasswordAuthentication": True,
                    "ssh": {
                        "publicKeys": [
                            {"path": "/home/vcap/.ssh/authorized_keys", "keyData": "ssh-rsa AAAAB3NzaC1yc2E bosh"}
                        ]
                    },
                },
            },
            "networkProfile": {
                "networkInterfaces": [
                    {
                        "id": f"{PROVIDERS}/Microsoft.Network/networkInterfaces/{AGENT}-0",
                        "properties": {"primary": True},
                    }
                ]
            },
            "storageProfile": {
                "imageReference": {"id": f"{PROVIDERS}/Microsoft.Compute/images/beef-P-eastus"},
                "osDisk": {
                    "name": f"bosh-disk-os-{AGENT}",
                    "createOption": "FromImage",
                    "caching": "ReadWrite",
                    "managedDisk": {"storageAccountType": "Premium_LRS"},
                },
                "dataDisks": [
                    {
                        "name": f"bosh-disk-os-{AGENT}-ephemeral-disk",
                        "lun": 0,
                        "createOption": "Empty",
                        "diskSizeGB": 30,
                        "caching": "ReadWrite",
                    }
                ],
            },
            "availabilitySet": {"id": f"{PROVIDERS}/Microsoft.Compute/availabilitySets/group"},
        }
        for disk in properties["storageProfile"]["dataDisks"]:
            self.assertEqual({}, {k: v for k, v in disk.pop("managedDisk", {}).items() if k == "storageAccountType"})
            disk.pop("deleteOption", None)
        properties["storageProfile"]["osDisk"].pop("deleteOption", None)
        for interface in properties["networkProfile"]["networkInterfaces"]:
            interface["properties"].pop("deleteOption", None)
        self.assertEqual(expected, properties)
        self.assertEqual({"user-agent": "bosh"}, model["tags"])
        self.assertEqual("eastus", model["location"])
        self.assertEqual(set(), {"identity", "plan", "zones"} & set(model))

    @row(42)
    def test_windows(self) -> None:
        self.image("beef-P-eastus", "Premium_LRS", os_type="windows")
        self.cpi("create_vm", *self.create_vm(SIZE))
        profile = self.model()["properties"]["osProfile"]
        self.assertEqual(
            {"customData", "computerName", "adminUsername", "adminPassword", "windowsConfiguration"}, set(profile)
        )
        self.assertEqual({"enableAutomaticUpdates": False}, profile["windowsConfiguration"])
        self.assertEqual(15, len(profile["computerName"]))
        self.assertRegex(profile["adminUsername"], "^[0-9a-f]{20}$")
        self.assertGreaterEqual(len(profile["adminPassword"]), 32)
        data = self.custom_data()
        self.assertEqual((profile["computerName"], VM), (data["server"]["name"], data["instance-id"]))

    @row(42)
    def test_an_image_of_another_system(self) -> None:
        self.image("beef-P-eastus", "Premium_LRS", os_type="plan9")
        said = self.fails("VMCreationFailed", "create_vm", *self.create_vm(SIZE))
        self.assertIn("Unsupported os type: ", said)
        self.assertIn("plan9", said)
        self.nothing_is_left()

    @row(43)
    def test_custom_data(self) -> None:
        self.configure({"mbus": "nats://user:pass@10.0.0.6:4222", "ntp": ["pool.example"], "vm": "mine"})
        networks = {
            "private": self.manual(
                "10.0.0.4", default=["dns", "gateway"], dns=["10.0.0.2"], netmask="255.255.255.0", gateway="10.0.0.1"
            ),
            "other": self.dynamic("b"),
        }
        env = {"bosh": {"password": "hidden", "group": "group", "tags": {"a": "b"}}, "more": [1, None]}
        self.cpi("create_vm", *self.create_vm(SIZE, networks=networks, env=env))
        device = "{f8b3781b-1e82-4818-a1c3-63d806ec15bb}"
        expected = {
            "server": {"name": VM},
            "dns": {"nameserver": ["10.0.0.2"]},
            "vm": "mine",
            "agent_id": AGENT,
            "networks": {name: {**network, "use_dhcp": True} for name, network in networks.items()},
            "disks": {"system": "/dev/sda", "persistent": {}, "ephemeral": {"lun": "0", "host_device_id": device}},
            "env": env,
            "mbus": "nats://user:pass@10.0.0.6:4222",
            "ntp": ["pool.example"],
        }
        self.assertEqual(expected, self.custom_data())

    @row(43)
    def test_custom_data_without_what_is_not_there(self) -> None:
        self.cpi("create_vm", *self.create_vm(SIZE, networks={"a": self.manual("10.0.0.4")}, env=None))
        data = self.custom_data()
        self.assertEqual({"name": AGENT}, data["vm"])
        self.assertEqual(set(), {"dns", "instance-id", "blobstore"} & set(data))
        self.assertIn(data.get("env", {}), ({}, None))

    @row(43)
    def test_custom_data_that_is_too_large(self) -> None:
        env = {"bosh": {"certificate": "x" * 66000}}
        said = self.fails("VMCreationFailed", "create_vm", *self.create_vm(SIZE, env=env))
        self.assertIn("Azure takes at most 65535 bytes of custom data", said)
        self.assertNotIn("xxxx", said)
        self.nothing_is_left()

    @row(44)
    def test_tags(self) -> None:
        """Later ones win: ours, those of `env.bosh.tags`, those of the VM."""
        env = {"bosh": {"tags": {"user-agent": "env", "owner": "env", "cost": "env"}}}
        model = self.made({"tags": {"owner": "vm", "user-agent": "me", "number": 7, "flag": True}}, env=env)
        expected = {"user-agent": "me", "owner": "vm", "cost": "env", "number": "7", "flag": "true"}
        self.assertEqual(expected, model["tags"])
        self.assertEqual({"user-agent": "bosh"}, self.made({}, env=None)["tags"])
        self.assertIn("tags", self.fails("CloudError", "create_vm", *self.create_vm({**SIZE, "tags": "mine"})))

    @row(44)
    def test_names_and_values_that_azure_does_not_take(self) -> None:
        env = {"bosh": {"tags": {"a/b<c>": "x" * 300}}}
        self.assertEqual({"user-agent": "bosh", "a_b_c_": "x" * 256}, self.made({}, env=env)["tags"])

    @row(45)
    def test_identities(self) -> None:
        ids = {}
        for name in ("own", "usual"):
            path = f"ManagedIdentity/userAssignedIdentities/{name}"
            ids[name] = self.put(path, "2023-01-31", {"location": "eastus"})["id"]
        user = {"type": "UserAssigned", "user_assigned_identity_name": "own"}
        usual = {"default_managed_identity": {**user, "user_assigned_identity_name": "usual"}}
        system = {"type": "SystemAssigned"}

        def assigned(name: str) -> dict[str, Any]:
            return {"type": "UserAssigned", "userAssignedIdentities": {ids[name]: {}}}

        for vm, settings, expected in (
            (None, {}, None),
            (system, {}, system),
            (user, {}, assigned("own")),
            (None, {"default_managed_identity": system}, system),
            (None, usual, assigned("usual")),
            (user, usual, assigned("own")),
            (system, usual, system),
            ({"type": "Other"}, {}, system),
            ({"type": "UserAssigned", "user_assigned_identity_name": ids["own"]}, {}, assigned("own")),
        ):
            with self.subTest(vm=vm, settings=settings):
                model = self.made({"managed_identity": vm}, context=settings)
                self.assertEqual(expected, model.get("identity"))
        nameless = self.create_vm({**SIZE, "managed_identity": {"type": "UserAssigned"}})
        self.assertIn("user_assigned_identity_name", self.fails("CloudError", "create_vm", *nameless))

    @row(46)
    def test_capacity_reservation(self) -> None:
        """By name it is in the VM's group; an id wins."""
        self.put("vms", COMPUTE, {"location": "eastus"}, whole=True)
        ids = {}
        for group, name in (("vms", "by-name"), ("g", "by-id")):
            path = f"{group}/providers/Microsoft.Compute/capacityReservationGroups/{name}"
            ids[name] = self.put(path, COMPUTE, {"location": "eastus"}, whole=True)["id"]
        wanted = {"resource_group_name": "vms", "capacity_reservation_group": "by-name"}
        for more, name in (({}, "by-name"), ({"capacity_reservation_group_id": ids["by-id"]}, "by-id")):
            model = self.made({**wanted, **more})
            expected = {"capacityReservationGroup": {"id": ids[name]}}
            self.assertEqual(expected, model["properties"]["capacityReservation"])
        self.assertNotIn("capacityReservation", self.made({})["properties"])

    def test_dedicated_hosts(self) -> None:
        """A VM is in their zone and in no availability set; what cannot be is refused before anything is made."""
        automatic = {"platformFaultDomainCount": 1, "supportAutomaticPlacement": True}
        for name, more in (("any", {"properties": automatic}), ("zonal", {"properties": automatic, "zones": ["2"]})):
            self.put(f"Compute/hostGroups/{name}", COMPUTE, {"location": "eastus", **more})
        by_hand = {"location": "eastus", "properties": {"platformFaultDomainCount": 1}}
        hosts = self.put("Compute/hostGroups/by-hand", COMPUTE, by_hand)["id"]
        one = self.put("Compute/hostGroups/by-hand/hosts/one", COMPUTE, {"location": "eastus", "sku": {"name": "DSv3-Type1"}})
        model = self.made({"dedicated_host_group": "any"}, "director-web")["properties"]
        self.assertTrue(model["hostGroup"]["id"].endswith("/hostGroups/any"))
        self.assertNotIn("availabilitySet", model)
        self.made({"dedicated_host_group": "zonal", "availability_zone": 2})
        for named in ({"dedicated_host_group": hosts, "dedicated_host": "one"}, {"dedicated_host": one["id"]}):
            model = self.made(named)["properties"]
            self.assertEqual(({"id": one["id"]}, None), (model["host"], model.get("hostGroup")))
        self.nothing_is_left()
        for fragment, properties in (
            ("exclude each other", {"dedicated_host_group": "any", "availability_set": "mine"}),
            ("are in zone 2: 'availability_zone' has to be 2, and is none", {"dedicated_host_group": "zonal"}),
            ("has to be 2, and is 3", {"dedicated_host_group": "zonal", "availability_zone": 3}),
            ("name one with 'dedicated_host'", {"dedicated_host_group": "by-hand"}),
            ("Cannot find the group of dedicated hosts", {"dedicated_host_group": "missing"}),
        ):
            with self.subTest(properties):
                answer = self.answer("create_vm", *self.create_vm({**SIZE, **properties}, "director-web"))
                self.assertIn(fragment, answer["error"]["message"])
                self.nothing_is_left()

    @row(53)
    def test_boot_diagnostics(self) -> None:
        """Azure keeps them: no storage account is looked for or made."""
        self.assertNotIn("diagnosticsProfile", self.made({})["properties"])
        model = self.made({}, context={"enable_vm_boot_diagnostics": True})
        self.assertEqual({"bootDiagnostics": {"enabled": True}}, model["properties"]["diagnosticsProfile"])
        self.assertEqual([], self.requests(path="Microsoft.Storage"))
