#!/usr/bin/env python3
"""Breaks each rule of tidy.py once and sees that it is refused."""

import tempfile
import unittest
from pathlib import Path

import tidy

GOOD_HEADER = """// stock.h - how many are left.
#ifndef REWARDPOOL_STOCK_H_
#define REWARDPOOL_STOCK_H_
#endif  // REWARDPOOL_STOCK_H_
"""


class TidyTest(unittest.TestCase):
    def complaints(self, files):
        with tempfile.TemporaryDirectory() as folder:
            for name, content in files.items():
                path = Path(folder) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content if isinstance(content, bytes) else content.encode())
            return [what for _, _, what in tidy.check_tree(folder)]

    def assert_refused(self, files, words):
        found = self.complaints(files)
        self.assertTrue(any(words in what for what in found), f"{words!r} not in {found}")

    def test_a_good_tree_passes(self):
        self.assertEqual([], self.complaints({
            "CMakeLists.txt": "add_library(x stock.cc)\n",
            "core/src/stock.h": GOOD_HEADER,
            "core/src/stock.cc": '#include "stock.h"\n\n#include <vector>\n',
            "README.md": "See [core](core/src/stock.h).\n",
        }))

    def test_core_stays_portable(self):
        for header in ("thread", "chrono", "fstream", "iostream", "random", "format", "expected"):
            self.assert_refused({"core/src/a.cc": f"#include <{header}>\n"}, "core must not include")
        self.assert_refused({"core/src/a.cc": '#include "rewardpool/native/pool.h"\n'}, "native")

    def test_one_file_knows_cereal(self):
        source = "#include <cereal/cereal.hpp>\n"
        self.assert_refused({"native/src/a.cc": source}, "may know cereal")
        self.assertFalse(any("cereal" in what
                             for what in self.complaints({"core/src/codec_cereal.cc": source})))

    def test_text_is_clean(self):
        self.assert_refused({"a.txt": "x \n"}, "white space")
        self.assert_refused({"a.txt": "x\r\n"}, "white space")
        self.assert_refused({"a.txt": "\tx\n"}, "a tab")
        self.assert_refused({"a.txt": "x"}, "no newline")
        self.assert_refused({"a.txt": "// TO" "DO later\n"}, "unfinished")
        self.assert_refused({"a.txt": "cd /ho" "me/me/pool\n"}, "one machine")
        self.assert_refused({"a.txt": b"\xff\xfe\n"}, "not UTF-8")

    def test_files_are_small(self):
        self.assert_refused({"a.bin": b"\0" * 600_001}, "the limit is")

    def test_headers_have_a_guard_and_a_first_line(self):
        self.assert_refused({"core/src/stock.h": GOOD_HEADER.replace("STOCK", "ITEM")}, "guard must be")
        self.assert_refused({"core/src/stock.h": "// stock.h - x\n#pragma once\n"}, "no include guard")
        self.assert_refused({"core/src/stock.h": GOOD_HEADER.replace("stock.h -", "a.h -")}, "begins with")
        self.assert_refused({"core/src/stock.h": GOOD_HEADER, "core/include/stock.h": GOOD_HEADER},
                            "shares its include guard")

    def test_every_source_is_built(self):
        self.assert_refused({"CMakeLists.txt": "", "core/src/a.cc": ""}, "no CMakeLists.txt mentions")

    def test_links_lead_somewhere(self):
        self.assert_refused({"README.md": "[design](docs/design.md)\n"}, "does not exist")


if __name__ == "__main__":
    unittest.main()
