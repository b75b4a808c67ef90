"""Draws the plots of a run, as SVG.

The same results give the same bytes. Backgrounds are transparent, and every ink is half
way between black and white, so that a page may be either.
"""

import math
import re
import sys

import matplotlib
import plot_rows
from matplotlib import ticker

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402: after the choice of what draws

INK = "#7b7f86"
BLUE, ORANGE, GREEN, RED, PURPLE, BROWN, PINK, CYAN, OLIVE = (
    "#3b82d0", "#d9822b", "#3a9a5b", "#d05050", "#9270c8", "#a57548", "#d070a8", "#2ba0ac",
    "#95952e")

STYLE = {
    "svg.fonttype": "none", "svg.hashsalt": "rewardpool",
    "font.size": 10, "axes.titlesize": 10, "legend.frameon": False,
    "axes.edgecolor": INK, "axes.labelcolor": INK, "axes.titlecolor": INK, "text.color": INK,
    "xtick.color": INK, "ytick.color": INK, "grid.color": INK, "grid.alpha": 0.25,
    "axes.grid": True, "axes.axisbelow": True, "axes.spines.top": False,
    "axes.spines.right": False, "lines.linewidth": 1.5, "lines.markersize": 4,
}


class NothingToDraw(Exception):
    """The run has not the rows of this plot."""


def series(found, pattern, metric="item_ns"):
    """The points of the rows that `pattern` matches whole: their medians over the number
    that its last group is; a dict by the other groups, in the order of the rows."""
    lines = {}
    for row in found.rows:
        match = re.fullmatch(pattern, row.name)
        if match and row.median(metric) is not None:
            *key, x = match.groups()
            lines.setdefault(tuple(key), []).append((int(x), row.median(metric)))
    return {key: sorted(points) for key, points in lines.items()}


def draw_line(axes, points, **look):
    axes.plot(*zip(*points), marker="o", **look)


def seconds_axis(axis):
    axis.set_minor_formatter(ticker.NullFormatter())
    axis.set_major_formatter(ticker.FuncFormatter(
        lambda ns, _: next((f"{ns / size:g} {unit}" for size, unit in
                            ((1e9, "s"), (1e6, "ms"), (1e3, "us")) if ns >= size), f"{ns:g} ns")))


def count_axis(axis, unit=""):
    axis.set_major_formatter(ticker.FuncFormatter(
        lambda count, _: next((f"{count / size:g} {prefix}{unit}" for size, prefix in
                               ((1e9, "G"), (1e6, "M"), (1e3, "k")) if count >= size),
                              f"{count:g}{' ' + unit if unit else ''}")))


def panels(count, height=3.2):
    figure, all_axes = pyplot.subplots(1, count, figsize=(9, height), sharey=False, squeeze=False,
                                       layout="constrained")
    return figure, all_axes[0]


def legend_below(figure, all_axes, columns):
    """One for all panels: of each label the first line that has it."""
    lines = {}
    for axes in all_axes:
        for line, label in zip(*axes.get_legend_handles_labels()):
            lines.setdefault(label, line)
    figure.legend(lines.values(), lines.keys(), loc="lower center", ncol=columns)
    share = (0.2 + 0.2 * math.ceil(len(lines) / columns)) / figure.get_figheight()
    figure.get_layout_engine().set(rect=(0, share, 1, 1 - share))


SELECTORS = {
    "auto": {"color": BLUE, "linewidth": 3}, "flat": {"color": GREEN}, "wide": {"color": CYAN},
    "envelope": {"color": PURPLE}, "prefix-sum": {"color": OLIVE}, "linear": {"color": BROWN},
    "fenwick": {"color": RED}, "std-discrete": {"color": ORANGE, "linestyle": "--"},
    "boost-discrete": {"color": PINK, "linestyle": "--"},
    "gsl-discrete": {"color": INK, "linestyle": "--"},
}


def draw_selectors(found):
    lines = series(found, plot_rows.SELECTORS)
    kinds = {"static": "nothing changes", "depleting": "each draw takes an item out",
             "mixed": "a weight changes every 10"}
    if not lines:
        raise NothingToDraw
    figure, all_axes = panels(3, height=4)
    for axes, (kind, title) in zip(all_axes, kinds.items()):
        for selector, look in SELECTORS.items():
            if (selector, kind) in lines:
                draw_line(axes, lines[selector, kind], label=selector, **look)
        axes.set(title=title, xscale="log", yscale="log", xlabel="items")
        axes.set_ylim(1, 10_000)
        count_axis(axes.xaxis)
        seconds_axis(axes.yaxis)
    all_axes[0].set_ylabel("a draw")
    return figure, all_axes, 5


STYLES = {"Bulk": BLUE, "Windowed": GREEN, "Callback": PURPLE, "Keyed": ORANGE, "Synchronous": RED}
LOGS = {"memory/durable": "no log", "file/durable": "files, durable",
        "mmap/async": "mapped files, not synced"}


def draw_call_styles(found):
    rates = series(found, plot_rows.CALL_STYLES, "items_per_second")
    floors = series(found, plot_rows.CALL_STYLES, "reference_ns")
    if not rates:
        raise NothingToDraw
    figure, all_axes = panels(3, height=4)
    for axes, (log, title) in zip(all_axes, LOGS.items()):
        for style, color in STYLES.items():
            if (style, log) not in rates:
                continue
            draw_line(axes, rates[style, log], color=color, label=style.lower())
            axes.plot([x for x, _ in floors[style, log]], [1e9 / ns for _, ns in floors[style, log]],
                      color=color, linestyle=":")
        axes.set(title=title, xscale="log", yscale="log", xlabel="threads that draw")
        axes.set_xticks([1, 2, 4], ["1", "2", "4"])
        axes.xaxis.set_minor_locator(ticker.NullLocator())
        axes.set_ylim(5e3, 1e9)
        count_axis(axes.yaxis)
    all_axes[0].set_ylabel("draws a second")
    all_axes[0].plot([], [], color=INK, linestyle=":", label="floor")
    return figure, all_axes, 6


