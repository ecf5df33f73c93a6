"""What other tools print for the same data, and what their numbers are: the tables of
docs/other_tools.md.

Tools that are not installed are left out; those of the page are of the extra ``rivals``, and
PyTorch::

    pip install -e '.[rivals]' torch
    python tests/benchmarks/other_tools.py    # half a minute

Everything is made of ``sample_data``, so the same versions print the same numbers.
"""

from __future__ import annotations

import csv
import json
import math
import warnings
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from scipy import special, stats
from scipy.spatial import distance

from kldiv_cli import compare, divergences

SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"
CONSTANTS = (1e-4, 1e-6, 1e-10)


def main():
    tools = ("kldiv-cli", "numpy", "scipy", "torch", "evidently", "frouros")
    print(", ".join(f"{name} {metadata.version(name)}" for name in tools if installed(name)))
    for title, rows in (
        ("letters: P English, Q German", letters()),
        ("carrier: P of LGA, Q of JFK", carriers()),
        ("dep_delay: P of LGA, Q of JFK", delays()),
        ("hour: P every other row, Q the rows between", halves()),
    ):
        print(f"\n{title}\n")
        print("| number | printed by | what it is |\n|--:|---|---|")
        for number, call, what in rows:
            print(f"| {number:.4g} | {call} | {what} |", flush=True)


def installed(name):
    return find_spec(name.replace("kldiv-cli", "kldiv_cli")) is not None


# One and the same pair of distributions.


def letters():
    english, german = (
        json.loads((SAMPLES / f"letters_{name}.json").read_text())
        for name in ("english", "german")
    )
    percent = np.array([[side[letter] for letter in english] for side in (english, german)])
    p, q = percent / percent.sum(axis=1, keepdims=True)
    ours = divergences(p, q, measures=("kl_pq", "kl_qp", "js", "js_distance", "psi"))
    bits = divergences(p, q, measures=("kl_pq",), base=2)
    yield ours["kl_pq"], "kldiv `kl_pq`", "D(P \\|\\| Q) in nats"
    yield stats.entropy(p, q), "`scipy.stats.entropy(p, q)`", "the same"
    yield ours["kl_qp"], "kldiv `kl_qp`", "D(Q \\|\\| P): the other direction"
    yield bits["kl_pq"], "kldiv `kl_pq --base 2`", "D(P \\|\\| Q) in bits"
    yield ours["psi"], "kldiv `psi`", "the sum of both directions"
    yield ours["js"], "kldiv `js`", "Jensen-Shannon divergence, in nats"
    found = distance.jensenshannon(p, q)
    yield found, "`scipy.spatial.distance.jensenshannon(p, q)`", "its root; kldiv `js_distance`"
    yield (
        special.rel_entr(*percent).sum(),
        "`scipy.special.rel_entr(p, q).sum()` of per cent",
        "100 times D(P \\|\\| Q), a little off: nothing is normalised",
    )
    if installed("torch"):
        yield from torch_of(p, q)


