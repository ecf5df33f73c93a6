"""JSON and JSON Lines: shapes, places, and agreement with the standard module."""

import json
import math

import pytest
from hypothesis import given as over
from hypothesis import strategies as st

from kldiv_cli.core.numbers import Number
from kldiv_cli.readers import ReadOptions, jsonl, read_two
from kldiv_cli.readers.json_text import locate, parse, parse_objects
from kldiv_cli.readers.literals import Repeated

A_B = ("a", "b")

UNDERSTOOD = {
    "mapping": ('{"a": 5, "b": 3}', {}, A_B, [5, 3], "counts"),
    "fractions": ('{"a": 0.5, "b": 5e-1}', {}, A_B, [0.5, 0.5], "probabilities"),
    "floats": ('{"a": 5.0, "b": 3.5}', {}, A_B, [5, 3.5], "weights"),
    "whole floats": ('{"a": 5.0, "b": 3.0}', {}, A_B, [5, 3], "counts"),
    "no label": ('[{"c": "a", "n": 1}, {"n": 2}]', {}, ("a", "(missing)"), [1, 2], "counts"),
    "label null": ('[{"c": null, "n": 2}]', {}, ("(missing)",), [2], "counts"),
    "label empty": ('{"": 2, "a": 3}', {}, ("(missing)", "a"), [2, 3], "counts"),
    "in quotes": ('{"a": "5", "b": "3"}', {}, A_B, [5, 3], "counts"),
    "mark": ('\ufeff{"a": 5, "b": 3}', {}, A_B, [5, 3], "counts"),
    "large": ('{"a": 9007199254740993, "b": 1}', {}, A_B, [9007199254740993, 1], "counts"),
    "larger": (f'{{"a": 1{"0" * 40}, "b": 1}}', {}, A_B, [10**40, 1], "counts"),
    "-0": ('{"a": -0, "b": -0.0, "c": 1}', {}, ("a", "b", "c"), [0, 0, 1], "probabilities"),
    "escapes": (r'{"\u0061": 5, "\ud83d\ude00": 3}', {}, ("a", "\U0001f600"), [5, 3], "counts"),
    "array": ("[5, 3]", {}, None, [5, 3], "counts"),
    "batch": ("[[1, 2], [3, 4]]", {}, None, [[1, 2], [3, 4]], "counts"),
    "records": ('[{"c": "a", "n": 5}, {"n": 3, "c": "b", "x": null}]', {}, A_B, [5, 3], "counts"),
    "record labels": (
        '[{"c": 1, "n": 5}, {"c": 1.0, "n": 3}, {"c": true, "n": 2}]',
        {},
        ("1", "1.0", "true"),
        [5, 3, 2],
        "counts",
    ),
    "member": ('{"p": [1, 2], "q": [5, 3]}', {"weight": "q"}, None, [5, 3], "counts"),
    "member mapping": ('{"p": {"a": 5, "b": 3}}', {"weight": "p"}, A_B, [5, 3], "counts"),
    "one member": ('{"p": {"a": 5, "b": 3}}', {}, A_B, [5, 3], "counts"),
    "logits": ('{"a": -Infinity, "b": -2}', {"kind": "logits"}, A_B, [-math.inf, -2], "logits"),
    "decimal comma of the other side": (
        '{"a": 0.5, "b": 0.5}',
        {"decimal": ","},
        A_B,
        [0.5, 0.5],
        "probabilities",
    ),
    "summed": ('{"a": 1, "b": 3, "a": 4}', {"duplicates": "sum"}, A_B, [5, 3], "counts"),
}


@pytest.mark.parametrize("case", UNDERSTOOD.values(), ids=UNDERSTOOD)
@pytest.mark.parametrize("name", ["x.json", "stdin"])
def test_it_is_understood(given, case, name):
    data, options, outcomes, weights, kind = case
    side = given(name, data, **options)
    assert (side.outcomes, side.weights.tolist(), side.kind) == (outcomes, weights, kind)
    assert side.format == "json"


