"""Run every case of the corpus: it is answered rightly or refused, and none drives a terminal."""

import csv
import hashlib
import html.parser
import importlib.util
import io
import json
import math
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kldiv_cli.cli.process import run
from kldiv_cli.renderers import CHECK_FORMATS, FORMATS

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
IN_DATA = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
COMMAND = re.compile(r"^\s*(::[a-z-]+[^:\n]*::|##\[)|##(vso)?\[", re.M | re.I)
TRACEBACK = re.compile(r"Traceback|Fatal Python error|Warning: |error\[internal\]")


def load_build():
    spec = importlib.util.spec_from_file_location("build", Path(__file__).with_name("build.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CORPUS = load_build().build()
PLAIN = [case for case in CORPUS.cases if "setup" not in case]
SPECIAL = [case for case in CORPUS.cases if "setup" in case]
HOSTILE = [case for case in CORPUS.cases if "inject" in case.get("tags", ())]


def identify(case):
    return case["id"]


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    """The folder of the corpus; none of its files is changed by any test."""
    folder = tmp_path_factory.mktemp("corpus")
    sums = CORPUS.write(folder)["sha256"]
    there = sorted(path for path in folder.rglob("*") if path.is_file())
    yield folder
    for name, digest in sums.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert sorted(path for path in folder.rglob("*") if path.is_file()) == there


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def answer(corpus, here, capfdbinary):
    """Run a comparison in this process: answer(case, "json")."""

    def call(case, format_):
        path, partner = paths(corpus, case)
        p, q = sides(case, path or copied(corpus, here, case), partner)
        capfdbinary.readouterr()
        code = run(["compare", "-f", format_, "--", p, q])
        captured = capfdbinary.readouterr()
        assert not [path for path in here.iterdir() if path.name != "in"]
        return code, captured.out, captured.err

    return call


def paths(corpus, case):
    path = str(corpus / case["file"]) if case["file"] else None
    return path, str(corpus / case["partner"])


def sides(case, path, partner):
    return {"p": (path, partner), "q": (partner, path)}.get(case.get("role", "p"), (path, path))


def copied(corpus, here, case):
    setup = case["setup"]
    assert setup["type"] == "copy"
    target = here / "in" / setup["name"]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes((corpus / setup["from"]).read_bytes())
    return str(target)


def judge(case, code, out, err):
    """Check an answer in JSON, or a refusal."""
    text, message = out.decode(), err.decode()
    assert not TRACEBACK.search(text + message)
    for printed, acts in ((text, IN_DATA), (message, CONTROL)):
        assert not acts.search(printed)
        assert not COMMAND.search(printed)
    assert code in (0, 2)
    document = json.loads(text, parse_constant=pytest.fail) if text else None
    if code == 0:
        assert case["kind"] != "invalid"
        value = float(document["comparisons"][0]["measures"]["kl_pq"])
        expected = case.get("expected_kl")
        if expected is not None:
            close = math.isclose(value, float(expected), rel_tol=1e-13, abs_tol=1e-300)
            assert close, (value, expected)
        assert re.search(case.get("should_say", ""), text + message, re.I)
        return
    assert case["kind"] != "valid", message
    if document is not None:
        assert set(document["comparisons"][0]["measures"].values()) == {"error"}
        assert document["error"]["message"]
    assert message
    assert len(message) <= 2000
    assert message.count("\n") <= 25
    hint = case.get("name_hint")
    name = os.path.basename(case["file"] or "") if hint is None else hint
    assert re.sub(r"\s", "", name) in re.sub(r"\s", "", message)


@pytest.mark.parametrize("case", PLAIN, ids=identify)
def test_understood_or_refused(answer, case):
    judge(case, *answer(case, "json"))


def printed(capfdbinary, folder, command, formats, words):
    """Run a command that writes a file of each format but the first, and return what it wrote."""
    first, *rest = formats
    files = {name: folder / f"report.{name}" for name in rest}
    reports = [word for name, path in files.items() for word in ("--report", f"{name}={path}")]
    capfdbinary.readouterr()
    code = run([command, "-f", first, *reports, *words])
    captured = capfdbinary.readouterr()
    texts = {first: captured.out.decode()}
    for name, path in files.items():
        if path.exists():
            texts[name] = path.read_text(encoding="utf-8")
            path.unlink()
    return code, texts, captured.err.decode()


@pytest.mark.parametrize("case", HOSTILE, ids=identify)
def test_nothing_acts_in_any_format(corpus, here, capfdbinary, case):
    path, partner = paths(corpus, case)
    words = ("--", *sides(case, path or copied(corpus, here, case), partner))
    code, texts, message = printed(capfdbinary, here, "compare", FORMATS, words)
    assert code == (2 if case["kind"] == "invalid" else 0)
    assert code == 2 or texts.keys() == {*FORMATS}
    assert not [path for path in here.iterdir() if path.name != "in"]
    assert not CONTROL.search(message)
    for name, text in texts.items():
        check = {"json": check_json, "csv": check_csv, "markdown": check_markdown}.get(name)
        assert not (IN_DATA if name in ("json", "csv") else CONTROL).search(text)
        assert not COMMAND.search(text + "\n" + message)
        if check and code == 0:
            check(text)
        elif code == 0:
            check_text(text, case.get("tags", ()))


def check_json(text):
    document = json.loads(text, parse_constant=pytest.fail)
    assert text.isascii()
    # Half of a surrogate pair would make some parsers refuse it all.
    json.dumps(document, ensure_ascii=False).encode()


def check_csv(text):
    rows = list(csv.reader(io.StringIO(text), strict=True))
    assert {len(row) for row in rows} == {len(rows[0])}
    for cell in (cell for row in rows for cell in row):
        assert cell[:1] not in tuple("=+-@\t\r＝＋－＠") or not cell or float(cell) < 0


def check_markdown(text):
    text = re.sub("^(<details><summary>[a-z0-9 ]+</summary>|</details>)$", "", text, flags=re.M)
    # Commands stand in code, where nothing is markup; elsewhere backticks have backslashes.
    text = re.sub(r"(?<![\\`])(`+)(?!`).*?(?<!`)\1(?!`)", "", text)
    assert not re.search(r"<(?!br>)\w|^## |!\[|https?:", text, re.M)
    tables = [line for line in text.splitlines() if line.startswith("|")]
    bars = [len(re.findall(r"\|", re.sub(r"\\.", "", line))) for line in tables]
    assert set(bars[:2]) == {5}
    assert set(bars[-4:]) in ({5}, {7})
    assert set(bars) <= {5, 6, 7}

    class Tags(html.parser.HTMLParser):
        def handle_starttag(self, tag, attributes):
            assert tag == "br"

    Tags().feed(text)


def check_text(text, tags):
    if "rich_markup" in tags:
        assert "PWNED" not in text or "[" in text
    if "rich_emoji" in tags:
        assert not re.search("[\u26a0\U0001f4a9]", text)


RAW_ROWS = Path(__file__).with_name("raw_rows.txt")
# Raw rows may inflate to any size: a bomb is counted, which takes its time.
FILES = sorted({case["file"] for case in PLAIN if case["file"] and "bomb" not in case["file"]})


def counted(corpus, name, capfdbinary):
    """Return what `kldiv profile` makes of a file, on one line: columns, or the error's code."""
    capfdbinary.readouterr()
    code = run(["profile", "--", str(corpus / name)])
    captured = capfdbinary.readouterr()
    text, message = captured.out.decode(), captured.err.decode()
    assert not TRACEBACK.search(text + message)
    assert not CONTROL.search(message)
    assert not COMMAND.search(text + message)
    if code == 2:
        assert not text
        return re.search(r"error\[([a-z-]+)\]", message)[0]
    assert code == 0
    profile = json.loads(text, parse_constant=pytest.fail)
    columns = []
    for column in profile["columns"]:
        counts = [count for _, count in column["outcomes"]]
        assert sum(counts) + column["missing"] == profile["rows"]
        missing = f", {column['missing']} missing" if column["missing"] else ""
        name = json.dumps(column["column"][:40])
        columns.append(f"{name} {column['type']}, {len(counts)} outcomes{missing}")
    columns += [f"{json.dumps(one['column'][:40])} excluded" for one in profile["excluded"]]
    return f"{profile['rows']} rows: " + "; ".join(columns)


@pytest.mark.parametrize("name", FILES)
def test_raw_rows_are_counted_or_refused(corpus, here, capfdbinary, name):
    expected = dict(line.split("\t") for line in RAW_ROWS.read_text().splitlines())
    # A file without a line in raw_rows.txt fails, too, and shows the line that it needs.
    assert counted(corpus, name, capfdbinary) == expected.get(name)


@pytest.mark.parametrize("case", HOSTILE, ids=identify)
def test_nothing_acts_in_any_format_of_a_check(corpus, here, capfdbinary, case):
    path, partner = paths(corpus, case)
    path = path or copied(corpus, here, case)
    for kind, *sources in (("samples", path, path), ("counts", partner, path)):
        words = ("--as", kind, "--", *sources)
        code, texts, message = printed(capfdbinary, here, "check", CHECK_FORMATS, words)
        assert code in (0, 1, 2, 3)
        assert code == 2 or texts.keys() == {*CHECK_FORMATS}
        assert not CONTROL.search(message)
        for name, text in texts.items():
            assert not TRACEBACK.search(text + message)
            assert not IN_DATA.search(text)
            if name == "github":
                text = re.sub(r"^::(error|warning) title=", "", text, flags=re.M)
            assert not COMMAND.search(text + "\n" + message)


@pytest.mark.parametrize("case", SPECIAL, ids=identify)
def test_where_it_comes_from(corpus, here, patience, answer, case):
    setup = case["setup"]
    if setup["type"] == "copy" and not setup["name"].startswith("-"):
        judge(case, *answer(case, "json"))
        return
    word, stdin, before = arranged(corpus, here, setup)
    p, q = sides(case, word, str(corpus / case["partner"]))
    script = f'{before}exec {sys.executable} -m kldiv_cli compare "$@"'
    done = subprocess.run(
        ["sh", "-c", script, "sh", *(["--"] if word.startswith("-") and word != "-" else []), p, q,
         *([] if word.startswith("-") and word != "-" else ["-f", "json"])],
        cwd=here / "in", input=stdin, capture_output=True, timeout=patience, check=False,
    )  # fmt: skip
    if word.startswith("-") and word != "-":
        assert done.returncode == 2
        assert not CONTROL.search(done.stderr.decode())
        return
    judge(case, done.returncode, done.stdout, done.stderr)
    assert not [path for path in here.iterdir() if path.name != "in"]


def arranged(corpus, here, setup):
    """Make what a case asks for; return the word for it, standard input, and a shell's words."""
    kind, name = setup["type"], setup.get("name", "")
    content = bytes.fromhex(setup.get("content_hex", "")) or setup.get("content", "").encode()
    path = here / "in" / name[:255]
    (here / "in").mkdir()
    path.parent.mkdir(parents=True, exist_ok=True)
    stdin, before, word = b"", "", str(here / "in" / name)
    if kind == "dir":
        path.mkdir()
    elif kind == "perm":
        path.write_bytes(content)
        path.chmod(0)
        if os.access(path, os.R_OK):
            pytest.skip("permissions do not bind this user")
    elif kind == "symlink_loop":
        path.symlink_to(path)
    elif kind == "symlink":
        path.symlink_to(setup["target"].replace("CORPUS", str(corpus)))
    elif kind == "sparse":
        with path.open("wb") as file:
            file.truncate(setup["size"])
    elif kind == "fifo":
        os.mkfifo(path)
        threading.Thread(target=path.write_bytes, args=(content,), daemon=True).start()
    elif kind == "stdin":
        stdin, word = content, setup.get("arg", "-")
    elif kind == "stdin_closed":
        before, word = "exec <&-; ", "-"
    elif kind == "path":
        word = setup["path"]
    elif kind == "url":
        word = setup["template"].format(port=9)
    elif kind == "copy":
        path.write_bytes((corpus / setup["from"]).read_bytes())
        word = name
    return word, stdin, before


def test_there_are_enough_of_every_kind():
    kinds = [case["kind"] for case in CORPUS.cases]
    assert len(kinds) > 750
    assert kinds.count("valid") > 300
    assert kinds.count("invalid") > 350
    assert len(HOSTILE) > 90


def test_the_corpus_is_the_same_every_time():
    again = load_build().build()
    assert again.files == CORPUS.files
    assert again.cases == CORPUS.cases
