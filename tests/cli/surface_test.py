"""The surface that scripts rely on: what each verb prints, and its exit code."""

import os
import unittest

from command import SOURCE_DIR, CommandTest

VERBS = ["draw", "state", "update", "add", "remove", "log", "verify", "snapshot",
         "export", "import", "odds", "fairness", "simulate"]
LARGEST = 2**63 - 1


class HelpTest(CommandTest):
    def test_help_of_every_verb_has_an_example_that_begins_with_it(self):
        for verb in VERBS:
            with self.subTest(verb):
                self.assertIn(f"rewardpool {verb} ", self.ok(verb, "--help").out)
                self.assertIn(f"  {verb} ", self.ok("--help").out)

    def test_version_is_one_line(self):
        self.assertRegex(self.ok("--version").out, r"\Arewardpool \d+\.\d+\.\d+\n\Z")


class UsageTest(CommandTest):
    def test_a_senseless_command_line_gives_2_and_one_line_that_says_why(self):
        cases = [
            ([], "A subcommand is required"),
            (["drow"], 'unknown verb "drow"; did you mean "draw"?'),
            (["--json", "draw"], 'option "--json" must follow a verb'),
            (["draw"], "--config or --dir is required"),
            (["draw", "--conf", "x"], 'unknown option "--conf"; did you mean "--config"?'),
            (["draw", "--dir", "x", "more"], 'unexpected argument "more"'),
            (["draw", "--dir", "x", "--count", "0"], "--count: must be a whole number from 1"),
            (["draw", "--dir", "x", "--count", "1e3"], 'not "1e3"'),
            (["draw", "--dir", "x", "--count", "9223372036854775808"], "--count: must be"),
            (["draw", "--dir", "x", "--count", "1", "--count", "2"], "--count"),
            (["draw", "--dir", "x", "--batch", "0"], "--batch: must be a whole number from 1"),
            (["draw", "--dir", "x", "--key", ""], "--key: must not be empty"),
            (["draw", "--dir", "x", "--key", "k", "--batch", "2"], "excludes"),
            (["state"], "--dir is required"),
            (["update", "--dir", "x", "--weight", "1"], "ITEM is required"),
            (["update", "gold", "--dir", "x"], "nothing to update"),
            (["update", "gold", "--dir", "x", "--weight", "-1"], "--weight: must be"),
            (["update", "gold", "--dir", "x", "--weight", "unlimited"], "--weight: must be"),
            (["update", "gold", "--dir", "x", "--quantity", "0x10"], "--quantity: must be"),
            (["update", "gold", "--dir", "x", "--quantity", "-2"], 'or "unlimited", not "-2"'),
            (["add", "gold", "--dir", "x", "--weight", "1"], "--quantity is required"),
            (["add", "gold", "--dir", "x", "--quantity", "1"], "--weight is required"),
            (["verify"], "--dir or FILE is required"),
            (["verify", "x.tar", "--dir", "x"], "--dir excludes FILE"),
            (["export", "--dir", "x"], "FILE is required"),
            (["export", "x.tar"], "--dir is required"),
            (["import", "--dir", "x"], "FILE is required"),
            (["import", "x.tar"], "--dir is required"),
            (["simulate", "--config", "x"], "--count is required"),
            (["simulate", "--config", "x", "--count", "1", "--seed", "-1"], "--seed: must be"),
        ]
        for arguments, reason in cases:
            with self.subTest(arguments):
                result = self.run_command(*arguments)
                self.assertEqual(result.code, 2)
                self.assertEqual(result.out, "")
                self.assertRegex(result.err, r"\Arewardpool: [^\n]+\n\Z")
                self.assertIn(reason, result.err)
        self.assertEqual(os.listdir(self.folder), [])

    def test_a_draw_without_any_folder_is_wrong_usage(self):
        result = self.run_command("draw", "--config", self.write_config(("gold", 1, 1)))
        self.assertEqual(result.code, 2)
        self.assertIn("no folder for the pool", result.err)


