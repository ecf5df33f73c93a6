"""No label can act on what displays it."""

import csv
import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli.renderers.show import cell, columns, document, markdown, pad, show

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
    assert columns(shown) <= width
    assert len(shown) <= 4 * width + 3
    assert unicode or shown.isascii()


def test_wide_characters_take_two_columns():
    assert columns("日本") == 4
    assert columns("e\u0301") == 1
    assert columns(pad("日本", 6)) == 6
    assert show("日本語の長い名前", 6) == "日本…"


def test_the_escapes_tell_what_was_there():
    assert show("a\tb\x1b\u202e\udc80\U000e0001") == r"a\tb\x1b\u202e\x80\U000e0001"


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
