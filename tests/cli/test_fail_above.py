"""A gate on a measure: exit code 1 where not (value <= limit), from the shell and from Python."""

import json
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli import UsageError, compare
from kldiv_cli.core.report import Exceeded, exceeded

P, Q = {"a": 5, "b": 3, "c": 2}, {"a": 2, "b": 2, "c": 6}
KL = 0.3600624406359049


def document(ran):
    return json.loads(ran.out, parse_constant=pytest.fail)


@pytest.mark.parametrize(
    ("words", "code", "failed"),
    [
        (["kl_pq=0.36"], 1, ["kl_pq"]),
        (["kl_pq=0.3600624406359150"], 0, []),
        ([f"kl_pq={KL!r}"], 0, []),
        (["kl_pq=0"], 1, ["kl_pq"]),
        (["kl_pq=1", "js=0.01"], 1, ["js"]),
        (["js=0.01", "kl_pq=0.1", "tv=1"], 1, ["js", "kl_pq"]),
        (["kl=0.1"], 1, ["kl"]),
        (["renyi:0.5=0.1"], 1, ["renyi:0.5"]),
        (["kl_pq=1", "kl_pq=0.1"], 1, ["kl_pq"]),
        (["kl_pq=0.1", "kl_pq=1"], 1, ["kl_pq"]),
        (["kl_pq=1e0"], 0, []),
    ],
    ids=str,
)
def test_the_exit_code_is_that_of_the_worst_limit(kldiv, pair, words, code, failed):
    options = [part for word in words for part in ("--fail-above", word)]
    ran = kldiv("compare", *pair, *options, "-f", "json")
    assert ran.code == code
    found = document(ran)
    assert [one["measure"] for one in found["failed"]] == failed
    assert all(one["value"] > one["limit"] for one in found["failed"])
    assert found["comparisons"][0]["measures"]["kl_pq"] == pytest.approx(KL, rel=1e-15)
    assert kldiv("compare", *pair, *options, "-q", "-m", "kl_pq").code == code
    assert kldiv("compare", *pair, *options, "--exit-zero").code == 0
    text = kldiv("compare", *pair, *options).out
    assert len(re.findall("^failed: ", text, re.M)) == len(failed)


def test_a_measure_need_not_be_shown_to_have_a_limit(kldiv, pair):
    words = ["-m", "js", "--fail-above", "kl_pq=0.05"]
    ran = kldiv("compare", *pair, *words, "-f", "json")
    found = document(ran)
    assert list(found["comparisons"][0]["measures"]) == ["js"]
    assert list(found["comparisons"][0]["error_bounds"]) == ["js"]
    (failed,) = found["failed"]
    assert failed["value"] == pytest.approx(KL, rel=1e-15)
    assert "failed: kl_pq 0.360062 is above 0.05\n" in kldiv("compare", *pair, *words).out
    assert (
        "**failed: kl\\_pq 0.360062 is above 0.05**\n"
        in kldiv("compare", *pair, *words, "-fmarkdown").out
    )
    bare = kldiv("compare", *pair, *words, "-q")
    assert (bare.code, bare.err) == (1, "")
    assert float(bare.out) == pytest.approx(0.09056584995526784, rel=1e-14)
    terminal = kldiv("compare", *pair, *words, "--color", "always").out
    assert "failed: kl_pq" in terminal


def test_nothing_infinite_is_within_a_limit(kldiv, pair, table):
    more = table("more.csv", "colour,count\nred,2\nblack,1\n")
    ran = kldiv(pair[0], more, "--fail-above", "kl_pq=1e308", "-f", "json")
    assert ran.code == 1
    assert document(ran)["failed"] == [
        {
            "column": None,
            "row": None,
            "measure": "kl_pq",
            "value": "Infinity",
            "limit": 1e308,
            "q": None,
        }
    ]
    assert (
        "failed: kl_pq Infinity is above 1e+308"
        in kldiv(pair[0], more, "--fail-above", "kl_pq=1e308").out
    )
    assert kldiv(pair[0], more, "--fail-above", "js=1").code == 0


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("kl_pq=inf", ""), ("kl_pq=nan", ""), ("kl_pq=-1", ""), ("kl_pq=", ""), ("kl_pq=5 %", ""),
        ("kl_pq=0.05=0.1", ""), ("kl_pq=1_0", ""), ("=1", ""), ("", ""),
        ("kl_p=1", "did you mean 'kl_"), ("kl_p9=0.1", "did you mean 'kl_p9"),
        ("top_disagremnt=0.1", "did you mean 'top_disagreement'"),
        ("kl_p99=0.1", "--fail-above kl_pq=0.05"),
        ("entropy=0.1", "did you mean 'entropy_"), ("renyi=1", "renyi:0.5"),
        ("0.05", "--fail-above kl_pq=0.05"), ("js", "--fail-above js=0.05"),
        ("x", "--fail-above kl_pq=0.05"),
    ],
)  # fmt: skip
def test_what_is_no_limit_is_refused(kldiv, pair, word, hint):
    for more in ([], ["--fail-above", "js=1"]):
        ran = kldiv("compare", *pair, "--fail-above", word, *more)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith("kldiv: error[")
        assert hint in ran.err
    if hint.startswith("--"):
        assert kldiv("compare", *pair, *hint.split()).code == 1


