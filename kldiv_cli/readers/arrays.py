"""Arrays of numbers, whatever they come from: their type, shape and every element."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli.core.distribution import LOG_KINDS
from kldiv_cli.errors import InputError, Place
from kldiv_cli.readers.numbers import NEGATIVE_HINT

if TYPE_CHECKING:
    from numpy.typing import NDArray

MEANINGS = {
    "b": "booleans",
    "c": "complex numbers",
    "M": "dates",
    "m": "time differences",
    "U": "text",
    "T": "text",
    "S": "bytes",
    "V": "records",
    "O": "Python objects",
}


def checked(
    array: NDArray[Any], kind: str | None, source: str, name: str | None, *, exact: bool = False
) -> tuple[NDArray[Any], bool]:
    """Return an array as weights, and whether its type is one of integers.

    With `exact`, an array of objects holds Python integers, as the caller has seen to.

    Raises
    ------
    InputError
        If its type, its shape or an element is not fit for a distribution.
    """
    here = Place(source, name=name)
    if not (exact and array.dtype.kind == "O"):
        check_type(array.dtype, here)
    if array.ndim not in (1, 2):
        what = "a single number" if array.ndim == 0 else f"{array.ndim} dimensions"
        raise InputError(
            "bad-shape",
            f"an array of shape {array.shape} has {what}; a distribution has one dimension"
            " and a batch of them two",
            here,
        )
    if not array.size:
        raise InputError("no-rows", f"an array of shape {array.shape} is empty", here)
    if array.dtype.kind == "O" and kind in LOG_KINDS:
        raise InputError("number-overflow", "a number is too large for a 64-bit float", here)
    if array.dtype.kind in "iuO":
        _refuse(array < 0 if kind not in LOG_KINDS else None, "negative", array, here)
        return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("=")), True
    if array.dtype.itemsize in (4, 8):
        weights = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("="))
    else:
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            weights = array.astype(np.float64)
        inexact = (weights != array) & ~np.isnan(array)
        if array.dtype.itemsize > 8 and np.any(inexact):
            raise InputError(
                "inexact",
                f"numbers of type {array.dtype} are not held exactly by 64-bit floats",
                here,
                hint="save the array as float64",
            )
    no_mass = np.isneginf(weights) if kind in LOG_KINDS else False
    _refuse(~np.isfinite(weights) & ~np.asarray(no_mass), "not-finite", weights, here)
    _refuse(weights < 0 if kind not in LOG_KINDS else None, "negative", weights, here)
    if kind == "counts":
        _refuse(weights != np.floor(weights), "fractional", weights, here)
    # Adding zero makes a zero of -0.0.
    return weights + weights.dtype.type(0), False


def check_type(dtype: np.dtype[Any], here: Place, *, raw: bool = False) -> None:
    """Refuse what is no number, or no raw value, by the name of its type.

    Raises
    ------
    InputError
        If elements of this type are no weights, or raw values.
    """
    if dtype.kind in ("iufbUM" if raw else "iuf"):
        return
    hint = {
        "O": "save the numbers as integers or floats; objects are never unpickled",
        "U": "--as samples if the elements are raw values",
        "S": "--as samples if the elements are raw values",
        "b": "--as samples if the elements are raw values",
        "V": "save one field of the records as an array of its own",
    }.get(dtype.kind, "")
    raise InputError(
        "bad-dtype",
        f"elements of type {str(dtype)[:60]} are {MEANINGS.get(dtype.kind, 'no numbers')},"
        f" not {'raw values' if raw else 'weights'}",
        here,
        hint="" if raw and "--as" in hint else hint,
    )


FAULTS = {
    "negative": ("negative-weight", "weight is negative", NEGATIVE_HINT),
    "not-finite": ("not-finite", "weight is not a finite number", "every weight must be finite"),
    "fractional": ("fractional-count", "a count is not a whole number", "--as weights"),
}


def _refuse(bad: NDArray[np.bool_] | None, fault: str, array: NDArray[Any], here: Place) -> None:
    if bad is None or not np.any(bad):
        return
    from dataclasses import replace

    # Flat positions of the first three; all positions of a large array would be gigabytes.
    flat = bad.ravel()
    first: list[int] = []
    while len(first) < 3:
        start = first[-1] + 1 if first else 0
        step = int(flat[start:].argmax()) if start < flat.size else 0
        if start >= flat.size or not flat[start + step]:
            break
        first.append(start + step)
    places = []
    for position in first:
        index = tuple(int(i) for i in np.unravel_index(position, array.shape))
        places.append(replace(here, index=index, value=str(array[index])))
    code, message, hint = FAULTS[fault]
    if fault == "not-finite" and all(place.value == "-inf" for place in places):
        hint = "--as logits or --as log-probs if -inf stands for no mass"
    raise InputError(code, message, *places, count=int(np.count_nonzero(bad)), hint=hint)
