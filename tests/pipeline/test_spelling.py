"""Hints in the words of Python, and without what a command or a function does not have."""

import ast

import pytest

from kldiv_cli import InputError, UsageError, check, compare, matrix
from kldiv_cli.errors import option
from kldiv_cli.pipeline.spelling import fitting, spelt


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        ("--as counts", "kind='counts'"),
        ("--as logits or --as log-probs", "kind='logits' or kind='log-probs'"),
        ("--header if it names them", "header=True if it names them"),
        ("--no-header, else --header", "header=False, else header=True"),
        ("--weight BEFORE --weight AFTER", "weight=(BEFORE, AFTER)"),
        ("--exclude a --exclude b", "exclude=('a', 'b')"),
        ("--delimiter ';' --decimal ','", "delimiter=';', decimal=','"),
        ("--smoothing floor:1e-6 if", "smoothing='floor:1e-6' if"),
        ("--max-outcomes N allows more", "max_outcomes=N allows more"),
        ("--measure kl_pq", "measures='kl_pq'"),
        ("--categorical 'a b' takes", "columns={'a b': {'type': 'categorical'}} takes"),
        ("leave --weight and --label out", "leave weight and label out"),
        ("leave --max-kl out", "leave max_kl out"),
        ("kldiv check judges them", "check() judges them"),
        ("kldiv profile DATA -o FILE makes one", "kldiv profile DATA -o FILE makes one"),
        ("kldiv profile DATA --like OLD counts", "kldiv profile DATA --like OLD counts"),
        (
            "kldiv compare P Q --as samples --strict if so; --as x",
            "compare(P, Q, kind='samples', strict=True) if so; kind='x'",
        ),
        ("curl -L x | kldiv compare - Q", "curl -L x | kldiv compare - Q"),
        ("write 0 where there is no mass", "write 0 where there is no mass"),
        ("did you mean 'red'?", "did you mean 'red'?"),
    ],
)
def test_options_become_arguments(hint, expected):
    assert spelt(hint) == expected


@pytest.mark.parametrize(
    "name", ["it's", "a b", "-x", 'a"b', "a\nb", "grün", "a\\b", "x,", "\u202e"]
)
def test_a_word_becomes_its_literal(name):
    text = spelt(f"{option('--exclude', name)}, or another")
    literal = text.removeprefix("exclude=").removesuffix(", or another")
    assert ast.literal_eval(literal) == name


def test_clauses_on_what_there_is_not_are_left_out():
    hint = "counts are >= 0; --as logits for logarithms; --as samples if raw; psql --csv writes it"
    known = {"--as": ("samples",)}

    def is_known(flag, word):
        return flag == "--csv" or word in known.get(flag, ())

    kept = "counts are >= 0; --as samples if raw; psql --csv writes it"
    assert fitting(hint, is_known) == kept
    assert fitting("--as logits", is_known) == ""
    assert (
        fitting("kldiv profile DATA --like X; --as x", is_known) == "kldiv profile DATA --like X"
    )


def test_raw_rows_are_sent_to_the_command_that_compares_them(kldiv, table, monkeypatch):
    path = table("raw.csv", "size,colour,age\n" + "1,red,3\n2,blue,4\n" * 9)
    assert "; --as samples if these are raw rows" in kldiv("compare", path, path).err
    assert (
        "; kldiv compare P Q --as samples if these are raw rows" in kldiv("matrix", path, path).err
    )
    with pytest.raises(InputError) as caught:
        matrix([path, path])
    assert "; compare(P, Q, kind='samples') if these are raw rows" in caught.value.hint


def test_names_with_commas_between_them_are_offered_one_by_one(kldiv, table):
    path = table("raw.csv", "size,colour,a b\n" + "1,red,x\n2,blue,y\n" * 9)
    expected = {
        ("--column", "size, a b"): "one name each: --column size --column 'a b'",
        ("--exclude", "size,colour"): "one name each: --exclude size --exclude colour",
    }
    for words, hint in expected.items():
        assert kldiv("check", path, path, *words).err.endswith(f"; help: {hint}\n")
    for words in (("--column", "size,weight"), ("--max-kl", "size,colour=0.1")):
        assert "one name each" not in kldiv("check", path, path, *words).err
    with pytest.raises(InputError) as caught:
        check(path, path, column=["size,colour"])
    assert caught.value.hint == "one name each: column=('size', 'colour')"


def test_each_function_offers_the_kinds_that_it_knows():
    sides = {"a": 1, "b": -2}, {"a": 1, "b": 2}
    with pytest.raises(InputError) as caught:
        compare(*sides)
    assert "kind='logits'" in caught.value.hint
    with pytest.raises(InputError) as caught:
        check(*sides, kind="counts")
    assert "kind='logits'" in caught.value.hint
    assert "kind='samples'" in str(caught.value)


def test_each_command_offers_the_options_that_it_has(kldiv, table):
    path = table("p.json", '{"a": 5, "b": 3}')
    assert "--as counts" in kldiv("profile", path).err
    assert "--as logits" not in kldiv("profile", path).err
    path = table("p.csv", "a,-5\nb,3\n")
    assert "--as logits" in kldiv("compare", path, path).err
    assert "--as logits" in kldiv("check", path, path, "--as", "counts").err


def test_what_writes_a_file_is_offered_to_the_command_line_alone():
    rows = [[0.5, 0.5], [0.25, 0.75]]
    with pytest.raises(UsageError) as failure:
        compare(rows, rows, kind="probabilities", top=3)
    assert failure.value.hint == "leave top out"
