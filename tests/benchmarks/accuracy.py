"""How exact the kernel is, beside everything a user could take instead.

    python tests/benchmarks/accuracy.py [--pairs 6000]

Prints, as Markdown, relative errors at q = p(1 + eps N(0, 1)), and the worst of a stress over
random pairs of every class of input and every measure, each against 90-digit arithmetic.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import sys
import warnings
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
from scipy import special, stats

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1] / "core")]

import exact  # noqa: E402

from kldiv_cli.core.divergences import evaluate, kl_div  # noqa: E402
from kldiv_cli.core.measures import DEFAULT_MEASURES  # noqa: E402

try:
    import torch
except ImportError:
    torch = None

ORDERS = ("0", "0.01", "0.3", "0.7", "0.99999", "1.00001", "1.5", "2", "3")
NAMES = (*DEFAULT_MEASURES, *(f"{f}:{a}" for f in ("renyi", "tsallis") for a in ORDERS))


def contenders():
    def torch_kl(kind):
        def call(p, q):
            a, b = (torch.tensor(x, dtype=kind) for x in (p, q))
            return float(torch.nn.functional.kl_div(b.log(), a, reduction="sum"))

        return call

    found = {
        "stats.entropy": stats.entropy,
        "rel_entr.sum": lambda p, q: special.rel_entr(p, q).sum(),
        "special.kl_div.sum": lambda p, q: special.kl_div(p, q).sum(),
    }
    if torch is not None:
        found["torch f64"] = torch_kl(torch.float64)
        found["torch f32"] = torch_kl(torch.float32)
    return found | {"kldiv": kl_div}


def near() -> None:
    others = contenders()
    print("| eps | true KL |", *(f"{name} |" for name in others))
    print("|---|--:|" + "--:|" * len(others))
    rng = np.random.default_rng(0)
    for eps in (1e-1, 1e-2, 1e-4, 1e-6, 1e-8, 1e-12):
        p = rng.random(1000)
        q = np.abs(p * (1 + eps * rng.standard_normal(1000)))
        p, q = p / p.sum(), q / q.sum()
        truth = exact.measure("kl_pq", exact.normalise(p), exact.normalise(q))
        errors = (exact.relative_error(float(f(p, q)), truth) for f in others.values())
        print(f"| {eps:.0e} | {float(truth):.1e} |", *(f"{e:.1e} |" for e in errors), flush=True)


def stress(count: int) -> None:
    worst, errors, count_of = defaultdict(float), defaultdict(list), Counter()
    over = negative = 0
    for name, p, q, kinds, temperature in exact.pairs(count, 12345):
        found = evaluate(p, q, NAMES, kind=kinds, temperature=temperature)
        P, Q = exact.side(p, kinds[0], temperature), exact.side(q, kinds[1], temperature)
        count_of[name] += 1
        for measure in NAMES:
            truth = exact.measure(measure, P, Q)
            value = found.values[measure]
            negative += not value >= 0.0
            if truth != 0 and abs(truth) < exact.mp.mpf(10) ** -70:
                continue
            error = exact.relative_error(value, truth)
            over += error > found.bounds[measure]
            worst[measure, name] = max(worst[measure, name], error)
            if name != "weights and log-probs":
                errors[measure].append(error)
    print("\n| measure | median | worst |", *(f"{name} |" for name in count_of))
    print("|---|--:|--:|" + "--:|" * len(count_of))
    for measure in NAMES:
        cells = (f"{worst[measure, name]:.1e} |" for name in count_of)
        median, most = np.median(errors[measure]), max(errors[measure])
        print(f"| {measure} | {median:.1e} | {most:.1e} |", *cells)
    print(f"\n{count} pairs, {len(NAMES)} measures: {over} above their bound, {negative} negative")
    print("The median and the worst leave out weights beside log-probs, where the answer hangs")
    print("on the last digits of a logarithm, and the bound says so.")


def main() -> None:
    count = int(sys.argv[sys.argv.index("--pairs") + 1]) if "--pairs" in sys.argv else 6000
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        near()
    warnings.simplefilter("error")
    stress(count)


if __name__ == "__main__":
    main()
