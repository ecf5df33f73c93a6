"""``kldiv check --init`` writes settings that change no verdict, and writes over nothing."""

import json
import os
import random
import shlex
import stat
import tomllib
from fnmatch import fnmatchcase

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import kldiv_cli.cli.init  # noqa: F401 (it takes its names of files when it is first loaded)
from kldiv_cli.pipeline import config
from kldiv_cli.pipeline.init import _literally
from kldiv_cli.pipeline.toml import spelt

HOSTILE = [
    'quo"te', "quo'te", "li\nne", "\x1b[31m", "]", "[tool]", "a.b", "# no", "tab\there",
    "back\\slash", "größe 年", "\u202eevil", "\x00nul", "*", "a?", "[x]", "=", "", " ", '"""',
    "\x7f", "\U0001f600", "columns", "max-kl", "\u2028", "${x}", "`x`",
]  # fmt: skip


def records(path, rows, seed, names=HOSTILE, more=()):
    """Write raw rows as JSON, a format that holds every name; one column is a key."""
    draw = random.Random(seed)
    made = [
        {
            **{name: draw.choice("aaab") for name in names},
            "a key\n]": f"u{i}",
            "k*": f"v{i}",
            "amount": round(draw.lognormvariate(1, 4), 3),
            "gone": draw.choice(["x", None]),
            "many": f"l{draw.randrange(rows // 3)}",
            **dict.fromkeys(more, "new"),
        }
        for i in range(rows)
    ]
    path.write_text(json.dumps(made))


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Two data sets with hostile names in the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("kldiv_cli.pipeline.config.SHARED", "no-such-name.toml")
    records(tmp_path / "ref.json", 600, 1)
    records(tmp_path / "cur.json", 500, 2, more=["only\nhere"])
    return tmp_path


def columns_of(ran):
    assert ran.code in (0, 1, 3), ran.err
    return json.loads(ran.out)["columns"]


def uncommented(text):
    """Return a file of settings whose examples are settings."""
    lines = text.split("\n")
    examples = ("# [columns.", "# max-", "# bins = ", "# exclude = ")
    return "\n".join(line[2:] if line.startswith(examples) else line for line in lines)


def test_the_file_changes_no_verdict(data, kldiv):
    before = columns_of(kldiv("check", "ref.json", "cur.json", "-f", "json"))
    ran = kldiv("check", "ref.json", "cur.json", "--init")
    assert (ran.code, ran.out) == (0, "")
    text = (data / "kldiv.toml").read_text()
    assert text.replace("\n", "").isprintable()
    settings = tomllib.loads(text)
    assert settings == {
        "max-kl": 0.05,
        "alpha": 0.05,
        "adjust": "bh",
        "fail-on": "drift",
        "missing": "category",
        "exclude": ["a key\n]", "k[*]"],
    }
    assert columns_of(kldiv("check", "ref.json", "cur.json", "-f", "json")) == before
    # The examples hold, too: they say what holds already, but for bins.
    (data / "kldiv.toml").write_text(
        "\n".join(
            line
            for line in uncommented(text).split("\n")
            if not line.startswith(("bins", "max-new", "max-missing", "exclude = [\"id"))
        )
    )  # fmt: skip
    settings = tomllib.loads((data / "kldiv.toml").read_text())
    assert {"amount", "gone", "many"} <= {*settings["columns"]}
    assert columns_of(kldiv("check", "ref.json", "cur.json", "-f", "json")) == before
    (data / "kldiv.toml").write_text(uncommented(text))
    assert tomllib.loads(uncommented(text))["columns"]["amount"]["bins"][0] > 0
    columns_of(kldiv("check", "ref.json", "cur.json", "-f", "json"))


def test_a_column_that_was_left_out_is_judged_as_the_file_says(data, kldiv):
    kldiv("check", "ref.json", "cur.json", "--init")
    text = (data / "kldiv.toml").read_text()
    lines = [line for line in text.split("\n") if "k[*]" not in line]
    lines.append("[columns.\"k*\"]\ntype = 'categorical'")
    (data / "kldiv.toml").write_text("\n".join(lines))
    judged = columns_of(kldiv("check", "ref.json", "cur.json", "-f", "json"))
    assert "k*" in [column["column"] for column in judged]


