"""Exit codes, signals, first words: what scripts rest on."""

import itertools
import os
import re
import signal
import subprocess
import sys
import threading

import pytest

from kldiv_cli.cli.commands import COMMANDS, EXAMPLES, SUMMARIES, load

SAMPLES = ("sample_data/die_loaded.csv", "sample_data/die_fair.csv")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (SAMPLES, 0),
        (("compare", *SAMPLES), 0),
        (("-f", "json", *SAMPLES), 0),
        (("--version",), 0),
        (("--help",), 0),
        (("-h",), 0),
        (("compare", "--help"), 0),
        (("measures",), 0),
        (("compar", *SAMPLES), 2),
        (("compare",), 2),
        (("compare", SAMPLES[0]), 2),
        (("compare", *SAMPLES, "third"), 2),
        (("compare", *SAMPLES, "--no-such-option"), 2),
        (("compare", *SAMPLES, "-f", "xml"), 2),
        (("compare", *SAMPLES, "--as", "samples!"), 2),
        (("compare", *SAMPLES, "--as", "counts", "--as", "weights", "--as", "logits"), 2),
        (("compare", *SAMPLES, "--measure", "kll"), 2),
        (("compare", *SAMPLES, "--base", "3"), 2),
        (("compare", *SAMPLES, "--top", "-1"), 2),
        (("compare", *SAMPLES, "--smoothing", "jefreys"), 2),
        (("compare", *SAMPLES, "--smoothing", "jeffreys"), 2),
        (("compare", *SAMPLES, "--temperature", "2"), 2),
        (("compare", *SAMPLES, "--temperature", "0"), 2),
        (("compare", *SAMPLES, "--temperature", "nan"), 2),
        (("compare", *SAMPLES, "-q", "-f", "json"), 2),
        (("compare", *SAMPLES, "--report", "json"), 2),
        (("compare", *SAMPLES, "--max-inflated", "1_0"), 2),
        (("compare", "-", "-"), 2),
        (("no_such_file.csv", SAMPLES[1]), 2),
        (("compare", "no_such_file.csv", SAMPLES[1]), 2),
        (("compare", "sample_data", SAMPLES[1]), 2),
        (("compare", "https://example.org/x.csv", SAMPLES[1]), 2),
    ],
)
def test_exit_codes(kldiv, words, code, monkeypatch, root):
    monkeypatch.chdir(root)
    ran = kldiv(*words)
    assert ran.code == code, ran.err
    # Whoever asked for JSON gets a document in any case.
    assert bool(ran.out) == (code == 0 or "-f json" in " ".join(words))
    assert bool(ran.err) == (code != 0)
    assert "Traceback" not in ran.err
    assert ran.err.count("\n") <= 1


@pytest.mark.parametrize(
    ("words", "suggestion"),
    [
        (("compar", "x"), "the command 'compare'"),
        (("sample_data/die_lodaed.csv", "x"), "the file 'sample_data/die_loaded.csv'"),
        (("compare", *SAMPLES, "-m", "renyii:2"), "renyi"),
        # As near as kl_qp, which comes later in the table of measures.
        (("compare", *SAMPLES, "-m", "kl_p"), "did you mean 'kl_pq'?"),
        (("compare", *SAMPLES, "--fail-above", "kl_q=1"), "did you mean 'kl_pq'?"),
        (("compare", *SAMPLES, "--fail-above", "same_top=1"), "did you mean 'top_disagreement'?"),
        (("compare", *SAMPLES, "--fail-above", "top=1"), "kl_qp_X, with X of max, p99_9, p99"),
        (("compare", *SAMPLES, "--fromat", "json"), "--format"),
        (("compare", *SAMPLES, "-f", "jsn"), "did you mean 'json'?"),
    ],
)
def test_did_you_mean(kldiv, words, suggestion, monkeypatch, root):
    monkeypatch.chdir(root)
    assert suggestion in kldiv(*words).err


