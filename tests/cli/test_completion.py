"""Completion in the shells themselves: what they offer, what they insert, what they never run."""

import gzip
import json
import os
import pty
import select
import shutil
import subprocess
import sys
import threading
import time

import pytest

from kldiv_cli.cli import completion
from kldiv_cli.cli.commands import COMMANDS, SUMMARIES, load
from kldiv_cli.cli.completion import answer, is_safe, unquoted
from kldiv_cli.cli.words import parsed

HOSTILE = [
    "$(touch pwned)", "`touch pwned`", "a b", "x;touch pwned", "-rf", "--force", "n\nl", "c\x1bm",
    "q'q", 'd"d', "a=b", "a:b", "*", "~", "$HOME", "!!", "\\", "a\tb", "{a,b}", "<x", "&", "#",
]  # fmt: skip


def offered(*words, shell="fish"):
    """Return the words that are offered for the last one, and how."""
    how, *lines = answer([shell, "kldiv", *words]).split("\n")[:-1]
    return how.split("\t"), [line.split("\t")[0] for line in lines]


@pytest.fixture
def data(tmp_path, monkeypatch, patience):
    """A folder with files of raw rows, among them one whose columns are hostile."""
    monkeypatch.setattr(completion, "SECONDS", patience)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.csv").write_text("age,income_2024,a.b,x-y\n1,2,3,4\n5,6,7,8\n")
    (tmp_path / "two words.csv").write_text("size,colour\n1,red\n2,blue\n")
    (tmp_path / "bad.json").write_text(json.dumps([dict.fromkeys([*HOSTILE, "fine"], 1)]))
    (tmp_path / "sub").mkdir()
    return tmp_path


# What is offered.


def test_commands_and_files_come_first(data):
    assert offered("") == (["both", ""], list(COMMANDS))
    assert offered("", shell="bash") == (["both", ""], list(COMMANDS))
    assert offered("ch", shell="bash") == (["both", ""], ["check"])
    assert offered("good.c", shell="bash") == (["both", ""], [])
    assert offered("help", "")[1] == list(COMMANDS)


def test_a_key_that_is_pressed_does_not_wait_long():
    assert completion.SECONDS == 0.2


def test_commands_have_a_summary():
    assert tuple(SUMMARIES) == COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_every_command_is_offered(name):
    flags = [flag for row in load(name).options for flag in row.ends()]
    assert sorted(offered(name, "-")[1]) == sorted([*flags, "--help"])
    assert "--version" in offered("-")[1]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_value_is_completed_or_free(data, name):
    """Where nothing is known of a value, no files are offered either."""
    tables = completion.VALUES | completion.PAIRS
    for row in load(name).options:
        if metavar := row.metavar.removesuffix("..."):
            how, words = offered(name, "good.csv", row.spellings[0], "")
            known = row.name in tables or metavar in completion.WORDS or "|" in metavar
            if metavar in completion.FILES:
                assert (how, words) == (["files", ""], []), row.name
            else:
                assert (how[0], bool(words)) == ("words", known), row.name


@pytest.mark.parametrize("name", COMMANDS)
def test_choices_are_those_that_the_option_takes(name):
    """Every word that is offered for an option can be given."""
    for row in load(name).options:
        metavar = row.metavar.removesuffix("...")
        if metavar and row.name not in completion.PAIRS:
            flag = row.spellings[0]
            words = offered(name, flag, "")[1]
            assert words == [
                word.removeprefix(f"{flag}=") for word in offered(name, f"{flag}=")[1]
            ]
            if "|" in metavar and metavar == metavar.lower():
                assert words == metavar.split("|")


@pytest.mark.parametrize(
    ("words", "some"),
    [
        (("compare", "-f", ""), ["json", "markdown"]),
        (("check", "-f", ""), ["junit", "prometheus"]),
        (("a", "b", "--format", ""), ["json"]),
        (("compare", "--as", ""), ["logits", "samples"]),
        (("compare", "-m", ""), ["kl_pq", "renyi:"]),
        (("measures", ""), ["kl_pq", "renyi:"]),
        (("compare", "--report", ""), ["json=", "csv="]),
        (("compare", "--report=j"), ["--report=json="]),
        (("compare", "--input-format", ""), ["csv", "uniq", "text"]),
        (("compare", "--smoothing", ""), ["jeffreys", "add:"]),
        (("completion", ""), ["bash", "zsh", "fish"]),
    ],
)
def test_values(words, some):
    how, found = offered(*words)
    assert how[0] == "words"
    assert {*some} <= {*found}