def test_no_answer_is_worse_than_a_limit_that_was_passed(kldiv, pair):
    limit = ["--fail-above", "kl_pq=0"]
    assert kldiv("compare", *pair, *limit, "--strict", "--label", "x").code == 2
    assert kldiv("compare", *pair, *limit, "-o", "no/such/folder/x").code == 2
    assert kldiv("missing.csv", pair[1], *limit).code == 2
    assert kldiv("missing.csv", pair[1], *limit, "--exit-zero").code == 2


def test_every_column_of_raw_rows_has_the_limit(kldiv, table):
    p = table("rows_p.csv", "one,two\n" + "a,x\n" * 50 + "b,y\n" * 50)
    q = table("rows_q.csv", "one,two\n" + "a,x\n" * 50 + "b,x\n" * 50)
    words = ["--as", "samples", "--fail-above", "tv=0.2", "--fail-above", "kl_qp=5"]
    ran = kldiv(p, q, *words, "-f", "json")
    assert ran.code == 1
    assert document(ran)["failed"] == [
        {"column": "two", "row": None, "measure": "tv", "value": 0.5, "limit": 0.2, "q": None}
    ]
    assert "failed: two: tv 0.500000 is above 0.2\n" in kldiv(p, q, *words).out
    assert kldiv(p, q, *words, "--column", "one").code == 0


BATCH = [[1, 1], [3, 1], [1, 1]], [[1, 1], [1, 1], [1, 1]]
ROW = 0.75 * math.log(1.5) + 0.25 * math.log(0.5)


def test_a_batch_has_the_limit_on_its_reduced_value_or_on_every_row():
    for reduction, value in (("batchmean", ROW / 3), ("sum", ROW), ("mean", ROW / 6)):
        for limit, fails in ((value * 0.999, 1), (value * 1.001, 0)):
            report = compare(*BATCH, reduction=reduction, fail_above={"kl_pq": limit})
            assert len(report.failed) == fails
    report = compare(*BATCH, reduction="none", measures="js", fail_above={"kl_pq": ROW / 2})
    (failed,) = report.failed
    assert failed == (None, 1, "kl_pq", pytest.approx(ROW, rel=1e-15), ROW / 2, None)
    assert "failed: kl_pq of row 1 0.130812 is above" in report.render()
    assert list(report.comparisons[0].measures) == ["js"]
    assert report.comparisons[0].batch.measure == "js"
    assert not compare(*BATCH, reduction="none", fail_above={"kl_pq": ROW * 1.01}).failed


def test_python_has_the_same_limits():
    report = compare(P, Q, fail_above={"kl_pq": 0.05, "tv": 0.9})
    assert report.failed == (Exceeded(None, None, "kl_pq", pytest.approx(KL), 0.05),)
    assert compare(P, Q).failed == compare(P, Q, fail_above=None).failed == ()
    for wrong in ({"kl_pq": math.inf}, {"kl_pq": math.nan}, {"kl_pq": "1"}, {"kl_pq": None},
                  {"kl_pw": 1}, {1: 1}, ["kl_pq"], "kl_pq=1", 0.05):  # fmt: skip
        with pytest.raises(UsageError, match=r"fail_above|no measure"):
            compare(P, Q, fail_above=wrong)


def test_a_value_that_looks_like_its_limit_is_shown_in_full():
    report = compare(P, Q, fail_above={"kl_pq": 0.3600624406359})
    assert f"failed: kl_pq {KL:.13}" in report.render()
    assert report.render().split("\n")[0].endswith("is above 0.3600624406359")


@given(st.one_of(st.floats(), st.just("error")), st.floats(0, allow_infinity=False))
def test_nothing_that_is_no_number_passes(value, limit):
    found = list(exceeded(None, {"kl_pq": value}, {"kl_pq": limit}))
    assert bool(found) == (isinstance(value, str) or not value <= limit)
