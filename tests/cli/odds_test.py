"""The verbs that tell of chances: odds, fairness, and simulate with several runs."""

import json
import math
import os
import signal
import subprocess
import time
import unittest
from fractions import Fraction

from command import SOURCE_DIR, TIMEOUT_S, CommandTest
from crc32c import crc32c

LARGEST = 2**63 - 1


def forge(paths, old, new):
    """Changes a log so that every checksum is right again: docs/wal-format.md."""
    chain = None
    for path in paths:
        with open(path, "rb") as file:
            data = bytearray(file.read())
        if chain is None:
            at = data.index(old)
            data[at:at + len(old)] = new
        else:
            data[48:52] = chain
            data[60:64] = crc32c(data[:60]).to_bytes(4, "little")
        salt, chain, at = data[32:40], data[60:64], 64
        while length := int.from_bytes(data[at + 4:at + 7], "little"):
            data[at + 12:at + 16] = chain
            chain = crc32c(salt + data[at + 4:at + 16 + length]).to_bytes(4, "little")
            data[at:at + 4] = chain
            at += 16 + length
        with open(path, "wb") as file:
            file.write(data)


class OddsTest(CommandTest):
    def odds(self, *arguments):
        return self.ok("odds", *arguments, "--json").lines()[0]

    def test_the_json_has_exactly_this_surface(self):
        config = self.write_config(("gold", 10, 1), ("mud", "unlimited", 9))
        out = self.ok("odds", "--config", config, "--json").out
        self.assertRegex(out, r'\A\{"draws":1,"items":\[\{"item_id":"gold","next_num":"1",'
                              r'"next_den":"10","expected":0\.1,"p_at_least_one":0\.1[0-9]*,'
                              r'"method":"binomial","error":[0-9.e-]+\},\{"item_id":"mud",'
                              r'"next_num":"9","next_den":"10","expected":0\.9,'
                              r'"p_at_least_one":0\.9[0-9]*,"method":"binomial",'
                              r'"error":[0-9.e-]+\}\]\}\n\Z')

    def test_the_odds_of_the_next_draw_are_exact_fractions(self):
        config = self.write_config(("a", "unlimited", LARGEST - 2), ("b", 1, 2), ("c", 0, 0))
        items = self.odds("--config", config)["items"]
        self.assertEqual([Fraction(int(item["next_num"]), int(item["next_den"]))
                          for item in items],
                         [Fraction(LARGEST - 2, LARGEST), Fraction(2, LARGEST), 0])

    def test_a_few_draws_are_what_counting_by_hand_gives(self):
        # Two draws of one gold and two silver, all equal in weight a unit of each.
        config = self.write_config(("gold", 1, 1), ("silver", 2, 2))
        gold, silver = self.odds("--config", config, "--draws", "2")["items"]
        # Not gold: silver twice, 2/3 * 2/3.
        self.assertAlmostEqual(gold["p_at_least_one"], 1 - 4 / 9, delta=gold["error"] + 1e-15)
        self.assertAlmostEqual(silver["expected"], 2 - 5 / 9, delta=silver["error"] + 1e-15)
        self.assertLess(gold["error"], 1e-12)

    def test_the_golden_odds_hold(self):
        path = os.path.join(SOURCE_DIR, "tests", "golden", "odds.json")
        with open(path, encoding="utf-8") as file:
            entries = json.load(file)["entries"]
        for entry in entries:
            with self.subTest(entry["items"][0]["item_id"], draws=entry["draws"]):
                config = self.write_config(*(
                    (item["item_id"],
                     item["quantity"] if item["quantity"] == "unlimited" else int(item["quantity"]),
                     int(item["weight"])) for item in entry["items"]))
                found = self.odds("--config", config, "--draws", str(entry["draws"]))
                self.assertEqual(found["draws"], entry["draws"])
                for item, golden in zip(found["items"], entry["items"], strict=True):
                    for key in ("item_id", "next_num", "next_den", "method"):
                        self.assertEqual(item[key], golden[key])
                    for key in ("expected", "p_at_least_one"):
                        self.assertAlmostEqual(item[key], golden[key],
                                               delta=1e-9 * max(1, golden[key]))

    def test_a_pool_is_taken_as_it_is_now(self):
        config = self.write_config(("gold", 3, 1), ("silver", 1, 9999))
        self.draw(config, 1)  # silver, as good as surely
        state = {item["item_id"]: item["quantity"] for item in self.state()["items"]}
        if state["silver"] != 0:
            self.skipTest("gold came first: once in 10,000 times")
        gold, silver = self.odds("--dir", self.dir, "--draws", "2")["items"]
        self.assertEqual((gold["next_num"], gold["next_den"]), ("1", "1"))
        self.assertEqual((silver["next_num"], silver["expected"]), ("0", 0))
        self.assertAlmostEqual(gold["expected"], 2)
        self.ok("remove", "gold", "--dir", self.dir)
        only = self.odds("--dir", self.dir)["items"]
        self.assertEqual([(item["item_id"], item["next_num"], item["next_den"])
                          for item in only], [("silver", "0", "1")])

    def test_people_get_a_table(self):
        config = self.write_config(("gold", 10, 1), ("mud", "unlimited", 9), ("air", 1, 0))
        self.assertEqual(self.ok("odds", "--config", config, "--draws", "1").out.split("\n")[:4], [
            "item  weight       left  next draw  expected  at least one  first after  gone after",
            "gold       1         10   10.0000%       0.1      10.0000%           10         100",
            "mud        9  unlimited   90.0000%       0.9      90.0000%      1.11111       never",
            "air        0          1    0.0000%         0       0.0000%        never       never"])

    def test_thousands_of_items_and_a_million_draws_are_served(self):
        config = self.write_config(*((f"item {i}", 1 + i % 7, 1 + i * i) for i in range(1000)),
                                   ("rest", "unlimited", 10**12))
        items = self.odds("--config", config, "--draws", "1000000")["items"]
        self.assertEqual(len(items), 1001)
        self.assertLessEqual(abs(math.fsum(item["expected"] for item in items) - 1e6),
                             math.fsum(item["error"] for item in items))

    def test_what_makes_no_sense_is_refused(self):
        config = self.write_config(("gold", 1, 1))
        for arguments, reason in [
                ([], "--config or --dir is required"),
                (["--config", config, "--dir", "x"], "give one of them"),
                (["--config", config, "--draws", "0"], "--draws: must be a whole number from 1"),
                (["--config", config, "--draws", "1000000000001"], "--draws: must be")]:
            with self.subTest(arguments):
                result = self.run_command("odds", *arguments)
                self.assertEqual((result.code, result.out), (2, ""))
                self.assertIn(reason, result.err)
        self.assertEqual(self.run_command("odds", "--config", "missing").code, 3)
        missing = self.run_command("odds", "--dir", "missing")
        self.assertEqual((missing.code, missing.err),
                         (1, "rewardpool: cannot list missing: No such file or directory\n"))


