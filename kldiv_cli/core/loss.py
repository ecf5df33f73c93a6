"""The distillation loss of logits, and its exact gradients.

The divergence is taken of softened distributions: p and q are the softmax of the first and of
the second side over the temperature T, and the loss of a row is D(p || q).  Its derivatives by
the logits of the two sides are ``p (log(p/q) - D) / T`` and ``(q - p) / T``; the kernel yields
log(p/q) and q - p without cancellation, some rows at a time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

import numpy as np

from kldiv_cli.core import kernel
from kldiv_cli.core.divergences import (
    Floats,
    Sides,
    Value,
    check_reduction,
    unbroadcast,
    unexpected,
)
from kldiv_cli.core.measures import Reduction
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

Direction = Literal["forward", "reverse"]
"""D(teacher || student), or D(student || teacher)."""
DIRECTIONS = get_args(Direction)
IGNORE_INDEX = -100
"""The target of a row that does not count, as in PyTorch's ``cross_entropy``."""
T = TypeVar("T")


class LossAndGradients(NamedTuple):
    """A loss and its exact gradients.

    Attributes
    ----------
    loss : float or ndarray
        As `kl_div_loss` returns it without gradients.
    teacher, student : ndarray
        Gradients of the loss (of its sum, where it is not reduced), shaped as the logits.
    """

    loss: Any
    teacher: Any
    student: Any


@dataclass(frozen=True)
class Objective:
    """Which divergence of a student from its teacher is a loss, and over which rows.

    Attributes
    ----------
    temperature : float
        T, by which the logits are divided.
    reduction : {"none", "mean", "sum", "batchmean"}
        How the divergences of all rows become one number.
    direction : {"forward", "reverse"}
        D(teacher || student), or D(student || teacher).
    scale_by_temperature_squared : bool
        Whether the loss is multiplied by T^2.
    mask : array_like of bool, or None
        Shaped as the batch: True where a row counts.
    targets : array_like of int, or None
        Shaped as the batch: classes, or `ignore_index` where a row does not count.
    ignore_index : int
        See `targets`.
    """

    temperature: float = 1.0
    reduction: Reduction = "batchmean"
    direction: Direction = "forward"
    scale_by_temperature_squared: bool = False
    mask: ArrayLike | None = None
    targets: ArrayLike | None = None
    ignore_index: int = IGNORE_INDEX

    @property
    def scale(self) -> float:
        """The factor before the divergence."""
        return self.temperature**2 if self.scale_by_temperature_squared else 1.0


class Wanted(NamedTuple):
    """The types of the gradients that are wanted; None where one is not."""

    teacher: DTypeLike | None
    student: DTypeLike | None


BOTH = Wanted(np.float64, np.float64)


def loss(
    teacher_logits: ArrayLike,
    student_logits: ArrayLike,
    objective: Objective,
    dtype: DTypeLike = np.float64,
    *,
    short: bool = False,
) -> Value:
    """Return the loss; where it is not reduced, its terms in the type given.

    Parameters
    ----------
    teacher_logits, student_logits : array_like, shape (..., K)
        As `kldiv_cli.kl_div_loss` takes them.
    objective : Objective
        What is computed.
    dtype : dtype
        Of the terms.
    short : bool
        Whether terms and gradients are computed on the short path; see
        `kernel.ratios.log_ratios`.

    Returns
    -------
    float or ndarray
        Only terms are an array.

    Raises
    ------
    ValueError, TypeError
        As `kldiv_cli.kl_div_loss`.
    """
    batch = _Batch(teacher_logits, student_logits, objective)
    if objective.reduction != "none":
        return batch.reduced(batch.sides.ask(kernel.kl))
    terms = batch.empty(dtype)
    for ratios in batch.sides.log_ratios(short=short):
        batch.put(terms, ratios.rows, _terms(ratios) * objective.scale)
    return terms.reshape(batch.shape)


