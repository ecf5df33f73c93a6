"""The public door: what comes in is checked here, once; the kernel takes it as it is.

All functions take array-likes of weights (probabilities and counts are weights; nothing need
be normalised) or of log weights (logits, log-probabilities), as `kind` says.  Distributions lie
along `axis`; the other axes of the two sides are broadcast against each other, so that a vector
meets every row of a matrix.  Real numbers of any NumPy type are taken at face value: float32
as the doubles they denote, integers exactly at any size.  Results are in units of the
logarithm's `base`.  Anything else raises one error that names argument, place, found, expected.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from kldiv_cli.core import kernel
from kldiv_cli.core.measures import DEFAULT_MEASURES, find

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from kldiv_cli.core.distribution import Kind

Floats: TypeAlias = "NDArray[np.float64]"
Value: TypeAlias = "float | Floats"
Kinds: TypeAlias = "Kind | tuple[Kind, Kind]"
Base: TypeAlias = "Literal['e', '2', '10', 2, 10]"
Reduction: TypeAlias = Literal["none", "mean", "sum", "batchmean"]

_KINDS = ("weights", "probabilities", "counts", "logits", "log-probs")
_LOGARITHMIC = ("logits", "log-probs")
_UNITS = {"e": 1.0, "2": math.log(2.0), "10": math.log(10.0)}
_KL = frozenset({"kl_pq", "kl_qp", "jeffreys", "psi"})
_REDUCTIONS = ("none", "mean", "sum", "batchmean")


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """Measures and how wrong they can be, by the names that were asked for.

    Attributes
    ----------
    values : dict of str to float or ndarray
        The measures, in units of the base where they have a unit.
    bounds : dict of str to float or ndarray
        Bounds on their relative errors, never below the true error.
    """

    values: dict[str, Value]
    bounds: dict[str, Value]


@dataclass(frozen=True, slots=True, eq=False)
class Contributions:
    """Two distributions outcome by outcome.

    Attributes
    ----------
    p, q : ndarray, shape (K,)
        Normalised.
    kl_pq, kl_qp : ndarray, shape (K,)
        p log(p/q) and q log(q/p): signed, inf where only the first side gives the outcome a
        chance.  They sum to the divergences.
    """

    p: Floats
    q: Floats
    kl_pq: Floats
    kl_qp: Floats


@dataclass(frozen=True, slots=True, eq=False)
class LossAndGradients:
    """A loss and its exact gradients.

    Attributes
    ----------
    loss : float or ndarray
        As `kl_div_loss` returns it without gradients.
    teacher, student : ndarray
        Gradients of the loss (of its sum, where it is not reduced), shaped as the logits.
    """

    loss: Value
    teacher: Floats
    student: Floats


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
    names = list(measures) if not isinstance(measures, str) else measures
    found = {name: find(name).name for name in names} if isinstance(names, list) else {}
    if not found or not _KL.issuperset(found.values()):
        return evaluate(
            p, q, names, base=base, kind=kind, temperature=temperature, axis=axis
        ).values
    # Without bounds the Kullback-Leibler divergences need but one reading of the data.
    wanted = set(found.values())
    kl_pq: Value = 0.0
    kl_qp: Value = 0.0
    if wanted != {"kl_qp"}:
        kl_pq = _kl(p, q, ("p", "q"), kind, base, temperature, axis)
    if wanted != {"kl_pq"}:
        back = kind if isinstance(kind, str) else kind[::-1]
        kl_qp = _kl(q, p, ("q", "p"), back, base, temperature, axis)
    known = {"kl_pq": kl_pq, "kl_qp": kl_qp, "jeffreys": kl_pq + kl_qp, "psi": kl_pq + kl_qp}
    return {name: known[measure] for name, measure in found.items()}


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
    """D(p || q); of two plain vectors of weights with the least ado."""
    unit = _unit(base)
    if kind == "weights" and axis == -1 and temperature == 1.0:
        vectors = _vectors(p, q)
        value = None if vectors is None else kernel.kl_of_vectors(*vectors)
        if value is not None:
            return value / unit / (np.size(p) if reduction == "mean" else 1)
    sides = _Sides(p, q, kind, temperature, axis, names)
    with sides.explained():
        rows = kernel.kl(sides.p, sides.q) / unit
    return sides.shaped(rows) if reduction == "none" else sides.reduced(rows, reduction)


def _vectors(p: ArrayLike, q: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]] | None:
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
    """Do as `divergences`, with a bound on every relative error.

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
    if isinstance(measures, str):
        raise TypeError(f"measures: expected several names, found the text {measures!r}")
    asked = {name: find(name) for name in measures}
    unit = _unit(base)
    sides = _Sides(p, q, kind, temperature, axis)
    with sides.explained():
        values, bounds = kernel.evaluate(sides.p, sides.q, set(asked.values()))
    units = {0.0: 1.0, 0.5: math.sqrt(unit), 1.0: unit}
    return Evaluation(
        {name: sides.shaped(values[m.name] / units[m.degree]) for name, m in asked.items()},
        {name: sides.shaped(bounds[m.name]) for name, m in asked.items()},
    )


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
    if reduction not in _REDUCTIONS:
        raise ValueError(_expected("reduction", _REDUCTIONS, reduction))
    return _kl(p, q, ("p", "q"), kind, base, temperature, axis, reduction)