class ConfigTest(CommandTest):
    def test_a_bad_configuration_is_refused_with_its_place_and_nothing_is_made(self):
        path = os.path.join(self.folder, "pool.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write("pool:\n  catalog:\n    - item_id: gold\n      quantity: 1\n"
                       "      wieght: 1\n")
        for verb in (["draw", "--dir", self.dir], ["simulate", "--count", "1"]):
            result = self.run_command(*verb, "--config", path)
            self.assertEqual((result.code, result.out), (1, ""))
            self.assertEqual(result.err, f'rewardpool: {path}:5:7: unknown key "wieght"; did you '
                                         'mean "weight"?\n')
        self.assertFalse(os.path.exists(self.dir))

    def test_a_configuration_that_cannot_be_read_gives_3(self):
        result = self.run_command("draw", "--config", "missing.yaml", "--dir", self.dir)
        self.assertEqual(result.code, 3)
        self.assertEqual(result.err,
                         'rewardpool: cannot read "missing.yaml": No such file or directory\n')

    def test_working_dir_starts_at_the_current_folder_and_dir_goes_before_it(self):
        config = self.write_config(("gold", "unlimited", 1), working_dir="configured")
        self.ok("draw", "--config", config, "--json")
        self.assertTrue(os.path.isdir(os.path.join(self.folder, "configured")))
        self.ok("draw", "--config", config, "--dir", "given", "--json")
        self.assertEqual(self.ok("state", "--dir", "given", "--json").lines()[0]
                         ["last_request_id"], 1)

    def test_the_samples_can_be_drawn_from(self):
        for name in ("pool.yaml", "pool.json", "original.yaml"):
            with self.subTest(name):
                sample = os.path.join(SOURCE_DIR, "samples", name)
                result = self.ok("draw", "--config", sample, "--dir", f"{self.dir}-{name}",
                                 "--count", "50", "--json")
                self.assertEqual(len(result.lines()), 50)

    def test_a_pool_in_memory_leaves_nothing_behind(self):
        config = self.write_config(("gold", 5, 1), wal={"storage": "memory"})
        self.assertEqual(self.ok("draw", "--config", config, "--json").out,
                         '{"request_id":1,"item_id":"gold"}\n')
        self.assertEqual(os.listdir(self.folder), ["pool.json"])


