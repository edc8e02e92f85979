"""Runs test classes at the same time, and tells afterwards which rows were seen to hold."""

from __future__ import annotations

import sys
import threading
import unittest
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from . import table

# Most tests wait for the emulator, or for time to pass.
_THREADS = 8


class AtOnce(unittest.TestSuite):
    """Classes run in threads, each with what it shares among its tests; a class itself runs in one."""

    def run(self, result: unittest.TestResult, debug: bool = False) -> unittest.TestResult:
        classes: dict[type, unittest.TestSuite] = {}
        for test in _tests(self):
            classes.setdefault(type(test), unittest.TestSuite()).addTest(test)
        lock, held, failed = threading.Lock(), set[int](), set[int]()
        with ThreadPoolExecutor(_THREADS) as pool:
            for outcome in pool.map(lambda suite: suite.run(_Relay(result, lock)), classes.values()):
                held |= outcome.held
                failed |= outcome.failed
        if classes:
            print("\n" + self.summary(held - failed), file=sys.stderr)
        return result

    def summary(self, held: set[int]) -> str:
        return table.text(held)


class _Relay(unittest.TestResult):
    """Hands the end of each test of one class to the result of the whole run."""

    def __init__(self, whole: unittest.TestResult, lock: threading.Lock) -> None:
        super().__init__()
        self._whole, self._lock = whole, lock
        self.held: set[int] = set()
        self.failed: set[int] = set()

    def startTest(self, test: unittest.TestCase) -> None:
        super().startTest(test)
        with self._lock:
            self._whole.testsRun += 1

    def addSuccess(self, test: unittest.TestCase) -> None:
        self.held |= _rows(test)
        self._hand("addSuccess", test)

    def addError(self, test: unittest.TestCase, err: Any) -> None:
        self.failed |= _rows(test)
        self._hand("addError", test, err)

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:
        self.failed |= _rows(test)
        self._hand("addFailure", test, err)

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: Any) -> None:
        if err is not None:
            self.failed |= _rows(test)
        self._hand("addSubTest", test, subtest, err)

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        self._hand("addSkip", test, reason)

    def _hand(self, name: str, *arguments: Any) -> None:
        with self._lock:
            getattr(self._whole, name)(*arguments)


def _tests(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    for one in suite:
        if isinstance(one, unittest.TestSuite):
            yield from _tests(one)
        else:
            yield one


def _rows(test: Any) -> set[int]:
    """Those that a test is about; what stands for a class that did not start is about none."""
    return set(getattr(getattr(test, getattr(test, "_testMethodName", ""), None), "rows", ()))
