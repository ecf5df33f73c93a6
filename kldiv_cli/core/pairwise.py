"""Measures of all pairs of several distributions, each to the bit that of the pair alone."""

from __future__ import annotations

from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli.core.distribution import LOG_KINDS
from kldiv_cli.core.divergences import Evaluation, both_ways, evaluate
from kldiv_cli.core.kernel import WORTH
from kldiv_cli.core.measures import find
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from kldiv_cli.core.distribution import Distribution
    from kldiv_cli.core.measures import Base
    from kldiv_cli.core.pair import Pair
    from kldiv_cli.core.smoothing import Smoothing

    Floats = NDArray[np.float64]
    Indices = NDArray[np.intp]

BATCH = 1 << 18
"""Outcomes of all pairs that are measured at once."""
AT_ONCE = 8
"""Batches of pairs that wait for a thread."""
MOST_RANKS = 1 << 23
"""The most ranks that are held: of all sides, for the outcomes of all of them."""
EXACT = 2**53
"""Integers below it are doubles."""


class Pairwise(NamedTuple):
    """The measures of all pairs.

    Attributes
    ----------
    values : dict of str to ndarray, shape (n, n)
        By the names of the measures, in units of the base where they have a unit; P is in the
        rows and Q in the columns.
    bounds : dict of str to float
        The largest bound on their relative errors.
    """

    values: dict[str, Floats]
    bounds: dict[str, float]


class Asked(NamedTuple):
    """What is asked of each pair: names of measures, and how its sides are taken."""

    measures: tuple[str, ...]
    smoothing: Smoothing
    base: Base = "e"
    temperature: float = 1.0


def measure_pairs(
    sides: Sequence[Distribution],
    asked: Asked,
    pair_of: Callable[[int, int], Pair],
    is_plain: Callable[[Distribution], bool],
    told: Callable[[int], None] = lambda done: None,
    executor: Executor | None = None,
) -> Pairwise:
    """Measure every pair of several distributions.

    Parameters
    ----------
    sides : sequence of Distribution
        Of one row each.
    asked : Asked
        What is asked.
    pair_of : callable
        Returns the pair of two sides, by their places.
    is_plain : callable
        Tells whether the outcomes of a side are matched as they are spelt, or by position.
    told : callable
        Is told how many pairs are done.
    executor : Executor, optional
        Measures some pairs beside others.

    Notes
    -----
    Sums of doubles depend on the order of their terms, which each pair has by its own weights:
    see `Pair.in_order_of_weights`. Pairs with as many outcomes are measured together.
    """
    n = len(sides)
    found = {name: np.zeros((n, n)) for name in asked.measures}
    largest = dict.fromkeys(asked.measures, 0.0)

    def put(p: Any, q: Any, answer: Evaluation) -> None:
        for name, values in answer.values.items():
            found[name][p, q], found[name][q, p] = np.asarray(values)
            largest[name] = max(largest[name], float(np.max(answer.bounds[name])))

    def answer(batch: tuple[Indices, Indices]) -> Evaluation:
        return both_ways(*stack.weights(*batch), asked.measures, base=asked.base)

    stack = _Stack(sides, asked.smoothing, is_plain)
    done = 0
    # Sides that cannot be paired are found before most of the work.
    for i, j in stack.apart(n):
        put(i, j, _of_pair(pair_of(i, j), asked))
        done += 1
        told(done)
    batches = stack.batches()
    # A few at a time, so that an interrupt waits for no more than these.
    while some := [*islice(batches, AT_ONCE)]:
        answers = (executor.map if executor else map)(answer, some)
        for (p, q), found_of in zip(some, answers, strict=True):
            put(stack.places[p], stack.places[q], found_of)
            done += len(p)
            told(done)
    # Entropies are not 0 of a side and itself.
    own = tuple(name for name in asked.measures if "monotone" not in find(name).traits)
    for i in range(n if own else 0):
        put(i, i, _of_pair(pair_of(i, i), asked._replace(measures=own)))
    return Pairwise(found, largest)


def _of_pair(pair: Pair, asked: Asked) -> Evaluation:
    """Return the measures of a pair, and of it exchanged."""

    def answer(pair: Pair) -> Evaluation:
        p, q = map(asked.smoothing.apply, pair.in_order_of_weights())
        return evaluate(
            p,
            q,
            asked.measures,
            base=asked.base,
            kind=pair.kinds,
            temperature=asked.temperature,
        )

    way = back = answer(pair)
    if not all("symmetric" in find(name).traits for name in asked.measures):
        back = answer(pair.swapped())
    return Evaluation(
        {name: np.array([value, back.values[name]]) for name, value in way.values.items()},
        {name: np.array([bound, back.bounds[name]]) for name, bound in way.bounds.items()},
    )


