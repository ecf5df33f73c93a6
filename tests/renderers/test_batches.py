"""The statistics of a batch's rows in every format, and its rows as CSV."""

import csv
import io
import itertools
import json
import math
import re
import statistics
import tracemalloc
from importlib.resources import files

import jsonschema
import numpy as np
import pytest

from kldiv_cli import compare
from kldiv_cli.core.batches import described
from kldiv_cli.core.report import Comparison, Report, Side
from kldiv_cli.core.rows import RowValues
from kldiv_cli.renderers import ROWS, Layout, pieces, render
from kldiv_cli.renderers.show import display_width

SCHEMA = json.loads(files("kldiv_cli.renderers").joinpath("schemas/compare-1.json").read_text())


def batch(values, *, tops=None, log_p=None, log_q=None, bound=1e-15, **changes):
    """Return the report of a batch whose rows have these measures."""
    values = {name: np.asarray(rows, dtype=float) for name, rows in values.items()}
    count = len(next(iter(values.values())))
    same, common = (None, None) if tops is None else tops
    rows = RowValues(values, {}, same, common, log_p, log_q)
    names = tuple(values)
    block, noise, reduction = (
        changes.get("block"), changes.get("storage_noise"), changes.get("reduction", "batchmean")
    )  # fmt: skip
    facts = described(rows, names, reduction, block=block)._replace(storage_noise=noise)
    total = 1 if reduction == "batchmean" else count
    measures = {name: math.fsum(rows) * total / count for name, rows in values.items()}
    comparison = Comparison(
        None, measures, dict.fromkeys(names, bound), outcomes=9, batch=facts, q="jul"
    )
    sides = [
        Side(name, f"{name}.npy", "npy", "logits", 9, 1, count, count, 0)
        for name in ("jan", "jul")
    ]
    return Report("e", "nats", "none", 1.0, *sides, (comparison,), rows=(rows,))


