"""The rows of two batches: blocks of rows in, the measures of each row out, nothing else kept.

Whoever has both sides, in memory or in files of any size, hands them over block by block; rows
are cut into pieces that fit the cache, and these are measured in as many threads as there are.
The cut depends on nothing but the number of outcomes, and no piece on another: the result is the
same to the last bit, however many threads there are.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from kldiv_cli.core.distribution import LOG_KINDS
from kldiv_cli.core.divergences import Evaluation, evaluate, unit_of
from kldiv_cli.core.measures import find
from kldiv_cli.core.records import is_coded, ranked
from kldiv_cli.core.table import PIECE
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from kldiv_cli.core.distribution import Kind
    from kldiv_cli.core.measures import Base

    Floats = NDArray[np.float64]

RULE_ERROR = 1e-6
"""Stands for the error of a sum by the rule of llama.cpp, which is in single precision."""
TOP = 5
"""The likeliest outcomes of either side that are compared as sets."""


class Question(NamedTuple):
    """What is asked of each row.

    Attributes
    ----------
    measures : tuple of str
        Names, which are the keys of the answer.
    kinds : pair of Kind
        The meaning of the numbers of P and of Q.
    base : {"e", "2", "10"}
        Of the logarithm.
    temperature : float
        Divides logits.
    tops : bool
        Whether the likeliest outcomes of both sides are compared.
    bounds : bool
        Whether the bounds of all rows are kept, and not the largest alone.
    singles : bool
        Whether numbers of single precision or less may be measured in single precision.
    rule : {"cells", "llama.cpp"}
        How records of a language model are compared: by cells, of which any measure can be asked,
        or D(P || Q) as the program that wrote them computes it.
    """

    measures: tuple[str, ...]
    kinds: tuple[Kind, Kind]
    base: Base = "e"
    temperature: float = 1.0
    tops: bool = False
    bounds: bool = False
    singles: bool = False
    rule: Literal["cells", "llama.cpp"] = "cells"


class RowValues(NamedTuple):
    """The answers of N rows.

    Attributes
    ----------
    values : dict of str to ndarray, shape (N,)
        Measures, in units of the base where they have a unit.
    bounds : dict of str to ndarray, shape (N,)
        Bounds on their relative errors; empty if they were not kept.
    same_top : ndarray of bool, shape (N,), or None
        Whether the likeliest outcome is the same; of several that tie it is the first.
    common_top : ndarray, shape (N,), or None
        The share of the `TOP` likeliest outcomes of P that are among those of Q.
    log_p, log_q : ndarray, shape (N,), or None
        Log-probabilities of the targets, in nats.
    largest : dict of str to float
        The largest bound of each measure.
    """

    values: dict[str, Floats]
    bounds: dict[str, Floats]
    same_top: NDArray[np.bool_] | None = None
    common_top: Floats | None = None
    log_p: Floats | None = None
    log_q: Floats | None = None
    largest: Mapping[str, float] = {}

    def of(self, what: str) -> Floats:
        """Return a number for each row: a measure, ``same_top`` or ``delta_p``.

        Raises
        ------
        KeyError
            If it was not asked for.
        """
        if what == "same_top" and self.same_top is not None:
            return self.same_top.astype(float)
        if what == "delta_p" and self.log_p is not None and self.log_q is not None:
            return np.asarray(np.exp(self.log_q) - np.exp(self.log_p))
        return self.values[what]


class RowMeasures:
    """Measures rows block by block.

    Parameters
    ----------
    asked : Question
        What is asked of each row.
    rows : int
        N, how many rows there will be.
    targets : ndarray of int, shape (N,), optional
        The outcome of each row that came true, whose log-probabilities are asked for.
    executor : Executor, optional
        Measures the pieces of a block.
    """

    def __init__(
        self,
        asked: Question,
        rows: int,
        targets: NDArray[np.integer[Any]] | None = None,
        executor: Executor | None = None,
    ) -> None:
        self._asked = asked
        self._targets = targets
        self._executor = executor
        self._done = 0
        names = asked.measures
        self._found = RowValues(
            {name: np.empty(rows) for name in names},
            {name: np.empty(rows) for name in names} if asked.bounds else {},
            np.empty(rows, dtype=np.bool_) if asked.tops else None,
            np.empty(rows) if asked.tops else None,
            None if targets is None else np.empty(rows),
            None if targets is None else np.empty(rows),
        )
        self._largest: list[dict[str, float]] = []
        self._local = threading.local()

    def add(self, p: NDArray[Any], q: NDArray[Any]) -> None:
        """Measure the next rows.

        Parameters
        ----------
        p, q : ndarray, shape (n, K) or (K,)
            A vector meets every row of the other side. Rows may be records of a language model
            instead, of shape (n,): see `kldiv_cli.core.coded`.

        Raises
        ------
        ValueError
            If a row holds numbers that are no weights of its kind.
        """
        rows = max(len(side) for side in (p, q) if has_rows(side))
        height = max(1, PIECE // ranked(p).shape[-1])
        starts = range(0, rows, height)
        measure = partial(self._measure, p, q, height)
        if self._executor is None or len(starts) == 1:
            self._largest += map(measure, starts)
        else:
            self._largest += self._executor.map(measure, starts)
        self._done += rows

    def _measure(
        self, p: NDArray[Any], q: NDArray[Any], height: int, start: int
    ) -> dict[str, float]:
        """Fill in the answers of a piece, and return its largest bounds."""
        a, b = (side[start : start + height] if has_rows(side) else side for side in (p, q))
        made = self._found
        rows = max(len(side) for side in (a, b) if has_rows(side))
        at = slice(self._done + start, self._done + start + rows)
        found = self._answers(a, b, at)
        for name, value in found.values.items():
            made.values[name][at] = value
        for name in made.bounds:
            made.bounds[name][at] = found.bounds[name]
        if made.same_top is not None and made.common_top is not None:
            made.same_top[at], made.common_top[at] = compare_tops(ranked(a), ranked(b))
        if self._targets is not None:
            targets, temperature = self._targets[at], self._asked.temperature
            for side, kind, logs in zip(
                (a, b), self._asked.kinds, (made.log_p, made.log_q), strict=True
            ):
                assert logs is not None
                if is_coded(side):
                    from kldiv_cli.core import coded

                    logs[at] = coded.target_log_probabilities(side, targets)
                else:
                    logs[at] = log_probability(side, targets, kind, temperature)
        return {name: float(np.max(bound)) for name, bound in found.bounds.items()}

    def _answers(self, p: NDArray[Any], q: NDArray[Any], at: slice) -> Evaluation:
        """Return the measures of the rows of a piece, which are those at these places."""
        asked = self._asked
        if not (is_coded(p) or is_coded(q)):
            return _evaluated(p, q, asked)
        from kldiv_cli.core import coded

        p, q = (
            side if has_rows(side) else np.broadcast_to(side, (at.stop - at.start, len(side)))
            for side in (p, q)
        )
        if asked.rule == "llama.cpp":
            assert self._targets is not None
            kl = coded.llama_rule(p, q, self._targets[at]).kl / unit_of(asked.base)
            # Its terms have both signs: nothing bounds the error of their sum beside itself.
            return Evaluation(
                dict.fromkeys(asked.measures, kl),
                dict.fromkeys(asked.measures, np.full(len(kl), RULE_ERROR)),
            )
        if not hasattr(self._local, "cells"):
            self._local.cells = coded.CellsOfPair()
        cells = self._local.cells(p, q)
        asked = asked._replace(kinds=("logits", "logits"))
        return _evaluated(cells.p, cells.q, asked, cells.weights)

    def result(self) -> RowValues:
        """Return the answers of all rows that were added."""
        names = self._asked.measures
        return self._found._replace(
            largest={name: max(piece[name] for piece in self._largest) for name in names}
        )


def has_rows(side: NDArray[Any]) -> bool:
    """Say whether a side has a row for each row of the other, and is no single distribution."""
    return side.ndim == 2 or is_coded(side)


def _evaluated(
    p: NDArray[Any],
    q: NDArray[Any],
    asked: Question,
    weights: tuple[NDArray[Any], NDArray[Any]] | None = None,
) -> Evaluation:
    """Return the measures of some rows, in single precision where that is asked for and serves.

    What serves a measure of a row depends on that row alone, and not on what else is asked.
    The weights are the exponentials of logits, where they are known.
    """
    measures = {name: find(name) for name in asked.measures}
    evaluated = partial(evaluate, base=asked.base, kind=asked.kinds, temperature=asked.temperature)
    sides = tuple(np.atleast_2d(side) for side in (p, q))
    singles = all(side.dtype.kind == "f" and side.dtype.itemsize <= 4 for side in sides)
    if not (asked.singles and singles and {*asked.kinds} <= {*LOG_KINDS}):
        return evaluated(p, q, measures)
    from kldiv_cli.core.kernel.floats import SERVED, evaluate_floats

    served = SERVED.intersection(measure.name for measure in measures.values())
    if not served:
        return evaluated(p, q, measures)
    a, b = sides
    if a.shape != b.shape:
        a, b = np.broadcast_arrays(a, b)
    found = evaluate_floats(a, b, served, (asked.temperature, asked.temperature), weights)
    values: dict[str, Any] = {}
    bounds: dict[str, Any] = {}
    for name, measure in measures.items():
        if measure.name in served:
            values[name] = found.values[measure.name] / unit_of(asked.base) ** measure.degree
            bounds[name] = found.bounds[measure.name].copy()
        else:
            values[name], bounds[name] = np.full((2, len(a)), np.nan)
    missing = np.stack([np.isnan(value) for value in values.values()])
    if not missing.any():
        return Evaluation(values, bounds)
    for lacking in np.unique(missing, axis=1).T:
        names = {
            name: measures[name] for name, lacks in zip(measures, lacking, strict=True) if lacks
        }
        if not names:
            continue
        rest = np.flatnonzero((missing == lacking[:, np.newaxis]).all(axis=0))
        others = evaluated(a[rest], b[rest], names)
        for name in names:
            values[name][rest], bounds[name][rest] = others.values[name], others.bounds[name]
    return Evaluation(values, bounds)


def rows_in_memory(
    p: NDArray[Any],
    q: NDArray[Any],
    asked: Question,
    targets: NDArray[np.integer[Any]] | None = None,
) -> RowValues:
    """Measure the rows of two sides that are held in memory; a pair of vectors is one row.

    Parameters
    ----------
    p, q : ndarray, shape (N, K) or (K,)
        A vector meets every row of the other side.
    asked : Question
        What is asked of each row.
    targets : ndarray of int, shape (N,), optional
        The outcome of each row that came true.

    Raises
    ------
    ValueError
        If a row holds numbers that are no weights of its kind.
    """
    if not (has_rows(p) or has_rows(q)):
        p = p[np.newaxis]
    rows = RowMeasures(asked, max(len(side) for side in (p, q) if has_rows(side)), targets)
    rows.add(p, q)
    return rows.result()


def compare_tops(p: NDArray[Any], q: NDArray[Any]) -> tuple[NDArray[np.bool_], Floats]:
    """Compare the likeliest outcomes of both sides, row by row.

    Parameters
    ----------
    p, q : ndarray, shape (n, K) or (K,)
        Weights or log weights.

    Returns
    -------
    same_top : ndarray of bool, shape (n,)
        Whether the likeliest outcome is the same; of several that tie it is the first.
    common_top : ndarray, shape (n,)
        The share of the `TOP` likeliest outcomes of P, or of all K if there are fewer, that are
        among those of Q. Outcomes that tie are taken in their order.
    """
    tops = [likeliest(np.atleast_2d(side), min(TOP, side.shape[-1])) for side in (p, q)]
    first, second = np.broadcast_arrays(*tops)
    same = first[:, 0] == second[:, 0]
    common = (first[:, :, None] == second[:, None, :]).any(axis=2)
    return same, common.mean(axis=1)


GROUPS = 64
"""Outcomes of a row whose largest weight is looked at first, in the search for the likeliest."""


def likeliest(weights: NDArray[Any], count: int) -> NDArray[np.intp]:
    """Return the likeliest outcomes of each row, the first of those that tie.

    Parameters
    ----------
    weights : ndarray, shape (n, K)
        Weights or log weights, none of them nan.
    count : int
        At most K.

    Returns
    -------
    ndarray of int, shape (n, count)
        In the order of their weights, and of their places where these tie.
    """
    rows, outcomes = weights.shape
    if weights.dtype == np.float16:
        from kldiv_cli.core.kernel.floats import single_of_half

        # NumPy compares half precision one by one.
        halves, weights = weights, np.empty(weights.shape, np.float32)
        single_of_half(halves, weights)
    width = outcomes // GROUPS
    candidates, places = weights, np.broadcast_to(np.arange(outcomes), weights.shape)
    if width >= 4 * count:
        # Outcome i is in group i % width: these are columns, and NumPy compares whole rows.
        body = weights[:, : width * GROUPS].reshape(rows, GROUPS, width)
        tops = np.maximum.reduce(body, axis=1)
        # Of `count` groups or more the largest weight is this or more; others hold none of it.
        least = np.partition(tops, width - count, axis=1)[:, width - count]
        groups = int(np.count_nonzero(tops >= least[:, None], axis=1).max())
        best = np.sort(np.argpartition(tops, width - groups, axis=1)[:, width - groups :], axis=1)
        in_body = best[:, None, :] + np.arange(0, width * GROUPS, width)[:, None]
        rest = np.tile(np.arange(width * GROUPS, outcomes), (rows, 1))
        places = np.concatenate([in_body.reshape(rows, -1), rest], axis=1)
        candidates = np.take_along_axis(weights, places, axis=1)
    if candidates.dtype.kind != "f" and candidates.dtype.itemsize > 4:
        # Integers that doubles do not tell apart have ranks that these do.
        candidates = np.unique(candidates, return_inverse=True)[1].reshape(candidates.shape)
    # Below them all is what has been found, even where outcomes have no mass.
    candidates = np.maximum(candidates.astype(float), np.finfo(float).min)
    found = np.empty((rows, count), dtype=np.intp)
    every = np.arange(rows)
    for i in range(count):
        # Places rise, so that the first of those that tie is found first.
        at = candidates.argmax(axis=1)
        found[:, i] = places[every, at]
        candidates[every, at] = -np.inf
    return found


def log_probability(
    weights: NDArray[Any], targets: NDArray[np.integer[Any]], kind: Kind, temperature: float
) -> Floats:
    """Return the log-probability of one outcome of each row, in nats.

    Parameters
    ----------
    weights : ndarray, shape (n, K) or (K,)
        Weights of the kind.
    targets : ndarray of int, shape (n,)
        The outcomes.
    kind : Kind
        Logits and log-probabilities are divided by the temperature, and normalised.
    """
    rows = np.broadcast_to(weights, (len(targets), weights.shape[-1]))
    chosen = rows[np.arange(len(targets)), targets].astype(float)
    top = rows.max(axis=1).astype(float)
    with np.errstate(divide="ignore"):
        if kind not in LOG_KINDS:
            # By the largest first: a total may be beyond doubles.
            shares = (rows / top[:, None]).sum(axis=1, dtype=float)
            return np.asarray(np.log(chosen / top) - np.log(shares))
        masses = np.exp((rows - top[:, None]) / temperature)
        return np.asarray((chosen - top) / temperature - np.log(masses.sum(axis=1)))
