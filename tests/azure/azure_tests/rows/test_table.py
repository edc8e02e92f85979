"""The table itself: no row is forgotten."""

from __future__ import annotations

import unittest

from . import table


class Table(unittest.TestCase):
    def test_every_row_has_a_test_or_a_reason(self) -> None:
        self.assertEqual([], table.mistakes())