def loss_and_gradients(
    teacher_logits: ArrayLike,
    student_logits: ArrayLike,
    objective: Objective,
    wanted: Wanted = BOTH,
    *,
    short: bool = False,
) -> LossAndGradients:
    """Return the loss and the gradients that are wanted of it, or of the sum of its terms.

    Parameters
    ----------
    teacher_logits, student_logits, objective, short
        As `loss` takes them.
    wanted : Wanted
        Which gradients are computed.

    Returns
    -------
    LossAndGradients
        None for a gradient that is not wanted.

    Raises
    ------
    ValueError, TypeError
        As `kldiv_cli.kl_div_loss`.
    """
    batch = _Batch(teacher_logits, student_logits, objective)
    none = objective.reduction == "none"
    terms = batch.empty(np.float64) if none else None
    rows = np.empty(batch.sides.p.shape[0])
    by_p, by_q = batch.gradients(wanted)
    for ratios in batch.sides.log_ratios(short=short):
        rows[ratios.rows] = ratios.kl[:, 0]
        if terms is not None:
            batch.put(terms, ratios.rows, _terms(ratios) * objective.scale)
        if by_p is not None:
            batch.put(by_p, ratios.rows, _by_p(ratios) * batch.factor)
        if by_q is not None:
            batch.put(by_q, ratios.rows, ratios.difference * batch.factor)
    value = batch.reduced(rows) if terms is None else terms.reshape(batch.shape)
    return LossAndGradients(value, *batch.shaped(by_p, by_q))


def gradients_of_terms(
    teacher_logits: ArrayLike,
    student_logits: ArrayLike,
    objective: Objective,
    weights: NDArray[Any],
    wanted: Wanted = BOTH,
    *,
    short: bool = False,
) -> tuple[NDArray[Any] | None, NDArray[Any] | None]:
    """Return the gradients of a weighted sum of the terms of a loss that is not reduced.

    Parameters
    ----------
    teacher_logits, student_logits, objective, short
        As `loss` takes them; the reduction is ``none``.
    weights : ndarray, shaped as the terms
        Gradients by the terms.
    wanted : Wanted
        As `loss_and_gradients` takes it.

    Returns
    -------
    teacher, student : ndarray or None
        Shaped as the logits.

    Raises
    ------
    ValueError, TypeError
        As `kldiv_cli.kl_div_loss`.
    """
    batch = _Batch(teacher_logits, student_logits, objective)
    by_p, by_q = batch.gradients(wanted)
    weights = weights.reshape(-1, batch.shape[-1])
    for ratios in batch.sides.log_ratios(short=short):
        g = weights[batch.at(ratios.rows)].astype(float)
        with np.errstate(all="ignore"):
            # The weight's excess over its mean under P; nothing where all weights are one.
            excess = g - (g * ratios.p).sum(axis=1, keepdims=True)
            if by_q is not None:
                mean = g - excess
                slope = mean * ratios.difference - ratios.p * excess
                batch.put(by_q, ratios.rows, slope * batch.factor)
            if by_p is not None:
                weighted = np.where(g == 0.0, 0.0, g * ratios.log_ratio)
                kl = np.where(ratios.p > 0.0, ratios.p * weighted, 0.0)
                kl = kl.sum(axis=1, keepdims=True)
                slope = _by_p(ratios._replace(log_ratio=weighted, surplus=weighted - kl))
                slope += ratios.p * excess
                batch.put(by_p, ratios.rows, slope * batch.factor)
    return batch.shaped(by_p, by_q)


def _terms(ratios: kernel.LogRatios) -> Floats:
    """Return p log(p/q), which is 0 where P has no mass."""
    with np.errstate(all="ignore"):
        return np.where(ratios.p > 0.0, ratios.p * ratios.log_ratio, 0.0)


def _by_p(ratios: kernel.LogRatios) -> Floats:
    """Return the derivatives of D(p || q) by the logits of P over T."""
    with np.errstate(all="ignore"):
        # An infinite loss falls fastest where it is infinite.
        slope = np.where(np.isinf(ratios.log_ratio), np.inf, ratios.surplus)
        return np.where(ratios.p > 0.0, ratios.p * slope, 0.0)


