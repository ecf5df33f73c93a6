"""Options become settings: each is checked once, and none is ignored."""

import ast
import re

import numpy as np
import pytest

from kldiv_cli import UsageError, calibrate, check, compare, matrix
from kldiv_cli.core.judging import Limits
from kldiv_cli.core.smoothing import find
from kldiv_cli.pipeline import settings
from kldiv_cli.pipeline.settings import check_settings, compare_settings, profile_settings
from kldiv_cli.readers import ReadOptions

P, Q = {"a": 5, "b": 5}, {"a": 6, "b": 4}
FILES = ("p.csv", "q.csv")


def option_groups(root):
    """Return the keys of each group of options, as type checkers see them."""
    tree = ast.parse((root / "kldiv_cli" / "pipeline" / "settings.py").read_text())
    classes = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}

    def keys(name):
        node = classes[name]
        inherited = [keys(base.id) for base in node.bases if base.id in classes]
        own = {one.target.id for one in node.body if isinstance(one, ast.AnnAssign)}
        return own.union(*inherited)

    return {name: keys(name) for name in classes}


@pytest.mark.parametrize(
    ("group", "table"),
    [("Reading", "READING"), ("Columns", "COLUMNS"), ("Judging", "JUDGING"),
     ("CompareOptions", "COMPARE"), ("CheckOptions", "CHECK"), ("MatrixOptions", "MATRIX")],
)  # fmt: skip
def test_type_checkers_and_calls_know_the_same_options(root, group, table):
    assert option_groups(root)[group] == getattr(settings, table).keys()


@pytest.mark.parametrize(
    ("function", "table"), [(compare, "COMPARE"), (check, "CHECK"), (matrix, "MATRIX")]
)
def test_every_option_is_documented(function, table):
    documented = re.findall(r"^    ([a-z_]+(?:, [a-z_]+)*) : ", function.__doc__, re.M)
    # Options that need no more words than a name stand in a line of such.
    documented += re.findall(r"^    ([a-z_]+(?:, [a-z_]+)+)$", function.__doc__, re.M)
    names = {name for line in documented for name in line.split(", ")}
    assert names >= getattr(settings, table).keys()


def test_type_checkers_know_the_options_of_windows_that_are_documented(root):
    paragraph = calibrate.__doc__.partition("**options")[2].partition("Returns")[0]
    lines = re.findall(r"^    ([a-z_]+(?:, [a-z_]+)*)(?: : .*)?$", paragraph, re.M)
    documented = {name for line in lines for name in line.split(", ")}
    assert option_groups(root)["CalibrateOptions"] == documented
    assert documented <= settings.CALIBRATE.keys()


@pytest.mark.parametrize("option", ["row_weight", "frequency", "serial", "colour"])
def test_windows_have_no_options_of_a_profile_alone(option):
    message = rf"calibrate\(\) got an unexpected keyword argument '{option}'"
    with pytest.raises(TypeError, match=message):
        calibrate([P] * 8, **{option: "n"})


@pytest.mark.parametrize("function", [compare, check])
def test_an_unknown_option_is_named(function):
    message = rf"{function.__name__}\(\) got an unexpected keyword argument 'colour'"
    with pytest.raises(TypeError, match=message):
        function(P, Q, colour=True)


def test_an_option_that_is_not_given_has_its_default():
    found = compare_settings(FILES, {})
    assert found.sources == tuple(
        settings.Source(path, None, ReadOptions(), None) for path in FILES
    )
    assert found[2:] == (
        found.measures, find("none"), "e", 1.0, "batchmean", {}, 10, False, True, None, None,
        "cells", (), 0.05, True, True, None, 200,
    )  # fmt: skip
    assert found.rules is None
    given = {"label": None, "measures": (), "columns": {}, "bins": None, "kind": [None, None]}
    assert compare_settings(FILES, given) == found


