"""Requests that have to be sent again, and operations that take their time."""

from __future__ import annotations

import email.utils
import time
from typing import Any

from ..plugin import AGENT, VM
from ..world import DISKS
from .cases import SIZE, Rows, name_of
from .table import row

FAILED = {"status": "Failed", "error": {"code": "DiskBroken", "message": "it broke"}}
AT_ONCE = {"Retry-After": "0"}


class Again(Rows):
    @row(13)
    def test_statuses_that_pass(self) -> None:
        for status in (408, 429, 500, 502, 503, 504):
            with self.subTest(status):
                self.forget()
                self.fault("GET", "/virtualMachines/", status=status, headers=AT_ONCE)
                self.assertFalse(self.cpi("has_vm", VM))
                self.assertEqual([status, 404], [one["status"] for one in self.requests("GET", "/virtualMachines/")])
        for status in (408, 429, 500, 502, 503, 504):
            with self.subTest(status, method="PUT"):
                self.forget()
                self.fault("PUT", "/disks/", status=status, headers=AT_ONCE)
                disk = self.cpi("create_disk", 1024, {})
                self.assertEqual([status, 202], [one["status"] for one in self.requests("PUT", "/disks/")])
                self.cpi("delete_disk", disk)
        self.nothing_is_left()

    @row(13)
    def test_statuses_that_are_final(self) -> None:
        for status in (400, 403, 405, 409, 410, 501, 505):
            self.forget()
            self.fault("GET", "/virtualMachines/", status=status, code="Final", message="no", headers=AT_ONCE)
            self.assertIn("Final: no", self.fails("CloudError", "has_vm", VM))
            self.assertEqual(1, len(self.requests("GET", "/virtualMachines/")))

    @row(13)
    def test_when_the_service_wants_it(self) -> None:
        """In seconds, or at a date."""
        self.fault("GET", "/virtualMachines/", status=503, headers={"Retry-After": "1"})
        self.assertFalse(self.cpi("has_vm", VM))
        first, second = self.requests("GET", "/virtualMachines/")
        self.assertGreaterEqual(second["time"] - first["time"], 1)
        date = int(time.time()) + 3
        header = email.utils.formatdate(date, usegmt=True)
        self.fault("GET", "/virtualMachines/", status=503, headers={"Retry-After": header})
        self.assertFalse(self.cpi("has_vm", VM))
        self.assertGreaterEqual(time.time(), date - 0.1)

    @row(13)
    def test_changes_are_sent_again_too(self) -> None:
        disk = self.cpi("create_disk", 1024, {})
        for fault in ({"status": 500, "headers": AT_ONCE}, {"drop": "before"}, {"drop": "after"}):
            with self.subTest(fault):
                self.forget()
                self.fault("PATCH", "/disks/", **fault)
                size = self.get(f"Compute/disks/{name_of(disk)}", DISKS)["properties"]["diskSizeGB"] + 1
                self.cpi("resize_disk", disk, size * 1024)
                self.assertEqual(2, len(self.requests("PATCH", "/disks/")))

    @row(13)
    def test_the_next_page_is_where_azure_says(self) -> None:
        """In another writing than that of the first one."""
        group = f"{self.emulator.url.upper()}/subscriptions/{self.azure['subscription_id']}/resourceGroups/g"
        link = f"{group}/providers/Microsoft.Network/publicIPAddresses?api-version=2024-05-01&$filter=name eq 'it'"
        self.fault("GET", "/publicIPAddresses$", status=200, body={"value": [], "nextLink": link})
        networks = {"a": self.manual("10.0.0.9"), "v": {"type": "vip", "ip": "203.0.113.77"}}
        said = self.fails("VMCreationFailed", "create_vm", *self.create_vm(SIZE, networks=networks))
        self.assertIn("Cannot find the public IP address", said)
        self.assertEqual(2, len(self.requests("GET", "/publicIPAddresses$")))

    @row(13)
    def test_not_for_ever(self) -> None:
        self.configure(host="[limits]\nretries = { tries = 3 }\n")
        refusal = {"status": 429, "code": "TooManyRequests", "message": "slow down", "headers": AT_ONCE, "times": 99}
        self.fault("GET", "/virtualMachines/", **refusal)
        said = self.fails("CloudError", "has_vm", VM)
        self.assertIn("TooManyRequests: slow down", said)
        self.assertEqual(4, len(self.requests("GET", "/virtualMachines/")))

    @row(13)
    def test_what_is_in_the_way_ends(self) -> None:
        """Other operations on the same resource, and the codes that say that they are one."""
        disk = self.cpi("create_disk", 1024, {})
        for status, code in (
            (409, "AnotherOperationInProgress"),
            (409, "ConflictingConcurrentWriteNotAllowed"),
            (429, "RetryableError"),
            (412, "PreconditionFailed"),
        ):
            with self.subTest(code):
                self.fault("PATCH", "/disks/", status=status, code=code, headers=AT_ONCE)
                self.cpi("set_disk_metadata", disk, {"last": code})
                found = self.get(f"Compute/disks/{name_of(disk)}", DISKS)["tags"]
                self.assertEqual(code, found["last"])


