"""Recipes work as far as they go without the services that they are for.

`test_pages.py` runs what docs/recipes.md shows of the console.
"""

import re
import shlex
import shutil
import subprocess
import sys
from types import ModuleType, SimpleNamespace
from xml.etree import ElementTree

import pytest

CHECKOUT = "tools/kldiv"
"""Where the page says that this repository is."""


@pytest.fixture(scope="module")
def page(root):
    return (root / "docs" / "recipes.md").read_text()


@pytest.fixture
def data(root, page, tmp_path, shell):
    """A folder with the baseline and the data of today, as the page makes them."""
    (tmp_path / "sample_data").symlink_to(root / "sample_data")
    assert shell(block(page, "sh", "cp"), cwd=tmp_path).code == 0
    return tmp_path


def block(page, language, beginning):
    """Return the block of a language that begins with these words."""
    pattern = rf"^```{language}\n({re.escape(beginning)}.*?)^```"
    return re.search(pattern, page, re.M | re.S)[1]


def test_the_action_judges_what_the_workflow_says(root, page, data, environment):
    lines = block(page, "yaml", "jobs:")
    folder, used = re.search(rf"uses: \./{CHECKOUT}/(\S+)\n(.*?)\n {{6}}-", lines, re.S).groups()
    given = re.findall(r"^ {10}([a-z-]+): (?:([^|\s]+)$|\|\n((?: {12}\S.*\n)+))", used, re.M)
    given = {name: one or several for name, one, several in given}
    assert given.keys() == {"reference", "current", "max-kl", "exclude", "options"}
    action = (root / folder / "action.yml").read_text()
    assert all(f"\n  {name}:\n" in action for name in given)
    inputs = {f"KLDIV_{name.upper().replace('-', '_')}": value for name, value in given.items()}
    more = {"KLDIV_INSTALL": "none", "KLDIV_REPORT": "report.json"}
    inputs = {name: value.replace(" " * 12, "") for name, value in inputs.items()}
    script = ["bash", str(root / folder / "check.sh")]
    env = environment(**inputs, **more)
    ran = subprocess.run(script, cwd=data, env=env, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.split()[0]) == (0, "inconclusive"), ran.stderr
    assert (data / re.search(r"path: (.*)", lines)[1]).stat().st_size
    assert "drift" in subprocess.run(
        script, cwd=data, env=env | {"KLDIV_MAX_KL": "0.05"}, capture_output=True, text=True,
        check=False,
    ).stdout  # fmt: skip


def test_the_lines_for_gitlab_run(page, data, shell):
    lines = block(page, "yaml", "drift:")
    install, check = re.findall(r"^    - (kldiv .*|pip .*)$", lines, re.M)
    assert install == f"pip install {CHECKOUT}"
    ran = shell(check, cwd=data)
    assert ran.code == 0, ran.err
    report = re.search(r"junit: (.*)$", lines, re.M)[1]
    assert ElementTree.parse(data / report).getroot().attrib["failures"] == "0"


def test_the_test_of_a_project_passes_and_fails_with_the_data(page, data, environment):
    (data / "test_drift.py").write_text(block(page, "py", "from kldiv_cli import assert_no_drift"))
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_drift.py"]
    passed = subprocess.run(run, cwd=data, env=environment(), capture_output=True, check=False)
    assert passed.returncode == 0, passed.stdout
    text = (data / "today.csv").read_text()
    (data / "today.csv").write_text(re.sub(r"^..,", "ZZ,", text, flags=re.M))
    failed = subprocess.run(run, cwd=data, env=environment(), capture_output=True, check=False)
    assert failed.returncode == 1
    assert b"ZZ" in failed.stdout
    # The report follows the line of the test: nothing of this package stands between them.
    assert b"test_drift.py:5: AssertionError" in failed.stdout
    assert b"def assert_no_drift" not in failed.stdout


def test_the_hook_of_pre_commit_runs(root, page, data, shell):
    hook = dict(
        re.findall(r"^[ -] (\w+): (.*)$", (root / ".pre-commit-hooks.yaml").read_text(), re.M)
    )
    assert hook.keys() >= {"id", "name", "entry", "language", "pass_filenames"}
    assert (hook["language"], hook["pass_filenames"]) == ("python", "false")
    lines = block(page, "yaml", "repos:")
    used = dict(re.findall(r"^[ -]+(\w+): (.+)$", lines, re.M))
    assert (used["repo"], used["id"]) == (CHECKOUT, hook["id"])
    words = used["args"].strip("[]").split(", ")
    ran = shell(f"{hook['entry']} {shlex.join(words)}", cwd=data)
    assert ran.code == 0, ran.err
    assert all(re.search(used["files"], name) for name in [*words[:2], "kldiv.toml"])


