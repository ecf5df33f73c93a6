"""What a block of rows holds: numbers, or records of a base file, which `coded` decodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray


def is_coded(values: NDArray[Any]) -> bool:
    """Return whether the values of a block are records of a language model, and not logits."""
    return values.dtype.names is not None


def ranked(values: NDArray[Any]) -> NDArray[Any]:
    """Return numbers in the order of the probabilities: of records their codes, else the logits.

    The likeliest tokens are to be found by these: in `coded.Cells` a token may have no cell.
    """
    return values["code"] if is_coded(values) else values
