"""Figures as text: units, columns, tables."""

RATE_UNITS = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1, ""))
TIME_UNITS = ((1e9, "s"), (1e6, "ms"), (1e3, "us"), (1, "ns"))

# Counters that have a heading and a form of their own; others are shown as they are.
HEADINGS = {
    "p50_us": "p50", "p99_us": "p99", "p999_us": "p99.9",
    "wal_bytes_per_draw": "log B/draw", "heap_bytes_per_draw": "heap B/draw",
    "wal_file_size": "log size", "draws_per_batch": "draws/batch",
}
# Shown in columns of their own before the counters.
SHOWN_APART = {"time_ns", "own_ns", "reference_ns", "ratio", "items_per_second"}


def digits(value):
    """Three digits that matter."""
    size = abs(value)
    if size >= 100 or value == int(value):
        return f"{value:,.0f}"
    if size < 0.001:
        return f"{value:.1g}"
    places = 1 if size >= 10 else 2 if size >= 1 else 3
    return f"{value:.{places}f}"


def _scaled(value, units):
    for size, unit in units:
        if abs(value) >= size:
            return f"{digits(value / size)} {unit}".rstrip()
    size, unit = units[-1]
    return f"{digits(value / size)} {unit}".rstrip()


def rate(per_second):
    return _scaled(per_second, RATE_UNITS)


def duration(ns):
    return _scaled(ns, TIME_UNITS)


def size(byte_count):
    return _scaled(byte_count, ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "B")))


def metric(name, value):
    """A value in the unit that its name ends with."""
    if value is None:
        return ""
    if name in ("items_per_second", "draws_per_second"):
        return rate(value)
    for ending, ns in (("_ns", 1), ("_us", 1e3), ("_ms", 1e6), ("_s", 1e9)):
        if name.endswith(ending):
            return duration(value * ns)
    if name.endswith(("_size", "_bytes")):
        return size(value)
    if name == "speedup":
        return f"{digits(value)}x"
    return digits(value)


def heading(name):
    return HEADINGS.get(name) or name.removesuffix("_us").removesuffix("_ns").removesuffix("_ms") \
        .replace("_", " ")


def lay_out(header, lines, words=(0,)):
    """A table as text. Columns of `words` begin at the left, numbers end at the right.
    Columns that are empty in every line are left out."""
    kept = [i for i in range(len(header)) if any(line[i] for line in lines)]
    rows = [[line[i] for i in kept] for line in [header, *lines]]
    widths = [max(len(row[i]) for row in rows) for i in range(len(kept))]
    return "\n".join(
        "  ".join(cell.ljust(width) if kept[i] in words else cell.rjust(width)
                  for i, (cell, width) in enumerate(zip(row, widths))).rstrip()
        for row in rows)


def lay_out_markdown(header, lines):
    rows = [header, ["---"] * len(header), *lines]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
                     for row in rows)


def program_table(rows):
    """The rows of one program."""
    counters = []
    for row in rows:
        counters += [name for name in row.metrics if name not in SHOWN_APART | set(counters)]
    counters.sort(key=lambda name: (list(HEADINGS).index(name) if name in HEADINGS else 99, name))
    header = ["row", "time", "spread", "per second", "floor or peer", "its time", "ratio",
              *map(heading, counters)]
    return lay_out(header, [_line(row, counters) for row in rows], words=(0, 4))


def _line(row, counters):
    if row.error is not None:
        return [row.case, f"FAILED: {row.error}", *[""] * (5 + len(counters))]
    spread = row.spread("item_ns")
    return [
        row.case,
        duration(row.median("item_ns")),
        "" if spread is None else f"{100 * spread:.1f}%",
        metric("items_per_second", row.median("items_per_second")),
        row.label.removeprefix("against ") if row.metrics.get("ratio") else "",
        metric("reference_ns", row.median("reference_ns")),
        metric("ratio", row.median("ratio")),
        *(metric(name, row.median(name)) for name in counters),
    ]
