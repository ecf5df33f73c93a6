"""What people read: plain text, a terminal, Markdown and a run of GitHub Actions."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli import check
from kldiv_cli.core.findings import WORST_FIRST, Findings, largest_moves
from kldiv_cli.renderers import Layout, render
from kldiv_cli.renderers.show import display_width, folded, show

ANY_TEXT = st.text(st.characters(codec=None), max_size=200)
BY_HAND = """\
drift in 2 of 4 columns: D(jul || jan) in nats
current    jul: 1,000 rows, 0.667 % of the values missing
           from jul.csv (csv)
reference  jan: 2,000 rows, 0 % of the values missing
           from jan.csv (csv)

verdict       column                           kl      90 % interval   threshold
drift         gone                             -       -               0.05
  there is no such column
drift         city                             0.200   0.150 to 0.250  0.05
  KL 0.2 is above 0.05; Rome went from 50 % to 83.3 %; missing 0 % -> 2 %; new
  1 %: Oslo
    Rome  50 % -> 83.3 %
    Oslo  0 % -> 1 %
inconclusive  a_column_with_a_name_that_leaves_no_room
                                               0.0500  0 to Infinity   0.05
  KL 0.05 is too close to 0.05; 1,234,567 rows would decide
pass          amount                           0       0 to 0.0123     0.05
a pass holds at this binning
kl: Zhang-Grabchak estimate; its interval: noncentral chi-square law
a claim is wrong at most once in twenty if rows are independent

excluded  id: looks like a key

