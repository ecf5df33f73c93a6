"""``kldiv check`` and ``kldiv profile`` as processes see them: exit codes, streams, files."""

import json
import os
import random
import shutil
import subprocess
import sys

import pytest

from kldiv_cli.cli.words import COMMANDS

SHARES = {"even": (50, 50), "skewed": (90, 10), "near": (34, 66)}


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Write data sets of one column, ``side``, whose shares and sizes are known."""
    monkeypatch.chdir(tmp_path)
    for name, (heads, tails) in SHARES.items():
        for rows in (100, 20_000):
            cells = ["heads"] * (heads * rows // 100) + ["tails"] * (tails * rows // 100)
            random.Random(rows).shuffle(cells)
            (tmp_path / f"{name}{rows}.csv").write_text("side\n" + "\n".join(cells) + "\n")
    return tmp_path


def two_columns(folder, name, first, second):
    """Join two data sets of one column side by side."""
    lines = [(folder / f"{one}.csv").read_text().splitlines()[1:] for one in (first, second)]
    rows = "\n".join(f"{a},{b}" for a, b in zip(*lines, strict=True))
    (folder / f"{name}.csv").write_text(f"one,two\n{rows}\n")


CODES = [
    # What is run, and what it exits with: without --exit-zero, and with it.
    (["even20000.csv", "even20000.csv"], 0, 0),
    (["even20000.csv", "skewed20000.csv"], 1, 0),
    (["even20000.csv", "skewed20000.csv", "--max-kl", "10"], 0, 0),
    (["even20000.csv", "skewed20000.csv", "--max-kl", "side=10"], 0, 0),
    (["even100.csv", "near100.csv"], 3, 0),
    (["both.csv", "mixed.csv"], 0, 0),
    (["both.csv", "mixed.csv", "--fail-on", "inconclusive"], 3, 0),
    (["even20000.csv", "none.csv"], 2, 2),
    (["none.csv", "even20000.csv"], 2, 2),
    (["even20000.csv", "even20000.csv", "--column", "sides"], 2, 2),
    (["even20000.csv", "even20000.csv", "--exclude", "sides"], 2, 2),
    (["even20000.csv", "even20000.csv", "--exclude", "side"], 2, 2),
    (["even20000.csv", "both.csv"], 1, 0),  # The column is missing, which is drift.
    (["even20000.csv", "even20000.csv", "--max-kl", "nan"], 2, 2),
    (["even20000.csv", "even20000.csv", "--max-kl", "-1"], 2, 2),
    (["even20000.csv", "even20000.csv", "--alpha", "0"], 2, 2),
    (["even20000.csv", "even20000.csv", "--alpha", "1"], 2, 2),
    (["even20000.csv", "even20000.csv", "--adjust", "holm"], 2, 2),
    (["even20000.csv", "even20000.csv", "--fail-on", "pass"], 2, 2),
    (["even20000.csv", "even20000.csv", "--missing", "keep"], 2, 2),
    (["even20000.csv", "even20000.csv", "--bins", "0"], 2, 2),
    (["even20000.csv", "even20000.csv", "-f", "htm"], 2, 2),
    (["even20000.csv", "even20000.csv", "--as", "logits"], 2, 2),
    (["even20000.csv", "even20000.csv", "--weight", "side"], 2, 2),
    (["even20000.csv", "even20000.csv", "--config", "none.toml"], 2, 2),
    (["even20000.csv", "even20000.csv", "-o", "no/such/folder.txt"], 2, 2),
    (["even20000.csv", "even20000.csv", "-o", "even20000.csv"], 2, 2),
    (["even20000.csv", "header.csv"], 2, 2),
    (["even20000.csv", "empty.csv"], 2, 2),
    (["even20000.csv", "cut.csv.gz"], 2, 2),
    (["weights.csv", "weights.csv"], 2, 2),
    (["weights.csv", "weights.csv", "--as", "weights"], 0, 0),
    (["weights.csv", "others.csv", "--as", "weights"], 1, 0),
    (["weights.csv", "others.csv", "--as", "samples"], 3, 0),
    (["-", "-"], 2, 2),
    (["even20000.csv"], 2, 2),
]


@pytest.mark.parametrize(("words", "code", "lenient"), CODES, ids=lambda value: str(value)[:60])
def test_exit_codes(kldiv, data, words, code, lenient):
    two_columns(data, "both", "even20000", "even20000")
    two_columns(data, "mixed", "even20000", "near20000")
    (data / "header.csv").write_text("side\n")
    (data / "empty.csv").write_text("")
    (data / "weights.csv").write_text("face,weight\na,1.5\nb,2.5\n")
    (data / "others.csv").write_text("face,weight\na,1.5\nb,9.5\n")
    import gzip

    whole = gzip.compress(b"side\n" + b"heads\ntails\n" * 5000)
    (data / "cut.csv.gz").write_bytes(whole[:-20])
    for options, expected in (([], code), (["--exit-zero"], lenient)):
        ran = kldiv("check", *words, *options)
        assert ran.code == expected, ran
        assert "Traceback" not in ran.err
        if expected == 2:
            assert "error[" in ran.err
            assert ran.out == ""
        elif not expected:
            assert ran.out


def test_the_mixed_pair_is_what_the_table_takes_it_for(kldiv, data):
    two_columns(data, "both", "even20000", "even20000")
    two_columns(data, "mixed", "even20000", "near20000")
    document = json.loads(kldiv("check", "both.csv", "mixed.csv", "-f", "json").out)
    verdicts = {column["column"]: column["verdict"] for column in document["columns"]}
    assert verdicts == {"one": "pass", "two": "inconclusive"}


def test_several_reports_of_one_run(kldiv, data):
    ran = kldiv(
        "check", "even20000.csv", "skewed20000.csv", "-f", "json", "--report", "junit=drift.xml",
        "--report", "prometheus=drift.prom", "--report", "markdown=drift.md",
    )  # fmt: skip
    assert ran.code == 1
    assert json.loads(ran.out)["verdict"] == "drift"
    assert "<failure" in (data / "drift.xml").read_text()
    assert 'kldiv_verdict{dataset="even20000",column="side"' in (data / "drift.prom").read_text()
    assert "drift" in (data / "drift.md").read_text()


def test_an_error_document_answers_for_json(kldiv, data):
    ran = kldiv("check", "even20000.csv", "none.csv", "-f", "json")
    assert ran.code == 2
    document = json.loads(ran.out)
    assert document["verdict"] == "error"
    assert document["error"]["code"] == "no-such-file"
    assert [column["kl"] for column in document["columns"]] == ["error"]


def test_quiet_prints_the_verdict_alone(kldiv, data):
    ran = kldiv("check", "even20000.csv", "skewed20000.csv", "-q")
    assert (ran.code, ran.out, ran.err) == (1, "drift\n", "")


@pytest.mark.parametrize(("files", "code"), [("even20000", 0), ("skewed20000", 1)])
def test_a_closed_pipe_keeps_the_code_of_the_answer(shell, data, files, code):
    command = f"kldiv check even20000.csv {files}.csv | true; echo ${{PIPESTATUS[0]}}"
    ran = shell(command, cwd=data)
    assert ran.out == f"{code}\n"
    assert ran.err == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no full device")
def test_a_lost_report_is_no_pass(shell, data):
    for target in ("> /dev/full", "-o /dev/full", "--report junit=/dev/full"):
        ran = shell(f"kldiv check even20000.csv even20000.csv {target}", cwd=data)
        assert ran.code == 2
        assert ran.err.count("error[output-lost]") == 1


def test_a_summary_is_appended_for_github(kldiv, data, monkeypatch):
    summary = data / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    kldiv("check", "even20000.csv", "skewed20000.csv")
    assert summary.read_text() == "before\n"
    ran = kldiv("check", "even20000.csv", "skewed20000.csv", "-f", "github")
    assert ran.code == 1
    assert "\n::error" in ran.out
    assert summary.read_text().startswith("before\n")
    assert "| side |" in summary.read_text()
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(data / "no" / "folder.md"))
    ran = kldiv("check", "even20000.csv", "skewed20000.csv", "-f", "github")
    assert ran.code == 2
    assert "error[output-lost]" in ran.err


def test_settings_of_a_file_and_of_options(kldiv, data):
    (data / "kldiv.toml").write_text("max-kl = 10\n")
    assert kldiv("check", "even20000.csv", "skewed20000.csv").code == 0
    assert kldiv("check", "even20000.csv", "skewed20000.csv", "--max-kl", "0.05").code == 1
    (data / "kldiv.toml").write_text("[columns.side]\nmax-kl = 10\n")
    assert kldiv("check", "even20000.csv", "skewed20000.csv").code == 0
    assert kldiv("check", "even20000.csv", "skewed20000.csv", "--max-kl", "side=0.05").code == 1
    (data / "kldiv.toml").write_text("max-lk = 10\n")
    ran = kldiv("check", "even20000.csv", "skewed20000.csv")
    assert ran.code == 2
    assert "kldiv.toml" in ran.err
    assert "did you mean 'max-kl'?" in ran.err
    (data / "other.toml").write_text('fail-on = "inconclusive"\n')
    assert kldiv("check", "even100.csv", "near100.csv", "--config", "other.toml").code == 3


def test_a_profile_stands_for_its_data(kldiv, data):
    assert kldiv("profile", "even20000.csv", "-o", "even.json").code == 0
    profile = json.loads((data / "even.json").read_text())
    assert profile["schema"] == "kldiv.profile/1"
    assert profile["columns"][0]["outcomes"] == [["heads", 10000], ["tails", 10000]]
    for current, code in (("even20000", 0), ("skewed20000", 1)):
        by_rows = json.loads(kldiv("check", "even20000.csv", f"{current}.csv", "-f", "json").out)
        ran = kldiv("check", "even.json", f"{current}.csv", "-f", "json")
        assert ran.code == code
        assert json.loads(ran.out)["columns"] == by_rows["columns"]


ACTION = ".github/actions/check"


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("inputs", "code", "verdict"),
    [
        ({"CURRENT": "even20000.csv"}, 0, "pass"),
        ({"CURRENT": "skewed20000.csv"}, 1, "drift"),
        ({"CURRENT": "skewed20000.csv", "MAX_KL": "5\nside=7"}, 0, "pass"),
        ({"CURRENT": "near100.csv"}, 3, "inconclusive"),
        ({"CURRENT": "none.csv"}, 2, "error"),
        ({"CURRENT": "$(touch hacked)"}, 2, "error"),
        ({"CURRENT": "even20000.csv", "COLUMN": "side; touch hacked"}, 2, "error"),
        ({"CURRENT": "even20000.csv", "OPTIONS": "--exit-zero\n--alpha=0.01"}, 0, "pass"),
    ],
)
def test_the_action_runs_and_always_sets_its_outputs(root, data, patience, inputs, code, verdict):
    reference = "even100.csv" if inputs["CURRENT"] == "near100.csv" else "even20000.csv"
    output = data / "output"
    environment = {
        "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}",
        "GITHUB_ACTION_PATH": str(root / ACTION),
        "GITHUB_OUTPUT": str(output),
        "RUNNER_TEMP": str(data),
        "KLDIV_INSTALL": "none",
        "KLDIV_REFERENCE": reference,
        **{f"KLDIV_{name}": value for name, value in inputs.items()},
    }
    done = subprocess.run(
        ["bash", str(root / ACTION / "check.sh")],
        cwd=data, env=environment, capture_output=True, text=True, timeout=patience, check=False,
    )  # fmt: skip
    assert done.returncode == code, done
    outputs = dict(line.split("=", 1) for line in output.read_text().splitlines())
    assert outputs["verdict"] == verdict
    assert outputs["exit-code"] == str(code)
    assert outputs.keys() == {"verdict", "exit-code", "report"}
    if code != 2:
        assert json.loads((data / outputs["report"]).read_text())["verdict"] == verdict
    assert not (data / "hacked").exists()


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize("code", [2, 70, 130, 143])
def test_the_action_takes_no_verdict_of_an_older_report(root, data, patience, code):
    (data / "old.json").write_text('{"verdict": "pass"}')
    (data / "kldiv").write_text(f"#!/bin/sh\nexit {code}\n")
    (data / "kldiv").chmod(0o755)
    environment = {
        "PATH": f"{data}:{os.environ['PATH']}",
        "GITHUB_OUTPUT": str(data / "output"),
        "KLDIV_INSTALL": "none",
        "KLDIV_REPORT": "old.json",
    }
    done = subprocess.run(
        ["bash", str(root / ACTION / "check.sh")],
        cwd=data, env=environment, capture_output=True, text=True, timeout=patience, check=False,
    )  # fmt: skip
    assert done.returncode == code, done
    assert "verdict=error\n" in (data / "output").read_text()


def test_the_action_passes_every_input_by_the_environment_alone(root):
    text = (root / ACTION / "action.yml").read_text()
    runs = [line for line in text.splitlines() if line.strip().startswith("run:")]
    assert runs
    assert not any("${{" in line for line in runs)
    script = (root / ACTION / "check.sh").read_text()
    inputs = text.partition("outputs:")[0]
    for line in inputs.splitlines():
        if line.startswith("  ") and not line.startswith("   "):
            name = line.strip().rstrip(":")
            variable = f"KLDIV_{name.upper().replace('-', '_')}"
            assert f"{variable}: ${{{{ inputs.{name} }}}}" in text
            assert variable in script


def test_every_command_is_listed(kldiv):
    out = kldiv("--help").out
    for name in COMMANDS:
        assert f"  {name} " in out


def test_a_deleted_working_directory_holds_no_settings(shell, data):
    files = f"{data}/even20000.csv {data}/skewed20000.csv"
    ran = shell(f"mkdir gone; cd gone; rmdir ../gone; kldiv check {files} -q", cwd=data)
    assert (ran.code, ran.out) == (1, "drift\n")


def test_the_settings_in_force_are_named_and_never_replaced(kldiv, data):
    (data / "kldiv.toml").write_text("max-kl = 10\n")
    ran = kldiv("check", "even20000.csv", "skewed20000.csv")
    assert ran.code == 0
    assert "kldiv.toml: note[settings]: settings are taken from here: max-kl" in ran.err
    for words in (["-o", "kldiv.toml"], ["--config", "kldiv.toml", "--report", "json=kldiv.toml"]):
        ran = kldiv("check", "even20000.csv", "skewed20000.csv", *words)
        assert (ran.code, ran.out) == (2, "")
        assert "error[output-is-input]" in ran.err
    assert (data / "kldiv.toml").read_text() == "max-kl = 10\n"


def test_a_summary_is_never_an_input(kldiv, data, monkeypatch):
    before = (data / "even20000.csv").read_bytes()
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(data / "even20000.csv"))
    ran = kldiv("check", "even20000.csv", "skewed20000.csv", "-f", "github")
    assert ran.code == 2
    assert "error[output-is-input]" in ran.err
    assert (data / "even20000.csv").read_bytes() == before


def test_a_report_to_an_open_stream_is_written_on_it(shell, data):
    command = (
        "(echo before; kldiv check even20000.csv skewed20000.csv -q --report csv=/dev/stderr;"
        " echo after) > log 2>&1"
    )
    shell(command, cwd=data)
    lines = (data / "log").read_text().splitlines()
    assert (lines[0], lines[-2:]) == ("before", ["drift", "after"])
    assert lines[1].startswith("column,")


def test_raw_rows_and_profiles_are_inspected(kldiv, data):
    ran = kldiv("inspect", "even100.csv", "--as", "samples")
    assert ran.code == 0
    assert ran.out.endswith("columns\n  side  categorical, 2 outcomes\n")
    kldiv("profile", "even100.csv", "-o", "even.json")
    ran = kldiv("inspect", "even.json")
    assert ran.code == 2
    assert "--as samples" in ran.err
    assert "side  categorical, 2 outcomes" in kldiv("inspect", "even.json", "--as", "samples").out


def test_types_are_inspected(kldiv, tmp_path):
    path = tmp_path / "x.csv"
    cells = [f"{n / 7},2024-01-0{n % 3 + 1} 00:00:00,{'tf'[n % 2]},{n / 3}" for n in range(60)]
    path.write_text("\n".join(("a,b,c,d", *cells, "NA,NA,NA,none")) + "\n")
    ran = kldiv("inspect", path, "--as", "samples")
    assert (ran.code, ran.out.partition("columns\n")[2].splitlines()) == (0, [
        "  a  numeric, 60 distinct values, 1 missing",
        "  b  date, 3 outcomes, 1 missing",
        "  c  boolean, 2 outcomes, 1 missing",
        "  d  refused: column 'd' holds numbers, and this is not a number",
    ])  # fmt: skip
