"""Objects of numbers, one a row: a batch whose outcomes are the keys of all rows together.

Log-probabilities by token are written so, since the most probable tokens differ from row to row.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli.core.distribution import LOG_KINDS
from kldiv_cli.core.numbers import Number, is_integer, is_number
from kldiv_cli.core.table import SAMPLE, Block, Faults, Matrix
from kldiv_cli.errors import Fault, InputError, Note, Place, abridged, option
from kldiv_cli.readers import literals
from kldiv_cli.readers.column_choice import LABELS, MAYBE_WEIGHTS, WEIGHTS, plain_name
from kldiv_cli.readers.layouts import pointers
from kldiv_cli.readers.meaning import TOLERANCE
from kldiv_cli.readers.outcomes import Weights, no_rows
from kldiv_cli.readers.totals import NAMES as TOTALS
from kldiv_cli.readers.weight_column import WeightColumn

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kldiv_cli.core.table import Batch, Table
    from kldiv_cli.readers.options import ReadOptions

    Record = dict[str, Any]

MOST = 100_000_000
"""Numbers that a batch may hold: 800 MB."""
LOGARITHMS = frozenset(
    ["logprob", "log_prob", "logprobs", "log_probs", "logp", "lp", "logit", "logits"]
)
"""Names of columns of logarithms: records that have one are rows of a table."""


def are_rows(records: Sequence[Record], wanted: ReadOptions) -> bool:
    """Return whether records are distributions, whose keys are the outcomes.

    Logarithms are distributions, unless the same few keys tell of the columns of a table;
    other numbers are if those of every record add up to 1.

    Parameters
    ----------
    records : sequence of dict
        The first rows of a table.
    wanted : ReadOptions
        The kind that the user declared, and the columns that are named.
    """
    records = records[:SAMPLE]
    keys = dict.fromkeys(key for record in records for key in record)
    numbers = {Number}.issuperset({type(cell) for record in records for cell in record.values()})
    if not numbers or len(keys) < 2 or wanted.label is not None or wanted.weight is not None:
        return False
    if wanted.kind in LOG_KINDS:
        return not _are_columns(list(keys), records)
    if wanted.kind not in (None, "probabilities"):
        return False
    cells = [cell for record in records for cell in record.values()]
    if not all(map(is_number, cells)):
        return False
    # Ones and zeros are marks, as of raw rows, unless the user calls them probabilities.
    if wanted.kind is None and all(map(is_integer, cells)):
        return False
    sums = (math.fsum(map(float, record.values())) for record in records)
    return all(abs(total - 1) <= TOLERANCE for total in sums)


def alone(table: Table, first: Batch, wanted: ReadOptions, source: str) -> Matrix | None:
    """Return the only record as an object of numbers, whose keys are the outcomes.

    None if it is no such object, or the user takes it for a row of a table. A file of JSON that
    has one line is the same whether it is called a document or lines.

    Parameters
    ----------
    table : Table
        The table that the record is the only row of.
    first : Batch
        Its only batch.
    wanted : ReadOptions
        The kind that the user declared, and the columns that are named.
    source : str
        The name of the source in errors.

    Raises
    ------
    InputError
        If it may as well be a row of a table, since one key is the name of weights, or it is
        the only one of an array.
    """
    record: Record = getattr(first.columns, "records")[0]  # noqa: B009 (records have them)
    cells = list(record.values())
    texts = list(map(str, cells))
    if (
        len(record) < 2
        or {*map(type, cells)} not in ({Number}, {str})
        or not all(map(is_number, texts))
    ):
        return None
    if wanted.label is not None or wanted.weight is not None or wanted.where is not None:
        return None
    # Logarithms are a batch of one row, if the user says what they are.
    if wanted.kind in LOG_KINDS or all(text[0] == "-" for text in texts):
        return None
    names = list(record)
    weights = (WEIGHTS | MAYBE_WEIGHTS) - TOTALS
    named = [name for name in names if plain_name(name) in weights]
    is_document = table.format == "jsonl" and len(named) != 1
    if not is_document:
        weight = named[0] if len(named) == 1 else names[-1]
        label = next(name for name in names if name != weight)
        if named and len(names) == 2 and plain_name(label) in LABELS:
            return None
        message = "the only record may be a row of a table, or an object of numbers"
        hint = "--input-format json" if table.format == "jsonl" else "--at /0"
        hint += " if its keys are the outcomes"
        hint += f"; {option('--label', label)} {option('--weight', weight)} if it is a row"
        hint += "; --as samples if these are raw rows"
        raise InputError("several-weights", message, Place(source), hint=hint)
    message = "the only record is read as an object of numbers: its keys are the outcomes"
    advice = f"{option('--label', names[0])} {option('--weight', names[-1])} if it is a row"
    note = Note("opened", message, source, advice=advice, repair=True)
    block = Block(cells, lambda path: first.place(0, names[path[0]]) if path else Place(source))
    return Matrix(
        table.format, [block], typed=True, labels=names,
        notes=[*table.notes, note], details={"shape": "an object of numbers"},
    )  # fmt: skip


def refuse_logarithms(records: Sequence[Record], wanted: ReadOptions, source: str) -> None:
    """Refuse records of negative numbers, which look like logarithms, and say how to read them.

    Raises
    ------
    InputError
        If no value is text or above zero, and the user says nothing of them.
    """
    if wanted.kind is not None or wanted.label is not None or wanted.weight is not None:
        return
    keys = dict.fromkeys(key for record in records[:SAMPLE] for key in record)
    cells = [cell for record in records[:SAMPLE] for cell in record.values()]
    if len(keys) < 2 or not all(type(cell) is Number and is_number(cell) for cell in cells):
        return
    numbers = list(map(float, cells))
    if max(numbers) <= 0 and min(numbers) < 0:
        names = abridged(f"{key[:60]!r}" for key in keys)
        message = f"several columns may hold the weights, and their numbers are negative: {names}"
        hint = "--as log-probs or --as logits if every line is a distribution over its keys"
        hint += "; --as samples if these are raw rows"
        raise InputError("several-weights", message, Place(source), hint=hint)


def refuse_responses(records: Sequence[Record], wanted: ReadOptions, source: str) -> None:
    """Refuse the responses of a language model to tasks, which are no logits.

    Raises
    ------
    InputError
        If they are what lm-evaluation-harness logs, and the user names no column.
    """
    if wanted.label is not None or wanted.weight is not None:
        return
    if {"doc_id", "resps"} <= records[0].keys():
        message = "these are responses that lm-evaluation-harness logged: they hold no logits"
        hint = "write the logits of the model with numpy.save"
        raise InputError("foreign-format", message, Place(source), hint=hint)


def refuse_scattered(records: Sequence[Record], wanted: ReadOptions, source: str) -> None:
    """Refuse records that have one number each, under a key that no other record has.

    Raises
    ------
    InputError
        If they are such, and the user names no column.
    """
    if wanted.label is not None or wanted.weight is not None or len(records) < 2:
        return
    keys = [key for record in records[:SAMPLE] for key in record]
    cells = [cell for record in records[:SAMPLE] for cell in record.values()]
    are_single = all(len(record) == 1 for record in records[:SAMPLE])
    if are_single and len({*keys}) == len(keys) and {*map(type, cells)} == {Number}:
        message = "each record has a number of its own, so that all together may be one object"
        hint = "write one object of all: jq add, or jq -s add for lines"
        raise InputError("several-weights", message, Place(source), hint=hint)


def refuse_nested(records: Sequence[Record], source: str) -> None:
    """Refuse records that hold objects or arrays, and no numbers, and say where some are.

    Raises
    ------
    InputError
        If no record has a number, and one has a value that may be a distribution.
    """
    cells = [cell for record in records[:SAMPLE] for cell in record.values()]
    if not any(type(cell) is Number for cell in cells):
        found = pointers(list(records[:SAMPLE]), most=1)
        if found:
            message = "the records hold objects or arrays, and no numbers"
            hint = f"{option('--at', found[0])} chooses one of these"
            if all(isinstance(cell, list | tuple) and len(cell) == 1 for cell in cells):
                # As tables of their own they have one outcome each.
                hint = "write the values without arrays: jsonlite does with auto_unbox = TRUE"
            raise InputError("no-weights", message, Place(source), hint=hint)


def _are_columns(keys: Sequence[str], records: Sequence[Record]) -> bool:
    """Return whether keys are names of columns: the same in all records, and they say so."""
    if len(keys) > 5 or any(len(record) < len(keys) for record in records):
        return False
    plain = set(map(plain_name, keys))
    return bool(plain & LOGARITHMS) or (len(keys) == 2 < 2 * len(records) and bool(plain & LABELS))


def read_rows(table: Table, batches: Iterable[Batch], wanted: ReadOptions, source: str) -> Weights:
    """Return the numbers of records as a batch over the union of their keys.

    Parameters
    ----------
    table : Table
        The table that the records are the rows of.
    batches : iterable of Batch
        All of its batches.
    wanted : ReadOptions
        The kind that the user declared, if any.
    source : str
        The name of the source in errors.

    Raises
    ------
    InputError
        If there is a value that is no weight, or there are too many numbers.
    """
    faults = table.faults or Faults()
    column = WeightColumn(wanted.kind, ".", faults)
    at: dict[str, int] = {}
    places: list[int] = []
    widths: list[int] = []
    for batch in batches:
        records: Sequence[Record] = getattr(batch.columns, "records", ())
        cells = [(i, key) for i, record in enumerate(records) for key in record]

        def where(k: int, batch: Batch = batch, cells: Any = cells) -> Place:
            return batch.place(*cells[k])

        values = [value for record in records for value in record.values()]
        texts = [k for k, value in enumerate(values) if type(value) is str]
        for k in texts:
            faults.add(Fault("not-a-number", "weight is text, not a number"), partial(where, k))
            values[k] = Number("1")
        column.add(literals.texts(values, faults, where), where)
        places += [at.setdefault(key, len(at)) for _, key in cells]
        widths += map(len, records)
        if len(widths) * len(at) > MOST:
            message = f"a batch of {len(widths)} rows and {len(at)} outcomes in all is too large"
            hint = "compare fewer lines at once"
            raise InputError("too-many-numbers", message, Place(source), hint=hint)
    faults.check()
    if not widths or not at:
        raise no_rows(source)
    numbers, integers = column.finish()
    absent = -np.inf if wanted.kind in LOG_KINDS else 0
    weights = np.full((len(widths), len(at)), absent, dtype=numbers.dtype)
    weights[np.repeat(np.arange(len(widths)), widths), places] = numbers
    return Weights(
        table.format, weights, integers, tuple(at), rows_read=len(widths),
        notes=table.notes, details={"shape": "an object of numbers a row"},
    )  # fmt: skip
