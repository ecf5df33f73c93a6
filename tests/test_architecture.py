"""The house keeps its plan: imports run one way, and a run loads only what it needs."""

import ast
import subprocess
import sys

import pytest

# Each part of the package, and the parts that it may import.
ALLOWED = {
    "errors": set(),
    "core": {"core", "errors"},
    "readers": {"core", "errors", "readers"},
    "engines": {"core", "engines", "errors"},
    "renderers": {"core", "errors", "renderers"},
    "pipeline": {"core", "engines", "errors", "pipeline", "readers", "renderers"},
    "cli": {"__init__", "cli", "core", "errors", "pipeline", "readers", "renderers"},
    "__main__": {"cli"},
    "__init__": {"core", "errors", "pipeline"},
}


def parts_imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("kldiv_cli"):
            names = node.module.split(".")[1:]
            yield from (
                [names[0]]
                if names
                else [alias.name if alias.name in ALLOWED else "__init__" for alias in node.names]
            )
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "kldiv_cli":
                    yield alias.name.split(".")[1]


def modules(root):
    return sorted((root / "kldiv_cli").rglob("*.py"))


def test_imports_run_one_way(root):
    for path in modules(root):
        part = path.relative_to(root / "kldiv_cli").parts[0].removesuffix(".py")
        assert set(parts_imported(path)) <= ALLOWED[part], path


def test_renderers_and_readers_do_not_know_their_siblings_through_the_core(root):
    foreign = {"rich", "typer", "scipy", "pandas", "polars", "pyarrow", "numpy"}
    allowed = {"core": {"numpy", "scipy"}, "readers": {"numpy"}, "renderers": {"rich"}}
    allowed |= {"cli": {"typer"}}
    allowed |= {"pipeline": {"numpy"}, "engines": {"numpy"}}
    for path in modules(root):
        part = path.relative_to(root / "kldiv_cli").parts[0].removesuffix(".py")
        imported = {
            name.split(".")[0]
            for node in ast.walk(ast.parse(path.read_text()))
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        }
        assert imported & foreign <= allowed.get(part, set()), path


def loaded(arguments, cwd):
    code = (
        "import sys; from kldiv_cli.cli.process import run; code = run(sys.argv[1:]);"
        "print(*sorted(sys.modules), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(cwd)},
    )
    return set(done.stderr.split())


# A module here costs every run: think before you add one.
NEVER = {"scipy", "rich", "pydantic", "pandas", "polars", "pyarrow", "multiprocessing"}
NEVER_PIPED = NEVER | {
    "fractions",
    "decimal",
    "statistics",
    "asyncio",
    "ssl",
    "socket",
    "http",
    "email",
    "unittest",
    "logging",
    "bz2",
    "lzma",
    "zipfile",
    "gzip",
    "tomllib",
    "tempfile",
    # For the help and for mistakes, not for plain words.
    "typer",
    "shutil",
    "subprocess",
    "pathlib",
    "difflib",
    "gettext",
    "uuid",
}


def test_a_piped_compare_loads_little(root):
    files = ["sample_data/airlines_july.csv", "sample_data/airlines_january.csv"]
    modules = loaded(["compare", *files], root)
    assert "numpy" in modules
    # What numpy loads itself is its to decide.
    theirs = loaded_by("import numpy", root)
    assert not modules & NEVER
    assert not (modules - theirs) & NEVER_PIPED


def test_estimates_need_no_scipy_and_bare_numbers_no_estimate(root):
    dice = ["sample_data/wolf_dice.csv", "--weight", "white", "--weight", "red"]
    one_sample = ["sample_data/die_loaded.csv", "sample_data/die_fair.csv"]
    for words in (dice, one_sample):
        for format in ("text", "json", "markdown"):
            modules = loaded(["compare", *words, "-f", format], root)
            assert "kldiv_cli.core.inference.evidence" in modules
            assert not modules & NEVER
        # Random numbers are for sparse tables.
        assert "numpy.random" not in modules
        modules = loaded(["compare", *words, "-q", "-m", "kl"], root)
        assert not modules & {
            "kldiv_cli.core.inference.evidence",
            "kldiv_cli.core.inference.samples",
        }


def test_the_rows_that_would_decide_need_no_scipy(root):
    modules = loaded_by(
        "from kldiv_cli import estimate; assert estimate([300, 200], [260, 240], max_kl=0.015)"
        ".rows_needed; estimate([600, 400], [0.5, 0.5]); estimate([300, 20], [0.9, 0.1])",
        root,
    )
    assert "numpy" in modules
    assert not {name.split(".")[0] for name in modules} & NEVER


def loaded_by(statement, cwd):
    done = subprocess.run(
        [sys.executable, "-c", f"{statement}; import sys; print(*sys.modules)"],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["compare", "--help"], ["measures"]]
)
def test_help_loads_no_numpy(arguments, root):
    modules = loaded(arguments, root)
    assert "kldiv_cli" in modules
    assert not modules & (NEVER | {"numpy"})


def test_importing_the_package_loads_nothing_heavy(root):
    before = loaded_by("pass", root)
    modules = loaded_by("import kldiv_cli", root) - before
    assert not {name.split(".")[0] for name in modules} & (NEVER | {"numpy", "typer", "json"})