def draw_latency(found):
    rows = []
    for row in found.rows:
        match = re.fullmatch(plot_rows.LATENCY, row.name)
        if match and row.values("p999_us"):
            rows.append((f"{match[1]}, {match[2].replace(':', ' ').replace('_', ' ')}", row))
    if not rows:
        raise NothingToDraw
    figure, all_axes = panels(1, height=1.2 + 0.35 * len(rows))
    axes = all_axes[0]
    for place, (_, row) in enumerate(reversed(rows)):
        quantiles = [1e3 * row.median(name) for name in ("p50_us", "p99_us", "p999_us")]
        axes.plot([quantiles[0], quantiles[-1]], [place, place], color=INK, linewidth=1, zorder=1)
        for quantile, color, label in zip(quantiles, (BLUE, ORANGE, RED), ("p50", "p99", "p99.9")):
            axes.plot(quantile, place, "o", color=color, markersize=7, linestyle="", label=label)
        axes.plot(row.median("reference_ns"), place, "|", color=GREEN, markersize=16,
                  markeredgewidth=2, linestyle="", label="its floor, p50")
    axes.set(xscale="log", xlabel="until one call of Draw() is answered")
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_yticks(range(len(rows)), [name for name, _ in reversed(rows)])
    seconds_axis(axes.xaxis)
    return figure, all_axes, 4


def draw_recovery(found):
    times = series(found, plot_rows.RECOVERY)
    floors = series(found, plot_rows.RECOVERY, "reference_ns")
    if not times:
        raise NothingToDraw
    figure, all_axes = panels(1)
    axes = all_axes[0]
    for (threads,), color in zip(times, (BLUE, GREEN, PURPLE)):
        on_threads = f"{threads} thread{'s' * (threads != '1')}"
        draw_line(axes, times[threads,], color=color, label=f"recovery, {on_threads}")
        draw_line(axes, floors[threads,], color=color, linestyle=":",
                  label=f"its bare steps, {on_threads}")
    axes.set(xscale="log", xlabel="log", ylabel="a draw")
    ticks = [x for x, _ in next(iter(times.values()))]
    axes.set_xticks(ticks, [f"{mib} MiB" if mib < 1024 else f"{mib // 1024} GiB" for mib in ticks])
    axes.xaxis.set_minor_locator(ticker.NullLocator())
    axes.set_ylim(bottom=0)
    seconds_axis(axes.yaxis)
    return figure, all_axes, 4


def draw_pools(found):
    opened = series(found, plot_rows.POOLS_OPEN)
    if not opened:
        raise NothingToDraw
    figure, all_axes = panels(3, height=3.6)
    opening, drawing, keeping = all_axes
    places = {"memory": BLUE, "file": ORANGE}
    for place, color in places.items():
        draw_line(opening, opened[place,], color=color, label=place)
    for points in series(found, plot_rows.POOLS_REOPEN).values():
        draw_line(opening, points, color=RED, label="file, opened again")
    looks = {"OneByOne": {"color": BLUE, "label": "memory"},
             "AtOnce": {"color": PURPLE, "label": "memory, one under way in each"}}
    for (name,), points in series(found, plot_rows.POOLS_DRAW).items():
        draw_line(drawing, points, **looks[name])
    durable = series(found, plot_rows.POOLS_DRAW_DURABLY)
    for syncers, color in ((1, ORANGE), (4, GREEN), (16, OLIVE)):
        points = sorted((int(pools), ns) for (pools,), by_syncers in durable.items()
                        for number, ns in by_syncers if number == syncers)
        if points:
            draw_line(drawing, points, color=color,
                      label=f"file, {syncers} syncer{'s' * (syncers > 1)}")
    for (place,), points in series(found, plot_rows.POOLS_OPEN,
                                   "heap_bytes_per_pool").items():
        draw_line(keeping, points, color=places[place], label=place)
    for axes, title in zip(all_axes, ("open one", "draw once", "heap for one")):
        axes.set(title=title, xscale="log", yscale="log", xlabel="pools")
        count_axis(axes.xaxis)
    keeping.set_ylim(1e3, 1e5)
    seconds_axis(opening.yaxis)
    seconds_axis(drawing.yaxis)
    count_axis(keeping.yaxis, "B")
    return figure, all_axes, 4


PLOTS = {"selectors": draw_selectors, "call-styles": draw_call_styles, "latency": draw_latency,
         "recovery": draw_recovery, "pools": draw_pools}


def draw_all(found, folder):
    """Writes those plots for which the run has rows, as FOLDER/<name>.svg."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in PLOTS.items():
        with pyplot.rc_context(STYLE):
            try:
                figure, all_axes, columns = draw(found)
            except NothingToDraw:
                print(f"no {name}.svg: none of its rows was run", file=sys.stderr)
                continue
            legend_below(figure, all_axes, columns)
            path = folder / f"{name}.svg"
            figure.savefig(path, transparent=True, metadata={"Date": None, "Creator": None})
            pyplot.close(figure)
        lines = path.read_text(encoding="utf-8").splitlines()
        path.write_text("".join(f"{line.rstrip()}\n" for line in lines), encoding="utf-8")
