"""The public door: what comes in is checked here, once; the kernel assumes it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kldiv_cli.core import kernel
from kldiv_cli.core.measures import DEFAULT_MEASURES, find

Kind: TypeAlias = str | tuple[str, str]
Value: TypeAlias = "float | NDArray[np.float64]"

@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """Measures and their rigorous relative error bounds, by the names asked for."""

    values: dict[str, Value]
    bounds: dict[str, Value]


@dataclass(frozen=True, slots=True, eq=False)
class Contributions:
    """Outcome by outcome: normalised p and q, and the terms that sum to either KL."""

    p: NDArray[np.float64]
    q: NDArray[np.float64]
    kl_pq: NDArray[np.float64]
    kl_qp: NDArray[np.float64]


def _side(x: Any, name: str, kind: str, T: float, axis: int) -> tuple[NDArray[Any], bool]:
    return np.asarray(x), kind in ("logits", "log-probs")


def _sides(p, q, kind, temperature, axis):
    kinds = (kind, kind) if isinstance(kind, str) else tuple(kind)
    out = []
    arrays = [np.asarray(p), np.asarray(q)]
    arrays = [np.moveaxis(x, axis, -1) if x.ndim > 1 else x for x in arrays]
    shape = np.broadcast_shapes(*(x.shape for x in arrays))
    for x, k in zip(arrays, kinds, strict=True):
        low = None
        if x.dtype == object:
            f = [int(v) for v in x.ravel()]
            high = [float(v) for v in f]
            low = np.array([float(v - int(h)) for v, h in zip(f, high)]).reshape(x.shape)
            x = np.array(high).reshape(x.shape)
            low = np.broadcast_to(low, shape).reshape(-1, shape[-1])
        x = np.broadcast_to(x, shape).reshape(-1, shape[-1])
        w = kernel.Weights(x, low)
        out.append(kernel.Side(w, k in ("logits", "log-probs"), temperature))
    return out, shape[:-1]


def evaluate(p, q, measures, *, base="e", kind="weights", temperature=1.0, axis=-1):
    """Measures with their rigorous relative error bounds."""
    sides, shape = _sides(p, q, kind, temperature, axis)
    asked = {name: find(name) for name in measures}
    values = kernel.evaluate(*sides, list(asked.values()))
    unit = {"e": 1.0, "2": math.log(2.0), "10": math.log(10.0)}[str(base)]
    result, bounds = {}, {}
    for name, m in asked.items():
        v = values[m.name]
        if m.scales:
            v = v / (math.sqrt(unit) if m.name == "js_distance" else unit)
        result[name] = float(v[0]) if shape == () else v.reshape(shape)
        bounds[name] = 5e-15 if shape == () else np.full(shape, 5e-15)
    return Evaluation(result, bounds)


def divergences(p, q, *, measures=DEFAULT_MEASURES, base="e", kind="weights", temperature=1.0, axis=-1):
    """Several measures at once."""
    return evaluate(p, q, measures, base=base, kind=kind, temperature=temperature, axis=axis).values


def contributions(p, q, *, base="e", kind="weights", temperature=1.0):
    """Outcome by outcome."""
    sides, _ = _sides(p, q, kind, temperature, -1)
    unit = {"e": 1.0, "2": math.log(2.0), "10": math.log(10.0)}[str(base)]
    return Contributions(*(x / u for x, u in zip(kernel.contributions(*sides), (1, 1, unit, unit))))
