"""A matrix as people and programs read it: every pair in its place, and no layout without it."""

import csv
import io
import json
import math
import re
from itertools import chain
from xml.etree import ElementTree

import pytest

from kldiv_cli import matrix
from kldiv_cli.core.matrix import failed
from kldiv_cli.core.report import Failure
from kldiv_cli.renderers import FORMATS, Layout, render
from kldiv_cli.renderers.figures import figure
from kldiv_cli.renderers.show import display_width

SIDES = {
    "jan": {"a": 1, "b": 3},
    "feb": {"a": 1, "b": 1},
    "mar": {"a": 4, "b": 4, "c": 2},
}
TERMINAL = Layout(terminal=True, width=80, unicode=True)


@pytest.fixture(scope="module")
def report():
    return matrix(SIDES, measures=["kl_pq", "js_distance"])


def rows_of(text):
    """Return the cells of the first table of text, by their row and column."""
    head, *lines = text.split("\np \\ q")[1].split("\n\n")[0].splitlines()
    columns = re.split(r" {2,}", head.strip())
    rows = [re.split(r" {2,}", line) for line in lines]
    return {
        (row[0], column): cell
        for row in rows
        if len(row) == len(columns) + 1
        for column, cell in zip(columns, row[1:], strict=True)
    }


def test_text_has_a_cell_for_each_pair(report):
    cells = rows_of(render(report, "text"))
    assert len(cells) == 9
    for (p, q), text in cells.items():
        names = [*SIDES]
        value = report.measures["kl_pq"][names.index(p)][names.index(q)]
        assert float(text) == pytest.approx(value, rel=5e-3)
    assert cells["mar", "jan"] == "Infinity"
    assert cells["jan", "jan"] == "0"


def test_text_is_plain_where_nobody_looks_and_shaded_where_somebody_does(report):
    assert render(report, "text").isascii()
    shown = render(report, "text", TERMINAL)
    assert "∞ █" in shown
    assert "‖" in shown
    ascii_only = render(report, "text", TERMINAL._replace(unicode=False))
    assert ascii_only.isascii()


def test_text_tells_the_ends_and_what_is_infinite(report):
    text = render(report, "text")
    assert f"least: D(jan || feb) = {report.measures['kl_pq'][0][1]:.6g}\n" in text
    assert "most: D(mar || jan) = Infinity" in text
    assert "infinite: 2 of 6 values, where an outcome is possible on one side alone" in text
    assert f"all 3 together: {report.all.js:.6g} nats, of at most 1.099" in text


def test_a_unit_is_named_where_there_is_one():
    text = render(matrix(SIDES, measures=["tv", "js"], base=2), "text")
    assert "TV(P, Q)\n" in text
    assert "JS(P, Q), in bits\n" in text
    assert "of at most 1.585" in text


@pytest.mark.parametrize("width", [40, 80, 120, 200])
@pytest.mark.parametrize("count", [2, 5, 30])
@pytest.mark.parametrize("name", ["s{}", "a name that is rather long {}", "\x1b[31m::error\n{}"])
def test_no_line_is_wider_than_its_display(width, count, name):
    sides = {name.format(i): {"a": i + 1, "b": 3} for i in range(count)}
    made = matrix(sides)
    for layout in (Layout(terminal=True, width=width, unicode=True), Layout(width=width)):
        text = render(made, "text", layout)
        limit = width if layout.terminal else 80
        assert max(map(display_width, text.splitlines())) <= limit
        assert "\x1b" not in text
        # Each has a row, and columns that have no room are counted.
        table = text.split("p \\ q")[1].split("\n\n")[0]
        heads, *rows = (line.split() for line in table.splitlines())
        assert len(rows) >= count
        assert len(heads) == count or "no room for" in text


def test_numbers_are_the_key_to_long_names():
    sides = {f"measurements of {month}": side for month, side in SIDES.items()}
    text = render(matrix(sides), "text")
    assert re.search(r"^p \\ q +1 +2 +3$", text, re.M)
    assert re.search(r"^2 \S+ of feb +0\.144 +0 ", text, re.M)


def test_more_columns_than_any_display_has_are_counted():
    made = matrix([{"a": i + 1, "b": 3} for i in range(70)])
    text = render(made, "text", Layout(terminal=True, width=1000, unicode=True))
    assert "60 of 70 columns; -f csv and -f json have them all" in text
    assert "where all are from: -f json" in text


def test_csv_has_a_row_for_each_ordered_pair(report):
    rows = [*csv.DictReader(io.StringIO(render(report, "csv")))]
    assert len(rows) == 2 * 9 + 1
    names = [*SIDES]
    for row in rows[:-1]:
        value = report.measures[row["measure"]][names.index(row["p"])][names.index(row["q"])]
        assert float(row["value"]) == value
        assert row["unit"] == "nats"
        assert float(row["error_bound"]) == report.error_bounds[row["measure"]]
    assert (rows[-1]["measure"], float(rows[-1]["value"])) == ("js_of_all", report.all.js)


def test_csv_does_not_begin_a_formula():
    text = render(matrix({"=1+1": {"a": 1}, "@x": {"a": 2, "b": 1}}), "csv")
    assert not re.search("(^|,)[=@]", text, re.M)


def test_markdown_has_a_table(report):
    text = render(report, "markdown")
    assert "| jan | 0" in text
    hostile = render(matrix({"a|b": {"x": 1}, "<img>": {"x": 1, "y": 1}}), "markdown")
    assert "<img>" not in hostile
    assert all(
        line.count("|") - line.count("\\|") == 4 for line in hostile.splitlines() if "| 0" in line
    )


def test_an_error_has_one_cell_in_each_format():
    failure = Failure("usage", "wrong", "", "")
    made = failed(failure, ["kl_pq", "kl_pw"], "2", "none", 1.0)
    document = json.loads(render(made, "json"))
    assert document["measures"] == {"kl_pq": [["error"]], "kl_pw": [["error"]]}
    assert document["all"] == {"js": "error"}
    assert document["error"]["code"] == "usage"
    rows = [*csv.DictReader(io.StringIO(render(made, "csv")))]
    assert [row["value"] for row in rows] == ["error"] * 3
    assert render(made, "text") == ""


def test_a_report_prints_itself(report):
    assert str(report) == render(report, "text")
    assert json.loads(report.to_json())["schema"] == "kldiv.matrix/1"
    assert "k-shades" in report._repr_html_()


@pytest.mark.parametrize("format", ["html", "svg"])
def test_a_picture_has_the_number_of_each_pair(report, format):
    root = ElementTree.fromstring(render(report, format).removeprefix("<!DOCTYPE html>"))
    texts = ["".join(each.itertext()) for each in root.iter()]
    for rows in report.measures.values():
        for value in chain.from_iterable(rows):
            assert ("∞" if math.isinf(value) else figure(value, digits=3)) in texts


@pytest.mark.parametrize("format", FORMATS)
def test_names_are_safe_and_many_sides_are_counted_in_each_format(format):
    sides = {f"<img>\x1b[31m&{i}": {"a": i + 1, "b": 3} for i in range(70)}
    text = render(matrix(sides), format)
    assert "\x1b" not in text
    if format in ("html", "svg"):
        assert "<img>" not in text
        assert len(text) < 1_000_000
    if format not in ("json", "csv"):
        assert "60 of 70 columns" in text