def kl_div_loss(
    teacher_logits: ArrayLike,
    student_logits: ArrayLike,
    *,
    temperature: float = 1.0,
    reduction: Reduction = "batchmean",
    gradient: bool = False,
) -> Value | LossAndGradients:
    """Knowledge-distillation loss: D(teacher || student) of softened distributions.

    Equals torch's ``KLDivLoss(reduction)(log_softmax(student / T), softmax(teacher / T))``,
    without the factor T^2 that some recipes put before it.

    Parameters
    ----------
    teacher_logits, student_logits : array_like, shape (..., K)
        Logits; classes lie along the last axis.
    temperature : float
        T.
    reduction : {"none", "mean", "sum", "batchmean"}
        As torch; ``none`` gives the terms p log(p/q), shaped as the logits.
    gradient : bool
        Whether to return gradients as well.

    Returns
    -------
    float or ndarray, or LossAndGradients
        The loss; with ``gradient=True`` also its derivatives.

    Raises
    ------
    ValueError, TypeError
        As `divergences`.

    Notes
    -----
    With p and q the softmax of the logits over T, and N rows under ``batchmean`` [1]_::

        dL/d student = (q - p) / (N T)
        dL/d teacher = p (log(p/q) - D(p || q)) / (N T)

    References
    ----------
    .. [1] G. Hinton, O. Vinyals and J. Dean, "Distilling the knowledge in a neural network",
       arXiv:1503.02531 (2015).
    """
    if reduction not in _REDUCTIONS:
        raise ValueError(_expected("reduction", _REDUCTIONS, reduction))
    names = ("teacher_logits", "student_logits")
    sides = _Sides(teacher_logits, student_logits, "logits", temperature, -1, names)
    with sides.explained():
        if reduction != "none" and not gradient:
            return sides.reduced(kernel.kl(sides.p, sides.q), reduction)
        found = kernel.loss(sides.p, sides.q)
    full = (*sides.shape, sides.p.shape[1])
    if reduction == "none":
        loss: Value = found.terms.reshape(full)
    else:
        loss = sides.reduced(found.rows, reduction)
    if not gradient:
        return loss
    share = sides.share(reduction) / temperature
    return LossAndGradients(
        loss,
        _unbroadcast((found.by_p * share).reshape(full), np.shape(teacher_logits)),
        _unbroadcast((found.by_q * share).reshape(full), np.shape(student_logits)),
    )


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
        Four arrays of length K.

    Raises
    ------
    ValueError, TypeError
        As `divergences`; ValueError also if a side is not 1-D.
    """
    unit = _unit(base)
    sides = _Sides(p, q, kind, temperature, -1)
    if sides.shape != ():
        raise ValueError(f"p and q: expected one axis each, found a batch of shape {sides.shape}")
    with sides.explained():
        p_, q_, kl_pq, kl_qp = kernel.contributions(sides.p, sides.q)
    return Contributions(p_, q_, kl_pq / unit, kl_qp / unit)


def _unit(base: object) -> float:
    unit = None if isinstance(base, bool) else _UNITS.get(str(base))
    if unit is None:
        raise ValueError(_expected("base", ("e", "2", "10"), base))
    return unit


def _expected(argument: str, choices: Iterable[str], found: object) -> str:
    return f"{argument}: expected one of {', '.join(choices)}; found {found!r}"


def _unbroadcast(gradient: Floats, shape: tuple[int, ...]) -> Floats:
    """Add up, for a side that met many rows, the gradients of all of them."""
    extra = tuple(range(gradient.ndim - len(shape)))
    gradient = gradient.sum(axis=extra)
    stretched = tuple(i for i, n in enumerate(shape) if n == 1 != gradient.shape[i])
    return gradient.sum(axis=stretched, keepdims=True) if stretched else gradient


class _Sides:
    """Both sides, checked, as rows of one shape."""

    def __init__(
        self,
        p: ArrayLike,
        q: ArrayLike,
        kind: Kinds,
        temperature: float,
        axis: int,
        names: tuple[str, str] = ("p", "q"),
    ) -> None:
        kinds = (kind, kind) if isinstance(kind, str) else tuple(kind)
        if len(kinds) != 2 or not set(kinds) <= set(_KINDS):
            raise ValueError(_expected("kind", (*_KINDS, "a pair of them"), kind))
        logs = [k in _LOGARITHMIC for k in kinds]
        number = np.ndim(temperature) == 0 and np.asarray(temperature).dtype.kind in "iuf"
        if not (number and 0.0 < temperature < math.inf):
            raise ValueError(f"temperature: expected a finite number > 0, found {temperature!r}")
        if temperature != 1.0 and not any(logs):
            raise ValueError("temperature: expected logits or log-probs on a side, found weights")
        arrays = [_real_numbers(x, name) for x, name in zip((p, q), names, strict=True)]
        for x, name in zip(arrays, names, strict=True):
            if x.ndim == 0:
                raise ValueError(f"{name}: expected an array of outcomes, found a single number")
        if not hasattr(axis, "__index__"):
            raise TypeError(f"axis: expected an integer, found {axis!r}")
        longest = max(x.ndim for x in arrays)
        if not -longest <= axis < longest:
            raise ValueError(f"axis: expected -{longest} to {longest - 1}, found {axis!r}")
        # A vector has one axis to offer, whichever axis that is of the other side.
        arrays = [np.moveaxis(x, axis, -1) if x.ndim > 1 else x for x in arrays]
        lengths = [x.shape[-1] for x in arrays]
        if lengths[0] != lengths[1]:
            raise ValueError(
                f"{names[0]} and {names[1]}: expected as many outcomes on both sides, "
                f"found {lengths[0]} and {lengths[1]}"
            )
        try:
            shape = np.broadcast_shapes(*(x.shape for x in arrays))
        except ValueError:
            shapes = " and ".join(str(x.shape) for x in arrays)
            raise ValueError(
                f"{names[0]} and {names[1]}: expected shapes that broadcast, found {shapes}"
            ) from None
        if 0 in shape:
            raise ValueError(
                f"{names[0]} and {names[1]}: expected outcomes, found none in shape {shape}"
            )
        self.shape = shape[:-1]
        self._names, self._arrays, self._logs, self._axis = names, arrays, logs, axis
        self.p, self.q = (
            _side(x, shape, log, float(temperature)) for x, log in zip(arrays, logs, strict=True)
        )

    def shaped(self, rows: Floats) -> Value:
        """By row as the caller's batch is shaped."""
        return float(rows[0]) if self.shape == () else rows.reshape(self.shape)

    def share(self, reduction: str) -> float:
        """Return what every row counts for in a reduction."""
        if reduction == "mean":
            return 1.0 / (math.prod(self.shape) * self.p.shape[1])
        return 1.0 / self.shape[0] if reduction == "batchmean" and self.shape else 1.0

    def reduced(self, rows: Floats, reduction: str) -> float:
        """All rows in one number."""
        return math.fsum(rows.tolist()) * self.share(reduction)

    def explained(self) -> _Explained:
        """Turn what the kernel cannot use into an error that says where it is."""
        return _Explained(self)

    def explain(self) -> ValueError:
        """Find the first thing that is wrong."""
        for name, x, log in zip(self._names, self._arrays, self._logs, strict=True):
            with np.errstate(all="ignore"):
                if log:
                    bad = np.isnan(x) | (x == np.inf)
                    expected = "a finite number or -inf"
                else:
                    bad = ~((x >= 0) & (x < math.inf)).astype(bool)
                    expected = "a finite number >= 0"
                if bad.any():
                    place = np.unravel_index(int(np.argmax(bad)), x.shape)
                    found = x[place]
                    at = self._place(place)
                    return ValueError(f"{name}{at}: expected {expected}, found {found!s}")
                empty = ~np.any(x > (-np.inf if log else 0), axis=-1)
                if empty.any():
                    place = np.unravel_index(int(np.argmax(empty)), empty.shape)
                    at = self._place(place, row=True)
                    nothing = "only -inf" if log else "only zeros"
                    return ValueError(f"{name}{at}: expected a positive total, found {nothing}")
        return ValueError(
            f"{self._names[0]} and {self._names[1]}: expected weights that doubles can hold "
            "beside their total, found some that are too far apart"
        )

    def _place(self, index: tuple[Any, ...], row: bool = False) -> str:
        """Write an index as the caller would."""
        parts = [str(int(i)) for i in index]
        if parts or row:
            outcome = ":" if row else parts.pop()
            if parts:
                at = self._axis % (len(parts) + 1)
                parts.insert(at, outcome)
            elif not row:
                parts = [outcome]
        return f"[{', '.join(parts)}]" if parts else ""


class _Explained:
    def __init__(self, sides: _Sides) -> None:
        self._sides = sides

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        if kind is kernel.NotWeightsError:
            raise self._sides.explain() from None


def _real_numbers(x: ArrayLike, name: str) -> NDArray[Any]:
    """Return the array if it holds real numbers of at most 64 bits, or integers."""
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
    """Present a side as N rows of K outcomes; Python integers as sums of two doubles."""
    rows = (-1, shape[-1])
    low = integers = None
    if x.dtype.kind == "O":
        integers = np.broadcast_to(x, shape).reshape(rows)
        x, low = _twofold(x)
        low = np.broadcast_to(low, shape).reshape(rows)
    array = np.broadcast_to(x, shape).reshape(rows)
    return kernel.Side(kernel.Weights(array, low, integers=integers), logarithmic, temperature)


def _twofold(x: NDArray[Any]) -> tuple[Floats, Floats]:
    """Integers of any size to 106 bits, rows beyond doubles divided by a power of two."""
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
