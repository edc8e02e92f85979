"""A `create_vm` is killed while each of its requests is under way: `cpi-host orphans` finds what is left, and removes it."""

from __future__ import annotations

import json
import subprocess
import time
from typing import Any

from .plugin import PROGRAM
from .test_faults import Faults, places

_SIZE = {"instance_type": "Standard_D2s_v3"}


class Kills(Faults):
    properties = {"assign_dynamic_public_ip": True}
    group = "director-dep-web"

    def test_what_a_killed_call_leaves_is_found_and_removed(self) -> None:
        arguments = self.create_vm({**_SIZE, **self.properties}, self.group, networks=self.networks())
        self.forget()
        self.cpi("create_vm", *arguments)
        asked = [one for one in self.requests() if "/oauth2/" not in one["path"]]
        self.clear()
        for place in places(asked):
            with self.subTest(json.dumps(place)):
                self._kill_at(place, arguments)

    def _kill_at(self, place: dict[str, Any], arguments: tuple[Any, ...]) -> None:
        self.emulator.control("DELETE", "faults")
        self.emulator.control("POST", "faults", {**place, "delay": 0.3})
        command = [str(PROGRAM), "call", "--config", str(self.config), "--host", str(self.folder / "host.toml")]
        request = {"method": "create_vm", "arguments": arguments, "context": {"director_uuid": "d"}, "api_version": 2}
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env={}) as call:
            assert call.stdin
            call.stdin.write(json.dumps(request))
            call.stdin.close()
            deadline = time.monotonic() + 20
            while not self.emulator.control("GET", "faults")[0]["struck"]:
                self.assertLess(time.monotonic(), deadline, "it was not asked for")
                time.sleep(0.01)
            call.kill()
        # What is on its way arrives, and nobody is there to hear of it.
        time.sleep(1.0)
        self.emulator.control("DELETE", "faults")
        left = {one for one in self.ids() - self.base if "/providers/" in one}
        listed = {found for one in self._orphans() for found in one["ids"]}
        self.assertEqual({one.lower() for one in left}, {one.lower() for one in listed})
        removed = self._orphans("--delete")
        self.assertEqual([], [one for one in removed if one["state"] != "removed"])
        self.assertEqual([], self.clear())
        self.assertEqual([], self._orphans())

    def _orphans(self, *options: str) -> list[dict[str, Any]]:
        done = self.run_program("orphans", "--json", *options)
        return json.loads(done.stdout)["orphans"]
