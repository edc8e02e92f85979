"""What must never be seen, and what must never be sent."""

from __future__ import annotations

import json
import re

from ..plugin import VM
from .cases import SIZE, Machines
from .table import row

SECRETS = {
    "client_secret": "canary-client-secret",
    "mbus": "canary-mbus-password",
    "env": "canary-env-password",
    "private": "canary-private-key",
}


class Secrets(Machines):
    @row(76)
    def test_a_whole_life_tells_nothing(self) -> None:
        """In no log, not even with details, and in no answer; failures and Azure's own words included."""
        mbus = f"nats://nats:{SECRETS['mbus']}@10.0.0.6:4222"
        self.configure({"mbus": mbus, "blobstore": {"key": SECRETS["private"]}}, client_secret=SECRETS["client_secret"])
        env = {"bosh": {"password": SECRETS["env"], "group": "group"}}
        arguments = self.create_vm(SIZE, env=env)
        logs = []

        def run(method: str, *given: object, fails: bool = False) -> object:
            request = {"method": method, "arguments": given, "context": {"director_uuid": "d"}, "api_version": 2}
            done = self.run_program("call", "--verbose", stdin=json.dumps(request))
            logs.append(done.stdout + done.stderr)
            answer = json.loads(done.stdout)
            self.assertEqual(fails, answer["error"] is not None, answer)
            return answer["result"]

        run("create_vm", *arguments)
        sent = self.model()["properties"]["osProfile"]["customData"]
        disk = run("create_disk", 1024, {}, VM)
        run("attach_disk", VM, disk)
        run("set_vm_metadata", VM, {"job": "web"})
        run("snapshot_disk", disk, {})
        run("detach_disk", VM, disk)
        run("delete_disk", disk)
        run("delete_vm", VM)
        # Azure repeats what it was sent.
        message = f"customData '{sent}' and {SECRETS['client_secret']} are not good"
        self.fault("PUT", "/virtualMachines/", status=400, code="InvalidParameter", message=message)
        run("create_vm", *arguments, fails=True)
        self.emulator.control("PATCH", "settings", {"client_secret": "another"})
        self.emulator.control("DELETE", "tokens")
        run("has_vm", VM, fails=True)
        tokens = [one["answer"]["access_token"] for one in self.requests("POST", "/oauth2/") if one["status"] == 200]
        self.assertTrue(tokens)
        whole = "\n".join(logs)
        for secret in [*SECRETS.values(), sent, *tokens]:
            self.assertNotIn(secret, whole)
        self.assertIn("/virtualMachines/", whole)

    @row(76)
    def test_nothing_on_the_disk_is_readable(self) -> None:
        """What is kept for the next calls is encrypted, or is no secret."""
        self.configure(client_secret=SECRETS["client_secret"])
        self.cpi("create_vm", *self.create_vm(SIZE, env={"bosh": {"password": SECRETS["env"]}}))
        [token] = {one["answer"]["access_token"] for one in self.requests("POST", "/oauth2/")}
        for file in (self.folder / "state").rglob("*"):
            if file.is_file():
                content = file.read_bytes()
                for secret in (SECRETS["client_secret"], SECRETS["env"], token):
                    self.assertNotIn(secret.encode(), content, file)

    @row(78)
    def test_nobody_is_told(self) -> None:
        """The setting of the Ruby CPI is taken, and has no effect: only Resource Manager and Entra are asked."""
        self.configure(enable_telemetry=True)
        self.cpi("create_vm", *self.create_vm(SIZE))
        self.cpi("delete_vm", VM)
        self.fails("VMNotFound", "reboot_vm", VM)
        for request in self.requests():
            self.assertRegex(request["path"], "^/subscriptions/|/oauth2/token$")
        answer = self.call("has_vm", VM)
        connected = set(re.findall(r"https?://[^/\s)]+", answer.stderr))
        self.assertLessEqual(connected, {self.emulator.url})
