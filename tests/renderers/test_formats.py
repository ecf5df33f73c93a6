"""Every format of the same reports: valid, complete, safe, at any width."""

import csv
import io
import json
import math
import re
import subprocess
import sys
from dataclasses import replace
from importlib.resources import files

import jsonschema
import numpy as np
import pytest

from kldiv_cli.core.batches import described
from kldiv_cli.core.report import (
    Comparison,
    Contribution,
    Exceeded,
    Failure,
    Interval,
    Report,
    Side,
    failed,
    number,
)
from kldiv_cli.core.rows import RowValues
from kldiv_cli.errors import Note, UsageError
from kldiv_cli.renderers import FORMATS, Layout, render
from kldiv_cli.renderers.show import display_width

SCHEMA = json.loads(files("kldiv_cli.renderers").joinpath("schemas/compare-1.json").read_text())
HOSTILE = [
    "\x1b[31mRED",
    "[bold]x[/bold]",
    "<script>alert('X')</script>",
    "::error::X",
    "=1+1",
    "a|b",
    ":warning:",
    "two\nlines",
    "\u202ereversed",
    "![x](http://y)",
    "日本語" * 40,
]


def side(name, **changes):
    values = {
        "name": name, "source": f"{name}.csv", "format": "csv", "kind": "counts",
        "outcomes": 3, "total": 10, "rows_read": 3, "rows_used": 3, "missing": 0,
    }  # fmt: skip
    return Side(**{**values, **changes})


def simple():
    return Report(
        base="e", unit="nats", smoothing="none", temperature=1.0, p=side("jan"), q=side("jul"),
        comparisons=(
            Comparison(
                column=None,
                measures={"kl_pq": math.inf, "kl_qp": 0.00304690371, "tv": 0.5, "renyi:0.5": 1.0},
                error_bounds={"kl_pq": 0.0, "kl_qp": 1e-15, "tv": 1e-15, "renyi:0.5": 1e-15},
                only_in_p=("OO",),
                mass_only_in_p=3.7e-5,
                contributions=(
                    Contribution("OO", 3.7e-5, 0.0, math.inf, 0.0, math.inf),
                    Contribution("UA", 0.17, 0.15, 0.02, -0.01, 0.0013),
                ),
                estimate=Interval(
                    0.00250613, 0.00250613, 0.00143867, 0.00398, 0.0126, 29425, 27004, True,
                    "permutation", 999, 12,
                ),
            ),
        ),
        notes=(Note("normalised", "total 53.2 normalised", "jan.csv", "--strict", repair=True),),
    )  # fmt: skip


def hostile():
    report = simple()
    part = Contribution("", 0.1, 0.2, 0.3, 0.4, 0.5)
    comparison = report.comparisons[0]._replace(
        only_in_p=tuple(HOSTILE),
        contributions=tuple(part._replace(outcome=label) for label in HOSTILE),
    )
    names = [side(label)._replace(source=label) for label in (HOSTILE[0], HOSTILE[3])]
    failed = tuple(Exceeded(label, 3, "kl_pq", math.inf, 0.5) for label in HOSTILE)
    return replace(report, p=names[0], q=names[1], comparisons=(comparison,), failed=failed)


def batch():
    values = tuple(float(i) for i in range(40))
    rows = RowValues(
        {"kl_pq": np.array(values)},
        {},
        np.arange(40) % 2 == 0,
        np.full(40, 0.8),
        np.linspace(-3.0, -0.1, 40),
        np.linspace(-2.9, -0.2, 40),
    )
    comparison = Comparison(
        column=None,
        measures={"kl_pq": values},
        error_bounds={"kl_pq": (1e-15,) * 40},
        batch=described(rows, ("kl_pq",), "none"),
    )
    return replace(simple(), comparisons=(comparison,), notes=())


def no_answer():
    failure = Failure("negative-weight", "weight is negative", "p.csv:2:1", "…")
    return failed(failure, ("kl_pq",), {"js": 0.5}, "e", "none", 1.0)


REPORTS = [simple, hostile, batch, no_answer]


@pytest.mark.parametrize("make", REPORTS)
def test_json_follows_its_schema(make):
    text = render(make(), "json")
    assert text.isascii()
    document = json.loads(text, parse_constant=pytest.fail)
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)


