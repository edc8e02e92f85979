"""Prints the story. Everything stays readable without colour and at a hundred columns."""

from __future__ import annotations

import io
import os
import shutil
import sys
import textwrap
from collections.abc import Iterable

from .cloud import Fact, Sight

_WIDEST, _NARROWEST = 100, 72
_LABEL = 10
_LINES = 5
_NARROW = 24


class Show:
    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # A terminal without ✓ shows a question mark.
        self._colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
        columns = shutil.get_terminal_size((_WIDEST, 0)).columns
        self.width = max(_NARROWEST, min(_WIDEST, columns))

    def heading(self, name: str, text: str = "") -> None:
        self._say(f"\n{self._paint('1', f'── {name} ')}{'─' * (self.width - len(name) - 4)}")
        if text:
            self._say(f"   {text}")

    def chapter(self, text: str) -> None:
        self._say()
        for line in _wrap(text, self.width - 4):
            self._say(f"    {self._paint('1', line)}")

    def step(self, number: int, method: str, ms: float, cloud_ms: float) -> None:
        time = f"{ms:.1f} ms" + (f", {cloud_ms:.1f} of them the cloud's" if cloud_ms else "")
        left = f"{number:2}  {method}"
        gap = " " * (self.width - len(left) - len(time))
        self._say(f"\n{number:2}  {self._paint('1', method)}{gap}{self._paint('2', time)}")

    def line(self, label: str, text: str = "", most: int = _LINES) -> None:
        lines = _wrap(text, self.width - _LABEL, most)
        self._say(f"    {self._paint('2', f'{label:<6}')}{lines[0]}")
        for more in lines[1:]:
            self._say(" " * _LABEL + more)

    def sights(self, sights: Iterable[Sight]) -> None:
        """What happened, with its verdict at the right; the details stand between, or below if that is narrow."""
        label, action = "cloud", self.width * 27 // _WIDEST
        for sight in sights:
            room = self.width - _LABEL - action - len(sight.verdict) - 2
            below = room < _NARROW
            lines = _wrap(sight.detail, self.width - _LABEL - 2 if below else room)
            first, rest = ("", lines) if below else (lines[0], lines[1:])
            what = sight.what if len(sight.what) < action else f"{sight.what[:action - 2]}…"
            self._say(f"    {self._paint('2', f'{label:<6}')}{self._paint('36', f'{what:<{action}}')}{first:<{room}}"
                      f"  {self._paint('2' if sight.ok else '31', sight.verdict)}")
            for more in rest:
                self._say(" " * (_LABEL + (2 if below else action)) + more)
            label = ""

    def fact(self, fact: Fact) -> None:
        mark = self._paint("32", "✓") if fact.true else self._paint("31", "✗")
        lines = _wrap(fact.text if fact.true else f"NOT TRUE: {fact.text}", self.width - 6)
        self._say(f"    {mark} {lines[0]}")
        for more in lines[1:]:
            self._say(" " * 6 + more)

    def failure(self, where: str, facts: Iterable[Fact], log: str) -> None:
        """Said even when quiet: what should have been, what was, and what the host had to say."""
        print(f"\n{self._paint('31', '✗ ' + where)}")
        for fact in facts:
            print(f"    not true: {fact.text}")
            for line in _wrap(fact.found, self.width - 6, most=8) if fact.found else []:
                print(f"      {line}")
        if log:
            print("    The host's log of that call:")
            print(textwrap.indent(log.strip(), "      "))

    def say(self, text: str = "") -> None:
        """Said even when quiet."""
        print(text)

    def aside(self, text: str) -> None:
        """Left out when quiet."""
        self._say(text)

    def good(self, text: str) -> str:
        return self._paint("32", text)

    def bad(self, text: str) -> str:
        return self._paint("31", text)

    def _say(self, text: str = "") -> None:
        if not self._quiet:
            print(text.rstrip(), flush=True)

    def _paint(self, code: str, text: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self._colour else text


def _wrap(text: str, width: int, most: int = _LINES) -> list[str]:
    """At least one line, and never a wall of them."""
    return textwrap.wrap(text, width, max_lines=most, placeholder=" …", break_on_hyphens=False) or [""]