def test_a_profile_takes_no_logits():
    assert "logits" not in offered("profile", "--as", "")[1]
    assert "logits" in offered("inspect", "--as", "")[1]
    assert "logits" in offered("check", "--as", "")[1]


def test_the_rows_of_a_block_are_a_number():
    assert "--block" in offered("check", "p.npy", "q.npy", "--bl")[1]


def test_measures_say_what_they_are():
    assert "D(P || Q), Kullback-Leibler divergence" in answer(["zsh", "kldiv", "measures", ""])


@pytest.mark.parametrize(
    ("words", "how"),
    [
        (("compare", ""), ["files", ""]),
        (("compare", "jan=da"), ["files", "jan="]),
        (("compare", "./a=da"), ["files", ""]),
        (("compare", "a", "b", ""), ["files", ""]),
        (("check", "a", "b", ""), ["words", ""]),
        (("profile", "a", "b", "c", ""), ["files", ""]),
        (("a.csv", ""), ["files", ""]),
        (("check", "--config", ""), ["files", ""]),
        (("check", "--config="), ["files", "--config="]),
        (("check", "-o", "x"), ["files", ""]),
        (("check", "--report", "json="), ["files", "json="]),
        (("check", "--report=json=x"), ["files", "--report=json="]),
        (("profile", "--like", ""), ["files", ""]),
        (("compare", "--", "-x"), ["files", ""]),
        (("compare", "--no-such="), ["words", ""]),
    ],
)
def test_files_are_left_to_the_shell(words, how):
    assert offered(*words) == (how, [])


COLUMNS = ["age", "income_2024", "a.b", "x-y"]


@pytest.mark.parametrize("option", ["column", "exclude", "label", "weight", "numeric"])
def test_columns_of_the_files_on_the_line(data, option):
    words = ("check", "good.csv", "jan=two words.csv", f"--{option}", "")
    assert offered(*words)[1] == [*COLUMNS, "size", "colour"]
    assert offered("check", "good.csv", f"--{option}=")[1] == [f"--{option}={c}" for c in COLUMNS]
    assert offered("check", "-", f"--{option}", "")[1] == []


def test_columns_with_a_limit_of_their_own(data):
    assert offered("check", "good.csv", "--max-kl", "")[1] == [f"{c}=" for c in COLUMNS]
    assert offered("check", "good.csv", "--max-kl", "age=")[1] == []
    assert offered("check", "good.csv", "--max-kl=")[1] == [f"--max-kl={c}=" for c in COLUMNS]


def test_columns_of_every_format(data):
    rows = [{"a": i, "b": "x" * 50} for i in range(3000)]
    records = json.dumps(rows)
    contents = {
        "x.json": records,
        "x.jsonl": "\n".join(map(json.dumps, rows)),
        "x.tsv": "a\tb\n" + "1\tx\n2\ty\n" * 9000,
        "semi.csv.txt": "a;b\n1;x\n2;y\n",
        "split.json": '{"columns": ["a", "b"], "index": [0], "data": [[1, "x"]]}',
        "of_rows.json": json.dumps({"a": {"0": 1, "1": 2}, "b": {"0": "x", "1": "y"}}),
        "one_member.json": json.dumps({"rows": [{"a": 1, "b": "x"}]}),
        "of_columns.json": json.dumps({"a": [1, 2], "b": ["x", "y"]}),
        "profile.json": json.dumps(
            {"schema": "kldiv.profile/1", "columns": [{"column": "a"}, {"column": "b"}]}
        ),
        "x.json.gz": gzip.compress(records.encode()),
        "x.csv.gz": gzip.compress(b"a,b\n1,2\n"),
        "bom.csv": "\ufeffa,b\n1,2\n",
    }
    for name, content in contents.items():
        data = content.encode() if isinstance(content, str) else content
        with open(name, "wb") as file:
            file.write(data)
        assert offered("check", name, "--column", "")[1] == ["a", "b"], name