# contents, options, code, line, column, name, in the hint
REFUSED = {
    "NaN": ('{"a": NaN}', {}, "not-finite", 1, 7, "a", ""),
    "NaN as a word": ('{"NaN": 1,\n "b": NaN}', {}, "not-finite", 2, 7, "b", ""),
    "infinity": ('{"a": Infinity}', {}, "not-finite", 1, 7, "a", ""),
    "-infinity": ('{"a": -Infinity}', {}, "not-finite", 1, 7, "a", "--as logits"),
    "infinite logit": ('{"a": Infinity}', {"kind": "logits"}, "not-finite", 1, 7, "a", ""),
    "true": ('{"a": 1, "b": true}', {}, "not-a-number", 1, 15, "b", ""),
    "text": ('{"a": 1,\n"b": "2"}', {}, "not-a-number", 2, 6, "b", "quotes"),
    "null": ('{"a": 1, "b": null}', {}, "missing-weight", 1, 15, "b", ""),
    "object": ('{"a": {"n": 1}, "b": 2}', {}, "not-a-number", 1, 7, "a", ""),
    "array": ('{"a": 1, "b": [2]}', {}, "not-a-number", 1, 15, "b", ""),
    "array first": ('{"a": [1], "b": 2}', {}, "not-a-number", 1, 7, "a", ""),
    "arrays first": ('{"a": [1], "b": [2], "c": 3}', {}, "not-a-number", 1, 7, "a", ""),
    "negative": ('{"a": 1, "b": -2}', {}, "negative-weight", 1, 15, "b", "logits"),
    "overflow": ('{"a": 1, "b": 1e400}', {}, "number-overflow", 1, 15, "b", ""),
    "underflow": ('{"a": 1, "b": 1e-400}', {}, "number-underflow", 1, 15, "b", ""),
    "digits": (f'{{"a": 1{"0" * 4300}}}', {}, "too-many-digits", 1, 7, "a", ""),
    "repeated": ('{"a": 1, "b": 2, "a": 3}', {}, "duplicate-labels", 1, 23, "a", "sum"),
    "repeated, escaped": (r'{"a": 1, "\u0061": 3}', {}, "duplicate-labels", 1, 20, "a", "sum"),
    "repeated in a record": ('[{"c": "a", "n": 1, "n": 2}]', {}, "duplicate-keys", 1, 2, None, ""),
    "half a pair": (r'{"\ud800": 1, "b": 2}', {}, "bad-label", None, None, r"\ud800", ""),
    "cut": ('{"a": 1, "b', {}, "bad-json", 1, 10, None, ""),
    "comma": ('{"a": 1,}', {}, "bad-json", 1, 9, None, ""),
    "leading zero": ('{"a": 01}', {}, "bad-json", 1, 8, None, ""),
    "control character": ('{"a\n": 1}', {}, "bad-json", 1, 4, None, ""),
    "after the end": ('{"a": 1}x', {}, "bad-json", 1, 9, None, ""),
    "documents": ('{\n"a": 1}\n{"a": 2}', {}, "bad-json", 3, 1, None, "JSON Lines"),
    "documents in a line": ('{"a": 1} {"a": 2}', {}, "bad-json", 1, 10, None, "JSON Lines"),
    "blank": ("  ", {}, "bad-json", 1, 3, None, ""),
    "scalar": ("3", {}, "bad-shape", 1, 1, None, ""),
    "nothing": ("null", {}, "bad-shape", 1, 1, None, ""),
    "empty object": ("{}", {}, "no-rows", None, None, None, ""),
    "empty array": ("[]", {}, "no-rows", None, None, None, ""),
    "empty rows": ("[[], []]", {}, "no-rows", None, None, None, ""),
    "empty record": ("[{}]", {}, "no-weights", None, None, None, "--as samples"),
    "ragged": ("[[1, 2], [3]]", {}, "ragged-row", 1, 10, None, ""),
    "ragged mixture": ("[[1, 2], 3]", {}, "ragged-row", 1, 10, None, ""),
    "array in a vector": ("[1, [2]]", {}, "not-a-number", 1, 5, None, ""),
    "three dimensions": ("[[[1]]]", {}, "not-a-number", 1, 3, None, ""),
    "texts": ('["a", "b"]', {}, "not-a-number", 1, 2, None, ""),
    "members": ('{"p": [1], "q": [2]}', {}, "several-weights", 1, 1, None, "without arrays"),
    "no such member": ('{"pp": [1]}', {"weight": "p"}, "unknown-column", None, None, None, "'pp'"),
    "no member": ('{"a": 1, "b": 2}', {"weight": "b"}, "no-columns", 1, 15, None, "--weight"),
    "no columns": ("[1, 2]", {"weight": "b"}, "no-columns", None, None, None, "--weight"),
    "in a member": ('{"p": [1, "x"]}', {"weight": "p"}, "not-a-number", 1, 11, "p", ""),
    "label of a member": (
        '{"p": [1]}',
        {"weight": "p", "label": "c"},
        "no-columns",
        None,
        None,
        None,
        "--label",
    ),
    "member twice": ('{"p": [1], "p": [2]}', {"weight": "p"}, "duplicate-columns", 1, 1, None, ""),
    "no weight": ('[{"c": "a", "n": 1}, {"c": "b"}]', {}, "missing-weight", 1, 22, "n", ""),
    "label of objects": ('[{"c": {}, "n": 1}]', {}, "bad-label", 1, 8, "c", ""),
    "no record": ('[{"c": "a", "n": 1}, 3]', {}, "not-a-record", 1, 22, None, ""),
    "bad record": (
        '[{"c": "a", "n": 1},\n {"c": "b", "n": "2"}]',
        {},
        "not-a-number",
        2,
        18,
        "n",
        "",
    ),
    "several": ('[{"a": 1, "b": 2}]', {}, "several-weights", None, None, None, "--weight"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_it_is_refused(refused, case):
    data, options, code, line, column, name, hint = case
    error = refused("x.json", data, **options)
    place = error.places[0]
    assert (error.code, place.line, place.column, place.name) == (code, line, column, name)
    assert hint in error.hint


@pytest.mark.parametrize("opening", ["[", '{"a":', "[[1],"])
def test_depth_is_no_traceback(refused, opening):
    assert refused("x.json", opening * 100_000).code == "too-deep"


LINES = {
    "records": ('{"c": "a", "n": 5}\n\n{"n": 3, "c": "b"}\r\n', A_B, [5, 3]),
    "rows": ("[1, 2]\n[3, 4]\n", None, [[1, 2], [3, 4]]),
    "numbers": ("5\n3\n", None, [5, 3]),
}


@pytest.mark.parametrize("case", LINES.values(), ids=LINES)
def test_lines_are_understood(given, case):
    data, outcomes, weights = case
    side = given("x.jsonl", data)
    assert (side.outcomes, side.weights.tolist(), side.format) == (outcomes, weights, "jsonl")


MANY = "".join(f'{{"c": {i}, "n": 1}}\n' for i in range(5000))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("case", LINES.values(), ids=LINES)
@pytest.mark.parametrize("name", ["x.json", "stdin"])
def test_lines_are_known_by_any_name(given, case, name, end):
    data, outcomes, weights = case
    if name == "stdin" and data[0] not in "{[":
        return
    side = given(name, data.replace("\r", "").replace("\n", end))
    assert (side.outcomes, side.weights.tolist(), side.format) == (outcomes, weights, "jsonl")
    explicit = given("y.txt", data, format="json")
    assert explicit.weights.tolist() == weights


def test_lines_of_any_length_are_known(given):
    records = [{"c": "a" * 100_000, "n": 5}, {"c": "b", "n": 3}]
    side = given("x.json", "\n\n" + "\n".join(map(json.dumps, records)))
    assert (side.weights.tolist(), side.format) == ([5, 3], "jsonl")
    side = given("x.json", MANY)
    assert (side.rows_read, side.total) == (5000, 5000)


DOCUMENTS = {
    "records": [{"c": "a", "n": 5}, {"c": "b", "n": 3}],
    "mapping": {"a": 5, "b": 3},
    "opened": {"h": {"a": 5, "b": 3}},
}


@pytest.mark.parametrize("value", DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_document_over_several_lines_is_known_by_any_name(given, value):
    side = given("x.jsonl", json.dumps(value, indent=2))
    assert (side.outcomes, side.weights.tolist()) == (A_B, [5, 3])


def test_an_array_of_records_may_be_the_only_line(given):
    side = given("x.jsonl", json.dumps(DOCUMENTS["records"]))
    assert (side.outcomes, side.weights.tolist()) == (A_B, [5, 3])


def test_a_document_that_is_cut_is_an_error_at_its_end(refused):
    error = refused("x.jsonl", json.dumps(DOCUMENTS["records"], indent=2)[:-3])
    assert (error.code, error.places[0].line) == ("bad-json", 9)
    # A line that is cut is that line's.
    error = refused("x.jsonl", '{"c": "a", "n": 5\n' + MANY)
    assert (error.code, error.places[0].line) == ("bad-json", 1)


def test_a_document_of_several_lines_has_a_length(refused, monkeypatch):
    monkeypatch.setattr(jsonl, "LONGEST", 1000)
    error = refused("x.jsonl", "[\n" + ",\n".join(["1"] * 1000) + "]")
    assert (error.code, error.places[0].line) == ("bad-json", 1)


LINES_REFUSED = {
    "no JSON": ('{"c": "a", "n": 5}\n{oops\n', "bad-json", 2, 2),
    "two on a line": ('{"c": "a", "n": 5} {"c": "b", "n": 5}', "bad-json", 1, 20),
    "text": ('{"c": "a", "n": 5}\n\n {"c": "b", "n": "5"}', "not-a-number", 3, 18),
    "repeated": ('{"c": "a", "n": 5}\n{"c": "a", "n": 5}', "duplicate-labels", 2, 7),
    "no record": ('{"c": "a", "n": 5}\n[1]', "not-a-record", 2, 1),
    "ragged": ("[1, 2]\n\n[3]", "ragged-row", 3, 1),
    "in a row": ("[1, 2]\n[3, null]", "missing-weight", 2, 5),
    "late": (
        '{"c": "a", "n": 5}\n' * 1
        + "".join(f'{{"c": {i}, "n": 1}}\n' for i in range(5000))
        + '{"c": "b", "n": -1}',
        "negative-weight",
        5002,
        17,
    ),
    "blank": ("\n\n", "no-rows", None, None),
}


@pytest.mark.parametrize("case", LINES_REFUSED.values(), ids=LINES_REFUSED)
def test_lines_are_refused(refused, case):
    data, code, line, column = case
    error = refused("x.jsonl", data)
    assert (error.code, error.places[0].line, error.places[0].column) == (code, line, column)


def test_two_members_are_read_in_one_pass(tmp_path):
    path = tmp_path / "x.json"
    path.write_text('{"before": {"a": 1, "b": 4}, "after": {"b": 1, "a": 4}, "x": 3}')
    sides = read_two(str(path), (ReadOptions(weight="before"), ReadOptions(weight="after")))
    assert [side.name for side in sides] == ["before", "after"]
    assert [side.outcomes for side in sides] == [A_B, A_B[::-1]]


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@over(VALUES, st.sampled_from([None, 1, "\t"]))
def test_positions_are_those_of_the_values(value, indent):
    document = json.dumps(value, indent=indent, ensure_ascii=False)
    parsed = parse(document, "x")

    def check(original, found, path):
        start = locate(document, path)
        assert json.JSONDecoder().raw_decode(document, start)[0] == original
        if isinstance(original, list):
            for i, (one, other) in enumerate(zip(original, found, strict=True)):
                check(one, other, (*path, i))
        elif isinstance(original, dict):
            assert not isinstance(found, Repeated)
            for i, key in enumerate(original):
                check(original[key], found[key], (*path, i))
        elif isinstance(original, (int, float)) and not isinstance(original, bool):
            assert float(found) == original or int(found) == original
        else:
            assert found == original

    check(value, parsed, ())


# Lines that are parsed at once.

PIECES = st.sampled_from(
    ['{"a": 1}', '{"a": {"b": 1}', '{"a": "[x"}', '{"a": [{"b": 1}', '{"c": 2}]}', "{},{}", "{}",
     "}", '{"a": "x', 'y"}', "1", "[1", "2]", " {}", "{} ", '{"a": 1, "a": 2}', '{"a": NaN}',
     "{}\r",
     '{"a": "x\\ny"}', "", "null",
     '{"a": {"b": {}}}', '{"a": {}, "b": 1e400}']
)  # fmt: skip


@over(st.lists(PIECES, min_size=1, max_size=6))
def test_lines_that_are_parsed_at_once_are_those_that_are_parsed_one_by_one(pieces):
    lines = [f"{piece}\n" for piece in pieces]
    found = parse_objects(lines)
    if found is not None:
        expected = [parse(line.rstrip("\r\n"), "x") for line in lines]
        assert found == expected
        assert [list(map(type, value)) for value in found] == [
            list(map(type, one)) for one in expected
        ]


def test_objects_are_parsed_at_once():
    lines = ['{"a": 1.50, "b": "x"}\n', '{"a": 1.5, "b": {"c": null}}']
    found = parse_objects(lines)
    assert found == [{"a": "1.50", "b": "x"}, {"a": "1.5", "b": {"c": None}}]
    assert type(found[0]["a"]) is Number
    for wrong in ('{"a": [1]}\n', "{},{}\n", " {}\n", '{"a"\n'):
        assert parse_objects([*lines[:1], wrong]) is None
