"""Errors say what, where and how to mend it; on one line where tools read them."""

import shlex

import pytest

from kldiv_cli.cli import messages
from kldiv_cli.errors import InputError, Note, Place, note_on

PLACE = Place("prices.csv", line=17, column=3, name="weight", value="-0.2")
NEGATIVE = InputError(
    "negative-weight", "weight is negative", PLACE, hint="counts and probabilities must be >= 0"
)


def test_on_a_terminal():
    assert messages.error(NEGATIVE, terminal=True, color=False) == (
        "kldiv: error: weight is negative\n"
        "  --> prices.csv:17:3 (column 'weight', value '-0.2')\n"
        "  help: counts and probabilities must be >= 0\n"
    )


def test_in_a_log():
    assert messages.error(NEGATIVE, terminal=False, color=False) == (
        "prices.csv:17:3: error[negative-weight]: weight is negative"
        " (column 'weight', value '-0.2'); help: counts and probabilities must be >= 0\n"
    )


def test_of_many_places_three_are_shown_and_all_are_counted():
    places = [Place("p.csv", line=line, column=2) for line in range(2, 7)]
    problem = InputError("not-a-number", "weight is not a number", *places[:3], count=5)
    assert messages.error(problem, terminal=True, color=False) == (
        "kldiv: error: weight is not a number\n"
        "  --> p.csv:2:2\n  --> p.csv:3:2\n  --> p.csv:4:2\n  ... and 2 more\n"
    )
    assert messages.error(problem, terminal=False, color=False) == (
        "p.csv:2:2: error[not-a-number]: weight is not a number (and 4 more)\n"
    )


def test_places_in_arrays():
    assert messages.where(Place("p.npy", index=(3, 4))) == "p.npy[3, 4]"


@pytest.mark.parametrize("terminal", [True, False])
def test_nothing_foreign_acts(terminal):
    hostile = "\x1b]0;x\x07\n::error::x\u202e"
    problem = InputError("x", hostile, Place(hostile, name=hostile, value=hostile), hint=hostile)
    for text in (
        messages.error(problem, terminal=terminal, color=False),
        messages.note(Note("x", hostile, hostile, hostile), terminal=terminal, color=False),
    ):
        assert text.replace("\n", "").isprintable()
        assert text.count("\n") <= 3
        assert not any(line.lstrip().startswith("::") for line in text.splitlines())


@pytest.mark.parametrize("terminal", [True, False])
def test_messages_stay_short(terminal):
    long = "x" * 10_000
    problem = InputError("x", long, *[Place(long, 1, 1, long, long)] * 3, count=10**6, hint=long)
    text = messages.error(problem, terminal=terminal, color=False)
    assert len(text) <= 2000
    assert text.count("\n") <= 25


def test_colour_changes_nothing_else():
    colored = messages.error(NEGATIVE, terminal=True, color=True)
    plain = messages.error(NEGATIVE, terminal=True, color=False)
    for style in ("\x1b[31m", "\x1b[36m", "\x1b[1m", "\x1b[0m"):
        assert style in colored
        colored = colored.replace(style, "")
    assert colored == plain


def test_notes():
    note = Note("normalised", "the total is 53.2", "jan.csv", "--strict refuses it", repair=True)
    assert messages.note(note, terminal=False, color=False) == (
        "jan.csv: note[normalised]: the total is 53.2; help: --strict refuses it\n"
    )
    assert messages.note(note, terminal=True, color=False) == (
        "kldiv: note: jan.csv: the total is 53.2; help: --strict refuses it\n"
    )


def on_columns(names, code="new-column", verb="is not in the reference"):
    return [note_on(code, name, verb, "p.csv") for name in names]


def test_notes_of_one_kind_are_one_line():
    notes = [Note("header", "the first", "p.csv"), *on_columns("abc")]
    notes.insert(2, Note("header", "the first", "q.csv"))
    assert [each.message for each in messages.grouped(notes)] == [
        "the first",
        "3 columns are not in the reference: 'a', 'b', 'c'",
        "the first",
    ]
    assert messages.grouped(on_columns("a")) == on_columns("a")
    assert messages.grouped([]) == []
    # The same note twice is said once.
    assert messages.grouped(notes[:1] * 2) == notes[:1]