class DrawTest(CommandTest):
    def test_each_draw_is_a_line_with_ids_that_go_on_at_the_next_start(self):
        config = self.write_config(("gold", 5, 1))
        result = self.ok("draw", "--config", config, "--dir", self.dir, "--count", "2", "--json")
        self.assertEqual(result.out, '{"request_id":1,"item_id":"gold"}\n'
                                     '{"request_id":2,"item_id":"gold"}\n')
        result = self.ok("draw", "--config", config, "--dir", self.dir, "--json")
        self.assertEqual(result.out, '{"request_id":3,"item_id":"gold"}\n')

    def test_an_exhausted_pool_gives_error_lines_and_1(self):
        config = self.write_config(("gold", 1, 1))
        result = self.run_command("draw", "--config", config, "--dir", self.dir, "--count", "3",
                                  "--json")
        self.assertEqual(result.out, '{"request_id":1,"item_id":"gold"}\n'
                                     '{"request_id":2,"error":"exhausted"}\n'
                                     '{"request_id":3,"error":"exhausted"}\n')
        self.assertEqual((result.code, result.err), (1, ""))
        result = self.run_command("draw", "--config", config, "--dir", self.dir)
        self.assertEqual(result.code, 1)
        self.assertEqual(result.out, "request  item\n      4  (exhausted)\n")
        self.assertEqual(result.err, "rewardpool: exhausted: 1 of 1 draws found no item with both "
                                     "weight and stock\n")

    def test_any_batch_gives_every_draw_once_and_in_order(self):
        config = self.write_config(("gold", "unlimited", 1), ("rock", "unlimited", 3))
        expected = 0
        for batch in (1, 2, 7, 100, 5000):
            lines = self.draw(config, 300, "--batch", str(batch))
            self.assertEqual([line["request_id"] for line in lines],
                             list(range(expected + 1, expected + 301)))
            expected += 300
        drawn = sum(item["drawn"] for item in self.state()["items"])
        self.assertEqual(drawn, expected)

    def test_a_key_draws_once_and_then_gives_the_same_items_again(self):
        config = self.write_config(("gold", "unlimited", 1), ("rock", "unlimited", 1))
        first = self.draw(config, 20, "--key", "order 1")
        self.assertEqual(len(first), 20)
        self.assertEqual({line["request_id"] for line in first}, {1})
        self.assertEqual(self.draw(config, 20, "--key", "order 1"), first)
        self.ok("snapshot", "--dir", self.dir)
        self.assertEqual(self.draw(config, 20, "--key", "order 1"), first)
        self.assertEqual(self.draw(config, 1, "--key", "order 2")[0]["request_id"], 2)
        self.assertEqual(self.state()["last_request_id"], 2)
        other = self.run_command("draw", "--dir", self.dir, "--count", "3", "--key", "order 1")
        self.assertEqual((other.code, other.out), (1, "request  item\n"))
        self.assertIn('key "order 1" was used by request 1', other.err)

    def test_a_request_by_key_is_all_or_nothing(self):
        config = self.write_config(("gold", 2, 1))
        for _ in range(2):
            result = self.run_command("draw", "--config", config, "--dir", self.dir, "--count",
                                      "3", "--key", "k", "--json")
            self.assertEqual(result.out, '{"request_id":1,"error":"exhausted"}\n')
            self.assertEqual(result.code, 1)
        self.assertEqual(self.state()["items"][0]["quantity"], 2)

    def test_a_pool_keeps_its_items_and_says_so_if_the_configuration_differs(self):
        self.draw(self.write_config(("gold", 5, 1)), 2)
        other = self.write_config(("gold", 5, 2), name="other.json")
        result = self.run_command("draw", "--config", other, "--dir", self.dir, "--json")
        self.assertEqual((result.code, result.out), (0, '{"request_id":3,"item_id":"gold"}\n'))
        self.assertRegex(result.err, r"\Arewardpool: note: the pool exists and keeps its own [^\n]+\n\Z")
        self.assertEqual(self.state()["items"][0]["weight"], 1)

    def test_people_get_a_list_of_few_draws_and_a_table_of_many(self):
        config = self.write_config(("gold", "unlimited", 1))
        few = self.ok("draw", "--config", config, "--dir", self.dir, "--count", "2")
        self.assertEqual(few.out, "request  item\n      1  gold\n      2  gold\n")
        many = self.ok("draw", "--config", config, "--dir", self.dir, "--count", "5000")
        self.assertEqual(many.out, "item  drawn      share\ngold  5,000  100.0000%\n")

    def test_a_pool_that_is_not_there_is_not_made_without_a_configuration(self):
        result = self.run_command("draw", "--dir", self.dir)
        self.assertEqual((result.code, result.out), (1, ""))
        self.assertFalse(os.path.exists(self.dir))


