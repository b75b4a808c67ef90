"""The command under test, and folders to run it in: what the tests share."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest

COMMAND = os.path.abspath(os.environ["RP_COMMAND"])
SOURCE_DIR = os.path.abspath(os.environ["RP_SOURCE_DIR"])
# For a command that hangs; far beyond what any call takes.
TIMEOUT_S = 120
# Under AddressSanitizer a kill that comes during the check for leaks, at the end, makes it
# complain. Runs that are not to be killed are checked.
WITHOUT_LEAK_CHECK = {
    **os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}


def parse_lines(text):
    """JSON values of lines that end with a newline. (splitlines() knows other ends, too.)"""
    lines = text.split("\n")
    if lines.pop() != "":
        raise AssertionError(f"half a line: {text[-100:]!r}")
    return [json.loads(line) for line in lines]


class Result:
    """What a run of the command left behind."""

    def __init__(self, process):
        self.code = process.returncode
        self.out = process.stdout.decode()
        self.err = process.stderr.decode()

    def lines(self):
        """Standard output as one JSON value for each line."""
        return parse_lines(self.out)


class CommandTest(unittest.TestCase):
    """A test with a folder of its own, which is also the current one."""

    maxDiff = None

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="rewardpool-cli-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.dir = os.path.join(self.folder, "pool")

    def run_command(self, *arguments, **options):
        """Runs the command to its end."""
        process = subprocess.run(
            [COMMAND, *arguments], cwd=self.folder, capture_output=True,
            stdin=subprocess.DEVNULL, timeout=TIMEOUT_S, check=False, **options)
        return Result(process)

    def ok(self, *arguments):
        """Runs the command, which must succeed without a word on standard error."""
        result = self.run_command(*arguments)
        self.assertEqual((result.code, result.err), (0, ""), arguments)
        return result

    def start_command(self, *arguments, **options):
        """Starts the command; it is killed at the end of the test if it still runs."""
        # Unbuffered, so that a line may be read and the rest left to others.
        process = subprocess.Popen([COMMAND, *arguments], cwd=self.folder, bufsize=0,
                                   stdin=subprocess.DEVNULL, env=WITHOUT_LEAK_CHECK, **options)

        def end():
            process.kill()
            process.wait()
            for stream in (process.stdout, process.stderr):
                if stream:
                    stream.close()

        self.addCleanup(end)
        return process

    def write_config(self, *items, name="pool.json", **sections):
        """Writes a configuration of (id, quantity, weight) items; returns its path."""
        config = {"pool": {"catalog": [
            {"item_id": item, "quantity": quantity, "weight": weight}
            for item, quantity, weight in items]}, **sections}
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)
        return path

    def draw(self, config, count, *more):
        """Draws with --json; returns the lines."""
        return self.ok("draw", "--config", config, "--dir", self.dir, "--count", str(count),
                       "--json", *more).lines()

    def state(self):
        return self.ok("state", "--dir", self.dir, "--json").lines()[0]

    def log(self):
        return self.ok("log", "--dir", self.dir, "--json").lines()

    def content(self):
        """Bytes of the pool's files by name, but for the lock's."""
        content = {}
        for name in os.listdir(self.dir):
            if name != "lock":
                with open(os.path.join(self.dir, name), "rb") as file:
                    content[name] = file.read()
        return content

    def log_files(self):
        """Paths of the log's files, in order."""
        return sorted(os.path.join(self.dir, name) for name in os.listdir(self.dir)
                      if name.startswith("wal-") and name.endswith(".log"))
