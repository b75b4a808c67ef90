"""What happens around the command: other processes, signals, pipes, full and
read-only disks, damage, and logs of other versions."""

import os
import resource
import shutil
import signal
import struct
import subprocess
import sys
import time
import unittest

from command import COMMAND, TIMEOUT_S, CommandTest, parse_lines
from crc32c import crc32c

MANY = str(10**9)


class OwnerTest(CommandTest):
    def start_owner(self):
        """Starts a process that draws and owns the pool; returns it once it does."""
        config = self.write_config(("gold", "unlimited", 1), ("rock", "unlimited", 2))
        owner = self.start_command("draw", "--config", config, "--dir", self.dir, "--count", MANY,
                                   "--batch", "64", "--json", stdout=subprocess.PIPE)
        owner.stdout.readline()
        return owner

    def test_a_second_writer_is_refused_at_once_and_told_who_has_the_pool(self):
        owner = self.start_owner()
        for verb in (["draw"], ["update", "gold", "--weight", "2"], ["remove", "gold"],
                     ["add", "new", "--quantity", "1", "--weight", "1"], ["snapshot"]):
            with self.subTest(verb):
                result = self.run_command(*verb, "--dir", self.dir)
                self.assertEqual((result.code, result.out), (1, ""))
                self.assertEqual(result.err, f"rewardpool: the pool in {self.dir} is in use by "
                                             f"process {owner.pid}\n")
        # A process that was killed holds nothing.
        owner.kill()
        owner.wait()
        result = self.run_command("update", "gold", "--dir", self.dir, "--weight", "2")
        self.assertEqual(result.code, 0)

    def test_readers_see_a_whole_pool_while_a_writer_is_at_work(self):
        owner = self.start_owner()
        drain = subprocess.Popen([sys.executable, "-c", "import sys\nfor _ in sys.stdin.buffer: pass"],
                                 stdin=owner.stdout)
        self.addCleanup(drain.wait)
        self.addCleanup(owner.kill)
        last = 0
        for _ in range(5):
            state = self.state()
            self.assertEqual(sum(item["drawn"] for item in state["items"]),
                             state["last_request_id"])
            self.assertGreaterEqual(state["last_request_id"], last)
            last = state["last_request_id"]
            ids = [record["request_id"] for record in self.log() if record["type"] == "draw"]
            self.assertEqual(ids, list(range(1, len(ids) + 1)))
            self.assertGreaterEqual(len(ids), last)
            self.assertEqual(self.run_command("verify", "--dir", self.dir).code, 0)
        self.assertIsNone(owner.poll())


