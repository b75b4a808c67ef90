#!/usr/bin/env python3
"""Every target in bench/report/targets.json is about a row that there is.

Usage: rows_test.py PROGRAM...
"""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench/report"))
import run
import targets

PROGRAMS = sys.argv[1:]


class RowsTest(unittest.TestCase):
    def test_every_target_has_a_row(self):
        chosen = run.choose_cases(PROGRAMS, lambda name: True)
        names = [run.row_name(program, case) for program, cases in chosen.items() for case in cases]
        # Those of the npm package are made while it is measured.
        names.append("wasm/Node/bulk/1000/beside the library")
        for target in targets.load():
            with self.subTest(target.name):
                self.assertTrue(any(map(target.is_about, names)))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
