"""Divergences of arrays: their numbers and shapes are checked once, then the kernel is asked.

All functions take array-likes of weights (probabilities and counts are weights; nothing need
be normalised) or of log weights (logits, log-probabilities), as `kind` says.  Distributions lie
along `axis`; the other axes of the two sides are broadcast against each other, so that a vector
meets every row of a matrix.  Real numbers of any NumPy type are taken at face value: float32
as the doubles they denote, integers exactly at any size.  Results are in units of the
logarithm's `base`.  Anything else raises one error that names argument, place, found, expected.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, get_args

import numpy as np

from kldiv_cli.core import kernel
from kldiv_cli.core.distribution import LOG_KINDS, Kind
from kldiv_cli.core.measures import BASES, DEFAULT_MEASURES, REDUCTIONS, Measure, Reduction, find
from kldiv_cli.errors import InputError
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = "NDArray[np.float64]"
Value: TypeAlias = "float | Floats"
Kinds: TypeAlias = "Kind | tuple[Kind, Kind]"
Base: TypeAlias = "Literal['e', '2', '10', 2, 10]"
Answer = TypeVar("Answer")

KINDS = get_args(Kind)
_KULLBACK = frozenset({"kl_pq", "kl_qp", "jeffreys", "psi"})
_ONLY_PQ, _ONLY_QP = frozenset({"kl_pq"}), frozenset({"kl_qp"})


class Evaluation(NamedTuple):
    """Measures and bounds on their errors, by the names that were asked for.

    Attributes
    ----------
    values : dict of str to float or ndarray
        The measures, in units of the base where they have a unit.
    bounds : dict of str to float or ndarray
        Bounds on their relative errors, never below the true error.
    """

    values: dict[str, Value]
    bounds: dict[str, Value]


class Contributions(NamedTuple):
    """Two distributions outcome by outcome.

    Attributes
    ----------
    p, q : ndarray, shape (K,)
        Normalised.
    kl_pq, kl_qp : ndarray, shape (K,)
        p log(p/q) and q log(q/p): signed; 0 where p and q are the same double, inf where only
        the first of the two is positive.  They sum to the divergences.
    part : ndarray, shape (K,)
        p log(p/q) - p + q, never negative; 0 and inf as kl_pq.  They sum to D(p || q), too, and
        have all digits where p and q are nearly equal.
    """

    p: Floats
    q: Floats
    kl_pq: Floats
    kl_qp: Floats
    part: Floats

    def turned(self) -> Contributions:
        """Return the terms with p and q exchanged, while the parts stay those of D(p || q)."""
        return Contributions(self.q, self.p, self.kl_qp, self.kl_pq, self.part)


def divergences(
    p: ArrayLike,
    q: ArrayLike,
    *,
    measures: Iterable[str] = DEFAULT_MEASURES,
    base: Base = "e",
    kind: Kinds = "weights",
    temperature: float = 1.0,
    axis: int = -1,
) -> dict[str, Value]:
    """Divergences, distances and entropies of two distributions, or of two batches.

    Parameters
    ----------
    p, q : array_like, shape (..., K, ...)
        The two sides; their shapes broadcast.
    measures : iterable of str
        Names of `kldiv_cli.core.measures`, among them ``renyi:ALPHA`` and ``tsallis:ALPHA``.
    base : {"e", "2", "10"}
        Of the logarithm: nats, bits, hartleys.  Tsallis, Hellinger, total variation and
        chi-squared have no unit.
    kind : str or pair of str
        ``weights``, ``probabilities``, ``counts`` (all the same), ``logits`` or
        ``log-probs``; a pair says it for p and q apart.
    temperature : float
        Log weights are divided by it.
    axis : int
        Along which outcomes lie.

    Returns
    -------
    dict of str to float or ndarray
        Keys exactly as asked; arrays have the broadcast shape without `axis`.

    Raises
    ------
    ValueError
        If a name is unknown, shapes do not match, a weight is negative or nan, a log weight
        nan or inf, or a distribution has no mass.
    TypeError
        If the sides do not hold real numbers.

    Notes
    -----
    ``kl_pq`` is ``sum p log(p/q)`` with ``0 log(0/x) = 0``, and inf where q = 0 < p [1]_.

    References
    ----------
    .. [1] S. Kullback and R. A. Leibler, "On information and sufficiency", Ann. Math. Stat.
       22 (1951).

    Examples
    --------
    >>> divergences([1, 1], [3, 1], measures=["kl_pq", "tv"], base=2)
    {'kl_pq': 0.20751874963942193, 'tv': 0.25}
    """
    asked = _asked(measures)
    wanted = {measure.name for measure in asked.values()}
    if not wanted or not _KULLBACK.issuperset(wanted):
        values, _ = evaluate(p, q, asked, base=base, kind=kind, temperature=temperature, axis=axis)
        return values
    # Without bounds the Kullback-Leibler divergences need the data to be read but once.
    exchanged = kind if isinstance(kind, str) else kind[::-1]
    kl_pq: Value = 0.0
    kl_qp: Value = 0.0
    if wanted != _ONLY_QP:
        kl_pq = _kl(p, q, ("p", "q"), kind, base, temperature, axis)
    if wanted != _ONLY_PQ:
        kl_qp = _kl(q, p, ("q", "p"), exchanged, base, temperature, axis)
    both = kl_pq + kl_qp
    found = {"kl_pq": kl_pq, "kl_qp": kl_qp, "jeffreys": both, "psi": both}
    return {name: found[measure.name] for name, measure in asked.items()}


def _asked(measures: Iterable[str]) -> dict[str, Measure]:
    """Find the measures by the names that were asked for."""
    if isinstance(measures, str):
        raise TypeError(f"measures: expected several names, found the text {measures!r}")
    return {name: find(name) for name in measures}


def _kl(
    p: ArrayLike,
    q: ArrayLike,
    names: tuple[str, str],
    kind: Kinds,
    base: Base,
    temperature: float,
    axis: int,
    reduction: Reduction = "none",
) -> Value:
    """D(p || q), by the shortest path where both sides are vectors of weights."""
    unit = unit_of(base)
    if kind == "weights" and axis == -1 and temperature == 1.0:
        vectors = _vectors(p, q)
        value = None if vectors is None else kernel.kl_of_vectors(*vectors)
        if value is not None:
            return value / unit / (np.size(p) if reduction == "mean" else 1) + 0.0
    sides = Sides(p, q, kind, temperature, axis, names)
    return sides.reduced(sides.ask(kernel.kl) / unit, reduction)


def _vectors(p: ArrayLike, q: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """Return both sides if they are plain vectors of numbers; None leaves them to the checks."""
    try:
        x, y = np.asanyarray(p), np.asanyarray(q)
    except ValueError:
        return None
    if not type(x) is type(y) is np.ndarray:
        return None
    plain = x.dtype.kind in "fiu" and y.dtype.kind in "fiu" and x.itemsize <= 8 >= y.itemsize
    return (x, y) if plain and x.ndim == 1 and x.size and x.shape == y.shape else None


def evaluate(
    p: ArrayLike,
    q: ArrayLike,
    measures: Iterable[str] = DEFAULT_MEASURES,
    *,
    base: Base = "e",
    kind: Kinds = "weights",
    temperature: float = 1.0,
    axis: int = -1,
) -> Evaluation:
    """Return what `divergences` does, with a bound on every relative error.

    Parameters
    ----------
    p, q, measures, base, kind, temperature, axis
        As in `divergences`.

    Returns
    -------
    Evaluation
        ``values`` and ``bounds``, keys exactly as asked.

    Raises
    ------
    ValueError, TypeError
        As `divergences`.
    """
    asked = _asked(measures)
    unit = unit_of(base)
    sides = Sides(p, q, kind, temperature, axis)
    values, bounds = sides.ask(kernel.evaluate, set(asked.values()))
    units = _units(unit)
    return Evaluation(
        {name: sides.shaped(values[m.name] / units[m.degree]) for name, m in asked.items()},
        {name: sides.shaped(bounds[m.name]) for name, m in asked.items()},
    )


def both_ways(
    p: ArrayLike, q: ArrayLike, measures: Iterable[str], *, base: Base = "e"
) -> Evaluation:
    """Return what `evaluate` does of each pair of rows by itself, and of it exchanged.

    To the last bit, however many rows there are, and in a small part of the time.

    Parameters
    ----------
    p, q : array_like, shape (N, K)
        Weights.
    measures, base
        As in `divergences`.

    Returns
    -------
    Evaluation
        Arrays of shape (2, N): of P and Q, and of Q and P.

    Raises
    ------
    ValueError, TypeError
        As `divergences`.
    """
    asked = _asked(measures)
    units = _units(unit_of(base))
    sides = Sides(p, q, "weights", 1.0, -1)
    values, bounds = sides.ask(kernel.both_ways, set(asked.values()))
    return Evaluation(
        {name: values[m.name] / units[m.degree] + 0.0 for name, m in asked.items()},
        {name: bounds[m.name] + 0.0 for name, m in asked.items()},
    )


def jensen_shannon(
    sides: Sequence[ArrayLike],
    *,
    places: Sequence[NDArray[np.intp]] | None = None,
    kinds: Sequence[Kind] | None = None,
    base: Base = "e",
    temperature: float = 1.0,
) -> float:
    """Jensen-Shannon divergence of several distributions, each of the same weight.

    Parameters
    ----------
    sides : sequence of array_like, each of shape (K,)
        Weights or log weights.
    places : sequence of ndarray of int, optional
        Which of all outcomes those of each side are, from 0; the others have no mass there. All
        sides are over the same outcomes if not given.
    kinds : sequence of str, optional
        What the sides are, one by one, as in `divergences`; weights if not given.
    base
        As in `divergences`.
    temperature : float
        Log weights are divided by it.

    Returns
    -------
    float
        ``H(M) - sum H(P_i) / n`` with ``M = sum P_i / n`` [1]_: from 0 to log n.

    Raises
    ------
    ValueError, TypeError
        As `divergences`; ValueError also if there is no side.

    References
    ----------
    .. [1] J. Lin, "Divergence measures based on the Shannon entropy", IEEE Trans. Inf. Theory
       37 (1991), section IV.

    Examples
    --------
    >>> round(jensen_shannon([[1, 0, 0], [0, 1, 0], [0, 0, 1]]), 12)  # log 3
    1.098612288668
    """
    from kldiv_cli.core.kernel import mixture

    of_each: Sequence[Kind] = kinds or ["weights"] * len(sides)
    checked = [
        Sides(side, side, kind, temperature if kind in LOG_KINDS else 1.0, -1, ("sides", "sides"))
        for side, kind in zip(sides, of_each, strict=True)
    ]
    lengths = [each.p.shape[1] for each in checked]
    at = places or [np.arange(length) for length in lengths]
    if not checked or any(each.shape != () for each in checked) or [*map(len, at)] != lengths:
        raise ValueError("sides: expected some arrays of one axis, each with its outcomes")
    if places is None and len({*lengths}) > 1:
        raise ValueError(f"sides: expected as many outcomes in each, found {sorted({*lengths})}")
    outcomes = 1 + max(int(own.max()) for own in at)

    def asked(p: kernel.Side, _: kernel.Side) -> float:
        return mixture.jensen_shannon([p], [np.arange(p.shape[1])], p.shape[1])

    try:
        value = mixture.jensen_shannon([each.p for each in checked], at, outcomes)
    except kernel.NotWeightsError:
        for each in checked:
            each.ask(asked)
        raise
    return value / unit_of(base)


def _units(unit: float) -> dict[float, float]:
    """Return what measures of each degree are divided by, given the unit in nats."""
    return {0.0: 1.0, 0.5: math.sqrt(unit), 1.0: unit}


def kl_div(
    p: ArrayLike,
    q: ArrayLike,
    *,
    base: Base = "e",
    kind: Kinds = "weights",
    temperature: float = 1.0,
    axis: int = -1,
    reduction: Reduction = "none",
) -> Value:
    """Kullback-Leibler divergence D(p || q) = sum p log(p/q).

    Parameters
    ----------
    p, q, base, kind, temperature, axis
        As in `divergences`.
    reduction : {"none", "mean", "sum", "batchmean"}
        ``none`` keeps one value for every distribution; the others are those of torch's
        ``F.kl_div(q.log(), p, reduction)``: the sum, divided by the number of elements, or
        by the length of the first batch axis.

    Returns
    -------
    float or ndarray
        An array only for batches that are not reduced.

    Raises
    ------
    ValueError, TypeError
        As `divergences`.

    Examples
    --------
    >>> round(kl_div([1, 1], [3, 1]), 12)  # log(4/3) / 2
    0.143841036226
    """
    check_reduction(reduction)
    return _kl(p, q, ("p", "q"), kind, base, temperature, axis, reduction)


def contributions(
    p: ArrayLike,
    q: ArrayLike,
    *,
    base: Base = "e",
    kind: Kinds = "weights",
    temperature: float = 1.0,
) -> Contributions:
    """Split both Kullback-Leibler divergences by outcome.

    Parameters
    ----------
    p, q : array_like, shape (K,)
        The two sides.
    base, kind, temperature
        As in `divergences`.

    Returns
    -------
    Contributions
        Five arrays of length K.

    Raises
    ------
    ValueError, TypeError
        As `divergences`; ValueError also if a side is not 1-D.
    """
    sides = Sides(p, q, kind, temperature, -1)
    if sides.shape != ():
        raise ValueError(f"p and q: expected one axis each, found a batch of shape {sides.shape}")
    return Contributions(*(each[0] for each in _by_outcome(sides, unit_of(base))))


def contributions_of_rows(
    p: ArrayLike,
    q: ArrayLike,
    *,
    base: Base = "e",
    kind: Kinds = "weights",
    temperature: float = 1.0,
) -> Contributions:
    """Split both Kullback-Leibler divergences of each row of a batch by outcome.

    Parameters
    ----------
    p, q, base, kind, temperature
        As in `divergences`.

    Returns
    -------
    Contributions
        Five arrays of shape (N, K).

    Raises
    ------
    ValueError, TypeError
        As `divergences`.
    """
    return _by_outcome(Sides(p, q, kind, temperature, -1), unit_of(base))


def _by_outcome(sides: Sides, unit: float) -> Contributions:
    """Return the contributions of every row."""
    p, q, *terms = sides.ask(kernel.contributions)
    return Contributions(p + 0.0, q + 0.0, *(term / unit + 0.0 for term in terms))


def unit_of(base: object) -> float:
    """Return the unit of the base, in nats."""
    if isinstance(base, bool) or str(base) not in BASES:
        raise unexpected("base", BASES, base)
    return 1.0 if base == "e" else math.log(float(str(base)))


def check_reduction(reduction: object) -> None:
    """Refuse a reduction that `REDUCTIONS` does not name."""
    if reduction not in REDUCTIONS:
        raise unexpected("reduction", REDUCTIONS, reduction)


def unexpected(argument: str, choices: Iterable[str], found: object) -> ValueError:
    """Return the error of an argument that is none of its choices."""
    return ValueError(f"{argument}: expected one of {', '.join(choices)}; found {found!r}")


def unbroadcast(values: Floats, shape: tuple[int, ...]) -> Floats:
    """Add up values over the axes along which an array of this shape was broadcast."""
    if values.shape == shape:
        return values
    values = values.sum(axis=tuple(range(values.ndim - len(shape))))
    stretched = tuple(i for i, n in enumerate(shape) if n == 1 != values.shape[i])
    return values.sum(axis=stretched, keepdims=True) if stretched else values


class Sides:
    """Both sides, checked, as N rows of K outcomes.

    Attributes
    ----------
    p, q : kernel.Side
        The sides as the kernel takes them.
    shape : tuple of int
        The shape of the batch: that of both sides together, without the axis of outcomes.
    """

    def __init__(
        self,
        p: ArrayLike,
        q: ArrayLike,
        kind: Kinds,
        temperature: float,
        axis: int,
        names: tuple[str, str] = ("p", "q"),
    ) -> None:
        self._names, self._axis = names, axis
        self._logs = _are_logs(kind)
        _check_temperature(temperature, self._logs)
        self._arrays, shape = self._aligned(_real_numbers(p, names[0]), _real_numbers(q, names[1]))
        self.shape = shape[:-1]
        self.p, self.q = (
            _side(x, shape, log, float(temperature))
            for x, log in zip(self._arrays, self._logs, strict=True)
        )
        self._counted: NDArray[np.bool_] | None = None

    def where(self, counted: NDArray[np.bool_]) -> Sides:
        """Return the rows that count, laid along one axis; the others may hold anything."""
        rows = np.flatnonzero(counted)
        kept = copy(self)
        kept.p, kept.q, kept.shape = self.p.take(rows), self.q.take(rows), (len(rows),)
        kept._counted = counted
        return kept

    def _aligned(
        self, p: NDArray[Any], q: NDArray[Any]
    ) -> tuple[tuple[NDArray[Any], NDArray[Any]], tuple[int, ...]]:
        """Return the arrays with their outcomes last, and the shape that they have together."""
        both = " and ".join(self._names)
        for x, name in zip((p, q), self._names, strict=True):
            if x.ndim == 0:
                raise ValueError(f"{name}: expected an array of outcomes, found a single number")
        axis, longest = self._axis, max(p.ndim, q.ndim)
        if not hasattr(axis, "__index__"):
            raise TypeError(f"axis: expected an integer, found {axis!r}")
        if not -longest <= axis < longest:
            raise ValueError(f"axis: expected -{longest} to {longest - 1}, found {axis!r}")
        # A vector has one axis to offer, whichever axis that is of the other side.
        p = np.moveaxis(p, axis, -1) if p.ndim > 1 else p
        q = np.moveaxis(q, axis, -1) if q.ndim > 1 else q
        if p.shape[-1] != q.shape[-1]:
            found = f"{p.shape[-1]} and {q.shape[-1]}"
            raise ValueError(f"{both}: expected as many outcomes on both sides, found {found}")
        try:
            shape = np.broadcast_shapes(p.shape, q.shape)
        except ValueError:
            found = f"{p.shape} and {q.shape}"
            raise ValueError(f"{both}: expected shapes that broadcast, found {found}") from None
        if 0 in shape:
            raise ValueError(f"{both}: expected outcomes, found none in shape {shape}")
        return (p, q), shape

    def ask(self, question: Callable[..., Answer], *details: object) -> Answer:
        """Ask the kernel; a side that it cannot use becomes an error that says where it is."""
        try:
            return question(self.p, self.q, *details)
        except kernel.NotWeightsError:
            raise self._first_fault() from None

    def log_ratios(self, *, short: bool) -> Iterator[kernel.LogRatios]:
        """Yield the log ratios of some rows after the other; see `ask`."""
        try:
            yield from kernel.log_ratios(self.p, self.q, short=short)
        except kernel.NotWeightsError:
            raise self._first_fault() from None

    def shaped(self, rows: Floats) -> Value:
        """Return values by row in the shape of the batch; no zero has a sign."""
        rows += 0.0
        return float(rows[0]) if self.shape == () else rows.reshape(self.shape)

    def share(self, reduction: Reduction) -> float:
        """Return the factor that every row has in a reduction."""
        if reduction == "mean":
            return 1.0 / (math.prod(self.shape) * self.p.shape[1])
        return 1.0 / self.shape[0] if reduction == "batchmean" and self.shape else 1.0

    def reduced(self, rows: Floats, reduction: Reduction) -> Value:
        """Return values by row as one number, or under ``none`` in the shape of the batch."""
        if reduction == "none":
            return self.shaped(rows)
        return math.fsum(rows.tolist()) * self.share(reduction)

    def _first_fault(self) -> ValueError:
        """Find the first number, or else the first row, that is not valid."""
        for name, x, log in zip(self._names, self._arrays, self._logs, strict=True):
            if log:
                least, expected, nothing = -np.inf, "a finite number or -inf", "only -inf"
            else:
                least, expected, nothing = 0.0, "a finite number >= 0", "only zeros"
            with np.errstate(all="ignore"):
                bad = ~((x >= least) & (x < math.inf)).astype(bool)
                empty = ~np.any(x > least, axis=-1)
            if self._counted is not None:
                counts = unbroadcast(self._counted.astype(float), empty.shape) > 0.0
                bad, empty = bad & counts[..., np.newaxis], empty & counts
            if bad.any():
                place = np.unravel_index(int(np.argmax(bad)), x.shape)
                at = self._place(place[:-1], int(place[-1]))
                return ValueError(f"{name}{at}: expected {expected}, found {x[place]!s}")
            if empty.any():
                row = np.unravel_index(int(np.argmax(empty)), empty.shape)
                at = self._place(row, ":") if row else ""
                return ValueError(f"{name}{at}: expected a positive total, found {nothing}")
        return self._too_far_apart()

    def _too_far_apart(self) -> InputError:
        """Return the error of the row of weights that lie farthest apart, with its side."""
        farthest = (0.0, "")
        for name, x, log in zip(self._names, self._arrays, self._logs, strict=True):
            if log:
                continue
            for row in x.reshape(-1, x.shape[-1]):
                # Integers may be beyond doubles, but their logarithms are not.
                positive = row[row > 0]
                apart = math.log10(positive.max()) - math.log10(positive.min())
                farthest = max(farthest, (apart, name))
        apart, name = farthest
        message = f"{name}: expected weights that doubles can hold beside their total, found some"
        message += f" that are too far apart: one is 10^{apart:.0f} times another"
        hint = "write 0 for weights that are nothing beside the others"
        return InputError("weights-too-far-apart", message, hint=hint)

    def _place(self, row: Iterable[np.intp], outcome: int | str) -> str:
        """Return an index as the caller would write it."""
        index: list[int | str] = [*map(int, row)]
        index.insert(self._axis % (len(index) + 1), outcome)
        return f"[{', '.join(map(str, index))}]"


def _are_logs(kind: Kinds) -> tuple[bool, bool]:
    """Return for each side whether it is given as logarithms."""
    kinds = (kind, kind) if isinstance(kind, str) else tuple(kind)
    if len(kinds) != 2 or not set(kinds) <= set(KINDS):
        raise unexpected("kind", (*KINDS, "a pair of them"), kind)
    return kinds[0] in LOG_KINDS, kinds[1] in LOG_KINDS


def _check_temperature(temperature: Any, logs: tuple[bool, bool]) -> None:
    number = np.ndim(temperature) == 0 and np.asarray(temperature).dtype.kind in "iuf"
    if not (number and 0.0 < temperature < math.inf):
        raise ValueError(f"temperature: expected a finite number > 0, found {temperature!r}")
    if temperature != 1.0 and not any(logs):
        raise ValueError("temperature: expected logits or log-probs on a side, found weights")


def _real_numbers(x: ArrayLike, name: str) -> NDArray[Any]:
    """Return an array of real numbers of at most 64 bits, or of integers of any size."""
    if isinstance(x, np.ndarray) and np.any(getattr(x, "mask", False)):
        raise ValueError(f"{name}: expected numbers, found masked ones")
    try:
        array = np.asarray(x)
    except ValueError as error:
        raise ValueError(f"{name}: expected a rectangular array, found {error}") from None
    kind = array.dtype.kind
    if kind in "iu" or (kind == "f" and array.dtype.itemsize <= 8):
        return array
    if kind == "O" and array.size:
        odd = [v for v in array.flat if type(v) is not int and not isinstance(v, np.integer)]
        if not odd:
            return array
        raise TypeError(f"{name}: expected numbers, found {odd[0]!r} of {type(odd[0]).__name__}")
    raise TypeError(f"{name}: expected real numbers of at most 64 bits, found {array.dtype}")


def _side(
    x: NDArray[Any], shape: tuple[int, ...], logarithmic: bool, temperature: float
) -> kernel.Side:
    """Return a side as N rows of K outcomes, with Python integers as sums of two doubles."""
    rows = (-1, shape[-1])
    low = integers = None
    if x.dtype.kind == "O":
        integers = np.broadcast_to(x, shape).reshape(rows)
        x, low = _twofold(x)
        low = np.broadcast_to(low, shape).reshape(rows)
    array = np.broadcast_to(x, shape).reshape(rows)
    return kernel.Side(kernel.Weights(array, low, integers=integers), logarithmic, temperature)


def _twofold(x: NDArray[Any]) -> tuple[Floats, Floats]:
    """Return integers to 106 bits, where they are beyond doubles over a power of two by row."""
    high, low = np.empty(x.shape), np.empty(x.shape)
    for row in np.ndindex(x.shape[:-1]):
        numbers = [int(v) for v in x[row]]
        unit = 1 << max(0, max(map(abs, numbers)).bit_length() - 1000)
        high[row] = [n / unit for n in numbers]
        low[row] = [
            (n * d - m * unit) / (d * unit)
            for n, (m, d) in zip(numbers, map(float.as_integer_ratio, high[row]), strict=True)
        ]
    return high, low
