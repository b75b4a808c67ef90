"""Tells of each row that two runs share whether it became faster, slower or neither."""

import statistics

import table

REPETITIONS_MIN = 9
SIGNIFICANCE = 0.05  # of all rows together


class CannotCompare(Exception):
    """Its text says why."""


class Change:
    """Of one row; negative means faster."""

    def __init__(self, name, metric, old, new, p_value):
        self.name = name
        self.metric = metric
        self.old = statistics.median(old)
        self.new = statistics.median(new)
        self.p_value = p_value
        self.verdict = "same"

    @property
    def percent(self):
        return 100 * (self.new / self.old - 1)


class Comparison:
    def __init__(self, changes, only_old, only_new, failed):
        self.changes = changes
        self.only_old = only_old
        self.only_new = only_new
        self.failed = failed  # names of rows with an error on either side

    def with_verdict(self, verdict):
        return [change for change in self.changes if change.verdict == verdict]


def compare(old, new, by_time=False):
    """Compares two `Results`. Raises CannotCompare.

    A row with a floor or peer is compared by its ratio to that, which what happened to
    the whole machine has no part in; all others, or all if `by_time`, by their time.
    """
    old_rows = {row.name: row for row in old.rows}
    new_rows = {row.name: row for row in new.rows}
    common = [name for name in old_rows if name in new_rows]
    failed = [name for name in common if old_rows[name].error or new_rows[name].error]
    changes = [_change(old_rows[name], new_rows[name], by_time)
               for name in common if name not in failed]
    _judge(changes)
    return Comparison(changes, [name for name in old_rows if name not in new_rows],
                      [name for name in new_rows if name not in old_rows], failed)


def _change(old, new, by_time):
    is_paired = old.values("ratio") and new.values("ratio") and old.label == new.label
    metric = "ratio" if is_paired and not by_time else "item_ns"
    old_values, new_values = old.values(metric), new.values(metric)
    fewest = min(len(old_values), len(new_values))
    if fewest < REPETITIONS_MIN:
        raise CannotCompare(
            f"{old.name} has {fewest} repetition{'' if fewest == 1 else 's'}; "
            f"fewer than {REPETITIONS_MIN} do not tell a change from chance. "
            f"Run scripts/bench --repetitions {REPETITIONS_MIN} or more.")
    return Change(old.name, metric, old_values, new_values, _p_value(old_values, new_values))


def _p_value(old, new):
    from scipy import stats  # half a second that only a comparison waits for

    everything = [*old, *new]
    has_ties = len(set(everything)) < len(everything)
    # The approximation never gets below 0.0003 with nine against nine: too coarse for
    # what Holm asks of many rows.
    method = "asymptotic" if has_ties else "exact"
    return float(stats.mannwhitneyu(old, new, alternative="two-sided", method=method).pvalue)


def _judge(changes):
    """Holm: the smallest of m p-values is held against SIGNIFICANCE / m, the next one
    against SIGNIFICANCE / (m - 1) and so on, up to the first that is too large."""
    by_p_value = sorted(changes, key=lambda change: change.p_value)
    for rank, change in enumerate(by_p_value):
        if change.p_value > SIGNIFICANCE / (len(changes) - rank):
            break
        if change.new != change.old:
            change.verdict = "faster" if change.new < change.old else "slower"


def differences_of_machines(old, new):
    """What makes the two files hard to compare, as sentences."""
    found = []
    for part, name, words in (
            ("machine", "cpu", "processor"), ("machine", "cores", "number of cores"),
            ("machine", "kernel", "kernel"), ("machine", "file_system", "file system"),
            ("build", "compiler", "compiler"), ("build", "flags", "compiler flags"),
            ("build", "type", "build type"), ("settings", "cores", "cores used")):
        before, after = (results.facts.get(part, {}).get(name) for results in (old, new))
        if before != after:
            found.append(f"another {words}: {before}, then {after}")
    return found


def report(comparison):
    """All of it as text; changed rows first."""
    order = {"slower": 0, "faster": 1, "same": 2}
    changes = sorted(comparison.changes, key=lambda change: (order[change.verdict],
                                                             -abs(change.percent)))
    parts = []
    if changes:
        parts.append(table.lay_out(
            ["row", "verdict", "change", "old", "new", "by", "p"],
            [[change.name, change.verdict, f"{change.percent:+.1f}%",
              table.metric(change.metric, change.old), table.metric(change.metric, change.new),
              "ratio" if change.metric == "ratio" else "time", f"{change.p_value:.1g}"]
             for change in changes], words=(0, 1)))
    for words, names in (("Only in the old run", comparison.only_old),
                         ("Only in the new run", comparison.only_new),
                         ("Failed in one of the runs", comparison.failed)):
        if names:
            parts.append(f"{words}:\n" + "\n".join(f"  {name}" for name in names))
    parts.append(", ".join(f"{len(comparison.with_verdict(verdict))} {verdict}"
                           for verdict in order))
    return "\n\n".join(parts)
