#!/usr/bin/env python3
"""Targets and plots of scripts/bench are about rows that there are.

Usage: rows_test.py PROGRAM...
"""

import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench/report"))
import plot_rows
import run
import targets

PROGRAMS = sys.argv[1:]


class RowsTest(unittest.TestCase):
    def setUp(self):
        chosen = run.choose_cases(PROGRAMS, lambda name: True)
        self.names = [run.row_name(program, case)
                      for program, cases in chosen.items() for case in cases]

    def test_every_target_has_a_row(self):
        # Those of the npm package are made while it is measured.
        names = [*self.names, "wasm/Node/bulk/1000/beside the library"]
        for target in targets.load():
            with self.subTest(target.name):
                self.assertTrue(any(map(target.is_about, names)))

    def test_every_plot_has_rows(self):
        for pattern in plot_rows.ALL:
            with self.subTest(pattern):
                self.assertTrue(any(re.fullmatch(pattern, name) for name in self.names))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
