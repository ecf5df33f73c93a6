"""The house keeps its plan: imports run one way, and a run loads only what it needs."""

import ast
import re
import subprocess
import sys

import pytest

# Each room of the package, and what it may import besides itself: the arrows of
# docs/architecture.md. A name with a dot is one module of a room.
ARROWS = {
    "tuples": set(),
    "errors": set(),
    "progress": set(),
    "waiting": set(),
    "database": {"errors", "waiting"},
    "warehouse": {"errors", "waiting"},
    "core": {"core/inference", "core/kernel", "errors"},
    "core/kernel": {"core.measures"},
    "core/inference": set(),
    "readers": {"core", "database", "errors", "progress", "warehouse"},
    "engines": {"core", "database", "errors", "progress", "warehouse"},
    "renderers": {"core", "errors", "renderers/pictures"},
    "renderers/pages": {"core", "core/inference", "errors", "renderers", "renderers/pictures"},
    "renderers/formats": {
        "core",
        "core/inference",
        "errors",
        "renderers",
        "renderers/pages",
        "renderers/pictures",
    },
    "renderers/pictures": {"core", "core/inference", "renderers"},
    "pipeline": {
        "core",
        "core/inference",
        "database",
        "engines",
        "errors",
        "progress",
        "readers",
        "renderers",
        "warehouse",
    },
    "cli": {
        "__init__",
        "cli.commands",
        "core",
        "errors",
        "pipeline",
        "progress",
        "readers",
        "renderers",
    },
    "cli/commands": {
        "cli",
        "core",
        "core/inference",
        "errors",
        "pipeline",
        "readers",
        "renderers",
        "renderers/formats",
        "renderers/pages",
    },
    "distillation": {"core"},
    "__main__": {"cli"},
    "__init__": {"core", "distillation", "errors", "pipeline"},
}


def modules(root):
    return sorted((root / "kldiv_cli").rglob("*.py"))


def name_of(path, root):
    """Return the dotted name of a module below the package; the package itself is __init__."""
    parts = path.relative_to(root / "kldiv_cli").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and parts[:-1] else parts)


def room_of(name, names):
    """Return the folder that a module is in, or the module at the top of the package."""
    folders = {other.rpartition(".")[0] for other in names}
    return (name if name in folders else name.rpartition(".")[0] or name).replace(".", "/")


def only_for_types(tree):
    """Return the nodes that are never executed: below ``if TYPE_CHECKING``."""
    return {
        below
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for below in ast.walk(node)
    }


def imported(path, names, *, types=True):
    """Yield the modules of the package that a module imports, at its top or in a function."""
    tree = ast.parse(path.read_text())
    skipped = set() if types else only_for_types(tree)
    for node in set(ast.walk(tree)) - skipped:
        if isinstance(node, ast.Import):
            assert not any(alias.name.startswith("kldiv_cli") for alias in node.names), path
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            module = node.module or ""
            if module.split(".")[0] == "kldiv_cli":
                below = module.partition(".")[2]
                for alias in node.names:
                    full = f"{below}.{alias.name}".lstrip(".")
                    yield full if full in names else below or "__init__"


@pytest.fixture(scope="module")
def imports(root):
    """Return the modules that each module imports, types included."""
    names = {name_of(path, root) for path in modules(root)}
    return {name_of(path, root): {*imported(path, names)} for path in modules(root)}


def test_imports_run_one_way_and_every_arrow_is_used(imports):
    arrows = {room: set() for room in ARROWS}
    for name, others in imports.items():
        room = room_of(name, imports)
        for other in others:
            target = room_of(other, imports)
            if target not in (room, "tuples"):  # which every room may import
                arrows[room].add(other if other in ARROWS[room] else target)
    assert arrows == ARROWS


def test_no_modules_import_each_other_in_a_circle(root):
    names = {name_of(path, root) for path in modules(root)}
    left = {
        name_of(path, root): {*imported(path, names, types=False)} - {name_of(path, root)}
        for path in modules(root)
    }
    while free := [name for name, others in left.items() if not others & left.keys()]:
        for name in free:
            del left[name]
    assert not left


