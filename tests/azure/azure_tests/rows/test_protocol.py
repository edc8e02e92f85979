"""The envelope, API versions, and what a CPI configuration changes."""

from __future__ import annotations

import json

from ..plugin import AGENT, VM
from ..running import SUBSCRIPTION
from ..world import DISKS
from .cases import MISSING, Rows
from .table import row

OTHER = "5f0c5a3e-9999-4222-8333-444455556666"


class Protocol(Rows):
    @row(1)
    def test_info_needs_no_network(self) -> None:
        nowhere = {"endpoints": {"management": "http://127.0.0.1:9", "authority": "http://127.0.0.1:9"}}
        self.configure(**nowhere)
        self.forget()
        info = self.cpi("info")
        self.assertEqual(["azure-vhd", "azure-light"], info["stemcell_formats"])
        self.assertIn(info["api_version"], (2, 3))
        self.assertEqual(info, self.cpi("info", api_version=None))
        self.configure(**nowhere, subscription_id=None)
        self.assertEqual(info, self.cpi("info"))
        self.assertEqual([], self.requests())

    @row(2)
    def test_a_malformed_request_is_an_invalid_call(self) -> None:
        context = {"director_uuid": "d"}
        good = {"method": "has_vm", "arguments": [VM], "context": context, "api_version": 2}
        requests = [
            ("Request cannot be deserialized, details: ", "{"),
            ("Request cannot be deserialized, details: ", ""),
            ("Method must be a String", json.dumps({**good, "method": 7})),
            ("Arguments must be an Array", json.dumps({**good, "arguments": {}})),
            ("CPI api_version requested must be an Integer", json.dumps({**good, "api_version": "2"})),
            ("CPI api_version requested must be an Integer", json.dumps({**good, "api_version": None})),
            ("Request should include context with director uuid", json.dumps({**good, "context": {}})),
            (
                "Request should include context with director uuid",
                json.dumps({**good, "context": {"director_uuid": 7}}),
            ),
            ("Arguments are not correct, details: ", json.dumps({**good, "arguments": []})),
            ("Arguments are not correct, details: ", json.dumps({**good, "arguments": [7]})),
        ]
        answers = self.together(self.send, [text for _, text in requests])
        for (fragment, text), answer in zip(requests, answers, strict=True):
            with self.subTest(text):
                error = answer.response["error"]
                self.assertEqual(("InvalidCall", False), (error["type"], error["ok_to_retry"]))
                self.assertIn(fragment, error["message"])
        self.assertEqual([], self.requests(path="virtualMachines"))

    @row(2)
    def test_errors_are_of_types_that_directors_know(self) -> None:
        """Whatever Azure says, and only what may be tried again says so."""
        self.fails("VMNotFound", "get_disks", VM)
        self.fails("DiskNotFound", "resize_disk", MISSING, 2048)
        error = self.answer("resize_disk", MISSING, 2048)["error"]
        self.assertIsInstance(error["ok_to_retry"], bool)
        refusal = {"status": 403, "code": "AuthorizationFailed", "message": "no permission to perform action"}
        self.fault("GET", "/virtualMachines/", **refusal)
        error = self.answer("has_vm", VM)["error"]
        self.assertEqual(("Bosh::Clouds::CloudError", False), (error["type"], error["ok_to_retry"]))
        for fragment in (
            "Microsoft.Compute/virtualMachines/read",
            "AuthorizationFailed",
            "no permission",
            "request id",
        ):
            self.assertIn(fragment, error["message"])

    @row(3)
    def test_methods_that_are_not_there(self) -> None:
        self.assertIn("Method is not known, got: 'make_tea'", self.fails("NotImplemented", "make_tea"))
        for method, arguments in (("create_network", ({},)), ("delete_network", ("n",))):
            self.fails("NotImplemented", method, *arguments)
        self.assertEqual([], self.requests())

    @row(4)
    def test_shapes_of_results(self) -> None:
        arguments = self.create_vm({"instance_type": "Standard_D2s_v3"})
        self.assertEqual(VM, self.cpi("create_vm", *arguments, api_version=1))
        disk = self.cpi("create_disk", 1024, {}, VM, api_version=1)
        self.assertIsNone(self.cpi("attach_disk", VM, disk, api_version=1))
        hint = {"lun": "1", "host_device_id": "{f8b3781b-1e82-4818-a1c3-63d806ec15bb}"}
        for version in (2, 3):
            self.assertEqual(hint, self.cpi("attach_disk", VM, disk, api_version=version))
        self.assertIsNone(self.cpi("attach_disk", VM, disk, api_version=None))
        self.assertIsNone(self.cpi("detach_disk", VM, disk))
        self.assertIsNone(self.cpi("delete_vm", VM))
        vm, networks = self.cpi("create_vm", *arguments)
        self.assertEqual((VM, ["private"]), (vm, list(networks)))
        self.assertEqual("10.0.0.4", networks["private"]["ip"])
        for method in (("reboot_vm", VM), ("set_vm_metadata", VM, {"a": "b"}), ("delete_disk", disk)):
            self.assertIsNone(self.cpi(*method))
        self.assertIn("api_version 4", self.fails("CpiError", "has_vm", VM, api_version=4))

    @row(5)
    def test_old_stemcells_are_refused_whatever_the_method(self) -> None:
        old = {"context": {"vm": {"stemcell": {"api_version": 1}}}}
        said = "Stemcell must support api version 2 or higher"
        self.all_fail([(said, "has_vm", (VM,), old), (said, "create_disk", (1024, {}), old)])
        self.assertEqual([], self.requests("GET|PUT", "/subscriptions/.*(disks|virtualMachines)/bosh"))
        for version in (2, 3):
            self.assertFalse(self.cpi("has_vm", VM, context={"vm": {"stemcell": {"api_version": version}}}))

    @row(6)
    def test_another_subscription_group_and_location(self) -> None:
        group = f"/subscriptions/{OTHER}/resourceGroups/theirs"
        self.emulator.done("PUT", group, "2021-04-01", {"location": "westus"})
        self.forget()
        context = {"subscription_id": OTHER, "resource_group_name": "theirs"}
        disk = self.cpi("create_disk", 1024, {}, context=context)
        self.assertRegex(disk, r"^caching:None;disk_name:bosh-disk-data-[0-9a-f-]{36};resource_group_name:theirs$")
        [made] = self.requests("PUT", "/disks/")
        self.assertTrue(made["path"].startswith(f"{group}/providers/Microsoft.Compute/disks/"))
        self.assertEqual("westus", made["body"]["location"])
        self.assertTrue(self.cpi("has_disk", disk, context=context))
        # The identifier says the resource group, not the subscription.
        self.assertFalse(self.cpi("has_disk", disk))
        self.assertEqual([], [one["path"] for one in self.requests("PUT|DELETE") if SUBSCRIPTION in one["path"]])

    @row(6)
    def test_other_credentials_clouds_and_names(self) -> None:
        self.emulator.control("PATCH", "settings", {"client_secret": "theirs"})
        said = self.fails("CloudError", "has_vm", VM)
        self.assertIn("Invalid tenant_id, client_id or client_secret/certificate", said)
        context = {"client_secret": "theirs", "tenant_id": "their-tenant", "client_id": "their-client"}
        self.forget()
        self.assertFalse(self.cpi("has_vm", VM, context=context))
        [token] = self.requests("POST", "/oauth2/")
        self.assertEqual("/their-tenant/oauth2/token", token["path"])
        self.assertIn("client_id=their-client", token["body"])
        wrong = {"environment": "AzureMoon"}
        self.all_fail([("AzureMoon", "has_vm", (VM,), {"context": wrong})], "InvalidCall")

    @row(6)
    def test_what_is_nested_is_replaced_as_a_whole_and_null_takes_away(self) -> None:
        """`default_security_group` is a hash in the configuration: the group of the context has no resource group."""
        self.configure(default_security_group={"name": "nsg", "resource_group_name": "elsewhere"}, location="eastus")
        arguments = self.create_vm({"instance_type": "Standard_D2s_v3"})
        said = self.fails("VMCreationFailed", "create_vm", *arguments)
        self.assertIn("'nsg' in the resource group 'elsewhere'", said)
        context = {"default_security_group": {"name": "other"}}
        said = self.fails("VMCreationFailed", "create_vm", *arguments, context=context)
        self.assertIn("Cannot find the network security group 'other' in the resource group 'g'", said)
        self.cpi("create_vm", *arguments, context={"default_security_group": None, "ssh_user": "them"})
        self.assertEqual("them", self.vm()["properties"]["osProfile"]["adminUsername"])
        size = {"cpu": 1, "ram": 1024, "ephemeral_disk_size": 1024}
        said = self.fails("CloudError", "calculate_vm_cloud_properties", size, context={"location": None})
        self.assertIn("Missing the property 'location'", said)

    @row(6)
    def test_what_a_render_of_the_job_checks_is_checked_in_a_context_too(self) -> None:
        wrong = [
            ("azure:subscription_id", {"subscription_id": None}),
            ("azure:resource_group_name", {"resource_group_name": ""}),
            ("azure:ssh_public_key", {"ssh_public_key": None}),
        ]
        arguments = self.create_vm({"instance_type": "Standard_D2s_v3"})
        self.all_fail([(said, "create_vm", arguments, {"context": context}) for said, context in wrong], "InvalidCall")
        self.assertEqual([], self.requests("PUT", "networkInterfaces"))

    @row(75)
    def test_methods_of_the_lesser_used(self) -> None:
        self.fails("NotImplemented", "configure_networks", VM, {})
        self.fails("NotSupported", "current_vm_id")
        self.assertEqual([], [one for one in self.requests() if one["service"] == "arm" and AGENT in one["path"]])

    @row(75)
    def test_set_disk_metadata_keeps_the_tags_that_are_there(self) -> None:
        disk = self.cpi("create_disk", 1024, {"caching": "ReadOnly"})
        name = disk.split("disk_name:")[1].split(";")[0]
        tags = {"deployment": "dep", "attached_at": "now", "a/b": "x" * 300, "user-agent": "me"}
        self.assertIsNone(self.cpi("set_disk_metadata", disk, tags))
        expected = {
            "user-agent": "bosh",
            "caching": "ReadOnly",
            "deployment": "dep",
            "attached_at": "now",
            "a_b": "x" * 256,
        }
        self.assertEqual(expected, self.get(f"Compute/disks/{name}", DISKS)["tags"])
        self.fails("DiskNotFound", "set_disk_metadata", MISSING, tags)
