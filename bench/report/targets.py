"""The targets in targets.json, and whether they hold.

Each has `target` (its name), `rows` (a regular expression of whole row names), `metric`
(as Row.values() knows it), `at_most` or `at_least`, and `source`: where the number comes
from. All rows that match must hold; the worst is shown.
"""

import json
import re
from pathlib import Path

import table


class Target:
    def __init__(self, target, rows, metric, source, at_most=None, at_least=None):
        if (at_most is None) == (at_least is None):
            raise ValueError(f"{target}: either at_most or at_least")
        self.name = target
        self.metric = metric
        self.source = source
        self.is_upper = at_most is not None
        self.bound = at_most if self.is_upper else at_least
        self._rows = re.compile(rows)

    def is_about(self, row_name):
        return self._rows.fullmatch(row_name) is not None

    def bound_text(self):
        return f"{'at most' if self.is_upper else 'at least'} {self.text(self.bound)}"

    def text(self, value):
        unit = " draws/s" if self.metric == "items_per_second" else ""
        return f"{table.metric(self.metric, value)}{unit}"


class Verdict:
    """`holds` is None if nothing was measured."""

    def __init__(self, target, row=None, failed=None):
        self.target = target
        self.row = row
        self.measured = row and row.median(target.metric)
        self.holds = None
        if failed is not None:
            self.row, self.holds = failed, False
        elif row is not None:
            self.holds = (self.measured <= target.bound if target.is_upper
                          else self.measured >= target.bound)

    def measured_text(self):
        if self.row is None:
            return "not measured"
        return "failed" if self.row.error else self.target.text(self.measured)

    def holds_text(self):
        return {True: "yes", False: "NO", None: ""}[self.holds]


def load(path=Path(__file__).parent / "targets.json"):
    return [Target(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]


def judge(target, results):
    """By the median of the repetitions, in the row that is worst."""
    rows = [row for row in results.rows if target.is_about(row.name)]
    failed = next((row for row in rows if row.error is not None), None)
    measured = [row for row in rows if row.values(target.metric)]
    if failed is not None or not measured:
        return Verdict(target, failed=failed)
    worst = max if target.is_upper else min
    return Verdict(target, worst(measured, key=lambda row: row.median(target.metric)))


HEADER = ["target", "bound", "measured", "holds", "worst row"]


def lines(verdicts):
    return [[verdict.target.name, verdict.target.bound_text(), verdict.measured_text(),
             verdict.holds_text(), verdict.row.name if verdict.row else ""]
            for verdict in verdicts]