def hostile(rows=2_000):
    """Return a batch of dependent rows of every size, some infinite, of which all is known."""
    random = np.random.default_rng(7)
    wave = np.repeat(random.standard_normal(-(-rows // 20)), 20)[:rows]
    small = np.exp(30 * wave - 200)
    some = np.where(np.arange(rows) == rows - 1, np.inf, np.exp(wave))
    names = {"renyi:0.333333": small, "kl_pq": some, "kl_qp": 1e5 * np.exp(3 * wave)}
    names |= {"entropy_p": np.full(rows, 2.5), "entropy_q": np.abs(wave)}
    tops = random.random(rows) < 0.97, random.random(rows)
    log_p, log_q = -np.exp(wave), -np.exp(2 * wave)
    return batch(
        names, tops=tops, log_p=log_p, log_q=log_q, block=30, storage_noise=5.12345e-5, bound=1e-7
    )


def plain(rows=1_000):
    """Return a batch of independent rows in which each quantile is known: 1 to `rows`."""
    values = np.random.default_rng(1).permutation(np.arange(1.0, rows + 1))
    return batch({"kl_pq": values, "kl_qp": values / 1000}, block=1)


def lines_of(report, format="text", **layout):
    return render(report, format, Layout(**layout)).splitlines()


def cells(line):
    return re.split(r" {2,}", line.strip())


def table(lines, head):
    """Return the table that begins with a header, by the first cells of its lines."""
    start = next(i for i, line in enumerate(lines) if line.strip().startswith(head))
    found = itertools.takewhile(lambda line: cells(line)[1:], lines[start + 1 :])
    return {cells(line)[0]: cells(line)[1:] for line in found}


@pytest.mark.parametrize("make", [hostile, plain, lambda: hostile(9), lambda: hostile(10)])
@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("unicode", [False, True])
@pytest.mark.parametrize("color", [False, True])
def test_no_line_is_too_wide(make, width, unicode, color):
    report = make()
    layout = Layout(terminal=True, width=width, unicode=unicode, color=color)
    text = re.sub(r"\x1b\[[0-9;]*m", "", render(report, "text", layout))
    assert max(display_width(line) for line in text.splitlines()) <= width
    assert unicode or text.isascii()
    text = render(report, "text", Layout(unicode=unicode))
    assert max(display_width(line) for line in text.splitlines()) <= 80
    assert unicode or text.isascii()
    assert "None" not in text
    assert "nan" not in text


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_cell_is_cut(width):
    """What does not fit is left out as a whole; the rest is the same at any width."""
    for head in ("mean", "quantile", "worst row"):
        wide = table(lines_of(hostile(), terminal=True, width=200), head)
        narrow = table(lines_of(hostile(), terminal=True, width=width), head)
        assert narrow.keys() == wide.keys()
        for name, values in narrow.items():
            assert values
            every = iter(wide[name])
            assert all(value in every for value in values), "in their order"


def test_the_quantiles_of_rows_from_1_to_1000():
    lines = lines_of(plain())
    quantiles = table(lines, "quantile")
    assert quantiles["max"] == ["1000", "1.000"]
    assert quantiles["99.9 %"] == ["999.0", "0.9990"]
    assert quantiles["90 %"] == ["900.1", "0.9001"]
    assert quantiles["median"] == ["500.5", "0.5005"]
    assert quantiles["1 %"] == ["10.99", "0.01099"]
    assert quantiles["min"] == ["1.000", "0.001000"]
    assert "75 %" not in quantiles
    worst = table(lines, "worst row")
    assert [values[0] for values in worst.values()] == ["1000", "999.0", "998.0", "997.0", "996.0"]
    rows = plain().rows[0].values["kl_pq"]
    assert [rows[int(row)] for row in worst] == [1000, 999, 998, 997, 996]


def test_the_mean_is_printed_to_the_second_digit_of_its_error():
    report = plain()
    means = table(lines_of(report), "mean")
    values = report.rows[0].values["kl_pq"]
    error = statistics.pstdev(values) / math.sqrt(len(values) - 1)
    printed, found = means["kl_pq"][0].split(" +- ")
    assert (printed, found) == ("500.5", f"{error:.1f}")
    assert table(lines_of(report, unicode=True), "mean")["kl_pq"][0] == f"500.5 ± {error:.1f}"
    # Limits of the interval, which is Student's with many degrees of freedom.
    low, high = map(float, means["kl_pq"][-1].split(" to "))
    assert (high - low) / 2 == pytest.approx(1.96 * error, rel=0.01)


@pytest.mark.parametrize(
    ("rows", "heads"),
    [
        (10, ["max", "90 %", "median", "10 %", "min"]),
        (19, ["max", "90 %", "median", "10 %", "min"]),
        (20, ["max", "95 %", "90 %", "median", "10 %", "5 %", "min"]),
        (99, ["max", "95 %", "90 %", "median", "10 %", "5 %", "min"]),
        (100, ["max", "99 %", "95 %", "90 %", "median", "10 %", "5 %", "1 %", "min"]),
    ],
)
def test_a_quantile_has_rows_beyond_it(rows, heads):
    assert list(table(lines_of(plain(rows)), "quantile")) == heads


def test_few_rows_keep_the_short_form():
    lines = lines_of(plain(9))
    assert "9 rows, reduction batchmean; kl_pq of a row:" in lines
    assert "  min 1.00000, median 5.00000, max 9.00000" in lines
    assert "quantile" not in "\n".join(lines)
    noisy = lines_of(batch({"kl_pq": [1.0, 2.0]}, storage_noise=5.12e-5))
    assert "rounding to 16 bits alone makes about 5e-05 nats" in noisy


def test_independent_rows_have_no_columns_for_it():
    header = next(line for line in lines_of(plain()) if "standard error" in line)
    assert cells(header) == ["mean +- standard error", "95 % interval"]


def test_the_errors_of_dependent_rows_stand_beside_those_of_independent_ones():
    # Blocks of twenty equal rows are worth as many rows as there are blocks.
    values = np.repeat(np.random.default_rng(3).random(100), 20)
    report = batch({"kl_pq": values}, block=20)
    lines = lines_of(report)
    error, effective, plain_error = table(lines, "mean")["kl_pq"][:3]
    assert float(error.split(" +- ")[1]) == pytest.approx(values.std() / math.sqrt(99), rel=0.05)
    assert 99 <= float(effective) <= 101
    independent = values.std() / math.sqrt(1999)
    assert float(plain_error.removeprefix("+- ")) == pytest.approx(independent, rel=0.05)
    assert "errors from blocks of 20 rows" in lines


def test_an_infinite_row_has_no_error():
    values = np.arange(30.0)
    values[3] = math.inf
    report = batch({"kl_pq": values})
    assert table(lines_of(report), "mean") == {"kl_pq": ["Infinity"]}
    assert table(lines_of(report, terminal=True, unicode=True), "mean") == {"kl_pq": ["∞"]}
    quantiles = table(lines_of(report), "quantile")
    assert (quantiles["max"], quantiles["median"]) == (["Infinity"], ["15.50"])
    assert next(iter(table(lines_of(report), "worst row"))) == "3"
    (row,) = csv.DictReader(io.StringIO(render(report, "csv")))
    assert (row["mean"], row["standard_error"], row["low"]) == ("Infinity", "", "")


def test_the_first_measure_and_both_directions_of_kl_are_shown():
    names = ("tv", "js", "kl_qp", "entropy_p", "kl_pq")
    lines = lines_of(batch({name: np.arange(10.0) for name in names}))
    assert list(table(lines, "mean")) == ["tv", "kl_pq", "kl_qp", "entropy_p"]
    assert ["quantile", "tv", "kl_pq", "kl_qp"] in map(cells, lines)
    lines = lines_of(batch({"kl": np.arange(10.0)}))
    assert ["quantile", "kl"] in map(cells, lines)
    assert "it is torch's F.kl_div(log_softmax(q, -1), softmax(p, -1)," in lines
    lines = lines_of(batch({"tv": np.arange(10.0)}))
    assert "10 rows, reduction batchmean; statistics over the rows:" in lines
    assert "torch" not in "\n".join(lines)


def test_targets_have_perplexities_and_changes_of_probability():
    random = np.random.default_rng(5)
    log_p, log_q = -random.exponential(2.0, (2, 400))
    report = batch({"kl_pq": random.random(400)}, log_p=log_p, log_q=log_q)
    means = table(lines_of(report), "mean")
    of_p, of_q = math.exp(-log_p.mean()), math.exp(-log_q.mean())
    assert float(means["perplexity p"][0].split()[0]) == pytest.approx(of_p, rel=0.01)
    assert float(means["perplexity q"][0].split()[0]) == pytest.approx(of_q, rel=0.01)
    assert float(means["ln(q/p)"][0].split()[0]) == pytest.approx(math.log(of_q / of_p), abs=0.01)
    assert float(means["ratio q/p"][0].split()[0]) == pytest.approx(of_q / of_p, abs=0.01)
    assert float(means["q - p"][0].split()[0]) == pytest.approx(of_q - of_p, abs=0.1)
    correlation = statistics.correlation(log_p, log_q)
    assert float(means["correlation"][0]) == pytest.approx(correlation, rel=1e-3)
    change = 100 * (np.exp(log_q) - np.exp(log_p))
    mean, _, _, percent = means["delta p"][0].split()
    assert float(mean) == pytest.approx(change.mean(), abs=0.06)
    assert percent == "%"
    rms = means["delta p, rms"][0].split()[0]
    assert float(rms) == pytest.approx(math.sqrt((change**2).mean()), rel=0.01)
    quantiles = table(lines_of(report), "quantile")
    for head, share in (("99 %", 99), ("75 %", 75), ("25 %", 25), ("min", 0)):
        assert float(quantiles[head][1]) == pytest.approx(np.percentile(change, share), rel=1e-3)
    assert "Δp, rms" in table(lines_of(report, unicode=True), "mean")


def test_shares_are_in_per_cent_and_their_limits_within_0_and_100():
    tops = np.arange(20) != 3, np.ones(20)
    means = table(
        lines_of(batch({"kl_pq": np.arange(20.0)}, tops=tops), terminal=True, width=110), "mean"
    )
    # A share of 19 of 20 has the error sqrt(.95 .05 / 19).
    assert means["same top"][0] == "95.0 +- 5.0 %"
    assert means["same top"][-1].endswith(" to 100.0 %")
    assert means["top-5 agreement"][0] == "100 +- 0 %"


def test_five_outcomes_or_fewer_are_all_among_the_likeliest():
    report = compare([[1, 2, 3, 4, 5]] * 10, [[1, 2, 3, 5, 4]] * 10)
    assert "top-5" not in report.render()
    report = compare([[1, 2, 3, 4, 5, 6]] * 10, [[1, 2, 3, 5, 4, 7]] * 10)
    assert "top-5 agreement" in report.render()


def test_digits_that_the_bound_does_not_give_are_left_out():
    values = np.linspace(0.1, 0.9, 50)
    exact = table(lines_of(batch({"kl_pq": values}, block=2)), "quantile")
    rough = table(lines_of(batch({"kl_pq": values}, block=2, bound=0.004)), "quantile")
    assert (exact["max"], rough["max"]) == (["0.9000"], ["0.90"])
    report = batch({"kl_pq": values}, reduction="none")
    (comparison,) = report.comparisons
    bounds = {"kl_pq": (1e-15,) * 49 + (0.004,)}
    rows = comparison._replace(measures={"kl_pq": tuple(values)}, error_bounds=bounds)
    lines = lines_of(Report(*[getattr(report, f) for f in ("base", "unit", "smoothing")], 1.0,
                            report.p, report.q, (rows,), rows=report.rows))  # fmt: skip
    assert table(lines, "quantile")["max"] == ["0.90"]


@pytest.mark.parametrize("make", [hostile, plain, lambda: hostile(2)])
def test_json_follows_its_schema(make):
    document = json.loads(render(make(), "json"), parse_constant=pytest.fail)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)


@pytest.mark.parametrize("make", [hostile, plain, lambda: hostile(2)])
def test_csv_has_the_numbers_of_json(make):
    facts = json.loads(render(make(), "json"))["comparisons"][0]
    rows = {row["measure"]: row for row in csv.DictReader(io.StringIO(render(make(), "csv")))}
    batch = facts["batch"]
    assert list(rows)[: len(facts["measures"])] == list(facts["measures"])

    def agrees(row, found):
        for key, value in found.items():
            if isinstance(value, dict):
                agrees(row, value)
            elif key in row:
                assert row[key] == ("" if value is None else str(value)), key

    for name, found in batch["by_measure"].items():
        agrees(rows[name], found)
        assert rows[name]["rows"] == str(batch["rows"])
    beside = {"same_top": batch["same_top"], "top_5_agreement": batch["top_5_agreement"]}
    for name, found in {**beside, **(batch["targets"] or {})}.items():
        if isinstance(found, dict) and not name.endswith("_spread"):
            agrees(rows[name], found)
    if batch["targets"]:
        agrees(rows["delta_p"], batch["targets"]["delta_p_spread"])


def test_csv_of_rows_that_are_not_reduced_is_theirs():
    report = compare([[0.5, 0.5]] * 12, [[0.5, 0.5]] * 12, measures="kl_pq", reduction="none")
    header, *rows = csv.reader(io.StringIO(report.render("csv")))
    assert "mean" not in header
    assert len(rows) == 12


@pytest.mark.parametrize("make", [hostile, plain, lambda: hostile(2)])
def test_markdown_tables_are_whole(make):
    lines = render(make(), "markdown").splitlines()
    for _, group in itertools.groupby(lines, lambda line: line.startswith("|")):
        widths = {re.sub(r"\\.", "", line).count("|") for line in group}
        assert len(widths) == 1
    text = "\n".join(lines)
    assert "+-" not in text
    assert ("| worst row | " in text) is ("| quantile | " in text)


def rows_of(report):
    return list(csv.DictReader(io.StringIO("".join(pieces(report, ROWS)))))


def test_rows_are_written_in_full():
    report = hostile(5_000)  # More than a piece.
    found = rows_of(report)
    (values,) = report.rows
    assert [int(row["row"]) for row in found] == list(range(5_000))
    assert {(row["column"], row["q"]) for row in found} == {("", "jul")}
    for name, numbers in values.values.items():
        assert [float(row[name]) for row in found] == numbers.tolist()
    assert found[-1]["kl_pq"] == "Infinity"
    assert [row["same_top"] for row in found] == [str(int(same)) for same in values.same_top]
    assert [float(row["top_5_agreement"]) for row in found] == values.common_top.tolist()
    assert [float(row["log_q"]) for row in found] == values.log_q.tolist()
    changes = np.exp(values.log_q) - np.exp(values.log_p)
    assert [float(row["delta_p"]) for row in found] == changes.tolist()


def test_rows_have_no_columns_for_what_is_not_known():
    header = next(csv.reader(pieces(plain(), ROWS)))
    assert header == ["column", "q", "row", "kl_pq", "kl_qp"]


def test_an_impossible_target_has_minus_infinity():
    logs = np.array([-math.inf, -1.0])
    report = batch({"kl_pq": [1.0, 2.0]}, log_p=logs, log_q=np.array([-2.0, -1.0]))
    assert [row["log_p"] for row in rows_of(report)] == ["-Infinity", "-1.0"]


def test_a_row_that_is_not_a_number_never_leaves():
    report = batch({"kl_pq": [1.0, 2.0]})
    report.rows[0].values["kl_pq"][1] = math.nan
    with pytest.raises(ArithmeticError):
        rows_of(report)


def test_the_text_of_all_rows_is_never_held():
    report = plain(60_000)
    size = sum(map(len, pieces(report, ROWS)))
    tracemalloc.start()
    try:
        for _ in pieces(report, ROWS):
            pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < size


def test_rows_from_python():
    report = compare(
        [[1, 3], [1, 1]], [[1, 1], [1, 1]], measures=("kl_pq", "tv"), fail_above={"js": 1}
    )
    first, second = csv.DictReader(io.StringIO(report.render("rows")))
    # Of P = (1/4, 3/4): ln 2 - H(P).
    expected = math.log(2) + 0.25 * math.log(0.25) + 0.75 * math.log(0.75)
    assert float(first["kl_pq"]) == pytest.approx(expected, rel=1e-15)
    assert first["tv"] == "0.25"
    assert (second["kl_pq"], second["tv"]) == ("0.0", "0.0")
    assert "js" not in first


def test_rows_of_columns_are_told_apart():
    raw = {"=1+1": ["a", "b", "a"], "side": ["x", "y", "x"]}
    report = compare(raw, raw, kind="samples", measures="tv")
    found = list(csv.DictReader(io.StringIO(report.render("rows"))))
    assert [(row["column"], row["row"], row["tv"]) for row in found] == [
        ("'=1+1", "0", "0.0"), ("side", "0", "0.0"),
    ]  # fmt: skip


def test_an_error_has_no_rows():
    report = Report("e", "nats", "none", 1.0, None, None, (Comparison(None, {"tv": "error"}, {}),))
    assert render(report, ROWS) == ""


def test_one_block_gives_no_errors():
    rows = np.random.default_rng(2).normal(size=(2, 30, 7))
    for block, said in ((29, "errors from blocks of 29 rows"), (30, "no errors: one block holds")):
        text = render(compare(*rows, kind="logits", block=block), "text", Layout())
        assert said in text
        assert (" +- 0" in text) == (block == 29)


def test_a_lower_bound_is_called_one_in_the_report(tmp_path):
    def answer(name, shift):
        tops = [
            {"token": t, "logprob": math.log(p), "bytes": [ord(t)]}
            for t, p in (("a", 0.6 + shift), ("b", 0.2 - shift))
        ]
        content = [{**tops[0], "top_logprobs": tops}] * 12
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps({"choices": [{"logprobs": {"content": content}}]}))
        return path

    report = compare(answer("p", 0.0), answer("q", 0.1), measures="kl_pq")
    for name in ("text", "markdown"):
        assert "lower bounds" in render(report, name, Layout())
    rows = np.random.default_rng(2).normal(size=(2, 30, 7))
    assert "lower bounds" not in render(compare(*rows, kind="logits"), "text", Layout())
