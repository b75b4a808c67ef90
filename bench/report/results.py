"""What a run of the benchmarks found, in memory and as a file.

A file of results is JSON: `machine`, `build`, `settings` and `disturbance` say how it
was measured, and `rows` what: of each row every metric as the list of its repetitions.
"""

import json
import statistics

FORMAT = 1


class Row:
    """One benchmark. `metrics` maps a name to one number for each repetition.

    `time_ns` is the time of one iteration; the other metrics are the benchmark's counters.
    """

    def __init__(self, name, label="", metrics=None, error=None):
        self.name = name  # program/benchmark/arguments
        self.label = label
        self.metrics = metrics if metrics is not None else {}
        self.error = error

    @property
    def program(self):
        return self.name.split("/", 1)[0]

    @property
    def case(self):
        return self.name.split("/", 1)[1]

    def add(self, repetition):
        """Takes over what another row of this name has found, and its error if it has one."""
        self.label = repetition.label or self.label
        self.error = repetition.error or self.error
        for metric, values in repetition.metrics.items():
            self.metrics.setdefault(metric, []).extend(values)

    def values(self, metric):
        """The repetitions of a metric or of what follows from one; empty if it has none.

        `item_ns` is the time of one draw, record or whatever the row counts, and
        `speedup` says how many times faster than its reference the row is.
        """
        if metric in self.metrics:
            return self.metrics[metric]
        if metric == "speedup":
            return [1 / ratio for ratio in self.metrics.get("ratio", [])]
        if metric == "item_ns":
            if "own_ns" in self.metrics:
                return self.metrics["own_ns"]
            if "items_per_second" in self.metrics:
                return [1e9 / rate for rate in self.metrics["items_per_second"]]
            return self.metrics.get("time_ns", [])
        return []

    def median(self, metric):
        """None if the row has no such metric."""
        values = self.values(metric)
        return statistics.median(values) if values else None

    def spread(self, metric):
        """The half of the repetitions in the middle lies within this share of the median."""
        values = self.values(metric)
        if len(values) < 3:
            return None
        low, _, high = statistics.quantiles(values, n=4, method="inclusive")
        return (high - low) / abs(statistics.median(values) or 1)


class Results:
    def __init__(self, rows, facts=None):
        self.rows = rows
        self.facts = facts if facts is not None else {}

    def row(self, name):
        return next((row for row in self.rows if row.name == name), None)


class NotResults(Exception):
    """A file that is not one of results; its text says why."""


def load(path):
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
    except OSError as error:
        raise NotResults(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise NotResults(f"{path}: not JSON: {error}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise NotResults(f"{path}: not a file that scripts/bench of this version wrote")
    rows = [Row(row["name"], row["label"], row["metrics"], row.get("error"))
            for row in content.pop("rows")]
    return Results(rows, content)


def save(results, path):
    """One row a line, so that two files can be looked at side by side."""
    head = json.dumps({"format": FORMAT, **results.facts}, indent=1, ensure_ascii=False)
    rows = ",\n  ".join(json.dumps(_row_as_json(row), ensure_ascii=False) for row in results.rows)
    with open(path, "w", encoding="utf-8") as file:
        file.write(head.removesuffix("\n}") + f',\n "rows": [\n  {rows}\n ]\n}}\n')


def _row_as_json(row):
    # Nine digits: fewer would make repetitions equal that were not.
    metrics = {name: [float(f"{value:.9g}") for value in values]
               for name, values in row.metrics.items()}
    found = {"name": row.name, "label": row.label, "metrics": metrics}
    if row.error is not None:
        found["error"] = row.error
    return found
