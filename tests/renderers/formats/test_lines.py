"""A document as lines: within any width, with every word that was said, and safe."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli.renderers import Layout, draw
from kldiv_cli.renderers.document import (
    Column,
    Document,
    Facts,
    Folded,
    Heading,
    Lines,
    Remark,
    Row,
    Span,
    Table,
    line,
)
from kldiv_cli.renderers.formats.lines import laid_out
from kldiv_cli.renderers.show import display_width, show

FOREIGN = st.text(st.characters(codec=None), max_size=120)
WORDS = st.lists(st.sampled_from(["kl_pq", "0.25", "‖", "→", "∞", "± 3 %", "Δp"]), max_size=12)
COMMAND = re.compile(r"^\s*(::|##\[|##vso\[)")


def drawn(*blocks, width=80, **layout):
    document = Document(line("title"), blocks)
    lines = laid_out(document, Layout(width=width, **layout), width)
    return ["".join(text for text, _ in pieces) for pieces in lines]


def table(*names, detail="", folded=False, rank=1):
    columns = (
        Column(line("verdict"), number=False),
        Column(line("column"), number=False, names=True),
        Column(line("kl")),
        Column(line("interval"), rank=rank),
    )
    rows = (
        Row(
            (line("drift"), line(Span(name, kind="title")), line("0.0625"), line("0 to ∞")),
            line(detail) if detail else (),
            folded=folded,
        )
        for name in names
    )
    return Table(columns, tuple(rows))


@given(FOREIGN, FOREIGN, WORDS, st.integers(40, 200), st.booleans(), st.booleans())
def test_any_document_is_safe_and_fits(name, other, words, width, unicode, terminal):
    said = line(*words, Span(name, "p", "name", other, "p"), " ", Span(other, kind="words"))
    blocks = (
        Heading(said),
        Lines((said, line("  "), said)),
        Facts(((line(Span(name, kind="title")), (said, said)),)),
        table(name, other, detail=" ".join(words)),
        Folded("more", (Lines((said,)),), "--all-measures"),
    )
    lines = drawn(*blocks, width=width, unicode=unicode, terminal=terminal)
    for text in lines:
        assert display_width(text) <= width
        assert text == text.rstrip(" ")
        assert not text or text.isprintable()
        assert text.isascii() or unicode
        assert not COMMAND.match(text)


@given(FOREIGN, st.integers(40, 100))
def test_folding_loses_no_letter_of_a_sentence_and_keeps_its_tones(words, width):
    spans = (Span("said: ", "dim"), Span(words, "strong", "words"))
    lines = laid_out(Document((), (Lines((spans,)),)), Layout(unicode=True), width)
    shown = f"said: {show(words, 600)}"
    found = "".join(text for pieces in lines for text, _ in pieces)
    assert unbroken(found) == unbroken(shown)
    tones = [tone for pieces in lines for text, tone in pieces if text.strip() and tone]
    assert [tone for tone, _ in itertools.groupby(tones)] == ["dim", "strong"][: len({*tones})]


def unbroken(text):
    return text.replace(" ", "").replace("\\x3a", ":")


def test_signs_are_spelt_where_there_are_none():
    said = Lines((line("D(p ‖ q) = ∞ ± 2, 0 → Δp", Span(" ∞ ‖", kind="label")),))
    assert drawn(said, terminal=True, unicode=True) == ["D(p ‖ q) = ∞ ± 2, 0 → Δp ∞ ‖"]
    # What comes from data stays as it is.
    assert drawn(said, unicode=True) == ["D(p || q) = Infinity ± 2, 0 -> Δp ∞ ‖"]
    (text,) = drawn(said)
    assert text == r"D(p || q) = Infinity +- 2, 0 -> delta p \u221e \u2016"


def test_a_sentence_is_indented_below_itself():
    text = "one two three four five six seven eight nine ten"
    assert drawn(Lines((line(text), line(f"  {text}"))), width=40) == [
        "one two three four five six seven",
        "  eight nine ten",
        "  one two three four five six seven",
        "    eight nine ten",
    ]


def test_blocks_are_apart_but_a_heading_is_not():
    said = Lines((line("said"),))
    found = drawn(Heading(line("head")), said, Remark("a", "b"), table(), said)
    assert found == ["head", "said", "", "said"]


def test_details_that_are_folded_are_shown_if_asked_for():
    folded = Folded("further measures", (Lines((line("js 0.5"),)),), "--all-measures")
    assert drawn(folded) == ["further measures: --all-measures"]
    assert drawn(folded, unfolded=True) == ["js 0.5"]


def test_a_table_keeps_its_columns_and_names_those_that_it_cannot_show():
    wide = drawn(table("amount"), width=44)
    assert wide == [
        "verdict  column  kl      interval",
        "drift    amount  0.0625  0 to Infinity",
    ]
    narrow = drawn(table("amount"), width=32)
    assert narrow[:2] == ["verdict  column  kl", "drift    amount  0.0625"]
    assert narrow[2].startswith("no room for interval; a wider")


def test_a_long_name_has_a_line_of_its_own():
    lines = drawn(table("amount", "x" * 30, "x" * 60, rank=0), width=50)
    assert lines == [
        "verdict  column              kl      interval",
        "drift    amount              0.0625  0 to Infinity",
        f"drift    {'x' * 30}",
        "                             0.0625  0 to Infinity",
        f"drift    {'x' * 38}...",
        "                             0.0625  0 to Infinity",
    ]


@pytest.mark.parametrize("brief", [False, True])
def test_without_room_for_names_the_figures_stand_below(brief):
    lines = drawn(table("a_name_of_two", folded=brief, rank=0), width=39)
    below = ["drift    a_name_of_two", "  kl 0.0625, interval 0 to Infinity"]
    assert lines == (["drift    a_name_of_two  kl 0.0625"] if brief else below)


@pytest.mark.parametrize("color", [False, True])
def test_a_terminal_has_the_lines_of_text_in_colour_or_without(color):
    document = Document(line("t"), (table("amount"), Lines((line("all", tone="strong"),))))
    layout = Layout(terminal=True, width=80, unicode=True, color=color)
    text = draw(document, "text", layout)
    assert ("\x1b[1mall" in text) is color
    assert re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()[1] == "drift    amount  0.0625  0 to ∞"
    # Yellow and white cannot be read on a light background, nor blue and black on a dark one.
    assert not re.search(r"\x1b\[(?:\d+;)*(?:30|33|34|37|93|97)[;m]", text)