class _Stack:
    """Sides of which pairs are made many at a time.

    A side is held as its distinct weights, 0 among them, and as the ranks that its weights of all
    outcomes have among these: sorted pairs of ranks are a pair in the order of its weights.

    Parameters
    ----------
    sides : sequence of Distribution
        All sides, of which some are held.
    smoothing : Smoothing
        What becomes of their weights.
    is_plain : callable
        See `measure_pairs`.

    Attributes
    ----------
    places : ndarray of int, shape (m,)
        The places of those m that are held, among all.
    """

    def __init__(
        self,
        sides: Sequence[Distribution],
        smoothing: Smoothing,
        is_plain: Callable[[Distribution], bool],
    ) -> None:
        # A pseudocount does not depend on the other weights, as a floor does.
        before, self._after = smoothing._replace(floor=0.0), smoothing._replace(pseudocount=0.0)
        self._labelled = sides[0].outcomes is not None
        held = [i for i, side in enumerate(sides) if _is_simple(side, sides[0], smoothing)]
        held = [i for i in held if is_plain(sides[i])]
        at: dict[object, int] = {}
        codes = [
            np.array([at.setdefault(label, len(at)) for label in _outcomes(sides[i])])
            for i in held
        ]
        if len(held) * len(at) > MOST_RANKS:
            held, codes = [], []
        self.places = np.array(held, dtype=np.intp)
        shape = len(held), len(at)
        self._named, self._ranks = np.zeros(shape, dtype=np.bool_), np.zeros(shape, dtype=np.int64)
        weights, values = [sides[i].weights for i in held], [np.zeros(0)]
        for row, (own, given) in enumerate(zip(codes, weights, strict=True)):
            distinct, ranks = np.unique(np.append(given, given[:1] * 0), return_inverse=True)
            values.append(before.apply(distinct).astype(np.float64))
            self._named[row, own], self._ranks[row, own] = True, ranks[:-1]
        self._values = np.concatenate(values)
        self._starts = np.cumsum([*map(len, values)])
        self._bits = max(map(len, values)).bit_length()
        if self._bits <= 15:
            # Sorted twice as fast.
            self._ranks = self._ranks.astype(np.int32)
        self._shifted = self._ranks << self._bits
        # The order of a pair is that of its first side, whose outcomes without weight come first.
        in_order = np.sort(self._ranks, axis=1) if self._labelled else self._ranks
        self._in_order = self._values.take(in_order + self._starts[: len(held), None])
        self._p, self._q = self._pairs(weights)

    def _pairs(self, weights: Sequence[NDArray[Any]]) -> tuple[Indices, Indices]:
        """Return all pairs, those sides first by which they are sorted.

        That is the one whose sorted weights are the lesser sequence: that with more zeros, or with
        the lesser positive weight where the first differ. Pairs of sides that only their labels
        tell apart are left out.
        """
        p, q = np.triu_indices(len(weights), 1)
        if not self._labelled:
            return p, q
        positive = [np.sort(each[each > 0]).tolist() for each in weights]
        keys = [(len(each), each) for each in positive]
        order = sorted(range(len(keys)), key=keys.__getitem__)
        ranks = np.zeros(len(keys), dtype=np.intp)
        for before, after in pairwise(order):
            ranks[after] = ranks[before] + (keys[before] != keys[after])
        differ = ranks[p] != ranks[q]
        p, q = p[differ], q[differ]
        first = ranks[p] < ranks[q]
        return np.where(first, p, q), np.where(first, q, p)

    def apart(self, n: int) -> Iterator[tuple[int, int]]:
        """Yield those pairs of n sides that are not made here, by the places of their sides."""
        here = np.zeros((n, n), dtype=np.bool_)
        here[self.places[self._p], self.places[self._q]] = True
        for i, j in zip(*np.nonzero(np.triu(~(here | here.T), 1)), strict=True):
            yield int(i), int(j)

    def batches(self) -> Iterator[tuple[Indices, Indices]]:
        """Yield pairs with as many outcomes, by the rows of their sides."""
        named = self._named.astype(np.float32)
        common = np.asarray(named @ named.T, dtype=np.int64)
        own = common.diagonal()
        sizes = (own[self._p] + own[self._q]) - common[self._p, self._q]
        for size in np.unique(sizes).tolist():
            which, step = np.flatnonzero(sizes == size), max(1, BATCH // size)
            for start in range(0, len(which), step):
                some = which[start : start + step]
                yield self._p[some], self._q[some]

    def weights(self, p: Indices, q: Indices) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the weights of pairs over the outcomes that either side names, in their order.

        Parameters
        ----------
        p, q : ndarray of int, shape (N,)
            The rows of their sides, with as many outcomes each.

        Returns
        -------
        p, q : ndarray, shape (N, K)
        """
        ranks = self._shifted[p]
        ranks |= self._ranks[q]
        named = self._named[p] | self._named[q]
        if not named.all():
            ranks = ranks[named].reshape(len(p), -1)
        if self._labelled:
            ranks.sort(axis=1)
        ranks &= (1 << self._bits) - 1
        of_p = self._in_order[p, -ranks.shape[1] :]
        of_q = self._values.take(ranks + self._starts[q, None])
        return self._after.apply(of_p), self._after.apply(of_q)


def _outcomes(side: Distribution) -> Sequence[object]:
    """Return the labels of a side, or its positions."""
    return range(len(side.weights)) if side.outcomes is None else side.outcomes


def _is_simple(side: Distribution, first: Distribution, smoothing: Smoothing) -> bool:
    """Tell whether a side is held: weights that are doubles, outcomes known as the first's are."""
    weights = side.weights
    if side.kind in LOG_KINDS or weights.ndim > 1 or len(weights) >= WORTH:
        return False
    if (side.outcomes is None) != (first.outcomes is None) or side.flattened != first.flattened:
        return False
    if side.outcomes is None and weights.shape != first.weights.shape:
        return False
    # Floors of single precision are found in single precision.
    if weights.dtype.kind == "f":
        return weights.itemsize == 8 or not smoothing.floor
    return weights.dtype.kind in "iu" and int(smoothing.apply(weights).max()) < EXACT