def test_the_help_says_of_each_command_what_the_short_help_says(kldiv, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    text = kldiv("--help").out
    for name, summary in SUMMARIES.items():
        assert f"  {name:<12}{summary}\n" in text


def test_the_short_help(kldiv, shell, tmp_path):
    ran = kldiv("-h")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    # A terminal of 80 columns and 24 lines shows it, and the next prompt below it.
    assert len(lines) < 24
    assert max(map(len, lines)) < 80
    assert ran.out.isascii()
    for command in COMMANDS:
        assert any(line.startswith(f"  {command} ") for line in lines)
    # A script whose words are all empty gets no answer that could open a gate.
    bare = kldiv()
    assert (bare.code, bare.out, bare.err) == (2, ran.out, "")
    assert kldiv("help").out == ran.out
    start = lines.index("Try it:") + 1
    for line in lines[start : lines.index("", start)]:
        done = shell(line, cwd=tmp_path)
        assert done.code == (1 if "check" in line else 0), done.err
        assert done.err == ""


def test_the_short_help_loads_next_to_nothing(root):
    code = (
        "import sys; from kldiv_cli.cli.process import run; code = run(sys.argv[1:]);"
        "sys.exit({'typer', 'numpy', 'rich', 'shutil'} & {*sys.modules} or code)"
    )
    command = [sys.executable, "-c", code, "-h"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_help_on_a_command(kldiv, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert kldiv("help", "check").out == kldiv("check", "--help").out
    ran = kldiv("help", "chekc")
    assert (ran.code, ran.out) == (2, "")
    assert "did you mean 'check'?" in ran.err
    (tmp_path / "help").write_text('{"a": 1, "b": 2}')
    assert kldiv("help", "help", "-q", "-m", "kl").out == "0.0\n"


@pytest.mark.parametrize(
    ("name", "words"),
    [(name, []) for name in EXAMPLES]
    + [("check", ["a.csv"]), ("check", ["--alpha", "0.1"]), ("compare", ["-q"])],
)
def test_a_command_without_its_arguments_shows_an_example(kldiv, name, words):
    ran = kldiv(name, *words)
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "missing argument" in ran.err
    assert f"kldiv {name} " in ran.err
    assert EXAMPLES[name] in ran.err
    assert f"kldiv {name} --help tells more" in ran.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("compare", *SAMPLES, "--config", "x"), "compare has no option --config, which is one of"
         " check, calibrate and profile; help: kldiv compare --help"),
        (("compare", *SAMPLES, "--fromat", "x"), "compare has no option --fromat; help: did you"
         " mean --format? kldiv compare --help lists all"),
        (("compare", *SAMPLES, "a", "b c"), "a: error[no-such-file]: there is no such file\n"),
        (("check", *SAMPLES, "a", "b c"), "unexpected arguments: a b c (usage: kldiv check"
         " [REFERENCE] [CURRENT]); help: kldiv check --help"),
        (("compare", "sample_data/die_lodaed.csv", "-"), "help: did you mean"
         " 'sample_data/die_loaded.csv'?"),
        (("check", "x=sample_data/die_lodaed.csv", "-"), "help: did you mean"
         " 'sample_data/die_loaded.csv'?"),
        (("compare", "nowhere/near/any.csv", "-"), "there is no such file\n"),
        (("missing.csv", "-"), "help: kldiv --help\n"),
    ],
)  # fmt: skip
def test_what_a_newcomer_meets(kldiv, monkeypatch, root, words, message):
    monkeypatch.chdir(root)
    ran = kldiv(*words)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


@pytest.mark.parametrize("name", ["compare", "check", "profile"])
def test_a_mistake_names_the_help_of_its_command(kldiv, name, monkeypatch, root):
    monkeypatch.chdir(root)
    for words in (["a", "b", "--zzz"], ["a", "b", "--column"], ["a", "b", "--strict=x"]):
        ran = kldiv(name, *words)
        assert ran.code == 2
        assert ran.err.endswith(f"; help: kldiv {name} --help\n")
    assert kldiv(*SAMPLES, "--measure").err.endswith("; help: kldiv compare --help\n")


def test_a_bug_has_its_own_exit_code(kldiv, monkeypatch, root):
    monkeypatch.chdir(root)

    def broken(*_, **__):
        raise RuntimeError("\x1b[31mwhat")

    import kldiv_cli.pipeline.compare

    monkeypatch.setattr(kldiv_cli.pipeline.compare, "compared", broken)
    ran = kldiv(*SAMPLES)
    assert ran.code == 70
    assert ran.out == ""
    assert ran.err.startswith(
        "kldiv: error[internal]: internal error, RuntimeError: \\x1b[31mwhat"
    )
    monkeypatch.setenv("KLDIV_DEBUG", "1")
    assert "Traceback" in kldiv(*SAMPLES).err


@pytest.mark.parametrize(
    ("failure", "code"), [(MemoryError, 2), (KeyboardInterrupt, 130), (RecursionError, 70)]
)
def test_what_interrupts_the_work(kldiv, monkeypatch, root, failure, code, tmp_path):
    monkeypatch.chdir(root)

    def interrupted(*_, **__):
        raise failure

    import kldiv_cli.pipeline.compare

    monkeypatch.setattr(kldiv_cli.pipeline.compare, "compared", interrupted)
    ran = kldiv(*SAMPLES, "-o", tmp_path / "report.txt")
    assert (ran.code, ran.out) == (code, "")
    assert "Traceback" not in ran.err
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_that_python_swallows_is_heard(kldiv, monkeypatch, root, tmp_path):
    monkeypatch.chdir(root)
    import kldiv_cli.pipeline.compare

    class Interrupted:
        def __del__(self):
            raise KeyboardInterrupt

    compared = kldiv_cli.pipeline.compare.compared

    def swallowing(*arguments, **named):
        Interrupted()
        return compared(*arguments, **named)

    monkeypatch.setattr(kldiv_cli.pipeline.compare, "compared", swallowing)
    ran = kldiv(*SAMPLES, "-o", tmp_path / "report.txt")
    assert (ran.code, ran.out, ran.err) == (130, "", "")
    assert list(tmp_path.iterdir()) == []