def test_what_is_said_is_kept_and_the_next_command_gives_the_same(data, kldiv):
    said = [
        "--exclude", "q*", "--exclude", "columns", "--max-kl", "0.2", "--max-kl", "amount=0.01",
        "--numeric", "amount", "--categorical", "gone", "--bins", "7", "--na", "a", "--alpha",
        "0.01", "--adjust", "none", "--max-new", "0.5", "--max-missing-shift", "0.3", "--fail-on",
        "inconclusive", "--missing", "drop", "--top", "3", "--max-outcomes", "5000",
        "--input-format", "json", "--max-inflated", "5MB", "--strict", "--memory-limit", "1GiB",
        "--threads", "2", "-v",
    ]  # fmt: skip
    sources = ["Q=ref.json", "P=cur.json"]
    before = kldiv("check", *sources, *said, "-f", "json")
    ran = kldiv("check", *sources, *said, "--init")
    assert ran.code == 0, ran.err
    settings = tomllib.loads((data / "kldiv.toml").read_text())
    assert settings["exclude"] == ["q*", "columns", "a key\n]", "k[*]"]
    assert (settings["memory-limit"], settings["threads"]) == ("1GiB", 2)
    assert settings["columns"] == {
        "amount": {"max-kl": 0.01, "type": "numeric"},
        "gone": {"type": "categorical"},
    }
    program, *words = shlex.split(ran.err.rpartition("next: ")[2])
    assert program == "kldiv"
    assert words[:3] == ["check", *sources]
    assert {"--strict", "--input-format", "--max-inflated"} == {*words[3:]} - {"json", "5MB"}
    after = kldiv(*words, "-f", "json")
    assert after.code == before.code
    assert columns_of(after) == columns_of(before)
    assert json.loads(after.out)["alpha"] == 0.01


def test_what_a_reason_says_is_not_said_again(tmp_path, kldiv, table):
    """The share of new outcomes and of missing values stand once in what is said of a column."""
    before = table("before.csv", "kind,size,x\n" + "a,1,a\nb,2,b\n" * 2000)
    after = "kind,size,x\n" + "a,1,a\nb,2,b\n" * 1980 + "new,,a\n" * 40
    path = tmp_path / "kldiv.toml"
    options = ["--max-missing-shift", "0.005", "--init", "--config", str(path)]
    assert kldiv("check", before, table("after.csv", after), *options).code == 0
    said = " ".join(path.read_text().replace("\n#", " ").split())
    kind, size = (said.partition(f" {name}: ")[2].partition("[")[0] for name in ("kind", "size"))
    assert (kind[:13], size[:6]) == ("inconclusive:", "drift:")
    assert (kind.count("never had"), kind.count("1 %")) == (1, 1)
    assert (size.count("missing"), size.count("to 1 %")) == (1, 1)


def test_another_place(data, kldiv):
    (data / "sub").mkdir()
    ran = kldiv("check", "ref.json", "cur.json", "--init", "--config", "sub/of mine.toml")
    assert ran.code == 0, ran.err
    assert ran.err.endswith("next: kldiv check ref.json cur.json --config 'sub/of mine.toml'\n")
    assert config.load("sub/of mine.toml").settings["max_kl"] == 0.05
    assert not (data / "kldiv.toml").exists()


def test_settings_that_held_until_now_are_kept(data, kldiv, monkeypatch):
    (data / "kldiv.toml").write_text("alpha = 0.02\nmin-count = 3\n[columns.amount]\nbins = 4\n")
    (data / "below").mkdir()
    monkeypatch.chdir(data / "below")
    words = ["check", "../ref.json", "../cur.json"]
    before = columns_of(kldiv(*words, "-f", "json"))
    assert kldiv(*words, "--init").code == 0
    settings = tomllib.loads((data / "below" / "kldiv.toml").read_text())
    assert (settings["alpha"], settings["min-count"]) == (0.02, 3)
    assert settings["columns"] == {"amount": {"bins": 4}}
    assert columns_of(kldiv(*words, "-f", "json")) == before


@pytest.mark.parametrize("kind", ["file", "link to nothing", "folder", "pipe"])
def test_a_file_that_exists_is_left_as_it_is(data, kldiv, kind):
    path = data / "kldiv.toml"
    if kind == "file":
        path.write_text("no settings, but mine")
    elif kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("nowhere")
    before = sorted(os.listdir(data))
    ran = kldiv("check", "ref.json", "cur.json", "--init", "--config", "kldiv.toml")
    assert (ran.code, ran.out) == (2, "")
    assert "error[file-exists]" in ran.err
    assert sorted(os.listdir(data)) == before
    assert kind != "file" or path.read_text() == "no settings, but mine"


def test_a_file_that_comes_in_the_meantime_is_left_as_it_is(data, kldiv, monkeypatch):
    from kldiv_cli.pipeline import init

    made = init.settings_file

    def slow(*arguments):
        (data / "kldiv.toml").write_text("mine")
        return made(*arguments)

    monkeypatch.setattr(init, "settings_file", slow)
    for link in (os.link, None):
        if link is None:  # As on a file system without links.
            monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(PermissionError))
        ran = kldiv("check", "ref.json", "cur.json", "--init")
        assert ran.code == 2
        assert (data / "kldiv.toml").read_text() == "mine"
        (data / "kldiv.toml").unlink()
        assert sorted(os.listdir(data)) == ["cur.json", "ref.json"]


def test_a_file_system_without_links(data, kldiv, monkeypatch):
    monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(PermissionError))
    assert kldiv("check", "ref.json", "cur.json", "--init").code == 0
    assert sorted(os.listdir(data)) == ["cur.json", "kldiv.toml", "ref.json"]


