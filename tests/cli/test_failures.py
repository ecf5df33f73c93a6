"""Whoever waits for a report hears of a failure: error documents, gauges at 0, error cases."""

import builtins
import csv
import errno
import io
import json
import os
import signal
import subprocess
import sys
import threading
from importlib.resources import files
from itertools import chain
from xml.etree import ElementTree

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kldiv_cli.cli import interrupts, streams
from kldiv_cli.cli.arguments import told_apart
from kldiv_cli.cli.commands import load
from kldiv_cli.cli.failures import guessed
from kldiv_cli.core.measures import DEFAULT_MEASURES
from kldiv_cli.core.report import Failure
from kldiv_cli.renderers import render

OLD_PROM = "# TYPE kldiv_success gauge\nkldiv_success 1\n"
FAILED_PROM = 'kldiv_success{dataset="p"} 0\n'


def validator(command):
    name = f"schemas/{command}-1.json"
    text = files("kldiv_cli.renderers").joinpath(name).read_text()
    return jsonschema.Draft202012Validator(json.loads(text))


@pytest.fixture
def data(pair, table, tmp_path, monkeypatch):
    """Two tables of counts, a bad one, and bad settings, in the working directory."""
    table("bad.csv", "colour,count\nred,-5\n")
    table("bad.toml", 'max-lk = 1\ndataset = "shop"\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


COMPARE = [
    (["missing.csv", "q.csv"], "unknown-command"),
    (["comapre", "p.csv", "q.csv"], "unknown-command"),
    (["compare", "missing.csv", "q.csv"], "no-such-file"),
    (["compare", "bad.csv", "q.csv"], "negative-weight"),
    (["compare", "s3://bucket/p.csv", "q.csv"], "url"),
    (["p.csv", "q.csv", "-m", "kl_pw"], "unknown-measure"),
    (["p.csv", "q.csv", "--fail-above", "kl_pw=1"], "unknown-measure"),
    (["p.csv", "q.csv", "--fail-above", "0.05"], "usage"),
    (["p.csv", "q.csv", "--fail-above", "kl_pq=x"], "usage"),
    (["p.csv", "q.csv", "--no-such-option"], "usage"),
    (["p.csv", "q.csv", "--no-such-option=5"], "usage"),
    (["p.csv", "q.csv", "-zz"], "usage"),
    (["--verison"], "usage"),
    (["p.csv", "q.csv", "third"], "no-such-file"),
    (["p.csv", "-", "-"], "usage"),
    (["p.csv", "q.csv", "--base", "3"], "usage"),
    (["p.csv", "q.csv", "--base"], "usage"),
    (["p.csv", "q.csv", "--strict=x"], "usage"),
    (["p.csv", "q.csv", "--temperature", "0"], "usage"),
    (["p.csv", "q.csv", "--smoothing", "jefreys"], "usage"),
    (["p.csv", "q.csv", "--max-inflated", "x"], "usage"),
    (["p.csv", "q.csv", "--report", "xml=x"], "usage"),
    (["p.csv", "q.csv", "--report", "json"], "usage"),
    (["p.csv", "q.csv", "--report", "csv=-"], "usage"),
    (["p.csv", "q.csv", "--report", "csv=no/such/folder"], "output-lost"),
    (["p.csv", "q.csv", "--report", "csv=p.csv"], "output-is-input"),
    (["p.csv", "q.csv", "-q"], "usage"),
    (["p.csv", "q.csv", "--label", "x"], "unknown-column"),
    (["p.csv", "q.csv", "--reduction", "sum"], "reduction-needs-batch"),
    (["compare"], "usage"),
    (["p.csv"], "one-side"),
    ([], "usage"),
    (["measures", "kl"], "usage"),
    (["inspect", "p.csv"], "usage"),
    (["profile", "p.csv"], "usage"),
]
CHECK = [
    (["check", "p.csv", "missing.csv", "--as", "counts"], "no-such-file"),
    (["check", "p.csv"], "usage"),
    (["check"], "usage"),
    (["check", "p.csv", "q.csv", "--no-such-option"], "usage"),
    (["check", "p.csv", "q.csv", "--alpha", "2"], "usage"),
    (["check", "p.csv", "q.csv", "--adjust", "x"], "usage"),
    (["check", "p.csv", "q.csv", "--max-kl", "x"], "usage"),
    (["check", "p.csv", "q.csv", "--dataset", " "], "usage"),
    (["check", "p.csv", "q.csv", "--config", "bad.toml"], "unknown-key"),
    (["check", "p.csv", "q.csv", "--config", "missing.toml"], "bad-config"),
    (["check", "p.csv", "q.csv", "--as", "counts", "--column", "x"], "unknown-column"),
    (
        ["check", "p.csv", "q.csv", "--as", "counts", "--report", "junit=no/such/folder"],
        "output-lost",
    ),
]


@pytest.mark.parametrize("spelled", ["-f json", "--format=json", "-fjson", "-f=json"])
@pytest.mark.parametrize(("words", "code"), [*COMPARE, *CHECK], ids=str)
def test_every_failure_is_a_document_for_json(kldiv, data, words, code, spelled):
    command = words[0] if words else ""
    # The last option may lack its word.
    ran = kldiv(*words[:1], *spelled.split(), *words[1:])
    if spelled == "-f=json":
        code = "usage" if code != "unknown-command" else code
    assert ran.code == 2
    document = json.loads(ran.out, parse_constant=pytest.fail)
    validator("check" if command == "check" else "compare").validate(document)
    assert document["error"]["code"] == code
    assert f"error[{code}]" in ran.err
    rows = document["columns" if command == "check" else "comparisons"]
    assert [row["column"] for row in rows] == [None]
    assert set(rows[0]["measures"].values()) == {"error"}


@pytest.mark.parametrize("words", ["-f json", "--format=json --strict", "-fjson --top 3"])
@pytest.mark.parametrize("command", ["compare", "check"])
def test_options_before_their_command_are_refused(kldiv, data, words, command):
    ran = kldiv(*words.split(), command, "p.csv", "missing.csv")
    assert ran.code == 2
    assert f"the command '{command}' comes before its options" in ran.err
    document = json.loads(ran.out)
    validator(command).validate(document)
    assert document["error"]["code"] == "usage"
    if command == "check":
        assert document["dataset"] == "p"


def test_a_file_that_is_called_as_a_command_is_a_file(kldiv, data):
    (data / "check").write_text((data / "p.csv").read_text())
    words = ["-m", "kl_pq", "-q", "--input-format", "csv"]
    ran = kldiv(*words, "check", "q.csv")
    assert (ran.code, ran.out) == (0, kldiv(*words, "p.csv", "q.csv").out)
    assert kldiv(*words, "--label", "check", "p.csv", "q.csv").code == 2


def test_it_has_an_error_for_every_measure_and_every_limit_asked_for(kldiv, data):
    words = ["-m", "js", "-m", "kl_pw", "-m", "renyi:2", "--fail-above", "tv=0.1"]
    words += ["--fail-above", "x=3", "--fail-above", "5", "--base", "2", "--smoothing", "laplace"]
    document = json.loads(kldiv("missing.csv", "q.csv", *words, "-f", "json").out)
    (row,) = document["comparisons"]
    assert row["measures"] == {"js": "error", "kl_pw": "error", "renyi:2": "error"}
    assert row["measures"] == row["error_bounds"]
    assert document["failed"] == [
        {"column": None, "row": None, "measure": "tv", "value": "error", "limit": 0.1, "q": None}
    ]
    assert (document["base"], document["unit"]) == ("2", "bits")
    assert document["smoothing"] == "laplace"
    document = json.loads(kldiv("missing.csv", "q.csv", "-f", "json").out)
    assert list(document["comparisons"][0]["measures"]) == list(DEFAULT_MEASURES)


def test_a_check_that_failed_names_its_limits_and_its_data_set(kldiv, data, table):
    table("kldiv.toml", "alpha = 0.2\nmax-kl = 3\n")
    words = ["check", "p.csv", "missing.csv", "--as", "counts", "--adjust", "none", "-f", "json"]
    document = json.loads(kldiv(*words).out)
    assert [document[key] for key in ("alpha", "adjust", "dataset")] == [0.2, "none", "p"]
    assert document["columns"][0]["threshold"] == 3
    document = json.loads(kldiv(*words, "--max-kl", "colour=2", "--max-kl", "1").out)
    assert document["columns"][0]["threshold"] == 1
    document = json.loads(kldiv(*words, "--config", "bad.toml").out)
    assert [document[key] for key in ("alpha", "dataset")] == [0.05, "shop"]
    document = json.loads(kldiv("check", "-f", "json").out)
    assert document["dataset"] == "unknown"


def test_the_document_is_on_every_stream_that_was_to_have_one(shell, data):
    for target in ("-o /dev/stdout", "-o -", "-o /dev/fd/7 7>&1", "-o >(cat)"):
        ran = shell(f"kldiv missing.csv q.csv -f json {target}; wait", cwd=data)
        assert json.loads(ran.out)["error"]["code"] == "unknown-command"


def test_a_stream_gets_one_document(shell, data):
    words = "-f json --report json=/dev/stdout --report csv=/dev/fd/1"
    ran = shell(f"kldiv {data}/p.csv {data}/q.csv {words}")
    assert ran.code == 2
    assert json.loads(ran.out)["error"]["message"] == "two reports go to standard output"


def test_a_lost_document_is_no_second_error(shell, data):
    if not os.path.exists("/dev/full"):
        pytest.skip("there is no full device")
    for files_ in ("p.csv q.csv", "missing.csv q.csv"):
        ran = shell(f"kldiv {files_} -f json > /dev/full", cwd=data)
        assert ran.code == 2
        assert ran.err.count("output-lost") == 1
    ran = shell("kldiv missing.csv q.csv -f json >&-", cwd=data)
    assert ran.code == 2
    assert "unknown-command" in ran.err


@pytest.mark.parametrize(("command", "end"), [("compare", "q.csv"), ("check", "q.csv")])
def test_the_other_formats_say_that_nothing_was_computed(kldiv, data, command, end):
    def out(format):
        ran = kldiv(command, "missing.csv", end, "-f", format)
        assert ran.code == 2
        assert "error[no-such-file]" in ran.err
        return ran.out

    assert out("text") == out("markdown") == ""
    rows = list(csv.DictReader(io.StringIO(out("csv")), strict=True))
    assert {row["value"] for row in rows} == {"error"}
    assert {row["measure"] for row in rows} >= set(DEFAULT_MEASURES)
    if command == "check":
        assert out("prometheus").endswith('\nkldiv_success{dataset="missing"} 0\n')
        assert out("github") == (
            "::error title=kldiv%3A error::missing.csv: there is no such file\n"
        )
        (case,) = ElementTree.fromstring(out("junit")).iter("testcase")
        assert [outcome.tag for outcome in case] == ["error"]
        assert case.get("classname").startswith("missing: ")


def test_csv_names_a_measure_that_there_is_not(kldiv, data):
    ran = kldiv("p.csv", "q.csv", "-m", "=cmd()", "-f", "csv")
    (row,) = csv.DictReader(io.StringIO(ran.out), strict=True)
    assert (row["measure"], row["value"]) == ("'=cmd()", "error")


def test_a_bug_is_a_failure_too(kldiv, data, monkeypatch):
    import kldiv_cli.pipeline.check

    def broken(*_):
        raise RuntimeError("what")

    monkeypatch.setattr(kldiv_cli.pipeline.check, "checked", broken)
    (data / "old.prom").write_text(OLD_PROM)
    ran = kldiv("check", "p.csv", "q.csv", "-f", "json", "--report", "prometheus=old.prom")
    assert ran.code == 70
    assert json.loads(ran.out)["error"]["code"] == "internal"
    assert (data / "old.prom").read_text().endswith(FAILED_PROM)


def test_a_bug_in_the_report_of_a_failure_is_told(kldiv, data, monkeypatch):
    import kldiv_cli.cli.failures

    def broken(*_, **__):
        raise RuntimeError("what")

    monkeypatch.setattr(kldiv_cli.cli.failures, "guessed", broken)
    ran = kldiv("missing.csv", "q.csv", "-f", "json")
    assert (ran.code, ran.out) == (2, "")
    assert "error[unknown-command]" in ran.err
    assert "error[internal]" in ran.err


STALE = [words for words, _ in CHECK if len(words) > 2] + [
    ["chekc", "p.csv", "q.csv"],
    ["check", "p.csv", "q.csv", "third"],
    ["check", "p.csv", "q.csv", "--report", "csv=out.prom"],
    ["check", "p.csv", "q.csv", "-q", "--report", "x=y"],
    ["check", "p.csv", "q.csv", "--report", "csv=/dev/full"],
]


@pytest.mark.parametrize("words", STALE, ids=str)
@pytest.mark.parametrize(
    ("format", "asked"),
    [
        ("prometheus", ["-o", "out.prom"]),
        ("prometheus", ["-f", "prometheus", "-o", "out.prom"]),
        ("prometheus", ["--report=prometheus=out.prom"]),
        ("junit", ["--report", "junit=out.prom"]),
        ("junit", ["-fjunit", "-oout.prom"]),
    ],
    ids=str,
)
def test_no_file_that_is_read_later_stays_as_it_was(kldiv, data, words, format, asked):
    if "csv=/dev/full" in words and not os.path.exists("/dev/full"):
        pytest.skip("there is no full device")
    for text in (OLD_PROM, None):
        if text:
            (data / "out.prom").write_text(text)
        ran = kldiv(words[0], *asked, *words[1:])
        assert ran.code == 2
        found = (data / "out.prom").read_text()
        if format == "junit":
            cases = list(ElementTree.fromstring(found).iter("testcase"))
            assert [[outcome.tag for outcome in case] for case in cases] == [["error"]]
        else:
            dataset = "shop" if "bad.toml" in words else "p"
            assert found.splitlines()[2:] == [f'kldiv_success{{dataset="{dataset}"}} 0']
        assert not list(data.glob(".*.tmp"))
        (data / "out.prom").unlink()


def test_a_report_of_another_command_stays_as_it_was(kldiv, data):
    """A file that is called as those are which others read is none of a comparison."""
    for name in ("out.prom", "out.xml"):
        (data / name).write_text("old")
        for words in (["p.csv", "q.csv"], ["compare", "p.csv", "q.csv"], ["profile", "p.csv"]):
            assert kldiv(*words, "-o", name).code == 2
            assert (data / name).read_text() == "old"


def test_every_other_file_stays_as_it_was(kldiv, data):
    reports = {name: f"out.{name}" for name in ("text", "json", "csv", "markdown", "github")}
    for path in reports.values():
        (data / path).write_text("old")
    words = [f"--report={format}={path}" for format, path in reports.items()]
    ran = kldiv("check", "p.csv", "missing.csv", *words, "-o", "new.json")
    assert (ran.code, ran.out) == (2, "")
    assert {(data / path).read_text() for path in reports.values()} == {"old"}
    assert not (data / "new.json").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["check", "q.csv", "p.csv", "-o", "p.csv"],
        ["check", "q.csv", "now=p.csv", "-o", "p.csv"],
        ["check", "p.csv", "missing.csv", "-o", "link.prom"],
        ["check", "q.csv", "missing.csv", "--config", "p.csv", "-o", "p.csv"],
        ["check", "q.csv", "missing.csv", "--confgi", "p.csv", "-o", "p.csv"],
        ["check", "q.csv", "missing.csv", "--confgi=p.csv", "-o", "p.csv"],
        ["check", "q.csv", "missing.csv", "-o", "kldiv.toml"],
    ],
    ids=str,
)
@pytest.mark.parametrize("format", ["prometheus", "junit"])
def test_a_failure_never_replaces_an_input(kldiv, data, words, format):
    (data / "link.prom").symlink_to("p.csv")
    (data / "kldiv.toml").write_text("alpha = 0.1\n")
    before = {path.name: path.read_bytes() for path in data.iterdir()}
    assert kldiv(*words, "-f", format).code == 2
    assert {path.name: path.read_bytes() for path in data.iterdir()} == before