def test_the_page_on_architecture_names_only_what_exists(root):
    page = (root / "docs" / "architecture.md").read_text()
    paths = re.findall(r"`([a-z_/]+(?:\.py|/))`", page)
    assert len(paths) > 20
    for path in paths:
        assert (root / "kldiv_cli" / path).exists() or (root / path).exists(), path
    rooms = re.findall(r"^\| `([a-z/]+?)(?:\.py|/)` \|", page, re.MULTILINE)
    assert {*rooms} <= {*ARROWS}


def test_renderers_and_readers_do_not_know_their_siblings_through_the_core(root):
    foreign = {"rich", "typer", "scipy", "pandas", "polars", "pyarrow", "numpy", "torch"}
    allowed = {"core": {"numpy", "scipy"}, "readers": {"numpy", "pyarrow"}, "renderers": {"rich"}}
    allowed |= {"cli": {"typer"}}
    allowed |= {"pipeline": {"numpy"}, "engines": {"numpy"}, "distillation": {"numpy", "torch"}}
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
NEVER |= {"duckdb", "ibis", "psycopg", "sqlglot", "torch", "kldiv_cli.warehouse"}
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
    # For terminals, and for -v.
    "kldiv_cli.cli.status_line",
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
    # Of the pictures, that of outcomes.
    pictures = {name for name in modules if "renderers.pictures." in name}
    assert {name.rpartition(".")[2] for name in pictures} == {
        "characters",
        "outcomes",
        "scales",
        "texts",
    }
    # What numpy loads itself is its to decide.
    theirs = loaded_by("import numpy", root)
    assert not modules & NEVER
    assert not (modules - theirs) & NEVER_PIPED


def test_few_rows_are_counted_without_a_look_at_another_engine(root):
    modules = loaded(["profile", "sample_data/flights_july.csv"], root)
    assert "kldiv_cli.engines.local" in modules
    assert not modules & (NEVER | {"kldiv_cli.engines.embedded"})
    # A profile has one side: nothing is paired.
    assert not modules & {f"kldiv_cli.core.{name}" for name in ("pair", "intervals", "report")}


def test_small_runs_import_no_masked_arrays(root):
    rows = "sample_data/flights_july.csv"
    theirs = loaded_by("import numpy", root)
    for words in (["check", rows, rows], ["profile", rows]):
        assert "numpy.ma" not in loaded(words, root) - theirs


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


def test_bare_numbers_need_no_statistics_of_rows(root):
    models = "tests/models/trained_base.kld", "tests/models/trained_Q2_K.kld"
    rows = ["compare", *models, "-m", "kl"]
    statistics = {"kldiv_cli.core.row_statistics", "kldiv_cli.core.inference.student"}
    assert statistics <= loaded(rows, root)
    assert not statistics & loaded([*rows, "-q"], root)
    # A limit of theirs is another thing.
    assert statistics <= loaded([*rows, "-q", "--fail-above", "kl_p99=9"], root)


def test_the_rows_that_would_decide_need_no_scipy(root):
    modules = loaded_by(
        "from kldiv_cli import estimate; assert estimate([300, 200], [260, 240], max_kl=0.015)"
        ".rows_needed; estimate([600, 400], [0.5, 0.5]); estimate([300, 20], [0.9, 0.1])",
        root,
    )
    assert "numpy" in modules
    assert not {name.split(".")[0] for name in modules} & NEVER


def test_a_loss_of_arrays_imports_nothing_for_tensors(root):
    modules = loaded_by(
        "from kldiv_cli import kl_div_loss; kl_div_loss([1, 2], [2.0, 1], gradient=True)", root
    )
    assert {"numpy", "kldiv_cli.distillation"} <= modules
    assert "kldiv_cli.distillation.tensors" not in modules
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
