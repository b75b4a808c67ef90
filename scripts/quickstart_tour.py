#!/usr/bin/env python3
"""The tour of scripts/quickstart: draws, looks at the odds, kills, recovers.

Usage: quickstart_tour.py REWARDPOOL CONFIG [--draws N] [--kills N]

Everything shown is counted here, from what the command printed; nothing is
taken on trust from the program under view. Exits with 1 if a promise is broken.
"""

import argparse
import dataclasses
import json
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

# A fair pool fails the test of its odds once in a million runs.
SIGNIFICANCE = 1e-6
# Acknowledged draws before a kill: anywhere in this range.
DRAWS_BEFORE_KILL = (2_000, 60_000)

ON_TERMINAL = sys.stdout.isatty()


def paint(code, text):
    return f"\033[{code}m{text}\033[0m" if ON_TERMINAL and "NO_COLOR" not in os.environ else text


def headline(text):
    print("\n" + paint("1", text))


def verdict(good, text):
    print(f"  {paint('32', 'ok') if good else paint('31', 'BROKEN')}  {text}")
    return good


class ProgressBar:
    WIDTH = 40

    def __init__(self, total):
        self.total = total
        self.filled = -1

    def show(self, done):
        filled = self.WIDTH * done // self.total
        if ON_TERMINAL and filled != self.filled:
            self.filled = filled
            print(f"\r  [{'#' * filled}{'.' * (self.WIDTH - filled)}] {done:>11,}", end="", flush=True)

    def clear(self):
        if ON_TERMINAL:
            print("\r\033[K", end="")


# --- chi-square ------------------------------------------------------------------


def chi_square_p_value(statistic, degrees):
    """P(X >= statistic) for chi-square X: the regularised upper incomplete gamma
    function Q(degrees / 2, statistic / 2), by its series or continued fraction
    (Numerical Recipes, section 6.2)."""
    a, x = degrees / 2, statistic / 2
    if x <= 0:
        return 1.0
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        n = a
        while term > total * 1e-15:
            n += 1
            term *= x / n
            total += term
        return 1 - front * total
    tiny = 1e-300
    b = x + 1 - a
    c, d = 1 / tiny, 1 / b
    fraction = d
    for i in range(1, 10_000):
        step = -i * (i - a)
        b += 2
        d = step * d + b
        d = 1 / (d if abs(d) > tiny else tiny)
        c = b + step / c
        c = c if abs(c) > tiny else tiny
        fraction *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return front * fraction


def odds_fit(items, drawn):
    """Prints exact odds against observed counts, and judges them.

    An item that runs out leaves the pool, and from then on the odds of the others
    are larger. But their odds among themselves never change: a draw that gives one
    of the items that never ran out gives each with weight / (sum of their weights),
    before and after. So these items are compared, given how many draws they got
    together, and the test is exact whatever ran out on the way.
    """
    weight_total = sum(item["weight"] for item in items)
    kept = [item for item in items if item["quantity"] != 0 and item["weight"] > 0]
    kept_weight = sum(item["weight"] for item in kept)
    kept_drawn = sum(drawn[item["item_id"]] for item in kept)
    width = max(len(item["item_id"]) for item in items)

    print(f"  {'item':<{width}}  {'exact odds':>12}  {'expected':>12}  {'observed':>10}  {'deviation':>9}")
    statistic = 0.0
    for item in items:
        observed = drawn[item["item_id"]]
        row = f"  {item['item_id']:<{width}}  {item['weight'] / weight_total:>12.6%}"
        if item in kept:
            share = item["weight"] / kept_weight
            expected = kept_drawn * share
            statistic += (observed - expected) ** 2 / expected
            deviation = (observed - expected) / math.sqrt(expected * (1 - share))
            print(f"{row}  {expected:>12,.1f}  {observed:>10,}  {deviation:>+8.2f}s")
        else:
            print(f"{row}  {'all of them':>12}  {observed:>10,}  ran out")
    degrees = len(kept) - 1
    p_value = chi_square_p_value(statistic, degrees)
    print(f"  (s: standard deviations; an item that ran out is not compared, and the"
          f" others by\n  their odds among themselves, which no depletion changes)")
    return verdict(p_value >= SIGNIFICANCE,
                   f"chi-square {statistic:.2f} with {degrees} degrees of freedom: p = {p_value:.3f};"
                   f" refused below {SIGNIFICANCE:g}")


# --- the pool ----------------------------------------------------------------------