def test_what_cannot_be_replaced_is_told(kldiv, data):
    ran = kldiv("check", "p.csv", "missing.csv", "--report", "junit=no/such/folder.xml", "--bogus")
    assert ran.code == 2
    assert "error[usage]" in ran.err
    assert "error[output-lost]" in ran.err
    (data / "folder").mkdir()
    for path in ("folder", "", "/dev/null"):
        ran = kldiv("check", "p.csv", "missing.csv", "-f", "junit", "-o", path, "--bogus")
        assert (ran.code, ran.out) == (2, "")
        assert "error[internal]" not in ran.err


@pytest.mark.parametrize("end", [KeyboardInterrupt, MemoryError])
def test_what_ends_a_run_leaves_no_old_answer(kldiv, data, monkeypatch, end):
    import kldiv_cli.pipeline.check

    def ended(*_):
        raise end

    monkeypatch.setattr(kldiv_cli.pipeline.check, "checked", ended)
    interrupts.listen()
    handler = signal.getsignal(signal.SIGINT)
    (data / "old.prom").write_text(OLD_PROM)
    (data / "old.csv").write_text("old")
    words = ["--report", "prometheus=old.prom", "--report", "csv=old.csv", "-f", "json"]
    ran = kldiv("check", "p.csv", "q.csv", *words)
    if end is KeyboardInterrupt:
        assert (ran.code, ran.out, ran.err) == (130, "", "")
    else:
        assert ran.code == 2
        assert json.loads(ran.out)["error"]["code"] == "out-of-memory"
    assert (data / "old.prom").read_text().endswith(FAILED_PROM)
    assert (data / "old.csv").read_text() == "old"
    assert signal.getsignal(signal.SIGINT) is handler


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_no_old_answer(root, data, patience, signalled, number, code):
    os.mkfifo(data / "fifo")
    (data / "old.prom").write_text(OLD_PROM)
    (data / "old.xml").write_text("<testsuites/>")
    words = [
        "check",
        "p.csv",
        "fifo",
        "--as",
        "counts",
        "--report",
        "junit=old.xml",
        "-o",
        "old.prom",
    ]
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(
            [sys.executable, "-c", "from kldiv_cli.__main__ import program; program()", *words],
            env={**os.environ, "PYTHONPATH": str(root)},
            stderr=subprocess.PIPE,
        )
    finally:
        signal.signal(signal.SIGINT, inherited)
    held = []
    try:
        opening = threading.Thread(
            target=lambda: held.append(os.open(data / "fifo", os.O_WRONLY)), daemon=True
        )
        opening.start()
        opening.join(patience)
        assert held
        err = signalled(process, number)
    finally:
        process.kill()
        for end in held:
            os.close(end)
    assert (process.returncode, err) == (code, b"")
    assert (data / "old.prom").read_text().endswith(FAILED_PROM)
    assert "<error" in (data / "old.xml").read_text()
    assert not list(data.glob(".*.tmp"))


