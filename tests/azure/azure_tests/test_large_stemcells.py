"""A stemcell of three gibibytes: how fast it goes, how much memory it takes, and what is sent after a kill."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import random
import re
import subprocess
import tarfile
import time
from pathlib import Path

from .plugin import PROGRAM
from .stemcell import MIB, PROPERTIES, Stemcells, vhd

GIB = 1 << 30
STEP = 2 * MIB
MOST_MEMORY = 64 * MIB


class LargeStemcells(Stemcells):
    def write(self, steps: int, filled: dict[int, bytes], footer: bytes) -> Path:
        """An archive of steps that are zeros but for some. Each is compressed by itself, and the zeros only once."""
        file = self.folder / "image"
        entry = tarfile.TarInfo("root.vhd")
        entry.size = steps * STEP + len(footer)
        zeros = gzip.compress(bytes(STEP), 1)
        with file.open("wb") as out:
            out.write(gzip.compress(entry.tobuf()))
            for index in range(steps):
                out.write(gzip.compress(filled[index], 0) if index in filled else zeros)
            out.write(gzip.compress(footer + bytes(2 * tarfile.BLOCKSIZE)))
        return file

    def start(self, file: Path) -> subprocess.Popen[str]:
        command = [str(PROGRAM), "call", "--config", str(self.config), "--host", str(self.folder / "host.toml")]
        request = {"method": "create_stemcell", "arguments": [str(file), PROPERTIES], "api_version": 2}
        request["context"] = {"director_uuid": "d1d1d1d1-0000-4000-8000-000000000000"}
        program = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={"PATH": os.environ["PATH"]},
        )
        assert program.stdin
        program.stdin.write(json.dumps(request))
        program.stdin.close()
        return program

    @staticmethod
    def peak(program: subprocess.Popen[str]) -> int:
        """The most memory that a process had until its end, in bytes. What wait tells counts this process's too."""
        most = 0
        while program.poll() is None:
            with contextlib.suppress(OSError):
                found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{program.pid}/status").read_text())
                most = max(most, int(found[1]) * 1024 if found else 0)
            time.sleep(0.01)
        return most

    def pages(self) -> list[str]:
        return [one["headers"]["x-ms-range"] for one in self.requests("PUT") if "x-ms-range" in one["headers"]]

    def test_three_gibibytes_in_little_memory(self) -> None:
        source = random.Random(7)
        filled = {index: source.randbytes(STEP) for index in range(0, 3 * GIB // STEP, 24)}
        footer = b"conectix".ljust(512, b"\1")
        size = 3 * GIB + len(footer)
        file = self.write(3 * GIB // STEP, filled, footer)
        filled[3 * GIB // STEP] = footer
        self.forget()
        start = time.monotonic()
        program = self.start(file)
        memory = self.peak(program)
        seconds = time.monotonic() - start
        assert program.stdout
        answer = json.loads(program.stdout.read())
        program.stdout.close()
        self.assertIsNone(answer["error"])
        blob = self.container().get_blob_client(f"{answer['result']}.vhd")
        self.assertEqual(size, blob.get_blob_properties().size)
        self.assertEqual(len(filled), len(self.pages()))
        for index in (0, 24, max(filled) - 1 - (max(filled) - 1) % 24, max(filled)):
            piece = filled[index]
            self.assertEqual(piece, blob.download_blob(index * STEP, len(piece)).readall())
        sent = sum(map(len, filled.values()))
        self.tell(
            f"3 GiB, {sent / MIB:.0f} MiB of them no zeros: {seconds:.1f} s, {3 * 1024 / seconds:.0f} MiB/s, "
            f"{memory / MIB:.0f} MiB of memory"
        )
        self.assertLess(memory, MOST_MEMORY)

    def test_what_a_killed_call_sent_is_not_sent_again(self) -> None:
        pieces = [random.Random(n).randbytes(STEP) for n in range(40)]
        image = vhd(*pieces)
        file = self.archive(image)
        self.fault("PUT", "/stemcell/", skip=2, delay=0.2, times=100)
        program = self.start(file)
        deadline = time.monotonic() + 60
        while len(self.pages()) < 12 and time.monotonic() < deadline:
            time.sleep(0.02)
        program.kill()
        program.wait()
        assert program.stdout
        program.stdout.close()
        [begun] = self.blobs()
        self.assertIn(begun, self.run_program("orphans").stdout)
        first = set(self.pages())
        self.assertLess(len(first), 41)
        self.forget()
        stemcell = self.cpi("create_stemcell", str(file), PROPERTIES)
        self.assertEqual(begun, f"{stemcell}.vhd")
        second = self.pages()
        # What was under way when it was killed is sent again, and nothing else.
        self.assertLessEqual(len(second), 41 - len(first) + 16)
        self.assertGreaterEqual(len(second), 41 - len(first))
        self.assertEqual(image, self.container().get_blob_client(begun).download_blob().readall())
