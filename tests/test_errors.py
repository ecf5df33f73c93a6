"""Words of the input in hints: a shell reads them back as they were."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kldiv_cli.errors import WHOLE, did_you_mean, in_shell, option

HOSTILE = [
    "plain", "a b", "it's", '"', "-x", "--all", "", "$HOME", "`id`", "a;b", "*", "a:", "x,", "!",
    "a\nb", "\t", "\x1b[31m", "grün", "日本", "\u202e", "a\\b", "\\n", "#", "~", "a=b", "{x}",
]  # fmt: skip


def as_bash_reads(words):
    line = " ".join(words)
    script = f"printf '%s\\0' {line}"
    done = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        check=True,
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
    )
    return done.stdout.decode().split("\0")[:-1]


def test_bash_reads_every_word_as_it_was():
    assert as_bash_reads(map(in_shell, HOSTILE)) == HOSTILE
    assert as_bash_reads(in_shell(word, quoted=True) for word in HOSTILE) == HOSTILE


@settings(max_examples=20)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))))
def test_bash_reads_any_word_as_it_was(words):
    assert as_bash_reads(["x", *map(in_shell, words)]) == ["x", *words]


@pytest.mark.parametrize("word", HOSTILE)
def test_a_quoted_word_is_one_line_of_what_can_be_printed(word):
    assert in_shell(word).isprintable()
    assert in_shell(word, quoted=True).lstrip("$").startswith("'")


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("age", "--exclude age"),
        ("-x", "--exclude=-x"),
        ("my age", "--exclude 'my age'"),
        ("age,", "--exclude 'age,'"),
        ("x" * WHOLE, f"--exclude {'x' * WHOLE}"),
        ("x" * (WHOLE + 1), "--exclude NAME"),
    ],
)
def test_an_option_with_a_word(word, expected):
    assert option("--exclude", word) == expected


def test_did_you_mean():
    assert did_you_mean("colr", ["colour", "size"]) == "did you mean 'colour'?"
    assert did_you_mean("it", ["it's"]) == """did you mean 'it'"'"'s'?"""
    assert did_you_mean("x", ["one", "two"]) == "there are 'one', 'two'"
    # A name that cannot be shown whole is not offered.
    long = "colour" * 50
    assert did_you_mean(long[:-1], [long]).startswith("there are colour")