def test_many_columns_are_counted_and_few_are_named():
    (note,) = messages.grouped(on_columns(f"c{i}" for i in range(500)))
    assert note.message.startswith("500 columns are not in the reference: 'c0', 'c1', ")
    assert note.message.endswith(" and 492 more")
    assert len(messages.note(note, terminal=False, color=False)) < 400


def test_notes_that_differ_in_more_than_the_column_keep_their_words():
    notes = [*on_columns("ab"), *on_columns("cd", verb="is here alone")]
    assert [note.message for note in messages.grouped(notes)] == [
        "2 columns are not in the reference: 'a', 'b'",
        "2 columns are here alone: 'c', 'd'",
    ]
    (note,) = messages.grouped(on_columns("ab", verb="resembles c"))
    assert note.message == "2 such notes: column 'a' resembles c; column 'b' resembles c"
    texts = [Note("x", f"labels {i}", "p.csv") for i in range(5)]
    (note,) = messages.grouped(texts)
    assert note.message == "5 such notes: labels 0; labels 1; labels 2; and 2 more"


def test_notes_with_another_source_or_advice_stay_apart():
    for change in ({"source": "q.csv"}, {"advice": "--x"}, {"repair": True}, {"code": "y"}):
        first, second = on_columns("ab")
        assert len(messages.grouped([first, second._replace(**change)])) == 2


def test_hostile_names_in_a_group():
    hostile = ["\x1b[31m", "a\nb", "x' is fine: 'y", "::error::"]
    (note,) = messages.grouped(on_columns(hostile))
    text = messages.note(note, terminal=False, color=False)
    assert text.count("\n") == 1
    assert text.strip().isprintable()
    assert "4 columns are" in text


@pytest.mark.parametrize("width", [40, 80, 200])
def test_an_error_on_a_terminal_breaks_between_words(monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    words = "the column holds no numbers that could be weights, " * 3
    hint = "--as samples if the rows are raw values; " + "write commas or tabs between columns" * 2
    problem = InputError("x", words.strip(), Place("p.csv"), hint=hint)
    plain = messages.error(problem, terminal=True, color=False)
    lines = plain.splitlines()
    assert all(len(line) <= width for line in lines if "--as" not in line)
    assert " ".join(plain.split()) == (
        f"kldiv: error: {' '.join(words.split())} --> p.csv help: {hint}"
    )
    assert lines[-1].startswith("  " if len(hint) < width - 12 else "    ")


def test_what_can_be_copied_is_not_broken(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    command = "kldiv profile january.csv february.csv -o merged.json"
    problem = InputError("x", "no", hint=f"{command}; and this is a long text without a command")
    lines = messages.error(problem, terminal=True, color=False).splitlines()
    assert lines[1] == f"  help: {command};"
    assert len(lines) == 4


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("check s3://b/x.csv q.csv", "aws s3 cp s3://b/x.csv - | kldiv check - q.csv"),
        ("check ref=p.csv may=s3://b/x", "aws s3 cp s3://b/x - | kldiv check ref=p.csv may=-"),
        ("profile gs://b/x", "gcloud storage cat gs://b/x | kldiv profile -"),
        ("profile 'my file.csv' s3://b/x", "aws s3 cp s3://b/x - | kldiv profile 'my file.csv' -"),
        ("inspect 'https://b/x?y=1'", "curl -L 'https://b/x?y=1' | kldiv inspect -"),
        ("compare s3://b/x p.csv", "aws s3 cp s3://b/x - | kldiv compare - Q"),
    ],
)
def test_a_url_is_piped_into_the_command_that_was_called(kldiv, tmp_path, monkeypatch, line, hint):
    monkeypatch.chdir(tmp_path)
    for name in ("p.csv", "q.csv", "my file.csv"):
        (tmp_path / name).write_text("side\nheads\ntails\n")
    ran = kldiv(*shlex.split(line))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.endswith(f"; help: {hint}\n")
