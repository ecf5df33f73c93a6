"""The meaning of weights: as the user declares it, or as their total shows."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli.core import counts
from kldiv_cli.core.distribution import LOG_KINDS, Distribution, Kind
from kldiv_cli.core.labels import kept_apart, near_duplicates, unwritable
from kldiv_cli.core.numbers import DIGITS, EXACT
from kldiv_cli.core.texts import Texts
from kldiv_cli.errors import Fault, InputError, Note, Place
from kldiv_cli.readers import histograms
from kldiv_cli.readers.outcomes import DUPLICATE, Weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kldiv_cli.readers.options import ReadOptions

TOLERANCE = 1e-6
"""How far from 1 a sum of probabilities may be."""
LIKE_ONE, FEWEST_LIKE = 0.01, 3
"""How near to 1 rows of so many outcomes add up where they may be probabilities in 16 bits."""
SINGLE = 2**24
"""From here on numbers of 32 bits do not tell an integer from its neighbours."""
NO_MASS = Fault(
    "no-mass",
    "all weights of a row are zero",
    "a distribution needs one outcome at least that has mass",
)
SMALLER = "divide all of them by one number"
LARGE = 2.0**1023
"""A rounded total below it is no exact one that overflows."""


def distribution(found: Weights, option: ReadOptions, source: str, name: str) -> Distribution:
    """Return weights with their meaning as a distribution.

    Parameters
    ----------
    found : Weights
        The numbers; their labels are text.
    option : ReadOptions
        The kind that the user declared, if any.
    source, name : str
        The names of the source and of the distribution in errors and reports.

    Raises
    ------
    InputError
        If there is no mass, declared counts are not whole, or an array is a single column.
    """
    _refuse_column(found, source)
    bins = histograms.bins_of(found, source)
    if bins is not None:
        found = histograms.masses(found, bins, option.kind, source)
    # Lines were counted, whatever their number.
    declared = option.kind or ("counts" if found.format == "uniq" else None)
    kind, weights, notes = meaning_of(found, declared, source)
    labels, missing, missing_label = found.labels, 0, None
    if labels is not None:
        texts = labels
        if not isinstance(labels, Texts):
            texts = [label for label in labels if label is not None]
        check_labels(texts, Place(source, name=found.column))
        notes += kept_apart(near_duplicates(texts), "labels", source)
        if len(texts) < len(labels):
            missing_label = counts.missing_label(set(texts))
            at = labels.index(None)
            labels = [*labels[:at], missing_label, *labels[at + 1 :]]
            missing = int(weights[at]) if kind == "counts" else 0
    rows = len(weights) if found.rows_read is None else found.rows_read
    return Distribution(
        name=name,
        source=source,
        format=found.format,
        kind=kind,
        outcomes=labels if labels is None or isinstance(labels, Texts) else tuple(labels),
        weights=weights,
        rows_read=rows,
        rows_used=rows if found.rows_used is None else found.rows_used,
        missing=missing,
        notes=tuple(notes),
        details=tuple(found.details.items()),
        column=found.outcomes_in,
        missing_label=missing_label,
        intervals=bins,
        flattened=histograms.grid_of(bins) or found.flattened,
        joint=labels is not None and bool(option.joint or option.by),
    )


def _refuse_column(found: Weights, source: str) -> None:
    """Refuse an array of one column, whose rows would all be the same distribution."""
    shape = found.weights.shape
    if found.labels is None and len(shape) == 2 and shape[0] > 1 and shape[1] == 1:
        message = f"each of {shape[0]} rows has one outcome, which has all of its mass"
        hint = "--flatten makes one distribution of them; --as samples if these are raw values"
        raise InputError("one-outcome", message, Place(source, name=found.column), hint=hint)


def meaning_of(
    found: Weights, declared: Kind | None, source: str
) -> tuple[Kind, NDArray[Any], list[Note]]:
    """Return the kind of weights, the weights as that kind has them, and notes.

    Raises
    ------
    InputError
        If there is no mass, the total is too large, or declared counts are not whole.
    """
    weights = found.weights
    here = Place(source, name=found.column)
    if not weights.size:
        raise InputError("no-rows", "there are no numbers", here)
    notes = list(found.notes)
    if declared is not None and declared in LOG_KINDS:
        if found.integers:
            weights = weights.astype(np.float64)
        _check_mass(weights.max(axis=-1) > -np.inf, here)
        if declared == "log-probs":
            sums = masses(weights, declared)
            notes += notes_on_totals(declared, sums, weights.dtype, weights.shape, source)
        return declared, weights, notes
    whole = not found.is_percent and (found.integers or are_whole(weights))
    totals = _totals(weights, integers=found.integers)
    _check_mass(totals > 0, here)
    _check_size(totals, weights, here)
    kind: Kind = declared or _chosen(totals, weights, whole=whole)
    if not declared and (found.is_percent or (found.weighted and kind == "counts")):
        kind = "weights"
    if kind == "counts" and whole and not found.integers:
        weights = weights.astype(np.int64)
        if not declared:
            notes.append(_whole(totals, source))
    if found.summed and kind != "counts":
        message = f"rows of one outcome can be added up if they are counts; these are {kind}"
        hint = "--as counts if they are counts; else one row for each outcome"
        raise InputError(DUPLICATE.code, message, here, hint=hint)
    notes += notes_on_totals(
        kind,
        totals,
        weights.dtype,
        weights.shape,
        source,
        may_be_counts=whole and not found.weighted,
        is_percent=found.is_percent,
        is_labelled=found.labels is not None,
    )
    return kind, weights, notes


def masses(weights: NDArray[Any], kind: Kind) -> NDArray[np.float64]:
    """Return the total of each distribution, of log-probabilities that of their exponentials."""
    with np.errstate(over="ignore", under="ignore"):
        if kind in LOG_KINDS:
            return np.asarray(np.exp(weights, dtype=np.float64).sum(axis=-1))
        return np.asarray(weights.sum(axis=-1, dtype=np.float64))


def look_like_probabilities(rows: NDArray[Any]) -> bool:
    """Return whether rows of logits, two at least, could be probabilities.

    Parameters
    ----------
    rows : ndarray, shape (N, K) or (K,)
        Some rows; no number is NaN.
    """
    if rows.ndim < 2 or len(rows) < 2 or rows.shape[1] < FEWEST_LIKE or rows.min() < 0:
        return False
    return bool(np.all(np.abs(rows.sum(axis=1, dtype=np.float64) - 1) <= LIKE_ONE))


def notes_on_totals(
    kind: Kind,
    totals: NDArray[Any],
    dtype: np.dtype[Any],
    shape: tuple[int, ...],
    source: str,
    *,
    may_be_counts: bool = False,
    is_percent: bool = False,
    is_labelled: bool = False,
) -> list[Note]:
    """Return the notes on distributions whose totals are known.

    Parameters
    ----------
    kind : Kind
        The meaning of the weights.
    totals : ndarray, shape () or (N,)
        The total of each distribution.
    dtype, shape
        Of the weights.
    source : str
        The name of the source in errors.
    may_be_counts : bool
        Whether the weights are whole numbers.
    is_percent : bool
        Whether they are percentages.
    is_labelled : bool
        Whether their outcomes have labels.
    """
    notes = []
    is_one = _near_one(totals / 100 if is_percent else totals, dtype, shape)
    if kind == "log-probs" and not is_one:
        message = f"log-probs of total {_total(totals)} are normalised to 1"
        notes.append(_normalised(message, "--as logits", source))
    if kind in ("weights", "probabilities") and not is_one:
        with np.errstate(over="ignore"):
            sum_of_all = totals.sum()
        if totals.ndim and abs(sum_of_all - 1) <= TOLERANCE:
            notes.append(_looks_joint(source))
        message = f"{kind} of total {_total(totals)} are normalised to 1"
        advice = "--as counts" if may_be_counts else "divide them by their total"
        notes.append(_normalised(message, advice, source))
    if not is_labelled and kind in ("weights", "counts"):
        notes.append(_unlabelled(shape, totals, source))
    return notes


def _totals(weights: NDArray[Any], *, integers: bool) -> NDArray[Any]:
    """Return the sum of each row: exact Python integers, or doubles."""
    if not integers and weights.dtype.kind == "f":
        return masses(weights, "weights")
    if weights.dtype.kind in "iu" and int(weights.max()) * weights.shape[-1] < 2**63:
        return np.asarray(weights.sum(axis=-1, dtype=np.int64))
    return np.asarray(weights.astype(object).sum(axis=-1), dtype=object)


def _near_one(totals: NDArray[Any], dtype: np.dtype[Any], shape: tuple[int, ...]) -> bool:
    tolerance = TOLERANCE
    if dtype == np.float32:
        tolerance = max(tolerance, shape[-1] * 2.0**-24)
    return bool(np.all(abs(totals - 1) <= tolerance))


def are_whole(weights: NDArray[Any]) -> bool:
    """Return whether doubles are whole numbers, and small enough that fractions would show."""
    limit = SINGLE if weights.dtype == np.float32 else EXACT
    return bool(np.all(weights == np.floor(weights)) and weights.max() <= limit)


def _chosen(totals: NDArray[Any], weights: NDArray[Any], *, whole: bool) -> Kind:
    if whole and bool(np.all((totals > 1) & (totals != 100))):
        return "counts"
    return "probabilities" if _near_one(totals, weights.dtype, weights.shape) else "weights"


def _check_mass(has_mass: NDArray[np.bool_], here: Place) -> None:
    if np.all(has_mass):
        return
    empty = [(int(i),) for i in np.flatnonzero(np.atleast_1d(~has_mass))]
    places = [replace(here, index=index) if has_mass.ndim else here for index in empty[:3]]
    message = NO_MASS.message if has_mass.ndim else "all weights are zero"
    raise InputError(NO_MASS.code, message, *places, count=len(empty), hint=NO_MASS.hint)


def _check_size(totals: NDArray[Any], weights: NDArray[Any], here: Place) -> None:
    """Refuse a total that cannot be printed: beyond a double, or an integer's longest literal."""
    largest = totals.max()
    if totals.dtype.kind == "O" and largest >= 10**DIGITS:
        message = f"the total of the counts has more than {DIGITS} digits"
    elif totals.dtype.kind == "f" and largest >= LARGE and _overflows(weights):
        raise too_large(here)
    else:
        return
    raise InputError("number-overflow", message, here, hint=SMALLER)