def torch_of(p, q):
    import torch
    from torch.nn import functional

    p, q = torch.tensor(p), torch.tensor(q)
    yield (
        functional.kl_div(q.log(), p, reduction="sum").item(),
        '`F.kl_div(q.log(), p, reduction="sum")`',
        "D(P \\|\\| Q): what comes first is log Q",
    )
    yield (
        functional.kl_div(p.log(), q, reduction="sum").item(),
        '`F.kl_div(p.log(), q, reduction="sum")`',
        "D(Q \\|\\| P)",
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value = functional.kl_div(q.log(), p).item()
    yield value, "`F.kl_div(q.log(), p)`", "D(P \\|\\| Q) divided by the 26 letters"
    value = functional.kl_div(q, p, reduction="sum").item()
    yield value, '`F.kl_div(q, p, reduction="sum")`', "no divergence: Q is taken for its logarithm"


# Outcomes that one side does not have.


def carriers():
    counts = [counted(rows(airport), "carrier") for airport in ("LGA", "JFK")]
    names = sorted({*counts[0], *counts[1]})
    p, q = (shares(np.array([side.get(name, 0) for name in names])) for side in counts)
    report = compare(*counts, kind="counts").comparisons[0]
    yield report.measures["kl_pq"], "kldiv `kl_pq`", "P has outcomes that Q has not"
    yield report.estimate.kl, "kldiv, estimate", "without bias, if the rows are a sample"
    yield stats.entropy(p, q), "`scipy.stats.entropy(p, q)`", "the same as kldiv `kl_pq`"
    for constant in CONSTANTS:
        value = stats.entropy(*(np.where(side, side, constant) for side in (p, q)))
        yield value, f"the same, zeros made {constant:g}", "mostly the constant"
    smoothed = compare(*counts, kind="counts", smoothing="jeffreys").comparisons[0]
    yield smoothed.measures["kl_pq"], "kldiv `--smoothing jeffreys`", "half a row more of each"
    if installed("evidently"):
        what = "D(Q \\|\\| P), current data second, zeros made 0.0001"
        yield evidently("carrier", "kl_div"), 'Evidently, `method="kl_div"`', what
        what = "both directions, zeros made 0.0001"
        yield evidently("carrier", "psi"), 'Evidently, `method="psi"`', what


# Numbers, which are counted in bins.


def delays():
    raw = [np.array([float(row["dep_delay"] or "nan") for row in rows(airport)])
           for airport in ("LGA", "JFK")]  # fmt: skip
    p, q = (side[~np.isnan(side)] for side in raw)
    frames = [{"dep_delay": [None if math.isnan(x) else x for x in side]} for side in raw]
    report = compare(*frames, kind="samples").comparisons[0]
    dropped = compare(*frames, kind="samples", missing="drop").comparisons[0]
    yield report.measures["kl_pq"], "kldiv `kl_pq`", "deciles of both sides, finer at the ends"
    yield report.estimate.kl, "kldiv, estimate", "the same, corrected for bias"
    yield dropped.estimate.kl, "kldiv, estimate, `--missing drop`", "missing values left out"
    deciles = np.quantile(q, np.arange(1, 10) / 10)
    found = [shares(np.bincount(np.searchsorted(deciles, side), minlength=10)) for side in (p, q)]
    yield stats.entropy(*found), "NumPy, deciles of Q", "nine edges, all from Q"
    for bins in (10, 50):
        edges = np.histogram_bin_edges(np.concatenate([p, q]), bins)
        found = [shares(np.histogram(side, edges)[0]) for side in (p, q)]
        yield (
            stats.entropy(*found),
            f"NumPy, {bins} bins of equal width",
            "nearly all in a few bins",
        )
    if installed("evidently"):
        what = "D(Q \\|\\| P), bins of equal width, zeros made 0.0001"
        yield evidently("dep_delay", "kl_div"), 'Evidently, `method="kl_div"`', what
    if installed("frouros"):
        from frouros.detectors.data_drift import KL, PSI

        whats = ("zeros made 2e-308", "bins of equal width, one without rows of Q")
        for detector, what in zip((PSI(), KL()), whats, strict=True):
            detector.fit(X=q)
            value = detector.compare(X=p)[0].distance
            yield value, f"frouros, `{type(detector).__name__}`", what


# Two halves of one data set.


def halves():
    hours = [row["hour"] for airport in ("EWR", "JFK", "LGA") for row in rows(airport)]
    frames = [{"hour": hours[start::2][:200]} for start in (0, 1)]
    counts = [counted(({"hour": hour} for hour in frame["hour"]), "hour") for frame in frames]
    names = sorted({*counts[0], *counts[1]})
    p, q = (np.array([side.get(name, 0) for name in names]) for side in counts)
    report = compare(*counts, kind="counts").comparisons[0]
    plug_in = stats.entropy(*(shares(side) + 1e-4 for side in (p, q)))
    yield plug_in, "SciPy, zeros made 0.0001", "nothing but noise"
    yield max(report.estimate.kl, 0.0), "kldiv, estimate", "the noise subtracted"


def rows(airport):
    with (SAMPLES / "flights_july.csv").open(newline="") as file:
        return [row for row in csv.DictReader(file) if row["origin"] == airport]


def counted(rows, column):
    found = {}
    for row in rows:
        found[row[column]] = found.get(row[column], 0) + 1
    return found


def shares(counts):
    return counts / counts.sum()


def evidently(column, method):
    """Return what Evidently prints of a column, the reference being JFK and LGA current."""
    import pandas as pd
    from evidently import Report
    from evidently.metrics import ValueDrift

    frame = pd.read_csv(SAMPLES / "flights_july.csv")
    sides = [frame[frame.origin == airport] for airport in ("LGA", "JFK")]
    return float(
        Report([ValueDrift(column=column, method=method)])
        .run(*sides)
        .dict()["metrics"][0]["value"]
    )


if __name__ == "__main__":
    main()
