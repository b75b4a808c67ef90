"""A pool as one file: export, import, and verify of a file; and the file itself,
read by docs/archive-format.md alone.

RP_SEED repeats the random choices.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import tarfile
import time
import unittest

from command import SOURCE_DIR, TIMEOUT_S, CommandTest, parse_lines
from crc32c import crc32c

SEED = int(os.environ.get("RP_SEED", random.SystemRandom().getrandbits(32)))
GOLDEN = os.path.join(SOURCE_DIR, "tests", "golden", "archive", "pool.tar")
KILLS = 25


def read_file(path):
    with open(path, "rb") as file:
        return file.read()


def write_file(path, content):
    with open(path, "wb") as file:
        file.write(content)


def read_archive(archive):
    """The files in an archive by name, in order; checks all that the format says."""
    files = {}
    at = 0
    while True:
        header = archive[at:at + 512]
        name, _, _ = header[:100].partition(b"\0")
        size = int(header[124:135], 8)
        expected = bytearray(512)
        for offset, field in (
                (0, name), (100, b"0000644"), (108, b"0000000"), (116, b"0000000"),
                (124, b"%011o" % size), (136, b"02263523000"), (148, b" " * 8), (156, b"0"),
                (257, b"ustar"), (263, b"00"), (265, b"rewardpool"), (297, b"archive-1"),
                (329, b"0000000"), (337, b"0000000")):
            expected[offset:offset + len(field)] = field
        expected[148:156] = b"%06o\0 " % sum(expected)
        if header != bytes(expected):
            raise AssertionError(f"header of {name!r} at {at}")
        content = archive[at + 512:at + 512 + size]
        padding = -size % 512
        if archive[at + 512 + size:at + 512 + size + padding] != bytes(padding):
            raise AssertionError(f"padding of {name!r}")
        at += 512 + size + padding
        if name == b"checksums":
            break
        files[name.decode()] = content
    lines = "".join(f"{crc32c(content):08x} {len(content)} {name}\n"
                    for name, content in files.items()).encode()
    lines += b"%08x %d checksums\n" % (crc32c(lines), len(lines))
    if content != lines:
        raise AssertionError(f"checksums {content!r}")
    if archive[at:] != bytes(1024):
        raise AssertionError("end")
    order = sorted(files, key=lambda name: (not name.startswith("snapshot-"), name))
    if list(files) != order:
        raise AssertionError(f"order {list(files)}")
    return files


class ArchiveTest(CommandTest):
    def setUp(self):
        super().setUp()
        self.archive = os.path.join(self.folder, "pool.tar")

    def make_pool(self, snapshot_count=2):
        """A pool with keys, changes and snapshots."""
        self.config = self.write_config(("gold", 50, 1), ("rock", "unlimited", 9))
        self.draw(self.config, 200)
        self.draw(self.config, 3, "--key", "order 1")
        for _ in range(snapshot_count):
            self.ok("snapshot", "--dir", self.dir)
            self.ok("update", "rock", "--dir", self.dir, "--weight", "9")
            self.draw(self.config, 100)

    def export(self, *more):
        return self.ok("export", "--dir", self.dir, self.archive, "--json", *more).lines()[0]

    def refused(self, code, *arguments):
        """Runs a command that must be refused with one line; returns the line."""
        result = self.run_command(*arguments)
        self.assertEqual((result.code, result.out), (code, ""), arguments)
        self.assertRegex(result.err, r"\Arewardpool: [^\n]+\n\Z")
        return result.err


class ExportTest(ArchiveTest):
    def test_the_golden_archive_is_what_the_format_says(self):
        archive = read_file(GOLDEN)
        files = read_archive(archive)
        self.assertEqual([name[:4] for name in files], ["snap", "wal-", "wal-", "wal-"])
        report = self.ok("verify", GOLDEN, "--json").lines()[0]
        self.assertEqual((report["ok"], report["last_request_id"], report["snapshots_compared"]),
                         (True, 1000, 1))
        with open(os.path.join(SOURCE_DIR, "docs", "archive-format.md"), encoding="utf-8") as file:
            document = file.read()
        with tarfile.open(GOLDEN) as tar:
            checksums = tar.extractfile("checksums").read().decode()
        self.assertIn(checksums, document)

    def test_an_export_holds_the_files_of_the_pool_and_nothing_else(self):
        self.make_pool()
        report = self.export()
        archive = read_file(self.archive)
        files = read_archive(archive)
        # The pool was closed in order, so its files have no room to cut off.
        self.assertEqual(files, self.content())
        self.assertEqual(report, {
            "last_request_id": self.state()["last_request_id"],
            "log_starts_after": self.state()["log_starts_after"],
            "segments": len(self.log_files()), "snapshots": 2, "bytes": len(archive)})
        self.assertEqual(sorted(os.listdir(self.folder)), ["pool", "pool.json", "pool.tar"])

    def test_people_get_one_line(self):
        self.draw(self.write_config(("gold", 1, 1)), 1)
        bytes_per_archive = r"\d,\d{3} bytes\n\Z"
        self.assertRegex(self.ok("export", "--dir", self.dir, self.archive).out,
                         r"\Aexported to \S+pool\.tar: 1 request, \d log files, 0 snapshots, "
                         + bytes_per_archive)
        self.assertRegex(self.ok("import", self.archive, "--dir", self.dir + "2").out,
                         r"\Aimported to \S+pool2: 1 request, \d log files, 0 snapshots, "
                         + bytes_per_archive)

    def test_a_file_that_is_there_is_overwritten_only_by_force(self):
        self.make_pool()
        write_file(self.archive, b"precious")
        message = self.refused(1, "export", "--dir", self.dir, self.archive, "--json")
        self.assertIn("--force", message)
        self.assertEqual(read_file(self.archive), b"precious")
        self.export("--force")
        self.ok("verify", self.archive)

    def test_only_files_are_overwritten(self):
        self.make_pool()
        os.mkdir(self.archive)
        link = os.path.join(self.folder, "link")
        os.symlink(os.path.join(self.folder, "pool.json"), link)
        for target in (self.archive, link, "/dev/null"):
            with self.subTest(target):
                self.assertIn("is not a file", self.refused(
                    1, "export", "--dir", self.dir, target, "--force"))
        self.assertTrue(os.path.islink(link))
        self.assertFalse(os.path.isfile("/dev/null"))

    def test_where_it_cannot_be_written_nothing_is_left(self):
        self.make_pool()
        missing = os.path.join(self.folder, "missing", "pool.tar")
        self.refused(1, "export", "--dir", os.path.join(self.folder, "none"), self.archive)
        self.assertIn("missing", self.run_command("export", "--dir", self.dir, missing).err)
        self.assertEqual(sorted(os.listdir(self.folder)), ["pool", "pool.json"])

    def test_a_damaged_pool_is_not_exported_and_an_older_archive_stays(self):
        self.make_pool()
        self.export()
        before = read_file(self.archive)
        path = self.log_files()[0]
        content = bytearray(read_file(path))
        content[80] ^= 1
        write_file(path, content)
        message = self.refused(1, "export", "--dir", self.dir, self.archive, "--force")
        self.assertIn(os.path.basename(path), message)
        self.assertEqual(read_file(self.archive), before)
        self.assertEqual(sorted(os.listdir(self.folder)), ["pool", "pool.json", "pool.tar"])

    def test_a_torn_tail_is_cut_and_told(self):
        self.make_pool()
        state = self.state()
        with open(self.log_files()[-1], "ab") as file:
            file.write(b"\xee" * 30)
        result = self.run_command("export", "--dir", self.dir, self.archive, "--json")
        self.assertEqual(result.code, 0)
        self.assertEqual(result.lines()[0]["last_request_id"], state["last_request_id"])
        self.assertRegex(result.err, r"\Arewardpool: note: [^\n]*torn tail[^\n]*\n\Z")
        self.assertEqual(self.ok("verify", self.archive, "--json").lines()[0]["notes"], [])

    def test_an_export_beside_a_writer_holds_all_that_was_told_before(self):
        # Small files and many snapshots: files come and go all the time.
        config = self.write_config(("gold", "unlimited", 1), ("rock", "unlimited", 2),
                                   wal={"max_file_size_kb": 64}, snapshot={"every_draws": 2000})
        told = os.path.join(self.folder, "told")
        with open(told, "wb") as out:
            writer = self.start_command("draw", "--config", config, "--dir", self.dir, "--count",
                                        str(10**9), "--batch", "16", "--json", stdout=out)
        while os.path.getsize(told) == 0:
            self.assertIsNone(writer.poll())
            time.sleep(0.01)
        for _ in range(10):
            lines = read_file(told).split(b"\n")
            last_told = json.loads(lines[-2])["request_id"]
            # A note may tell of a write that was just then at work.
            result = self.run_command("export", "--dir", self.dir, self.archive, "--force",
                                      "--json")
            self.assertEqual(result.code, 0, result.err)
            self.assertGreaterEqual(result.lines()[0]["last_request_id"], last_told)
            self.ok("verify", self.archive)
            state = self.import_elsewhere()
            self.assertEqual(sum(item["drawn"] for item in state["items"]),
                             state["last_request_id"])
        self.assertIsNone(writer.poll())

    def import_elsewhere(self):
        """The state of what is in the archive."""
        folder = os.path.join(self.folder, "elsewhere")
        self.ok("import", self.archive, "--dir", folder)
        state = self.ok("state", "--dir", folder, "--json").lines()[0]
        shutil.rmtree(folder)
        return state

    def test_a_killed_export_leaves_the_older_archive_or_the_new_one(self):
        print(f"kills with RP_SEED={SEED}", flush=True)
        rng = random.Random(SEED)
        self.make_pool()
        self.export()
        versions = {read_file(self.archive)}
        self.draw(self.config, 10)
        started = time.monotonic()
        self.export("--force")
        whole_s = time.monotonic() - started
        versions.add(read_file(self.archive))
        self.assertEqual(len(versions), 2)
        older = min(versions, key=len)
        for _ in range(KILLS):
            write_file(self.archive, older)
            process = self.start_command("export", "--dir", self.dir, self.archive, "--force",
                                         stdout=subprocess.DEVNULL)
            time.sleep(rng.uniform(0, whole_s))
            process.kill()
            process.wait()
            self.assertIn(read_file(self.archive), versions)


class VerifyFileTest(ArchiveTest):
    def test_a_file_gives_the_report_that_its_folder_gives(self):
        self.make_pool()
        self.export()
        for form in ([], ["--json"]):
            self.assertEqual(self.ok("verify", self.archive, *form).out,
                             self.ok("verify", "--dir", self.dir, *form).out)

    def test_any_change_is_found_and_its_place_named(self):
        print(f"flips with RP_SEED={SEED}", flush=True)
        rng = random.Random(SEED)
        self.make_pool(snapshot_count=1)
        self.export()
        whole = read_file(self.archive)
        cases = [whole[:-1], whole[:len(whole) // 2], b"", whole + b"\0", whole + whole,
                 whole[:512] + whole[1024:]]
        for _ in range(60):
            at = rng.randrange(len(whole))
            cases.append(whole[:at] + bytes([whole[at] ^ 1 << rng.randrange(8)]) + whole[at + 1:])
        for case in cases:
            write_file(self.archive, case)
            result = self.run_command("verify", self.archive, "--json")
            self.assertEqual(result.code, 1)
            self.assertRegex(result.err, r"\Arewardpool: \S+pool\.tar: (\S+, )?offset \d+ of the "
                                         r"archive: [^\n]+\n\Z")
            answer = parse_lines(result.out)
            self.assertEqual([(line["ok"], line["error"]) for line in answer],
                             [(False, "corrupt")])
            self.assertIn(answer[0]["message"], result.err)

    def test_a_file_with_right_checksums_that_is_no_pool_is_refused_by_the_name_of_its_entry(self):
        files = read_archive(read_file(GOLDEN))
        name = "wal-00000000000000000002.log"
        content = bytearray(files[name])
        content[100] ^= 1
        write_file(self.archive, self.forge({**files, name: bytes(content)}))
        self.assertRegex(self.refused(1, "verify", self.archive),
                         rf"pool\.tar: {name}, offset \d+, record \d+: ")
        self.refused(1, "import", self.archive, "--dir", self.dir)
        self.assertFalse(os.path.exists(self.dir))

    @staticmethod
    def forge(files):
        """An archive of these files that is right in itself: a header is that of the
        golden one with its name, size and checksum changed."""
        template = read_file(GOLDEN)[:512]

        def entry(name, content):
            header = bytearray(template)
            header[:100] = name.encode().ljust(100, b"\0")
            header[124:135] = b"%011o" % len(content)
            header[148:156] = b" " * 8
            header[148:156] = b"%06o\0 " % sum(header)
            return bytes(header) + content + bytes(-len(content) % 512)

        lines = "".join(f"{crc32c(content):08x} {len(content)} {name}\n"
                        for name, content in files.items()).encode()
        lines += b"%08x %d checksums\n" % (crc32c(lines), len(lines))
        archive = b"".join(entry(name, content) for name, content in files.items())
        archive += entry("checksums", lines) + bytes(1024)
        read_archive(archive)
        return archive

    def test_a_newer_version_is_not_called_damage(self):
        archive = bytearray(read_file(GOLDEN))
        archive[297:306] = b"archive-2"
        archive[148:156] = b" " * 8
        archive[148:156] = b"%06o\0 " % sum(archive[:512])
        write_file(self.archive, archive)
        result = self.run_command("verify", self.archive, "--json")
        self.assertEqual(result.code, 1)
        self.assertEqual(parse_lines(result.out)[0]["error"], "unsupported")
        self.assertIn("version 2", result.err)

    def test_what_is_no_file_is_said_so(self):
        self.make_pool()
        self.assertIn(f"--dir {self.dir}", self.refused(2, "verify", self.dir))
        self.assertIn("is a folder", self.refused(2, "import", self.dir, "--dir", "x"))
        self.assertIn("No such file", self.refused(3, "import", "missing", "--dir", "x"))
        result = self.run_command("verify", "missing")
        self.assertEqual(result.code, 3)
        self.assertIn("No such file", result.err)
        self.assertEqual(sorted(os.listdir(self.folder)), ["pool", "pool.json"])


class ImportTest(ArchiveTest):
    def setUp(self):
        super().setUp()
        self.make_pool()
        self.export()
        self.copy = os.path.join(self.folder, "copies", "pool")

    def import_copy(self):
        return self.ok("import", self.archive, "--dir", self.copy, "--json").lines()[0]

    def files_of_copy(self):
        self.dir, before = self.copy, self.dir
        content = self.content()
        self.dir = before
        return content

    def test_a_pool_comes_back_with_its_state_its_log_and_its_keys(self):
        report = self.import_copy()
        self.assertEqual(report, self.export("--force"))
        self.assertEqual(self.files_of_copy(), self.content())
        first_answer = self.draw(self.config, 3, "--key", "order 1")
        state, log = self.state(), self.log()
        self.dir = self.copy
        self.assertEqual(self.draw(self.config, 3, "--key", "order 1"), first_answer)
        self.assertEqual(self.state(), state)
        self.assertEqual(self.log(), log)
        # Request ids go on where the pool had stopped.
        self.assertEqual(self.draw(self.config, 1)[0]["request_id"], state["last_request_id"] + 1)
        self.ok("verify", "--dir", self.dir)

    def test_an_import_exports_to_the_same_bytes(self):
        self.import_copy()
        again = os.path.join(self.folder, "again.tar")
        self.ok("export", "--dir", self.copy, again)
        self.assertEqual(read_file(again), read_file(self.archive))

    def test_a_pool_that_is_there_is_not_touched(self):
        before = self.content()
        self.assertIn("already", self.refused(1, "import", self.archive, "--dir", self.dir))
        self.draw(self.config, 1)
        after = self.content()
        self.assertIn("already", self.refused(1, "import", self.archive, "--dir", self.dir))
        self.assertEqual(self.content(), after)
        self.assertNotEqual(after, before)

    def test_a_pool_in_use_is_not_touched(self):
        writer = self.start_command("draw", "--config", self.config, "--dir", self.copy, "--count",
                                    str(10**9), "--json", stdout=subprocess.PIPE)
        writer.stdout.readline()
        self.assertIn(f"in use by process {writer.pid}",
                      self.refused(1, "import", self.archive, "--dir", self.copy))

    def test_a_damaged_archive_leaves_nothing(self):
        whole = read_file(self.archive)
        for damaged in (whole[:-1], whole + b"\0", whole[:2000] + b"?" + whole[2001:], b""):
            write_file(self.archive, damaged)
            self.assertIn("of the archive: ",
                          self.refused(1, "import", self.archive, "--dir", self.copy))
            self.assertFalse(os.path.exists(os.path.dirname(self.copy)))

    def test_a_killed_import_leaves_no_part_that_passes_for_whole_and_can_be_repeated(self):
        print(f"kills with RP_SEED={SEED}", flush=True)
        rng = random.Random(SEED)
        # Many files, so that there is something to interrupt.
        self.dir = os.path.join(self.folder, "long")
        config = self.write_config(("gold", 50, 1), ("rock", "unlimited", 9), name="long.json",
                                   wal={"max_file_size_kb": 64, "formatter": "jsonl"})
        self.draw(config, 60000, "--batch", "500")
        self.ok("snapshot", "--dir", self.dir)
        self.export("--force")
        state, log = self.state(), self.log()
        self.assertGreater(len(self.log_files()), 5)
        started = time.monotonic()
        self.import_copy()
        whole_s = time.monotonic() - started
        found = {"nothing": 0, "part": 0, "whole": 0}
        for _ in range(KILLS):
            shutil.rmtree(self.copy)
            process = self.start_command("import", self.archive, "--dir", self.copy,
                                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            time.sleep(rng.uniform(0, 1.5 * whole_s))
            process.kill()
            _, errors = process.communicate(timeout=TIMEOUT_S)
            self.assertEqual(errors, b"")
            self.assertIn(process.returncode, (0, -signal.SIGKILL))
            os.makedirs(self.copy, exist_ok=True)
            result = self.run_command("state", "--dir", self.copy, "--json")
            if result.code == 0:
                found["whole"] += 1
                self.assertEqual(self.run_command("import", self.archive, "--dir", self.copy).code, 1)
            else:
                has_log = any(name.endswith(".log") for name in os.listdir(self.copy))
                found["part" if has_log else "nothing"] += 1
                self.assertEqual(result.code, 1)
                if not has_log:
                    self.assertIn("there is no pool", result.err)
                self.import_copy()
                self.assertEqual(self.files_of_copy(), self.content())
            self.assertEqual(self.ok("state", "--dir", self.copy, "--json").lines()[0], state)
            self.assertEqual(self.ok("log", "--dir", self.copy, "--json").lines(), log)
            self.ok("verify", "--dir", self.copy)
        print(f"found after a kill: {found}")
        # The test is worth its name only if a kill came in time.
        self.assertLess(found["whole"], KILLS)


class TarTest(ArchiveTest):
    def setUp(self):
        super().setUp()
        self.tar = shutil.which("tar")
        if not self.tar:
            self.skipTest("no program `tar` is installed")

    def run_tar(self, *arguments):
        """Runs tar, which must not complain about anything."""
        result = subprocess.run([self.tar, *arguments], cwd=self.folder, capture_output=True,
                                timeout=TIMEOUT_S, check=False)
        self.assertEqual((result.returncode, result.stderr), (0, b""), arguments)
        return result.stdout.decode()

    def test_tar_unpacks_an_archive_to_a_folder_with_the_pool(self):
        self.make_pool()
        self.export()
        state = self.state()
        names = list(read_archive(read_file(self.archive))) + ["checksums"]
        self.assertEqual(self.run_tar("-tf", self.archive).split("\n"), [*names, ""])
        os.mkdir(os.path.join(self.folder, "unpacked"))
        self.run_tar("-xf", self.archive, "-C", "unpacked", "--no-same-owner")
        content = self.content()
        self.dir = os.path.join(self.folder, "unpacked")
        unpacked = self.content()
        del unpacked["checksums"]
        self.assertEqual(unpacked, content)
        self.ok("verify", "--dir", self.dir)
        self.assertEqual(self.state(), state)
        self.draw(self.config, 1)

    def test_what_tar_has_packed_is_not_taken_for_an_archive(self):
        self.make_pool()
        self.run_tar("-cf", self.archive, "-C", self.dir, "--format=ustar",
                     *(os.path.basename(path) for path in self.log_files()))
        self.assertIn("of the archive: ", self.refused(1, "verify", self.archive))


if __name__ == "__main__":
    unittest.main()
