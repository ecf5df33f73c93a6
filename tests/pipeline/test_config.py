"""Settings from files: which file, what it may say, and what wins."""

import json
import math

import pytest

from kldiv_cli import InputError, UsageError, check
from kldiv_cli.pipeline.config import KEYS, Config, load
from kldiv_cli.pipeline.settings import check_settings
from kldiv_cli.pipeline.toml import line
from kldiv_cli.pipeline.validation import ColumnRules


@pytest.fixture
def write(tmp_path):
    def call(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return call


def rules_of(**options):
    """Return the rules for columns that a check makes of its arguments."""
    return check_settings(({}, {}), options).rules


def refused(path):
    with pytest.raises(InputError) as caught:
        load(path)
    assert caught.value.places[0].source == path
    return caught.value


def test_the_nearest_file_upwards_counts(write, tmp_path):
    outer = write("kldiv.toml", "alpha = 0.01")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert load(folder=str(below)) == Config(outer, {"alpha": 0.01})
    shared = write("a/pyproject.toml", "[tool.kldiv]\nalpha = 0.02")
    assert load(folder=str(below)) == Config(shared, {"alpha": 0.02})
    inner = write("a/kldiv.toml", "alpha = 0.03")
    assert load(folder=str(below)) == Config(inner, {"alpha": 0.03})
    assert load(outer, str(below)).settings == {"alpha": 0.01}


@pytest.mark.parametrize("text", ["", "tool = 5", "[tool.black]\nkldiv = 1", "[kldiv]\nalpha = 1"])
def test_a_file_that_says_nothing_to_kldiv_is_passed_over(write, tmp_path, text):
    outer = write("kldiv.toml", "alpha = 0.01")
    shared = write("a/pyproject.toml", text)
    assert load(folder=str(tmp_path / "a")).path == outer
    # Unless it is named.
    assert "[tool.kldiv]" in refused(shared).message


def test_no_file_is_no_setting(tmp_path, monkeypatch):
    monkeypatch.setattr("kldiv_cli.pipeline.config.FILE", "no-such-name.toml")
    monkeypatch.setattr("kldiv_cli.pipeline.config.SHARED", "no-such-name-either.toml")
    assert load(folder=str(tmp_path)) == Config()


VALUES = {
    "a number": 0.5,
    "a finite number": 0.5,
    "a whole number": 3,
    "one of ": "x",
    "text, or a list of texts": ["x", "y"],
    "NEW=OLD": ["x=y"],
    "text": "x",
    "a name": "x",
    "a size such as 500MB": "5MB",
    "true or false": True,
    "a table": {"windows": 8, "rows": [5, 6], "kl": {"x y": 0.5}},
}
WRONG = {
    "a number": ['"x"', "true", "[1]", "{a = 1}"],
    "a finite number": ['"x"', "true", "[1]", "{a = 1}", "inf"],
    "a whole number": ['"x"', "true", "1.5", "2020-01-01"],
    "one of ": ["1", "true", '["x"]'],
    "text, or a list of texts": ["1", "true", "[1]", '["x", 1]', '{x = "y"}'],
    "NEW=OLD": ['"x"', '["=x"]', "{x = 1}", '{x = ""}'],
    "text": ["1", "true", '["x"]'],
    "true or false": ["1", '"true"', '["x"]'],
    "a name": ['" "', '""'],
    "a table": ['"x"', "true", "[1]", "1"],
    "a size such as 500MB": ['"x"', "true", "1.5", "0", '["1GB"]'],
}
TYPES = {
    "column": "text, or a list of texts",
    "exclude": "text, or a list of texts",
    "max-kl": "a number",
    "max-psi": "a number",
    "max-js": "a number",
    "max-js-distance": "a number",
    "max-hellinger": "a number",
    "max-tv": "a number",
    "alpha": "a number",
    "adjust": "one of ",
    "dataset": "text",
    "fail-on": "one of ",
    "max-new": "a finite number",
    "max-missing-shift": "a finite number",
    "history": "a table",
    "by": "a name",
    "max-segments": "a whole number",
    "bins": "a whole number",
    "missing": "one of ",
    "na": "text, or a list of texts",
    "max-outcomes": "a whole number",
    "min-count": "a whole number",
    "top": "a whole number",
    "map": "NEW=OLD",
    "memory-limit": "a size such as 500MB",
    "threads": "a whole number",
    "serial": "true or false",
    "cluster": "text",
    "row-weight": "text",
    "frequency": "text",
}


def test_every_key_has_a_type():
    assert KEYS.keys() == TYPES.keys()


@pytest.mark.parametrize("key", TYPES)
def test_every_key_takes_its_type_and_no_other(write, key):
    value = {"adjust": "none", "fail-on": "drift", "missing": "drop"}.get(key, VALUES[TYPES[key]])
    path = write("kldiv.toml", line(key, value))
    assert load(path).settings == {key.replace("-", "_"): value}
    for wrong in WRONG[TYPES[key]]:
        error = refused(write("kldiv.toml", f"{key} = {wrong}"))
        assert error.code == "bad-config"
        assert f"'{key}' is {TYPES[key]}" in error.message


@pytest.mark.parametrize(
    ("text", "hint"),
    [("max-lk = 1", "'max-kl'"), ("max_kl = 1", "'max-kl'"), ("exlude = 'x'", "'exclude'"),
     ("[column.age]\nmax-kl = 1", ""), ("[columns.age]\nmax-lk = 1", "'max-kl'"),
     ("[columns.age]\nbin = 1", "'bins'"), ("[colums.age]\nbins = 1", "'columns'")],
)  # fmt: skip
def test_an_unknown_key_is_an_error_with_a_suggestion(write, text, hint):
    error = refused(write("kldiv.toml", text))
    assert error.code in ("unknown-key", "bad-config")
    assert hint in error.hint


@pytest.mark.parametrize("text", ["columns = 5", "[columns]\nage = 5", "columns = ['age']"])
def test_tables_of_columns_are_tables(write, text):
    assert refused(write("kldiv.toml", text)).code == "bad-config"


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [("alpha = 0.1\nmax-kl = \n", 2, 10), ("alpha 5", 1, 7), ("alpha = 1\nalpha = 2\n", 2, 10),
     ("a = '", None, None), (b"\xff = 1", None, None), ("x = " + "[" * 5000, None, None)],
)  # fmt: skip
def test_what_is_no_toml_is_told_with_its_place(write, text, line, column):
    for name in ("kldiv.toml", "pyproject.toml"):
        error = refused(write(name, text))
        assert error.code == "bad-config"
        assert len(error.message) < 300
        if line:
            assert (error.places[0].line, error.places[0].column) == (line, column)


