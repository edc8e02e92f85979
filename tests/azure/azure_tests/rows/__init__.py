"""What the Ruby CPI does in Azure, row by row, and what its users ask for: each against the real program.

`table.py` has the rows. A test names those that it is about: `@row(31)`.
"""

from __future__ import annotations

import unittest
from pathlib import Path

from .suite import AtOnce


def load_tests(loader: unittest.TestLoader, _: unittest.TestSuite, pattern: str | None) -> unittest.TestSuite:
    here = Path(__file__).resolve().parent
    return AtOnce(loader.discover(str(here), pattern or "test*.py", top_level_dir=str(here.parents[1])))
