"""Files of language models that are no single distribution, for those who look at them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kldiv_cli.core.coded import is_clipped
from kldiv_cli.core.distribution import Outline
from kldiv_cli.core.table import Matrix
from kldiv_cli.readers.batch import rows_of
from kldiv_cli.readers.safetensors import Tensors

if TYPE_CHECKING:
    from kldiv_cli.core.distribution import Rows
    from kldiv_cli.readers import Opened
    from kldiv_cli.readers.options import ReadOptions


def of(found: Opened, options: ReadOptions) -> Outline | None:
    """Return what a source holds, or None if it is to be read as a distribution.

    Parameters
    ----------
    found : Opened
        The source.
    options : ReadOptions
        How it is to be read. Tensors are told where nothing is said of them.

    Raises
    ------
    InputError
        If the records of a base file are none, or an option does not fit it.
    """
    data = found.data
    if isinstance(data, Tensors) and options.kind is None and options.weight is None:
        facts = {"tensors": str(len(data.names))}
        return Outline(found.name, found.source, "safetensors", facts, data.described())
    if not isinstance(data, Matrix) or (data.coding is None and data.tops is None):
        return None
    rows = rows_of(found, options, None)
    return None if rows is None else _of_model(rows)


def _of_model(side: Rows) -> Outline:
    """Return what is known of the predictions of a model, all of which are read."""
    facts = {**dict(side.details), "kind": str(side.kind)}
    if side.coding is not None:
        facts["outcomes"] = str(side.outcomes)
        clipped = sum(int(np.count_nonzero(is_clipped(block))) for block in side.blocks)
        facts["floor"] = f"reached by {clipped} of {side.rows} rows"
    facts["batch"] = f"{side.rows} distributions, one a row"
    return Outline(side.name, side.source, side.format, facts, {}, side.notes)