def test_an_option_is_given_once_for_both_sides_or_once_for_each():
    def read(**given):
        return [side.options for side in compare_settings(FILES, given).sources]

    assert read(label="x") == [ReadOptions(label="x")] * 2
    assert read(label=["x"]) == [ReadOptions(label="x")] * 2
    assert read(label=("x", "y")) == [ReadOptions(label="x"), ReadOptions(label="y")]
    assert read(label=(None, "y")) == [ReadOptions(), ReadOptions(label="y")]
    assert read(kind=("counts", "logits"))[1].kind == "logits"
    assert read(input_format="csv", header=(True, False)) == [
        ReadOptions(format="csv", header=True), ReadOptions(format="csv", header=False),
    ]  # fmt: skip


UNUSABLE = [
    # Options of raw rows, where there are none.
    (compare_settings, {"column": "x"}, "column is for raw rows"),
    (compare_settings, {"exclude": "x*"}, "exclude is for raw rows"),
    (compare_settings, {"columns": {"x": {"type": "numeric"}}}, "columns is for raw rows"),
    (compare_settings, {"bins": 5}, "bins is for raw rows"),
    (compare_settings, {"missing": "drop"}, "missing is for raw rows"),
    (compare_settings, {"max_outcomes": 5}, "max_outcomes is for raw rows"),
    (check_settings, {"kind": "counts", "bins": 5}, "bins is for raw rows on both sides"),
    (check_settings, {"kind": "counts", "max_outcomes": 5}, "max_outcomes is for raw rows"),
    (check_settings, {"kind": "weights", "missing": "drop"}, "missing is for raw rows"),
    (check_settings, {"kind": "weights", "columns": {"x": {"type": "numeric"}}}, "columns is for"),
    # Bins, where a side has outcomes of its own.
    (compare_settings, {"kind": ("samples", "counts"), "bins": 5}, "on both sides"),
    (check_settings, {"kind": ("samples", "counts"), "bins": 5}, "on both sides"),
    (check_settings, {"kind": ("weights", "samples"), "bins": 5}, "on both sides"),
    # Options of distributions, where there is none.
    (compare_settings, {"kind": "samples", "label": "x"}, "label chooses a column"),
    (compare_settings, {"kind": "samples", "weight": "x"}, "weight chooses a column"),
    (compare_settings, {"kind": "samples", "duplicates": "sum"}, "duplicates is for repeated"),
    (compare_settings, {"kind": ("samples", "counts"), "label": ("x", "y")}, "label chooses"),
    (check_settings, {"label": "x"}, "label chooses a column"),
    (check_settings, {"weight": "x"}, "weight chooses a column"),
    (check_settings, {"duplicates": "sum"}, "duplicates is for repeated"),
    (check_settings, {"kind": ("samples", "counts"), "weight": ("x", "y")}, "weight chooses"),
    (settings.inspect_settings, {"kind": "samples", "label": "x"}, "label chooses a column"),
    (settings.inspect_settings, {"kind": "samples", "duplicates": "sum"}, "duplicates is for"),
    # A limit, where nothing is judged.
    (compare_settings, {"kind": "samples", "columns": {"x": {"max_kl": 1}}}, "max_kl is a limit"),
]


@pytest.mark.parametrize(("make", "given", "message"), UNUSABLE)
def test_an_option_that_the_input_cannot_use_is_refused(make, given, message):
    with pytest.raises(UsageError, match=message) as caught:
        make(FILES, given)
    assert caught.value.code == "usage"


@pytest.mark.parametrize(
    ("make", "given"),
    [
        # Once for both sides, of which one can use it.
        (compare_settings, {"kind": ("samples", "counts"), "label": "x", "duplicates": "sum"}),
        (check_settings, {"kind": ("samples", "counts"), "weight": "x", "na": "-"}),
        (compare_settings, {"kind": ("samples", "counts"), "label": (None, "x")}),
        (check_settings, {"kind": "counts", "na": "-", "missing": "drop", "column": "x"}),
        (check_settings, {"kind": ("weights", "samples"), "na": "-", "max_outcomes": 5}),
        (compare_settings, {"kind": "samples", "bins": 5, "max_outcomes": 5, "missing": "drop"}),
        # A default says nothing.
        (compare_settings, {"missing": "category", "bins": None, "column": (), "columns": None}),
        (check_settings, {"duplicates": "error"}),
    ],
)
def test_an_option_that_a_side_can_use_is_taken(make, given):
    make(FILES, given)