2 drift, 1 inconclusive, 1 pass; 1 excluded; alpha 0.1, adjust bh, seed 7
"""
COMMAND = re.compile(r"^\s*(::|##\[|##vso\[)", re.M)
ANNOTATION = re.compile(r"::(error|warning) title=[^:,\n]*::[^\n]*")


def verdicts(text):
    return re.findall(rf"^({'|'.join(WORST_FIRST)})  ", text, re.M)


def test_the_text_of_a_report(reports):
    assert render(reports["by_hand"], "text") == BY_HAND
    assert render(reports["by_hand"], "text", Layout(unicode=True)) == BY_HAND


def test_the_worst_comes_first(reports):
    text = render(reports["mixed"], "text")
    order = re.findall(r"^(?:drift|inconclusive|pass)  +(\w+)", text, re.M)
    assert order == ["gone", "size", "amount", "city", "plan"]
    assert verdicts(text) == ["drift"] * 4 + ["inconclusive"]


def test_the_text_says_what_was_compared_and_why(reports):
    text = " ".join(render(reports["mixed"], "text").split())
    for words in (
        "D(jul || jan)",
        "600 rows, 3.33 % of the values missing",
        "Paris went from 50 % to 15 %",
        "new 1.67 %: Oslo",
        "missing 0 % -> 10 %",
        "the current data have no such column",
        "the reference is numbers",
        "excluded id: looks like a key",
        "4 drift, 1 inconclusive, 0 pass; 1 excluded; alpha 0.05, adjust bh, seed 1951",
    ):
        assert words in text


def test_what_was_not_computed_is_a_dash(reports):
    text = render(reports["mixed"], "text")
    for name in ("gone", "size"):
        (line,) = (line for line in text.splitlines() if f"  {name}  " in line)
        assert line.split() == ["drift", name, "-", "-", "0.1"]


def test_a_pass_is_one_at_this_binning(reports):
    for name in ("one_sample", "by_hand"):
        assert "\na pass holds at this binning\n" in render(reports[name], "text")
    assert "binning" not in render(reports["exact"], "text")


def test_exact_distributions_have_no_interval(reports):
    text = render(reports["exact"], "text")
    assert "%  interval" not in text
    assert re.search(r"^drift +outcome +Infinity +exact +0.05$", text, re.M)
    assert re.search(r"^pass +outcome +0 +0 to 0.00325 +0.05$", one_sample(reports), re.M)


def one_sample(reports):
    return render(reports["one_sample"], "text")


def test_every_level_has_its_interval(reports):
    for alpha, level in ((0.05, "95 %"), (0.001, "99.9 %"), (0.00001, "99.999 %")):
        text = render(replace(reports["by_hand"], alpha=alpha), "text")
        assert f" {level} interval " in text


@pytest.mark.parametrize("unicode", [False, True])
def test_plain_text_fits_80_columns(answer, unicode):
    text = render(answer, "text", Layout(unicode=unicode))
    assert max(display_width(line) for line in text.splitlines()) <= 80
    assert len(verdicts(text)) == len(answer.columns)
    assert text.isascii() or unicode
    assert text.replace("\n", "").isprintable()


@pytest.mark.parametrize("width", [20, 40, 64, 80, 200])
@pytest.mark.parametrize("unicode", [False, True])
def test_a_terminal_of_any_width_shows_it_all(answer, width, unicode):
    text = render(answer, "text", Layout(terminal=True, width=width, unicode=unicode))
    assert max(display_width(line) for line in text.splitlines()) <= max(40, min(width, 120))
    assert len(verdicts(text)) == len(answer.columns)
    assert text.isascii() or unicode
    assert text.replace("\n", "").isprintable()
    assert not COMMAND.search(text)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_number_is_cut(reports, width):
    text = render(reports["by_hand"], "text", Layout(terminal=True, width=width, unicode=True))
    words = " ".join(text.split())
    for number in ("0.200", "0.150 to 0.250", "0 to ∞", "1,234,567", "50 % → 83.3 %"):
        assert number in words
    # A column that passes has one line, with as much as there is room for.
    assert ("0 to 0.0123" in words) is (width > 40)
    assert ("pass amount kl 0" in words) is (width == 40)
    assert "D(jul ‖ jan)" in words


def test_a_narrow_terminal_has_figures_and_moves_on_lines_of_their_own(with_labels):
    report = with_labels("the Federated States of Micronesia")
    lines = render(report, "text", Layout(terminal=True, width=40)).splitlines()
    # Below the column that has no figures.
    start = lines.index("drift         the Federated States of...", 15)
    below = ["  kl 0.200, 90 % interval 0.150 to", "  0.250, threshold 0.05"]
    assert lines[start + 1 : start + 3] == below
    assert "  the Federated States of Micronesia" in lines
    assert not any(line.startswith("verdict") for line in lines)


@pytest.mark.parametrize("terminal", [False, True])
def test_the_outcomes_that_moved_most_are_drawn(reports, terminal):
    layout = Layout(terminal=terminal, unicode=True)
    lines = render(reports["mixed"], "text", layout).splitlines()
    plan = next(place for place, line in enumerate(lines) if " plan " in line)
    drawn = [line.split() for line in lines[6:plan] if line.startswith("    ")]
    assert drawn[0][:4] == ["□", "jan", "→", "●"]
    rows = {words[0]: " ".join(words) for words in drawn}
    moves = {"Paris": "50 % → 15 %", "Rome": "50 % → 83.3 %", "Oslo": "0 % → 1.67 %"}
    assert all(moved in rows[outcome] for outcome, moved in moves.items())
    # Nothing of a column that did not drift.
    assert not any(line.startswith("    ") for line in lines[plan:] if "judges" not in line)


@pytest.mark.parametrize("width", [40, 64, 80, 120, 200])
def test_a_terminal_draws_intervals_and_limits(reports, width):
    layout = Layout(terminal=True, width=width, unicode=True)
    lines = render(reports["mixed"], "text", layout).splitlines()
    amount, city, plan = (line for line in lines if "┆" in line)
    for line in (city, amount):
        assert re.search(r"┆ *─+●─*▸$", line)
    assert re.search(r"─+○─+┆─$", plan) or width == 80
    # Beside the figures where there is room, else below them.
    for name, line in (("city", city), ("amount", amount), ("plan", plan)):
        assert (f" {name} " in line) is (width >= 80)
    assert "┆" not in render(reports["mixed"], "text", Layout(unicode=True))


def test_colour_only_where_it_is_wanted(reports):
    layout = Layout(terminal=True, width=80, unicode=True, color=True)
    colored = render(reports["by_hand"], "text", layout)
    plain = render(reports["by_hand"], "text", layout._replace(color=False))
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == plain
    for style, verdict in ((r"1;31", "drift"), ("1;35", "inconclusive"), ("32", "pass")):
        assert re.search(rf"^\x1b\[{style}m{verdict}\x1b\[0m  ", colored, re.M)


@pytest.mark.parametrize("format", ["text", "markdown"])
def test_without_an_answer_there_is_no_text(reports, format):
    assert render(reports["no_answer"], format) == ""
    assert render(reports["no_answer"], format, Layout(terminal=True)) == ""


def cells(line):
    """Return the cells of a row of a Markdown table."""
    return [cell.strip() for cell in re.split(r"(?<!\\)(?:\\\\)*\|", line)[1:-1]]


def test_markdown_is_a_table_with_the_worst_first(reports):
    lines = render(reports["by_hand"], "markdown").splitlines()
    assert lines[0] == "<!-- kldiv check orders -->"
    assert lines[2] == "### drift in 2 of 4 columns: D(jul ‖ jan) in nats"
    rows = [cells(line) for line in lines if line.startswith("|")][2:6]
    assert [row[0] for row in rows] == ["**drift**", "**drift**", "**inconclusive**", "pass"]
    assert rows[1][1:5] == ["city", "0.200", "0.150 to 0.250", "0.05"]
    assert re.fullmatch("`[·─┆●]*●─*·*`", rows[1][5])
    assert "Rome went from 50 % to 83.3 %" in rows[1][6]
    assert rows[2][1] == "a\\_column\\_with\\_a\\_name\\_that\\_leaves\\_no\\_room"
    assert "- excluded: id: looks like a key" in lines
    assert "Note on jul.csv: column 'extra' is not in the reference" in lines


def test_labels_become_no_markup(hostile):
    text = render(hostile, "markdown")
    table = text.partition("<details><summary>outcomes")[0]
    rows = [line for line in table.splitlines() if line.startswith("|")]
    passing = sum(finding.verdict == "pass" for finding in hostile.columns)
    # Those that pass are folded into a table of their own.
    assert len(rows) == len(hostile.columns) + 4
    assert {len(cells(row)) for row in rows} == {7}
    assert f"<details><summary>{passing} more</summary>" in text
    for markup in ("<script", "<!-- [^k]", "!\\[x\\]\\(", "http://"):
        assert not re.search(markup, text)
    assert not COMMAND.search(text)
    assert text.replace("\n", "").isprintable()


def split(text):
    """Return the text report, and the annotations after it."""
    lines = text.splitlines()
    found = [line for line in lines if COMMAND.match(line)]
    assert all(ANNOTATION.fullmatch(line) for line in found)
    assert lines[len(lines) - len(found) :] == found
    return "\n".join(lines[: len(lines) - len(found)]), found


def test_github_has_the_text_and_an_annotation_for_what_did_not_pass(reports):
    text, found = split(render(reports["by_hand"], "github"))
    assert text == BY_HAND.rstrip("\n")
    assert [line.partition(":: ")[0].split()[0] for line in found] == [
        "::error", "::error", "::warning",
    ]  # fmt: skip
    assert found[1] == (
        "::error title=kldiv%3A drift::city: KL 0.2 is above 0.05; Rome went from 50 %25 to"
        " 83.3 %25; missing 0 %25 -> 2 %25; new 1 %25: Oslo"
    )
    assert split(render(reports["passing"], "github"))[1] == []


def test_github_has_ten_annotations_at_most_and_the_last_counts_the_rest(reports):
    by_hand = reports["by_hand"]
    drift, inconclusive = by_hand.columns["city"], by_hand.columns[1]
    for one, many, last in (
        ([drift] * 10, 10, "city"),
        ([drift] * 11, 10, "::error title=kldiv::and 2 more columns: 2 drift"),
        ([drift] * 10 + [inconclusive] * 3, 10, "and 4 more columns: 1 drift, 3 inconclusive"),
        ([drift] * 9 + [inconclusive] * 3, 10, "::warning title=kldiv::and 3 more"),
        ([inconclusive] * 3, 3, "::warning"),
    ):
        found = split(render(replace(by_hand, columns=Findings(one)), "github"))[1]
        assert len(found) == many
        assert last in found[-1]


def test_no_label_commands_github(hostile):
    text, found = split(render(hostile, "github", Layout(unicode=True)))
    assert len(found) == 10
    assert len(verdicts(text)) == len(hostile.columns)


def test_github_says_why_there_is_no_answer(reports):
    assert render(reports["no_answer"], "github") == (
        "::error title=kldiv%3A error::p.csv:2:1: weight is negative\\n::error::; help: mend it\n"
    )


@given(st.lists(ANY_TEXT, min_size=1, max_size=3), st.integers(20, 120), st.booleans())
def test_any_name_is_safe_to_read(with_labels, texts, width, unicode):
    report = with_labels(*texts)
    every = len(report.columns)
    for terminal in (False, True):
        layout = Layout(terminal=terminal, width=width, unicode=unicode)
        text = render(report, "text", layout)
        assert len(verdicts(text)) == every
        assert not COMMAND.search(text)
        assert text.replace("\n", "").isprintable()
        assert max(map(display_width, text.splitlines())) <= (max(40, width) if terminal else 80)
    assert len(split(render(report, "github"))[1]) == min(10, 3 * len(texts))
    text = render(report, "markdown").partition("<details><summary>outcomes")[0]
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert [len(cells(row)) for row in rows] == [7] * (every + 2)


@given(ANY_TEXT, st.integers(8, 60))
def test_folding_loses_nothing_and_fits(text, width):
    shown = show(text)
    lines = folded(shown, width)
    assert all(display_width(line) <= width and len(line) <= 4 * width for line in lines)
    assert not any(line.lstrip().startswith("::") for line in lines)
    assert unbroken("".join(lines)) == unbroken(shown)


def unbroken(text):
    return text.replace(" ", "").replace("\\x3a", ":")


def test_folding_keeps_numbers_with_their_percent_sign():
    assert folded("went from 50 % to 83.3 %", 16) == ["went from 50 %", "to 83.3 %"]
    assert folded("a" * 10 + "::error::", 10) == ["a" * 10, "\\x3a:error", "\\x3a:"]
    assert folded("", 10) == [""]
    assert max(map(len, folded("e" + "\u0301" * 1000, 10))) == 40


def alike(report, words="transactions_of_the_north"):
    """Return a report of sides whose names and paths differ at the end alone."""
    reference, current = (
        side._replace(name=f"{words}_2024_{month}", source=f"{'data/' * 30}{words}_{month}.csv")
        for side, month in ((report.reference, "01"), (report.current, "02"))
    )
    return replace(report, reference=reference, current=current)


ALIKE = """\
drift in 2 of 4 columns: D(...e_north_2024_02 || ...e_north_2024_01) in nats
current    transactions_of_the_north_2024_02: 1,000 rows, 0.667 % of the values
           missing
           from ...data/data/data/data/data/transactions_of_the_north_02.csv
           (csv)
