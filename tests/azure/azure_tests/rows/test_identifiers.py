"""Identifiers that directors keep: those of today, and those of years ago."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from ..plugin import AGENT, VM
from ..world import COMPUTE, DISKS
from .cases import Rows
from .table import row

UUID = "0d5c9a3e-1111-4222-8333-444455556666"
DISK = f"bosh-disk-data-{UUID}"


class Identifiers(Rows):
    def asked(self, method: str, *arguments: Any) -> str:
        """The path of the one request for a resource that a call sends."""
        self.forget()
        self.cpi(method, *arguments)
        [path] = {one["path"] for one in self.requests("GET", "/providers/")}
        return path.split("/resourceGroups/")[1].replace("/providers/Microsoft.Compute/", ":")

    @row(16)
    def test_every_form_of_a_vm(self) -> None:
        for text, path in (
            (VM, f"g:virtualMachines/{AGENT}"),
            (f"resource_group_name:other;agent_id:{AGENT}", f"other:virtualMachines/{AGENT}"),
            (f"agent_id:{AGENT};x:", f"g:virtualMachines/{AGENT}"),
            (f"agent_id:{AGENT};new_key:with:colons;resource_group_name:G", f"G:virtualMachines/{AGENT}"),
            (AGENT, f"g:virtualMachines/{AGENT}"),
            (f"account-{AGENT}", f"g:virtualMachines/account-{AGENT}"),
            (f"agent_id:{AGENT};resource_group_name:g;storage_account_name:account", f"g:virtualMachines/{AGENT}"),
        ):
            with self.subTest(text):
                self.assertEqual(path, self.asked("has_vm", text))

    @row(16)
    def test_what_is_no_vm(self) -> None:
        said = "Invalid {} in instance id (version 2) '{}'"
        cases = [
            ("Invalid instance id (plain) 'i-0123'", "i-0123"),
            (f"Invalid instance id (plain) '{AGENT}x'", f"{AGENT}x"),
            ("Invalid instance id (plain) ''", ""),
            (f"Invalid instance id (plain) 'agent_id:{AGENT}'", f"agent_id:{AGENT}"),
            ("key/value format wrong.", f"agent_id:{AGENT};nothing"),
            (said.format("agent_id", "agent_id:;resource_group_name:g"), "agent_id:;resource_group_name:g"),
            ("Invalid agent_id in instance id (version 2)", "resource_group_name:g;other:x"),
            ("Invalid resource_group_name in instance id", f"agent_id:{AGENT};resource_group_name:"),
            ("Invalid storage_account_name in instance id", f"agent_id:{AGENT};storage_account_name:"),
        ]
        self.all_fail([(said, "has_vm", (text,), {}) for said, text in cases])
        self.assertEqual([], self.requests(path="virtualMachines"))

    @row(16)
    def test_a_new_vm_has_the_identifier_of_today_in_its_own_group(self) -> None:
        self.put("other", COMPUTE, {"location": "eastus"}, whole=True)
        arguments = self.create_vm({"instance_type": "Standard_D2s_v3", "resource_group_name": "other"})
        vm = self.cpi("create_vm", *arguments)[0]
        self.assertEqual(f"agent_id:{AGENT};resource_group_name:other", vm)
        self.assertTrue(self.cpi("has_vm", vm))
        self.assertFalse(self.cpi("has_vm", VM))

    @row(16)
    def test_a_vm_of_years_ago_lives_on(self) -> None:
        """Its identifier is the agent's id alone; whatever is done with it, that stays its identifier."""
        self.cpi("create_vm", *self.create_vm({"instance_type": "Standard_D2s_v3"}))
        disk = self.cpi("create_disk", 1024, {}, AGENT)
        self.assertEqual("1", self.cpi("attach_disk", AGENT, disk)["lun"])
        self.assertEqual([disk], self.cpi("get_disks", AGENT))
        self.cpi("set_vm_metadata", AGENT, {"job": "web"})
        self.cpi("detach_disk", AGENT, disk)
        self.cpi("reboot_vm", AGENT)
        self.cpi("delete_vm", AGENT)
        self.cpi("delete_disk", disk)
        self.nothing_is_left()

    @row(17)
    def test_every_form_of_a_disk(self) -> None:
        for text, path in (
            (f"caching:None;disk_name:{DISK};resource_group_name:g", f"g:disks/{DISK}"),
            (f"resource_group_name:other;disk_name:{DISK};caching:ReadOnly", f"other:disks/{DISK}"),
            (f"caching:None;disk_name:{DISK}", f"g:disks/{DISK}"),
            (f"a:b;caching:None;disk_name:{DISK}", f"g:disks/{DISK}"),
            (f"{DISK}-None", f"g:disks/{DISK}-None"),
            (f"{DISK}-ReadWrite", f"g:disks/{DISK}-ReadWrite"),
        ):
            with self.subTest(text):
                self.assertEqual(path, self.asked("has_disk", text))

    @row(17)
    def test_what_is_no_disk(self) -> None:
        cases = [
            ("Unknown disk caching Sometimes", f"caching:Sometimes;disk_name:{DISK};resource_group_name:g"),
            ("Unknown disk caching", f"{DISK}-Sometimes"),
            ("key/value format wrong.", f"caching:None;{DISK}"),
            ("disk_name", "caching:None;resource_group_name:g"),
            ("caching", f"disk_name:{DISK};resource_group_name:g"),
            ("resource_group_name", f"caching:None;disk_name:{DISK};resource_group_name:"),
            ("storage_account_name", f"caching:None;disk_name:bosh-data-{UUID};resource_group_name:g"),
            ("Invalid disk id 'some-volume': names of data disks start with 'bosh-disk-data-'", "some-volume"),
            ("Invalid disk id 'vol-0123456789abcdef0'", "vol-0123456789abcdef0"),
        ]
        self.all_fail([(said, "has_disk", (text,), {}) for said, text in cases])
        self.assertEqual([], self.requests(path="/disks/"))

    @row(17)
    def test_a_disk_of_years_ago_is_cached_as_its_identifier_says(self) -> None:
        old = f"bosh-disk-data-{uuid4()}-ReadOnly"
        self.put(f"Compute/disks/{old}", DISKS, self.disk())
        self.cpi("create_vm", *self.create_vm({"instance_type": "Standard_D2s_v3"}))
        self.cpi("attach_disk", VM, old)
        [_, found] = self.vm()["properties"]["storageProfile"]["dataDisks"]
        self.assertEqual((old, "ReadOnly"), (found["name"], found["caching"]))
        self.assertEqual(old, self.vm()["tags"][f"disk-id-{old}"])
        self.assertEqual([old], self.cpi("get_disks", VM))
        snapshot = self.cpi("snapshot_disk", old, {})
        self.assertRegex(snapshot, r"^caching:ReadOnly;disk_name:bosh-disk-data-[0-9a-f-]{36};resource_group_name:g$")
        self.cpi("detach_disk", VM, old)
        self.cpi("delete_disk", old)
        self.assertFalse(self.cpi("has_disk", old))

    @row(17)
    def test_new_disks_and_snapshots(self) -> None:
        disk = self.cpi("create_disk", 1024, {"caching": "ReadWrite"})
        uuid = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
        form = f"^caching:ReadWrite;disk_name:bosh-disk-data-{uuid};resource_group_name:g$"
        self.assertRegex(disk, form)
        snapshot = self.cpi("snapshot_disk", disk, {})
        self.assertRegex(snapshot, form)
        self.assertNotEqual(disk, snapshot)
        self.assertFalse(self.cpi("has_disk", snapshot))
        self.cpi("delete_snapshot", snapshot)
        self.assertTrue(self.cpi("has_disk", disk))
