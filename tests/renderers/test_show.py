"""No label can act on what displays it."""

import csv
import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli.renderers.show import cell, display_width, document, markdown, pad, show, show_names

ANY_TEXT = st.text(st.characters(codec=None), max_size=200)
HOSTILE = [
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "a\rb",
    "two\nlines",
    "\x9b2J",
    "\u202egnp.exe",
    "\u2066x\u2069",
    "\u200b",
    "\ufeff",
    "\x00",
    "\x7f",
    "\u2028",
    "\udc80",
    "\ud800",
    "\U000e0001",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_would_act_is_escaped(text):
    shown = show(text)
    assert shown.isprintable()
    assert shown != text
    shown.encode()  # No lone surrogate is left.


@given(ANY_TEXT)
def test_shown_text_is_printable_and_stays_so(text):
    shown = show(text)
    assert shown.isprintable()
    assert show(shown) == shown
    assert not re.match(r"\s*(::|##\[)", shown)


@given(st.text(st.characters(categories=["L", "N"]), max_size=50))
def test_ordinary_labels_stay_what_they_are(text):
    assert show(text) == text


@pytest.mark.parametrize("text", ["::error::x", "  ::set-output name=a::b", "##[group]x"])
def test_ci_commands_are_broken(text):
    assert not re.match(r"\s*(::|##\[)", show(text))
    assert show(text)[-3:] == text[-3:]


@given(ANY_TEXT, st.integers(3, 40), st.booleans())
def test_a_cut_text_fits(text, width, unicode):
    shown = show(text, width, unicode=unicode)
    assert display_width(shown) <= width
    assert len(shown) <= 4 * width + 3
    assert unicode or shown.isascii()


def test_wide_characters_take_two_columns():
    assert display_width("日本") == 4
    assert display_width("e\u0301") == 1
    assert display_width(pad("日本", 6)) == 6
    assert show("日本語の長い名前", 6) == "日本…"


def test_the_escapes_tell_what_was_there():
    assert show("a\tb\x1b\u202e\udc80\U000e0001") == r"a\tb\x1b\u202e\x80\U000e0001"


MONTHS = ("transactions_2024_01", "transactions_2024_02")
REGIONS = tuple(f"sales_of_the_northern_region_{month}_2024_final" for month in ("may", "july"))


@pytest.mark.parametrize(
    ("names", "width", "unicode", "expected"),
    [
        (("jan", "transactions_2024_01"), 16, True, ("jan", "transactions_20…")),
        (("transactions_2024", "transactions_1923"), 16, True, None),
        (MONTHS, 24, True, MONTHS),
        (MONTHS, 16, True, ("…actions_2024_01", "…actions_2024_02")),
        (MONTHS, 16, False, ("...tions_2024_01", "...tions_2024_02")),
        (MONTHS, 8, True, ("…2024_01", "…2024_02")),
        (MONTHS, 8, False, ("...24_01", "...24_02")),
        # The common end does not fit, either.
        (REGIONS, 16, True, ("…gion_may_2024_…", "…gion_july_2024…")),
        (REGIONS, 24, False, ("...region_may_2024_final", "...region_july_2024_f...")),
        # The shorter name begins the longer one.
        (("x" * 20, "x" * 20 + "_new"), 16, True, ("…" + "x" * 11, "…" + "x" * 11 + "_new")),
        (("x" * 16, "x" * 16 + "_new"), 16, True, ("x" * 16, "x" * 15 + "…")),
        # Wide characters, marks that take no column, and escapes.
        (("日本語の長い名前一月", "日本語の長い名前二月"), 8, True, ("…前一月", "…前二月")),
        (("e\u0301" * 20 + "1", "e\u0301" * 20 + "2"), 8, True, None),
        (("x" * 20 + "\n1", "x" * 20 + "\n2"), 8, True, ("…xxxx\\n1", "…xxxx\\n2")),
        # These are shown alike at any width.
        (("x" * 20 + "\n", "x" * 20 + "\\n"), 16, True, ("x" * 15 + "…",) * 2),
        (("x" * 20,) * 2, 16, False, ("x" * 13 + "...",) * 2),
    ],
)
def test_names_are_cut_where_they_can_be_told_apart(names, width, unicode, expected):
    shown = show_names(*names, width, unicode=unicode)
    as_ever = tuple(show(name, width, unicode=unicode) for name in names)
    if expected is not None:
        assert shown == expected
    if as_ever[0] != as_ever[1]:
        assert shown == as_ever
    assert all(display_width(name) <= width for name in shown)
    assert show_names(*names[::-1], width, unicode=unicode) == shown[::-1]


def test_a_cut_name_does_not_begin_with_a_mark():
    p, q = show_names("e\u0301" * 20 + "1", "e\u0301" * 20 + "2", 8)
    assert (p, q) == ("…" + "e\u0301" * 6 + "1", "…" + "e\u0301" * 6 + "2")


NAMES = st.text(
    st.one_of(
        st.sampled_from("aab_.…:# \n\t\\日本\u0301\u0302\u200b\x1b\udc80"),
        st.characters(codec=None),
    ),
    max_size=60,
)


@given(NAMES, NAMES, NAMES, NAMES, st.integers(8, 60), st.booleans())
def test_different_names_never_look_alike(beginning, p, q, end, width, unicode):
    """Names may part far to the right, in the middle, or where the shorter one ends."""
    for names in (
        (beginning + p, beginning + q),
        (beginning + p + end, beginning + q + end),
        (beginning, beginning + q),
        (beginning * 4 + p + end, beginning * 4 + q + end),
    ):
        shown = show_names(*names, width, unicode=unicode)
        whole = [show(name, unicode=unicode) for name in names]
        assert (shown[0] == shown[1]) is (whole[0] == whole[1])
        for name in shown:
            assert display_width(name) <= width
            assert len(name) <= 4 * width + 3
            assert name.isprintable()
            assert name.isascii() or unicode
            assert show(name, unicode=unicode) == name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a|b", r"a\|b"),
        ("<script>", "&lt;script&gt;"),
        ("![x](http://y)", r"\!\[x\]\(http&#58;//y\)"),
        ("@someone", "&#64;someone"),
        ("# title", r"\# title"),
        ("dep_delay", r"dep\_delay"),
        ("a & b", "a &amp; b"),
    ],
)
def test_markdown(text, expected):
    assert markdown(text) == expected


