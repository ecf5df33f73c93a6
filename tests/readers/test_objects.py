"""Arrays, sequences, mappings and data frames of a program."""

import decimal
import math

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from kldiv_cli.errors import InputError, UsageError
from kldiv_cli.readers import ReadOptions, read, read_two

A_B = ("a", "b")
TABLE = {"colour": ["a", "b"], "count": [5, 3]}


class Tensor:
    """What offers an array, as the tensors of other libraries do."""

    def __array__(self, dtype=None, copy=None):
        return np.array([5, 3])


UNDERSTOOD = {
    "list": ([5, 3], None, "array"),
    "tuple": ((5, 3), None, "array"),
    "range": (range(5, 2, -2), None, "array"),
    "scalars": ([np.int8(5), np.float32(3)], None, "array"),
    "array": (np.array([5, 3]), None, "array"),
    "big-endian": (np.array([5, 3], dtype=">i2"), None, "array"),
    "strided": (np.array([5, 0, 3, 0])[::2], None, "array"),
    "objects": (np.array([5, 3], dtype=object), None, "array"),
    "masked, nothing missing": (np.ma.array([5, 3], mask=[0, 0]), None, "array"),
    "tensor": (Tensor(), None, "array"),
    "mapping": ({"a": 5, "b": 3}, A_B, "mapping"),
    "mapping of numbers": ({1: 5, 2.5: 3}, ("1", "2.5"), "mapping"),
    "mapping of scalars": ({np.str_("a"): np.int64(5), "b": 3}, A_B, "mapping"),
    "pandas": (pd.DataFrame(TABLE), A_B, "data frame"),
    "pandas, nullable": (pd.DataFrame(TABLE).astype({"count": "Int64"}), A_B, "data frame"),
    "pandas, categories": (pd.DataFrame(TABLE).astype({"colour": "category"}), A_B, "data frame"),
    "pandas, filtered": (pd.DataFrame(TABLE, index=[7, 9]), A_B, "data frame"),
    "pandas, counted": (pd.Series([*"aaaaabbb"]).value_counts(), A_B, "array"),
    "pandas, counted in a frame": (
        pd.Series([*"aaaaabbb"], name="c").value_counts().to_frame(),
        A_B,
        "data frame",
    ),
    "pandas, series": (pd.Series([5, 3]), None, "array"),
    "polars": (pl.DataFrame(TABLE), A_B, "data frame"),
    "pandas, index": (pd.Index([5, 3]), None, "array"),
    "pandas, array": (pd.array([5, 3]), None, "array"),
    "polars, series": (pl.Series([5, 3]), None, "array"),
    "arrow": (pa.table(TABLE), A_B, "data frame"),
    "arrow, batch": (pa.record_batch(TABLE), A_B, "data frame"),
    "arrow, array": (pa.array([5, 3]), None, "array"),
    "arrow, chunks": (pa.chunked_array([[5], [3]]), None, "array"),
}


@pytest.mark.parametrize("case", UNDERSTOOD.values(), ids=UNDERSTOOD)
def test_it_is_understood(case):
    value, outcomes, source = case
    side = read(value)
    assert (side.outcomes, side.weights.tolist(), side.source) == (outcomes, [5, 3], source)
    assert side.rows_read == side.rows_used == 2
    assert side.weights.dtype.isnative


