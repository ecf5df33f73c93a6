"""Words of a command line are understood alike with Typer and without."""

from itertools import chain

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kldiv_cli.cli import app
from kldiv_cli.cli.commands import COMMANDS, Call, load
from kldiv_cli.cli.words import parsed, plain_call
from kldiv_cli.errors import UsageError


def flags(name):
    return [flag for option in load(name).options for flag in option.ends()]


def lines(name):
    """Return lines of words, most of which a command understands, and some that it does not."""
    values = st.sampled_from(["x", "a.csv", "-", "", "5", "0.5", "json=x", "-1", "a=b", "é"])
    known = st.sampled_from(flags(name)) if flags(name) else st.nothing()
    joined = st.builds("{}={}".format, known, values)
    odd = st.sampled_from(["--", "-h", "--help", "-fjson", "-qf", "-f=x", "--no", "-x", "---"])
    pairs = st.tuples(known, values).map(list)
    piece = st.one_of(pairs, pairs, *(one.map(lambda word: [word]) for one in
                                      (values, values, known, joined, odd)))  # fmt: skip
    return st.lists(piece, max_size=8).map(lambda pieces: [*chain.from_iterable(pieces)])


@pytest.mark.parametrize("name", COMMANDS)
def test_plain_words_are_understood_as_typer_understands_them(name):
    understood = 0

    @given(lines(name))
    @example(["a"])
    @example(["a", "b"])
    @settings(max_examples=50)
    def check(words):
        nonlocal understood
        try:
            call = plain_call(load(name), words)
        except UsageError:  # A value cannot be read, whoever splits the words.
            with pytest.raises(UsageError):
                app.parsed([name, *words])
            return
        if call is not None:
            understood += 1
            assert call == app.parsed([name, *words])

    check()
    assert understood


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_plain(name):
    command = load(name)
    arguments = [row.name for row in command.arguments]
    for option in command.options:
        for flag, end in option.ends().items():
            spellings = [[flag]] if end is not None else [[flag, "5KB"]]
            if end is None and flag.startswith("--"):
                spellings.append([f"{flag}=5KB"])
            for words in spellings:
                call = plain_call(command, [*arguments, *words])
                assert call == app.parsed([name, *arguments, *words])
                assert option.name in call.said


@pytest.mark.parametrize(
    "words",
    [["--help"], ["-h"], [], ["a", "--no-such"], ["a", "-fjson"], ["a", "--base"],
     ["a", "--strict=x"], ["a", "-f=json"], ["a", "--bas", "2"]],
    ids=str,
)  # fmt: skip
def test_other_words_are_left_to_typer(words):
    assert plain_call(load("compare"), words) is None


def test_a_command_of_two_files_leaves_a_third_to_typer():
    assert plain_call(load("check"), ["a", "b", "c"]) is None
    assert plain_call(load("compare"), ["a", "b", "c"]).arguments == ("a", ["b", "c"])


def test_no_variable_asks_for_the_completion_of_typer(monkeypatch, kldiv):
    monkeypatch.setenv("_KLDIV_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "kldiv che")
    monkeypatch.setenv("COMP_CWORD", "1")
    assert isinstance(parsed(["measures"]), Call)
    assert "Usage: kldiv" in kldiv("--help").out
    assert kldiv("check").code == 2


@pytest.mark.parametrize("option", ["--install-completion", "--show-completion"])
def test_no_option_edits_the_files_of_a_shell(kldiv, option, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    for words in ([option], [option, "bash"], [option, "bash", "--help"], [f"{option}=bash"]):
        assert kldiv(*words).code == 2
    assert list(tmp_path.iterdir()) == []