@pytest.mark.parametrize(
    ("module", "name"),
    [(builtins, "open"), (os, "open"), (os, "fdopen"), (os, "fsync"), (os, "replace"),
     (os, "stat"), (os, "fchmod"), (os, "urandom")],
    ids=lambda value: getattr(value, "__name__", value),
)  # fmt: skip
def test_no_old_answer_survives_a_call_to_the_system_that_fails(kldiv, data, module, name):
    true, calls = getattr(module, name), 0
    while True:
        calls += 1
        left, failed = calls, False

        def once(*args, **kwargs):
            nonlocal left, failed
            left -= 1
            if left == 0:
                failed = True
                raise OSError(errno.EIO, "Input/output error")
            return true(*args, **kwargs)

        for report in ("new.csv", "old.prom"):
            (data / report).write_text(OLD_PROM)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, name, once)
            words = ["--as", "counts", "-o", "old.prom", "--report", "csv=new.csv"]
            ran = kldiv("check", "p.csv", "q.csv", *words)
        found = (data / "old.prom").read_text()
        assert found != OLD_PROM
        assert found.endswith(FAILED_PROM if ran.code == 2 else FAILED_PROM.replace("0", "1"))
        assert not list(data.glob(".*.tmp"))
        if not failed:
            assert ran.code == 3
            return


