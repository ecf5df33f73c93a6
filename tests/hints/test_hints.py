"""Hints are promises: every hint that the package can print is printed, and followed.

`collect` finds the hints in the syntax trees, `cases` holds a case that prints each of them, and
`follow` reads from the printed text what it offers, as a user does who copies it. What the user
then gets must be an answer: no second error, and no note that says the same again.
"""

import importlib
import io
import re
import shlex
import sys
import tomllib
from pathlib import Path

import pytest

import kldiv_cli
from kldiv_cli.errors import KldivError
from kldiv_cli.pipeline.spelling import spelt

sys.path.insert(0, str(Path(__file__).parent))

from cases import CASES, NO_OFFERS, SAID, Call, Case
from collect import PACKAGE as PATH
from collect import Hint, clauses, codes, hints, mentions, read_package
from follow import arguments, called, followed, offers, same_option

PACKAGE = read_package()
HINTS = hints(PACKAGE)
EVERY = [(module, case) for module, cases in CASES.items() for case in cases]
LINES = [each for each in EVERY if isinstance(each[1], Case)]
CALLS = [each for each in EVERY if isinstance(each[1], Call)]
OFFERED: set[tuple] = set()
"""Ways out that a hint offered: its module, the clause, and which of its offers."""
TRIED: set[tuple] = set()
RUN: list[str] = []


def name(module_and_case):
    module, case = module_and_case
    return f"{module}: {case.hint}"


def write(folder, files):
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def printed(text):
    """Return the code and the help of each error and note in what was written to stderr."""
    found = re.findall(r"(error|note)\[([a-z-]+)\]: (.*)", text)
    return [(about, code, rest.partition("; help: ")[2]) for about, code, rest in found]


def test_every_hint_has_a_case_and_every_case_a_hint():
    cases = {(module, clause) for module, case in EVERY for clause in clauses(case.hint)}
    known = {(hint.module, hint.text) for hint in HINTS}
    assert sorted(known - cases) == [], "hints without a case in tests/hints/cases.py"
    assert sorted(cases - known) == [], "cases of hints that are printed no more"


@pytest.mark.parametrize(("module", "case"), LINES, ids=map(name, LINES))
def test_hint_is_printed_and_works(module, case, kldiv, tmp_path, monkeypatch):
    RUN.append(case.hint)
    monkeypatch.chdir(tmp_path)
    for target, value in case.patch.items():
        home, _, constant = target.rpartition(".")
        monkeypatch.setattr(importlib.import_module(home), constant, value)
    write(tmp_path, case.files)
    for line in case.before:
        check_answer(case, shlex.split(line), kldiv(*shlex.split(line)), says="")
    words = shlex.split(case.line)
    ran = kldiv(*words)
    wanted = [Hint(module, clause) for clause in clauses(case.hint)]
    fitting = [each for each in printed(ran.err) if all(is_told(hint, each[2]) for hint in wanted)]
    if not fitting:
        fail(f"this prints no such hint: {case.line}\n{ran.err}{ran.out}")
    about, code, text = fitting[0]
    if case.external:
        return
    if case.edit:
        write(tmp_path, case.edit)
        line = shlex.split(case.then) if case.then else words
        check_answer(case, line, kldiv(*line), case.says)
        return
    found = [
        (module, min(best(module, clause), default=clause), i, offer)
        for clause in clauses(text)
        for i, offer in enumerate(offers(clause, case.fill))
    ]
    if not found:
        fail(f"nothing can be copied from this hint: {text}")
    # Of the words that there are, one is right.
    OFFERED.update(each[:3] for each in found if each[3].kind != "say")
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for i, (*way, offer) in enumerate(found):
        if case.tries is not None and i not in case.tries:
            continue
        TRIED.add(tuple(way))
        if offer.kind == "leave" and not are_given(words, offer.words):
            continue
        line = followed(words, offer, case.wrong, case.side)
        if offer.kind == "say":
            for path, content in files.items():
                path.write_bytes(content.replace(case.wrong.encode(), offer.words[0].encode()))
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(case.stdin)))
        again = kldiv(*line)
        check_answer(case, line, again, "" if case.then else case.says)
        if case.then:
            line = shlex.split(case.then)
            again = kldiv(*line)
            check_answer(case, line, again, case.says)
        if (
            about == "note"
            and not case.stays
            and (code, text) in [each[1:] for each in printed(again.err)]
        ):
            fail(f"{offer}: the note stays: {shlex.join(line)}\n{again.err}")
        for path in tmp_path.rglob("*"):
            if path.is_file():
                path.unlink()
        for path, content in files.items():
            path.write_bytes(content)


def are_given(words, flags):
    given = {word.partition("=")[0] for word in words}
    return any(given & same_option(flag) for flag in flags)


@pytest.mark.parametrize(("module", "case"), CALLS, ids=map(name, CALLS))
def test_hint_of_a_call_works(module, case):
    function = getattr(kldiv_cli, case.function)
    with pytest.raises(KldivError) as caught:
        function(*case.sides, **case.options)
    text = caught.value.hint
    known = [Hint(module, spelt(each).replace("'{}'", "{}")) for each in clauses(case.hint)]
    if not any(hint.fits(clause) for hint in known for clause in clauses(text)):
        fail(f"this raises no such hint: {case.hint}\n{caught.value}")
    if case.instead or case.instead_options:
        function(*(case.instead or case.sides), **(case.instead_options or case.options))
        return
    found = arguments(text, case.fill)
    if not found:
        fail(f"nothing can be copied from this hint: {text}")
    for i, offer in enumerate(found):
        if case.tries is None or i in case.tries:
            function(*case.sides, **called(case.options, offer, case.wrong))