class _Batch:
    """The rows of two sides that count, and arrays with a number for each logit.

    Attributes
    ----------
    sides : Sides
        The rows of D(p || q): teacher and student, or in reverse.
    shape : tuple of int
        Of all logits, whether they count or not: the shapes of both sides, broadcast.
    factor : float
        By which the derivatives of the divergence of a row are multiplied.
    """

    def __init__(
        self, teacher_logits: ArrayLike, student_logits: ArrayLike, objective: Objective
    ) -> None:
        check_reduction(objective.reduction)
        if objective.direction not in DIRECTIONS:
            raise unexpected("direction", DIRECTIONS, objective.direction)
        self._objective = objective
        p, q = self.by_side(teacher_logits, student_logits)
        names = self.by_side("teacher_logits", "student_logits")
        self.sides = Sides(p, q, "logits", objective.temperature, -1, names)
        self.shape = (*self.sides.shape, self.sides.p.shape[1])
        self._own = np.shape(p), np.shape(q)
        counted = _counted(objective, self.shape)
        self._places = None if counted is None else np.flatnonzero(counted)
        if counted is not None:
            self.sides = self.sides.where(counted)
        self.factor = self.sides.share(objective.reduction) / objective.temperature
        self.factor *= objective.scale

    def by_side(self, first: T, second: T) -> tuple[T, T]:
        """Exchange p and q for teacher and student, or teacher and student for p and q."""
        return (first, second) if self._objective.direction == "forward" else (second, first)

    def reduced(self, rows: Floats) -> Value:
        """Return divergences by row as one number."""
        return self.sides.reduced(rows, self._objective.reduction) * self._objective.scale

    def at(self, rows: slice) -> slice | NDArray[np.intp]:
        """Return where rows that count are among all rows."""
        return rows if self._places is None else self._places[rows]

    def empty(self, dtype: DTypeLike) -> NDArray[Any]:
        """Return an array of a number for each logit, which is zero where a row does not count."""
        new = np.empty if self._places is None else np.zeros
        return new((math.prod(self.shape[:-1]), self.shape[-1]), dtype)

    def put(self, array: NDArray[Any], rows: slice, values: Floats) -> None:
        """Store the numbers of some rows; no zero has a sign."""
        with np.errstate(all="ignore"):
            array[self.at(rows)] = values.astype(array.dtype, copy=False) + 0.0

    def gradients(self, wanted: Wanted) -> tuple[NDArray[Any] | None, NDArray[Any] | None]:
        """Return arrays for the gradients by p and q, where they are wanted."""
        p, q = (
            # Of a side that was broadcast the gradients of all rows are added up, as doubles.
            None if dtype is None else self.empty(dtype if own == self.shape else np.float64)
            for dtype, own in zip(self.by_side(*wanted), self._own, strict=True)
        )
        return p, q

    def shaped(
        self, by_p: NDArray[Any] | None, by_q: NDArray[Any] | None
    ) -> tuple[NDArray[Any] | None, NDArray[Any] | None]:
        """Return gradients by row as those by teacher and student, shaped as the logits."""
        p, q = (
            None if rows is None else unbroadcast(rows.reshape(self.shape), own)
            for rows, own in zip((by_p, by_q), self._own, strict=True)
        )
        return self.by_side(p, q)


def _counted(objective: Objective, shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
    """Return which rows count; None where neither a mask nor targets say it."""
    *batch, outcomes = shape
    counted = np.ones(batch, bool)
    if objective.mask is None and objective.targets is None:
        if objective.ignore_index != IGNORE_INDEX:
            raise ValueError("ignore_index: expected with targets, found without them")
        return None
    if objective.mask is not None:
        counted &= _of_batch(objective.mask, "mask", "b", "booleans", counted.shape)
    if objective.targets is not None:
        targets = _of_batch(objective.targets, "targets", "iu", "integers", counted.shape)
        counted &= targets != objective.ignore_index
        wrong = counted & ((targets < 0) | (targets >= outcomes))
        if wrong.any():
            row = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
            at = f"[{', '.join(map(str, map(int, row)))}]" if row else ""
            raise ValueError(
                f"targets{at}: expected a class from 0 to {outcomes - 1}, or "
                f"{objective.ignore_index} where a row does not count; found {targets[row]!s}"
            )
    if not counted.any():
        given = {"mask": objective.mask, "targets": objective.targets}
        names = " and ".join(name for name, value in given.items() if value is not None)
        raise ValueError(f"{names}: expected a row that counts, found none")
    return counted


def _of_batch(
    values: ArrayLike, name: str, kinds: str, expected: str, batch: tuple[int, ...]
) -> NDArray[Any]:
    """Return an array with a value for each row of a batch."""
    array = np.asarray(values)
    if array.dtype.kind not in kinds:
        raise TypeError(f"{name}: expected {expected}, found {array.dtype}")
    if array.shape != batch:
        raise ValueError(f"{name}: expected the shape of the batch, {batch}, found {array.shape}")
    return array