class SignalTest(CommandTest):
    def test_a_stop_signal_lets_what_is_in_flight_finish_and_closes_in_order(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            for is_json in (True, False):
                with self.subTest((number, is_json)):
                    self.dir = os.path.join(self.folder, f"pool-{number}-{is_json}")
                    config = self.write_config(("gold", "unlimited", 1))
                    process = self.start_command(
                        "draw", "--config", config, "--dir", self.dir, "--count", MANY,
                        *(["--json"] if is_json else []), stdout=subprocess.PIPE,
                        stderr=subprocess.PIPE)
                    if is_json:
                        first = process.stdout.readline()
                    else:
                        first = b""
                        while not os.path.isdir(self.dir) or not self.log_files():
                            time.sleep(0.01)
                    process.send_signal(number)
                    out, err = process.communicate(timeout=TIMEOUT_S)
                    self.assertEqual(process.returncode, 128 + number)
                    self.assertEqual(err, b"")
                    log = self.log()
                    self.assertEqual(log[-1]["type"], "pool-closed")
                    if is_json:
                        told = [line["request_id"] for line in parse_lines((first + out).decode())]
                        self.assertEqual(told, [record["request_id"] for record in log
                                                if record["type"] == "draw"])


class OutputTest(CommandTest):
    def test_a_reader_that_leaves_ends_the_draws_and_the_pool_is_closed_in_order(self):
        config = self.write_config(("gold", "unlimited", 1))
        process = self.start_command("draw", "--config", config, "--dir", self.dir, "--count", MANY,
                                     "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.readline()
        process.stdout.close()
        self.assertEqual(process.wait(timeout=TIMEOUT_S), 128 + signal.SIGPIPE)
        self.assertEqual(process.stderr.read(), b"")
        self.assertEqual(self.log()[-1]["type"], "pool-closed")

    def test_output_that_cannot_be_written_gives_3(self):
        config = self.write_config(("gold", "unlimited", 1))
        with open("/dev/full", "wb") as full:
            for verb in (["draw", "--config", config, "--dir", self.dir, "--json"],
                         ["draw", "--dir", self.dir], ["state", "--dir", self.dir],
                         ["log", "--dir", self.dir, "--json"], ["verify", "--dir", self.dir],
                         ["update", "gold", "--dir", self.dir, "--weight", "2"],
                         ["odds", "--config", config], ["fairness", "--dir", self.dir],
                         ["simulate", "--config", config, "--count", "1"],
                         ["simulate", "--config", config, "--count", "1", "--runs", "2"]):
                with self.subTest(verb):
                    process = self.start_command(*verb, stdout=full, stderr=subprocess.PIPE)
                    _, err = process.communicate(timeout=TIMEOUT_S)
                    self.assertEqual(process.returncode, 3)
                    self.assertEqual(err, b"rewardpool: cannot write to standard output: No space "
                                          b"left on device\n")
        self.assertEqual(self.run_command("verify", "--dir", self.dir).code, 0)


class ReadOnlyTest(CommandTest):
    NOBODY = 65534

    def run_as_reader(self, *arguments):
        """Runs the command as somebody who may read the folder and not write to it."""
        def leave_root():
            os.setgid(self.NOBODY)
            os.setuid(self.NOBODY)
        return self.run_command(*arguments, preexec_fn=leave_root if os.geteuid() == 0 else None)

    def test_a_read_only_folder_can_be_read_and_not_written_to(self):
        self.draw(self.write_config(("gold", "unlimited", 1)), 3)
        os.chmod(self.folder, 0o755)
        os.chmod(self.dir, 0o555)
        self.addCleanup(os.chmod, self.dir, 0o755)
        for name in os.listdir(self.dir):
            os.chmod(os.path.join(self.dir, name), 0o444)
        try:
            reachable = self.run_as_reader("--version").code == 0
        except PermissionError:
            reachable = False
        if not reachable:
            self.skipTest("the command lies where only root may run it")
        before = sorted(os.listdir(self.dir))
        for verb in ("state", "log", "verify"):
            self.assertEqual(self.run_as_reader(verb, "--dir", self.dir).code, 0)
        for verb in (["draw"], ["snapshot"], ["update", "gold", "--weight", "1"]):
            result = self.run_as_reader(*verb, "--dir", self.dir)
            self.assertEqual((result.code, result.out), (3, ""))
            self.assertEqual(result.err, f"rewardpool: the folder {self.dir} may not be written "
                                         "to: Permission denied\n")
        self.assertEqual(sorted(os.listdir(self.dir)), before)


class FullDiskTest(CommandTest):
    def test_a_full_disk_gives_3_and_every_draw_that_was_told_is_there(self):
        disk = os.path.join(self.folder, "disk")
        os.mkdir(disk)
        config = self.write_config(("gold", "unlimited", 1), ("rock", "unlimited", 1),
                                   wal={"formatter": "jsonl", "max_file_size_kb": 64})
        for storage in ("file", "mmap"):
            with self.subTest(storage):
                script = (f"mount -t tmpfs -o size=300k tmpfs {disk} || exit 99\n"
                          f'"$0" draw --config {config} --dir {disk}/pool --count 1000000 --json '
                          ">told 2>err; echo $? >code\n"
                          f'"$0" log --dir {disk}/pool --json >log && "$0" verify --dir {disk}/pool')
                process = subprocess.run(["unshare", "--user", "--map-root-user", "--mount", "sh",
                                          "-c", script, COMMAND], cwd=self.folder,
                                         capture_output=True, timeout=TIMEOUT_S, check=False)
                if process.returncode in (1, 99) and not os.path.exists(self.path("code")):
                    self.skipTest("no file system may be mounted here")
                self.assertEqual(process.returncode, 0, process.stderr)
                self.assertEqual(self.read("code"), "3\n")
                self.assertRegex(self.read("err"), r"\Arewardpool: [^\n]+\n\Z")
                told = parse_lines(self.read("told"))
                logged = {record["request_id"]: record["item_id"]
                          for record in parse_lines(self.read("log")) if record["type"] == "draw"}
                self.assertGreater(len(told), 0)
                self.assertEqual({line["request_id"]: line["item_id"] for line in told},
                                 {id: logged[id] for id in range(1, len(told) + 1)})

    def test_a_file_that_may_grow_no_larger_is_a_full_disk(self):
        config = self.write_config(("gold", "unlimited", 1), wal={"formatter": "jsonl"})
        limit = 3 << 19  # the log grows by 1 MiB at a time

        def limit_files():
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        result = self.run_command("draw", "--config", config, "--dir", self.dir, "--count",
                                  "1000000", "--json", preexec_fn=limit_files)
        self.assertEqual((result.code, result.err),
                         (3, "rewardpool: there is no room left for the log\n"))
        told = [line["request_id"] for line in result.lines()]
        logged = [record["request_id"] for record in self.log() if record["type"] == "draw"]
        self.assertEqual(told, logged)

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()


class DamageTest(CommandTest):
    VERBS = (["state"], ["log", "--json"], ["verify"], ["draw"], ["snapshot"])

    def damage(self, path, offset):
        with open(path, "r+b") as file:
            file.seek(offset)
            byte = file.read(1)[0]
            file.seek(offset)
            file.write(bytes([byte ^ 1]))

    def test_damage_to_the_log_is_named_by_file_offset_and_record(self):
        config = self.write_config(("gold", "unlimited", 1))
        for _ in range(3):
            self.draw(config, 1)
        first = self.log_files()[0]
        self.damage(first, 70)
        for verb in self.VERBS:
            with self.subTest(verb):
                result = self.run_command(*verb, "--dir", self.dir)
                self.assertEqual(result.code, 1)
                self.assertRegex(result.err, r"\Arewardpool: wal-0*1\.log, offset \d+, record \d+: "
                                             r"[^\n]+\n\Z")
        report = self.run_command("verify", "--dir", self.dir, "--json").lines()[0]
        self.assertEqual((report["ok"], report["error"]), (False, "corrupt"))
        self.assertIn("offset", report["message"])

    def test_the_log_before_a_damaged_place_is_printed(self):
        config = self.write_config(("gold", "unlimited", 1))
        for _ in range(3):
            self.draw(config, 1)
        self.damage(self.log_files()[1], 90)
        result = self.run_command("log", "--dir", self.dir, "--json")
        self.assertEqual(result.code, 1)
        self.assertEqual([line["request_id"] for line in result.lines() if line["type"] == "draw"],
                         [1])

    def test_a_damaged_snapshot_is_named(self):
        self.draw(self.write_config(("gold", "unlimited", 1)), 1)
        self.ok("snapshot", "--dir", self.dir)
        name = next(name for name in os.listdir(self.dir) if name.endswith(".snap"))
        self.damage(os.path.join(self.dir, name), 70)
        result = self.run_command("verify", "--dir", self.dir)
        self.assertEqual(result.code, 1)
        self.assertIn(name, result.err)
        # The log is whole, so that the state needs no snapshot.
        self.assertEqual(self.state()["last_request_id"], 1)

    def test_a_log_of_another_version_is_refused_by_its_number(self):
        self.draw(self.write_config(("gold", "unlimited", 1)), 1)
        good = os.path.join(self.folder, "good")
        shutil.copytree(self.dir, good)
        for version in (0, 2, 65535):
            shutil.rmtree(self.dir)
            shutil.copytree(good, self.dir)
            with open(self.log_files()[0], "r+b") as file:
                header = bytearray(file.read(64))
                struct.pack_into("<H", header, 8, version)
                struct.pack_into("<I", header, 60, crc32c(bytes(header[:60])))
                file.seek(0)
                file.write(header)
            before = self.content()
            for verb in self.VERBS:
                with self.subTest((version, verb)):
                    result = self.run_command(*verb, "--dir", self.dir)
                    self.assertEqual((result.code, result.out), (1, ""))
                    self.assertRegex(result.err, r"\Arewardpool: wal-0*1\.log, offset 0: format "
                                                 rf"version {version}; this program reads version 1\n")
            self.assertEqual(self.content(), before)


if __name__ == "__main__":
    unittest.main()