def test_columns_of_an_archive_and_of_tidy_counts(data):
    import numpy as np

    np.savez("x.npz", teacher=[1, 2], student=[3, 4])
    assert offered("compare", "x.npz", "--weight", "")[1] == ["teacher", "student"]
    (data / "tidy.csv").write_text("column,outcome,count\nage,1,2\nage,2,3\nsex,f,5\n")
    found = offered("check", "tidy.csv", "tidy.csv", "--as", "counts", "--max-kl", "")[1]
    assert {"age=", "sex="} <= {*found}


def test_how_a_file_is_read_is_heeded(data):
    (data / "odd.txt").write_text("a%b\n1%2\n3%4\n")
    assert offered("check", "odd.txt", "--delimiter", "%", "--column", "")[1] == ["a", "b"]
    (data / "deep.json").write_text('{"n": 5, "rows": [{"a": 1, "b": 2}]}')
    assert offered("check", "deep.json", "--at", "/rows", "--column", "")[1] == ["a", "b"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_hostile_names_are_never_offered(data, shell):
    for words in (["--column", ""], ["--max-kl", ""], ["--exclude="], ["--column", "f"]):
        text = answer([shell, "kldiv", "check", "bad.json", *words])
        assert "fine" in text
        assert not any(name in text.replace("\n", " ").split() for name in HOSTILE)
        assert "pwned" not in text
        assert text.replace("\n", "").replace("\t", "").isprintable()


@pytest.mark.parametrize(
    ("name", "safe"),
    [("age", True), ("größe", True), ("年齢", True), ("a.b_c-9", True), (".x", True),
     ("-x", False), ("", False), ("a" * 101, False), ("a b", False), ("a\u202eb", False),
     ("a\u200bb", False)]
    + [(name, False) for name in HOSTILE],
)  # fmt: skip
def test_safe_names(name, safe):
    assert is_safe(name) is safe


def test_what_is_no_regular_file_is_not_opened(data):
    os.mkfifo(data / "pipe.csv")  # To open it would wait for ever.
    for path in ("pipe.csv", "sub", "/dev/zero", "/dev/stdin", "missing.csv", "a\0b", "s3://x/y"):
        assert offered("check", path, "good.csv", "--column", "")[1] == COLUMNS


def test_only_the_beginning_is_read(data):
    with open("huge.csv", "wb") as file:
        file.write(b"a,b\n" + b"1,2\n" * 20_000)
        file.truncate(1 << 40)
    assert offered("check", "huge.csv", "--column", "")[1] == ["a", "b"]


def test_a_bomb_is_not_inflated(data):
    with gzip.open("bomb.csv.gz", "wb") as file:
        file.write(b"a,b\n")
        for _ in range(100):
            file.write(b"1,2\n" * 250_000)
    assert offered("check", "bomb.csv.gz", "--column", "")[1] == ["a", "b"]


def test_time_that_is_over_ends_the_look(data, monkeypatch, patience):
    from kldiv_cli.readers import glimpse

    def slow(path, options):
        if path == "slow":
            threading.Event().wait(patience)
        return ("age",)

    monkeypatch.setattr(glimpse, "columns", slow)
    monkeypatch.setattr(completion, "SECONDS", 1)
    assert offered("check", "good.csv", "slow", "--column", "")[1] == ["age"]


@pytest.mark.parametrize(
    "words", [[], ["bash"], ["bash", "kldiv"], ["x", "y", "\ud800"], ["bash", "kldiv", "'"]]
)
def test_no_question_is_an_error(words):
    assert isinstance(parsed(["__complete", *words]), str)


def test_a_run_is_silent_and_quick(root):
    """A completion needs neither NumPy nor Typer."""
    code = (
        "import sys; from kldiv_cli.cli.process import run; code = run(sys.argv[1:]);"
        "sys.exit(code or ' '.join({'numpy', 'typer', 'rich'} & {*sys.modules}) or 0)"
    )
    for words in (["check", "sample_data/flights_july.csv", "--max-kl", ""], [""], ["check", "-"]):
        done = subprocess.run(
            [sys.executable, "-c", code, "__complete", "fish", "kldiv", *words],
            cwd=root, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout


@pytest.mark.parametrize(
    ("word", "text"),
    [("a", "a"), ("'a b'", "a b"), ("'a b", "a b"), ('"a\\"b"', 'a"b'), ("a\\ b", "a b"),
     ("a'b'\"c\"", "abc"), ("$(x)", "$(x)"), ("\\", ""), ('"\\a"', "\\a")],
)  # fmt: skip
def test_quotes(word, text):
    assert unquoted(word) == text


@pytest.mark.parametrize(
    ("pieces", "found"),
    [
        (["check", "good.csv", "--max-kl", "ag"], ["age="]),
        (["check", "good.csv", "--max-kl", "=", "ag"], ["age="]),
        (["check", "good.csv", "--max-kl", "age", "="], []),
        (["check", "jan", "=", "good.csv", "--column", "in"], ["income_2024"]),
        (["check", "'two words.csv'", "--column", "s"], ["size"]),
        (["check", "two\\ words.csv", "--column", "'s"], ["size"]),
        (["compare", "--report", "=", "js"], ["json="]),
        (["compare", "--report=js"], ["--report=json="]),
        (["compare", "--format", "=", ""], []),
        (["compare", "--format", "="], ["text", "json", "csv", "markdown", "html", "svg"]),
        (["compare", "-m", "reny"], ["renyi:"]),
        (["compare", "-m", "renyi", ":"], [""]),
    ],
)
def test_pieces_of_bash(data, pieces, found):
    assert offered(*pieces, shell="bash")[1] == found


def test_redirections_of_bash(data):
    assert offered("check", "a", "b", ">", "", shell="bash") == (["files", ""], [])
    assert offered("check", "<", "x", "good.csv", "--column", "ag", shell="bash")[1] == ["age"]


# The scripts in their shells.


def program(name):
    return pytest.param(
        name, marks=pytest.mark.skipif(not shutil.which(name), reason=f"there is no {name}")
    )


SHELLS = [program("bash"), program("zsh"), program("fish")]


@pytest.fixture
def at_home(environment, tmp_path_factory, patience):
    """Return the environment of a shell whose home is empty, and where kldiv has much time."""
    home = str(tmp_path_factory.mktemp("home"))
    homes = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "ZDOTDIR"), home)
    patient = tmp_path_factory.mktemp("bin") / "kldiv"
    patient.write_text(
        f"#!{sys.executable}\nfrom kldiv_cli.__main__ import program\n"
        f"from kldiv_cli.cli import completion\ncompletion.SECONDS = {patience}\nprogram()\n"
    )
    patient.chmod(0o755)
    env = environment(TERM="xterm", LC_ALL="C.UTF-8", **homes)
    return env | {"PATH": f"{patient.parent}{os.pathsep}{env['PATH']}"}


