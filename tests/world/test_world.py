"""Files that other programs wrote are read for what they are, or refused with a hint that works.

`make.py` had the programs write them from rows that it draws; the right answers are computed here
from these rows, with 40 digits and without kldiv.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import mpmath
import pytest

HERE = Path(__file__).parent
FILES = HERE / "files"
_spec = importlib.util.spec_from_file_location("make", HERE / "make.py")
make = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(make)

Pair = tuple[Sequence[int], Sequence[int]]


def kl(p: Sequence[int], q: Sequence[int]) -> float:
    """Return D(p || q) of counts."""
    total = mpmath.mpf(0)
    with mpmath.workdps(40):
        for a, b in zip(p, q, strict=True):
            if a and not b:
                return float("inf")
            if a:
                x, y = Fraction(a, sum(p)), Fraction(b, sum(q))
                ratio = x / y
                log = mpmath.log(mpmath.mpf(ratio.numerator) / ratio.denominator)
                total += mpmath.mpf(x.numerator) / x.denominator * log
    return float(total)


def drinks() -> Pair:
    """Return the counts of the drinks of both sides."""
    sides = [make.counts(side) for side in "ab"]
    return tuple([side.get(drink, 0) for drink in make.DRINKS] for side in sides)


def binned(place: Callable[[float], Any]) -> Pair:
    """Return the counts of the sizes of both sides, binned by a function."""
    found = [Counter(map(place, make.sizes(side))) for side in "ab"]
    return tuple([side[key] for key in sorted({*found[0], *found[1]})] for side in found)


def upper_closed(size: float) -> int:
    return -int(-size // 10)


def lower_closed(size: float) -> int:
    return min(int(size // 10), 4)


def with_flow(size: float) -> int:
    """Bins of 20/3 from 15 to 35, and what is below and above."""
    return max(0, min(4, int((Fraction(size) - 15) / Fraction(20, 3)) + 1 if size >= 15 else 0))


def report(kldiv: Any, *words: str, code: int = 0) -> dict[str, Any]:
    """Return the JSON report of a command."""
    done = kldiv(*words, "-f", "json")
    assert done.code == code, done.err
    return json.loads(done.out)


def both(name: str) -> list[str]:
    """Return the paths of a file of both sides."""
    return [str(FILES / name.format(side)) for side in "ab"]


COUNTS = [
    ("pandas_value_counts_{}.csv", ()),
    ("pandas_groupby_size_{}.csv", ()),
    ("pandas_json_split_{}.json", ()),
    ("pandas_json_table_{}.json", ()),
    ("pandas_json_columns_{}.json", ()),
    ("pandas_json_records_{}.json", ()),
    ("pandas_json_values_{}.json", ()),
    ("pandas_dict_of_lists_{}.json", ()),
    ("polars_value_counts_{}.json", ()),
    ("polars_value_counts_{}.csv", ()),
    ("duckdb_counts_{}.json", ()),
    ("duckdb_lines_{}.json", ()),
    ("numpy_unique_{}.npz", ()),
    ("numpy_float_counts_{}.npy", ()),
    ("scipy_sparse_{}.npz", ()),
    ("R_write_table_{}.txt", ("--delimiter", " ", "--escape", "\\")),
    ("R_write_table_tab_{}.tsv", ()),
    ("R_columns_{}.json", ()),
    ("R_doubles_{}.csv", ()),
    ("miller_count_{}.csv", ()),
    ("sqlite_counts_{}.csv", ()),
    ("datamash_count_{}.tsv", ()),
    ("jq_entries_{}.json", ()),
    ("jq_nested_{}.json", ("--at", "/result/counts")),
    ("uniq_c_{}.txt", ()),
    ("awk_counts_{}.txt", ("--delimiter", " ")),
]


@pytest.mark.parametrize(("name", "options"), COUNTS, ids=[name for name, _ in COUNTS])
def test_counts(kldiv, name, options):
    p, q = drinks()
    found = report(kldiv, "compare", *both(name), *options)
    assert (found["p"]["kind"], found["q"]["kind"]) == ("counts", "counts")
    measures = found["comparisons"][0]["measures"]
    assert measures["kl_pq"] == pytest.approx(kl(p, q), rel=1e-13)
    assert measures["kl_qp"] == pytest.approx(kl(q, p), rel=1e-13)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("R_write_table_tab_{}.tsv", "numpy_unique_{}.npz"),
        ("uniq_c_{}.txt", "pandas_json_split_{}.json"),
        ("duckdb_lines_{}.json", "R_columns_{}.json"),
    ],
)
def test_counts_of_two_programs(kldiv, first, second):
    p, q = drinks()
    found = report(kldiv, "compare", both(first)[0], both(second)[1])
    assert found["comparisons"][0]["measures"]["kl_pq"] == pytest.approx(kl(p, q), rel=1e-13)


def test_shares_with_a_decimal_comma(kldiv):
    p, q = drinks()
    words = (*both("R_csv2_{}.csv"), "--delimiter", ";", "--decimal", ",")
    found = report(kldiv, "compare", *words)
    # R writes 15 digits.
    assert found["comparisons"][0]["measures"]["kl_pq"] == pytest.approx(kl(p, q), rel=1e-11)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("R_addmargins_{}.csv", ()),
        ("duckdb_rollup_{}.csv", ()),
        ("pandas_crosstab_margins_{}.csv", ("--weight", "All")),
    ],
)
@pytest.mark.parametrize("command", ["compare", "check"])
def test_total_rows(kldiv, name, options, command):
    words = [command, *both(name), *options, *(["--as", "counts"] if command == "check" else [])]
    error = report(kldiv, *words, code=2)["error"]
    assert error["code"] == "total-row"
    assert "--total-row drop" in error["hint"]
    p, q = drinks() if command == "compare" else drinks()[::-1]
    done = kldiv(*words, "--total-row", "drop", "-f", "json")
    (only,) = json.loads(done.out)["comparisons" if command == "compare" else "columns"]
    assert only["measures"]["kl_pq"] == pytest.approx(kl(p, q), rel=1e-13)


def test_a_number_as_the_name_of_a_column(kldiv):
    words = ["compare", *both("pandas_series_without_name_{}.csv")]
    assert report(kldiv, *words, code=2)["error"]["code"] == "which-header"
    found = report(kldiv, *words, "--header")
    assert found["comparisons"][0]["measures"]["kl_pq"] == pytest.approx(kl(*drinks()), rel=1e-13)


def test_pairs_of_two_columns(kldiv):
    found = [Counter((r["drink"], r["to_go"]) for r in make.orders(side)) for side in "ab"]
    keys = sorted({*found[0], *found[1]})
    truth = kl(*([side[key] for key in keys] for side in found))
    words = ("compare", *both("pandas_two_columns_{}.csv"), "--joint", "drink", "--joint", "to_go")
    value = report(kldiv, *words)["comparisons"][0]["measures"]["kl_pq"]
    assert float(value) == pytest.approx(truth, rel=1e-13)


HISTOGRAMS = [
    ("R_cut_{}.csv", upper_closed),
    ("R_hist_{}.json", upper_closed),
    ("pandas_cut_{}.csv", upper_closed),
    ("polars_hist_{}.csv", upper_closed),
    ("numpy_histogram_{}.npz", lower_closed),
    ("numpy_histogram_unnamed_{}.npz", lower_closed),
    ("miller_histogram_{}.csv", lower_closed),
    ("boost_uhi_{}.json", with_flow),
    ("numpy_density_{}.npz", lambda size: size >= 15),
]


@pytest.mark.parametrize(("name", "place"), HISTOGRAMS, ids=[name for name, _ in HISTOGRAMS])
def test_histograms(kldiv, name, place):
    p, q = binned(place)
    measures = report(kldiv, "compare", *both(name))["comparisons"][0]["measures"]
    assert measures["kl_pq"] == pytest.approx(kl(p, q), rel=1e-13)
    assert measures["kl_qp"] == pytest.approx(kl(q, p), rel=1e-13)


@pytest.mark.parametrize(
    ("p", "q"),
    [
        ("numpy_own_edges_a.npz", "numpy_histogram_b.npz"),
        ("pandas_cut_a.csv", "pandas_cut_otherwise_b.csv"),
        ("R_cut_a.csv", "pandas_cut_otherwise_b.csv"),
        ("boost_uhi_a.json", "numpy_histogram_b.npz"),
    ],
)
def test_histograms_of_other_edges(kldiv, p, q):
    error = report(kldiv, "compare", str(FILES / p), str(FILES / q), code=2)["error"]
    assert error["code"] == "edges-differ"


@pytest.mark.parametrize("first", ["R_cut_{}.csv", "R_hist_{}.json"])
def test_bins_of_two_programs(kldiv, first):
    found = report(kldiv, "compare", both(first)[0], both("pandas_cut_{}.csv")[1])
    truth = kl(*binned(upper_closed))
    assert found["comparisons"][0]["measures"]["kl_pq"] == pytest.approx(truth, rel=1e-13)


def test_cumulative_buckets(kldiv):
    error = report(kldiv, "compare", *both("prometheus_histogram_{}.txt"), code=2)["error"]
    assert "cumulative" in error["message"] + error["hint"]


def test_a_joint_distribution_in_an_array(kldiv):
    sides = [[r for r in make.orders(side) if r["size"] is not None] for side in "ab"]
    found = [Counter((r["price"] >= 3, r["size"] >= 25) for r in side) for side in sides]
    keys = [(a, b) for a in (False, True) for b in (False, True)]
    truth = kl(*([side[key] for key in keys] for side in found))
    words = ("compare", *both("numpy_joint_{}.npy"))
    assert any("--flatten" in str(note["advice"]) for note in report(kldiv, *words)["notes"])
    value = report(kldiv, *words, "--flatten")["comparisons"][0]["measures"]["kl_pq"]
    assert float(value) == pytest.approx(truth, rel=1e-12)


ROWS = [
    "pandas_rows_{}.csv", "pandas_rows_{}.json", "polars_rows_{}.csv", "polars_rows_{}.ndjson",
    "pyarrow_rows_{}.csv", "duckdb_rows_{}.csv", "duckdb_rows_{}.json", "R_rows_{}.csv",
]  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("both_sides", [True, False], ids=["both", "current"])
def test_rows(kldiv, name, both_sides):
    columns = [
        word
        for title in ("drink", "to_go", "day", "size", "price")
        for word in ("--column", title)
    ]
    plain = both("pandas_rows_{}.csv")
    truth = kldiv("check", *plain, *columns, "-f", "json")
    reference = both(name)[0] if both_sides else plain[0]
    done = kldiv("check", reference, both(name)[1], *columns, "-f", "json")
    assert done.code == truth.code
    found, expected = json.loads(done.out), json.loads(truth.out)
    assert found["columns"] == expected["columns"]
    types = {column["column"]: column["type"] for column in found["columns"]}
    assert types["day"] == "date"
    assert types["size"] == types["price"] == "numeric"
    missing = sum(row["size"] is None for row in make.orders("b"))
    size = found["columns"][3]
    assert size["missing_current"] == pytest.approx(missing / len(make.orders("b")), rel=1e-15)


PIPED = {
    "check {0}/pandas_rows_a.csv {1} --column drink --column to_go --column size": [
        "polars_rows_b.ndjson", "duckdb_rows_b.json", "R_rows_b.csv",
    ],
    "compare {0}/pandas_value_counts_a.csv {1}": [
        "pandas_json_split_b.json", "R_write_table_tab_b.tsv", "uniq_c_b.txt",
        "numpy_unique_b.npz",
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("command", "name"), [(command, name) for command, names in PIPED.items() for name in names]
)
def test_a_pipe_gives_what_a_file_gives(shell, command, name):
    of_file = shell(f"kldiv {command.format(FILES, FILES / name)} -f json 2> /dev/null")
    piped = command.format(FILES, "-")
    of_pipe = shell(f"cat {FILES / name} | kldiv {piped} -f json 2> /dev/null")
    found, expected = json.loads(of_pipe.out), json.loads(of_file.out)
    for key in ("columns", "comparisons", "verdict", "error"):
        assert found.get(key) == expected.get(key)
    assert found["error"] is None


def test_every_program_is_tested():
    told = Path(__file__).read_text()
    names = {re.sub("_[ab][.]", "_{}.", path.name) for path in FILES.iterdir()}
    tried = {name for name in names if any(name.replace("{}", x) in told for x in ("{}", *"ab"))}
    assert names == tried