reference  transactions_of_the_north_2024_01: 2,000 rows, 0 % of the values
           missing
           from ...data/data/data/data/data/transactions_of_the_north_01.csv
           (csv)

"""


def test_sides_with_long_names_are_told_apart(reports):
    report = alike(reports["by_hand"])
    assert render(report, "text").startswith(ALIKE)
    assert render(report, "github").startswith(ALIKE)
    for width, jul, jan in (
        (40, "…2024_02", "…2024_01"),
        (80, "…the_north_2024_02", "…the_north_2024_01"),
        (110, "transactions_of_the_north_2024_02", "transactions_of_the_north_2024_01"),
    ):
        text = render(report, "text", Layout(terminal=True, width=width, unicode=True))
        words = " ".join(text.split())
        assert f"D({jul} ‖ {jan})" in words
        assert re.search(r"current \S*_the_north_2024_02: 1,000 rows", words)
        assert re.search(r"reference \S*_the_north_2024_01: 2,000 rows", words)
    text = render(alike(report, "transactions_of_the_northern_region"), "markdown")
    jul, jan = (
        f"…sactions\\_of\\_the\\_northern\\_region\\_2024\\_{month}" for month in ("02", "01")
    )
    assert f": D({jul} ‖ {jan}) in nats\n" in text
    for role, month, rows in (("current", "02", "1,000"), ("reference", "01", "2,000")):
        name = rf"transactions\\_of\\_the\\_northern\\_region\\_2024\\_{month}"
        assert re.search(rf"^- {role}: {name}: {rows} rows", text, re.M)


def test_outcomes_that_moved_are_in_the_order_in_which_the_reason_names_them():
    before, after = {"a": 300, "b": 300, "c": 300}, {"a": 20, "b": 580, "c": 300, "rare": 1}
    sides = ({"x": [name for name, rows in side.items() for _ in range(rows)]}
             for side in (before, after))  # fmt: skip
    (found,) = check(*sides).columns
    assert found.contributions[0].outcome == "rare"  # its part is infinite
    assert [one.outcome for one in largest_moves(found)] == ["a", "b", "rare", "c"]
    assert "; a went from 33.3 % to 2.22 %" in found.reason.text