class ChangeTest(CommandTest):
    def setUp(self):
        super().setUp()
        self.config = self.write_config(("gold", 5, 1))
        self.draw(self.config, 1)

    def test_update_changes_what_is_given_and_nothing_else(self):
        self.assertEqual(self.ok("update", "gold", "--dir", self.dir, "--weight", str(LARGEST),
                                 "--json").out, '{"request_id":2}\n')
        self.assertEqual(self.state()["items"], [
            {"item_id": "gold", "weight": LARGEST, "quantity": 4, "drawn": 1}])
        self.assertEqual(self.ok("update", "gold", "--dir", self.dir, "--quantity",
                                 "unlimited").out, "updated gold (request 3)\n")
        self.assertEqual(self.state()["items"], [
            {"item_id": "gold", "weight": LARGEST, "quantity": "unlimited", "drawn": 1}])
        self.ok("update", "gold", "--dir", self.dir, "--quantity", str(LARGEST), "--weight", "0")
        self.assertEqual(self.state()["items"], [
            {"item_id": "gold", "weight": 0, "quantity": LARGEST, "drawn": 1}])

    def test_add_and_remove_are_requests_of_their_own(self):
        self.assertEqual(self.ok("add", "rock", "--dir", self.dir, "--quantity", "2", "--weight",
                                 "3", "--json").out, '{"request_id":2}\n')
        self.assertEqual(self.ok("remove", "gold", "--dir", self.dir, "--json").out,
                         '{"request_id":3}\n')
        self.assertEqual(self.state()["items"], [
            {"item_id": "rock", "weight": 3, "quantity": 2, "drawn": 0}])
        self.assertIn("1 draws were of items that have been removed since",
                      self.ok("state", "--dir", self.dir).out)

    def test_what_the_catalog_does_not_allow_is_refused_and_changes_nothing(self):
        before = self.state()
        cases = [
            (["update", "rock", "--weight", "1"], 'there is no item "rock"'),
            (["remove", "rock"], 'there is no item "rock"'),
            (["add", "gold", "--quantity", "1", "--weight", "1"], 'already is an item "gold"'),
            (["add", "rock", "--quantity", "1", "--weight", str(LARGEST)], "sum of all weights"),
            (["add", "", "--quantity", "1", "--weight", "1"], "item id is empty"),
            (["add", "x" * 256, "--quantity", "1", "--weight", "1"], "longer than 255"),
        ]
        for arguments, reason in cases:
            with self.subTest(arguments):
                result = self.run_command(*arguments, "--dir", self.dir, "--json")
                self.assertEqual((result.code, result.out), (1, ""))
                self.assertIn(reason, result.err)
        self.assertEqual(self.state(), before)

    def test_a_change_is_logged_in_the_form_that_the_log_has(self):
        for formatter in ("binary", "jsonl"):
            with self.subTest(formatter):
                self.dir = os.path.join(self.folder, formatter)
                self.draw(self.write_config(("gold", 5, 1), wal={"formatter": formatter}), 1)
                self.ok("update", "gold", "--dir", self.dir, "--weight", "77")
                log = b"".join(self.content().values())
                self.assertEqual(b"item-updated" in log, formatter == "jsonl")

    def test_a_snapshot_makes_older_log_files_unnecessary(self):
        self.assertEqual(self.ok("snapshot", "--dir", self.dir, "--json").out, '{"snapshot":1}\n')
        self.assertEqual(self.state()["log_starts_after"], 0)
        self.draw(self.config, 2)
        self.assertEqual(self.ok("snapshot", "--dir", self.dir).out,
                         "took a snapshot (request 3)\n")
        self.draw(self.config, 1)
        state = self.state()
        self.assertEqual((state["log_starts_after"], state["last_request_id"]), (1, 4))
        self.assertEqual([record["request_id"] for record in self.log() if "request_id" in record],
                         [2, 3, 4])
        self.assertIn("the log starts after request 1", self.ok("state", "--dir", self.dir).out)
        report = self.ok("verify", "--dir", self.dir, "--json").lines()[0]
        self.assertEqual((report["snapshots"], report["log_starts_after"]), (2, 1))


