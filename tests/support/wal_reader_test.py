#!/usr/bin/env python3
"""The reader of wal_reader.py, which knows the document and not the program,
agrees with the program on the golden logs, and refuses what is damaged."""
import contextlib
import io
import sys
import tempfile
import unittest
from pathlib import Path

import wal_reader

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "log"
EXPECTED = (GOLDEN / "expected.jsonl").read_text(encoding="utf-8")


def golden_files(codec):
    return {path.name: path.read_bytes() for path in sorted((GOLDEN / codec).iterdir())}


def read(files):
    """What the reader prints, and what it complains of or None."""
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            (Path(folder) / name).write_bytes(data)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            try:
                wal_reader.Reader().log(folder)
            except SystemExit as stop:
                return printed.getvalue(), stop.code
        return printed.getvalue(), None


class WalReaderTest(unittest.TestCase):
    def test_crc_is_the_one_of_the_document(self):
        self.assertEqual(wal_reader.crc32c(b"123456789"), 0xE3069283)

    def test_prints_the_golden_logs_as_the_program_does(self):
        for codec in ("binary", "jsonl"):
            with self.subTest(codec):
                self.assertEqual(read(golden_files(codec)), (EXPECTED, None))

    def test_a_flipped_bit_in_a_sealed_segment_is_refused(self):
        files = golden_files("binary")
        for name in list(files)[:-1]:
            used = len(files[name].rstrip(b"\0"))
            for at in range(used):
                damaged = bytearray(files[name])
                damaged[at] ^= 1 << at % 8
                printed, complaint = read({**files, name: bytes(damaged)})
                with self.subTest(name, at=at):
                    self.assertIsNotNone(complaint)
                    self.assertTrue(EXPECTED.startswith(printed))

    def test_a_cut_of_the_last_segment_leaves_a_prefix(self):
        files = golden_files("binary")
        name = list(files)[-1]
        for size in range(len(files[name])):
            printed, complaint = read({**files, name: files[name][:size]})
            with self.subTest(size):
                self.assertIsNone(complaint)
                self.assertTrue(EXPECTED.startswith(printed))

    def test_a_bad_frame_before_one_that_says_prior_synced_is_damage(self):
        # Without the segments behind it, the first one is the last; it has frames
        # whose successors say so, and one more.
        name, data = list(golden_files("binary").items())[0]
        self.assertIsNone(read({name: data})[1])
        damaged = bytearray(data)
        damaged[64 + 16] ^= 1
        self.assertIn("synced after it", read({name: bytes(damaged)})[1])
        damaged = bytearray(data)
        damaged[len(data.rstrip(b"\0")) - 1] ^= 1
        self.assertIsNone(read({name: bytes(damaged)})[1])

    def test_a_missing_segment_is_refused(self):
        files = golden_files("jsonl")
        del files[list(files)[1]]
        self.assertIn("segment 2 is missing", read(files)[1])


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    unittest.main()