IN_FILES = [
    {"input_format": "csv"}, {"encoding": "utf-8"}, {"delimiter": ","}, {"header": True},
    {"comment": "#"}, {"max_inflated": 1000}, {"max_header": 1000}, {"dtype": "bfloat16"},
]  # fmt: skip


@pytest.mark.parametrize("given", IN_FILES, ids=str)
def test_objects_in_memory_are_not_read_from_files(given):
    (name,) = given
    for function in (compare, check):
        with pytest.raises(UsageError, match=f"{name} says how a file is read"):
            function(P, Q, **given)
    with pytest.raises(UsageError, match=f"{name} says how a file is read"):
        compare(P, weight=("a", "b"), **given)
    compare_settings((P, "q.csv"), given)
    with pytest.raises(UsageError, match="encoding says"):
        compare_settings((P, "q.csv"), {"encoding": ("utf-8", "latin-1")})


@pytest.mark.parametrize("name", ["column", "exclude", "bins"])
def test_nothing_is_said_beside_a_model(name):
    given = {name: 5 if name == "bins" else "x"}
    with pytest.raises(UsageError, match=f"{name} says nothing beside --like"):
        profile_settings(given, like=True)
    profile_settings(given, project=[name], like=True)
    profile_settings(given)


def test_a_project_serves_several_calls():
    given = {"kind": "weights", "bins": 5, "na": "-", "missing": "drop", "max_outcomes": 9}
    found = check_settings(FILES, given, project=["bins", "na", "missing", "max_outcomes"])
    assert found.rules.bins == 5
    with pytest.raises(UsageError, match="bins is for raw rows"):
        check_settings(FILES, given, project=["na", "missing", "max_outcomes"])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"top": -1}, "top is a whole number >= 0; found -1"),
        ({"top": True}, "top is a whole number >= 0; found True"),
        ({"temperature": 0}, "temperature is a number above 0; found 0"),
        ({"temperature": "2"}, "temperature is a number above 0; found '2'"),
        ({"reduction": "max"}, "reduction is one of batchmean, mean, sum, none; found 'max'"),
        ({"kind": "count"}, "kind is one of probabilities, .*, samples; found 'count'"),
        ({"duplicates": "add"}, "duplicates is one of error, sum; found 'add'"),
        ({"label": 5}, "label is text; found 5"),
        ({"measures": 5}, "measures is text, or a list of texts; found 5"),
        ({"column": {"x": "y"}}, "column is text, or a list of texts"),
        ({"smoothing": 5}, "smoothing is text; found 5"),
        ({"names": "ab"}, "names is a pair, one for each side; found 'ab'"),
        ({"where": "x"}, "where is COLUMN=VALUE; found 'x'"),
        ({"map": ["x", "y=z"]}, "map is NEW=OLD, two names of columns; found 'x', 'y=z'"),
        ({"joint": ["a"]}, "joint is the names of two columns or more; found 'a'"),
        (
            {"max_inflated": -1},
            r"max_inflated is a size such as 500MB, from 0 to below 2\^63 bytes; found -1",
        ),
        (
            {"max_header": "x"},
            r"max_header is a size such as 500MB, from 0 to below 2\^63 bytes; found 'x'",
        ),
        ({"dtype": "float8"}, "dtype is one of bfloat16; found 'float8'"),
        ({"base": "bits"}, "the base of the logarithm is e, 2 or 10; found 'bits'"),
    ],
    ids=str,
)
def test_a_wrong_value_is_named(given, message):
    with pytest.raises(UsageError, match=message):
        compare_settings(FILES, given)


def test_errors_spell_an_option_as_the_user_did():
    with pytest.raises(UsageError, match=r"^<top> is a whole number"):
        compare_settings(FILES, {"top": -1}, lambda name: f"<{name}>")
    with pytest.raises(UsageError, match=r"^<bins> is for raw rows"):
        compare_settings(FILES, {"bins": 1}, lambda name: f"<{name}>")