def test_json_has_the_fixed_paths():
    document = json.loads(render(simple(), "json"))
    assert list(document) == [
        "schema", "base", "unit", "smoothing", "temperature", "p", "q", "comparisons", "others",
        "failed", "alpha", "row_weight", "by", "splits", "segments", "notes", "error",
    ]  # fmt: skip
    assert document["schema"] == "kldiv.compare/1"
    assert document["comparisons"][0]["measures"] == {
        "kl_pq": "Infinity", "kl_qp": 0.00304690371, "tv": 0.5, "renyi:0.5": 1.0,
    }  # fmt: skip
    assert document["comparisons"][0]["contributions"][0] == {
        "outcome": "OO", "p": 3.7e-5, "q": 0.0, "kl_pq": "Infinity", "kl_qp": 0.0,
        "part": "Infinity",
    }  # fmt: skip
    assert document["comparisons"][0]["estimate"] == {
        "kl": 0.00250613, "kl_unclamped": 0.00250613, "low": 0.00143867, "high": 0.00398,
        "p_value": 0.0126, "n_p": 29425, "n_q": 27004, "reliable": True,
        "p_value_test": "permutation", "p_value_draws": 999, "p_value_exceedances": 12,
        "p_value_statistic": None, "p_value_df": None,
    }  # fmt: skip
    assert document["notes"] == [
        {"code": "normalised", "message": "total 53.2 normalised", "source": "jan.csv",
         "advice": "--strict"},
    ]  # fmt: skip


def test_an_error_document_has_error_for_every_measure():
    document = json.loads(render(no_answer(), "json"))
    assert document["comparisons"][0]["measures"] == {"kl_pq": "error"}
    assert document["comparisons"][0]["error_bounds"] == {"kl_pq": "error"}
    assert document["comparisons"][0]["column"] is None
    assert document["error"]["code"] == "negative-weight"
    (failed,) = document["failed"]
    assert (failed["measure"], failed["value"], failed["limit"]) == ("js", "error", 0.5)


def test_not_a_number_never_leaves():
    with pytest.raises(ArithmeticError):
        number(math.nan)
    comparison = simple().comparisons[0]._replace(measures={"kl_pq": math.nan})
    for name in ("json", "csv"):
        with pytest.raises(ArithmeticError):
            render(replace(simple(), comparisons=(comparison,)), name)


def test_csv_has_a_row_for_each_measure():
    rows = list(csv.DictReader(io.StringIO(render(simple(), "csv")), strict=True))
    assert [row["measure"] for row in rows] == ["kl_pq", "kl_qp", "tv", "renyi:0.5"]
    assert rows[0]["value"] == "Infinity"
    assert float(rows[1]["value"]) == 0.00304690371
    assert [row["unit"] for row in rows] == ["nats", "nats", "", "nats"]
    assert rows[1]["direction"] == "D(jul || jan)"
    assert len(list(csv.DictReader(io.StringIO(render(batch(), "csv"))))) == 40


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("terminal", [False, True])
def test_hostile_labels_do_nothing(name, terminal):
    layout = Layout(terminal=terminal, width=80, unicode=True)
    text = render(hostile(), name, layout)
    # Box drawing and blocks are ours; whatever else is not printable is not.
    assert text.replace("\n", "").isprintable()
    assert not re.search(r"^\s*(::|##\[)", text, re.M)
    if name == "markdown":
        assert "<script" not in text
        assert "![x](" not in text
        assert "a\\|b" in text
    if name == "text":
        assert "[bold]x" in text
        assert ":warning:" in text
    if name == "csv":
        for row in csv.reader(io.StringIO(text), strict=True):
            assert not any(field.startswith(("=", "+", "-", "@")) for field in row)


@pytest.mark.parametrize("make", [simple, hostile, batch])
@pytest.mark.parametrize("width", [20, 40, 80, 120, 200])
@pytest.mark.parametrize("unicode", [False, True])
def test_a_terminal_of_any_width_cuts_no_number(make, width, unicode):
    report = make()
    text = render(report, "text", Layout(terminal=True, width=width, unicode=unicode))
    if width >= 40:
        assert max(display_width(line) for line in text.splitlines()) <= width
        for value in ("0.170000", "0.150000") if make is simple else ():
            assert value in text
    assert ("0.00304690" in text) is (make is not batch)
    assert unicode or make is hostile or text.isascii()


def test_colour_only_where_it_is_wanted():
    colored = render(simple(), "text", Layout(terminal=True, width=110, unicode=True, color=True))
    plain = render(simple(), "text", Layout(terminal=True, width=110, unicode=True))
    assert "\x1b[" in colored
    assert "\x1b" not in plain
    # Only the legend of the colours comes on top.
    bare = re.sub(r"\x1b\[[0-9;]*m", "", colored)
    assert bare.replace("; more in jan or in jul", "") == plain


def test_plain_text_fits_80_columns_and_can_be_grepped():
    text = render(simple(), "text")
    assert max(map(len, text.splitlines())) <= 80
    (line,) = [line for line in text.splitlines() if line.startswith("kl_qp")]
    assert line.split()[:3] == ["kl_qp", "0.00304690", "nats"]
    assert "D(jul || jan)" in line
    assert "only in jan: OO (1 outcome, probability 3.70000e-05)" in text
    assert "--smoothing jeffreys" in text
    assert "--smoothing floor:1e-6" in render(
        replace(simple(), p=side("jan", kind="weights")), "text"
    )


