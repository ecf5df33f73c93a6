"""How fast the kernel is, beside everything a user could take instead.

    OPENBLAS_NUM_THREADS=1 python tests/benchmarks/kernel.py [--quick]

Prints Markdown tables of nanoseconds per element, one thread, processor time.  Contenders take
turns, so that a busy machine is busy for all; the least of the runs stands, the median beside
it.  `floor` is np.log of one array and reading both: what no method that computes a logarithm
can go below.  `cached` is one division, one logarithm and two sums, over and over of the first
32,768 weights, which stay in the cache; the ratio beside it says how often it fits into kldiv.
scipy's rel_entr and numexpr neither normalise nor check what they are given.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import random
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.spatial.distance import jensenshannon
from scipy.special import rel_entr
from scipy.stats import entropy

sys.path.insert(0, str(Path(__file__).parents[2]))

from kldiv_cli.core.divergences import divergences, kl_div

try:
    import torch

    torch.set_num_threads(1)
except ImportError:
    torch = None
try:
    import numexpr

    numexpr.set_num_threads(1)
except ImportError:
    numexpr = None

EIGHT = ("kl_pq", "kl_qp", "jeffreys", "js", "tv", "hellinger", "chi2_pq", "chi2_qp")
Calls = dict[str, Callable[[], object]]


def measure(calls: Calls, elements: int, seconds: float) -> dict[str, tuple[float, float]]:
    """Least and median of each, in nanoseconds per element."""
    repeat, times = {}, {name: [] for name in calls}
    for name, call in calls.items():
        start = time.process_time()
        call()
        call()
        once = max((time.process_time() - start) / 2, 1e-7)
        repeat[name] = max(1, int(2e-3 / once))
    end = time.perf_counter() + seconds
    order = list(calls.items())
    while time.perf_counter() < end or len(times[name]) < 3:
        # Nobody always follows the same one, and finds the caches as that one leaves them.
        random.shuffle(order)
        for name, call in order:
            start = time.process_time()
            for _ in range(repeat[name]):
                call()
            times[name].append((time.process_time() - start) / repeat[name] / elements * 1e9)
    return {name: (min(t), statistics.median(t)) for name, t in times.items()}


def floor(p, q):
    out = np.empty(min(p.size, 16384))
    flat = p.reshape(-1)
    for start in range(0, flat.size, out.size):
        part = flat[start : start + out.size]
        np.log(part, out=out[: part.size])
    np.add.reduce(p, axis=None)
    np.add.reduce(q, axis=None)


def cached(p, q):
    a, b = (x.reshape(-1)[:32768] for x in (p, q))
    out = np.empty_like(a)
    for _ in range(-(-p.size // a.size)):
        np.divide(b, a, out=out)
        np.log(out, out=out)
        np.add.reduce(a)
        np.add.reduce(b)


def sides(shape, kind):
    rng = np.random.default_rng(1)
    p = 1.0 - rng.random(shape)
    q = (
        1.0 - rng.random(shape)
        if kind == "random"
        else p * (1 + 1e-4 * rng.standard_normal(shape))
    )
    return p / p.sum(-1, keepdims=True), q / q.sum(-1, keepdims=True)


def probabilities(shape, kind) -> Calls:
    p, q = sides(shape, kind)
    calls: Calls = {
        "kldiv": lambda: kl_div(p, q),
        "both ways": lambda: divergences(p, q, measures=("kl_pq", "kl_qp")),
        "entropy": lambda: entropy(p, q, axis=-1),
        "rel_entr": lambda: rel_entr(p, q).sum(-1),
        "naive": lambda: (p * np.log(p / q)).sum(-1),
        "floor": lambda: floor(p, q),
        "cached": lambda: cached(p, q),
    }
    if torch is not None:
        a, b = torch.from_numpy(p), torch.from_numpy(q)
        f = torch.nn.functional.kl_div
        calls["torch"] = lambda: f(b.log(), a, reduction="none").sum(-1)
    if numexpr is not None and len(shape) == 1:
        calls["numexpr"] = lambda: numexpr.evaluate("sum(p * log(p / q))", {"p": p, "q": q})
    return calls


def logits(shape, kind) -> Calls:
    rng = np.random.default_rng(2)
    s = rng.standard_normal(shape)
    t = rng.standard_normal(shape) if kind == "random" else s + 1e-4 * rng.standard_normal(shape)
    calls: Calls = {"kldiv": lambda: kl_div(s, t, kind="logits")}
    if torch is not None:
        a, b = torch.from_numpy(s), torch.from_numpy(t)
        f = torch.nn.functional
        calls["torch"] = lambda: f.kl_div(
            f.log_softmax(b, -1), f.softmax(a, -1), reduction="none"
        ).sum(-1)
    return calls


def eight(shape, kind) -> Calls:
    p, q = sides(shape, kind)

    def apart():
        a, b = p / p.sum(), q / q.sum()
        ab, ba = rel_entr(a, b).sum(), rel_entr(b, a).sum()
        jensenshannon(a, b)
        np.abs(a - b).sum()
        ((np.sqrt(a) - np.sqrt(b)) ** 2).sum()
        ((a - b) ** 2 / b).sum()
        ((a - b) ** 2 / a).sum()
        return ab, ba

    return {"kldiv": lambda: divergences(p, q, measures=EIGHT), "scipy, one by one": apart}


def ratio(name: str, theirs: float, ours: float) -> str:
    """Say how a contender compares with kldiv: of the cached floor how often it fits in."""
    if name in ("kldiv", "both ways", "floor"):
        return ""
    return f" 1/x{ours / theirs:.2f}" if name == "cached" else f" x{theirs / ours:.1f}"


def table(title: str, make, shapes, seconds: float) -> None:
    print(f"\n### {title}\n")
    header = None
    for shape in shapes:
        for kind in ("random", "near"):
            calls = make(shape, kind)
            found = measure(calls, int(np.prod(shape)), seconds)
            if header is None:
                header = list(found)
                print("| shape | data |", *(f"{name} |" for name in header))
                print("|---|---|" + "--:|" * len(header))
            ours = found["kldiv"][0]
            cells = (
                f"{found[n][0]:.2f} ({found[n][1]:.2f})" + ratio(n, found[n][0], ours)
                if n in found
                else "-"
                for n in header
            )
            size = " x ".join(f"{n:,}" for n in shape)
            print(f"| {size} | {kind} |", *(f"{c} |" for c in cells), flush=True)


def main() -> None:
    quick = "--quick" in sys.argv
    seconds = 0.3 if quick else 4.0
    big = 10 if quick else 1
    print(f"numpy {np.__version__}, nanoseconds per element: least (median) xratio to kldiv")
    table(
        "Two vectors of probabilities",
        probabilities,
        [(20,), (100,), (1000,), (100_000,), (10_000_000 // big,)],
        seconds,
    )
    batches = [(1_000_000 // big, 10), (10_000 // big, 1000), (100 // big, 100_000)]
    table("Batches of probabilities", probabilities, batches, seconds)
    table("Batches of logits", logits, batches[:2], seconds)
    table("Eight measures at once", eight, [(1_000_000 // big,)], seconds)
    p, q = sides((10_000_000 // big,), "near")
    for name, call in (("kl_div", lambda: kl_div(p, q)), ("all", lambda: divergences(p, q))):
        tracemalloc.start()
        call()
        print(f"\npeak memory of {name} at K = {p.size:,}:", end=" ")
        print(f"{tracemalloc.get_traced_memory()[1] / 1e6:.1f} MB")
        tracemalloc.stop()


if __name__ == "__main__":
    main()