def test_whole_numbers_of_numpy_are_whole_numbers():
    import numpy as np

    assert compare_settings(FILES, {"top": np.int64(3)}).top == 3


@pytest.fixture
def files(tmp_path):
    """Return two files of each format, with counts of the same outcomes."""
    import numpy as np

    texts = {
        "csv": "x,n\na,5\nb,3\n",
        "json": '{"a": 5, "b": 3}',
        "jsonl": '{"x": "a", "n": 5}\n{"x": "b", "n": 3}\n',
        "uniq": "   5 a\n   3 b\n",
    }
    for form, text in texts.items():
        for side in "pq":
            (tmp_path / f"{side}.{form}").write_text(text)
    for side in "pq":
        np.save(tmp_path / f"{side}.npy", np.array([5, 3]))
        np.savez(tmp_path / f"{side}.npz", np.array([5, 3]))

    def pair(p, q=None):
        return str(tmp_path / f"p.{p}"), str(tmp_path / f"q.{q or p}")

    return pair


# fmt: off
USES = {
    "csv": {
        "encoding", "delimiter", "decimal", "thousands", "skip_rows", "header", "comment",
        "escape", "duplicates", "total_row",
    },
    "json": {"encoding", "duplicates", "total_row"},
    "jsonl": {"encoding", "duplicates", "total_row"},
    "uniq": {"encoding", "duplicates", "total_row"},
    "npy": set(),
    "npz": set(),
}
# fmt: on
SAID = {
    "encoding": "utf-8",
    "delimiter": ",",
    "decimal": ",",
    "header": True,
    "comment": "#",
    "escape": "\\",
    "thousands": "'",
    "skip_rows": 1,
    "duplicates": "sum",
    "total_row": "drop",
}  # fmt: skip


@pytest.mark.parametrize("form", USES)
@pytest.mark.parametrize("name", SAID)
def test_an_option_that_a_format_has_no_use_for_is_refused(files, form, name):
    given = {name: SAID[name]}
    if name in USES[form]:
        if name != "decimal":  # It is the delimiter of these files, too.
            compare(*files(form), **given)
        return
    message = f"the option '{name}' has no meaning for the format {form}"
    with pytest.raises(UsageError, match=message) as caught:
        compare(*files(form), **given)
    assert caught.value.hint == f"leave {name} out for this format"
    with pytest.raises(UsageError, match=message):
        check(*files(form), kind="counts", **given)
    # Given once it is for both sides, and it is enough if one of them has a use for it.
    if form in ("json", "jsonl", "uniq") and name != "decimal":
        compare(*files(form, "csv"), **given)
        compare(*files("csv", form), **given)
        with pytest.raises(UsageError, match=message):
            compare(*files(form, "csv"), **{name: (SAID[name], None)})


@pytest.mark.parametrize("command", ["inspect", "profile"])
def test_other_commands_refuse_such_options_too(kldiv, files, command):
    ran = kldiv(command, files("jsonl")[0], "--delimiter", ";")
    assert (ran.code, ran.out) == (2, "")
    assert "the option 'delimiter' has no meaning for the format jsonl" in ran.err
    assert kldiv("profile", *files("csv", "jsonl"), "--delimiter", ",").code == 0


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_a_reduction_is_for_batches(reduction):
    with pytest.raises(
        UsageError, match=f"the reduction '{reduction}' is for the rows of a batch"
    ):
        compare([1, 2], [2, 1], reduction=reduction)
    compare([[1, 2]], [2, 1], reduction=reduction)
    compare([1, 2], [2, 1], reduction="batchmean")