class FairnessTest(CommandTest):
    TESTS = ["counts", "uniformity", "runs", "serial"]

    def fairness(self):
        return self.run_command("fairness", "--dir", self.dir, "--json")

    def test_an_honest_pool_is_fair(self):
        config = self.write_config(("trip", 2, 20), ("gold", 300, 200), ("mud", "unlimited", 780))
        self.draw(config, 1500)
        self.ok("update", "mud", "--dir", self.dir, "--weight", "400")
        self.ok("draw", "--dir", self.dir, "--count", "1500")
        result = self.fairness()
        report = result.lines()[0]
        self.assertEqual(report["draws"], 3000)
        self.assertEqual([test["test"] for test in report["tests"]], self.TESTS)
        for test in report["tests"]:
            self.assertTrue(test["ran"])
            self.assertGreater(test["p_value"], 1e-9)
        self.assertEqual(result.code, 0 if report["fair"] else 1)
        self.assertEqual(sum(item["drawn"] for item in report["items"]), 3000)
        self.assertAlmostEqual(sum(item["expected"] for item in report["items"]), 3000)

    def test_a_rigged_log_gives_1(self):
        # Drawn from even odds, with a catalog that is then told to have been another.
        config = self.write_config(("heads", "unlimited", 1), ("tails", "unlimited", 1))
        self.draw(config, 2000)
        forge(self.log_files(), b"C\x01\x05heads\x01", b"C\x01\x05heads\x03")
        self.ok("verify", "--dir", self.dir)
        result = self.fairness()
        report = result.lines()[0]
        self.assertEqual((result.code, report["fair"]), (1, False))
        self.assertTrue(report["tests"][0]["suspicious"])
        text = self.run_command("fairness", "--dir", self.dir)
        self.assertEqual(text.code, 1)
        self.assertTrue(text.out.startswith("NOT FAIR, as far as 2,000 draws tell\n"))
        self.assertIn("suspicious", text.out)

    def test_a_few_draws_are_not_judged(self):
        config = self.write_config(("gold", "unlimited", 1), ("mud", "unlimited", 1))
        self.draw(config, 3)
        result = self.fairness()
        report = result.lines()[0]
        self.assertEqual((result.code, report["fair"]), (0, True))
        for test in report["tests"]:
            self.assertEqual(test, {"test": test["test"], "ran": False, "suspicious": False})
        self.assertIn("too few draws", self.ok("fairness", "--dir", self.dir).out)

    def test_without_a_pool_it_says_so(self):
        for folder, reason in (("missing", "cannot list missing: No such file or directory"),
                               (".", "there is no pool in .")):
            result = self.run_command("fairness", "--dir", folder)
            self.assertEqual((result.code, result.err), (1, f"rewardpool: {reason}\n"))