def test_a_file_that_cannot_be_read(tmp_path):
    assert refused(str(tmp_path / "none.toml")).code == "bad-config"
    (tmp_path / "kldiv.toml").mkdir()
    with pytest.raises(InputError, match="cannot be read"):
        load(folder=str(tmp_path))


def test_columns_have_settings_of_their_own(write):
    text = '[columns.age]\nmax-kl = 0.1\ntype = "numeric"\nbins = [18, 30, 65.5]\n'
    text += '[columns."a b"]\ntype = "categorical"\n'
    config = load(write("kldiv.toml", text))
    assert config.columns["a b"] == {"type": "categorical"}
    rules = rules_of(columns=config.columns)
    assert rules.columns["age"] == ColumnRules("numeric", 0.1, (18.0, 30.0, 65.5))
    assert rules.typed("numeric") == {"age"}
    assert rules.typed("categorical") == {"a b"}


def test_what_has_bins_is_numeric():
    assert rules_of(columns={"x": {"bins": 5}}).columns["x"] == ColumnRules("numeric", None, 5)
    assert rules_of(columns={"x": {}}).columns["x"] == ColumnRules()


@pytest.mark.parametrize(
    "given",
    [{"bins": []}, {"bins": [3, 1]}, {"bins": [1, 1]}, {"bins": ["1_0"]}, {"bins": [True, 5]},
     {"bins": [1, float("nan")]}, {"bins": [10**400]}, {"bins": 0}, {"bins": 1.5},
     {"bins": "ten"}, {"bins": True}, {"bins": 5, "type": "categorical"}, {"type": "text"},
     {"type": []}, {"max_kl": -1}, {"max_kl": "1"}, {"max_kl": float("nan")}, {"max_kl": True},
     {"max_kl": 10**400}, {"max_kl": float("-inf")}, {"max_kl": "info"}, {"bin": 5}, 5,
     "numeric", None],
    ids=str,
)  # fmt: skip
def test_rules_of_a_column_that_make_no_sense(given):
    with pytest.raises(UsageError, match="columns"):
        rules_of(columns={"x": given})


@pytest.mark.parametrize(
    "given",
    [{"column": 5}, {"column": [5]}, {"exclude": [None]}, {"exclude": 5}, {"na": [1]},
     {"bins": 0}, {"bins": 2.0}, {"missing": "keep"}, {"missing": ["drop"]}, {"max_outcomes": 0},
     {"max_outcomes": True}, {"columns": {5: {}}}],
    ids=str,
)  # fmt: skip
def test_rules_that_make_no_sense(given):
    with pytest.raises(UsageError):
        rules_of(**given)