class StateTest(CommandTest):
    def test_state_is_one_line_of_exact_json(self):
        config = self.write_config(("gold", 3, 1), ("rock", "unlimited", 0))
        self.draw(config, 2)
        self.assertEqual(
            self.ok("state", "--dir", self.dir, "--json").out,
            '{"last_request_id":2,"log_starts_after":0,"items":['
            '{"item_id":"gold","weight":1,"quantity":1,"drawn":2},'
            '{"item_id":"rock","weight":0,"quantity":"unlimited","drawn":0}]}\n')

    def test_people_get_a_table_with_odds(self):
        self.draw(self.write_config(("gold", 3000, 1), ("rock", "unlimited", 0)), 1)
        self.assertEqual(self.ok("state", "--dir", self.dir).out,
                         "item  weight       odds  drawn       left\n"
                         "gold       1  100.0000%      1      2,999\n"
                         "rock       0    0.0000%      0  unlimited\n"
                         "\n"
                         "1 requests so far; the log is whole\n")

    def test_a_folder_without_a_pool_is_refused(self):
        os.mkdir(self.dir)
        for verb in (["state"], ["log"], ["verify"], ["snapshot"], ["export", "x.tar"]):
            for folder in (self.dir, os.path.join(self.folder, "missing")):
                with self.subTest((verb, folder)):
                    result = self.run_command(*verb, "--dir", folder)
                    self.assertEqual((result.code, result.out), (1, ""))
                    self.assertRegex(result.err, r"\Arewardpool: [^\n]+\n\Z")


class LogTest(CommandTest):
    def test_the_log_tells_everything_in_order(self):
        for formatter in ("binary", "jsonl"):
            with self.subTest(formatter):
                self.dir = os.path.join(self.folder, formatter)
                config = self.write_config(("gold", 2, 1), wal={"formatter": formatter})
                self.draw(config, 1)
                self.ok("draw", "--dir", self.dir, "--key", "k", "--json")
                self.run_command("draw", "--dir", self.dir, "--json")
                self.ok("add", "rock", "--dir", self.dir, "--quantity", "unlimited", "--weight", "2")
                self.ok("update", "rock", "--dir", self.dir, "--quantity", "9")
                self.ok("remove", "gold", "--dir", self.dir)
                self.assertEqual([record for record in self.log()
                                  if record["type"] != "pool-closed"], [
                    {"type": "catalog-item", "item_id": "gold", "weight": 1, "quantity": 2},
                    {"type": "pool-created", "item_count": 1},
                    {"type": "draw", "request_id": 1, "item_id": "gold"},
                    {"type": "draw", "request_id": 2, "key": "k", "count": 1, "item_id": "gold",
                     "item_ids": ["gold"]},
                    {"type": "draw", "request_id": 3, "error": "exhausted"},
                    {"type": "item-added", "request_id": 4, "item_id": "rock", "weight": 2,
                     "quantity": "unlimited"},
                    {"type": "item-updated", "request_id": 5, "item_id": "rock", "quantity": 9},
                    {"type": "item-removed", "request_id": 6, "item_id": "gold"}])

    def test_people_get_a_line_for_each_request(self):
        self.draw(self.write_config(("gold", 1000, 1)), 2)
        self.ok("update", "gold", "--dir", self.dir, "--quantity", "7")
        self.assertEqual(self.ok("log", "--dir", self.dir).out,
                         "           -  catalog gold, weight 1, quantity 1,000\n"
                         "           -  pool created with 1 items\n"
                         "           1  draw gold\n"
                         "           2  draw gold\n"
                         "           -  pool closed\n"
                         "           3  update gold, quantity 7\n"
                         "           -  pool closed\n")


