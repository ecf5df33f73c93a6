"""For each hint of the package a command line that prints it, and what it is to follow it.

The hints stand under the module that makes them, as in its source, with ``{}`` for their holes.
tests/README.md tells how to add one.
"""

import gzip
import io
import json
import tempfile
import zipfile
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from base_files import base_file

from kldiv_cli.cli.commands import EXAMPLES


class Case(NamedTuple):
    """A command line that prints a hint, and what its user does then.

    Attributes
    ----------
    hint : str
        As it is written in the source, with ``{}`` for each hole.
    line : str
        The words after ``kldiv``.
    files : dict of str to str or bytes
        The files of the working folder.
    fill : dict of str to str
        What the user puts for words in capitals, such as NAME.
    tries : collection of int, optional
        The offers of the hint, from 0, that fit this case; all of them if not given. Those left
        out need another case of the same hint.
    wrong : str
        The word that is replaced where the hint says which was meant.
    then : str
        The command line after the hint was followed, if it is another one.
    edit : dict of str to str or bytes
        The files as the user changed them, where the hint tells how to.
    external : str
        Why a person has to look whether it is true: it is done outside kldiv.
    before : tuple of str
        Command lines that are run first.
    stdin : bytes
        Standard input, where the hint tells how to bring it there.
    side : int, optional
        Which side the hint is about, where an option is given for each.
    says : str
        What the answer must hold.
    stays : bool
        A note is still printed when its advice was taken: it is no fault.
    patch : dict of str to object
        Constants that are smaller for this case, by their full names.
    """

    hint: str
    line: str
    files: dict
    fill: dict = {}  # noqa: RUF012
    tries: object = None
    wrong: str = ""
    then: str = ""
    edit: dict = {}  # noqa: RUF012
    external: str = ""
    before: tuple = ()
    stdin: bytes = b""
    side: int | None = None
    says: str = ""
    stays: bool = False
    patch: dict = {}  # noqa: RUF012


TOPS = (
    '{"choices": [{"logprobs": {"content": [{"token": "a", "logprob": -0.5, "bytes": [97],'
    ' "top_logprobs": [{"token": "a", "logprob": -0.5, "bytes": [97]},'
    ' {"token": "b", "logprob": -2.0, "bytes": [98]}]}]}}]}'
)
TWO = TOPS.replace("]}]}}]}", "]}, ") + TOPS.partition('"content": [')[2]
FIRST = 'content": [{"token": "a", "logprob": -0.5, "bytes": [97]'
OTHER = TWO.replace(FIRST, FIRST.replace('"a"', '"b"').replace("97", "98"))
HISTOGRAM = '{"hist": [5, 3], "edges": [0, 1, 2]}'


def parquet(names, columns):
    """Return a file of Parquet."""
    file = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(list(map(pa.array, columns)), names), file)
    return file.getvalue()


def both(content, extension="csv"):
    return {f"p.{extension}": content, f"q.{extension}": content}


class Call(NamedTuple):
    """A call from Python that prints a hint; the words of the hint are those of `spelling`.

    `wrong` to `external` are as of a `Case`; `instead` are the sides as the hint says that they
    should be.
    """

    hint: str
    function: str
    sides: tuple
    options: dict = {}  # noqa: RUF012
    fill: dict = {}  # noqa: RUF012
    tries: object = None
    wrong: object = ""
    instead: tuple = ()
    instead_options: dict = {}  # noqa: RUF012


COLUMNS = [["red", "blue"], [5, 3], [2, 6]]
NOT_INSTALLED = {"importlib.util.find_spec": lambda name: None}
P = "colour,count\nred,5\ngreen,3\nblue,2\n"
Q = "colour,count\nred,2\ngreen,2\nblue,6\n"
PAIR = {"p.csv": P, "q.csv": Q}
ROWS = "size,colour\n" + "1,red\n2,red\n3,blue\n" * 20
ROWS_2 = "size,colour\n" + "1,red\n3,red\n3,blue\n" * 20
RAW = {"p.csv": ROWS, "q.csv": ROWS_2}
MANY = "".join(f"{i}\n" for i in range(300)) * 3
NUMBERS = {"p.csv": "x\n" + MANY, "q.csv": "x\n" + MANY + "12\n" * 9 + "400\n"}
KEYS = both("id\n" + "".join(f"u{i}\n" for i in range(100)))
SAME = '"kl_pq": 0.0'
MANY_PRICES = both(
    "y,colour\n" + "".join(f"{i}.5,{'red' if i % 3 else 'blue'}\n" for i in range(50)) * 9
)
DRAWN = np.random.default_rng(4)
WINDOWS = {
    f"w{place}.csv": "size\n" + "".join(f"{size}\n" for size in DRAWN.integers(3, size=99))
    for place in range(1, 9)
}
WEEKS = " ".join(WINDOWS)
NO_DATA = {
    "check p.csv q.csv": (
        "--frequency n",
        "--row-weight n",
        "--by n",
        "--cluster n",
        "--where n=1",
    ),
    "compare p.csv q.csv --as samples": ("--frequency n", "--row-weight n", "--where n=1"),
    "profile p.csv": ("--frequency n", "--row-weight n", "--where n=1"),
}
TREND = {
    f"t{place:02}.csv": "size,colour\n"
    + "".join(
        f"{size},{'red' if size % 2 else 'blue'}\n" for size in DRAWN.integers(9 + place, size=99)
    )
    for place in range(14)
}
TRENDS = " ".join(TREND)


def npy(values):
    file = io.BytesIO()
    np.save(file, np.asarray(values))
    return file.getvalue()


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def tensors(**types):
    """Return a file of tensors of two bytes each, 1 and 2."""
    header = {
        name: {"dtype": type_, "shape": [2], "data_offsets": [2 * i, 2 * i + 2]}
        for i, (name, type_) in enumerate(types.items())
    }
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + b"\1\2" * len(types)