START = {
    "bash": ["bash", "--noprofile", "--norc", "-i"],
    "zsh": ["zsh", "-f", "-i"],
}
SETUP = {
    "bash": "PS1='ready> '; bind 'set bell-style none'; bind 'set completion-query-items 0';"
    " bind 'set page-completions off'; source <(kldiv completion bash);"
    ' dump() { printf %s "$READLINE_LINE" > ../line; }; bind -x \'"\\C-xd": dump\'',
    # Tab alone also asks zsh to run the commands that are typed.
    "zsh": "PS1='ready> '; autoload -Uz compinit && compinit -u -D; LISTMAX=9999; setopt nobeep;"
    " bindkey '^I' complete-word;"
    " source <(kldiv completion zsh);"
    " dump() { print -rn -- $BUFFER > ../line }; zle -N dump; bindkey '^Xd' dump",
}


class Terminal:
    """A shell in a terminal, in a folder; what it shows is kept."""

    def __init__(self, shell, folder, environment, patience):
        self.patience = patience
        self.line = folder.parent / "line"
        self.shown = b""
        self.process, self.descriptor = pty.fork()
        if not self.process:
            os.chdir(folder)
            os.execvpe(START[shell][0], START[shell], environment)
        self.write(f" {SETUP[shell]}; echo set''up\r")
        self.wait(lambda: b"setup" in self.shown and self.shown.count(b"ready> ") >= 1)

    def write(self, text):
        os.write(self.descriptor, text.encode())

    def wait(self, done):
        end = time.monotonic() + self.patience
        while not done():
            assert time.monotonic() < end, self.shown
            if select.select([self.descriptor], [], [], 0.05)[0]:
                self.shown += os.read(self.descriptor, 65536)

    def after_tab(self, typed, tabs=1):
        """Return the line that becomes of a typed one, and what was shown beside it."""
        self.line.unlink(missing_ok=True)
        self.shown = b""
        self.write(typed + "\t" * tabs + "\x18d")
        self.wait(lambda: self.line.exists() and self.line.stat().st_size)
        found = self.line.read_text()
        # What was shown before is there once this is.
        self.write("\x15@")
        self.wait(lambda: b"@" in self.shown)
        self.write("\x15")
        return found, self.shown.decode(errors="replace")

    def close(self):
        os.close(self.descriptor)
        os.kill(self.process, 9)
        os.waitpid(self.process, 0)