class Pool:
    def __init__(self, command, config, folder):
        self.command = command
        self.config = config
        self.folder = folder
        # Request id -> item id, of every complete line that was printed.
        self.acknowledged = {}

    def run(self, *arguments):
        result = subprocess.run([self.command, *arguments, "--dir", self.folder],
                                capture_output=True, text=True, check=False)
        if result.returncode not in (0, 1):
            sys.exit(f"{' '.join(arguments)} failed:\n{result.stderr}")
        return result

    def start_drawing(self, count):
        return subprocess.Popen(
            [self.command, "draw", "--config", self.config, "--dir", self.folder,
             "--count", str(count), "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def note(self, line):
        """Notes a printed line as a promise. A line cut short by a kill is none."""
        if line.endswith(b"\n"):
            answer = json.loads(line)
            if "item_id" in answer:
                self.acknowledged[answer["request_id"]] = answer["item_id"]

    def state(self):
        return json.loads(self.run("state", "--json").stdout)

    def log(self):
        process = subprocess.Popen([self.command, "log", "--dir", self.folder, "--json"],
                                   stdout=subprocess.PIPE)
        for line in process.stdout:
            yield json.loads(line)
        if process.wait() != 0:
            sys.exit("the log cannot be read")


@dataclasses.dataclass
class Comparison:
    requests: int = 0  # in the log
    lost: int = 0  # acknowledged, but not in the log
    wrong: int = 0  # acknowledged with another item than logged
    twice: int = 0  # request ids that the log has more than once
    unannounced: int = 0  # draws in the log that were not acknowledged

    @property
    def whole(self):
        return not (self.lost or self.wrong or self.twice)


def compare(acknowledged, records, starts_after):
    """Looks for every acknowledged draw after `starts_after` in the log's records."""
    missing = {request: item for request, item in acknowledged.items() if request > starts_after}
    times = Counter()
    result = Comparison()
    for record in records:
        if "request_id" not in record:
            continue
        request, item = record["request_id"], record.get("item_id")
        times[request] += 1
        if request in missing:
            result.wrong += missing.pop(request) != item
        elif request not in acknowledged and item is not None:
            result.unannounced += 1
    result.requests = len(times)
    result.lost = len(missing)
    result.twice = sum(1 for count in times.values() if count > 1)
    return result


def draw_many(pool, draws):
    headline(f"1. {draws:,} durable draws")
    bar = ProgressBar(draws)
    started = time.monotonic()
    process = pool.start_drawing(draws)
    for count, line in enumerate(process.stdout, 1):
        pool.note(line)
        if count % 1024 == 0:
            bar.show(count)
    bar.clear()
    errors = process.stderr.read().decode()
    if process.wait() != 0:
        sys.exit(f"drawing failed:\n{errors}")
    seconds = time.monotonic() - started
    log_bytes = sum(path.stat().st_size for path in Path(pool.folder).glob("wal-*"))
    print(f"  {seconds:.1f} s, and each draw was synced to the disk before it was printed;"
          f" the log has {log_bytes / draws:.2f} bytes a draw")
    return verdict(len(pool.acknowledged) == draws, f"{len(pool.acknowledged):,} answers, no id twice")


def look_at_odds(pool):
    headline("2. Are the odds exact?")
    state = pool.state()
    drawn = Counter(pool.acknowledged.values())
    good = odds_fit(state["items"], drawn)
    same = all(item["drawn"] == drawn[item["item_id"]] for item in state["items"])
    return verdict(same, "the pool's own counts are those of the printed lines") and good


def kill_and_recover(pool, kills):
    headline(f"3. Kill it while it draws, {kills} times")
    chance = random.SystemRandom()
    for kill in range(1, kills + 1):
        before = len(pool.acknowledged)
        target = before + chance.randint(*DRAWS_BEFORE_KILL)
        process = pool.start_drawing(10**9)
        for line in process.stdout:
            pool.note(line)
            if len(pool.acknowledged) == target:
                process.kill()  # SIGKILL; lines still in the pipe count as told
        process.wait()
        if len(pool.acknowledged) < target:
            sys.exit(f"drawing stopped by itself:\n{process.stderr.read().decode()}")
        print(f"  kill -9 number {kill}: {len(pool.acknowledged) - before:,} draws had been"
              f" acknowledged by this process")

    headline("4. Recover, and look for every acknowledged draw")
    process = pool.start_drawing(1)
    for line in process.stdout:
        pool.note(line)
    good = verdict(process.wait() == 0, "the pool opens and draws again")
    starts_after = pool.state()["log_starts_after"]

    result = compare(pool.acknowledged, pool.log(), starts_after)
    good &= verdict(not result.lost and not result.wrong,
                    f"{len(pool.acknowledged):,} draws acknowledged, {result.lost:,} lost,"
                    f" {result.wrong:,} with another item")
    good &= verdict(not result.twice,
                    f"{result.requests:,} requests in the log, {result.twice:,} of them twice")
    if starts_after:
        print(f"      (the log starts after request {starts_after:,}; older draws are in a snapshot)")
    print(f"      ({result.unannounced:,} more draws had reached the disk when the process died;"
          " they count, too)")
    check = pool.run("verify")
    return good & verdict(check.returncode == 0, "rewardpool verify: every frame, chain and snapshot"
                          if check.returncode == 0 else check.stderr.strip())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("command")
    parser.add_argument("config")
    parser.add_argument("--draws", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, default=5)
    options = parser.parse_args()

    # Beside the command, not in /tmp, which is often in memory.
    folder = tempfile.mkdtemp(prefix="quickstart-", dir=Path(options.command).parent)
    try:
        pool = Pool(options.command, options.config, os.path.join(folder, "pool"))
        good = draw_many(pool, options.draws)
        good &= look_at_odds(pool)
        good &= kill_and_recover(pool, options.kills)
    finally:
        shutil.rmtree(folder)
    headline("Every promise held." if good else "A promise was broken; please report it.")
    print(f"""
Next:
  {options.command} --help
  {options.command} draw --config {options.config} --count 10
  README.md, ARCHITECTURE.md""")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