class SimulateRunsTest(CommandTest):
    def simulate(self, config, *arguments):
        return self.ok("simulate", "--config", config, *arguments, "--json").lines()[0]

    def test_each_run_is_a_simulation_of_its_own_seed(self):
        config = self.write_config(("trip", 3, 20), ("gold", "unlimited", 180),
                                   ("rock", "unlimited", 800))
        seeds = range(40, 45)
        alone = [self.simulate(config, "--count", "700", "--seed", str(seed)) for seed in seeds]
        together = self.simulate(config, "--count", "700", "--seed", "40", "--runs", "5")
        self.assertEqual((together["runs"], together["draws"], together["seed"]), (5, 700, 40))
        for i, item in enumerate(together["items"]):
            counts = sorted(run["items"][i]["drawn"] for run in alone)
            self.assertEqual(item["drawn"], sum(counts))
            self.assertAlmostEqual(item["mean"], sum(counts) / 5)
            self.assertEqual(item["runs_with_one"], sum(count > 0 for count in counts))
            self.assertEqual(item["at_quantiles"],
                             [counts[0], counts[1], counts[2], counts[3], counts[4]])

    def test_threads_change_nothing(self):
        config = self.write_config(*((f"item {i}", 1 + i, 3 + i) for i in range(40)))
        one = self.simulate(config, "--count", "500", "--runs", "300", "--seed", "9",
                            "--threads", "1")
        for threads in ("2", "7"):
            self.assertEqual(self.simulate(config, "--count", "500", "--runs", "300", "--seed",
                                           "9", "--threads", threads), one)

    def test_a_pool_that_runs_out_is_one_of_the_outcomes(self):
        config = self.write_config(("gold", 3, 1))
        result = self.simulate(config, "--count", "10", "--runs", "2", "--seed", "1")
        self.assertEqual(result["items"][0]["drawn"], 6)

    def test_people_get_a_table(self):
        config = self.write_config(("gold", 3, 1), ("air", 1, 0))
        self.assertEqual(
            self.ok("simulate", "--config", config, "--count", "2", "--runs", "4", "--seed",
                    "1").out,
            "4 runs of 2 draws, from seed 1 on, selector auto\n\n"
            "item  mean  at least one  5%  25%  50%  75%  95%\n"
            "gold     2     100.0000%   2    2    2    2    2\n"
            "air      0       0.0000%   0    0    0    0    0\n\n"
            "Units that a run drew: on average, and at most in so many of the runs.\n")

    def test_too_much_for_the_memory_is_refused(self):
        config = self.write_config(*((f"item {i}", 1, 1) for i in range(20)))
        result = self.run_command("simulate", "--config", config, "--count", "5", "--runs",
                                  "10000000")
        self.assertEqual((result.code, result.out), (1, ""))
        self.assertIn("at most 134217728", result.err)
        result = self.run_command("simulate", "--config", config, "--count", "5000000000",
                                  "--runs", "2")
        self.assertEqual((result.code, result.out), (2, ""))

    def test_a_signal_ends_it_soon(self):
        config = self.write_config(("gold", "unlimited", 1), ("mud", "unlimited", 1))
        process = self.start_command("simulate", "--config", config, "--count", "4000000000",
                                     "--runs", "1000", stdout=subprocess.PIPE,
                                     stderr=subprocess.PIPE)
        # It catches signals some time after it starts; until then it dies of them.
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline:
            with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
                caught = next(line for line in status if line.startswith("SigCgt:"))
            if int(caught.split()[1], 16) & (1 << (signal.SIGTERM - 1)):
                break
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=TIMEOUT_S)
        self.assertEqual((process.returncode, out, err), (128 + signal.SIGTERM, b"", b""))


if __name__ == "__main__":
    unittest.main()