@pytest.fixture
def terminal(data, at_home, patience):
    opened = []

    def start(shell):
        folder = data / "work"
        folder.mkdir()
        (data / "z$(touch pwned).csv").touch()
        for name in ("good.csv", "two words.csv", "bad.json", "z$(touch pwned).csv"):
            shutil.move(data / name, folder / name)
        opened.append(Terminal(shell, folder, at_home, patience))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


@pytest.mark.parametrize("shell", SHELLS[:2])
def test_a_line_that_is_typed(terminal, shell):
    typed = terminal(shell)
    for line, becomes in (
        ("kldiv comple", "kldiv completion "),
        ("kldiv check --max-mi", "kldiv check --max-missing-shift "),
        ("kldiv compare -f ma", "kldiv compare -f markdown "),
        ("kldiv compare --format=ma", "kldiv compare --format=markdown "),
        ("kldiv compare --report ma", "kldiv compare --report markdown="),
        ("kldiv compare --report=ma", "kldiv compare --report=markdown="),
        ("kldiv compare go", "kldiv compare good.csv "),
        ("kldiv go", "kldiv good.csv "),
        ("kldiv compare jan=go", "kldiv compare jan=good.csv "),
        ("kldiv compare --report json=go", "kldiv compare --report json=good.csv "),
        ("kldiv compare two", "kldiv compare two\\ words.csv "),
        ("kldiv compare 'two", "kldiv compare 'two words.csv' "),
        ("kldiv compare jan=two", "kldiv compare jan=two\\ words.csv "),
        ("kldiv check good.csv --column inc", "kldiv check good.csv --column income_2024 "),
        ("kldiv check good.csv --max-kl inc", "kldiv check good.csv --max-kl income_2024="),
        ("kldiv check a=good.csv --max-kl=inc", "kldiv check a=good.csv --max-kl=income_2024="),
        ("kldiv check 'two words.csv' --label co", "kldiv check 'two words.csv' --label colour "),
        ("kldiv check two\\ words.csv --na 'co", "kldiv check two\\ words.csv --na 'co"),
        ("kldiv two\\ words.csv --label 'co", "kldiv two\\ words.csv --label 'colour' "),
        ("kldiv compare -m js_", "kldiv compare -m js_distance "),
        ("kldiv compare -m tsa", "kldiv compare -m tsallis:"),
        ("kldiv measures helli", "kldiv measures hellinger "),
        ("kldiv check good.csv --alpha ", "kldiv check good.csv --alpha "),
        ("kldiv check bad.json --column fi", "kldiv check bad.json --column fine "),
    ):  # fmt: skip
        assert typed.after_tab(line)[0] == becomes