# object, options, code, index
REFUSED = {
    "nothing": (None, {}, "bad-object", None),
    "number": (5, {}, "bad-object", None),
    "bytes": (b"5", {}, "bad-object", None),
    "set": ({5, 3}, {}, "bad-object", None),
    "generator": ((i for i in (5, 3)), {}, "bad-object", None),
    "empty": ([], {}, "no-rows", None),
    "empty mapping": ({}, {}, "no-rows", None),
    "bool": ([5, True], {}, "not-a-number", (1,)),
    "numpy bool": ([5, np.True_], {}, "not-a-number", (1,)),
    "text": ([5, "3"], {}, "not-a-number", (1,)),
    "complex": ([5, 3j], {}, "not-a-number", (1,)),
    "decimal": ([5, decimal.Decimal(3)], {}, "not-a-number", (1,)),
    "none": ([5, None], {}, "missing-weight", (1,)),
    "NaN": ([5, math.nan], {}, "not-finite", (1,)),
    "negative": ([[5, 3], [5, -3]], {}, "negative-weight", (1, 1)),
    "ragged": ([[5], [5, 3]], {}, "ragged-row", None),
    "mixture": ([[5], 3], {}, "ragged-row", None),
    "deep": ([[[5]]], {}, "not-a-number", (0, 0)),
    "objects": (np.array([5, "x"], dtype=object), {}, "not-a-number", (1,)),
    "masked": (np.ma.array([5, 3], mask=[0, 1]), {}, "missing-weight", (1,)),
    "complex array": (np.array([1j]), {}, "bad-dtype", None),
    "weight of an array": ([5, 3], {"weight": "a"}, "no-columns", None),
    "label of a mapping": ({"a": 5}, {"label": "a"}, "no-columns", None),
    "no member": ({"a": [5]}, {"weight": "b"}, "unknown-column", None),
    "same text": ({1: 5, "1": 3}, {}, "duplicate-labels", (1,)),
    "label bytes": ({b"a": 5}, {}, "bad-label", (0,)),
    "half a pair": ({"\ud800": 5}, {}, "bad-label", None),
    "pandas, missing": (pd.Series([5, None]), {}, "missing-weight", (1,)),
    "pandas, NA": (pd.Series([5, None], dtype="Int64"), {}, "missing-weight", (1,)),
    "polars, missing": (pl.DataFrame({"c": A_B, "n": [5, None]}), {}, "missing-weight", (1,)),
    "arrow, missing": (pa.table({"c": A_B, "n": [5, None]}), {}, "missing-weight", (1,)),
    "repeated": (pl.DataFrame({"c": ["a", "a"], "n": [5, 3]}), {}, "duplicate-labels", (1,)),
    "several": (pa.table({"c": A_B, "p": [5, 3], "q": [5, 3]}), {}, "several-weights", None),
    "no column": (pd.DataFrame(TABLE), {"weight": "conut"}, "unknown-column", None),
    "texts": (pd.DataFrame({"c": A_B}), {}, "no-weights", None),
    "booleans": (pl.DataFrame({"c": A_B, "n": [True, False]}), {}, "bad-dtype", None),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_it_is_refused(case):
    value, options, code, index = case
    with pytest.raises(InputError) as caught:
        read(value, ReadOptions(**options))
    assert (caught.value.code, caught.value.places[0].index) == (code, index)


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame, pa.table])
def test_two_columns_of_a_frame(library):
    frame = library({"c": ["a", "b"], "p": [5, 3], "q": [0.5, 0.5]})
    options = (ReadOptions(weight="q", label="c"), ReadOptions(weight="p", label="c"))
    q, p = read_two(frame, options)
    assert (q.name, q.kind, q.outcomes, q.weights.tolist()) == (
        "q",
        "probabilities",
        A_B,
        [0.5, 0.5],
    )
    assert (p.name, p.kind, p.outcomes, p.weights.tolist()) == ("p", "counts", A_B, [5, 3])


def test_two_members_of_a_mapping():
    source = {"q": {"a": 5, "b": 3}, "p": np.array([0.5, 0.5])}
    q, p = read_two(source, (ReadOptions(weight="q"), ReadOptions(weight="p")))
    assert (q.name, q.kind, q.outcomes, q.weights.tolist()) == ("q", "counts", A_B, [5, 3])
    assert (p.name, p.kind, p.outcomes, p.weights.tolist()) == (
        "p",
        "probabilities",
        None,
        [0.5] * 2,
    )


def test_two_weights_must_be_named():
    with pytest.raises(UsageError):
        read_two({"p": [1], "q": [2]}, (ReadOptions(weight="p"), ReadOptions()))


def test_rows_are_summed():
    frame = pd.DataFrame({"c": ["a", "b", "a"], "n": [2, 3, 3]})
    side = read(frame, ReadOptions(duplicates="sum"))
    assert (side.outcomes, side.weights.tolist(), side.rows_read) == (A_B, [5, 3], 3)
    assert [note.code for note in side.notes] == ["duplicates-summed"]


def test_nothing_of_the_caller_is_changed():
    array = np.array([-0.0, 1.0])
    read(array)
    assert math.copysign(1, array[0]) == -1


def test_large_integers_are_exact():
    assert read([2**53 + 1, 1]).weights.tolist() == [2**53 + 1, 1]
    assert read([2**64 - 1, 1]).weights.dtype == np.uint64
    assert read({"a": 10**30, "b": 1}).weights.tolist() == [10**30, 1]
