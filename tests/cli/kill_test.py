"""SIGKILL at random times, again and again: what was told is never lost, never
doubled and never changed.

RP_KILLS is the number of kills (default 200), RP_SEED repeats the choices.
"""

import itertools
import os
import random
import signal
import subprocess
import threading
import time
import unittest

from command import TIMEOUT_S, CommandTest, parse_lines

KILLS = int(os.environ.get("RP_KILLS", "200"))
SEED = int(os.environ.get("RP_SEED", random.SystemRandom().getrandbits(32)))
STOCK = {"gold": 1000, "silver": 200000, "rock": "unlimited", "never": 5}
WAYS = [(storage, formatter) for storage in ("file", "mmap") for formatter in ("binary", "jsonl")]
# A pool starts anew after so many runs, lest reading its log takes all the time.
RUNS_PER_POOL = 7
# A kill comes at most this many times later than a run of one draw takes; runs
# that end before their kill do not count.
LATEST_KILL_RUNS = 2
# Draws between snapshots; one for each pool in turn.
SNAPSHOT_EVERY = (20, 300, 5000)


class Pool:
    """One pool under fire, and what is known of it."""

    def __init__(self, test, number, storage, formatter):
        self.test = test
        test.dir = os.path.join(test.folder, f"pool-{number}")
        test.config = test.write_config(
            *((item, quantity, 0 if item == "never" else 10)
              for item, quantity in STOCK.items()),
            wal={"storage": storage, "formatter": formatter, "max_file_size_kb": 64},
            snapshot={"every_draws": SNAPSHOT_EVERY[number % len(SNAPSHOT_EVERY)]})
        self.logged = {}  # request id: its record
        self.keys = {}  # key: the lines that it was answered with
        self.exists = False  # it has been seen whole at least once

    def check(self, told):
        """Everything that must hold after a kill. `told`: the lines of a draw."""
        test = self.test
        state = test.state()
        starts_after, last = state["log_starts_after"], state["last_request_id"]
        records = [record for record in test.log() if "request_id" in record]

        # No id twice, none missing.
        test.assertEqual([record["request_id"] for record in records],
                         list(range(starts_after + 1, last + 1)))
        # What was once in the log has not changed.
        for record in records:
            test.assertEqual(self.logged.setdefault(record["request_id"], record), record)

        # What was told is in the log, unless snapshots have removed it since; then
        # it is only counted below.
        for line in told:
            test.assertLessEqual(line["request_id"], last)
            test.assertTrue(line["request_id"] in self.logged or
                            line["request_id"] <= starts_after, line)
            record = self.logged.setdefault(line["request_id"], line)
            test.assertEqual(record.get("error"), line.get("error"))
            if "item_id" in line:
                test.assertIn(line["item_id"], record.get("item_ids", [record.get("item_id")]))

        # Every unit is either drawn or left.
        drawn = dict.fromkeys(STOCK, 0)
        for record in self.logged.values():
            if "error" not in record:
                for item in record.get("item_ids", [record.get("item_id")]):
                    drawn[item] += 1
        is_all_known = len(self.logged) == last
        for item in state["items"]:
            if is_all_known:
                test.assertEqual(item["drawn"], drawn[item["item_id"]])
            test.assertGreaterEqual(item["drawn"], drawn[item["item_id"]])
            if item["quantity"] != "unlimited":
                test.assertEqual(item["quantity"] + item["drawn"], STOCK[item["item_id"]])
        test.assertEqual(drawn["never"], 0)


class KillTest(CommandTest):
    maxDiff = 2000

    def run_and_kill(self, delay_s, *arguments):
        """Kills a run after a time; returns the whole lines that it had written."""
        process = self.start_command(*arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        timer = threading.Timer(delay_s, process.kill)
        timer.start()
        out, err = process.communicate(timeout=TIMEOUT_S)
        timer.join()
        self.killed_count += process.returncode == -signal.SIGKILL
        errors = [line for line in err.decode().splitlines()
                  if not line.startswith("rewardpool: note: ")]
        self.assertEqual(errors, [])
        # Whole lines only, even from a process that was killed while it wrote.
        return parse_lines(out.decode())

    def test_what_was_told_survives_every_kill(self):
        print(f"{KILLS} kills with RP_SEED={SEED}", flush=True)
        rng = random.Random(SEED)
        told_count = self.killed_count = 0
        pool = None
        latest_kill_s = LATEST_KILL_RUNS * self.time_of_one_draw_s()
        for run in itertools.count():
            if self.killed_count == KILLS:
                break
            if run % RUNS_PER_POOL == 0:
                if pool and pool.exists:
                    self.ok("verify", "--dir", self.dir)
                number = run // RUNS_PER_POOL
                storage, formatter = WAYS[number % len(WAYS)]
                pool = Pool(self, number, storage, formatter)
            draw = ["draw", "--config", self.config, "--dir", self.dir, "--json"]
            delay_s = rng.uniform(0, latest_kill_s)
            with self.subTest(seed=SEED, run=run, storage=storage, formatter=formatter):
                action = rng.random()
                if action < 0.15 and pool.exists:
                    self.run_and_kill(delay_s, "snapshot", "--dir", self.dir, "--json")
                    told = []
                elif action < 0.4:
                    key = rng.choice(["a", "b", f"key {run}"])
                    told = self.run_and_kill(delay_s, *draw, "--count", "3", "--key", key)
                    if told:
                        self.assertEqual(pool.keys.setdefault(key, told), told)
                else:
                    batch = rng.choice([1, 4, 16, 64, 512])
                    told = self.run_and_kill(delay_s, *draw, "--count", str(10**9), "--batch",
                                             str(batch))
                pool.exists = pool.exists or self.has_pool()
                if not pool.exists:
                    self.assertEqual(told, [])
                    continue
                pool.check(told)
                # A key that was answered is answered so for ever.
                for key, lines in pool.keys.items():
                    self.assertEqual(parse_lines(self.run_command(
                        *draw, "--count", "3", "--key", key).out), lines)
                told_count += len(told)
        print(f"{run} runs told {told_count} lines")
        # The test is worth its name only if there was something to lose.
        self.assertGreater(told_count, KILLS)

    def time_of_one_draw_s(self):
        config = self.write_config(("gold", "unlimited", 1), name="timing.json")
        started = time.monotonic()
        self.ok("draw", "--config", config, "--dir", os.path.join(self.folder, "timing"))
        return time.monotonic() - started

    def has_pool(self):
        """False if the kill came before the pool was made."""
        result = self.run_command("state", "--dir", self.dir)
        if result.code == 0:
            return True
        self.assertEqual(result.code, 1)
        self.assertRegex(result.err, "there is no pool|No such file or directory")
        return False


if __name__ == "__main__":
    unittest.main()
