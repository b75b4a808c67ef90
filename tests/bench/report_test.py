#!/usr/bin/env python3
"""What scripts/bench concludes from figures, each conclusion in both directions.

Needs SciPy; without it the exit code is 77, which CTest takes for skipped.
"""

import contextlib
import io
import json
import os
import random
import socket
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench/report"))
import bench
import compare
import machine
import results
import run
import targets
from results import Results, Row

SEED = 5
NOISE = 0.005


def around(center, count, generator, noise=NOISE):
    return [center * generator.gauss(1, noise) for _ in range(count)]


def timed(name, values):
    return Row(name, metrics={"time_ns": values})


class ComparisonTest(unittest.TestCase):
    def setUp(self):
        self.generator = random.Random(SEED)

    def run_of(self, centers, repetitions=9):
        return Results([timed(name, around(center, repetitions, self.generator))
                        for name, center in centers.items()])

    def verdicts(self, old, new, **options):
        changes = compare.compare(old, new, **options).changes
        return {change.name: change.verdict for change in changes}

    def test_three_percent_are_seen_through_half_a_percent_of_noise(self):
        old = self.run_of({"a/gained": 100, "a/lost": 100, "a/kept": 100})
        new = self.run_of({"a/gained": 97, "a/lost": 103, "a/kept": 100})
        self.assertEqual({"a/gained": "faster", "a/lost": "slower", "a/kept": "same"},
                         self.verdicts(old, new))

    def test_the_change_is_that_of_the_medians(self):
        old = Results([timed("a/b", [100.0, 101, 99, 98, 102, 97, 103, 96, 900])])
        new = Results([timed("a/b", [value / 2 for value in old.rows[0].values("time_ns")])])
        self.assertAlmostEqual(-50, compare.compare(old, new).changes[0].percent)

    def test_among_three_hundred_rows_one_that_changed_is_told_and_no_other(self):
        centers = {f"a/{i}": 100 for i in range(300)}
        old = self.run_of(centers)
        new = self.run_of({**centers, "a/17": 97})
        self.assertEqual({"a/17": "faster"}, {name: verdict for name, verdict in
                                              self.verdicts(old, new).items() if verdict != "same"})

    def test_equal_figures_are_the_same(self):
        same = Results([timed("a/b", [100.0] * 9)])
        self.assertEqual({"a/b": "same"}, self.verdicts(same, same))

    def test_eight_repetitions_are_refused_on_either_side(self):
        few, enough = self.run_of({"a/b": 100}, 8), self.run_of({"a/b": 100}, 9)
        for old, new in ((few, enough), (enough, few)):
            with self.assertRaisesRegex(compare.CannotCompare, "a/b has 8 repetitions.* 9 or more"):
                compare.compare(old, new)

    def test_rows_of_one_side_alone_are_named(self):
        found = compare.compare(self.run_of({"a/both": 1, "a/gone": 1}),
                                self.run_of({"a/both": 1, "a/come": 1}))
        self.assertEqual((["a/gone"], ["a/come"]), (found.only_old, found.only_new))
        text = compare.report(found)
        self.assertIn("Only in the old run:\n  a/gone", text)
        self.assertIn("Only in the new run:\n  a/come", text)

    def test_a_row_that_failed_is_named_and_not_compared(self):
        broken = Results([Row("a/b", error="a draw failed")])
        found = compare.compare(self.run_of({"a/b": 1}), broken)
        self.assertEqual((["a/b"], []), (found.failed, found.changes))

    def paired(self, own_ns, reference_ns, label="against fenwick"):
        own = around(own_ns, 9, self.generator)
        reference = around(reference_ns, 9, self.generator)
        return Results([Row("a/b", label, {
            "own_ns": own, "reference_ns": reference,
            "ratio": [mine / other for mine, other in zip(own, reference)]})])

    def test_a_slower_machine_does_not_make_a_row_slower_that_has_a_reference(self):
        old, new = self.paired(10, 40), self.paired(12, 48)
        self.assertEqual({"a/b": "same"}, self.verdicts(old, new))
        self.assertEqual({"a/b": "slower"}, self.verdicts(old, new, by_time=True))

    def test_ratios_to_different_references_are_not_compared(self):
        old, new = self.paired(10, 40), self.paired(10, 20, "against a scan")
        self.assertEqual("item_ns", compare.compare(old, new).changes[0].metric)
        self.assertEqual({"a/b": "same"}, self.verdicts(old, new))

    def test_another_machine_is_told(self):
        old = Results([], {"machine": {"cpu": "A", "cores": 2}, "build": {"type": "Release"}})
        new = Results([], {"machine": {"cpu": "B", "cores": 2}, "build": {"type": "Release"}})
        self.assertEqual(["another processor: A, then B"],
                         compare.differences_of_machines(old, new))


class CommandTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.generator = random.Random(SEED)

    def file(self, name, center, repetitions=9):
        path = self.folder / name
        results.save(Results([timed("a/b", around(center, repetitions, self.generator))]), path)
        return str(path)

    def call(self, *arguments):
        """Returns exit code, output and complaints."""
        output, complaints = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(complaints):
            code = bench.main(arguments)
        return code, output.getvalue(), complaints.getvalue()

    def test_slower_rows_fail_only_those_who_ask(self):
        old, new = self.file("old.json", 100), self.file("new.json", 110)
        code, output, _ = self.call("--compare", old, new)
        self.assertEqual(0, code)
        self.assertRegex(output, r"a/b +slower +\+(9|10)\.\d%")
        self.assertEqual(1, self.call("--compare", old, new, "--fail-if-slower")[0])
        self.assertEqual(1, self.call("--compare", old, new, "--fail-if-slower", "5")[0])
        self.assertEqual(0, self.call("--compare", old, new, "--fail-if-slower", "15")[0])
        self.assertEqual(0, self.call("--compare", new, old, "--fail-if-slower")[0])

    def test_too_few_repetitions_are_no_comparison(self):
        code, output, complaint = self.call("--compare", self.file("old.json", 1, 8),
                                            self.file("new.json", 1))
        self.assertEqual((2, ""), (code, output))
        self.assertIn("8 repetitions", complaint)

    def test_a_file_of_something_else_is_refused(self):
        path = self.folder / "other.json"
        for content, complaint in (("{}", "not a file that scripts/bench"), ("[1", "not JSON")):
            path.write_text(content, encoding="utf-8")
            code, _, complaints = self.call("--show", str(path))
            self.assertEqual(2, code)
            self.assertIn(complaint, complaints)
        self.assertEqual(2, self.call("--show", str(self.folder / "none.json"))[0])


# A benchmark program as far as run.py sees it. Each run takes one more nanosecond.
PROGRAM = """#!/usr/bin/env python3
import json, re, sys
from pathlib import Path
CASES = ["BM_Draw/auto/5/iterations:31/manual_time", "BM_Draw/auto/50", "BM_Slow+Odd/5/real_time"]
options = dict(argument.lstrip("-").split("=", 1) for argument in sys.argv[1:])
if "benchmark_list_tests" in options:
    print("\\n".join(CASES))
    sys.exit()
runs = Path(__file__).with_suffix(".runs")
time = len(runs.read_text()) if runs.exists() else 0
runs.write_text("x" * (time + 1))
if {fails!r} and time == 1:
    print("the disk is full", file=sys.stderr)
    sys.exit(3)
rows = []
for case in CASES:
    if not re.search(options["benchmark_filter"], case):
        continue
    row = {{"name": case, "run_name": case, "run_type": "iteration", "repetitions": 1,
           "repetition_index": 0, "threads": 1, "iterations": 31, "family_index": 0,
           "per_family_instance_index": 0, "real_time": 2.0 + time, "cpu_time": 1.0,
           "time_unit": "us", "items_per_second": 5e5, "label": "against fenwick"}}
    rows.append(row)
    rows.append({{**row, "run_type": "aggregate", "real_time": 1e9}})
report = {{"context": {{"host_name": "secret"}}, "benchmarks": rows}}
Path(options["benchmark_out"]).write_text(json.dumps(report))
"""


class ProgramsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def program(self, name, fails=False):
        path = self.folder / name
        path.write_text(PROGRAM.format(fails=fails), encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    def run_all(self, programs, is_wanted=lambda name: True, repetitions=3):
        settings = run.Settings(repetitions, 0.01, machine.choose_cores())
        with contextlib.redirect_stderr(io.StringIO()):
            return run.run_programs(run.choose_cases(programs, is_wanted), settings, self.folder)

    def test_each_repetition_of_a_row_is_kept(self):
        rows = self.run_all([self.program("bench_a"), self.program("bench_b")])
        self.assertEqual(["bench_a/BM_Draw/auto/5", "bench_a/BM_Draw/auto/50",
                          "bench_a/BM_Slow+Odd/5"], [row.name for row in rows[:3]])
        self.assertEqual("bench_b", rows[3].program)
        self.assertEqual([2000, 3000, 4000], rows[0].values("time_ns"))
        self.assertEqual([2000] * 3, rows[0].values("item_ns"))
        self.assertEqual("against fenwick", rows[0].label)

    def test_only_the_wanted_rows_are_run(self):
        for wanted in ("bench_a/BM_Draw/auto/5", "bench_a/BM_Slow+Odd/5"):
            rows = self.run_all([self.program("bench_a")], lambda name, only=wanted: name == only)
            self.assertEqual([wanted], [row.name for row in rows])

    def test_a_quick_run_has_one_row_of_each_kind(self):
        cases = ["BM_A/file/1", "BM_A/file/2", "BM_A/memory/1", "BM_B/10", "BM_B/20", "BM_C/items:5",
                 "BM_C/items:6", "BM_D"]
        self.assertEqual({"p": ["BM_A/file/1", "BM_A/memory/1", "BM_B/10", "BM_C/items:5", "BM_D"]},
                         run.one_of_each_kind({"p": cases}))

    def test_a_program_that_fails_is_told_and_the_next_is_run(self):
        broken = self.program("bench_a", fails=True)
        rows = self.run_all([broken, self.program("bench_b")])
        self.assertEqual({"exit code 3: the disk is full"}, {row.error for row in rows[:3]})
        self.assertEqual([3] * 3, [len(row.values("time_ns")) for row in rows[3:]])
        self.assertEqual("xx", Path(f"{broken}.runs").read_text(encoding="utf-8"))

    def test_rows_of_the_npm_package_have_their_floors(self):
        rows = run.parse_wasm_rows({
            "rows": [{"platform": "Node", "place": "node", "call": "draw()", "inFlight": 256,
                      "slices": [1e6, 2e6], "floor": {"slices": [2e6, 2e6]}, "p50Us": 130.0,
                      "p99Us": 200.0, "walBytesPerDraw": 1.5}],
            "bulk": [{"itemCount": 1000, "slices": [30e6], "native": [
                {"name": "the library", "slices": [60e6]}]}]})
        self.assertEqual(["wasm/Node/node/draw()/256", "wasm/Node/bulk/1000/beside the library"],
                         [row.name for row in rows])
        self.assertEqual([2, 1], rows[0].values("ratio"))
        self.assertEqual([500, 500], rows[0].values("reference_ns"))
        self.assertEqual([0.5], rows[1].values("speedup"))


class TargetsTest(unittest.TestCase):
    ROWS = [Row("a/fast/5", metrics={"ratio": [0.5, 0.1, 0.2]}),
            Row("a/slow/5", metrics={"ratio": [0.4]}),
            Row("a/slow/50", metrics={"ratio": [9.0]}),
            Row("a/other", metrics={"time_ns": [3.0]})]

    def judge(self, metric, **bound):
        target = targets.Target("all of five", "a/(fast|slow)/5", metric, "a guess", **bound)
        return targets.judge(target, Results(self.ROWS))

    def test_the_median_of_the_worst_row_counts(self):
        self.assertTrue(self.judge("ratio", at_most=0.4).holds)
        verdict = self.judge("ratio", at_most=0.39)
        self.assertEqual((False, "a/slow/5"), (verdict.holds, verdict.row.name))
        verdict = self.judge("speedup", at_least=2.5)
        self.assertEqual((True, "a/slow/5"), (verdict.holds, verdict.row.name))
        self.assertFalse(self.judge("speedup", at_least=2.6).holds)

    def test_what_was_not_measured_neither_holds_nor_fails(self):
        self.assertIsNone(self.judge("p50_us", at_most=1).holds)

    def test_a_row_that_failed_does_not_hold(self):
        target = targets.Target("any", "a/.*", "ratio", "a guess", at_most=100)
        found = Results([*self.ROWS, Row("a/broken", error="a draw failed")])
        self.assertIs(False, targets.judge(target, found).holds)

    def test_a_target_has_one_bound(self):
        for bounds in ({}, {"at_most": 1, "at_least": 1}):
            with self.assertRaises(ValueError):
                targets.Target("none or both", "a", "ratio", "a guess", **bounds)

    def test_ours_can_be_read_and_say_where_they_come_from(self):
        known = targets.load()
        self.assertGreater(len(known), 0)
        for target in known:
            self.assertTrue(target.source, target.name)
        self.assertEqual(len(known), len({target.name for target in known}))


class FactsTest(unittest.TestCase):
    def test_a_file_of_results_keeps_every_repetition_and_what_failed(self):
        rows = [Row("a/b", "against c", {"time_ns": [1 / 3, 2e9]}), Row("a/d", error="no")]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "out.json"
            results.save(Results(rows, {"date": "today"}), path)
            found = results.load(path)
        self.assertEqual("today", found.facts["date"])
        self.assertEqual(("a/b", "against c", None), (found.rows[0].name, found.rows[0].label,
                                                      found.rows[0].error))
        self.assertAlmostEqual(1 / 3, found.rows[0].values("time_ns")[0], places=9)
        self.assertEqual("no", found.row("a/d").error)

    def test_facts_name_neither_host_nor_folder(self):
        with tempfile.TemporaryDirectory() as folder:
            facts = json.dumps(machine.machine_facts(folder))
            self.assertNotIn(folder, facts)
        if len(socket.gethostname()) > 3:  # one as short as "vm" is in any text
            self.assertNotIn(socket.gethostname(), facts)
        self.assertIn("file_system", facts)

    def test_the_cores_chosen_may_be_used(self):
        cores = machine.choose_cores()
        self.assertLessEqual(set(cores), os.sched_getaffinity(0))
        self.assertEqual(min(2, len(os.sched_getaffinity(0))), len(cores))


if __name__ == "__main__":
    try:
        import scipy.stats  # noqa: F401
    except ImportError:
        print("skipped: no SciPy here")
        sys.exit(77)
    unittest.main()