def packed(**members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return file.getvalue()


class Broken(list):
    def tolist(self):
        raise RuntimeError("broken")


BROKEN = {"x": Broken([1, 2]), "y": [1, 2]}
DATES = "when,x\n" + "2024-01-05T12:00:00Z,a\n2024-01-05T13:00:00,b\n" * 9
NESTED = '[{"x": {"a": 1}, "y": 1, "z": 1}, {"x": {"a": 2}, "y": 2, "z": 2}]'


def duck(sql):
    """Return a file of DuckDB in which a line of SQL was run."""
    import duckdb

    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/x.duckdb"
        with duckdb.connect(path) as connection:
            connection.execute(sql)
        with open(path, "rb") as file:
            return file.read()


FLIGHTS = {
    "x.duckdb": duck(
        "create table flights as select range % 3 as a, 'x' as b, 1 as c from range(90)"
    ),
    "a.csv": "a,b,c\n" + "1,x,1\n2,x,1\n0,x,1\n" * 30,
}
"""A file of DuckDB with a table, and a file with the same rows."""
TABLE = "--connect duckdb://x.duckdb --reference-table flights"
CURRENT = "--connect duckdb://x.duckdb --current-table flights"


def refused(address, seconds):
    """Fail as a library does whose server does not know a password."""
    raise RuntimeError("password authentication failed")


CASES = {
    "cli/app.py": [
        Case(
            "did you mean --{}? kldiv {} --help lists all",
            "compare p.csv q.csv --maesure kl",
            PAIR,
            then="compare p.csv q.csv --measure kl",
        ),
        Case(
            "did you mean --as {}? kldiv {} --help lists all",
            "compare p.npy q.npy --logits",
            both(npy([[1.0, 2.0]] * 9), "npy"),
            external="the option that there is not has to go, and no hint of options says so",
        ),
        Case(
            "compare has --fail-above MEASURE=VALUE for any measure",
            "check p.csv q.csv --max-chi2 0.1",
            RAW,
            external="it is another command that has the option",
        ),
        Case("kldiv --help", "--version --wrong", {}),
        Case("kldiv {} --help", "compare p.csv q.csv --wrong", PAIR),
    ],
    "cli/init.py": [
        Case("--config {}", "check p.csv q.csv --init --config pyproject.toml", RAW),
        Case("leave {} out", "check p.csv q.csv --init -f json", RAW),
    ],
    "cli/options.py": [
        Case("--fail-above {}={}", "compare p.csv q.csv --fail-above 0.05", PAIR),
        Case("--fail-above {}={}", "compare p.csv q.csv --fail-above js", PAIR),
        Case("--fail-above {}={}", "compare p.csv q.csv --fail-above x -f json", PAIR),
    ],
    "cli/commands/calibrate.py": [
        Case("-o {}", f"calibrate {WEEKS} -o pyproject.toml", WINDOWS),
        Case(
            "name each file",
            f"calibrate {WEEKS} -",
            WINDOWS,
            edit=WINDOWS,
            then=f"calibrate {WEEKS}",
        ),
    ],
    "cli/outputs.py": [
        Case(
            "write the report to another folder",
            "profile d -o d/made.json",
            {"d/a.csv": ROWS},
            edit={"d/a.csv": ROWS},
            then="profile d -o made.json",
        ),
        Case("--output {}", "compare p.csv q.csv -o chart.png", PAIR),
        Case("--output {}", "check p.csv q.csv -o 'a report.xlsx'", RAW),
        Case("--output {}", "profile p.csv -o p.json.gz", RAW),
        Case("--format {} writes it there", "check p.csv q.csv -o p.parquet", RAW),
        Case(
            "--config FILE names another place",
            "check p.csv q.csv --init",
            {**RAW, "kldiv.toml": "alpha = 0.01"},
            fill={"FILE": "new.toml"},
        ),
        Case("--report json=out.json", "compare p.csv q.csv --report json", PAIR),
        Case(
            "name a file in a folder that exists and can be written",
            "compare p.csv q.csv -o there/out.txt",
            PAIR,
            edit={"there/other.txt": ""},
        ),
        Case(
            "give each report a file of its own",
            "compare p.csv q.csv -o out.json --report csv=out.json",
            PAIR,
            edit=PAIR,
            then="compare p.csv q.csv -o out.json --report csv=out.csv",
        ),
        Case("leave --quiet out; --format text prints it", "compare p.csv q.csv -q -f json", PAIR),
        Case(
            "write the report to another file",
            "compare p.csv q.csv -o p.csv",
            PAIR,
            edit=PAIR,
            then="compare p.csv q.csv -o r.csv",
        ),
    ],
    "cli/process.py": [
        Case(
            "this is a bug in kldiv; with KLDIV_DEBUG=1 it shows where",
            "compare p.csv q.csv",
            PAIR,
            external="a bug is not mended by its user; the variable is tested with the process",
            patch={"kldiv_cli.pipeline.compare.compared": None},
        ),
    ],
    "cli/short_help.py": [
        Case(
            f"{example}, for example; kldiv {{}} --help tells more",
            name,
            WINDOWS
            if name == "calibrate"
            else dict.fromkeys(
                ("january.csv", "july.csv"), ROWS if name in ("check", "profile") else P
            ),
            fill={word: word for word in ("january.csv", "july.csv", "bash")},
            then=example.removeprefix("kldiv "),
        )
        for name, example in EXAMPLES.items()
    ],
    "cli/words.py": [
        Case("did you mean {}?", "comprae p.csv q.csv", PAIR, wrong="comprae"),
        Case("kldiv --help", "nowhere-at-all", {}),
        Case("kldiv {} --help", "-q check p.csv q.csv", PAIR),
        Case("did you mean {}?", "help chekc", {}, wrong="chekc"),
        Case("did you mean {}?", "--verison", {}, wrong="--verison"),
        Case("there are {}", "help zzz", {}, wrong="zzz"),
    ],
    "readers/thousands.py": [
        Case(
            "--thousands {}: a comma, a point, an apostrophe, a blank or an underscore",
            "p.csv q.csv --thousands ;",
            both('x,n\na,"1,204"\nb,"980"\n'),
            says="total 2184",
        ),
        Case(
            "leave --decimal out",
            "p.csv q.csv --thousands , --decimal ,",
            both('x,n\na,"1,204"\nb,"980"\n'),
            says="total 2184",
        ),
    ],
    "core/dataset.py": [
        Case(
            "--as counts, --as probabilities, --as weights or --as samples",
            "check p.csv q.csv",
            PAIR,
        ),
        Case(
            "--missing category counts missing values, --missing drop leaves them out",
            "check p.csv q.csv --missing error",
            {"p.csv": ROWS, "q.csv": ROWS + "1,\n"},
        ),
        Case("did you mean {}?", "check p.csv q.csv --column color", RAW, wrong="color"),
        Case("one name each: {}", "check p.csv q.csv --column size,colour", RAW),
        Case(
            "give each row a whole number: 0 if it stands for none",
            "check p.csv q.csv --frequency n",
            both("x,n\na,1\nb,\na,2\n"),
            edit=both("x,n\na,1\nb,0\na,2\n"),
        ),
        Case(
            "--thousands {} if it separates thousands",
            "check p.csv q.csv --frequency n",
            both('x,n\na,"1,204"\nb,980\n'),
            says="2,184 rows",
        ),
        Case(
            "--row-weight {} instead of --frequency if these are no counts",
            "check p.csv q.csv --frequency n",
            both("x,n\na,1.5\nb,1\na,2\n"),
            then="check p.csv q.csv --row-weight n",
        ),
        Case("did you mean {}?", "p.csv q.csv --weight cuont", PAIR, wrong="cuont"),
        Case("there are {}", "check p.csv q.csv --column weight", RAW, wrong="weight"),
        Case(
            "rename all but one of them",
            "p.csv q.csv --weight n",
            both("label,n,n\na,1,2\nb,2,1\n"),
            edit=both("label,n,m\na,1,2\nb,2,1\n"),
            says="total 3",
        ),
    ],
    "core/divergences.py": [
        Case(
            "write 0 for weights that are nothing beside the others",
            "compare p.csv q.csv",
            both("label,value\na,1e308\nb,5e-324\n"),
            edit=both("label,value\na,1e308\nb,0\n"),
        ),
    ],
    "core/instants.py": [
        Case(
            "write all instants with a zone, or all without",
            "check p.csv q.csv --column when",
            both(DATES),
            edit=both(DATES.replace("00Z", "00")),
        ),
    ],
    "core/judging.py": [
        Case(
            "--serial allows for it; --cluster COL if rows of one value belong together",
            "check p.csv q.csv --exclude day",
            both("x,day\n" + "".join(f"{'ab'[n // 180 % 2]},d{n // 180}\n" for n in range(3600))),
            fill={"COL": "day"},
        ),
        Case(
            "kldiv profile DATA --serial -o FILE makes a reference that allows for it, with this"
            " option",
            "check p.json q.csv",
            both("x\n" + "".join(f"{'ab'[n // 180 % 2]}\n" for n in range(3600))),
            before=("profile p.csv -o p.json",),
            fill={"DATA": "p.csv", "FILE": "new.json"},
            then="check new.json q.csv --serial",
        ),
        Case(
            "kldiv profile WINDOWS -o FILE makes a reference of them",
            "check one.json w2.csv",
            WINDOWS
            | {
                "all.csv": "size\n" + "".join(text.partition("\n")[2] for text in WINDOWS.values())
            },
            before=(f"calibrate {WEEKS} -o kldiv.toml", "profile w1.csv -o one.json"),
            fill={"WINDOWS": "all.csv", "FILE": "all.json"},
            then="check all.json w2.csv",
        ),
        Case(
            "--max-{} {} would make it drift",
            "check p.csv q.csv --max-kl colour=inf",
            both("colour\n")
            | {"p.csv": "colour\n" + "a\nb\n" * 99, "q.csv": "colour\n" + "a\n" * 99},
            says="drift",
        ),
        Case(
            "{} X would make it drift",
            "check p.csv q.csv",
            {"p.csv": ROWS, "q.csv": ROWS + "9,violet\n"},
            fill={"X": "0"},
            says="drift",
        ),
        Case(
            "{} X would make it drift",
            "check p.csv q.csv",
            {"p.csv": ROWS, "q.csv": ROWS + ",red\n" * 3},
            fill={"X": "0.001"},
            says="drift",
        ),
    ],
    "core/labels.py": [
        Case(
            "spell them alike if they are one outcome",
            "p.csv q.csv",
            {"p.csv": P, "q.csv": Q.replace("red", "red ")},
            edit=PAIR,
        ),
    ],
    "core/refusals.py": [
        Case(
            "--na {} for missing values; --categorical {} for text",
            "check p.csv q.csv",
            both("x y\n" + MANY + "n k\n"),
        ),
        Case(
            "--na {} for missing values; --categorical {} for text",
            "check p.csv q.csv",
            both("-y\n" + MANY + "-\n"),
        ),
        Case(
            "--na {} for missing values; --categorical {} for text",
            "check p.csv q.csv",
            both("x y,-z\n" + "".join(f"{i},{i}\n" for i in range(300)) * 3 + "n k,?\n"),
        ),
        Case("--exclude {} counts the other columns", "check p.json q.json", both(NESTED, "json")),
        Case(
            "--exclude {} counts the other columns",
            "check p.json q.json",
            both(
                '[{"x": {"a": 1}, "-z": [1], "y": 1}, {"x": {"a": 2}, "-z": [1], "y": 2}]', "json"
            ),
        ),
        Case(
            "leave {} out of --column",
            "check p.json q.json --column x --column y",
            both(NESTED, "json"),
        ),
        Case(
            "--categorical {} --exclude {}",
            "check p.json q.json",
            both(
                "".join(json.dumps({"-a": i, "b": [1], "c": i % 3}) + "\n" for i in range(300)) * 3
                + '{"-a": "n k", "b": [2], "c": 1}\n',
                "json",
            ),
        ),
    ],
    "core/table.py": [
        Case("leave --weight and --label out", "p.npy q.npy --weight 1", both(npy([1, 2]), "npy")),
    ],
    "core/types.py": [
        Case(
            "--na {} if none is a label", "check p.csv q.csv", both("x\n" + "red\nblue\nNA\n" * 9)
        ),
        Case(
            "--na {} if none is a label", "check p.csv q.csv", both("x\n" + "red\nN/A\nNA\n" * 9)
        ),
    ],
    "database.py": [
        Case(
            "--memory-limit 2GB allows more",
            "check p.csv p.csv --memory-limit 1kB",
            {"p.csv": "x,y\n" + "a,1.5\nb,2.5\n" * 5000},
            patch={"kldiv_cli.engines.SMALLEST": 0},
        ),
    ],
    "engines/local.py": [
        Case(
            "--column NAME chooses some; kldiv profile PART --like PROFILE counts parts one by"
            " one",
            "check p.csv q.csv",
            both("a,b,c\n" + "".join(f"{i},{i},{i % 5}\n" for i in range(60))),
            fill={"NAME": "a", "PART": "p.csv", "PROFILE": "a.json"},
            before=("profile p.csv --column a -o a.json",),
            patch={"kldiv_cli.engines.local.MOST_NUMBERS": 100},
        ),
        Case(
            "write '-' for '{}' in the data",
            "check p.csv q.csv",
            both("x\n" + MANY + "−5\n"),
            edit=both("x\n" + MANY + "-5\n"),
        ),
        Case(
            "--decimal ',' if the comma is a decimal mark",
            "check p.txt q.txt --delimiter tab",
            both("x\n" + MANY.replace("\n", ",5\n") + "7\n", "txt"),
        ),
        Case(
            "--decimal ',' if the comma is a decimal mark; no separators or signs",
            "check p.txt q.txt --delimiter tab",
            both("x\n" + MANY + "1,5\n", "txt"),
            tries=[2],
            external="",
        ),
        Case(
            "--thousands {} if it separates thousands",
            "check p.csv q.csv",
            both("x,y\n" + MANY.replace("\n", ",u\n") + "1'204,u\n"),
        ),
        Case(
            "--max-outcomes N allows more",
            "check p.csv q.csv --max-outcomes 2 --categorical size",
            RAW,
            fill={"N": "10"},
        ),
    ],
    "cli/commands/check.py": [
        Case(
            "--{}-table TABLE, --{}-sql QUERY, or a file",
            f"check {TABLE}",
            FLIGHTS,
            fill={"TABLE": "flights", "QUERY": "select * from flights"},
        ),
        Case(
            "leave the file out, or one of the tables",
            f"check a.csv {TABLE} --current-table flights",
            FLIGHTS,
            external="which of three sides is none, only the user knows",
        ),
    ],
    "cli/commands/profile.py": [
        Case(
            "--table TABLE, or --sql QUERY",
            "profile --connect duckdb://x.duckdb",
            FLIGHTS,
            fill={"TABLE": "flights", "QUERY": "select * from flights"},
        ),
    ],
    "pipeline/warehouses.py": [
        Case(
            "--connect postgresql://HOST/DATABASE",
            "check a.csv --current-table flights",
            FLIGHTS,
            external="the engine is the user's",
        ),
        Case("--timeout 600", f"check a.csv {CURRENT} --timeout x", FLIGHTS),
        Case(
            "leave one of them out",
            f"check a.csv {CURRENT} --current-sql 'select 1'",
            FLIGHTS,
            external="which of the two is meant, only the user knows",
        ),
    ],
    "readers/remote.py": [Case("leave --{} out", f"check a.csv {CURRENT} --where a=1", FLIGHTS)],
    "warehouse/address.py": [
        Case(
            "postgresql://HOST/DATABASE, duckdb://FILE, or sc://HOST:PORT of Spark Connect",
            "check a.csv --connect mysql://h/d --current-table flights",
            FLIGHTS,
            external="the engine is the user's",
        ),
        Case(
            "the variable PGPASSWORD, or the file ~/.pgpass, holds the password",
            "check a.csv --connect postgresql://u:p@h/d --current-table flights",
            FLIGHTS,
            external="a password is none of kldiv's business",
        ),
    ],
    "warehouse/relation.py": [
        Case(
            "did you mean {}?",
            "check a.csv --connect duckdb://x.duckdb --current-table flight",
            FLIGHTS,
            external="DuckDB keeps a file as it was opened, and the test writes it anew",
        ),
        Case(
            "there are {}",
            "check a.csv --connect duckdb://x.duckdb --current-table orders",
            FLIGHTS,
            wrong="orders",
        ),
    ],
    "warehouse/session.py": [
        Case(
            "--timeout SECONDS allows more",
            "check a.csv --connect duckdb://x.duckdb --timeout 0.1 --current-sql"
            " 'select a, b, c from flights, range(100000000000)'",
            FLIGHTS,
            external="it takes hours",
        ),
        Case(
            "pip install '.[cluster]' in a checkout of kldiv",
            f"check a.csv {CURRENT}",
            FLIGHTS,
            patch={"kldiv_cli.warehouse.session.is_installed": lambda: False},
            external="what is installed is tested with the package",
        ),
        Case(
            "the variable PGPASSWORD, or the file ~/.pgpass, holds the password",
            f"check a.csv {CURRENT}",
            FLIGHTS,
            patch={"kldiv_cli.warehouse.session._duck": refused},
            external="a password is none of kldiv's business",
        ),
    ],
    "pipeline/batch.py": [
        Case(
            "--as probabilities if they are",
            "p.npy q.npy --as logits",
            both(npy([[0.25, 0.25, 0.5]] * 9), "npy"),
        ),
        Case(
            "compare what two models make of the same text",
            "p.kld q.kld",
            {
                "p.kld": base_file([[1.0, 2.0], [0.5, 3.0]], 3),
                "q.kld": base_file([[1.0, 2.0], [0.5, 3.0]], 3, [1, 1, 0, 0, 1, 0]),
            },
            edit={"q.kld": base_file([[1.5, 2.0], [0.5, 3.0]], 3)},
        ),
        Case(
            "compare what two models make of the same text: prompt_logprobs, for example",
            "p.json q.json",
            {"p.json": TWO, "q.json": OTHER},
            edit={"q.json": TWO},
        ),
    ],
    "pipeline/check.py": [],
    "pipeline/compare.py": [
        Case("leave --block out", "p.csv q.csv --block 3", PAIR),
        Case(
            "leave --by out",
            "p.csv q.csv --by side --label x --as logits",
            both("side,x,w\nu,a,1\nv,b,2\n", "csv"),
        ),
        Case(
            "leave --temperature out",
            "p.kld q.kld --temperature 2",
            both(base_file([[1.0, 2.0], [0.5, 3.0]], 3), "kld"),
        ),
        Case(
            "leave --kld-rule out",
            "p.npy q.npy --as logits --kld-rule llama.cpp",
            both(npy([[1.0, 2.0], [2.0, 3.0]]), "npy"),
        ),
        Case(
            "--measure kl_pq --kld-rule llama.cpp",
            "p.kld q.kld --kld-rule llama.cpp",
            both(base_file([[1.0, 2.0], [0.5, 3.0]], 3), "kld"),
        ),
        Case(
            "leave --kld-rule out",
            "p.kld q.kld --measure kl_pq --kld-rule llama.cpp --fail-above kl_qp_p99=9",
            both(base_file([[1.0, 2.0], [0.5, 3.0]], 3), "kld"),
        ),
        Case("leave --block out", "p.csv q.csv --block 2", PAIR),
        Case("leave --targets out", "p.csv q.csv --targets t.csv", {**PAIR, "t.csv": "1\n"}),
        Case("--fail-above kl_pq=0.05, for example", "p.csv q.csv --fail-above kl_p99=9", PAIR),
        Case(
            "name one Q, or leave --as samples out",
            "compare p.csv q.csv q.csv --as samples",
            PAIR,
            edit=PAIR,
            then="compare p.csv q.csv --as samples",
        ),
        Case(
            "--no-header if the first rows hold data",
            "compare p.csv q.csv --as samples",
            {"p.csv": "a\nx\ny\n", "q.csv": "x\ny\nx\n"},
        ),
        Case(
            "--reduction batchmean",
            "p.npy q.npy --reduction mean",
            both(npy([[1, 2], [2, 3]]), "npy"),
        ),
        Case("leave --reduction out", "p.csv q.csv --reduction sum", PAIR),
        Case(
            "--categorical {} compares labels; --exclude {} compares the other columns",
            "compare p.csv q.csv --as samples",
            {"p.csv": "x,y\n" + "1.5,a\n2,b\n" * 9, "q.csv": "x,y\n" + "u,a\nv,b\n" * 9},
        ),
        Case(
            "--categorical {} compares labels; --exclude {} compares the other columns",
            "compare p.csv q.csv --as samples",
            {
                "p.csv": "x,z,y\n" + "1.5,1.5,a\n2,2,b\n" * 9,
                "q.csv": "x,z,y\n" + "u,u,a\nv,v,b\n" * 9,
            },
        ),
    ],
    "pipeline/config.py": [
        Case(
            "delete {} here, since the command line alone says it",
            "check p.csv q.csv --config k.toml",
            {**RAW, "k.toml": "output = 'x.html'"},
            edit={"k.toml": ""},
        ),
        Case(
            "did you mean {}?",
            "check p.csv q.csv",
            {**RAW, "kldiv.toml": "max-lk = 0.1\n"},
            wrong="max-lk",
        ),
        Case(
            "there are {}",
            "check p.csv q.csv",
            {**RAW, "kldiv.toml": "[columns.size]\nquux = 3\n"},
            edit={"kldiv.toml": "[columns.size]\nbins = 3\n"},
        ),
    ],
    "pipeline/pairing.py": [
        Case(
            "bin both sides alike: np.histogram(x, bins=edges), or pd.cut(x, edges); --exclude {}"
            " leaves it out",
            "check p.csv q.csv",
            {
                "p.csv": "x,y\n" + '"(0, 1]",a\n"(1, 2]",a\n' * 9,
                "q.csv": "x,y\n" + '"(0, 2]",a\n"(2, 3]",a\n' * 9,
            },
            edit={"q.csv": "x,y\n" + '"(0.0, 1.0]",a\n"(1.0, 2.0]",a\n' * 9},
            tries=[0, 1],
        ),
        Case(
            "kldiv profile DATA --like REFERENCE -o FILE counts with the edges of REFERENCE",
            "check ref.json cur.json",
            NUMBERS,
            before=("profile p.csv -o ref.json", "profile q.csv -o cur.json"),
            fill={"DATA": "q.csv", "REFERENCE": "ref.json", "FILE": "new.json"},
            then="check ref.json new.json",
        ),
        Case(
            "make the profile anew with this option, or leave it out",
            "check ref.json q.csv --bins 3",
            NUMBERS,
            before=("profile p.csv -o ref.json",),
            edit=NUMBERS,
            then="check ref.json q.csv",
        ),
        Case(
            "make the profile anew with this option, or leave it out",
            "check ref.json q.csv --categorical x",
            NUMBERS,
            before=("profile p.csv -o ref.json", "profile p.csv -o new.json --categorical x"),
            edit=NUMBERS,
            then="check new.json q.csv --categorical x",
        ),
    ],
    "pipeline/calibrate.py": [
        Case(
            "leave one of the two out",
            f"calibrate {WEEKS} w8.csv",
            WINDOWS,
            edit=WINDOWS,
            then=f"calibrate {WEEKS}",
        ),
        Case(
            "give a file for each past day, week or month",
            "calibrate w1.csv w2.csv",
            WINDOWS,
            edit=WINDOWS,
            then=f"calibrate {WEEKS}",
        ),
        Case(
            "leave windows out that are not whole, or cut all to the same length",
            f"calibrate {WEEKS} short.csv",
            {**WINDOWS, "short.csv": "size\n1\n2\n"},
            edit=WINDOWS,
            then=f"calibrate {WEEKS}",
        ),
        Case(
            "--exclude {} leaves out what has a trend",
            f"calibrate {TRENDS}",
            TREND,
        ),
        Case(
            "--exclude NAME for each of them leaves out what has a trend",
            f"calibrate {TRENDS}",
            TREND,
            fill={"NAME": "size"},
            patch={"kldiv_cli.pipeline.calibrate.LONGEST_HINT": 3},
        ),
        Case(
            "give windows since the last change alone",
            f"calibrate {TRENDS}",
            TREND,
            external="only the user knows since when",
        ),
        Case(
            "-o FILE names another place",
            f"calibrate {WEEKS} -o mine.toml",
            {**WINDOWS, "mine.toml": "top = 3\n"},
            fill={"FILE": "limits.toml"},
        ),
    ],
    "pipeline/segments.py": [
        Case(
            "give raw rows, or leave --by out",
            "check old.json q.csv --by colour",
            {**RAW, "q.csv": ROWS_2},
            before=("profile p.csv -o old.json",),
        ),
        Case(
            "name a column of labels, or put the numbers into bins beforehand",
            "check p.csv q.csv --by y",
            MANY_PRICES,
            edit=MANY_PRICES,
            then="check p.csv q.csv --by colour",
        ),
        Case(
            "--max-segments {} takes them all",
            "check p.csv q.csv --by colour --max-segments 1",
            RAW,
        ),
    ],
    "pipeline/profile.py": [
        Case(
            "--row-weight {}; kldiv profile DATA -o FILE makes it anew, or leave it out",
            "profile p.json",
            {"p.csv": ROWS, "p.json": ""},
            before=("profile p.csv --row-weight size -o p.json",),
            fill={"DATA": "p.csv", "FILE": "p.json"},
            then="profile p.json --row-weight size",
            tries=[0],
        ),
        Case(
            "--row-weight {}; kldiv profile DATA -o FILE makes it anew, or leave it out",
            "profile p.json",
            {"p.csv": ROWS, "p.json": ""},
            before=("profile p.csv --row-weight size -o p.json",),
            fill={"DATA": "p.csv", "FILE": "p.json"},
            then="profile p.json",
            tries=[1],
        ),
        # One that weighs and one that does not: no option for both would do.
        Case(
            "kldiv profile DATA -o FILE makes it anew, or leave it out",
            "profile p.json q.json",
            {**RAW, "p.json": "", "q.json": ""},
            before=(
                "profile p.csv --row-weight size -o p.json",
                "profile q.csv -o q.json",
            ),
            fill={"DATA": "p.csv", "FILE": "p.json"},
            then="profile p.json q.json",
        ),
        Case(
            "kldiv profile DATA --row-weight {} -o FILE makes it anew, or leave it out",
            "profile p.json q.json --row-weight size",
            {**RAW, "p.json": "", "q.json": ""},
            before=(
                "profile p.csv --row-weight size -o p.json",
                "profile q.csv -o q.json",
            ),
            fill={"DATA": "q.csv", "FILE": "q.json"},
            then="profile p.json q.json --row-weight size",
        ),
        Case(
            "leave --row-weight out",
            "profile p.json p.json --row-weight size",
            {**RAW, "p.json": ""},
            before=("profile p.csv -o p.json",),
            fill={"DATA": "p.csv", "FILE": "p.json"},
            tries=[0],
        ),
        Case(
            "--numeric {} counts them in bins",
            "profile p.csv --as counts",
            {"p.csv": "column,outcome,count\nx,0.5,40\nx,1.5,60\n"},
        ),
        Case(
            "--exclude {}",
            "profile p.csv q.csv",
            {"p.csv": ROWS, "q.csv": "size\n1\n2\n"},
        ),
        Case(
            "--column NAME chooses the columns that all parts have",
            "profile p.csv q.csv",
            {"p.csv": "a,b,c,d,e,f,g\n" + "1,1,1,1,1,1,1\n" * 9, "q.csv": "a\n" + "1\n" * 9},
            fill={"NAME": "a"},
        ),
        Case(
            "--like PROFILE counts raw rows with the columns, types and edges of PROFILE",
            "profile ref.json q.csv",
            {"p.csv": "x\n" + MANY, "q.csv": "x\n" + MANY + "7777\n" * 5},
            before=("profile p.csv -o ref.json",),
            fill={"PROFILE": "ref.json"},
        ),
        Case(
            "kldiv profile DATA -o FILE makes one",
            "profile p.csv --like q.csv",
            RAW,
            fill={"DATA": "q.csv", "FILE": "q.json"},
            then="profile p.csv --like q.json",
        ),
        Case(
            "mend the data, or make the profile to be like anew without the column",
            "profile q.json --like p.json.profile",
            {"p.json": '[{"x": 1, "y": 1, "z": 1}, {"x": 2, "y": 2, "z": 2}]', "q.json": NESTED},
            before=("profile p.json -o p.json.profile",),
            edit={"q.json": '[{"x": 1, "y": 1, "z": 1}, {"x": 2, "y": 2, "z": 2}]'},
        ),
    ],
    "pipeline/settings.py": [
        Case("leave {} or {} out", "check p.csv q.csv --by colour --serial", RAW),
        Case(
            "leave {} or {} out",
            "p.csv q.csv --by side --label x --smoothing laplace",
            both("side,x,n\nu,a,1\nv,b,2\n", "csv"),
        ),
        Case(
            "leave --frequency out",
            "check p.json p.json --frequency n",
            {**RAW, "p.json": ""},
            before=("profile p.csv -o p.json",),
        ),
        Case(
            "leave {} out, or name another column",
            "check p.csv q.csv --by colour --column colour",
            RAW,
            edit=RAW,
            then="check p.csv q.csv --by colour --column size",
        ),
        Case(
            "kldiv matrix P Q takes two files",
            "matrix p.csv",
            PAIR,
            fill={"P": "p.csv", "Q": "q.csv"},
        ),
        Case(
            "kldiv compare P Q --as samples does",
            "matrix p.csv q.csv --as samples",
            PAIR,
            fill={"P": "p.csv", "Q": "q.csv"},
        ),
        Case(
            "--rows FILE instead of --top writes the measures of every row; leave --top out",
            "p.json q.json --top 3",
            both("[[1, 2], [2, 1]]", "json"),
            fill={"FILE": "rows.csv"},
        ),
        Case(
            "leave --top out",
            "check p.npy q.npy --as logits --top 3",
            both(npy([[1, 2], [2, 1]] * 9), "npy"),
        ),
        Case(
            "--as {} if both do; kldiv compare takes such a pair",
            "check p.npy q.npy --as logits --as probabilities",
            both(npy([[0.25, 0.75]] * 9), "npy"),
        ),
        Case(
            "leave {} out; --as logits if these are logits",
            "check p.npy q.npy --block 3",
            both(npy([[1.0, 2.0], [2.0, 1.0]] * 9), "npy"),
        ),
        Case(
            "--as counts",
            "profile p.csv --duplicates sum",
            {"p.csv": "town,n\nRom,5\nRom,3\n"},
        ),
        Case(
            "leave --duplicates out",
            "p.json q.json --duplicates sum",
            both("[1, 2, 3]", "json"),
        ),
        Case(
            "leave --label or --joint out",
            "p.csv q.csv --label a --joint a --joint b",
            both("a,b,n\nx,u,5\ny,u,3\n"),
        ),
        Case(
            "leave --na out",
            "check made.json made.json --na x",
            RAW,
            before=("profile p.csv -o made.json",),
        ),
        Case(
            "leave --max-outcomes out",
            "check made.json made.json --max-outcomes 9",
            RAW,
            before=("profile p.csv -o made.json",),
        ),
        Case(
            "name a second file, or two values: --where COLUMN=BEFORE --where COLUMN=AFTER",
            "p.csv --as samples",
            RAW,
            fill={"COLUMN": "colour", "BEFORE": "red", "AFTER": "blue"},
        ),
        Call(
            "give each side a name, or None",
            "compare",
            ([1, 2], [2, 1]),
            {"names": ("a", "b", "c")},
            instead_options={"names": ("a", None)},
        ),
        Case(
            "--targets FILE",
            "p.npy q.npy --as logits --fail-above delta_p_rms=1",
            {**both(npy([[1.0, 2.0], [2.0, 3.0]]), "npy"), "t.csv": "0\n1\n"},
            fill={"FILE": "t.csv"},
        ),
        Case("--as samples, or leave {} out", "p.csv q.csv --bins 5", PAIR),
        Case("--as samples, or leave {} out", "p.csv q.csv --numeric count", PAIR),
        Case(
            "leave --{} out for this format", "p.npy q.npy --delimiter ,", both(npy([1, 2]), "npy")
        ),
        Case(
            "leave one of the names out, or give each side its own",
            "a=p.csv a=q.csv",
            PAIR,
            edit=PAIR,
            then="a=p.csv b=q.csv",
        ),
        Case(
            "leave {} or --like out",
            "profile q.csv --like p.json --bins 5",
            NUMBERS,
            before=("profile p.csv -o p.json",),
        ),
        Case("leave {} out", "check p.csv q.csv --as counts --bins 3", PAIR),
        Case("leave {} out", "check p.csv q.csv --as weights --missing drop", PAIR),
        Case(
            "leave {} out; --as counts if this is a table of counts",
            "check p.csv q.csv --label colour --weight count",
            PAIR,
            tries=[1],
        ),
        Case(
            "leave {} out; --as counts if this is a table of counts",
            "check p.csv q.csv --duplicates sum",
            RAW,
            tries=[0],
        ),
        Case(
            "leave {} out; --as counts if this is a table of counts",
            "check p.csv q.csv --duplicates sum",
            PAIR,
            tries=[1],
        ),
        Case(
            "--as counts, --as probabilities or --as logits says what two weights are",
            "check p.csv --weight a --weight b",
            {"p.csv": "x,a,b\nu,1,2\nv,2,1\n"},
        ),
    ],
    "pipeline/settling.py": [
        Case(
            "dates are written as 2024-01-05, or 2024-01-05T12:30:00Z; leave its type out",
            "check p.csv q.csv",
            {
                **both("x,y\n" + "red,1\nblue,2\n" * 9),
                "kldiv.toml": "[columns.x]\ntype = 'date'\n",
            },
            edit={"kldiv.toml": ""},
        ),
    ],
    "pipeline/matrix.py": [
        Case(
            "kldiv compare compares batches row by row; --flatten makes one distribution of the"
            " array",
            "matrix p.npy q.npy",
            both(npy([[1, 2], [2, 3]]), "npy"),
        ),
    ],
    "pipeline/sides.py": [
        Case(
            "--as logits or --as log-probs if a model wrote them; --as samples if not",
            "check p.npy q.npy",
            both(npy(np.eye(40, 120)), "npy"),
        ),
        Case(
            "--as samples if these are raw rows; logits have no profile",
            "profile p.npy",
            both(npy(np.eye(40, 120)), "npy"),
        ),
        Case(
            "--as counts if these are counts; --smoothing floor:1e-6 if they are not",
            "p.csv q.csv --smoothing jeffreys",
            both("x,n\na,60\nb,40\n"),
        ),
        Case("--as logits", "p.npy q.npy --temperature 2", both(npy([[1, 2], [2, 3]]), "npy")),
        Case(
            "leave --smoothing out",
            "p.npy q.npy --as logits --smoothing floor:0.1",
            both(npy([[1, 2], [2, 3]]), "npy"),
        ),
        Case(
            "--as counts if these are counts; --as samples if they are raw rows",
            "profile p.csv",
            {"p.csv": "column,outcome,count\nx,a,40\nx,b,60\n"},
        ),
        Case(
            "--column {} makes a profile of one column; count missing values, too: GROUP BY counts"
            " NULL",
            "profile p.csv --as counts",
            {"p.csv": "column,outcome,count\nx,a,40\ny,b,60\n"},
            edit={"p.csv": "column,outcome,count\nx,a,40\nx,,20\ny,b,60\n"},
        ),
        Case(
            "kldiv profile DATA {} -o FILE does",
            "check made.json q.csv --joint size --joint colour",
            RAW,
            before=("profile p.csv -o made.json",),
            fill={"DATA": "p.csv", "FILE": "pairs.json"},
            then="check pairs.json q.csv --joint size --joint colour",
        ),
        Case(
            "kldiv profile DATA --where {} -o FILE counts these rows alone",
            "check made.json made.json --where size=3",
            RAW,
            before=("profile p.csv -o made.json",),
            fill={"DATA": "p.csv", "FILE": "rows.json"},
            then="check rows.json q.csv --where size=3",
        ),
        Case("leave --map out", "check p.csv q.csv --as counts --map a=b", PAIR),
        Case(
            "--missing category",
            "check p.csv q.csv --as probabilities --as samples --missing drop",
            {"p.csv": "x,p\nred,0.6\n,0.4\n", "q.csv": "x\nred\nblue\nred\n"},
        ),
        Case(
            "--column {}, or another, chooses one; --as counts if this is a table of counts",
            "check p.csv q.csv --as probabilities --as samples",
            {"p.csv": "x,p\nred,0.5\nblue,0.5\n", "q.csv": "colour,n\nred,5\nblue,5\nred,6\n"},
            tries=[0],
        ),
        Case(
            "--column {}, or another, chooses one; --as counts if this is a table of counts",
            "check p.csv q.csv --as probabilities --as samples",
            {"p.csv": "x,p\nred,0.5\nblue,0.5\n", "q.csv": "x,n\nred,5\nblue,5\n"},
            tries=[1],
            side=1,
        ),
        Case(
            "--missing category makes missing values an outcome; --exclude {} leaves it out",
            "check p.csv q.csv --missing drop",
            {"p.csv": ROWS, "q.csv": "size,colour\n" + "1,\n2,\n" * 9},
        ),
        Case(
            "kldiv compare compares batches row by row; --flatten makes one distribution of the"
            " array; --as samples if these are raw rows",
            "check p.npy q.npy --as counts",
            both(npy([[1, 2], [2, 1]] * 9), "npy"),
        ),
        Case(
            "--as counts --as samples if the other side holds raw rows; --as counts if not",
            "check p.json q.json",
            both(HISTOGRAM, "json"),
            tries=[1],
        ),
        Case(
            "--as counts --as samples if the other side holds raw rows; --as counts if not",
            "check p.json q.csv",
            {"p.json": HISTOGRAM, "q.csv": "x\n0.5\n1.5\n"},
            tries=[0],
        ),
        Case(
            "--as samples --as counts",
            "check p.csv q.json",
            {"p.csv": "x\n0.5\n1.5\n", "q.json": HISTOGRAM},
        ),
        Case(
            "leave --flatten out",
            "p.csv q.csv --flatten",
            PAIR,
        ),
        Case(
            "bin both sides alike: np.histogram(x, bins=edges), or pd.cut(x, edges)",
            "p.csv q.csv",
            {"p.csv": 'x,n\n"(0, 1]",5\n"(1, 2]",5\n', "q.csv": 'x,n\n"(0, 2]",5\n"(2, 3]",5\n'},
            edit={"q.csv": 'x,n\n"(0.0, 1.0]",5\n"(1.0, 2.0]",5\n'},
            external="the numbers are binned again",
        ),
        Case(
            "mend the data, or leave --strict out",
            "p.csv q.csv --strict --duplicates sum",
            {"p.csv": P + "red,1\n", "q.csv": Q},
        ),
        Case(
            "--column {} brings it in; --as counts if these are counts",
            "check p.csv q.csv",
            KEYS,
            tries=[0],
        ),
        Case(
            "--column {} brings it in; --as counts if these are counts",
            "check p.csv q.csv",
            both("name,n\n" + "".join(f"u{i},{i * i}\n" for i in range(100))),
            tries=[1],
        ),
        Case(
            "--column {} brings it in; --as counts if these are counts",
            "check p.csv q.csv",
            both("when\n" + "2024-01-05\n2024-01-06\n" * 20),
            tries=[0],
        ),
        *(
            Case("leave {} out", f"{command} {word}", both("n\n" + "1\n2\n" * 20))
            for command, words in NO_DATA.items()
            for word in words
        ),
        Case(
            "give data in which a column has values that are not always the same",
            f"calibrate {WEEKS}",
            dict.fromkeys(WINDOWS, "size\n" + "1\n2\n" * 50),
            edit=WINDOWS,
        ),
    ],
    "pipeline/validation.py": [
        Call("put it into a list", "matrix", ("p.csv",), instead=([[1, 2], [2, 1]],)),
        Case(
            "leave one of the two out",
            "check p.csv q.csv --map a=size --map b=size",
            {**RAW, "q.csv": ROWS.replace("size", "a")},
            edit={"p.csv": ROWS},
            then="check p.csv q.csv --map a=size",
        ),
        Case("'kldiv measures' lists them all", "p.csv q.csv --measure kl_qq", PAIR),
        Case("--base {}", "p.csv q.csv --base bits", PAIR),
        Case("did you mean {}?", "p.csv q.csv --as conuts", PAIR, wrong="conuts"),
        Case("did you mean {}?", "p.csv q.csv --color alwys", PAIR, wrong="alwys"),
        Case("did you mean {}?", "p.csv q.csv -f jsn", PAIR, wrong="jsn"),
        Call("did you mean {}?", "compare", ([1, 2], [2, 1]), {"kind": "conuts"}, wrong="conuts"),
        Call("--base {}", "compare", ([1, 2], [2, 1]), {"base": "bits"}),
        Call(
            "columns={'age': {'max_kl': 0.1}}",
            "check",
            ({"age": [1, 2] * 9},) * 2,
            {"columns": "age"},
        ),
        Call(
            "there are {}",
            "check",
            ({"age": [1, 2] * 9},) * 2,
            {"columns": {"age": {"x": 3}}},
            instead_options={"columns": {"age": {"bins": 3}}},
        ),
    ],
    "pipeline/gate.py": [
        Case(
            "kldiv compare shows the bound",
            "check p.json q.json --as logits",
            both(TOPS, "json"),
        ),
        Case(
            "leave --block out",
            "check p.npy q.npy --as logits --block 3",
            both(npy([1.0, 2.0]), "npy"),
        ),
    ],
    "pipeline/headers.py": [
        Case(
            "--header if it holds names, --no-header --header if it holds data",
            "p.csv q.csv",
            {"p.csv": "k,0\na,3\nb,4\n", "q.csv": "k,n\na,3\nb,5\n"},
        ),
        Case(
            "--header if it holds names, --header --no-header if it holds data",
            "check p.csv q.csv --as counts",
            {"p.csv": "k,n\na,3\nb,4\n", "q.csv": "k,0\na,3\nb,5\n"},
        ),
        Case(
            "--header --no-header if it holds names, --no-header if it holds data",
            "p.csv q.csv",
            {"p.csv": "k,0\na,3\nb,4\n", "q.csv": "a,3\nb,5\n"},
        ),
        Case(
            "--no-header --header if it holds names, --no-header if it holds data",
            "p.csv q.csv",
            {"p.csv": "a,3\nb,4\n", "q.csv": "k,0\na,3\nb,5\n"},
        ),
    ],
    "pipeline/init.py": [
        Case("leave --init out", "check p.csv q.csv --init --exclude \udcff*", RAW),
        Case(
            "leave --init out",
            "check p.npy q.npy --init --as logits",
            both(npy([[1.0, 2.0]] * 9), "npy"),
        ),
    ],
    "readers/column_choice.py": [
        Case(
            "--joint {} --joint {} if the outcomes are pairs",
            "p.csv q.csv",
            both("shop,device,n\nx,u,5\ny,v,7\n"),
        ),
        Case(
            "--delimiter ' ' if a blank separates label and number",
            "p.txt q.txt",
            both("red 5\nblue 3\n", "txt"),
            says="counts of 2 outcomes",
        ),
        Case(
            "--as samples if the rows are raw values; write commas or tabs between columns if"
            " these are several",
            "p.txt q.txt",
            both("new york 5\nboston 3\nboston 3\n", "txt"),
        ),
        Case(
            "--as samples if the rows are raw values; --delimiter CHAR if the columns were not"
            " split",
            "p.csv q.csv",
            both("x,y\na,b\nb,b\n"),
            fill={"CHAR": ","},
            tries=[0],
        ),
        Case(
            "--as samples if the rows are raw values; --delimiter CHAR if the columns were not"
            " split",
            "p.csv q.csv",
            both("x:y\na:5\nb:7\n"),
            fill={"CHAR": ":"},
            tries=[1],
            says="0",
        ),
        Case(
            "--as samples if these are raw values",
            "p.json q.json",
            both('[{"x": "a"}, {"x": "b"}]', "json"),
        ),
        Case(
            "--decimal ',' if the comma is a decimal mark",
            "p.csv q.csv --delimiter ;",
            both("x;y\na;0,5\nb;0,5\n"),
            says="total 1",
        ),
        Case(
            "--header if the first row holds the names",
            "p.csv q.csv --no-header --weight n",
            both("x,n\na,5\nb,6\n"),
            says="total 11",
        ),
        Case("--label {} --weight {}", "p.csv q.csv", both("name,x,n\na,u,1\nb,v,2\n")),
        Case("--label {} --weight {}", "p.csv q.csv", both("id, it's,count,-c\na,u,1,\nb,v,2,\n")),
        Case(
            "--label {}, or another of these; --as samples if these are raw rows",
            "p.csv q.csv",
            both("x,y,z,n\na,u,k,1\nb,v,l,2\n"),
        ),
        Case(
            "--weight {}, or another of these; --as samples if these are raw rows",
            "p.csv q.csv",
            both("x,-a,-b\nu,1,2\nv,2,1\n"),
        ),
        Case(
            "--weight {} if these are the weights; --weight {} if these are labels; --as samples"
            " if these are raw rows",
            "p.json q.json",
            both('{"hour": [3, 4, 5], "hits": ["7", "8", "9"]}', "json"),
        ),
        Case(
            "write a row for each outcome, with its label and its number; --as samples if this is"
            " a raw row",
            "p.csv q.csv",
            both("x,y\n5,3\n"),
            edit=both("k,n\nx,5\ny,3\n"),
        ),
        Case(
            "leave --label out, or name another column by it",
            "p.csv q.csv --label n --weight n",
            both("x,n\na,1\nb,2\n"),
        ),
    ],
    "readers/failures.py": [
        Case("did you mean {}?", "compare pp.csv q.csv", PAIR, wrong="pp.csv"),
    ],
    "readers/__init__.py": [
        Call(
            "name a second file, or two weights of the first: --weight {} --weight {}",
            "compare",
            ({"a": [1, 2], "b": [2, 1]},),
            {"weight": ("a", None)},
        ),
        Case(
            "name a second file, or two weights of the first: --weight {} --weight {}",
            "p.csv",
            {"p.csv": "x,it's,-b\nu,1,2\nv,2,1\n"},
        ),
        Case(
            "name a second file, or two weights of the first: --weight {} --weight {}",
            "p.csv --no-header",
            {"p.csv": "5,1,2\n6,2,1\n"},
        ),
        Case(
            "name a second file, or two weights of the first: --weight {} --weight {}",
            "p.npz --as logits",
            {"p.npz": npz(**{"my base": [[1.5, 2]], "q4": [[2.0, 3]], "x": [1.0]})},
        ),
        Case(
            "name a second file, or two weights of the first: --weight {} --weight {}",
            "p.safetensors --as logits",
            {"p.safetensors": tensors(**{"my base": "U8", "q4": "U8"})},
        ),
        Case("name a second file", "p.csv", PAIR, external="only its user knows it"),
    ],
    "readers/arrays.py": [
        Case(
            "--as logits or --as log-probs if it holds such",
            "p.npy q.npy",
            both(npy([[[-0.5, -1.0]] * 9] * 2), "npy"),
        ),
        Call(
            "convert it with float() or int()",
            "compare",
            ([Fraction(1, 2), Fraction(1, 2)], [1, 2]),
            instead=([0.5, 0.5], [1, 2]),
        ),
        Call(
            "give a path, an array, a mapping of labels to weights or a data frame",
            "compare",
            (5, [1, 2]),
            instead=([5, 6], [1, 2]),
        ),
        Call(
            "save the array as float64",
            "compare",
            (np.array([np.longdouble(1) / 3, 1]), [1, 2]),
            instead=(np.array([1 / 3, 1]), [1, 2]),
        ),
    ],
    "readers/columnar.py": [
        Case(
            "rename one",
            "p.parquet q.parquet",
            both(parquet(["colour", "count", "count"], COLUMNS), "parquet"),
            edit=both(parquet(["colour", "count", "n"], COLUMNS), "parquet"),
            then="p.parquet q.parquet --weight count",
        ),
    ],
    "readers/compression.py": [
        Case(
            "--max-inflated BYTES allows more",
            "p.csv.gz q.csv.gz --max-inflated 10",
            {f"{name}.gz": gzip.compress(text.encode()) for name, text in PAIR.items()},
            fill={"BYTES": "1MB"},
            says="total 10",
        ),
        Case(
            "pip install '.[duckdb]' in a checkout of kldiv; or convert the file to CSV",
            "p.parquet q.parquet",
            both(b"PAR1\0\0", "parquet"),
            edit=PAIR,
            then="p.csv q.csv",
            patch=NOT_INSTALLED,
        ),
        Case(
            "pip install '.[duckdb]' in a checkout of kldiv; or unpack it with zstd -d",
            "p.csv.zst q.csv",
            {"p.csv.zst": b"\x28\xb5\x2f\xfd", "q.csv": Q},
            external="zstd is another program",
            patch=NOT_INSTALLED,
        ),
        Case(
            "rename the file if it is not compressed",
            "p.csv.gz q.csv",
            {"p.csv.gz": P, "q.csv": Q},
            edit=PAIR,
            then="p.csv q.csv",
        ),
    ],
    "readers/counted.py": [
        Case(
            "mend the outcome, or let outcomes be labels, as they are if nothing is said",
            "profile p.csv --as counts --numeric x",
            {"p.csv": "column,outcome,count\nx,a,40\nx,1,60\n"},
            edit={"p.csv": "column,outcome,count\nx,2,40\nx,1,60\n"},
        ),
        Case(
            "a profile is not edited by hand: kldiv profile DATA -o FILE makes it anew",
            "check p.json q.csv",
            {
                **RAW,
                "p.json": json.dumps({"schema": "kldiv.profile/1", "rows": 1, "columns": [1]}),
            },
            fill={"DATA": "p.csv", "FILE": "p.json"},
        ),
        Case(
            "kldiv profile DATA -o FILE makes one",
            "check p.json q.csv",
            {**RAW, "p.json": json.dumps({"schema": "kldiv.profile/9"})},
            fill={"DATA": "p.csv", "FILE": "p.json"},
        ),
        Case(
            "kldiv profile DATA -o FILE makes one",
            "check p.json q.csv",
            RAW,
            before=("compare p.csv q.csv --as samples -f json -o p.json",),
            fill={"DATA": "p.csv", "FILE": "p.json"},
        ),
        Case(
            "kldiv profile DATA --column {} -o FILE counts it",
            "check p.json q.csv --column id",
            both("id,x\n" + "".join(f"u{i},{i % 3}\n" for i in range(100))),
            before=("profile p.csv -o p.json",),
            fill={"DATA": "p.csv", "FILE": "p.json"},
        ),
    ],
    "readers/delimited.py": [
        Case(
            "--input-format csv if each line is one value",
            "check p.txt q.txt",
            both("   5 red\n   3 blue\n", "txt"),
        ),
        Case(
            "leave out the count of rows: psql -At, or SET NOCOUNT ON",
            "p.csv q.csv",
            both(P + "(3 rows)\n"),
            edit=PAIR,
        ),
        Case(
            "--comment '#' if lines that begin so are comments",
            "p.csv q.csv",
            both("# a table, of counts, and more\n" + P),
            says="total 10",
        ),
        Case(
            "--comment '#' if lines that begin so are comments",
            "p.csv q.csv",
            both(P + "# the end\n"),
            says="total 10",
        ),
        Case(
            "quote a field that holds the delimiter or a line end",
            "p.csv q.csv",
            both(P + "a,b,3\n"),
            edit=both(P + '"a,b",3\n'),
            says="total 13",
        ),
        Case(
            "--skip-rows {} if a title stands above; quote a field that holds the delimiter or a"
            " line end",
            "p.csv q.csv",
            both("Table 1\n" + P),
            says="total 10",
        ),
        Case(
            "leave out a line that is a title or a footnote",
            "p.csv q.csv",
            both(P + "* revised\n"),
            edit=both(P),
            says="total 10",
        ),
    ],
    "readers/delimiter.py": [
        Case(
            "--delimiter {}",
            "p.csv q.csv",
            both(P.replace(",", ";")),
            says="total 10",
        ),
        Case(
            "--delimiter {}",
            "p.csv q.csv",
            both(P.replace(",", "\t")),
            says="total 10",
        ),
        Case(
            "--delimiter {}",
            "p.csv q.csv",
            both(P.replace(",", "|")),
            says="total 10",
        ),
        Case(
            "--delimiter {} --decimal ','",
            "p.csv q.csv",
            both("x;p\na;0,25\nb;0,75\n"),
            says="total 1",
        ),
        Case(
            "--delimiter {} --decimal ',' or {}",
            "p.txt q.txt",
            both("p;x|y\n0,25;a|u\n0,75;b|v\n", "txt"),
            tries=[0],
        ),
        Case(
            "--delimiter {} --decimal ',' or {}",
            "p.txt q.txt",
            both("p;x|y\n0,25;a|1\n0,75;b|2\n", "txt"),
            tries=[1],
        ),
        Case(
            "--delimiter {} --decimal ',', or --delimiter {} if it is that",
            "p.csv q.csv",
            both("x;w,v\na;5,2\nb;5,3\n"),
        ),
        Case(
            "--delimiter {} or {}", "p.txt q.txt", both("n;x|y\n5;a|u\n6;b|v\n", "txt"), tries=[0]
        ),
        Case(
            "--delimiter {} or {}", "p.txt q.txt", both("x;y|n\na;u|5\nb;v|6\n", "txt"), tries=[1]
        ),
        Case(
            "--delimiter {}, or --delimiter {} if it is that",
            "p.csv q.csv",
            both("label;n;y,w\na;5;b,1\nc;6;d,2\n"),
        ),
        Case(
            "--input-format uniq; --as samples --input-format csv if each line is one value",
            "p.csv q.csv",
            both("   5 red\n   3 blue\n"),
        ),
        Case(
            "--input-format uniq if the count is first; --delimiter ' ' if it is last",
            "p.txt q.txt",
            both("5 18\n3 19\n", "txt"),
        ),
        Case(
            "--delimiter ' '",
            "p.txt q.txt",
            both('"x" "Freq"\n"1" "red" 5\n"2" "blue" 3\n', "txt"),
            says="counts of 2 outcomes",
        ),
        Case(
            r"--escape '\' if a backslash stands before each quote inside a quoted field",
            "p.txt q.txt",
            both('x,n\n"a \\"b\\" c",5\n"d",3\n', "txt"),
            says="counts of 2 outcomes",
        ),
        Case(
            r"one character: --escape '\'",
            "p.csv q.csv --escape two",
            both('x,n\n"a \\"b\\" c",5\n"d",3\n'),
        ),
        Case(
            "write it without rules: psql -At -F ',', mysql -B (tabs), sqlite3 -csv or duckdb"
            " -csv",
            "p.txt q.txt",
            both(" x   | n \n-----+---\n red | 5 \n(1 row)\n", "txt"),
            external="these programs write delimited text with these options",
        ),
        Case(
            "one character: --delimiter ';' (or ',', '|', tab)",
            "p.csv q.csv --delimiter ;;",
            both(P.replace(",", ";")),
            says="total 10",
        ),
    ],
    "readers/header.py": [
        Case(
            "--delimiter ' ' --as counts if that is a label and its count; --delimiter ',' if each"
            " line is one value",
            "check p.txt q.txt",
            both("red 5\nblue 3\n", "txt"),
        ),
        Case(
            "--delimiter ' ' if blanks separate columns; --delimiter ',' if each line is one"
            " value",
            "check p.txt q.txt",
            both("shop n\n1 a 1.5\n2 b 2.5\n3 a 1.5\n", "txt"),
        ),
        Case(
            "--header if it holds names, --no-header if it holds data",
            "check p.csv q.csv",
            both("1,x\n" + "2,3\n4,5\n" * 20),
        ),
        Case(
            "--header if it names the columns, --no-header if it does not",
            "p.csv q.csv",
            both("red,5\ngreen,3\nblue,2\n"),
        ),
        Case(
            "--no-header if it is data",
            "check p q --as samples",
            {"p": "green\n" + "red\nblue\n" * 9, "q": "green\n" + "red\nblue\n" * 9},
        ),
    ],
    "readers/joint.py": [
        Case(
            "--total-row drop leaves them out; --total-row keep takes them for outcomes",
            "p.csv q.csv --joint x --joint y",
            both("x,y,n\na,u,3\na,w,2\na,,5\nb,v,5\nb,,5\n,,10\n"),
        ),
        Case(
            "--total-row drop leaves it out; --total-row keep takes it for an outcome",
            "p.csv q.csv --by x",
            both("x,y,n\na,u,3\na,w,2\nall,all,5\n"),
        ),
    ],
    "readers/json_text.py": [
        Case(
            "write each value on a line of its own: JSON Lines",
            "p.json q.json",
            both('{\n"x": "a",\n"n": 5}\n{\n"x": "b",\n"n": 3}\n', "json"),
            edit=both('{"x": "a", "n": 5}\n{"x": "b", "n": 3}\n', "json"),
        ),
    ],
    "readers/batch.py": [
        Case(
            "--as logits",
            "p.kld q.kld --as probabilities -m kl",
            both(base_file([[1.0, 2.0], [0.5, 3.0]], 3), "kld"),
        ),
    ],
    "readers/top_logprobs.py": [
        Case(
            "ask the server for logprobs, with top_logprobs=20",
            "p.json p.json",
            {
                "p.json": '{"choices": [{"logprobs": {"content": [{"token": "a", "logprob": -0.5,'
                ' "bytes": [97], "top_logprobs": []}]}}]}'
            },
            external="a server answers",
        ),
    ],
    "readers/labelled_rows.py": [
        Case(
            "write the logits of the model with numpy.save",
            "p.jsonl p.jsonl",
            {"p.jsonl": '{"doc_id": 0, "resps": [[["-1.5", "False"]]]}\n' * 2},
            external="a program of the user runs the model",
        ),
        Case(
            "--as log-probs or --as logits if every line is a distribution over its keys;"
            " --as samples if these are raw rows",
            "p.jsonl q.jsonl",
            both('{"x": -0.7, "y": -0.7}\n{"x": -0.7, "y": -0.7}\n', "jsonl"),
        ),
        Case(
            "--at /0 if its keys are the outcomes; --label {} --weight {} if it is a row;"
            " --as samples if these are raw rows",
            "p.json q.json",
            both('[{"x y": 3, "z": 5}]', "json"),
        ),
        Case(
            "--input-format json if its keys are the outcomes; --label {} --weight {} if it is a"
            " row",
            "p.jsonl q.jsonl",
            both('{"hour": 3, "n": 5}', "jsonl"),
        ),
        Case(
            "--label {} --weight {} if it is a row",
            "p.jsonl q.jsonl",
            both('{"x y": 3, "z": 5}', "jsonl"),
        ),
        Case(
            "--at {} chooses one of these",
            "p.jsonl q.jsonl",
            both('{"a b": {"x": 1, "y": 2}}\n{"a b": {"x": 2, "y": 2}}\n', "jsonl"),
        ),
        Case(
            "write the values without arrays: jsonlite does with auto_unbox = TRUE",
            "p.json q.json",
            both('[{"k": ["u"], "n": [3]}, {"k": ["v"], "n": [5]}]', "json"),
            edit=both('[{"k": "u", "n": 3}, {"k": "v", "n": 5}]', "json"),
        ),
        Case(
            "write one object of all: jq add, or jq -s add for lines",
            "p.json q.json",
            both('[{"x": 3}, {"y": 5}]', "json"),
            edit=both('{"x": 3, "y": 5}', "json"),
        ),
        Case(
            "compare fewer lines at once",
            "p.jsonl q.jsonl --as logits",
            both('{"x": -1, "y": -2}\n' * 6, "jsonl"),
            patch={"kldiv_cli.readers.labelled_rows.MOST": 10},
            edit=both('{"x": -1, "y": -2}\n' * 5, "jsonl"),
        ),
    ],
    "readers/literals.py": [
        Case(
            "write an array of records, or an object of columns",
            "check p.json q.json",
            both('{"x": "a"}', "json"),
            edit=both('[{"x": "a"}]', "json"),
        ),
    ],
    "readers/meaning.py": [
        Case(
            "--as counts, or --as weights if they are none",
            "p.csv q.csv",
            both("x,n\na,6e1\nb,9e1\n"),
        ),
        Case("--as counts", "p.csv q.csv", both("x,n\na,60\nb,40\n"), says="counts of 2 outcomes"),
        Case("--as counts", "p.csv q.csv --strict", both("x,n\na,60\nb,40\n")),
        Case(
            "--as counts if they are counts; else one row for each outcome",
            "p.csv q.csv --duplicates sum",
            both("x,n\na,60\nb,30\nb,10\n"),
            says="counts of 2 outcomes, total 100",
        ),
        Case(
            "--flatten makes one distribution of it",
            "p.npy q.npy",
            both(npy([[0.1, 0.2], [0.3, 0.4]]), "npy"),
        ),
        Case(
            "--flatten makes one distribution of them; --as samples if these are raw values",
            "p.npy q.npy",
            both(npy([[10], [20], [30]]), "npy"),
        ),
        Case("--as logits", "p.npy q.npy --as log-probs", both(npy([-1.0, -2.0]), "npy")),
        Case(
            "a distribution needs one outcome at least that has mass",
            "p.csv q.csv",
            both("x,n\na,0\nb,0\n"),
            edit=both("x,n\na,0\nb,1\n"),
        ),
        Case(
            "divide all of them by one number",
            "p.csv q.csv",
            both("x,n\na,1.5e308\nb,1.5e308\n"),
            edit=both("x,n\na,1.5\nb,1.5\n"),
        ),
        Case(
            "divide them by their total",
            "p.csv q.csv",
            both("x,n\na,1.5\nb,1.5\n"),
            edit=both("x,n\na,0.5\nb,0.5\n"),
        ),
        Case(
            "if these are raw values: --as samples", "p.json q.json", both("[5, 6, 5, 7]", "json")
        ),
    ],
    "readers/npz.py": [
        Case(
            "--max-inflated BYTES allows more",
            "p.npz q.npz --max-inflated 10",
            both(npz(a=[1, 2]), "npz"),
            fill={"BYTES": "1MB"},
            says="total 3",
        ),
        Case("--weight {}, or another", "p.npz q.npz", both(npz(a=[1.5, 2], b=[2, 3]), "npz")),
        Case(
            "--weight {}, or another",
            "p.npz q.npz",
            both(npz(**{"-a b": [1.5, 2], "b": [2, 3]}), "npz"),
        ),
        Case(
            "--weight {}, or another; --label {} --weight {} if the first holds the outcomes",
            "p.npz q.npz",
            both(npz(a=[1, 2], b=[2, 3]), "npz"),
        ),
        Case(
            "save the sheet as CSV",
            "p.zip q.csv --input-format npz --input-format csv",
            {"p.zip": packed(**{"[Content_Types].xml": "<x/>"}), "q.csv": Q},
            external="a spreadsheet saves it",
        ),
        Case(
            "unpack it, and name the file inside",
            "p.npz q.csv",
            {"p.npz": packed(**{"p.csv": P}), "q.csv": Q},
            edit=PAIR,
            then="p.csv q.csv",
        ),
    ],
    "readers/safetensors.py": [
        Case(
            "--max-header SIZE allows more",
            "p.safetensors q.safetensors --max-header 10",
            both(tensors(a="U8"), "safetensors"),
            fill={"SIZE": "2MB"},
        ),
        Case(
            "--weight {}, or another",
            "p.safetensors q.safetensors",
            both(tensors(a="U8", b="U8"), "safetensors"),
        ),
        Case(
            "save the tensor as float32: tensor.float()",
            "p.safetensors q.safetensors",
            both(tensors(a="F8_E4M3"), "safetensors"),
            edit=both(tensors(a="U8"), "safetensors"),
        ),
    ],
    "readers/histograms.py": [
        Case(
            "keep each histogram in a file of its own",
            "p.json q.json",
            both('{"h": [5, 3], "u": [0, 1, 2], "v": [0, 1, 3]}', "json"),
            edit=both('{"h": [5, 3], "u": [0, 1, 2]}', "json"),
        ),
        Case(
            "--as counts",
            "inspect p.json --as samples",
            {"p.json": HISTOGRAM},
        ),
        Case(
            "--as counts",
            "check p.json q.json --as counts --as samples",
            both(HISTOGRAM, "json"),
            side=1,
        ),
        Case(
            "--label COLUMN names another column of outcomes",
            "p.csv q.csv",
            both("lower,upper,n\n0,2,5\n1,3,5\n"),
            fill={"COLUMN": "lower"},
        ),
        Case(
            "subtract from each bucket the one below it; the differences are the counts",
            "p.csv q.csv",
            both("le,n\n0.1,5\n0.5,8\n"),
            edit=both("le,n\n0.1,5\n0.5,3\n"),
        ),
        Case(
            "project it on one axis, as h.project(0) does",
            "p.json q.json",
            both(
                '{"axes": [{"type": "variable", "edges": [0, 1, 2]},'
                ' {"type": "variable", "edges": [0, 1, 2]}],'
                ' "storage": {"type": "int", "values": [[1, 2], [3, 4]]}}',
                "json",
            ),
            external="boost-histogram projects it",
        ),
        Case(
            "write it with a storage of type double, int or weighted, not sparse",
            "p.json q.json",
            both(
                '{"axes": [{"type": "variable", "edges": [0, 1, 2]}],'
                ' "storage": {"type": "mean", "values": [1, 2]}}',
                "json",
            ),
            edit=both(
                '{"axes": [{"type": "variable", "edges": [0, 1, 2]}],'
                ' "storage": {"type": "double", "values": [1, 2]}}',
                "json",
            ),
        ),
    ],
    "readers/sparse.py": [
        Case(
            "--max-inflated BYTES allows more",
            "p.npz q.npz --max-inflated 600",
            both(
                npz(
                    format=np.array(b"csr"),
                    shape=[1, 1000],
                    data=[1, 2],
                    indices=[0, 2],
                    indptr=[0, 2],
                ),
                "npz",
            ),
            fill={"BYTES": "1MB"},
        ),
    ],
    "readers/objects.py": [
        Call(
            "leave --at out",
            "compare",
            (pd.DataFrame({"x": ["a", "b"], "n": [1, 2]}),) * 2,
            {"at": "/a"},
        ),
    ],
    "readers/outcomes.py": [
        Case(
            "--total-row drop leaves out the sum of all the others",
            "p.csv q.csv --total-row keep",
            both(P + ",4\n,14\n"),
            says="total 14",
        ),
        Case(
            "--duplicates sum adds the rows up if they are counts",
            "p.csv q.csv",
            both(P + "red,3\n"),
            says="total 13",
        ),
    ],
    "readers/pointers.py": [
        Case(
            "--at {}",
            "p.json q.json --at a.b",
            both('{"a": {"b": [1, 2]}, "c": {"b": [2, 3]}}', "json"),
        ),
        Case("--at {}", "p.json q.json --at /a~b", both('{"a~b": [1, 2], "c": [2, 3]}', "json")),
        Case(
            "--at {} is its first value",
            "p.json q.json --at /a/b",
            both('{"a": [{"x": 1, "y": 2}, {"x": 2, "y": 3}], "c": 5}', "json"),
        ),
        Case(
            "did you mean --at {} (it has {})",
            "p.json q.json --at '/my cuonts:'",
            both('{"my counts:": [1, 2], "c": [2, 3]}', "json"),
            says="total 3",
        ),
        Case(
            "it has {}",
            "p.json q.json --at /zzz",
            both('{"counts": [1, 2], "c": [2, 3]}', "json"),
            wrong="zzz",
        ),
    ],
    "readers/records.py": [
        Case(
            r"--escape '\' if a backslash stands before each quote inside a quoted field",
            "p.csv q.csv",
            both(P + '"5\\" pipe",3\n'),
            says="total 13",
        ),
        Case(
            'close it, or double each quote inside a quoted field: "5"" pipe"',
            "p.csv q.csv",
            both(P + '"5 pipe,3\n'),
            edit=both(P + '"5"" pipe",3\n'),
            says="total 13",
        ),
        Case(
            'double each quote inside a quoted field: "5"" pipe"',
            "p.csv q.csv",
            both(P + '"5" pipe",3\n'),
            edit=both(P + '"5"" pipe",3\n'),
            says="total 13",
        ),
        Case(
            "quote the field, or use one kind of line end throughout",
            "p.csv q.csv",
            both(P + "a\rb,3\n"),
            edit=both(P + '"a\rb",3\n'),
        ),
    ],
    "readers/rows.py": [
        Case(
            "--as logits",
            "check p.kld q.kld --as samples",
            both(base_file([[1.0, 2.0], [0.5, 3.0]], 3), "kld"),
        ),
        Call(
            "give each column as a list or an array",
            "check",
            ({"a": "x", "b": 2, "c": 3},) * 2,
            instead=({"a": ["x", "y"], "b": [2, 3], "c": [3, 4]},) * 2,
        ),
        Call(
            "rename one",
            "check",
            (pd.DataFrame([[1, 2]] * 9, columns=["a", "a"]),) * 2,
            instead=(pd.DataFrame([[1, 2]] * 9, columns=["a", "b"]),) * 2,
        ),
        Case(
            "rename all but one of them; --no-header if the first row holds data",
            "check p.csv q.csv",
            both("a,a\n" + "a,b\nb,a\n" * 9),
        ),
        Case(
            'write "" where a value is missing',
            "check p.csv q.csv",
            both("x\na\n\nb\n"),
            edit=both('x\na\n""\nb\n'),
        ),
    ],
    "readers/shapes.py": [
        Case("--at {}", "p.json q.json", both('{"a:": {"x": 1, "y": 2}}', "json")),
        Case("--at {}", "p.json q.json --strict", both('{"a": {"x": 1, "y": 2}}', "json")),
        Case(
            "--at {} chooses one",
            "p.json q.json",
            both('{"a": {"x": {"u": 1, "v": 2}}, "c": {"y": {"u": "s"}}}', "json"),
        ),
        Case(
            "--at {} or {} chooses one",
            "p.json q.json",
            both('{"a": {"x": {"u": 1, "v": 2}}, "c": {"y": {"u": 3, "v": 2}}}', "json"),
        ),
        Case(
            "write an array of records, which tells",
            "check p.json q.json",
            both('{"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 2}}', "json"),
            edit=both('[{"x": 1, "y": 2}, {"x": 1, "y": 2}]', "json"),
            then="check p.json q.json --as samples",
        ),
        Case(
            "--as samples compares its columns; kldiv check judges them",
            "p.json q.csv",
            RAW,
            before=("profile p.csv -o p.json",),
        ),
        Case(
            "write the numbers without arrays: jsonlite does with auto_unbox = TRUE",
            "p.json q.json",
            both('{"blue": [295], "green": [592]}', "json"),
            edit=both('{"blue": 295, "green": 592}', "json"),
        ),
        Case(
            "--weight {}, or another, chooses one",
            "p.json q.json",
            both('{"a b": {"x": 1, "y": 2}, "c": {"x": 2, "z": 3}}', "json"),
        ),
        Case(
            "--weight {}, or another, chooses one of several distributions; --weight {} if the"
            " members are rows",
            "p.json q.json",
            both('{"a b": {"x y": 1, "z": 2}, "c": {"x y": 2, "z": 3}}', "json"),
        ),
        Case(
            "--weight {} if the members are rows",
            "p.json q.json",
            both('{"a b": {"x y": 1}, "c": {"x y": 2}}', "json"),
        ),
        Case(
            "an array of records, or an object of numbers, is a distribution",
            "p.json q.json",
            both('{"a": {"x": "u"}, "b": ["v"]}', "json"),
            edit=both('{"u": 1, "v": 2}', "json"),
        ),
        Case(
            "leave --label out",
            "p.json q.json --weight a --label x",
            both('{"a": {"x": 1, "y": 2}, "c": {"x": 2, "y": 3}}', "json"),
        ),
        Case(
            "leave --weight out if the object itself is the distribution",
            "p.json q.json --weight a",
            both('{"a": 1, "b": 2}', "json"),
        ),
    ],
    "readers/source.py": [
        Case(
            "--connect URL names an engine, and --reference-table TABLE a side in it",
            "check duckdb://x.duckdb a.csv",
            FLIGHTS,
            external="a table is asked for by two options, in place of the URL",
        ),
        Case(
            "--input-format {}",
            "p.csv q.csv",
            both(npy([1, 2])),
            says="total 3",
        ),
        *[
            Case(
                f"{fetch} | kldiv compare - Q",
                f"{scheme}://bucket/a.json.gz q.csv",
                {"q.csv": Q},
                fill={"Q": "q.csv"},
                stdin=gzip.compress(b'{"red": 5, "blue": 3}'),
            )
            for scheme, fetch in (
                ("s3", "aws s3 cp {} -"),
                ("gs", "gcloud storage cat {}"),
                ("https", "curl -L {}"),
            )
        ],
        Case("did you mean {}?", "p.csv q.csv --input-format cvs", PAIR, wrong="cvs"),
        Case(
            "there are {}",
            "p.csv q.csv --input-format text/plain",
            PAIR,
            wrong="text/plain",
            tries=[0, 1],
        ),
        Case(
            "name the file itself: {}",
            "file:///p.csv q.csv",
            PAIR,
            edit=PAIR,
            then="p.csv q.csv",
        ),
    ],
    "readers/text.py": [
        Case(
            "--encoding latin-1 (or cp1252, utf-16-le …) if this is text",
            "p.csv q.csv",
            both(P.replace("red", "grün").encode("latin-1")),
            says="grün",
        ),
        Case(
            "--encoding utf-16-le (or utf-16-be, utf-32-le …) if this is text",
            "p.csv q.csv",
            both(P.encode("utf-16-le")),
            says="total 10",
        ),
        Case(
            "--encoding utf-8, latin-1, cp1252, utf-16, shift_jis …",
            "p.csv q.csv --encoding utf-88",
            PAIR,
        ),
        Case(
            "--encoding {}",
            "p.csv q.csv",
            both(P.encode("utf-16")),
            says="total 10",
        ),
        Case(
            "--encoding {}, or leave --encoding out",
            "p.csv q.csv --encoding latin-1",
            both(P.encode("utf-16")),
            says="total 10",
        ),
        Case(
            "--encoding {}-le or --encoding {}-be",
            "p.csv q.csv --encoding utf-16",
            both(P.encode("utf-16-le")),
            tries=[0],
            says="total 10",
        ),
        Case(
            "--encoding {}-le or --encoding {}-be",
            "p.csv q.csv --encoding utf-16",
            both(P.encode("utf-16-be")),
            tries=[1],
            says="total 10",
        ),
    ],
    "readers/values.py": [
        Case(
            "--as logits if it is what a model predicts",
            "check p.npy q.npy",
            both(npy([[[0.5, 1.0]] * 20] * 2), "npy"),
        ),
        Case(
            "--as samples if the elements are raw values",
            "p.npy q.npy",
            both(npy(["a", "b", "a"]), "npy"),
        ),
        Case(
            "--as samples if the elements are raw values",
            "p.npy q.npy",
            both(npy([True, False]), "npy"),
        ),
        Case(
            "--dtype bfloat16 if they are",
            "p.npy q.npy",
            both(npy(np.array([0x3F80, 0x4000], "<u2").view("V2")), "npy"),
        ),
        Case(
            "save them as float32, with .astype('float32')",
            "p.npy q.npy",
            both(npy(np.array([1, 2], "u1").view("V1")), "npy"),
            edit=both(npy([1, 2]), "npy"),
        ),
        Case(
            "save one field of the records as an array of its own",
            "p.npy q.npy",
            both(npy(np.zeros(2, [("a", int), ("b", float)])), "npy"),
            edit=both(npy([1, 2]), "npy"),
        ),
        Case(
            "save the numbers as integers or floats; objects are never unpickled",
            "p.npy q.npy",
            both(npy(np.array([1, 2], object)), "npy"),
            edit=both(npy([1, 2]), "npy"),
        ),
        Case(
            "save them as text, with .astype(str)",
            "p.npy q.npy --as samples",
            both(npy([b"a", b"b"]), "npy"),
            edit=both(npy(np.array([b"a", b"b"]).astype(str)), "npy"),
        ),
        Case(
            "--as samples --column 0 if the elements are raw values",
            "p.npy q.npy",
            both(npy(np.array(["2024-01-01", "2024-01-02"], "M8[D]")), "npy"),
        ),
        Call(
            "pass a list, an array or a data frame of plain values",
            "check",
            (BROKEN,) * 2,
            instead=(pd.DataFrame({"x": [1, 2], "y": [1, 2], "z": [1, 2]}),) * 2,
        ),
    ],
    "readers/totals.py": [
        Case(
            "--total-row drop leaves it out", "p.csv q.csv", both(P + ",4\n,14\n"), says="total 14"
        ),
        Case(
            "--total-row drop leaves it out; --total-row keep takes it for an outcome",
            "p.csv q.csv",
            both(P + "Total,10\n"),
        ),
        Case(
            "--total-row drop leaves it out, --total-row keep keeps it without this note",
            "p.csv q.csv",
            both(P + "Total,11\n"),
        ),
        Case("--na {} if it means a missing value", "p.csv q.csv", both(P + "NULL,11\n")),
    ],
    "readers/weights.py": [
        Case("--as samples {}", "p.txt q.txt", both("   5 red\n   3 blue\n", "txt")),
        Case("leave {} out", "p.npy q.npy --where a=b", both(npy([1, 2]), "npy")),
        Case("leave {} out", "p.npy q.npy --by a", both(npy([1, 2]), "npy")),
        Case("leave --by out", "p.csv q.csv --by x", both("x,n\na,1\nb,2\n", "csv")),
        Case("leave {} out", "p.npy q.npy --joint a --joint b", both(npy([1, 2]), "npy")),
        Case(
            "--weight BEFORE --weight AFTER instead of --at",
            "p.csv --at /a --at /b",
            {"p.csv": "x,a,b\nu,1,2\nv,2,1\n"},
            fill={"BEFORE": "a", "AFTER": "b"},
        ),
    ],
    "readers/weight_column.py": [
        Case(
            "--as logits or --as log-probs if -inf stands for no mass",
            "p.csv q.csv",
            both("x,n\na,0.5\nb,-inf\n"),
        ),
        Case(
            "--as weights",
            "p.csv q.csv --as counts",
            both("x,n\na,0.5\nb,1.5\n"),
            says="weights of 2 outcomes, total 2",
        ),
        Case(
            "counts and probabilities must be >= 0; --as logits or --as log-probs if these are"
            " logarithms; --as samples if they are raw values",
            "p.csv q.csv",
            both("x,n\na,-0.5\nb,1.5\n"),
        ),
        Case(
            "every weight must be finite",
            "p.csv q.csv",
            both("x,n\na,1\nb,inf\n"),
            edit=both("x,n\na,1\nb,2\n"),
        ),
        Case(
            "write 0 where there is no mass",
            "p.json q.json",
            both('{"a": 5, "b": null}', "json"),
            edit=both('{"a": 5, "b": 0}', "json"),
        ),
        Case(
            "write 0, or leave the outcome's row out",
            "p.csv q.csv",
            both("x,n\na,5\nb,\n"),
            edit=both("x,n\na,5\nb,0\n"),
        ),
        Case(
            "write numbers without separators",
            "p.csv q.csv",
            both("x,n\na,5\nb,10_00\n"),
            edit=both("x,n\na,5\nb,1000\n"),
            says="total 1005",
        ),
        Case(
            "--thousands {} alone reads it so",
            "p.csv q.csv",
            both("x,n\na,1.204\nb,980\n"),
            says="total 2184",
        ),
        Case(
            "--thousands {} if it separates thousands",
            "p.csv q.csv",
            both("x,n\na,1'204\nb,980\n"),
            says="total 2184",
        ),
        Case(
            "--thousands {} if it separates thousands; --decimal ',' if the comma is a decimal"
            " mark",
            "p.csv q.csv",
            both('x,n\na,"1,204"\nb,"980"\n'),
            tries=[0],
            says="total 2184",
        ),
        Case(
            "--decimal ',' if the comma is a decimal mark",
            "p.tsv q.tsv",
            both("x\tn\na\t1,5\nb\t2,5\n", "tsv"),
            says="total 4",
        ),
        Case(
            "leave --decimal out if the point is the decimal mark",
            "p.tsv q.tsv --decimal ,",
            both("x\tn\na\t1.5\nb\t2.5\n", "tsv"),
            says="total 4",
        ),
        Case(
            "write percentages with a number before the sign",
            "p.csv q.csv",
            both("x,n\na,50%\nb,50%%\n"),
            edit=both("x,n\na,50%\nb,50%\n"),
        ),
        Case(
            "write all of them with the sign, or none",
            "p.csv q.csv",
            both("x,n\na,50%\nb,50\n"),
            edit=both("x,n\na,50%\nb,50%\n"),
        ),
        Case(
            "write them without the sign",
            "p.csv q.csv --strict",
            both("x,n\na,60.5%\nb,39.5%\n"),
            edit=both("x,n\na,0.605\nb,0.395\n"),
        ),
        Case(
            "write all of them without quotes",
            "p.json q.json",
            both('{"a": "5", "b": 3}', "json"),
            edit=both('{"a": 5, "b": 3}', "json"),
        ),
        Case(
            "write them without quotes",
            "p.json q.json --strict",
            both('{"a": "5", "b": "3"}', "json"),
            edit=both('{"a": 5, "b": 3}', "json"),
        ),
    ],
    "engines/joint.py": [
        Case(
            "--categorical {} takes each number for a label",
            "check p.csv q.csv --joint size --joint colour",
            both("size,colour\n1.5,red\n2.5,blue\n" * 1),
        ),
        Case(
            "--max-outcomes N allows more",
            "check p.csv q.csv --joint size --joint colour --max-outcomes 2",
            RAW,
            fill={"N": "9"},
        ),
    ],
    "pipeline/renames.py": [
        Case(
            "leave --map out, or drop one of the columns",
            "check p.csv q.csv --map size=colour",
            RAW,
        ),
    ],
    "pipeline/dependence.py": [
        Case(
            "leave --by out to see it",
            "check p.csv q.csv --by day",
            both("x,day\n" + "a,1\nb,2\n" * 300),
        ),
        Case(
            "--serial looks at it, and takes longer",
            "check p.parquet q.parquet",
            both(parquet(["x"], [["a", "b"] * 300]), "parquet"),
        ),
        Case(
            "leave --cluster out",
            "check p.csv q.csv --cluster day",
            both("x,day\n" + "a,1\n" * 30),
        ),
        Case(
            "leave {} out",
            "check p.txt q.txt --serial",
            both("    300 a\n    200 b\n", "txt"),
        ),
        Case(
            "kldiv profile DATA {} -o FILE keeps them; leave {} out",
            "check p.json q.csv --serial",
            both("x\n" + "a\nb\n" * 300),
            before=("profile p.csv -o p.json",),
            fill={"DATA": "p.csv", "FILE": "p.json"},
        ),
        Case(
            "kldiv profile DATA --row-weight {} -o FILE does",
            "check p.json q.csv --row-weight size",
            {**RAW, "p.json": ""},
            before=("profile p.csv -o p.json",),
            fill={"DATA": "p.csv", "FILE": "p.json"},
        ),
        Case(
            "give each row a value there",
            "check p.csv q.csv --cluster day",
            both("x,day\na,1\nb,\na,2\n"),
            edit=both("x,day\na,1\nb,1\na,2\n"),
        ),
    ],
    "engines/warehouse.py": [
        Case(
            "leave --row-weight out",
            f"check {TABLE} a.csv --row-weight b",
            FLIGHTS,
        ),
        Case(
            "leave --frequency out",
            f"check {TABLE} a.csv --frequency b",
            FLIGHTS,
        ),
    ],
    "engines/grouping.py": [
        Case(
            "give each row a weight: 0 if it is to count nothing",
            "check p.csv q.csv --row-weight w",
            both("x,w\na,1\nb,\na,2\n"),
            edit=both("x,w\na,1\nb,0\na,2\n"),
        ),
        Case(
            "give weights in another unit",
            "check p.csv q.csv --row-weight w",
            both("x,w\na,1e200\nb,2e200\n"),
            edit=both("x,w\na,1\nb,2\n"),
        ),
        Case(
            "--thousands {} if it separates thousands",
            "check p.csv q.csv --row-weight w",
            both('x,w\na,"1,204"\nb,980\n'),
        ),
    ],
    "readers/folder.py": [
        Case(
            "--as samples if these are raw rows",
            "d q.csv",
            {"d/a.csv": ROWS, "d/b.csv": ROWS, **RAW},
        ),
        Case(
            "name the only file in it: {}",
            "d q.csv",
            {"d/a.csv": P, **PAIR},
            edit=PAIR,
            then="d/a.csv q.csv",
        ),
        Case(
            "put the parts together in one file, and name that",
            "d q.csv --as counts",
            {"d/a.csv": "x,n\nred,5\n", "d/b.csv": "x,n\nblue,4\n", **PAIR},
            edit={"all.csv": "x,n\nred,5\nblue,4\n"},
            then="all.csv q.csv --as counts",
        ),
        Case(
            "--no-header if the first rows of the parts hold data",
            "check d d",
            {"d/a.csv": "red,big\nblue,small\n", "d/b.csv": "blue,small\nred,big\n"},
        ),
        Case(
            "rename the columns of this part, or move it out of the folder",
            "check d q.csv",
            {"d/a.csv": ROWS, "d/b.csv": ROWS.replace("size", "width"), **RAW},
            edit={"d/b.csv": ROWS},
        ),
        Case(
            "write the column with one type in all parts",
            "check d d",
            {
                "d/a.parquet": parquet(["colour", "size"], [["red", "blue"], [1, 2]]),
                "d/b.parquet": parquet(["colour", "size"], [["red", "blue"], ["1", "2"]]),
            },
            edit={"d/b.parquet": parquet(["colour", "size"], [["red", "blue"], [1.0, 2.0]])},
        ),
        Case(
            "name a folder that holds the parts alone",
            "check d q.csv",
            {"d/a.csv": ROWS, "d/README.md": "text", "e/a.csv": ROWS, **RAW},
            edit={"e/a.csv": ROWS},
            then="check e q.csv",
        ),
        Case(
            "name a folder whose parts have the same columns",
            "check d q.csv",
            {"d/a.csv": ROWS, "d/y=1/a.csv": ROWS, **RAW},
            edit={"d/y=1/a.csv": ROWS},
            then="check d/y=1 q.csv",
        ),
        Case(
            "name one folder of part files, such as {}",
            "check d q.csv",
            {"d/e/a.csv": ROWS, **RAW},
            edit={"d/e/a.csv": ROWS},
            then="check d/e q.csv",
        ),
        Case(
            "duckdb -csv -c \"from {}('FOLDER')\" | kldiv check REFERENCE -",
            "check d q.csv",
            {"d/_delta_log/0.json": "{}", "d/a.csv": ROWS, **RAW},
            external="DuckDB reads the tables, with its extensions delta and iceberg",
        ),
        Case(
            "write its rows as CSV with Spark, and name that folder",
            "check d q.csv",
            {"d/.hoodie/x": "", "d/a.csv": ROWS, **RAW},
            external="Spark reads the table",
        ),
        Case(
            "write the array with numpy.save, and name that file",
            "d p.npy",
            {"d/zarr.json": "{}", "p.npy": npy([1, 2])},
            external="a program of the user reads the store",
        ),
        Case(
            "kldiv_cli.check in Python takes lance.dataset(FOLDER).to_table()",
            "check d q.csv",
            {"d/_versions/1": "", "d/a.csv": ROWS, **RAW},
            external="Lance reads the table, and makes one of Arrow",
        ),
    ],
    "readers/foreign.py": [
        Case(
            "numpy.save writes an array of it",
            "p.h5 p.h5",
            {"p.h5": b"\x89HDF\r\n\x1a\n\0"},
            external="a program of the user does",
        ),
        Case(
            "write its tensors with safetensors.torch.save_file, or one of them with numpy.save",
            "p.pt p.pt",
            {"p.pt": packed(**{"model/data.pkl": ""})},
            external="torch has to read the file",
        ),
        Case(
            "llama-perplexity --kl-divergence-base writes what the model predicts",
            "p.gguf p.gguf",
            {"p.gguf": b"GGUF\3\0\0\0"},
            external="a program of llama.cpp runs the model",
        ),
        Case(
            "write it with llama-perplexity of llama.cpp itself",
            "p.kld p.kld",
            {"p.kld": b"_logits2\0\2\0\0"},
            external="a program of llama.cpp runs the model",
        ),
        Case(
            "sqlite3 -csv -header FILE 'select * from TABLE' | kldiv check REFERENCE -",
            "check p.csv q.csv",
            {**RAW, "q.csv": b"SQLite format 3\0"},
            external="sqlite3 prints the rows",
        ),
        Case(
            "duckdb -csv FILE 'from TABLE' | kldiv check REFERENCE -",
            "check p.csv q.csv",
            {**RAW, "q.csv": bytes(8) + b"DUCK"},
            external="duckdb prints the rows",
        ),
        Case(
            "save the sheet as CSV",
            "check p.csv q.csv",
            {**RAW, "q.csv": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"},
            external="a spreadsheet saves it",
        ),
        Case(
            "save its table as CSV",
            "check p.csv q.csv",
            {**RAW, "q.csv": b"%PDF-1.7"},
            external="a person does",
        ),
        Case(
            "in Python, kldiv_cli.check takes the data frame that {} returns",
            "check p.csv q.csv",
            {**RAW, "q.csv": b"$FL2@(#)"},
            external="pandas reads the file",
        ),
        Case(
            "ncdump prints it as text",
            "check p.csv q.csv",
            {**RAW, "q.csv": b"CDF\x01"},
            external="ncdump is another program",
        ),
        Case(
            "write the data as CSV: a pickle may run any code and is never opened",
            "check p.csv q.csv",
            {**RAW, "q.csv": b"\x80\x04\x95"},
            external="Python writes it",
        ),
        Case(
            "convert its rows to JSON Lines, one record a line",
            "check p.csv q.csv",
            {**RAW, "q.csv": b"Obj\x01"},
            external="avro-tools does",
        ),
        Case(
            "write it from R with write.csv(DATA, row.names = FALSE)",
            "check p.csv q.csv",
            {**RAW, "q.csv": b"RDX3\n"},
            external="R writes it",
        ),
        Case(
            "save its arrays with numpy.savez",
            "check p.csv q.csv",
            {**RAW, "q.csv": b"MATLAB 5.0 MAT-file"},
            external="scipy.io.loadmat reads them",
        ),
        Case(
            "unpack it, and name the file inside",
            "check p.csv q.csv",
            {**RAW, "q.csv": b"Rar!\x1a\x07"},
            external="another program unpacks it",
        ),
        Case(
            "lz4 -dc FILE | kldiv check REFERENCE -",
            "check p.csv q.csv",
            {**RAW, "q.csv": b"\x04\x22\x4d\x18"},
            external="lz4 is another program",
        ),
        Case(
            "zcat FILE | kldiv check REFERENCE -",
            "check p.csv q.csv",
            {**RAW, "q.csv": b"\x1f\x9d"},
            external="zcat is another program",
        ),
        Case(
            "name the data that it was drawn of",
            "check p.csv q.csv",
            {**RAW, "q.csv": b"GIF89a"},
            external="a picture has no data",
        ),
        Case(
            "git lfs pull fetches it",
            "check p.csv q.csv",
            {**RAW, "q.csv": b"version https://git-lfs.github.com/spec/v1"},
            external="git is another program",
        ),
        Case(
            "what was to be fetched may need a login: look at it in a browser",
            "check p.csv q.csv",
            {**RAW, "q.csv": b"<!doctype html>"},
            external="a browser shows it",
        ),
    ],
    "readers/targets.py": [
        Case(
            "the targets are the outcomes' numbers from 0, one for each row, in the order of the"
            " rows",
            "p.npy q.npy --as logits --targets t.csv",
            {**both(npy([[1.0, 2.0], [2.0, 3.0]]), "npy"), "t.csv": "1\n2\n"},
            edit={"t.csv": "0\n1\n"},
        ),
    ],
    "readers/where.py": [
        Case(
            "did you mean {}?",
            "check p.csv q.csv --where colour=rad --where colour=red",
            RAW,
            wrong="rad",
        ),
        Case("there are {}", "check p.csv q.csv --where colour=violet", RAW, wrong="violet"),
        Case(
            "leave --where or {} out",
            "check p.csv q.csv --where size=3 --column size",
            RAW,
        ),
        Case(
            "leave --where or {} out",
            "p.csv q.csv --where x=a --by x",
            both("x,y,n\na,u,3\na,w,2\nb,u,4\n"),
        ),
    ],
}


SAID = {
    # Texts of reports and messages that name an option or a command, and are no hints.
    "core/dataset.py": [
        Case(
            "date: time moves on by itself (--categorical NAME judges it)",
            "check p.csv q.csv -f json",
            both("when,x\n" + "2024-01-05,1\n2024-01-06,2\n" * 20),
            fill={"NAME": "when"},
            then="check p.csv q.csv --categorical when",
        ),
        Case(
            "looks like a key: nearly all values are distinct (--column NAME judges it)",
            "inspect p.csv --as samples",
            KEYS,
            fill={"NAME": "id"},
            then="check p.csv q.csv --column id",
        ),
    ],
    "core/inference/reasons.py": [
        Case(
            "no common outcome: a date or key? --exclude NAME leaves it out",
            "check p.csv q.csv --column id",
            {
                f"{p}.csv": "id\n" + "".join(f"{p}{i}\n" for i in range(950)) + f"{p}0\n" * 50
                for p in "pq"
            },
            fill={"NAME": "id"},
        ),
    ],
    "renderers/pages/matrix.py": [
        Case(
            " columns; -f csv and -f json have them all",
            f"matrix {' '.join(f'n{i}=p.csv' for i in range(61))}",
            PAIR,
        ),
        Case("-f json", f"matrix {' '.join(f'n{i}=p.csv' for i in range(9))}", PAIR),
    ],
    "renderers/pages/measures.py": [
        Case(
            "Ranges in logarithms are nats; --base 2 and --base 10 give bits and hartleys.",
            "measures",
            PAIR,
            then="compare p.csv q.csv --base 2 --measure kl",
        ),
    ],
    "renderers/pages/several.py": [
        Case(
            "further measures: --measure NAME, or -f json",
            "compare p.csv q.csv q.csv",
            PAIR,
            fill={"NAME": "hellinger"},
        ),
    ],
    "renderers/formats/lines.py": [
        Case(
            "; a wider terminal or -f json shows it",
            f"compare p.csv q.csv q.csv {' '.join(f'-m renyi:0.{i}' for i in range(1, 10))}",
            PAIR,
        ),
    ],
    "renderers/pages/compare.py": [
        Case(
            "; of the others with --column NAME",
            "compare p.csv q.csv --as samples",
            both("a,b,c,d\n" + "x,y,z,w\n" * 9),
            fill={"NAME": "d"},
        ),
        Case(
            " more rows: -f json",
            "compare p.npy q.npy --reduction none --measure kl",
            both(npy([[1, 2], [2, 3]] * 20), "npy"),
        ),
        Case(
            "--smoothing jeffreys",
            "compare p.csv q.csv",
            {"p.csv": P, "q.csv": Q + "violet,1\n"},
        ),
        Case(
            "--smoothing floor:1e-6",
            "compare p.csv q.csv",
            {"p.csv": "x,p\na,0.5\nb,0.5\n", "q.csv": "x,p\na,0.5\nc,0.5\n"},
        ),
    ],
}
NO_OFFERS = {
    "pipeline/warehouses.py": {"--timeout is a number of seconds above 0"},
    "warehouse/address.py": {"the URL of --connect holds a password"},
    "core/dataset.py": {
        "--where: all rows have the value that chose them",
        "--frequency: its values say how many rows a row stands for",
        "--by: its values are the groups that are judged",
        "--cluster: its values say which rows belong together",
        "--row-weight: its values say what rows weigh",
    },
    "pipeline/renames.py": {", as --map says"},
    "cli/app.py": {
        "How far apart are two distributions, and has the data drifted?\n\n'kldiv P Q' is short"
        " for 'kldiv compare P Q'."
    },
    "cli/init.py": {
        "--init writes a file of its own, which cannot be called '",
        "--init writes settings and no report, and ",
    },
    "cli/words.py": {"kldiv has no option "},
    "cli/outputs.py": {"--report takes FORMAT=FILE; found '"},
    # A test of the process runs what the short help shows.
    "cli/short_help.py": {
        "  kldiv check REFERENCE CURRENT  exit code 0: no drift, 1: drift",
        "More: kldiv --help, and kldiv COMMAND --help.",
        "kldiv check q.json p.json --as counts",
        "kldiv p.json q.json",
    },
    # Its own test does what these say, and docs/history.md.
    "pipeline/calibrate.py": {
        "# <<< kldiv calibrate: to here, and keeps the rest of this file",
        "# >>> kldiv calibrate: it replaces what stands from here",
        "kldiv calibrate did not write ",
        " past windows. A column of 'kldiv check' is drift if its estimate of D(current ||"
        " reference), in nats, is above the one here, and above its max-kl if it has one."
        " REFERENCE is these windows together: 'kldiv profile WINDOW... -o history.json'. A"
        " setting for the whole file goes above this part.",
    },
    # A test of --init does what the file of settings says.
    "pipeline/init.py": {
        "Columns that are left out, by name or by a pattern such as created_*. To judge one that"
        " kldiv chose, delete its line here and give it a table below: type = 'categorical'.",
        "Settings of kldiv, written by 'kldiv check --init'. As they stand they say what kldiv"
        " does without them; a line with a # is an example. 'kldiv check --help' tells more, and"
        " an option of the command line goes before a setting.",
    },
    "pipeline/settings.py": {
        "says nothing beside --like, which takes columns, types and edges from a profile"
    },
    "pipeline/validation.py": {"a table, as 'kldiv calibrate' writes it"},
    "renderers/formats/junit.py": {"kldiv check"},
    # A test of Markdown has so many columns.
    "renderers/formats/markdown.py": {
        "left out, as a comment has no room for more; -f json has all"
    },
}
"""Texts that name an option only to say what it is."""