def test_patterns_exclude_and_names_that_look_like_patterns_do(write):
    rules = rules_of(exclude=["id", "created_*", "x[0]"])
    assert [rules.excludes(name) for name in ("id", "ids", "created_at", "x[0]", "x0")] == [
        True, False, True, True, True,
    ]  # fmt: skip
    assert not rules_of(column="id", exclude="other").wants("other")
    assert rules_of(column="id", exclude="id").wants("id")


def test_flags_win_over_the_file_and_the_file_over_defaults(write, kldiv, tmp_path, monkeypatch):

    monkeypatch.chdir(tmp_path)
    write("p.csv", "a,b\n" + "x,u\ny,v\n" * 500)
    write("q.csv", "a,b\n" + "x,u\nx,v\ny,v\n" * 500)
    write("kldiv.toml", "max-kl = 0.25\nalpha = 0.01\ntop = 1\n[columns.b]\nmax-kl = 0.5\n")

    def found(*words):
        document = json.loads(kldiv("check", "p.csv", "q.csv", "-f", "json", *words).out)
        return document["alpha"], [column["threshold"] for column in document["columns"]]

    assert found() == (0.01, [0.25, 0.5])
    assert found("--max-kl", "1", "--alpha", "0.1") == (0.1, [1, 0.5])
    assert found("--max-kl", "b=2") == (0.01, [0.25, 2])
    write("other.toml", "")
    assert found("--config", "other.toml") == (0.05, [0.05, 0.05])
    write("kldiv.toml", "max-lk = 1")
    ran = kldiv("check", "p.csv", "q.csv")
    assert ran.code == 2
    assert "did you mean 'max-kl'?" in ran.err


@pytest.mark.parametrize(
    "text",
    ["alpha = 0", "alpha = 2", "max-kl = -1", 'adjust = "holm"', 'fail-on = "never"', "bins = 0",
     "min-count = -5", 'missing = "keep"', '[columns.x]\nmax-kl = "0.1"', "[columns.x]\nbins = []",
     '[columns.x]\ntype = "text"'],
)  # fmt: skip
def test_a_value_out_of_range_names_the_file(write, text):
    error = refused(write("kldiv.toml", text))
    assert error.code == "bad-config"
    assert error.places[0].source.endswith("kldiv.toml")


@pytest.mark.parametrize("value", ["inf", '"inf"', '"Infinity"', '"INF"', "+inf"])
def test_a_limit_may_be_infinite(write, value):
    config = load(write("kldiv.toml", f"max-kl = {value}\n[columns.age]\nmax-kl = {value}\n"))
    settings = check_settings(({}, {}), config.beneath({}, ("max_kl",)))
    assert settings.limits.max_kl == settings.limits.of_columns["age"]["kl"] == math.inf


@pytest.mark.parametrize("key", ["max-new", "max-missing-shift", "alpha"])
def test_no_other_limit_is_infinite(write, key):
    assert refused(write("kldiv.toml", f'{key} = "inf"')).code == "bad-config"


def test_a_column_has_words_of_its_own_for_missing_values(write, tmp_path):
    config = load(write("kldiv.toml", 'na = "-"\n[columns.age]\nna = ["-1", "unknown"]\n'))
    table = tmp_path / "t.csv"
    table.write_text("age,kids\n" + "-1,-1\nunknown,0\n-,-\n40,1\n" * 100)
    report = check(str(table), str(table), **config.beneath({}, ("na",)))
    assert report.columns["age"].missing_current == 0.75
    assert report.columns["kids"].missing_current == 0.25
    # Alone it means what it does in the file.
    text = check(str(table), str(table), na="-", columns={"kids": {"na": "0"}}, exclude="age")
    assert text.columns["kids"].missing_reference == 0.5


@pytest.mark.parametrize("given", [{"na": 5}, {"na": [1]}, {"na": {"a": "b"}}])
def test_words_for_missing_values_are_texts(given):
    with pytest.raises(UsageError, match="na"):
        rules_of(columns={"x": given})


@pytest.mark.parametrize(
    "text",
    ["output = 'x.html'", "format = 'json'", "report = ['json=x']", "connect = 'duckdb:///x'",
     "reference = 'r.csv'", "current-sql = 'select 1'", "Output = 'x'", "reference_table = 'x'"],
)  # fmt: skip
def test_a_file_names_no_place_to_write_to_or_to_read_from(write, text):
    for name, head in (("kldiv.toml", ""), ("pyproject.toml", "[tool.kldiv]\n")):
        error = refused(write(name, f"alpha = 0.1\n{head}{text}" if not head else head + text))
        assert error.code == "forbidden-key"
        assert "travels with data" in error.message
        assert text.split()[0] in error.hint
