"""Operations that take time, failures on demand, and what is left after them."""

from __future__ import annotations

import time

import requests

from .running import EmulatorCase

DISKS, NETWORK, COMPUTE = "2023-10-02", "2024-01-01", "2024-03-01"
DISK = "g/providers/Microsoft.Compute/disks/a"
NIC = "g/providers/Microsoft.Network/networkInterfaces/n"
EMPTY = {"location": "eastus", "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 4}}


class Operations(EmulatorCase):
    def setUp(self) -> None:
        super().setUp()
        self.emulator.done("PUT", "g", "2024-03-01", {"location": "eastus"})

    def test_an_operation_is_seen_in_progress_first(self) -> None:
        self.emulator.control("PATCH", "settings", {"polls": 2, "retry_after": 7})
        answer = self.emulator.call("PUT", DISK, DISKS, EMPTY)
        self.assertEqual(
            (202, "Creating", "7"),
            (answer.status_code, answer.json()["properties"]["provisioningState"], answer.headers["Retry-After"]),
        )
        states = [
            self.emulator.call("GET", answer.headers["Azure-AsyncOperation"], "").json()["status"] for _ in range(3)
        ]
        self.assertEqual(["InProgress", "InProgress", "Succeeded"], states)
        self.assertEqual("Succeeded", self.emulator.call("GET", DISK, DISKS).json()["properties"]["provisioningState"])
        final = self.emulator.call("GET", answer.headers["Location"], "")
        self.assertEqual((200, "a"), (final.status_code, final.json()["name"]))

    def test_location_says_202_until_the_end(self) -> None:
        self.emulator.done("PUT", DISK, DISKS, EMPTY)
        answer = self.emulator.call("DELETE", DISK, DISKS)
        self.assertEqual(202, answer.status_code)
        self.assertEqual(
            "Deleting", self.emulator.control("GET", "state")["resources"][1]["properties"]["provisioningState"]
        )
        self.assertEqual(202, self.emulator.call("GET", answer.headers["Location"], "").status_code)
        self.assertEqual(204, self.emulator.call("GET", answer.headers["Location"], "").status_code)
        self.assertEqual(404, self.emulator.call("GET", DISK, DISKS).status_code)

    def test_an_operation_takes_its_time(self) -> None:
        self.emulator.control("PATCH", "settings", {"polls": 0, "delay": 0.3})
        start = time.monotonic()
        self.emulator.done("PUT", DISK, DISKS, EMPTY)
        self.assertGreaterEqual(time.monotonic() - start, 0.3)

    def test_nobody_else_may_write_meanwhile(self) -> None:
        self.emulator.control("PATCH", "settings", {"polls": 9})
        self.emulator.call("PUT", DISK, DISKS, EMPTY)
        refused = self.emulator.call("PATCH", DISK, DISKS, {"tags": {"a": "b"}})
        self.assertEqual(
            (409, "ConflictingConcurrentWriteNotAllowed"), (refused.status_code, refused.json()["error"]["code"])
        )
        group = "g/providers/Microsoft.Network/networkSecurityGroups/n"
        self.emulator.call("PUT", group, NETWORK, {"location": "eastus"})
        refused = self.emulator.call("PUT", group, NETWORK, {"location": "eastus"})
        self.assertEqual((409, "AnotherOperationInProgress"), (refused.status_code, refused.json()["error"]["code"]))

    def test_what_is_not_ready_cannot_be_referred_to(self) -> None:
        self.emulator.control("PATCH", "settings", {"polls": 2})
        group = "g/providers/Microsoft.Network/networkSecurityGroups/n"
        answer = self.emulator.call("PUT", group, NETWORK, {"location": "eastus"})
        refused = self.emulator.call(
            "PUT",
            "g/providers/Microsoft.Network/virtualNetworks/v",
            NETWORK,
            {
                "location": "eastus",
                "properties": {
                    "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
                    "subnets": [
                        {
                            "name": "s",
                            "properties": {
                                "addressPrefix": "10.0.0.0/24",
                                "networkSecurityGroup": {"id": answer.json()["id"]},
                            },
                        }
                    ],
                },
            },
        )
        self.assertEqual(
            (429, "ReferencedResourceNotProvisioned"),
            (refused.status_code, refused.json()["error"]["details"][0]["code"]),
        )

    def test_a_deletion_takes_over_from_a_creation(self) -> None:
        self.emulator.control("PATCH", "settings", {"polls": 5})
        creation = self.emulator.call("PUT", DISK, DISKS, EMPTY)
        deletion = self.emulator.call("DELETE", DISK, DISKS)
        self.assertEqual("Canceled", self.emulator.wait(creation)["status"])
        self.assertEqual("Succeeded", self.emulator.wait(deletion)["status"])

    def test_a_refusal_on_demand(self) -> None:
        self.emulator.control(
            "POST",
            "faults",
            {
                "method": "GET",
                "path": "/disks/",
                "times": 2,
                "status": 429,
                "code": "TooManyRequests",
                "message": "slow down",
                "headers": {"Retry-After": "3"},
            },
        )
        answers = [self.emulator.call("GET", DISK, DISKS) for _ in range(3)]
        self.assertEqual([429, 429, 404], [answer.status_code for answer in answers])
        self.assertEqual(
            ("3", "TooManyRequests"), (answers[0].headers["Retry-After"], answers[0].json()["error"]["code"])
        )

    def test_a_refusal_after_the_effect(self) -> None:
        self.emulator.control("POST", "faults", {"method": "PUT", "status": 500, "effect": True})
        self.assertEqual(500, self.emulator.call("PUT", DISK, DISKS, EMPTY).status_code)
        self.assertEqual(200, self.emulator.call("GET", DISK, DISKS).status_code)

    def test_a_broken_connection(self) -> None:
        for drop, status in (("before", 404), ("after", 200)):
            with self.subTest(drop):
                self.emulator.control("POST", "faults", {"method": "PUT", "path": "/disks/", "drop": drop})
                with self.assertRaises(requests.ConnectionError):
                    self.emulator.call("PUT", DISK, DISKS, EMPTY)
                self.assertEqual(status, self.emulator.call("GET", DISK, DISKS).status_code)

    def test_an_operation_that_fails(self) -> None:
        self.emulator.control(
            "POST",
            "faults",
            {
                "path": "/disks/",
                "method": "PUT",
                "operation": {"status": "Failed", "code": "AllocationFailed", "message": "no room", "retry_after": 9},
            },
        )
        answer = self.emulator.call("PUT", DISK, DISKS, EMPTY)
        self.assertEqual({"code": "AllocationFailed", "message": "no room"}, self.emulator.wait(answer)["error"])
        self.assertEqual(
            "9", self.emulator.call("GET", answer.headers["Azure-AsyncOperation"], "").headers["Retry-After"]
        )
        self.assertEqual("Failed", self.emulator.call("GET", DISK, DISKS).json()["properties"]["provisioningState"])
        self.emulator.control("POST", "faults", {"method": "PATCH", "operation": {"status": "Canceled"}})
        change = self.emulator.call("PATCH", DISK, DISKS, {"properties": {"diskSizeGB": 8}})
        self.assertEqual("Canceled", self.emulator.wait(change)["status"])
        self.assertEqual(4, self.emulator.call("GET", DISK, DISKS).json()["properties"]["diskSizeGB"])

    def test_faults_and_settings_are_checked(self) -> None:
        for name, body in (
            ("faults", {"path": "x"}),
            ("faults", {"status": 500, "colour": 1}),
            ("faults", {"drop": "later"}),
            ("faults", {"status": 500, "path": "("}),
        ):
            with self.subTest(body), self.assertRaises(requests.HTTPError):
                self.emulator.control("POST", name, body)
        for body in ({"pols": 1}, {"polls": "one"}):
            with self.subTest(body), self.assertRaises(requests.HTTPError):
                self.emulator.control("PATCH", "settings", body)

    def test_the_record_tells_what_was_asked(self) -> None:
        self.emulator.control("DELETE", "requests")
        self.emulator.call("PUT", DISK, DISKS, EMPTY)
        (one,) = self.emulator.control("GET", "requests")
        self.assertEqual(("arm", "PUT", 202, EMPTY), (one["service"], one["method"], one["status"], one["body"]))