def lines():
    """Return lines of words of a check or a comparison, right and wrong."""
    flags = [
        flag
        for name in ("compare", "check")
        for option in load(name).options
        for flag in option.ends()
    ]
    values = st.sampled_from(["x", "p.csv", "-", "", "5", "kl_pq=1", "json=x", "=", "a=b=c", "é"])
    odd = st.sampled_from(["--", "-h", "-fjson", "-qf", "-f=x", "---", "check", "\udcff"])
    known = st.sampled_from(flags)
    piece = st.one_of(
        st.tuples(known, values).map(list),
        st.builds("{}={}".format, known, values).map(lambda word: [word]),
        st.one_of(values, odd, st.text(max_size=5)).map(lambda word: [word]),
    )
    return st.lists(piece, max_size=8).map(lambda pieces: [*chain.from_iterable(pieces)])


@given(lines())
@settings(max_examples=100)
def test_any_words_have_a_document(words):
    command, found = guessed(words)
    failure = Failure("usage", "what", "", "")
    from kldiv_cli.cli.failures import _said

    made = command.failed(found.arguments, _said(command, found), failure)
    name = "check" if made.schema.startswith("kldiv.check") else "compare"
    validator(name).validate(json.loads(render(made, "json")))
    for format in command.formats:
        render(made, format)