def estimated(format="text", layout=None, **changes):
    """Return the report of an estimate, and the lines that tell of it."""
    report = simple()
    (comparison,) = report.comparisons
    comparison = comparison._replace(estimate=comparison.estimate._replace(**changes))
    report = replace(report, comparisons=(comparison,))
    return report, render(report, format, layout)


ESTIMATE = """
estimate of kl_pq: 0.00251 nats, 95 % interval 0.00144 to 0.00398; of the rows
  alone it is infinite: jul has none of OO, which may be chance
  from 29425 rows and 27004 rows, corrected for bias (Zhang-Grabchak)
  p-value of no difference 0.013 (permutation test, 999 draws)

"""


def test_the_estimate_is_told_in_plain_words():
    assert ESTIMATE in estimated()[1]
    assert ESTIMATE in estimated(layout=Layout(terminal=True, unicode=True))[1]
    assert (
        "\nestimate of kl\\_pq: 0.00251 nats, 95 % interval 0.00144 to 0.00398; of the rows alone"
        " it is infinite: jul has none of OO, which may be chance; from 29425 rows and 27004 rows,"
        " corrected for bias (Zhang-Grabchak); p-value of no difference 0.013 (permutation test,"
        " 999 draws)\n"
    ) in estimated("markdown")[1]
    without = replace(simple(), comparisons=(simple().comparisons[0]._replace(estimate=None),))
    for format in ("text", "markdown"):
        assert "stimate" not in render(without, format)


CERTAIN = {"p_value_test": "chi-square", "p_value_draws": None, "p_value_exceedances": None}


@pytest.mark.parametrize("format", ["text", "markdown"])
@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kl": 0.0, "kl_unclamped": -0.001, "low": 0.0}, ": 0 nats,"),
        (CERTAIN | {"p_value": 0.0}, "no difference < 0.0001 (chi-square test)"),
        (CERTAIN | {"p_value": 9e-5}, "no difference < 0.0001 (chi-square test)"),
        (CERTAIN | {"p_value": 2e-4}, "no difference 0.0002 (chi-square test)"),
        ({"p_value": 0.001, "p_value_exceedances": 0}, "0.001 (permutation test, 999 draws, none"),
        ({"p_value": 0.003, "p_value_exceedances": 2}, "no difference 0.003 (permutation"),
        ({"n_p": math.inf}, "rom known probabilities and 27004 rows,"),
        ({"n_q": 1}, "rom 29425 rows and 1 row,"),
        ({"high": math.inf}, "no upper limit: outcomes of jan are missing in jul"),
        ({"high": 0.0, "low": 0.0, "kl": 0.0}, "do they share data?"),
        ({"reliable": False}, "not reliable: too few rows"),
        ({"kl": math.inf, "low": math.inf, "high": math.inf}, "impossible in jul"),
    ],
)
def test_what_is_unusual_of_an_estimate_is_said(format, terminal, changes, said):
    layout = Layout(terminal=terminal)
    text = estimated(format, layout, **changes)[1].replace("&lt;", "<")
    assert said in text
    assert said not in estimated(format, layout)[1].replace("&lt;", "<")


@pytest.mark.parametrize("kl", [1e-299, math.inf])
def test_an_estimate_fits_80_columns(kl):
    report, _ = estimated(
        kl=kl, low=1.234e-299, high=math.inf, p_value=0.0, n_p=10**12, n_q=10**12, reliable=False
    )
    report = replace(report, p=side("j" * 30), q=side("k" * 30))
    assert max(map(len, render(report, "text").splitlines())) <= 80


@pytest.mark.parametrize(
    "changes", [{"n_p": math.inf}, {"high": math.inf}, {"kl_unclamped": -1e-3}, {"p_value": 0.0}]
)
def test_an_estimate_follows_the_schema(changes):
    document = json.loads(estimated("json", **changes)[1])
    jsonschema.Draft202012Validator(SCHEMA).validate(document)


@pytest.mark.parametrize(
    "wrong", [{"n_p": None}, {"n_q": 0}, {"low": None}, {"p_value": 1.5}, {"kl": -1e-3}]
)
def test_the_schema_knows_what_an_estimate_is(wrong):
    document = json.loads(estimated("json")[1])
    document["comparisons"][0]["estimate"].update(wrong)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(document)


def test_a_format_that_is_not_there():
    with pytest.raises(UsageError, match="text, json, csv, markdown"):
        render(simple(), "junit")