class OddIdsTest(CommandTest):
    IDS = ["a,b", 'say "hi"', "two\nlines", "tab\there", "back\\slash", "\U0001F381", "Ж", " ",
           "-1", "null", "{}", "'", "\x7f", "x" * 255, "--json", "%s%n", "\u2028"]

    def test_any_id_survives_every_verb(self):
        for formatter in ("binary", "jsonl"):
            with self.subTest(formatter):
                self.dir = os.path.join(self.folder, formatter)
                config = self.write_config(*((item, "unlimited", 1) for item in self.IDS),
                                           wal={"formatter": formatter})
                drawn = [line["item_id"] for line in self.draw(config, 500)]
                self.assertEqual(set(drawn), set(self.IDS))
                self.assertEqual([record["item_id"] for record in self.log()
                                  if record["type"] == "draw"], drawn)
                self.assertEqual([item["item_id"] for item in self.state()["items"]], self.IDS)
                for item in self.IDS:
                    self.ok("update", "--dir", self.dir, "--weight", "2", "--", item)
                self.ok("snapshot", "--dir", self.dir)
                self.ok("remove", "--dir", self.dir, "--", self.IDS[0])
                self.assertEqual([(item["item_id"], item["weight"])
                                  for item in self.state()["items"]],
                                 [(item, 2) for item in self.IDS[1:]])
                self.ok("verify", "--dir", self.dir)
                # For people: an id never breaks a line.
                lines = self.ok("state", "--dir", self.dir).out.split("\n")
                self.assertEqual(len(lines), len(self.IDS) + 4)

    def test_an_id_that_is_not_utf8_is_refused(self):
        self.draw(self.write_config(("gold", 1, 1)), 1)
        result = self.run_command("add", b"\xff", "--dir", self.dir, "--quantity", "1",
                                  "--weight", "1")
        self.assertEqual(result.code, 1)
        self.assertIn("not UTF-8", result.err)


class SimulateTest(CommandTest):
    def test_a_seed_gives_the_same_draws_every_time_and_everywhere(self):
        config = self.write_config(("trip", 3, 20), ("gold", "unlimited", 180),
                                   ("rock", "unlimited", 800))
        result = self.ok("simulate", "--config", config, "--count", "10000", "--seed", "7",
                         "--selector", "linear", "--json")
        self.assertEqual(result.out, GOLDEN_SIMULATION)
        # These selectors turn the same words into the same draws.
        for selector in ("prefix-sum", "fenwick", "flat", "wide"):
            other = self.ok("simulate", "--config", config, "--count", "10000", "--seed", "7",
                            "--selector", selector, "--json")
            self.assertEqual(other.out, result.out.replace("linear", selector))

    def test_a_fresh_seed_is_printed_and_repeats_the_run(self):
        config = self.write_config(("gold", "unlimited", 1), ("rock", "unlimited", 1))
        first = self.ok("simulate", "--config", config, "--count", "1000", "--json").lines()[0]
        again = self.ok("simulate", "--config", config, "--count", "1000", "--seed",
                        str(first["seed"]), "--json").lines()[0]
        self.assertEqual(first, again)
        self.assertEqual(first["selector"], "auto")
        other = self.ok("simulate", "--config", config, "--count", "1000", "--json").lines()[0]
        self.assertNotEqual(other["seed"], first["seed"])

    def test_it_touches_no_file(self):
        config = self.write_config(("gold", "unlimited", 1), working_dir="pool")
        self.ok("simulate", "--config", config, "--count", "100000")
        self.assertEqual(os.listdir(self.folder), ["pool.json"])

    def test_a_pool_that_runs_out_gives_1_and_the_draws_that_there_were(self):
        config = self.write_config(("gold", 3, 1))
        result = self.run_command("simulate", "--config", config, "--count", "10", "--seed", "1",
                                  "--json")
        self.assertEqual(result.code, 1)
        self.assertEqual(result.out, '{"draws":3,"seed":1,"selector":"auto","items":['
                                     '{"item_id":"gold","drawn":3}]}\n')
        self.assertEqual(result.err, "rewardpool: the pool was exhausted after 3 draws\n")

    def test_an_unknown_selector_is_wrong_usage(self):
        config = self.write_config(("gold", 3, 1))
        result = self.run_command("simulate", "--config", config, "--count", "1", "--selector",
                                  "fastest")
        self.assertEqual(result.code, 2)
        self.assertIn("fenwick", result.err)


GOLDEN_SIMULATION = (
    '{"draws":10000,"seed":7,"selector":"linear","items":[{"item_id":"trip","drawn":3},'
    '{"item_id":"gold","drawn":1829},{"item_id":"rock","drawn":8168}]}\n')

if __name__ == "__main__":
    unittest.main()