def too_large(here: Place) -> InputError:
    """Return the error for weights whose total is beyond a double."""
    message = "the total of the weights is too large for a 64-bit float"
    return InputError("number-overflow", message, here, hint=SMALLER)


def _overflows(weights: NDArray[Any]) -> bool:
    """Say whether the exact total of a row is beyond a double."""
    try:
        for row in np.atleast_2d(weights):
            math.fsum(row)
    except OverflowError:
        return True
    return False


def check_labels(labels: Sequence[str], here: Place) -> None:
    """Refuse labels that no output can hold.

    Raises
    ------
    InputError
        If there is half of a surrogate pair in them, which JSON can spell.
    """
    broken = unwritable(labels)
    if broken:
        places = [replace(here, name=ascii(label)[1:-1][:60]) for label in broken[:3]]
        message = "a label holds half of a surrogate pair, which is no character"
        raise InputError("bad-label", message, *places, count=len(broken))


def _total(totals: NDArray[Any]) -> str:
    """Return the total for a message: of a batch, the least and the greatest."""
    if not totals.ndim:
        total = totals.item()
        return f"{total:.10g}" if isinstance(total, float) else str(total)[:40]
    least, greatest = _total(np.asarray(totals.min())), _total(np.asarray(totals.max()))
    return least if least == greatest else f"{least} to {greatest}"


def _normalised(message: str, advice: str, source: str) -> Note:
    return Note("normalised", message, source, advice=advice, repair=True)


def _whole(totals: NDArray[Any], source: str) -> Note:
    message = f"whole numbers of total {_total(totals)} are taken for counts"
    advice = "--as counts, or --as weights if they are none"
    return Note("whole-numbers", message, source, advice=advice, repair=True)


def _looks_joint(source: str) -> Note:
    message = "the array adds up to 1 as a whole, and its rows, which are compared, do not"
    return Note("looks-joint", message, source, advice="--flatten makes one distribution of it")


def _unlabelled(shape: tuple[int, ...], totals: NDArray[Any], source: str) -> Note:
    rows = f"{shape[0]} rows of " if len(shape) == 2 else ""
    outcomes = shape[-1]
    plural = "" if outcomes == 1 else "s"
    message = f"{rows}{outcomes} outcome{plural}, total {_total(totals)}"
    return Note("unlabelled", message, source, advice="if these are raw values: --as samples")