@pytest.mark.parametrize("shell", SHELLS[:2])
def test_a_list_that_is_shown_runs_nothing(terminal, shell):
    typed = terminal(shell)
    _, shown = typed.after_tab("kldiv check --fail-on ", tabs=2)
    assert "drift" in shown
    assert "inconclusive" in shown
    for line in ("kldiv check bad.json --column ", "kldiv check bad.json --max-kl "):
        found, _ = typed.after_tab(line, tabs=2)
        assert found.startswith(line + "fine")
    for line in ("kldiv check $(touch pwned) --column ", "kldiv check `touch pwned` --exclude "):
        assert typed.after_tab(line, tabs=2)[0] == line
    for line in (
        "kldiv $(touch pwned)/g",
        "kldiv compare `touch pwned`/",
        "kldiv a=$(touch pwned)/g",
    ):
        typed.after_tab(line, tabs=2)
    assert typed.after_tab("kldiv compare z")[0] == "kldiv compare z\\$\\(touch\\ pwned\\).csv "
    assert typed.after_tab("kldiv z")[0] == "kldiv z\\$\\(touch\\ pwned\\).csv "
    assert not any("pwned" in files for _, _, files in os.walk(typed.line.parent))


@pytest.mark.parametrize("shell", SHELLS)
def test_scripts_are_whole(kldiv, shell, tmp_path):
    ran = kldiv("completion", shell)
    assert (ran.code, ran.err) == (0, "")
    (tmp_path / "script").write_text(ran.out)
    done = subprocess.run([shell, "-n", tmp_path / "script"], check=False, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert "eval" not in ran.out.replace("evaluated", "")


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
def test_the_function_of_bash_alone(data, at_home):
    """It completes without a terminal, too, as other completions call it."""

    def reply(*words):
        script = (
            'set -u; source <(kldiv completion bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1));'
            ' _kldiv; printf "%s\\n" ${COMPREPLY[@]+"${COMPREPLY[@]}"}'
        )
        done = subprocess.run(
            ["bash", "-c", script, "bash", "kldiv", *words],
            cwd=data, env=at_home, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stderr == ""
        return done.stdout.split("\n")[:-1]

    assert reply("che") == ["check"]
    assert reply("g") == ["good.csv"]
    assert reply("compare", "g") == [""]
    assert reply("check", "good.csv", "--max-kl", "in") == ["income_2024="]
    assert reply("check", "bad.json", "--column", "") == ["fine"]
    assert reply("compare", "--report", "=", "json", "=", "g") == [""]
    assert reply("compare", "jan=g") == ["jan=good.csv"]


def fish(folder, env, line):
    script = "kldiv completion fish | source; complete -C $argv[1]"
    done = subprocess.run(
        ["fish", "--no-config", "-c", script, line],
        cwd=folder, env=env, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    return [found.split("\t")[0] for found in done.stdout.split("\n")[:-1]]


@pytest.mark.skipif(not shutil.which("fish"), reason="there is no fish")
@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("kldiv comple", ["completion"]),
        ("kldiv check --max-mi", ["--max-missing-shift"]),
        ("kldiv compare -f ma", ["markdown"]),
        ("kldiv compare --format=ma", ["--format=markdown"]),
        ("kldiv compare --report=ma", ["--report=markdown="]),
        ("kldiv compare go", ["good.csv"]),
        ("kldiv go", ["good.csv"]),
        ("kldiv compare jan=go", ["jan=good.csv"]),
        ("kldiv compare two", ["two words.csv"]),
        ("kldiv compare jan=two", ["jan=two words.csv"]),
        ("kldiv compare --report json=go", ["json=good.csv"]),
        ("kldiv check good.csv --column inc", ["income_2024"]),
        ("kldiv check 'two words.csv' --max-kl col", ["colour="]),
        ("kldiv check good.csv --alpha ", []),
        ("kldiv compare 'two w", ["two words.csv"]),
        ("kldiv compare (touch pwned)", []),
        ("kldiv compare jan=(touch pwned)go", []),
        ('kldiv compare jan="$(touch pwned)go', []),
        ("kldiv check bad.json --column ", ["fine"]),
        ("kldiv check bad.json --max-kl ", ["fine="]),
        ("kldiv check (touch pwned) --column ", []),
        ("kldiv check $(touch pwned) --column ", []),
    ],
)
def test_fish(data, at_home, line, found):
    assert fish(data, at_home, line) == found
    assert not (data / "pwned").exists()