def test_the_check_of_an_asset_returns_the_report(page, data, monkeypatch):
    made = SimpleNamespace
    dagster = ModuleType("dagster")
    dagster.asset_check = lambda asset: lambda function: function
    dagster.AssetCheckResult = made
    dagster.MetadataValue = made(md=str)
    monkeypatch.setitem(sys.modules, "dagster", dagster)
    monkeypatch.chdir(data)
    names = {}
    exec(block(page, "py", "import dagster"), names)
    result = names["no_drift"]()
    assert result.passed is False
    assert "drift in 1 of 6 columns" in result.metadata["report"]


def test_a_run_of_mlflow_gets_the_report(page, data, monkeypatch):
    logged = {}
    mlflow = ModuleType("mlflow")
    mlflow.log_text = lambda text, name: logged.update({name: text})
    mlflow.log_metrics = logged.update
    mlflow.set_tag = lambda key, value: logged.update({key: value})
    monkeypatch.setitem(sys.modules, "mlflow", mlflow)
    monkeypatch.chdir(data)
    exec(block(page, "py", "import mlflow"), {})
    assert logged["drift"] == "drift"
    assert '"kldiv.check/1"' in logged["drift.json"]
    assert logged["kl_air_time"] > 0.05


WITHIN = "p.csv q.csv"
"""What follows ``kldiv`` to compare two files that are within 0.05 nats."""
SHUT = [
    "missing.csv q.csv",
    "p.csv missing.csv",
    "compare missing.csv q.csv",
    "compaer p.csv q.csv",
    "p.csv empty.csv",
    "p.csv blank.csv",
    "p.csv more.csv",
    "p.csv far.csv",
    "p.csv",
    "",
    f"{WITHIN} -m kl_pw",
    f"{WITHIN} --mesure kl_pq",
    f"{WITHIN} --output no/such/folder/x",
    f"{WITHIN} --base 3",
    f"{WITHIN} -m",
]
"""What is not within them, or has no answer."""


@pytest.fixture
def gated(tmp_path, shell):
    """Run a gate on the files that `WITHIN` and `SHUT` name, and return its exit code."""
    rows = {"p": "red,50\nblue,50\n", "q": "red,51\nblue,49\n", "more": "red,50\n",
            "far": "red,5\nblue,95\n"}  # fmt: skip
    for name, text in rows.items():
        (tmp_path / f"{name}.csv").write_text(f"colour,count\n{text}")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "blank.csv").write_text("\n\n")
    return lambda command: shell(command, cwd=tmp_path).code


def test_the_gate_is_open_within_its_limit_alone(gated, page):
    option = re.sub("=.*", "=0.05", re.search(r"--fail-above kl\S+", page)[0])
    assert gated(f"kldiv {WITHIN} {option}") == 0
    # A measure that is not shown has its limit all the same.
    assert gated(f"kldiv {WITHIN} {option} -m js") == 0
    for words in SHUT:
        # Where an option lacks its word, the limit becomes that word.
        assert gated(f"kldiv {words} {option}") in (1, 2), words


@pytest.mark.skipif(shutil.which("jq") is None, reason="there is no jq")
def test_the_gate_of_jq_is_open_within_its_limit_alone(gated, page, shell):
    gate = re.search(r"-f json \| (jq .*)$", page, re.M)[1]
    for spelled in ("-f json", "--format=json"):
        assert gated(f"kldiv {WITHIN} {spelled} | {gate}") == 0
        assert gated(f"kldiv {WITHIN} {spelled} -m js | {gate}") != 0
        for words in SHUT:
            assert gated(f"kldiv {words} {spelled} | {gate}") != 0, words
    values = ("NaN", "null", '"Infinity"', '"error"', "true", "[]", "-1", "0.06", "1e999")
    documents = [f'{{"comparisons": [{{"measures": {{"kl_pq": {value}}}}}]}}' for value in values]
    for text in ("", "x", "{}", "[]", "null", *documents):
        assert shell(gate, stdin=text.encode()).code != 0, text
