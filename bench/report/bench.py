#!/usr/bin/env python3
"""Runs the benchmarks, shows and compares what they found; scripts/bench calls it."""

import argparse
import datetime
import os
import re
import signal
import sys
import tempfile
from pathlib import Path

import compare
import machine
import plot_rows
import results
import run
import table
import targets

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/native-bench"

# Above this a neighbour is heard in the figures.
CORES_TAKEN_MAX = 0.1


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(
        prog="scripts/bench", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Builds the benchmarks, runs them on two cores, and shows the results. "
                    "How to read them: bench/README.md.",
        epilog="examples:\n"
               "  scripts/bench --targets       the rows that have a target, in six minutes\n"
               "  scripts/bench --only bench_selector/.*/auto/\n"
               "  scripts/bench --compare old.json new.json --fail-if-slower\n"
               "  scripts/bench --show bench/results/reference.json --targets --markdown\n")
    other = parser.add_argument_group("instead of running").add_mutually_exclusive_group()
    other.add_argument("--compare", nargs=2, metavar=("OLD", "NEW"),
                       help="tell of each row of two files whether it is faster, slower or "
                            "the same")
    other.add_argument("--show", metavar="FILE", help="print the tables of a file")
    other.add_argument("--plot", metavar="FILE", help="draw the plots of a file, as SVG")
    what = parser.add_argument_group("what to run, or show")
    what.add_argument("--targets", action="store_true", help="only the rows that have a target")
    what.add_argument("--plots", action="store_true",
                      help="only the rows that a plot shows (with --targets: those too)")
    what.add_argument("--only", metavar="REGEX", type=re.compile,
                      help="only rows of whose name, program/benchmark, this finds a part")
    what.add_argument("--wasm", action="store_true",
                      help="the benchmarks of the npm package too (builds it; needs Emscripten)")
    how = parser.add_argument_group("how to run")
    how.add_argument("--quick", action="store_true",
                     help="one row of each kind, once: shows that they run, measures nothing")
    how.add_argument("--repetitions", type=int, metavar="N",
                     help="of each row: 3 with --targets or --plots, else "
                          f"{compare.REPETITIONS_MIN}, which --compare needs")
    how.add_argument("--cores", type=_cores, metavar="LIST", help="for example 2,3")
    how.add_argument("--disk", type=Path, default=Path(tempfile.gettempdir()), metavar="FOLDER",
                     help="where logs are written: a folder on the disk to be measured")
    output = parser.add_argument_group("output")
    output.add_argument("--out", type=Path, metavar="PATH",
                        help="the file of results (else in bench/results/), or the folder of plots")
    output.add_argument("--markdown", action="store_true", help="the table of targets as Markdown")
    output.add_argument("--by-time", action="store_true",
                        help="compare times, also where there are ratios to a floor or peer")
    output.add_argument("--fail-if-slower", nargs="?", type=float, const=0.0, metavar="PERCENT",
                        help="exit with 1 if a row is slower, by more than so much if given")
    return parser.parse_args(arguments)


def _cores(text):
    return sorted({int(core) for core in text.split(",")})


def measure(options):
    """Returns the exit code."""
    known_targets = targets.load()
    is_wanted = _chooser(options, known_targets)
    build = machine.build_facts(ROOT, BUILD)
    for problem in _problems(build, options.disk):
        print(f"WARNING: {problem}", file=sys.stderr)
    settings = run.Settings(
        repetitions=options.repetitions or
        (1 if options.quick else 3 if options.targets or options.plots else compare.REPETITIONS_MIN),
        min_time_s=0.01 if options.quick else 0.2,
        cores=options.cores or machine.choose_cores())
    programs = sorted(str(path) for path in (BUILD / "bin").glob("bench_*"))
    started = datetime.datetime.now(datetime.timezone.utc)
    disturbance = machine.Disturbance()
    chosen = run.choose_cases(programs, is_wanted)
    if options.quick:
        chosen = run.one_of_each_kind(chosen)
    rows = run.run_programs(chosen, settings, options.disk)
    if options.wasm:
        only = "bulk" if options.targets else None
        rows += [row for row in run.run_wasm(ROOT, only, options.quick) if is_wanted(row.name)]
    if not rows:
        print("no such row; scripts/bench --quick has one of each kind", file=sys.stderr)
        return 2
    found = results.Results(rows, {
        "date": started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "machine": machine.machine_facts(options.disk),
        "build": build,
        "settings": settings.facts(),
        "disturbance": disturbance.facts(),
    })
    out = options.out or ROOT / "bench/results" / \
        f"{started.strftime('%Y%m%dT%H%M%SZ')}-{build.get('commit', 'unknown')}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    results.save(found, out)
    show(found, known_targets, options)
    taken = found.facts["disturbance"]
    for who in ("others", "hypervisor"):
        if taken[f"cores_taken_by_{who}"] > CORES_TAKEN_MAX:
            print(f"WARNING: {who} took {taken[f'cores_taken_by_{who}']:.2f} of a core meanwhile; "
                  "measure again on an idle machine", file=sys.stderr)
    print(f"\nwritten to {os.path.relpath(out)}", file=sys.stderr)
    return 1 if any(row.error is not None for row in rows) else 0