class Connections(Rows):
    @row(14)
    def test_a_connection_that_breaks(self) -> None:
        for when in ("before", "after"):
            self.fault("GET", "/virtualMachines/", drop=when, times=2)
            self.assertFalse(self.cpi("has_vm", VM))
            self.fault("PUT", "/disks/", drop=when)
            disk = self.cpi("create_disk", 1024, {})
            self.assertEqual(sorted(["source", name_of(disk)]), sorted(self.names("Compute/disks", DISKS)))
            self.fault("DELETE", "/disks/", drop=when)
            self.cpi("delete_disk", disk)
        self.nothing_is_left()

    @row(14)
    def test_a_poll_whose_connection_breaks(self) -> None:
        self.fault("GET", "/operations/", drop="before", times=2)
        self.cpi("delete_disk", self.cpi("create_disk", 1024, {}))
        self.nothing_is_left()

    @row(14)
    def test_nobody_listens(self) -> None:
        nowhere = {"management": "http://127.0.0.1:9", "authority": self.emulator.url}
        said = self.fails("CloudError", "has_vm", VM, context={"endpoints": nowhere})
        self.assertIn("127.0.0.1:9", said)
        self.assertIn("Please make sure the CPI has proper network access to Azure", said)
        nowhere = {"management": self.emulator.url, "authority": "http://127.0.0.1:9"}
        said = self.fails("CloudError", "has_vm", VM, context={"endpoints": nowhere})
        self.assertIn("Please make sure the CPI has proper network access to Azure", said)

    @row(14)
    def test_connections_that_always_break(self) -> None:
        self.fault("GET", "/virtualMachines/", drop="before", times=99)
        said = self.fails("CloudError", "has_vm", VM)
        self.assertIn("Please make sure the CPI has proper network access to Azure", said)
        self.assertGreaterEqual(len(self.requests("GET", "/virtualMachines/")), 3)