def test_a_report_is_neither_true_nor_false():
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(simple())


def test_a_bar_in_a_name_ends_no_cell():
    report = replace(simple(), p=side("a|b"), q=side("c||d"))
    rows = [line for line in render(report, "markdown").splitlines() if "| D(" in line]
    assert [re.sub(r"\\.", "", row).count("|") for row in rows] == [5, 5]


def alike(words="transactions_of_the_north", folder=60):
    """Return a report of sides whose names and paths differ at the end alone."""
    names = [f"{words}_2024_{month}" for month in ("01", "02")]
    p, q = (side(name, source="/".join(["data"] * folder + [name])) for name in names)
    comparison = simple().comparisons[0]._replace(only_in_q=("ZZ",), mass_only_in_q=0.25)
    return replace(simple(), p=p, q=q, comparisons=(comparison,), notes=())


ALIKE = """\
kl_pq      Infinity    nats  D(...e_north_2024_01 || ...e_north_2024_02)
kl_qp      0.00304690  nats  D(...e_north_2024_02 || ...e_north_2024_01)
tv         0.500000          TV(p, q)
renyi:0.5  1.00000     nats  R_0.5(p || q)
estimate of kl_pq: 0.00251 nats, 95 % interval 0.00144 to 0.00398; of the rows
  alone it is infinite: ...e_north_2024_02 has none of OO, which may be chance
  from 29425 rows and 27004 rows, corrected for bias (Zhang-Grabchak)
  p-value of no difference 0.013 (permutation test, 999 draws)

only in ...e_north_2024_01: OO (1 outcome, probability 3.70000e-05)
  so D(...e_north_2024_01 || ...e_north_2024_02) is infinite
only in ...e_north_2024_02: ZZ (1 outcome, probability 0.250000)
  so D(...e_north_2024_02 || ...e_north_2024_01) is infinite
  --smoothing jeffreys would give such outcomes a little mass on both sides
"""
ALIKE_SIDES = """
p  transactions_of_the_north_2024_01: counts of 3 outcomes, total 10
   from ...ata/data/data/data/data/transactions_of_the_north_2024_01 (csv)
q  transactions_of_the_north_2024_02: counts of 3 outcomes, total 10
   from ...ata/data/data/data/data/transactions_of_the_north_2024_02 (csv)
"""


def test_sides_with_long_names_are_told_apart_in_text():
    text = render(alike(), "text")
    assert text.startswith(ALIKE)
    assert text.endswith(ALIKE_SIDES)
    text = render(alike(), "text", Layout(unicode=True))
    assert "D(…the_north_2024_01 || …the_north_2024_02)" in text


@pytest.mark.parametrize("width", [40, 64, 80, 120])
@pytest.mark.parametrize("color", [False, True])
def test_sides_with_long_names_are_told_apart_on_a_terminal(width, color):
    layout = Layout(terminal=True, width=width, unicode=True, color=color)
    text = re.sub(r"\x1b\[[0-9;]*m", "", render(alike(), "text", layout))
    words = " ".join(text.split())
    first, second = {
        40: ("p", "q"),
        64: ("…h_2024_01", "…h_2024_02"),
        80: ("…the_north_2024_01", "…the_north_2024_02"),
        120: ("transactions_of_the_north_2024_01", "transactions_of_the_north_2024_02"),
    }[width]
    assert f"D({first} ‖ {second}) is infinite" in words
    assert f"D({second} ‖ {first}) is infinite" in words
    for letter, month in (("p", "01"), ("q", "02")):
        assert re.search(rf"{letter} \S*_the_north_2024_{month}: counts of 3 outcomes", words)
        assert re.search(rf"from \S*_of_the_north_2024_{month} \(csv\)", words)


def test_sides_with_long_names_are_told_apart_in_markdown():
    text = render(alike("transactions_of_the_northern_region"), "markdown")
    p, q = (f"…sactions\\_of\\_the\\_northern\\_region\\_2024\\_{month}" for month in ("01", "02"))
    assert f"### D({p} ‖ {q}) = ∞ nats\n" in text
    assert f"| D({p} ‖ {q}) |" in text
    for letter, month in (("p", "01"), ("q", "02")):
        name = rf"transactions\\_of\\_the\\_northern\\_region\\_2024\\_{month}"
        assert re.search(
            rf"^- {letter}: {name}: counts of 3 outcomes, total 10, from …", text, re.M
        )
        assert len(re.findall(rf"{name} \(csv\)$", text, re.M)) == 1


def test_plain_text_loads_no_encoder_and_no_terminal():
    module = "kldiv_cli.renderers.formats.text"
    code = f"import sys, {module}; print(*{{'json', 'rich'}} & {{*sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