@pytest.mark.parametrize("room", [True, False])
def test_a_full_disk_keeps_no_old_success(kldiv, data, monkeypatch, room):
    (data / "out.prom").write_text(OLD_PROM)
    (data / "out.json").write_text("old")
    write_all = streams.write_all

    def full(stream, content):
        """Take nothing as long as the old file is there, or ever."""
        if isinstance(stream, io.FileIO) and not (room and not (data / "out.prom").exists()):
            raise OSError(errno.ENOSPC, "No space left on device")
        write_all(stream, content)

    monkeypatch.setattr(streams, "write_all", full)
    words = ["--as", "counts", "--report", "prometheus=out.prom", "--report", "json=out.json"]
    ran = kldiv("check", "p.csv", "q.csv", *words)
    assert ran.code == 2
    assert ran.err.count("No space left on device") == 1
    assert (data / "out.json").read_text() == "old"
    assert not room or (data / "out.prom").read_text().endswith(FAILED_PROM)
    assert room or not (data / "out.prom").exists()
    assert not [*data.glob(".*")]
    # An input is left alone, whatever it is taken for.
    ran = kldiv("check", "p.csv", "q.csv", "--as", "counts", "--report", "prometheus=p.csv")
    assert ran.code == 2
    assert ran.err.count("an input is never overwritten") == 1
    assert (data / "p.csv").exists()