class Operations(Rows):
    def poll(self, **how: Any) -> None:
        """What the next look at an operation is answered."""
        self.fault("GET", "/operations/", **{"status": 200, **how})

    @row(15)
    def test_words_that_mean_that_it_goes_on(self) -> None:
        for word in ("InProgress", "Running", "Updating", "Creating", "Accepted", "Whatever"):
            self.poll(body={"status": word}, times=2)
            disk = self.cpi("create_disk", 1024, {})
            state = self.get(f"Compute/disks/{name_of(disk)}", DISKS)["properties"]["provisioningState"]
            self.assertEqual("Succeeded", state)

    @row(15)
    def test_words_that_mean_an_end(self) -> None:
        disk = self.cpi("create_disk", 1024, {})
        for body, said in (
            (FAILED, "DiskBroken: it broke"),
            ({"status": "failed", "error": FAILED["error"]}, "DiskBroken: it broke"),
            ({"status": "Canceled"}, "Canceled"),
            ({"status": "Cancelled", "error": {"code": "Preempted", "message": "by another"}}, "by another"),
            ({"status": "Failed"}, "Failed"),
        ):
            with self.subTest(body):
                self.emulator.control("DELETE", "faults")
                self.poll(body=body)
                self.assertIn(said, self.fails("CloudError", "resize_disk", disk, self.larger(disk)))

    def larger(self, disk: str) -> int:
        """MiB of the next size."""
        return (self.get(f"Compute/disks/{name_of(disk)}", DISKS)["properties"]["diskSizeGB"] + 1) * 1024

    @row(15)
    def test_failed_with_a_time_to_wait_is_asked_for_again(self) -> None:
        self.fault("PUT", "/disks/", operation={"status": "Failed", "code": "InternalError", "retry_after": 1})
        self.cpi("create_disk", 1024, {})
        first, second = self.requests("PUT", "/disks/")
        self.assertEqual(first["path"], second["path"])
        self.assertGreaterEqual(second["time"] - first["time"], 1)
        self.assertEqual([], self.requests("DELETE", "/disks/"))

    @row(15)
    def test_failed_with_a_time_to_wait_is_not_done_ten_times(self) -> None:
        self.poll(body=FAILED, headers=AT_ONCE, times=99)
        self.assertIn("it broke", self.fails("CloudError", "create_disk", 1024, {}))
        self.assertEqual(4, len(self.requests("PUT", "/disks/")))
        # An hour is no time to wait.
        self.forget()
        self.emulator.control("DELETE", "faults")
        self.poll(body=FAILED, headers={"Retry-After": "3600"})
        self.fails("CloudError", "create_disk", 1024, {})
        self.assertEqual(1, len(self.requests("PUT", "/disks/")))

    @row(15)
    def test_a_location_alone_is_followed(self) -> None:
        """202 there means that it goes on; 200 and 204 that it is done."""
        group = (
            f"{self.emulator.url}/subscriptions/{self.azure['subscription_id']}/resourceGroups/g?api-version=2021-04-01"
        )
        disk = self.cpi("create_disk", 1024, {})
        self.forget()
        answer = {"status": 202, "effect": True, "headers": {"Location": group, **AT_ONCE}, "body": {}}
        self.fault("PATCH", "/disks/", **answer)
        self.fault("GET", "/resourceGroups/g$", status=202, headers=AT_ONCE, body={}, times=2)
        self.cpi("resize_disk", disk, 2048)
        self.assertEqual([202, 202, 200], [one["status"] for one in self.requests("GET", "/resourceGroups/g$")])
        self.fault("DELETE", "/disks/", **answer)
        self.fault("GET", "/resourceGroups/g$", status=204, body="")
        self.cpi("delete_disk", disk)

    @row(15)
    def test_without_any_header_the_resource_itself_says_it(self) -> None:
        self.fault("PUT", "/disks/", status=202, effect=True, headers=AT_ONCE, body={})
        self.emulator.control("PATCH", "settings", {"polls": 3})
        disk = self.cpi("create_disk", 1024, {})
        self.assertGreaterEqual(len(self.requests("GET", f"/disks/{name_of(disk)}$")), 2)
        self.assertEqual([], self.requests("GET", "/operations/"))

    @row(15)
    def test_looks_that_are_refused(self) -> None:
        self.poll(status=503, headers=AT_ONCE, times=2)
        disk = self.cpi("create_disk", 1024, {})
        self.poll(status=403, code="AuthorizationFailed", message="may not look")
        self.assertIn("may not look", self.fails("CloudError", "resize_disk", disk, 2048))

    @row(15)
    def test_as_late_as_the_service_wants(self) -> None:
        self.emulator.control("PATCH", "settings", {"retry_after": 1, "polls": 4})
        self.cpi("create_disk", 1024, {})
        looks = self.requests("GET", "/operations/")
        self.assertEqual(5, len(looks))
        self.assertGreaterEqual(looks[-1]["time"] - looks[-2]["time"], 0.95)

    @row(15)
    def test_an_operation_that_never_ends(self) -> None:
        self.configure(host='[limits]\nwall = { default = "3s" }\n')
        self.emulator.control("PATCH", "settings", {"polls": 100_000})
        start = time.monotonic()
        said = self.fails("CpiError", "create_disk", 1024, {})
        self.assertIn("limit-", said)
        self.assertLess(time.monotonic() - start, 15)

    @row(15)
    def test_a_machine_takes_long(self) -> None:
        self.emulator.control("PATCH", "settings", {"polls": 6})
        self.cpi("create_vm", *self.create_vm(SIZE))
        self.assertEqual("Succeeded", self.vm(AGENT)["properties"]["provisioningState"])
        self.cpi("delete_vm", VM)
        self.nothing_is_left()
