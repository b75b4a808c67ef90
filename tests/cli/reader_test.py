#!/usr/bin/env python3
"""`rewardpool log --json` agrees, byte for byte, with a reader that was written
from docs/wal-format.md and knows nothing of the program."""

import os
import subprocess
import sys
import unittest

from command import SOURCE_DIR, TIMEOUT_S, CommandTest

GOLDEN = os.path.join(SOURCE_DIR, "tests", "golden", "log")
READER = os.path.join(SOURCE_DIR, "tests", "support", "wal_reader.py")


class ReaderTest(CommandTest):
    def read_independently(self, folder):
        result = subprocess.run([sys.executable, "-B", READER, folder], capture_output=True,
                                timeout=TIMEOUT_S, check=False)
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        return result.stdout.decode()

    def test_the_golden_logs_are_printed_as_they_always_were(self):
        with open(os.path.join(GOLDEN, "expected.jsonl"), encoding="utf-8", newline="") as file:
            expected = file.read()
        for codec in ("binary", "jsonl"):
            with self.subTest(codec):
                folder = os.path.join(GOLDEN, codec)
                self.assertEqual(self.ok("log", "--dir", folder, "--json").out, expected)
                self.assertEqual(self.read_independently(folder), expected)

    def test_a_log_that_was_just_written_reads_the_same(self):
        for codec in ("binary", "jsonl"):
            with self.subTest(codec):
                self.dir = os.path.join(self.folder, codec)
                config = self.write_config(
                    ("gold, \"big\"\n", 3, 1), ("\N{WRAPPED PRESENT}", "unlimited", 5), ("tin", 40, 4),
                    wal={"formatter": codec})
                self.draw(config, 500, "--batch", "70")
                self.draw(config, 3, "--key", "order 7")
                self.ok("remove", "tin", "--dir", self.dir)
                self.ok("add", "new", "--weight", "2", "--quantity", "9", "--dir", self.dir)
                self.ok("update", "new", "--weight", "7", "--dir", self.dir)
                # Without the configuration: binary frames, in both logs.
                self.ok("draw", "--dir", self.dir, "--count", "20", "--json")
                printed = self.ok("log", "--dir", self.dir, "--json").out
                self.assertIn('"request_id":524', printed)
                self.assertEqual(self.read_independently(self.dir), printed)


if __name__ == "__main__":
    unittest.main()