def test_no_old_success_is_kept_where_the_report_of_the_error_fails(kldiv, data, monkeypatch):
    for name in ("out.prom", "out.xml", "out.csv"):
        (data / name).write_text(OLD_PROM)
    words = ["check", "p.csv", "missing.csv", "--as", "counts", "--report", "prometheus=out.prom"]
    words += ["--report", "junit=out.xml", "--report", "csv=out.csv"]
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "kldiv_cli.core.findings", None)  # It cannot be imported.
        ran = kldiv(*words)
    assert ran.code == 2
    assert "error[no-such-file]" in ran.err
    assert "the report of the error could not be written, ModuleNotFoundError" in ran.err
    assert [path.name for path in sorted(data.glob("out.*"))] == ["out.csv"]


def test_a_disk_that_is_only_read_is_no_bug(kldiv, data, monkeypatch):
    (data / "out.prom").write_text(OLD_PROM)

    def refused(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    words = ["--as", "counts", "--report", "prometheus=out.prom"]
    for last in ("q.csv", "missing.csv"):
        with monkeypatch.context() as patch:
            patch.setattr(os, "open", refused)
            patch.setattr(os, "unlink", refused)
            ran = kldiv("check", "p.csv", last, *words)
        assert ran.code == 2
        assert "out.prom: error[output-lost]" in ran.err
        assert "internal" not in ran.err


def test_several_letters_in_one_word_are_told_apart():
    command = load("compare")
    assert told_apart(command, ["-qfjson", "a"]).given == {"quiet": True, "format": "json"}
    assert told_apart(command, ["-qf", "json", "a"]).given == {"quiet": True, "format": "json"}
    assert told_apart(command, ["-qx", "a"]) == (["a"], {}, ["-qx"], None, False)
    assert told_apart(command, ["--no", "a", "--", "-f"]) == (
        ["a", "-f"],
        {},
        ["--no"],
        None,
        True,
    )
