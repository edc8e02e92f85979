"""What Resource Manager asks of every request, and how it answers: versions, tokens, names, pages, ETags, bodies."""

from __future__ import annotations


from .running import SCOPE, EmulatorCase

DISKS, NETWORK, GROUPS = "2023-10-02", "2024-01-01", "2024-03-01"
DISK = "g/providers/Microsoft.Compute/disks"
EMPTY = {"location": "eastus", "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 4}}


class Rules(EmulatorCase):
    def setUp(self) -> None:
        super().setUp()
        self.emulator.done("PUT", "g", GROUPS, {"location": "eastus"})

    def refused(
        self, status: int, code: str, method: str, path: str, version: str, body: object = None, **more: object
    ) -> str:
        answer = self.emulator.call(method, path, version, body, **more)
        error = answer.json()["error"]
        self.assertEqual((status, code), (answer.status_code, error["code"]), error["message"])
        return error["message"]

    def test_a_version_and_a_token_are_needed(self) -> None:
        self.refused(400, "MissingApiVersionParameter", "GET", f"{DISK}/a", "")
        self.refused(400, "InvalidApiVersionParameter", "GET", f"{DISK}/a", "latest")
        self.refused(401, "AuthenticationFailed", "GET", f"{DISK}/a", DISKS, headers={"authorization": ""})
        self.refused(401, "InvalidAuthenticationToken", "GET", f"{DISK}/a", DISKS, token="made-up")
        storage = self.emulator.token("https://storage.azure.com/")
        self.refused(401, "InvalidAuthenticationTokenAudience", "GET", f"{DISK}/a", DISKS, token=storage)

    def test_what_is_not_there(self) -> None:
        self.assertIn("disks/a", self.refused(404, "ResourceNotFound", "GET", f"{DISK}/a", DISKS))
        self.refused(404, "ResourceGroupNotFound", "GET", "other/providers/Microsoft.Compute/disks/a", DISKS)
        self.refused(404, "ResourceGroupNotFound", "PUT", "other/providers/Microsoft.Compute/disks/a", DISKS, EMPTY)
        self.refused(404, "InvalidResourceType", "GET", "g/providers/Microsoft.Compute/cows/a", DISKS)
        self.refused(404, "InvalidResourceNamespace", "GET", "g/providers/Microsoft.Farm/cows/a", DISKS)
        self.refused(
            404,
            "ParentResourceNotFound",
            "PUT",
            "g/providers/Microsoft.Network/virtualNetworks/n/subnets/s",
            NETWORK,
            {"properties": {"addressPrefix": "10.0.0.0/24"}},
        )
        self.assertEqual(204, self.emulator.call("DELETE", f"{DISK}/a", DISKS).status_code)
        self.refused(400, "InvalidSubscriptionId", "GET", "/subscriptions/mine/resourceGroups/g", GROUPS)

    def test_ids_have_no_case(self) -> None:
        self.emulator.done("PUT", f"{DISK}/Data", DISKS, EMPTY)
        found = self.emulator.call("GET", "G/PROVIDERS/microsoft.compute/DISKS/data", DISKS).json()
        self.assertEqual(f"{SCOPE}/resourceGroups/g/providers/Microsoft.Compute/disks/Data", found["id"])
        again = self.emulator.done("PUT", f"{DISK}/DATA", DISKS, EMPTY)
        self.assertEqual(("Data", found["properties"]["uniqueId"] != ""), (again["name"], True))
        self.assertEqual(1, len(self.emulator.call("GET", DISK, DISKS).json()["value"]))

    def test_bodies_are_those_of_the_specification(self) -> None:
        def refused(code: str, **change: object) -> str:
            return self.refused(400, code, "PUT", f"{DISK}/a", DISKS, {**EMPTY, **change})

        self.assertIn("'colour'", refused("InvalidRequestContent", colour="red"))
        self.assertIn(
            "integer", refused("InvalidRequestContent", properties={**EMPTY["properties"], "diskSizeGB": "big"})
        )
        self.assertIn("array", refused("InvalidRequestContent", zones="1"))
        self.assertIn("properties.creationData", refused("InvalidParameter", properties={"diskSizeGB": 4}))
        refused("LocationRequired", location=None)
        refused("LocationNotAvailableForResourceType", location="atlantis")
        refused("InvalidRequestContent", properties={**EMPTY["properties"], "osType": "Plan9"})
        written = self.emulator.done(
            "PUT",
            f"{DISK}/a",
            DISKS,
            {
                "LOCATION": "East US",
                "id": "/ignored",
                "managedBy": "nobody",
                "properties": {"CreationData": {"createOption": "empty"}, "diskSizeGB": "4", "osType": "linux"},
            },
        )
        self.assertEqual(
            ("eastus", 4, "Linux", "Empty", None),
            (
                written["location"],
                written["properties"]["diskSizeGB"],
                written["properties"]["osType"],
                written["properties"]["creationData"]["createOption"],
                written.get("managedBy"),
            ),
        )
        message = self.emulator.call(
            "PUT",
            "g/providers/Microsoft.Network/virtualNetworks/n",
            NETWORK,
            {"location": "eastus", "properties": {"addressSpace": "10.0.0.0/8"}},
        ).json()["error"]
        self.assertEqual(("InvalidRequestFormat", "InvalidJson"), (message["code"], message["details"][0]["code"]))

    def test_answers_are_of_the_version_asked_for(self) -> None:
        written = self.emulator.done(
            "PUT",
            f"{DISK}/a",
            DISKS,
            {**EMPTY, "properties": {**EMPTY["properties"], "optimizedForFrequentAttach": True}},
        )
        self.assertTrue(written["properties"]["optimizedForFrequentAttach"])
        older = self.emulator.call("GET", f"{DISK}/a", "2021-04-01").json()
        self.assertTrue({"diskSizeGB"} <= older["properties"].keys())

    def test_a_location_is_for_ever(self) -> None:
        self.emulator.done("PUT", f"{DISK}/a", DISKS, EMPTY)
        self.refused(409, "InvalidResourceLocation", "PUT", f"{DISK}/a", DISKS, {**EMPTY, "location": "westus"})
        self.refused(409, "InvalidResourceGroupLocation", "PUT", "g", GROUPS, {"location": "westus"})

    def test_lists_come_in_pages(self) -> None:
        self.emulator.control("PATCH", "settings", {"page_size": 2})
        for name in "abcde":
            self.emulator.done("PUT", f"{DISK}/{name}", DISKS, EMPTY)
        names, url = [], DISK
        while url:
            page = self.emulator.call("GET", url, DISKS).json()
            self.assertLessEqual(len(page["value"]), 2)
            names += [one["name"] for one in page["value"]]
            url = page.get("nextLink")
        self.assertEqual(list("abcde"), names)

    def test_etags(self) -> None:
        path = "g/providers/Microsoft.Network/networkSecurityGroups/n"
        body = {"location": "eastus"}
        first = self.emulator.done("PUT", path, NETWORK, body)["etag"]
        self.refused(412, "PreconditionFailed", "PUT", path, NETWORK, body, headers={"if-none-match": "*"})
        self.refused(412, "PreconditionFailed", "DELETE", path, NETWORK, headers={"if-match": 'W/"other"'})
        self.assertEqual(200, self.emulator.call("PUT", path, NETWORK, body, headers={"if-match": first}).status_code)
        self.emulator.done("GET", path, NETWORK)
        self.refused(412, "PreconditionFailed", "PUT", path, NETWORK, body, headers={"if-match": first})

    def test_tags_have_limits(self) -> None:
        for code, tags in (
            ("InvalidTagNameCharacters", {"a/b": "1"}),
            ("InvalidTagValueLength", {"a": "x" * 257}),
            ("InvalidTags", {f"t{n}": "" for n in range(51)}),
        ):
            self.refused(400, code, "PUT", f"{DISK}/a", DISKS, {**EMPTY, "tags": tags})

    def test_names_have_rules(self) -> None:
        self.refused(400, "InvalidParameter", "PUT", f"{DISK}/{'x' * 81}", DISKS, EMPTY)
        self.refused(
            400,
            "AccountNameInvalid",
            "PUT",
            "g/providers/Microsoft.Storage/storageAccounts/No-Good",
            "2023-05-01",
            {"location": "eastus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"},
        )
        self.refused(
            400,
            "InvalidResourceName",
            "PUT",
            "g/providers/Microsoft.Network/networkSecurityGroups/-n",
            NETWORK,
            {"location": "eastus"},
        )

    def test_the_request_id_comes_back(self) -> None:
        headers = {"x-ms-client-request-id": "mine-1", "x-ms-return-client-request-id": "true"}
        answer = self.emulator.call("GET", "g", GROUPS, headers=headers)
        self.assertEqual("mine-1", answer.headers["x-ms-client-request-id"])
        self.assertTrue(answer.headers["x-ms-request-id"])