@given(ANY_TEXT)
def test_markdown_holds_no_live_character(text):
    bare = re.sub(r"\\.|&(amp|lt|gt|#64|#58);", "", markdown(text, 1000))
    assert not re.search(r"[\\`*_\[\](){}#!|~$&<>@:]", bare)


@given(ANY_TEXT)
def test_a_csv_cell_is_no_formula_and_survives_csv(text):
    written = cell(text)
    assert not written.lstrip().startswith(("=", "+", "-", "@"))
    stream = io.StringIO()
    csv.writer(stream).writerow([written, "1"])
    assert next(csv.reader(io.StringIO(stream.getvalue()), strict=True)) == [written, "1"]


@pytest.mark.parametrize(
    "text",
    ["x ##[add-mask]y", "###[error]", "##vso[task.setvariable]", "ends in ##", ":", "a ::b"],
)
def test_ci_commands_are_broken_wherever_a_runner_looks_for_them(text):
    assert not re.search(r"##\w*\[|(^|\s)::", show(text) + ": [x]")
    assert json.loads(document([text])) == [text]
    assert not re.search(r"##\w*\[", document([text]))


def test_half_a_surrogate_pair_is_escaped_in_json():
    text = document(["\udcff.csv", "\ud800", r"\ud800", "\U0001f600"])
    assert json.loads(text) == [r"\xff.csv", r"\ud800", r"\ud800", "\U0001f600"]