def hold(fifo, held):
    """Open a named pipe for writing, and note the file descriptor."""
    held.append(os.open(fifo, os.O_WRONLY))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals(root, tmp_path, patience, signalled, number, code):
    fifo, held = tmp_path / "fifo", []
    os.mkfifo(fifo)
    command = [
        sys.executable,
        "-m",
        "kldiv_cli",
        "compare",
        str(fifo),
        SAMPLES[1],
        "-o",
        str(tmp_path / "report.txt"),
    ]
    # A job in the background is born with SIGINT ignored; this one shall hear it.
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE)
    finally:
        signal.signal(signal.SIGINT, inherited)
    try:
        # It opens for writing when kldiv opens it for reading; nothing is ever written.
        opening = threading.Thread(target=hold, args=(fifo, held), daemon=True)
        opening.start()
        opening.join(patience)
        assert held
        assert list(tmp_path.glob(".report.txt.*"))
        err = signalled(process, number)
    finally:
        process.kill()
        for end in held:
            os.close(end)
    assert process.returncode == code
    assert err == b""
    assert [path.name for path in tmp_path.iterdir()] == ["fifo"]


def test_modules_in_the_working_directory_are_never_run(shell, tmp_path, root):
    for name in ("numpy", "typer", "json", "csv", "kldiv_cli_x"):
        (tmp_path / f"{name}.py").write_text(
            "open('executed', 'w')\nraise SystemExit('shadowed')\n"
        )
    files = " ".join(str(root / sample) for sample in SAMPLES)
    for command in ("kldiv", f"{sys.executable} -m kldiv_cli"):
        ran = shell(f"{command} {files} -q -m kl_pq", cwd=tmp_path)
        assert ran.code == 0, ran.err
        assert float(ran.out) == pytest.approx(0.006769212868378576, rel=2e-15)
    assert not (tmp_path / "executed").exists()


def test_help_of_every_command_names_its_options(kldiv):
    ran = kldiv("compare", "--help")
    for option in ("--as", "--weight", "--smoothing", "--measure", "--strict", "-o", "-q"):
        assert option in ran.out
    assert all(len(line) <= 100 for line in ran.out.splitlines())


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_examples_come_first_and_options_below_one_screen(kldiv, monkeypatch, command, flag):
    monkeypatch.setenv("COLUMNS", "80")
    lines = kldiv(command, flag).out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith(f"Usage: kldiv {command}")
    headings = [place for place, line in enumerate(lines) if re.match(r"\S.*:$", line)]
    before = lines.index("Arguments:")
    assert headings[0] == (lines.index("Examples:") if "Examples:" in lines else before)
    first_options = next(place for place in headings if place > before)
    assert first_options <= 24
    assert lines[-1].split() == ["-h,", "--help", "Show", "this", "message."]


def test_every_option_stands_in_a_group_of_its_own_kind(kldiv):
    for name in COMMANDS:
        rows = load(name).options
        groups = [group for group, _ in itertools.groupby(row.group for row in rows)]
        assert len(groups) == len({*groups})
        assert "Options" not in groups


@pytest.mark.parametrize(("command", "least"), [("compare", 6), ("check", 4), ("profile", 2)])
def test_the_examples_of_the_help_run(kldiv, shell, root, command, least):
    text = kldiv(command, "--help").out.split("Examples:\n  cd sample_data\n")[1]
    examples = re.findall(r"^  ((?:kldiv|cat) .*)$", text, re.M)
    assert len(examples) >= least
    for example in examples:
        ran = shell(example, cwd=root / "sample_data")
        # The samples of a check are nothing alike, or too few rows.
        of_check = 1 if "flights" in example else 3 if "logits" in example else 0
        assert ran.code == (of_check if command == "check" else 0), ran.err
        assert ran.out


def test_quiet_is_for_text_alone(kldiv, tmp_path, monkeypatch, root):
    monkeypatch.chdir(root)
    ran = kldiv(*SAMPLES, "-q", "-m", "kl_pq", "--report", f"json={tmp_path / 'report.json'}")
    assert float(ran.out) == pytest.approx(0.006769212868378576, rel=2e-15)
    assert (tmp_path / "report.json").read_text().startswith("{")


@pytest.mark.parametrize(
    ("name", "start"),
    [("a.json", "{"), ("a.csv", "column,"), ("a.md", "<!-- kldiv"), ("a.txt", "kl_pq")],
)
def test_the_name_of_a_report_says_its_format(kldiv, tmp_path, monkeypatch, root, name, start):
    monkeypatch.chdir(root)
    assert kldiv(*SAMPLES, "-o", tmp_path / name).code == 0
    assert (tmp_path / name).read_text().startswith(start)
