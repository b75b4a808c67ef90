"""Runs benchmark programs and collects their rows."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from results import Row

# Programs of one thread. They are bound to one core, so that nothing moves them; all
# others get both.
ONE_THREAD = {"bench_codec", "bench_loop", "bench_memory", "bench_odds", "bench_random",
              "bench_selector"}
NS_PER_UNIT = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
# What Google Benchmark says of a repetition beside its counters.
NOT_COUNTERS = {"family_index", "per_family_instance_index", "repetitions", "repetition_index",
                "threads", "iterations", "real_time", "cpu_time"}
# How a benchmark is timed; Google Benchmark appends it to the name.
TIMING_SUFFIX = re.compile(
    r"(/(iterations:\d+|min_time:[\d.]+|manual_time|real_time|process_time))+$")
PROGRAM_SECONDS_MAX = 3600


class Settings:
    def __init__(self, repetitions, min_time_s, cores):
        self.repetitions = repetitions
        self.min_time_s = min_time_s
        self.cores = cores

    def facts(self):
        return dict(vars(self))


def row_name(program, case):
    return f"{Path(program).name}/{TIMING_SUFFIX.sub('', case)}"


def choose_cases(programs, is_wanted):
    """Maps each program that has any to its cases of which `is_wanted(row name)` is true."""
    chosen = {}
    for program in programs:
        listing = subprocess.run([program, "--benchmark_list_tests=true"], capture_output=True,
                                 text=True, check=True, timeout=60)
        cases = [case for case in listing.stdout.splitlines() if is_wanted(row_name(program, case))]
        if cases:
            chosen[program] = cases
    return chosen


def one_of_each_kind(chosen):
    """Of the cases that choose_cases() found, the first of each benchmark and its first
    argument unless that is a number, as `BM_Windowed/file`."""
    def kind(case):
        return re.sub(r"/([a-z_]+:)?\d+$", "", "/".join(case.split("/")[:2]))

    return {program: list({kind(case): case for case in reversed(cases)}.values())[::-1]
            for program, cases in chosen.items()}


def run_programs(chosen, settings, disk_folder):
    """Runs the cases that choose_cases() found. Returns their rows.

    Each repetition is a process of its own, and the programs take turns: so the
    repetitions of a row are spread over the whole run, and no two share what a process
    is given by chance, for example where its memory lies. A program that fails gets its
    cases as rows with an error, and is not run again.
    """
    rows = {}
    failed = set()
    for repetition in range(1, settings.repetitions + 1):
        print(f"repetition {repetition} of {settings.repetitions}:", end="", file=sys.stderr)
        for program, cases in chosen.items():
            if program in failed:
                continue
            print(f" {Path(program).name}", end="", file=sys.stderr, flush=True)
            begin = time.monotonic()
            try:
                found = _run_program(program, cases, settings, disk_folder)
            except ProgramFailed as error:
                failed.add(program)
                found = [Row(row_name(program, case), error=str(error)) for case in cases]
            print(f" {time.monotonic() - begin:.0f} s", end="", file=sys.stderr, flush=True)
            for row in found:
                rows.setdefault(row.name, Row(row.name)).add(row)
        print(file=sys.stderr)
    return sorted(rows.values(), key=lambda row: _place(row, chosen))


def _place(row, chosen):
    return [Path(program).name for program in chosen].index(row.program)


class ProgramFailed(Exception):
    pass


def _run_program(program, cases, settings, disk_folder):
    name = Path(program).name
    cores = settings.cores[-1:] if name in ONE_THREAD else settings.cores
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.json"
        command = [
            "taskset", "--cpu-list", ",".join(map(str, cores)), program,
            f"--benchmark_filter=^({'|'.join(map(_literally, cases))})$",
            f"--benchmark_min_time={settings.min_time_s}",
            f"--benchmark_out={out}", "--benchmark_out_format=json",
        ]
        # Those that count their iterations themselves also warm up themselves.
        if not any("/iterations:" in case for case in cases):
            command.append(f"--benchmark_min_warmup_time={settings.min_time_s / 4}")
        try:
            done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                  text=True, timeout=PROGRAM_SECONDS_MAX, check=False,
                                  env={**os.environ, "TMPDIR": str(disk_folder)})
        except subprocess.TimeoutExpired as error:
            raise ProgramFailed(f"not done after {PROGRAM_SECONDS_MAX} s") from error
        if done.returncode != 0:
            last_line = (done.stderr.strip().splitlines() or ["and no word on why"])[-1]
            raise ProgramFailed(f"exit code {done.returncode}: {last_line}")
        return parse_rows(name, json.loads(out.read_text(encoding="utf-8")))


def _literally(case):
    return re.sub(r"([.^$*+?()\[\]{}|\\])", r"\\\1", case)


def parse_rows(program, report):
    """The rows of what Google Benchmark wrote as JSON."""
    rows = []
    for entry in report["benchmarks"]:
        if entry["run_type"] != "iteration":
            continue
        row = Row(row_name(program, entry["run_name"]), entry.get("label", ""))
        if entry.get("error_occurred"):
            row.error = entry.get("error_message", "failed")
        else:
            row.metrics["time_ns"] = [entry["real_time"] * NS_PER_UNIT[entry["time_unit"]]]
            for counter, value in entry.items():
                if isinstance(value, (int, float)) and counter not in NOT_COUNTERS:
                    row.metrics[counter] = [value]
        rows.append(row)
    return rows


def run_wasm(root, only, quick):
    """The rows of `npm run bench`; `only` is one of its places, or None for all."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "wasm.json"
        command = ["npm", "run", "--silent", "bench", "--", "--json", str(out)]
        command += ["--only", only] if only else []
        command += ["--quick"] if quick else []
        print(f"{'npm run bench':16}           ... ", end="", file=sys.stderr, flush=True)
        begin = time.monotonic()
        done = subprocess.run(command, cwd=root, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, timeout=PROGRAM_SECONDS_MAX,
                              check=False)
        print(f"{time.monotonic() - begin:4.0f} s", file=sys.stderr, flush=True)
        if done.returncode != 0:
            print(done.stderr, file=sys.stderr)
            return [Row("wasm/npm run bench", error=f"exit code {done.returncode}")]
        return parse_wasm_rows(json.loads(out.read_text(encoding="utf-8")))


def parse_wasm_rows(report):
    """The rows of what bench/wasm/run.mjs wrote as JSON; slices are its repetitions."""
    rows = []
    for entry in report["rows"]:
        slices, floor = entry["slices"], entry["floor"]["slices"]
        rows.append(Row(
            f"wasm/{entry['platform']}/{entry['place']}/{entry['call']}/{entry['inFlight']}",
            "against a bare write and flush",
            {
                "items_per_second": slices,
                "reference_ns": [1e9 / rate for rate in floor],
                "ratio": [floor_rate / rate for floor_rate, rate in zip(floor, slices)],
                "p50_us": [entry["p50Us"]],
                "p99_us": [entry["p99Us"]],
                "wal_bytes_per_draw": [entry["walBytesPerDraw"]],
            }))
    for entry in report["bulk"]:
        for native in entry["native"]:
            rates, native_rates = entry["slices"], native["slices"]
            rows.append(Row(
                f"wasm/Node/bulk/{entry['itemCount']}/beside {native['name']}",
                f"against {native['name']}, native",
                {
                    "items_per_second": rates,
                    "reference_ns": [1e9 / rate for rate in native_rates],
                    "ratio": [of / rate for of, rate in zip(native_rates, rates)],
                }))
    return rows