@pytest.mark.parametrize(
    "words",
    [
        ["ref.json", "missing.json"],
        ["ref.json", "cur.json", "--column", "no such"],
        ["ref.json", "cur.json", "-o", "x.json"],
        ["ref.json", "cur.json", "-f", "json"],
        ["ref.json", "cur.json", "--report", "json=x.json"],
        ["ref.json", "cur.json", "--config", "no/folder/kldiv.toml"],
        ["ref.json", "cur.json", "--config", "pyproject.toml"],
        ["ref.json", "cur.json", "--config", "-"],
        ["ref.json", "cur.json", "--config", "cur.json"],
        ["ref.json", "cur.json", "--exclude", "\udcff*"],
        ["ref.json", "cur.json", "--alpha", "2"],
    ],
)
def test_nothing_is_written_where_there_is_no_answer(data, kldiv, words, monkeypatch):
    monkeypatch.setattr("kldiv_cli.pipeline.config.SHARED", "pyproject.toml")
    monkeypatch.setattr("kldiv_cli.cli.init.SHARED", "pyproject.toml")
    before = sorted(os.listdir(data))
    ran = kldiv("check", *words, "--init")
    assert ran.code == 2
    assert ran.err
    assert sorted(os.listdir(data)) == before


def test_the_same_data_give_the_same_bytes(data, kldiv):
    texts = []
    for _ in range(2):
        assert kldiv("check", "ref.json", "cur.json", "--init", "-q").err == ""
        texts.append((data / "kldiv.toml").read_bytes())
        assert not stat.S_IMODE(os.stat(data / "kldiv.toml").st_mode) & 0o111
        (data / "kldiv.toml").unlink()
    assert texts[0] == texts[1]


def test_a_pipe_is_read(data, shell):
    ran = shell("cat cur.json | kldiv check ref.json - --init", cwd=data)
    assert ran.code == 0, ran.err
    assert ran.err.endswith("next: ... | kldiv check ref.json -\n")
    ran = shell("rm kldiv.toml; kldiv check <(cat ref.json) cur.json --init", cwd=data)
    assert ran.code == 0, ran.err
    assert ran.err.endswith("next: kldiv check <(...) cur.json\n")


@pytest.mark.parametrize("kinds", [["counts"], ["probabilities"], ["probabilities", "counts"]])
def test_tables(table, kldiv, kinds, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    p = table("p.csv", "side,n\nheads,5\ntails,6\n" if "counts" in kinds else "a,b\nx,.5\ny,.5\n")
    q = table("q.csv", "side,n\nheads,700\ntails,700\n" if kinds[-1] == "counts" else "a,b\nx,1\n")
    if len(kinds) == 2:
        p = table("p.csv", "side,share\nheads,0.5\ntails,0.5\n")
    words = ["check", p, q, *(word for kind in kinds for word in ("--as", kind))]
    before = kldiv(*words, "-f", "json")
    assert kldiv(*words, "--init").code == 0
    after = kldiv(*words, "-f", "json")
    assert columns_of(after) == columns_of(before)


def test_numbers_that_all_are_infinite(data, kldiv):
    (data / "x.csv").write_text("a,b\n" + "inf,x\n-inf,y\n" * 30)
    ran = kldiv("check", "x.csv", "x.csv", "--init", "--numeric", "a")
    assert ran.code == 0, ran.err


def test_a_profile_is_a_reference(data, kldiv):
    assert kldiv("profile", "ref.json", "-o", "profile.json", "--exclude", "k*").code == 0
    words = ["check", "profile.json", "cur.json"]
    before = columns_of(kldiv(*words, "-f", "json"))
    assert kldiv(*words, "--init").code == 0
    rows = json.loads((data / "profile.json").read_text())["rows"]
    assert f"profile.json: a profile of {rows:,} rows\n" in (data / "kldiv.toml").read_text()
    assert columns_of(kldiv(*words, "-f", "json")) == before


@given(st.text(st.characters(exclude_categories=["Cs"])))
@example("".join(map(chr, range(300))))
def test_every_text_survives_toml(text):
    document = f"x = {spelt(text)}\n[columns.{spelt(text)}]\ny = {spelt([text, 1.5, True])}"
    assert tomllib.loads(document) == {"x": text, "columns": {text: {"y": [text, 1.5, True]}}}
    assert document.replace("\n", "").isprintable()


@given(st.text(), st.text())
@example("[*]", "x")
@example("[!a]", "b")
def test_a_name_as_a_pattern_is_that_name_alone(name, other):
    assert fnmatchcase(name, _literally(name))
    assert fnmatchcase(other, _literally(name)) == (other == name)


@pytest.mark.parametrize("number", [0.05, 1e-300, 5, float("inf"), 12345678901234567890])
def test_numbers_survive_toml(number):
    assert tomllib.loads(f"x = {spelt(number)}") == {"x": number}
