"""create_vm that fails: tried again, told, and nothing left."""

from __future__ import annotations

from typing import Any

from ..plugin import AGENT
from ..world import COMPUTE, DISKS, NETWORK
from .cases import SIZE, Machines
from .table import row

ALL = {**SIZE, "assign_dynamic_public_ip": True}
STARTED = {"status": "Failed", "code": "OSProvisioningTimedOut", "message": "OS did not finish in time"}


class Failures(Machines):
    def failing(self, times: int, **operation: Any) -> None:
        self.fault("PUT", "/virtualMachines/", operation={**STARTED, **operation}, times=times)

    @row(54)
    def test_a_vm_that_does_not_come_up_is_made_again(self) -> None:
        self.failing(2)
        self.cpi("create_vm", *self.create_vm(ALL, "group"))
        changes = [
            (one["method"], one["path"].split("/providers/Microsoft.")[1].rsplit("/", 1)[0])
            for one in self.requests("PUT|DELETE", f"/(virtualMachines|disks)/[^/]*{AGENT}")
        ]
        self.assertEqual(3, changes.count(("PUT", "Compute/virtualMachines")))
        self.assertEqual(2, changes.count(("DELETE", "Compute/virtualMachines")))
        # Between them the VM goes first, and its interface stays.
        self.assertEqual(("DELETE", "Compute/virtualMachines"), changes[1])
        self.assertEqual(1, len(self.requests("PUT", "/networkInterfaces/")))
        bodies = [one["body"] for one in self.requests("PUT", "/virtualMachines/")]
        self.assertEqual([bodies[0]] * 3, bodies)
        self.assertEqual("Succeeded", self.vm()["properties"]["provisioningState"])

    @row(54)
    def test_what_is_between_two_tries_is_removed_at_the_third_try_at_the_latest(self) -> None:
        self.failing(1)
        self.fault("DELETE", "/virtualMachines/", status=409, code="Conflict", message="not yet", times=2)
        self.cpi("create_vm", *self.create_vm(ALL, "group"))
        self.assertEqual([409, 409, 202], [one["status"] for one in self.requests("DELETE", "/virtualMachines/")])
        self.assertEqual(2, len(self.requests("PUT", "/virtualMachines/")))

    @row(54, 56, 57)
    def test_three_times_at_most(self) -> None:
        self.failing(9)
        error = self.answer("create_vm", *self.create_vm(ALL, "group"))["error"]
        self.assertEqual("Bosh::Clouds::VMCreationFailed", error["type"])
        self.assertIn("OS did not finish in time", error["message"])
        self.assertEqual(3, len(self.requests("PUT", "/virtualMachines/")))
        self.nothing_is_left()

    @row(54)
    def test_where_there_is_no_room_nobody_waits_in_place(self) -> None:
        """Azure gives a time to wait with it; what is there of the VM is removed before it is tried anew."""
        self.failing(1, code="AllocationFailed", retry_after=60)
        self.cpi("create_vm", *self.create_vm(SIZE))
        first, second = self.requests("PUT", "/virtualMachines/")
        self.assertLess(second["time"] - first["time"], 30)
        self.assertEqual(1, len(self.requests("DELETE", "/virtualMachines/")))

    @row(54)
    def test_what_will_not_pass_is_not_tried_again(self) -> None:
        for how in (
            {"status": 409, "code": "OperationNotAllowed", "message": "exceeding approved Total Regional Cores quota"},
            {"status": 400, "code": "InvalidParameter", "message": "a wrong parameter"},
        ):
            self.forget()
            self.fault("PUT", "/virtualMachines/", **how)
            error = self.answer("create_vm", *self.create_vm(ALL, "group"))["error"]
            self.assertEqual(("Bosh::Clouds::VMCreationFailed", False), (error["type"], error["ok_to_retry"]))
            self.assertIn(how["message"], error["message"])
            self.assertEqual(1, len(self.requests("PUT", "/virtualMachines/")))
            self.nothing_is_left()

    @row(55)
    def test_a_vm_is_kept_only_when_all_tries_failed(self) -> None:
        self.configure(keep_failed_vms=True)
        self.failing(9)
        said = self.fails("VMCreationFailed", "create_vm", *self.create_vm(ALL, "group"))
        self.assertIn("This VM fails in provisioning after multiple retries", said)
        for name in (AGENT, "'g'", f"bosh-disk-os-{AGENT}"):
            self.assertIn(name, said)
        self.assertEqual([AGENT], self.names("Compute/virtualMachines", COMPUTE))
        self.assertEqual([f"{AGENT}-0"], self.names("Network/networkInterfaces", NETWORK))
        self.assertEqual([AGENT], self.names("Network/publicIPAddresses", NETWORK))
        self.assertIn(f"bosh-disk-os-{AGENT}", self.names("Compute/disks", DISKS))
        self.emulator.control("DELETE", "faults")
        self.cpi("delete_vm", f"agent_id:{AGENT};resource_group_name:g")
        self.nothing_is_left()

    @row(55)
    def test_nothing_is_kept_of_other_failures(self) -> None:
        self.configure(keep_failed_vms=True)
        for how in (
            {"status": 409, "code": "OperationNotAllowed", "message": "exceeding approved quota"},
            {"status": 400, "code": "InvalidParameter", "message": "a wrong parameter"},
        ):
            self.fault("PUT", "/virtualMachines/", **how)
            said = self.fails("VMCreationFailed", "create_vm", *self.create_vm(ALL, "group"))
            self.assertNotIn("multiple retries", said)
            self.nothing_is_left()

    @row(56)
    def test_a_failure_at_every_step_leaves_nothing(self) -> None:
        networks = {"a": self.manual("10.0.0.9"), "b": self.manual("10.0.1.9", "b")}
        arguments = self.create_vm(ALL, "group", networks=networks)
        self.cpi("create_vm", *arguments)
        steps = {(one["method"], one["path"]) for one in self.requests("GET|PUT|PATCH", "/providers/")}
        steps = {step for step in steps if "/operations/" not in step[1]}
        self.cpi("delete_vm", f"agent_id:{AGENT};resource_group_name:g")
        self.assertGreater(len(steps), 6)
        for method, path in sorted(steps):
            with self.subTest(method=method, path=path.rsplit("/", 2)[1:]):
                self.fault(method, f"^{path}$", status=403, code="AuthorizationFailed", message="not allowed here")
                error = self.answer("create_vm", *arguments)["error"]
                self.assertIn(error["type"], ("Bosh::Clouds::VMCreationFailed", "Bosh::Clouds::CloudError"))
                self.assertIn("not allowed here", error["message"])
                self.nothing_is_left()

    @row(56)
    def test_an_interface_that_azure_still_reserves(self) -> None:
        """Another try removes it."""
        self.failing(9)
        reserved = {"status": 400, "code": "NicReservedForAnotherVm", "message": "reserved for 180 seconds"}
        self.fault("DELETE", "/networkInterfaces/", **reserved, times=2)
        self.fails("VMCreationFailed", "create_vm", *self.create_vm(ALL, "group"))
        self.assertEqual([400, 400, 202], [one["status"] for one in self.requests("DELETE", "/networkInterfaces/")])
        self.nothing_is_left()

    @row(56)
    def test_what_cannot_be_removed_is_told_too(self) -> None:
        self.fault("PUT", "/virtualMachines/", status=400, code="InvalidParameter", message="a wrong parameter")
        lock = {"status": 409, "code": "ScopeLocked", "message": "a lock forbids it", "times": 99}
        self.fault("DELETE", "/networkInterfaces/", **lock)
        error = self.answer("create_vm", *self.create_vm(SIZE))["error"]
        self.assertEqual(("Bosh::Clouds::VMCreationFailed", False), (error["type"], error["ok_to_retry"]))
        self.assertIn("a wrong parameter", error["message"])
        self.assertIn("a lock forbids it", error["message"])
        for part in (f"VM '{AGENT}' in the resource group 'g'", f"'{AGENT}-N'", f"'bosh-disk-os-{AGENT}*'"):
            self.assertIn(part, error["message"])
        self.assertIn(f"Microsoft.Network/networkInterfaces/delete '{AGENT}-0'", error["message"])

    @row(56)
    def test_what_there_is_of_a_vm_is_told_once(self) -> None:
        self.failing(1, code="AllocationFailed", message="no room")
        self.fault("DELETE", "/virtualMachines/", status=409, code="ScopeLocked", message="a lock forbids it", times=99)
        error = self.answer("create_vm", *self.create_vm(SIZE))["error"]
        self.assertEqual((1, 1), (error["message"].count("a lock forbids it"), error["message"].count("no room")))
        self.assertIn(f"Look for the VM '{AGENT}'", error["message"])
        self.assertIn("This VM fails in provisioning after multiple retries, and not everything", error["message"])

    @row(57)
    def test_words_are_those_of_the_manifest(self) -> None:
        """Azure's `vmSize` is the `instance_type` of a cloud config."""
        said = self.fails("VMCreationFailed", "create_vm", *self.create_vm({"instance_type": "Standard_Nothing"}))
        self.assertIn("Standard_Nothing", said)
        self.assertNotIn("vmSize", said)
        message = "Required parameter 'vmSize' is missing; vmSize again"
        self.fault("PUT", "/virtualMachines/", status=400, code="InvalidParameter", message=message)
        said = self.fails("VMCreationFailed", "create_vm", *self.create_vm(SIZE))
        self.assertIn("'instance_type' is missing; instance_type again", said)

    @row(57)
    def test_without_room_the_director_may_try_again(self) -> None:
        self.emulator.control("PATCH", "settings", {"unavailable_sizes": ["Standard_D2s_v3"]})
        error = self.answer("create_vm", *self.create_vm(SIZE))["error"]
        self.assertEqual(("Bosh::Clouds::VMCreationFailed", True), (error["type"], error["ok_to_retry"]))
        self.assertIn("SkuNotAvailable", error["message"])