MENTIONED = [(module, case) for module, cases in SAID.items() for case in cases]


def test_every_text_that_names_an_option_has_a_case():
    known = mentions(PACKAGE, HINTS)
    cases = {(module, case.hint) for module, case in MENTIONED}
    cases |= {(module, text) for module, texts in NO_OFFERS.items() for text in texts}
    assert sorted({tuple(hint) for hint in known} - cases) == [], "texts without a case"
    assert sorted(cases - {tuple(hint) for hint in known}) == [], "cases without a text"


@pytest.mark.parametrize(("module", "case"), MENTIONED, ids=map(name, MENTIONED))
def test_what_a_report_offers_works(module, case, kldiv, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, case.files)
    words = shlex.split(case.line)
    ran = kldiv(*words)
    if case.hint not in " ".join(ran.out.split()) and case.hint not in ran.out:
        fail(f"this prints no such text: {case.hint}\n{ran.out}{ran.err}")
    for offer in offers(case.hint, case.fill):
        line = shlex.split(case.then) if case.then else followed(words, offer, "", None)
        check_answer(case, line, kldiv(*line), case.says)


def fail(message):
    pytest.fail(message, pytrace=False)


def is_told(hint, text):
    """Return whether a printed hint has a clause that is this one, and none that says more."""
    return any(
        hint.fits(clause) and hint.text in best(hint.module, clause) for clause in clauses(text)
    )


def best(module, clause):
    """Return those of the module's clauses that a printed one is, and that say most."""
    fitting = [hint.text for hint in HINTS if hint.module == module and hint.fits(clause)]
    most = max((len(words(text)) for text in fitting), default=0)
    return [text for text in fitting if len(words(text)) == most]


def words(text):
    """Return the words of a clause that are its own, without options: these may be filled in."""
    return re.findall(r"\w+", re.sub(r"--?[a-z][a-z-]*", "", text))


def check_answer(case, line, ran, says):
    """Fail unless a run answered, and said of no second error."""
    good = {0, 1, 3} if line[:1] == ["check"] else {0, 1}
    if ran.code not in good or "error[" in ran.err:
        fail(f"{case.hint}\nthe hint does not work: {shlex.join(line)} ({ran.code})\n{ran.err}")
    if says not in ran.out:
        fail(f"{case.hint}\nnot the right answer: {shlex.join(line)}\n{ran.out}")


def test_every_code_is_explained_on_a_page(root):
    page = (root / "docs" / "messages.md").read_text()
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    told = {code for row in rows for code in re.findall(r"`([a-z-]+)`", row)}
    assert sorted(codes() - told) == [], "codes that docs/messages.md does not explain"
    assert sorted(told - codes()) == [], "codes that nothing has"


def test_every_extra_that_is_named_exists(root):
    extras = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    texts = [path.read_text() for path in (*PATH.rglob("*.py"), root / "README.md")]
    named = {extra for text in texts for extra in re.findall(r"kldiv-cli\[([\w,-]+)\]", text)}
    assert named <= extras.get("optional-dependencies", {}).keys()


def test_every_way_out_is_tried():
    if len(RUN) < len(LINES):
        pytest.skip("some cases were not run")
    assert sorted(OFFERED - TRIED) == []


EXTENSIONS = ("csv", "json", "npy", "npz", "txt", "tsv")
OPTIONS = {
    "profile": [""],
    "inspect": ["", "--as samples"],
    "check": ["", "--as samples", "--as counts", "--as probabilities"],
    "compare": ["", "--as samples", "--as logits"],
}
FILES = {"profile": "p.{}", "inspect": "p.{}", "check": "p.{0} q.{0}", "compare": "p.{0} q.{0}"}


@pytest.mark.parametrize("command", FILES)
def test_a_command_has_the_options_that_its_hints_offer(command, kldiv, tmp_path, monkeypatch):
    """What the files of a case make this command print offers no option that it does not know."""
    wrong, seen, done = {}, set(), set()
    for i, (_, case) in enumerate(LINES):
        extension = next((ext for ext in EXTENSIONS if f"p.{ext}" in case.files), None)
        if extension is None or (key := (extension, *case.files.values())) in done:
            continue
        done.add(key)
        folder = tmp_path / str(i)
        folder.mkdir()
        monkeypatch.chdir(folder)
        write(folder, case.files)
        for option in OPTIONS[command]:
            words = shlex.split(f"{command} {FILES[command].format(extension)} {option}")
            for _, _, text in printed(kldiv(*words).err):
                if (option, text) in seen:
                    continue
                seen.add((option, text))
                for offer in offers(text, {"NAME": "x", "X": "0.1", **case.fill}):
                    line = followed(words, offer, "", None)
                    if offer.kind == "add" and "error[usage]" in kldiv(*line).err:
                        wrong.setdefault(text, shlex.join(line))
    assert not wrong, "\n".join(f"{line}: {text}" for text, line in wrong.items())
