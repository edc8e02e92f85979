"""What operators write by mistake: each message names the key, what it has, and what would be right."""

from __future__ import annotations

from typing import Any

from .plugin import VM, Plugin
from .running import SUBSCRIPTION

SIZE = {"instance_type": "Standard_D2s_v3"}
DISK = "caching:None;disk_name:bosh-disk-data-x;resource_group_name:g"


class Mistakes(Plugin):
    def calls_fail(self, method: str, cases: list[tuple[str, Any, tuple[Any, ...]]]) -> None:
        """Cases: a fragment of the message, settings on top, and arguments. Of what type errors are, the rows say."""

        def one(case: tuple[str, Any, tuple[Any, ...]]) -> dict[str, Any]:
            return self.answer(method, *case[2], context=case[1])

        for case, answer in zip(cases, self.together(one, cases), strict=True):
            with self.subTest(case[0]):
                self.assertIsNotNone(answer["error"], case[1:])
                self.assertIn(case[0], answer["error"]["message"])

    def creations_fail(self, cases: list[tuple[str, dict[str, Any]]]) -> None:
        """Cases: a fragment of the message, and what the type of the VM has besides."""
        self.calls_fail("create_vm", [(words, {}, self.create_vm(SIZE | more)) for words, more in cases])
        self.nothing_is_left()

    def test_settings(self) -> None:
        names = "it can be AzureCloud, AzureChinaCloud, AzureUSGovernment, AzureGermanCloud, AzureStack"
        sources = "it can be static, managed_identity, workload_identity"
        with_settings: list[tuple[str, Any]] = [
            (f"environment 'AzurePublicCloud' is not known: {names}", {"environment": "AzurePublicCloud"}),
            ("'environment' must be a string, got: 5", {"environment": 5}),
            ("azure:subscription_id", {"subscription_id": None}),
            ("azure:subscription_id", {"subscription_id": ""}),
            ("'subscription_id' must be a string, got: 5", {"subscription_id": 5}),
            ("azure:resource_group_name", {"resource_group_name": None}),
            ("'use_managed_disks' must be true or false, got: \"yes\"", {"use_managed_disks": "yes"}),
            ("'endpoints' must be an object, got: \"http", {"endpoints": "http://127.0.0.1:1"}),
            ("tenant_id", {"tenant_id": "a/b"}),
            ("client_id is missing", {"client_id": None}),
            ("client_secret and certificate are missing", {"client_secret": None}),
            ("certificate holds no certificate in PEM", {"client_secret": None, "certificate": "MIIC"}),
            (f"Unknown credentials_source msi: {sources}", {"credentials_source": "msi"}),
            ("federated_token_file is missing", {"credentials_source": "workload_identity"}),
            (
                "federated_token_file '/nonexistent' cannot be read",
                {"credentials_source": "workload_identity", "federated_token_file": "/nonexistent"},
            ),
        ]
        self.calls_fail("has_vm", [(words, more, (VM,)) for words, more in with_settings])

    def test_a_subscription_that_is_not_there_is_no_vm_that_is_gone(self) -> None:
        self.emulator.control("PATCH", "settings", {"subscriptions": [SUBSCRIPTION]})
        self.assertFalse(self.cpi("has_vm", VM))
        other = {"subscription_id": "00000000-0000-4000-8000-000000000000"}
        words = f"SubscriptionNotFound: The subscription '{other['subscription_id']}'"
        for method, argument in (("has_vm", VM), ("delete_vm", VM), ("has_disk", DISK), ("delete_disk", DISK)):
            self.calls_fail(method, [(words, other, (argument,))])

    def test_types_of_vms(self) -> None:
        self.creations_fail([
            ("'root_disk' must be an object, got: \"30\"", {"root_disk": "30"}),
            ("'root_disk.size' must be", {"root_disk": {"size": "30"}}),
            ("'ephemeral_disk.size' must be", {"ephemeral_disk": {"size": "10G"}}),
            ("'accelerated_networking' must be true or false, got: \"yes\"", {"accelerated_networking": "yes"}),
            ("'7' is not a valid zone. Available zones are: 1, 2, 3", {"availability_zone": "7"}),
            ("Only one of 'availability_zone' and", {"availability_zone": "1", "availability_set": "s"}),
            ("'ephemeral_disk.size' is 5 MiB", {"ephemeral_disk": {"size": 5}}),
            ("Unknown disk caching readwrite: it can be None, ReadOnly, ReadWrite", {"caching": "readwrite"}),
            ("Property 'load_balancer' must be a String, Hash, or Array", {"load_balancer": 5}),
            ("expected a Hash but got Array", {"tags": ["a"]}),
            ("TrustedLaunch or Standard, got: 'x'", {"security_profile": {"security_type": "x"}}),
            ("'user_assigned_identity_name' is required", {"managed_identity": {"type": "UserAssigned"}}),
        ])  # fmt: skip

    def test_disk_types(self) -> None:
        self.calls_fail("create_disk", [
            ("minimum disk size is 1 GiB, got: 5 MiB", {}, (5, {})),
            ("Unknown disk caching x: it can be None, ReadOnly, ReadWrite", {}, (1024, {"caching": "x"})),
            ("parameter sku.name", {}, (1024, {"storage_account_type": "gp3"})),
            ("diskEncryptionSets/nope is not found", {}, (1024, {"disk_encryption_set_name": "nope"})),
            ("Cannot find the resource group 'nope'", {"resource_group_name": "nope"}, (1024, {})),
        ])  # fmt: skip
        self.nothing_is_left()

    def test_secrets_are_in_no_message(self) -> None:
        self.emulator.control("PATCH", "settings", {"client_secret": "the-right-one"})
        for more in ({"client_secret": "a-wrong-one"}, {"client_secret": None, "certificate": "a-wrong-one"}):
            answer = self.call("has_vm", VM, context=more)
            self.assertIsNotNone(answer.response["error"])
            self.assertNotIn("a-wrong-one", answer.stdout + answer.stderr)