@pytest.mark.parametrize(
    ("table", "values"),
    [
        (settings.COMPARE, (settings.CompareSettings, settings.Rules)),
        (settings.CHECK, (settings.CheckSettings, settings.Rules, Limits)),
        (settings.PROFILE, (settings.ProfileSettings, settings.Rules, Limits)),
    ],
    ids=("compare", "check", "profile"),
)
def test_every_option_has_a_field_that_keeps_it(table, values):
    fields = {
        field for value in (*values, settings.Source, ReadOptions) for field in value._fields
    }
    # The sides' names, their format, and what the command itself looks at.
    elsewhere = {"names", "input_format", "fail_on", "top"}
    assert table.keys() <= fields | elsewhere


def test_options_that_are_silently_of_no_use_are_refused(table, kldiv, tmp_path):
    rows = table("rows.csv", "a,b\n" + "x,u\ny,v\n" * 60)
    made = str(tmp_path / "made.json")
    assert kldiv("profile", rows, "-o", made).code == 0
    for given in ({"na": "x"}, {"max_outcomes": 5}, {"columns": {"a": {"na": "x"}}}):
        with pytest.raises(UsageError, match="counted already"):
            check(made, made, **given)
        with pytest.raises(UsageError, match="counted already"):
            compare(made, made, kind="samples", **given)
        assert check(made, rows, **given).columns
    assert "counted already" in kldiv("profile", made, made, "--na", "x").err
    # The file of a project serves all of its calls.
    config = table("kldiv.toml", 'na = "x"')
    assert kldiv("check", made, made, "--config", config).code == 0
    batch = np.array([[1.0, 2.0], [2.0, 1.0]])
    with pytest.raises(UsageError, match="batch"):
        compare(batch, batch, top=3)
    assert compare(batch, batch, top=10).comparisons[0].batch
    numbers = table("numbers.json", "[1, 2, 3]")
    for kind in (None, "counts"):
        with pytest.raises(UsageError, match="repeat"):
            compare(numbers, numbers, duplicates="sum", kind=kind)
    with pytest.raises(UsageError, match="repeat"):
        check(numbers, numbers, duplicates="sum", kind="weights")


@pytest.mark.parametrize(
    ("word", "number"),
    [
        (5, 5), ("5", 5), ("5B", 5), ("300MB", 300 * 10**6), ("300mb", 300 * 10**6),
        ("300M", 300 * 10**6), ("2GB", 2 * 10**9), ("1kB", 1000), ("1KiB", 1024),
        ("2GiB", 2 << 30), ("2Gi", 2 << 30), ("3TiB", 3 << 40), (f"{2**63 - 1}", 2**63 - 1),
    ],
)  # fmt: skip
def test_sizes_are_those_of_duckdb(word, number):
    for make in (compare_settings, check_settings):
        given = {"memory_limit": word, "max_inflated": word}
        for side in make(FILES, given).sources:
            assert (side.options.memory_limit, side.options.max_inflated) == (number, number)
    assert profile_settings({"memory_limit": word}).options.memory_limit == number


@pytest.mark.parametrize(
    "word",
    [
        0, "0", "0GB", -1, "-1", "1.5GB", 1.5, True, "", "GB", "1XB", "1 GB", "1_000", "1e9",
        "iB", "5iB", "１GB", b"1", 2**63, "9999999TiB", "1" * 5000, ["1GB"], ("1GB", "2GB"),
    ],
)  # fmt: skip
def test_no_size_of_a_memory(word):
    with pytest.raises(UsageError, match=r"^memory_limit is a size such as 500MB, from 1 to b"):
        check_settings(FILES, {"memory_limit": word})


@pytest.mark.parametrize("number", [0, -1, 1.5, True, "2", (1, 2)])
def test_no_number_of_threads(number):
    with pytest.raises(UsageError, match=r"^threads is a whole number >= 1; found"):
        compare_settings(FILES, {"threads": number})


def test_what_an_engine_may_take_is_refused_by_no_kind_of_source():
    given = {"memory_limit": "1GB", "threads": 1}
    p, q = {"a": 5, "b": 3}, {"a": 4, "b": 5}
    for function in (compare, check):
        plain = function(p, q, kind="counts")
        assert function(p, q, kind="counts", **given).to_dict() == plain.to_dict()