def _chooser(options, known_targets):
    def is_wanted(name):
        if options.only is not None and not options.only.search(name):
            return False
        if not options.targets and not options.plots:
            return True
        return (options.targets and any(target.is_about(name) for target in known_targets)
                or options.plots and plot_rows.is_shown(name))
    return is_wanted


def _problems(build, disk_folder):
    if build.get("type") != "Release" or "sanitize" in build:
        yield f"no Release build but {build.get('type')} {build.get('sanitize', '')}".rstrip()
    busy = machine.others_now()
    if busy > CORES_TAKEN_MAX:
        yield f"others are using {busy:.2f} of a core right now"
    file_system = machine.machine_facts(disk_folder).get("file_system")
    if file_system in ("tmpfs", "overlay"):
        yield f"{disk_folder} is a {file_system}: what is durable there is not what it would be " \
              "on a disk (--disk FOLDER)"


def show(found, known_targets, options):
    rows = [row for row in found.rows if _chooser(options, known_targets)(row.name)]
    if not options.markdown:
        print(_facts_text(found.facts))
        for program in dict.fromkeys(row.program for row in rows):
            print(f"\n{program}")
            print(table.program_table([row for row in rows if row.program == program]))
        print()
    verdicts = [targets.judge(target, found) for target in known_targets
                if options.targets or any(target.is_about(row.name) for row in rows)]
    if verdicts:
        lines = targets.lines(verdicts)
        print(table.lay_out_markdown(targets.HEADER, lines) if options.markdown
              else table.lay_out(targets.HEADER, lines, words=(0, 4)))
        print(f"\n{sum(verdict.holds is True for verdict in verdicts)} of {len(verdicts)} hold, "
              f"{sum(verdict.holds is None for verdict in verdicts)} not measured")


def _facts_text(facts):
    """Three lines: the machine, the build, the circumstances."""
    machine_facts, build = facts.get("machine", {}), facts.get("build", {})
    disturbance, settings = facts.get("disturbance", {}), facts.get("settings", {})
    caches = ", ".join(f"{level} {size}" for level, size in machine_facts.get("caches", {}).items())
    return "\n".join((
        f"{machine_facts.get('cpu')}, {machine_facts.get('cores')} cores, {caches}, "
        f"{machine_facts.get('kernel')}, {machine_facts.get('file_system')}",
        f"{build.get('type')} {build.get('commit')}"
        f"{' with changes' if build.get('changed_since_commit') else ''}, "
        f"{build.get('compiler')}, {build.get('flags')}",
        f"{facts.get('date')}, {settings.get('repetitions')} repetitions on cores "
        f"{','.join(map(str, settings.get('cores', [])))}, load {disturbance.get('load_before')} "
        f"before and {disturbance.get('load_after')} after; of a core others took "
        f"{disturbance.get('cores_taken_by_others')}, "
        f"the hypervisor {disturbance.get('cores_taken_by_hypervisor')}"))


def compare_files(options):
    """Returns the exit code."""
    old, new = (results.load(path) for path in options.compare)
    if options.only is not None:
        for side in (old, new):
            side.rows = [row for row in side.rows if options.only.search(row.name)]
    for difference in compare.differences_of_machines(old, new):
        print(f"WARNING: {difference}", file=sys.stderr)
    comparison = compare.compare(old, new, by_time=options.by_time)
    print(compare.report(comparison))
    if options.fail_if_slower is None:
        return 0
    is_worse = comparison.failed or any(change.percent > options.fail_if_slower
                                        for change in comparison.with_verdict("slower"))
    return 1 if is_worse else 0


def main(arguments):
    options = parse_arguments(arguments)
    # As an exception, which ends the program that is being measured too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        if options.compare:
            return compare_files(options)
        if options.show:
            show(results.load(options.show), targets.load(), options)
            return 0
        if options.plot:
            import plot  # matplotlib, which nothing else needs

            plot.draw_all(results.load(options.plot), options.out or ROOT / "bench/results")
            return 0
        return measure(options)
    except (results.NotResults, compare.CannotCompare) as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
