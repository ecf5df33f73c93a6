"""Pictures in characters: they fit, they keep to ASCII, and every mark is where it should be."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli import check, compare
from kldiv_cli.core.report import Shares
from kldiv_cli.renderers.pages.check import entry, worst_first
from kldiv_cli.renderers.pictures.characters import interval_marks, outcome_lines, spread_lines
from kldiv_cli.renderers.pictures.outcomes import outcomes
from kldiv_cli.renderers.pictures.overview import overview
from kldiv_cli.renderers.pictures.spread import spread
from kldiv_cli.renderers.show import display_width

WIDTHS = (40, 57, 80, 120, 200)
HOSTILE = ["\x1b[31mred", "‮abc", "::error::", "a\nb", "宽" * 40, "x" * 300, "", "<b>"]


def texts(lines):
    return ["".join(part.text for part in line) for line in lines]


def picture_of(labels, p, q, **options):
    p, q = np.array(p, dtype=float), np.array(q, dtype=float)
    with np.errstate(all="ignore"):
        part = np.maximum(np.where(p > 0, p * np.log(p / q), 0.0) - p + q, 0.0)
    shares = Shares(labels, p, q, part, ordered=True, **options)
    return outcomes(shares, "july", "january", "nats")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("unicode", [True, False])
def test_outcomes_fit_whatever_they_are_called(width, unicode):
    picture = picture_of(HOSTILE, [0.1, 0.2, 0, 0.3, 0.1, 0.1, 0.1, 0.1], [0.125] * 7 + [0.0])
    for line in texts(outcome_lines(picture, width, unicode=unicode)):
        assert display_width(line) <= width
        assert line.isprintable()
        assert unicode or line.isascii()


def test_a_row_has_its_label_its_marks_its_shares_its_part_and_its_bar():
    picture = picture_of(["a", "b"], [0.25, 0.75], [0.5, 0.5])
    *_, a, b = texts(outcome_lines(picture, 80, unicode=False))
    assert a.startswith("a  ")
    assert a.index("*") < a.index("o")
    assert "50 % -> 25 %" in a
    assert f"{0.25 * math.log(0.5) + 0.25:.4f}" in a
    assert b.index("o") < b.index("*")
    assert "50 % -> 75 %" in b
    assert a.count("#") > b.count("#") > 0


def test_the_least_width_keeps_marks_percentages_and_bars():
    picture = picture_of(["a", "b"], [0.25, 0.75], [0.5, 0.5])
    a = texts(outcome_lines(picture, 40, unicode=False))[-2]
    assert "*" in a
    assert "o" in a
    assert "59 %" in a
    assert "#" in a


def test_an_outcome_that_one_side_lacks_has_the_sign_of_infinity_and_no_join():
    picture = picture_of(["a", "b"], [0.5, 0.5], [0.0, 1.0])
    for unicode, infinity, join in ((True, "∞", "─"), (False, "inf", "-")):
        lines = texts(outcome_lines(picture, 80, unicode=unicode))
        row = next(line for line in lines if line.startswith("a "))
        marks = row.partition("%")[0]
        assert infinity in marks
        assert join not in marks


@given(st.integers(20, 48), st.booleans())
def test_the_marks_of_an_overview_fit(width, unicode):
    picture = overview(map(entry, worst_first(REPORT)), "nats")
    lines = texts(interval_marks(picture, width, unicode=unicode))
    assert max(map(display_width, lines)) <= width
    assert unicode or all(map(str.isascii, lines))
    assert len(lines) == 1 + len(REPORT.columns)
    dots = "●○" if unicode else "*o"
    assert all(sum(map(line.count, dots)) == 1 for line in lines[1:])


REPORT = check(
    {"amount": [*range(400)], "kind": ["a", "b"] * 200},
    {"amount": [*range(300, 700)], "kind": ["a", "b"] * 200},
)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_rows_of_a_batch_fit(width):
    p = np.random.default_rng(5).dirichlet(np.ones(4), 500)
    report = compare(p, np.full((500, 4), 0.25))
    picture = spread(report.comparisons[0].batch, report.rows[0], "nats")
    lines = texts(spread_lines(picture, width, unicode=True))
    assert max(map(display_width, lines)) <= width
    assert sum(line.count("▲") for line in lines) >= 3
    assert any("median" in line for line in lines)
