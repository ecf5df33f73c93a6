"""All engines count the same, to the last error: a row of `ENGINES` each, beside that in process.

Where an engine leaves the rows to the one in process, answers are the same without doing anything.
So the tests say which engine counted, too.
"""

import bz2
import csv
import gzip
import io
import json
import lzma
import math
import os
import random
import re
import socket
import subprocess
import sys
from collections import Counter
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kldiv_cli.core.counts import Categories, Numbers
from kldiv_cli.core.dataset import Wanted
from kldiv_cli.core.grouped import Grouping, summed
from kldiv_cli.core.joint import joint_name
from kldiv_cli.engines import UnsuitedError, local
from kldiv_cli.errors import KldivError
from kldiv_cli.pipeline import sides
from kldiv_cli.readers import ReadOptions, delimited


class Engine(NamedTuple):
    """A row of `ENGINES`."""

    name: str
    """What `DataSet.engine` says."""
    module: str
    """Of `kldiv_cli.engines`."""
    needs: str
    """The package without which it is not there."""


ENGINES = (Engine("DuckDB", "embedded", "duckdb"),)
LOCAL = "in process"
pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(params=ENGINES, ids=lambda engine: engine.name)
def engine(request):
    if find_spec(request.param.needs) is None:
        pytest.skip(f"{request.param.needs} is not installed")
    return request.param


@pytest.fixture
def early(monkeypatch):
    """Let the first value decide whether a column is numeric, so that small tables do as well."""
    monkeypatch.setattr(local, "SAMPLE", 1)


def forced(engine, unsuited=None):
    """Return what chooses an engine for any size of a table; `unsuited` gets why it would not."""
    count = import_module(f"kldiv_cli.engines.{engine.module}").count

    def counted(*arguments):
        try:
            return count(*arguments)
        except UnsuitedError as why:
            if unsuited is not None:
                unsuited.append(str(why))
            raise

    def choose(table, wanted):
        takes = table.scan is not None
        return counted if takes else sides._engine_in_process(table, wanted)

    return choose


def told(data_set):
    """Return all that a data set tells but its engine, as values that can be compared."""
    columns = []
    for title, column in data_set.columns.items():
        if (grouped := column.grouped) is not None:
            # An engine need not add up what it counted part by part, nor has it an order.
            every = summed(grouped.entries, grouped.groups)
            entries = [part if part is None else part.tolist() for part in every]
            columns.append((title, [str(value) for value in grouped.values], entries))
        if isinstance(column, Categories):
            columns.append((title, column.missing, list(column.counts.items()), column.type))
        else:
            assert isinstance(column, Numbers)
            values = [value.hex() for value in column.values.tolist()]
            columns.append((title, column.missing, values, column.counts.tolist()))
    return columns, repr(data_set._replace(columns={}, engine=""))


class Answer(NamedTuple):
    """What is told of a source, and by which engine; none where it is an error."""

    told: object
    engine: str
    code: str = ""
    rows: int = 0


def answer(choose, source, options, wanted):
    before, sides._engine = sides._engine, choose
    try:
        found = sides._counted(source, options, wanted, None)
    except KldivError as error:
        places = repr(getattr(error, "places", ()))
        everything = type(error), error.code, error.message, places, error.hint
        return Answer(everything, "", error.code)
    finally:
        sides._engine = before
    return Answer(told(found), found.engine, rows=found.rows)


def same(engine, source, options=None, wanted=None, unsuited=None):
    """Return the answer of an engine, which must be that of the engine in process."""
    options, wanted = options or ReadOptions(), wanted or Wanted()
    expected = answer(sides._engine_in_process, source, options, wanted)
    assert expected.engine in (LOCAL, "")
    found = answer(forced(engine, unsuited), source, options, wanted)
    assert found.told == expected.told
    return found


@pytest.fixture
def agreed(engine, tmp_path):
    """Count a file of these contents by an engine and in process, which must agree."""

    def run(name, data, wanted=None, **options):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return same(engine, str(path), ReadOptions(**options), wanted)

    return run


def table(*columns, names="abcdef"):
    return [",".join(names[: len(columns)]), *map(",".join, zip(*columns, strict=True))]


def lines(*several, end="\n"):
    return "".join(line + end for line in several)


# Bytes.

HEAD = "a,b"
ROWS = ["x,1", "y,2.5", "x,3", '"q,c",4', '"d""q",1']
SOUND = lines(HEAD, *ROWS)
MORE = [f"z,{n}" for n in range(120)]

COUNTED = {
    "sound": SOUND,
    "carriage returns": lines(HEAD, *ROWS, end="\r\n"),
    "no final line end": SOUND[:-1],
    "no final line end, carriage returns": lines(HEAD, *ROWS, end="\r\n")[:-2],
    "blank lines at the end": SOUND + "\n\n\n",
    "blank lines at the end, carriage returns": lines(HEAD, *ROWS, "", "", end="\r\n"),
    "blank line below the header": lines(HEAD, "", "", *ROWS),
    "blank line above the header": lines("", "", HEAD, *ROWS),
    "byte order mark": "\ufeff" + SOUND,
    "byte order mark, quoted header": "\ufeff" + lines('"a","b"', *ROWS),
    "all in quotes": lines('"a","b"', '"x","1"', '"y","2"'),
    "line feed in quotes": SOUND + '"x\ny",1\n',
    "carriage return in quotes": SOUND + '"x\ry",1\n',
    "both in quotes": SOUND + '"x\r\ny",1\n',
    "both in quotes of the first row": lines(HEAD, '"x\r\ny",1', *ROWS),
    "both in quotes at the end, no line end": SOUND + '"x\r\ny",1',
    "line feed in quotes among carriage returns": lines(HEAD, *ROWS, '"x\ny",1', end="\r\n"),
    "line feed in quotes among carriage returns, no line end": lines(
        HEAD, *ROWS, '"x\r\ny",1', end="\r\n"
    )[:-2],
    "blank lines in quotes": SOUND + '"\n\n\n",1\n',
    "line end at the end of quotes": SOUND + '1,"x\n\n"\n',
    "line end in the header": lines('"a\nb",c', *ROWS),
    "line ends in the header": lines('"a\n\n\nb","\nc"', *ROWS),
    "line ends in the header, carriage returns": lines('"a\r\nb",c', *ROWS, end="\r\n"),
    "line end in the header, and in the first row": lines('"a\nb",c', '"x\r\ny",1', *ROWS),
    "nulls": SOUND + lines('\\N,"\\N"', '"\\N",\\N', "\\N,\\N", '"a\\N",1', " \\N,2"),
    "empty, in quotes and not": SOUND + lines('"",', ',""', " ,\t"),
    "quotes within a field": SOUND + lines('a"b,1', 'a""b,1', 'a"b",1', '""""'+",2"),
    "sign of a comment within a line": SOUND + lines("a#b,1", 'x,2#z'),
    "sign of a comment where a line begins": SOUND + lines("#a,1"),
    "blanks around": SOUND + lines(" x , 1 ", "\tx\t,\t1\t"),
    "words": SOUND + lines("NA,NA", "null, NA ", "nan,inf", "x,-Infinity"),
    "unicode": SOUND + lines(*[f"{sign},1" for sign in "\u00e9\u0301\U0001f600\u2028\x85\x1c"]),
    "column that is empty": lines("a,b,c", *[f"x,,{n}" for n in range(9)]),
    "comma at each end": lines("a,b,", *[f"x,{n}," for n in range(9)]),
    "column of words for missing values": lines("a,b", *[f"NA,{n}" for n in range(9)]),
    "column of blanks": lines("a,b", *[f" ,{n}" for n in range(9)]),
    "names of rows": lines(HEAD, *[f"{n},{row}" for n, row in enumerate(ROWS, 1)]),
    "one column": lines("a", *"xyzx"),
    "one column, null": lines("a", "x", "\\N", '"\\N"', '""'),
    "columns called like SQL": lines('"); drop table counted; --",select', *ROWS),
    "columns called like ours": lines("c1,c0", *ROWS),
    "columns with quotes": lines('"a""b",\'c\'', *ROWS),
    "columns with brackets": lines("{a},[b]", *ROWS),
    "columns that differ in case": lines("a,A", *ROWS),
    "columns with patterns": lines("*,?", *ROWS),
    "columns of no name": lines("a,,", "x,1,2", "y,2,3"),
    "64 columns and more": lines(
        ",".join(f"c{n}" for n in range(70)),
        *[",".join(map(str, range(n, n + 70))) for n in (0, 1, 1)],
    ),
}  # fmt: skip
"""What is counted by every engine that reads text."""

LEFT = {
    "blank line in the middle": lines(HEAD, *ROWS, "", *ROWS),
    "mixed line ends": SOUND + lines(*ROWS, end="\r\n"),
    "a line end that is another": SOUND + "x,1\r\n" + lines(*ROWS),
    "a line end that is another, at the end": SOUND + "x,1\r\n",
    "a line feed among carriage returns": lines(HEAD, *ROWS, end="\r\n") + "x,1\n",
    "header with another line end": HEAD + "\r\n" + lines(*ROWS),
    "line ends that are carriage returns": lines(HEAD, *ROWS, end="\r"),
    "blanks before quotes": SOUND + ' "a",1\n',
    "one column, blank line at the end": lines("a", *"xyzx", ""),
    "line feed in quotes of the first row, carriage returns": lines(
        HEAD, '"x\ny",1', *ROWS, end="\r\n"
    ).replace(HEAD + "\r\n", ""),
    "field of 3 MB": SOUND + f"{'x' * 3_000_000},1\n",
    "field of 3 MB in quotes": SOUND + f'"{"x," * 1_500_000}",1\n',
}  # fmt: skip
"""What is left to the engine in process, which reads it."""

REFUSED = {
    "empty cell too many": (SOUND + "y,2,\n", "ragged-row"),
    "empty cells too many, and blank ones": (SOUND + 'y,2,\n "a",1\n', "ragged-row"),
    "cell too few": (lines(HEAD, *ROWS, *MORE, "x"), "ragged-row"),
    "cell too many": (lines(HEAD, *ROWS, *MORE, "x,1,2"), "ragged-row"),
    "blank behind quotes": (lines(HEAD, *ROWS, *MORE, '"a" ,1'), "bad-quote"),
    "text behind quotes": (lines(HEAD, *ROWS, *MORE, '"a"b,1'), "bad-quote"),
    "quotes that are not closed": (lines(HEAD, *ROWS, *MORE, '"a,1', *MORE), "unclosed-quote"),
    "quotes that are not closed, line ends": (
        lines(HEAD, *ROWS, *MORE) + '"a,1\n\n\n', "unclosed-quote"
    ),
    "backslash before quotes": (lines(HEAD, *ROWS, *MORE, r'"a\"b",1'), "bad-quote"),
    "NUL": (lines(HEAD, *ROWS, *MORE, "x\0y,1"), "nul-character"),
    "NUL at the end": (lines(HEAD, *ROWS, *MORE) + "\0", "nul-character"),
    "carriage return": (lines(HEAD, *ROWS, *MORE, "x\ry,1"), "lone-carriage-return"),
    "header of fewer fields": (lines("a", "x,y,1", "y,z,2"), "ragged-row"),
    "header of more fields": (lines("a,b,c", *ROWS), "ragged-row"),
    "comment above": (lines("# note", HEAD, *ROWS), "ragged-row"),
    "comment within": (lines(HEAD, *ROWS, *MORE, "# note"), "ragged-row"),
    "sep=": (lines("sep=;", HEAD, *ROWS), "ragged-row"),
    "names that are the same": (lines("a,a", *ROWS), "duplicate-columns"),
    "one column, blank line": (lines("a", *"xy", "", *"zx"), "blank-line"),
    "one column, blank line below the header": (lines("a", "", *"zx"), "blank-line"),
    "one column, blank line far below": (lines("a", *"xy" * 90, "", *"zx"), "blank-line"),
    "count of rows": (lines("a", *"xyzx", "(4 rows)"), "footer"),
    "count of rows, in quotes": (lines("a", *"xyzx", '"(4 rows)"'), "footer"),
    "count of rows below two columns": (lines(HEAD, *ROWS, *MORE, "(125 rows)"), "ragged-row"),
    "header alone": (lines(HEAD), "no-rows"),
    "blank lines alone": ("\n\n\n", "no-rows"),
    "blank lines below a header": (lines(HEAD, "", ""), "no-rows"),
    "nothing": ("", "empty-file"),
}  # fmt: skip
"""What no engine may count, and the code of the error."""
UNDECODABLE = {
    "not UTF-8": b"\xff,1\n",
    "overlong": b"\xc0\xaf,1\n",
    "overlong, three bytes": b"\xe0\x80\xaf,1\n",
    "half of a surrogate pair": b"\xed\xa0\x80,1\n",
    "beyond Unicode": b"\xf4\x90\x80\x80,1\n",
    "cut by the end": b"x,\xe2\x82",
    "cut by a line end": b"\xe2\x82\n,1\n",
    "cut by quotes": b'"\xe2\x82",1\n',
}
REFUSED |= {
    name: (lines(HEAD, *ROWS, *MORE).encode() + last, "undecodable")
    for name, last in UNDECODABLE.items()
}


@pytest.mark.usefixtures("early")
@pytest.mark.parametrize("name", COUNTED)
def test_text_that_every_engine_counts(agreed, engine, name):
    found = agreed("x.csv", COUNTED[name], header=True)
    assert (found.engine, found.code) == (engine.name, "")


@pytest.mark.usefixtures("early")
@pytest.mark.parametrize("name", LEFT)
def test_text_that_is_counted_in_process(agreed, name):
    found = agreed("x.csv", LEFT[name], header=True)
    assert (found.engine, found.code) == (LOCAL, "")


@pytest.mark.usefixtures("early")
@pytest.mark.parametrize("name", REFUSED)
def test_text_that_is_refused(agreed, name):
    data, code = REFUSED[name]
    assert agreed("x.csv", data, header=True).code == code


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("rows", [ROWS, [*ROWS, *MORE, "x"], [*ROWS, *MORE, '"x"y,1']])
def test_a_column_that_is_not_there_beside_what_is_wrong(agreed, header, rows):
    nowhere = Wanted(columns=frozenset(["none"]))
    text = lines(*[HEAD] * header, *rows)
    found = agreed("x.csv", text, nowhere, header=header)
    # Without a header, columns are counted when the rows are.
    assert (found.code == "unknown-column") == (header or rows == ROWS)


@pytest.mark.usefixtures("early")
@pytest.mark.parametrize("unwanted", ["a", "b"])
def test_what_is_wrong_in_a_column_that_is_left_out_is_wrong(agreed, unwanted):
    rest = Wanted(excluded=lambda name: name == unwanted)
    for data, code in REFUSED.values():
        assert agreed("x.csv", data, rest, header=True).code == code


PACKED = {
    "x.csv.gz": gzip.compress, "x.csv.bz2": bz2.compress, "x.csv.xz": lzma.compress,
    "x.csv": gzip.compress, "x": lzma.compress,
}  # fmt: skip


@pytest.mark.usefixtures("early")
@pytest.mark.parametrize("name", PACKED)
def test_text_that_is_compressed(agreed, engine, name):
    packed = PACKED[name](SOUND.encode())
    assert agreed(name, packed).engine == engine.name
    assert agreed(name, packed + PACKED[name](lines(*ROWS).encode())).rows == 2 * len(ROWS)


@pytest.mark.parametrize("name", PACKED)
def test_compressed_text_that_is_damaged(agreed, name):
    text = lines(HEAD, *ROWS, *[f"x{n},{n}" for n in range(30_000)])
    packed = PACKED[name](text.encode())
    middle = len(packed) // 2
    wrong = bytes([packed[-6] ^ 1])
    for damaged in (
        packed[:middle], packed[:-1], packed + b"x", packed[:-6] + wrong + packed[-5:],
    ):  # fmt: skip
        assert agreed(name, damaged).code == "corrupt-compression"


@pytest.mark.usefixtures("early")
@pytest.mark.parametrize(
    ("encoding", "declared"),
    [("utf-16", None), ("utf-16-le", "utf-16-le"), ("utf-16-be", "utf-16-be"), ("utf-32", None),
     ("latin-1", "latin-1"), ("cp1252", "cp1252"), ("utf-8-sig", None), ("utf-8", "utf-8")],
)  # fmt: skip
def test_text_in_other_encodings(agreed, engine, encoding, declared):
    text = SOUND + lines("\u00e9,1", "\u00fc,2.5")
    found = agreed("x.csv", text.encode(encoding), encoding=declared)
    assert (found.engine, found.rows) == (engine.name, 7)


@pytest.mark.usefixtures("early")
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", " ", "^", "'", "$", "*", "#"])
def test_delimiters(agreed, engine, delimiter):
    rows = [row.replace(",", delimiter) for row in (HEAD, "x,1", "y,2", '"q,",3', '"d""q",4')]
    found = agreed("x.txt", lines(*rows), header=True, delimiter=delimiter)
    assert found.engine == engine.name


def test_a_delimiter_that_is_no_ascii_is_left_to_the_engine_in_process(agreed):
    text = lines(*table([str(n) for n in range(2000)], ["x"] * 2000)).replace(",", "\u00a7")
    assert agreed("x.txt", text, header=True, delimiter="\u00a7").engine == LOCAL


@pytest.mark.usefixtures("early")
def test_numbers_with_a_comma(agreed, engine):
    text = lines("a;b", "1,5;x", "2;y", "1.5;x", "-,5;x", "2,50;x", "1e3;x")
    for wanted in (Wanted(), Wanted(numeric=frozenset("a"))):
        found = agreed("x.csv", text, wanted, delimiter=";", decimal=",", header=True)
        assert found.engine == engine.name


@pytest.mark.usefixtures("early")
@pytest.mark.parametrize(
    "where", ["a=x", "b=1", "b=1.0", "a=q,c", 'a=d"q', "b=2.50", "a=", "a=\\N"]
)
def test_rows_that_are_chosen_by_a_cell(agreed, engine, where):
    text = SOUND + lines(",7", '"",8', "\\N,9", '"\\N",5')
    found = agreed("x.csv", text, where=where)
    assert (found.engine, found.code) == (engine.name, "")


# Names of files.

NAMES = (
    "x[1].csv", "*.csv", "?.csv", "**.csv", "[!a].csv", "{x,y}.csv", "it's.csv", 'a"b.csv',
    "a b.csv", "a\nb.csv", "$x.csv", "-x.csv", "~.csv", "x;y.csv", "\\x.csv", "x%20.csv",
    "\u00e9.csv",
    "read_csv('x').csv", "s3:x.csv", "x.parquet.csv", "x.csv.csv", "year=2024/x.csv",
    "year=2024/month=01/x.csv",
)  # fmt: skip


@pytest.mark.usefixtures("early")
@pytest.mark.parametrize("name", NAMES)
def test_names_of_files(agreed, engine, tmp_path, name):
    # What the name as a pattern would match.
    for other in ("x1.csv", "y.csv", "x.csv", "b.csv"):
        (tmp_path / other).write_text("c\nother\n")
    found = agreed(name, SOUND)
    assert (found.engine, found.rows) == (engine.name, len(ROWS))


@pytest.mark.usefixtures("early")
def test_a_path_may_be_relative_or_a_link(engine, tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x.csv").write_text(SOUND)
    (tmp_path / "link.csv").symlink_to("data/x.csv")
    monkeypatch.chdir(tmp_path / "data")
    for path in ("x.csv", "./x.csv", "../data/x.csv", "../link.csv"):
        assert same(engine, path).engine == engine.name


@pytest.mark.usefixtures("early")
@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9/x.csv", "https://x.invalid/x.csv", "s3://b/x.csv", "gs://b/x.csv",
     "hf://datasets/x.csv", "file:///x.csv"],
)  # fmt: skip
def test_nothing_is_fetched(engine, tmp_path, monkeypatch, url):
    def refuse(*arguments, **more):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    assert same(engine, url).code == "url"
    # A file may be called so.
    monkeypatch.chdir(tmp_path)
    Path(url).parent.mkdir(parents=True)
    Path(url).write_text(SOUND)
    assert same(engine, url).rows == len(ROWS)


# Pipes, and what is no file.


@pytest.mark.usefixtures("early")
@pytest.mark.parametrize("packed", [False, True])
def test_a_pipe_is_read_once(engine, packed):
    def piped():
        read, write = os.pipe()
        data = gzip.compress(SOUND.encode()) if packed else SOUND.encode()
        os.write(write, data)
        os.close(write)
        return read

    found = []
    for choose in (sides._engine_in_process, forced(engine)):
        read = piped()
        try:
            found.append(answer(choose, f"/dev/fd/{read}", ReadOptions(), Wanted()))
        finally:
            os.close(read)
    assert [each.engine for each in found] == [LOCAL, engine.name]
    assert found[0].rows == found[1].rows == len(ROWS)


def test_a_fifo_is_read_once(engine, tmp_path):
    path = tmp_path / "fifo.csv"
    os.mkfifo(path)
    found = []
    for choose in (sides._engine_in_process, forced(engine)):
        write = "import sys; open(sys.argv[1], 'w').write(sys.argv[2])"
        with subprocess.Popen([sys.executable, "-c", write, path, SOUND]) as writer:
            found.append(answer(choose, str(path), ReadOptions(), Wanted()))
        assert writer.returncode == 0
    assert found[0].told == found[1].told
    assert found[0].rows == len(ROWS)


def test_what_is_no_file(engine, tmp_path):
    for path in ("/dev/null", str(tmp_path), str(tmp_path / "none.csv")):
        assert same(engine, path).code
    # Root may read all files.
    if os.geteuid():
        secret = tmp_path / "secret.csv"
        secret.write_text(SOUND)
        secret.chmod(0)
        assert same(engine, str(secret)).code


# Types that are decided late, and labels that are many.


@pytest.fixture
def in_small_batches(monkeypatch):
    """Let the first rows, in which types are looked for, end soon."""
    monkeypatch.setattr(delimited, "BATCH_CELLS", 64)


LATE = {
    "empty": ([], True),
    "numbers": (["1", "2.5", "inf", "NA"], True),
    "numbers, words first": (["NA", "null", "1"], True),
    "text": (["x", "y z", "2024-01-05"], True),
    "words": (["NA", "null"], True),
    "words with blanks": ([" NA ", "NA"], False),
    "codes": (["007", "008"], False),
    "exact integers": (["9007199254740993", "9007199254740992"], False),
    "numbers and text": (["1", "x"], False),
    "text and numbers": (["x", "1"], False),
    "separators": (["1,000", "x"], False),
    "minus signs": (["\u22121", "x"], False),
}


@pytest.mark.usefixtures("in_small_batches")
@pytest.mark.parametrize("name", LATE)
def test_columns_with_few_values(agreed, engine, name):
    values, is_counted = LATE[name]
    cells = [""] * 2000
    for i, value in enumerate(values * 3):
        cells[900 + 70 * i] = f'"{value}"'
    found = agreed("x.csv", lines(*table(cells, ["1", "x"] * 1000)))
    assert found.engine == (engine.name if is_counted else LOCAL)


KEYS = [f"key {n}" for n in range(3000)]
DAYS = [f"{2000 + n // 336}-{n // 28 % 12 + 1:02}-{n % 28 + 1:02}" for n in range(3000)]
TIMES = [f"{day}T{n % 24:02}:{n % 60:02}:00.{n:06}Z" for n, day in enumerate(DAYS)]
FEW = Wanted(most_outcomes=1000)
MANY = {
    "key": (KEYS, True),
    "no key": (KEYS * 2, True),
    "key and missing values": ([*KEYS, *[""] * 3000], True),
    "as many as are allowed": (KEYS[:1000] * 3, True),
    "as many as are allowed, and missing values": ([*KEYS[:1000] * 3, "", "  ", "\\N"], True),
    "days": (DAYS, True),
    "days that come again": (DAYS * 2, True),
    "days and missing values": ([*DAYS, "", " "], True),
    "times": (TIMES, True),
    "days, then a word": ([*DAYS, "unknown"], False),
    "a word, then days": (["unknown", *DAYS], False),
    "days that are none": ([*DAYS, "2024-02-30"], False),
    "days of the first and last years": ([*DAYS, "0001-01-01", "9999-12-31"], False),
    "day, then keys": (["2024-01-05", *KEYS], False),
}


@pytest.mark.parametrize("name", MANY)
@pytest.mark.parametrize(
    "wanted",
    [FEW, FEW._replace(columns=frozenset("a")), FEW._replace(categorical=frozenset("a")),
     FEW._replace(identifiers=False), FEW._replace(na=frozenset(KEYS[:3])),
     FEW._replace(late=True), Wanted()],
    ids=["few", "column", "categorical", "identifiers", "na", "late", "many"],
)  # fmt: skip
def test_labels_that_are_many(agreed, engine, name, wanted):
    cells, is_counted = MANY[name]
    found = agreed("x.csv", lines(*table(cells, ["1"] * len(cells))), wanted)
    asked = wanted.asks_for("a") or wanted.most_outcomes > len(KEYS)
    assert found.engine == (engine.name if is_counted or asked else LOCAL)


@pytest.mark.parametrize(
    "cells",
    [KEYS * 2, DAYS, ["1.5"] * 3000, [str(n / 7) for n in range(3000)]],
    ids=["labels", "days", "number", "numbers"],
)
@pytest.mark.parametrize("missing", [" ", "NA", "-9"])
def test_a_value_that_is_missing_and_must_not(agreed, cells, missing):
    wanted = FEW._replace(forbid_missing=True, na=frozenset(["-9"]))
    for few in (cells, [*cells, missing], [*cells[:2500], missing, *cells]):
        text = lines(*table(few, ["1"] * len(few)))
        agreed("x.csv", text, wanted)
    agreed("x.csv", text, wanted._replace(columns=frozenset("a")))


# Numbers.

DOUBLES = [repr(0.7310585786300049 * 10.0**power) for power in range(-300, 300)]
ODD = ["1e-400", "5e-324", "-0.0", "0", "+.5", "5.", "1E+3", "0.1e1", " 7", "8\t",
       "9007199254740993", "2" * 300, "0." + "3" * 400, "1.7976931348623157e308", "NA", " NA ",
       "nan", "inf", "-Infinity", " +INF ", "", " ", "\\N"]  # fmt: skip
NONE = [
    "1_000",
    "0x10",
    "1d",
    "1,5",
    "007",
    "--1",
    "\uff11",
    "\u22125",
    "1e",
    "e1",
    ".",
    "1 2",
    "x",
]


@pytest.fixture(params=[200_000, 10], ids=["Python converts", "DuckDB converts"])
def converted(request, monkeypatch):
    """Let texts be converted by one or the other, which must be the same."""
    from kldiv_cli.engines import embedded

    monkeypatch.setattr(embedded, "MOST_TEXTS", request.param)
    return request.param


@pytest.mark.usefixtures("converted")
@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("decimal", [".", ","])
def test_numbers_are_the_same_to_the_last_bit(agreed, engine, wide, decimal, monkeypatch):
    from kldiv_cli.engines import embedded

    monkeypatch.setattr(embedded, "_is_wide", lambda counter, scan: counter.is_numeric and wide)
    monkeypatch.setattr(delimited, "BATCH_CELLS", 2048)
    numbers = [*[f"{n / 7}" for n in range(1500)], *DOUBLES, *ODD]
    cells = [cell.replace(".", decimal) for cell in numbers]
    text = "a;b\n" + "".join(f"{cell};x\n" for cell in cells)
    na = frozenset(["0", "5e-324", "inf", "1e3"])
    for wanted in (
        Wanted(), Wanted(numeric=frozenset("a")), Wanted(categorical=frozenset("a")),
        Wanted(na=na), Wanted(forbid_missing=True, na=frozenset(["8"])),
    ):  # fmt: skip
        found = agreed("x.csv", text, wanted, delimiter=";", decimal=decimal)
        assert found.engine == (LOCAL if wanted.forbid_missing else engine.name) or found.code
    for bad in NONE:
        found = agreed("y.csv", f"{text}{bad};x\n", delimiter=";", decimal=decimal)
        assert "mixed-column" in repr(found.told) or (bad == "1,5" and decimal == ",")


def test_numbers_that_are_nearly_all_distinct(agreed, engine):
    # Beyond what the first rows show, and what Python converts.
    rows = 210_000
    cells = [f"{(n * 7919 % rows) / 3}" for n in range(rows)]
    cells[100_000] = "n/a"
    cells[150_000:150_003] = ["x y", "NA", "inf"]
    found = agreed("x.csv", "a,b\n" + "".join(f"{cell},{n % 9}\n" for n, cell in enumerate(cells)))
    assert (found.engine, found.rows) == (engine.name, rows)
    # It is named by its line, and so are both words.
    assert "line=100002, column=1, name='a', value='n/a'" in found.told[1]
    assert "words=('n/a', 'x y')" in found.told[1]


@pytest.mark.parametrize(
    "words", [["z", "y", "x"], ["x", "z"], ["w", "z", "y", "x"], ["007", "b", "a"]]
)
def test_bad_values_are_told_whatever_the_order(agreed, engine, words):
    cells = [*[str(n % 977) for n in range(20_000)], *words, "1", *words, *"123"]
    found = agreed("x.csv", lines(*table(cells, cells[::-1])))
    assert found.engine == engine.name


# Random tables.

SOME = st.sampled_from(
    ["", " ", "\t", "x", "y", "X", " x", "x ", "NA", "na", "null", "nan", "inf", "-Inf", "\\N",
     "\\n", "1", "2", "2.5", "2.50", "-0.0", "0", "007", "1e400", "1e-400", "9007199254740993",
     "1,5", "1_000", "#", "'", '"', '""', '"\\N"', "a\nb", "a\r\nb", "a\rb", "\n", "\r\n", "\r",
     "\u00e9", "\u2028", "\x85", "\u3000", "\ufeff", "true", "f", "2024-01-05",
     "2024-01-05T00:00Z", "(3 rows)", "-999", "-999.0", "=1", "\\", "%", "{}"]
)  # fmt: skip
WORD = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
NUMBER = (
    st.integers(-99, 99).map(str)
    | st.floats(allow_nan=False, allow_infinity=False).map(repr)
    | st.integers(-(10**20), 10**20).map(str)
    | st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str)
)
NUMERAL = st.sampled_from(["1", "2", "x"])
CELL = st.sampled_from([SOME, WORD, NUMBER, SOME | NUMBER, NUMERAL, SOME | WORD])


@st.composite
def files(draw):
    """Return the bytes of a table, how it is read, and what of it is wanted."""
    width, rows = draw(st.integers(1, 4)), draw(st.integers(1, 40))
    names = [
        f"{'aAbB'[i]}{draw(st.sampled_from(['', ' x', chr(34), '*', ',']))}" for i in range(width)
    ]
    columns = [
        draw(st.lists(draw(CELL), min_size=rows, max_size=rows)) for _ in range(width)
    ]  # fmt: skip
    delimiter = draw(st.sampled_from(",;\t|"))
    header, end = draw(st.booleans()), draw(st.sampled_from(["\n", "\n", "\r\n"]))
    stream = io.StringIO(newline="")
    quoting = draw(st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerows([names] * header + list(zip(*columns, strict=True)))
    text = stream.getvalue()
    if end == "\n" and draw(st.booleans()):
        text = text.removesuffix(end)
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1"]))
    try:
        data = text.encode(encoding)
    except UnicodeEncodeError:
        encoding, data = "utf-8", text.encode()
    data = draw(st.sampled_from([bytes, bytes, gzip.compress]))(data)
    declared = encoding if encoding == "latin-1" else None
    decimal = draw(st.sampled_from("...,")) if delimiter != "," else "."
    titles = [name.strip() for name in names] if header else ["1", "2", "3", "4"][:width]
    where = None
    if draw(st.integers(0, 4)) == 0:
        # Most often a value that there is.
        i = draw(st.integers(0, width - 1))
        where = f"{titles[i]}={draw(SOME | st.sampled_from(columns[i]) | NUMERAL)}"
    options = ReadOptions(
        header=header, delimiter=delimiter, encoding=declared, decimal=decimal, format="csv",
        where=where,
    )  # fmt: skip
    some = st.frozensets(st.sampled_from(titles))
    numeric = draw(st.just(frozenset()) | some)
    wanted = Wanted(
        columns=draw(st.none() | st.frozensets(st.sampled_from(titles), min_size=1)),
        numeric=numeric,
        categorical=draw(st.just(frozenset()) | some) - numeric,
        excluded=draw(st.sampled_from([lambda name: False, lambda name: name == titles[0]])),
        na=draw(st.frozensets(SOME, max_size=3)),
        forbid_missing=draw(st.sampled_from([False, False, False, True])),
        identifiers=draw(st.booleans()),
        most_outcomes=draw(st.sampled_from([1, 2, 5, 100_000])),
    )
    return data, options, wanted, bool(set("\r\n") & set(text.replace(end, "")))


EXPECTED = re.compile(
    "a value is missing|no column is wanted|some labels are dates|the first rows have few values"
    "|there are characters or lines|there are no rows|rows are chosen among too many values"
).match
"""Why a table that a program wrote is left to the engine in process."""


def test_random_tables(engine, tmp_path, monkeypatch, early):
    from kldiv_cli.engines import embedded

    path, engines = tmp_path / "x", Counter()

    @settings(max_examples=20, suppress_health_check=[*HealthCheck])
    @given(files(), st.booleans(), st.sampled_from([0, 3, 200_000]))
    def run(file, wide, most):
        data, options, wanted, is_mixed = file
        monkeypatch.setattr(embedded, "MOST_TEXTS", most)
        monkeypatch.setattr(embedded, "_is_wide", lambda one, scan: one.is_numeric and wide)
        path.write_bytes(data)
        unsuited = []
        found = same(engine, str(path), options, wanted, unsuited)
        engines[found.engine] += 1
        # What is wrong is said in process.
        assert found.code or is_mixed or all(map(EXPECTED, unsuited))

    run()
    # Others are errors, or were left for the reasons that are expected.
    assert engines[engine.name]


# Verdicts.


def flights(seed, rows=6000):
    """Return a table of flights: keys, hours, names, delays, and what is missing of them."""
    draw = random.Random(seed)
    text = ["id,time,carrier,dep_delay,distance,share,tail,note\n"]
    for n in range(rows):
        delay = "NA" if draw.random() < 0.02 else round(draw.gauss(5 + seed, 30))
        share = "" if draw.random() < 0.1 else draw.lognormvariate(0, 1 + seed / 9)
        carrier, tail = draw.choice(["AA", "UA", "DL", "9E"]), f"N{draw.randrange(900)}"
        time = f"2013-0{1 + seed}-{n % 28 + 1:02} {n % 24:02}:00:00"
        text.append(
            f"{seed}{n:05},{time},{carrier},{delay},{draw.randrange(80, 2500)},{share},{tail},\n"
        )
    return "".join(text)


COMMANDS = (
    ("check", "jan.csv", "jul.csv", "-f", "json"),
    ("check", "jan.csv", "jul.csv", "--column", "share", "--missing", "drop"),
    ("check", "jan.csv", "jul.csv", "--missing", "error"),
    ("check", "jan.csv", "jul.csv", "--categorical", "distance", "--bins", "7"),
    ("check", "jan.csv", "jul.csv", "--max-outcomes", "900", "--exclude", "time"),
    ("check", "jan.csv", "renamed.csv", "--map", "portion=share", "-f", "json"),
    ("profile", "jan.csv", "--min-count", "3"),
    ("profile", "jul.csv", "--like", "jan.json"),
    ("check", "jan.json", "jul.csv", "-f", "json"),
    ("compare", "jan.csv", "jul.csv", "--as", "samples", "--column", "share"),
    ("compare", "jan.csv", "jul.csv", "--as", "samples", "--column", "tail", "-f", "json"),
    ("compare", "one.csv", "two.csv", "--as", "samples", "-f", "json"),
    ("inspect", "jul.csv", "--as", "samples"),
    ("check", "jan.csv", "jul.csv", "--where", "carrier=UA", "-f", "json"),
    ("profile", "jan.csv", "--where", "carrier=DL", "--min-count", "3"),
    ("check", "jan.csv", "jul.csv", "--joint", "carrier", "--joint", "tail", "-f", "json"),
    ("check", "jan.csv", "jul.csv", "--joint", "carrier", "--joint", "tail", "--column", "share"),
)  # fmt: skip


@pytest.fixture
def months(tmp_path, monkeypatch, kldiv):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KLDIV_NO_CONFIG", "1")
    jan, jul = flights(1), flights(7)
    Path("jan.csv").write_text(jan)
    Path("jul.csv").write_text(jul)
    Path("renamed.csv").write_text(jul.replace("share", "portion", 1))
    for name, text in (("one.csv", jan), ("two.csv", jul)):
        Path(name).write_text("".join(f"{line.split(',')[4]}\n" for line in text.splitlines()))
    assert kldiv("profile", "jan.csv", "-o", "jan.json").code == 0


@pytest.mark.usefixtures("months")
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_verdicts_are_the_same_to_the_last_byte(engine, kldiv, monkeypatch, words):
    # Rows have an order in process alone, and a note where it was not looked at.
    monkeypatch.setattr("kldiv_cli.pipeline.settings.Rules.grouping", None)
    expected = kldiv(*words)
    choose, engines = forced(engine), []

    def counted(*arguments):
        found = count(*arguments)
        engines.append(found.engine)
        return found

    count = sides._counted_by
    monkeypatch.setattr(sides, "_engine", choose)
    monkeypatch.setattr(sides, "_counted_by", counted)
    assert kldiv(*words) == expected
    assert expected.code in ((2,) if "error" in words else (0, 1, 3))
    assert "error" in words or engine.name in engines
    assert "error" in words or LOCAL not in engines


@pytest.mark.usefixtures("months")
def test_rows_have_no_order_where_another_engine_counts_them(engine, kldiv, monkeypatch):
    expected = json.loads(kldiv("check", "jan.csv", "jul.csv", "-f", "json").out)
    monkeypatch.setattr("kldiv_cli.engines.SMALLEST", 0)
    ran = kldiv("check", "jan.csv", "jul.csv", "-f", "json", "-v")
    assert engine.name in ran.err
    found = json.loads(ran.out)
    assert found["columns"] == expected["columns"]
    codes = [note["code"] for note in found["notes"]]
    assert codes.count("order-unknown") == 2
    assert "order-unknown" not in [note["code"] for note in expected["notes"]]
    # Whoever asks for the order gets it, from the engine in process.
    again = json.loads(kldiv("check", "jan.csv", "jul.csv", "-f", "json", "--serial").out)
    assert again["dependence"] == "serial"


# What goes wrong.


@pytest.fixture
def nothing_left(tmp_path, monkeypatch):
    """Give the process a folder for temporary files, which must be empty at the end."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    yield folder
    assert list(folder.iterdir()) == []


@pytest.mark.usefixtures("early", "nothing_left")
@pytest.mark.parametrize("text", [COUNTED["sound"], LEFT["mixed line ends"], REFUSED["NUL"][0]])
def test_nothing_is_left_in_the_temporary_folder(agreed, text):
    agreed("x.csv", text)


@pytest.mark.usefixtures("nothing_left")
def test_a_limit_of_memory_that_is_too_small(engine, tmp_path, kldiv, monkeypatch):
    path = tmp_path / "x.csv"
    path.write_text("a,b\n" + "".join(f"key {n},x\n" for n in range(50_000)))
    found = answer(forced(engine), str(path), ReadOptions(memory_limit=1 << 20), Wanted())
    assert found.code == "memory-limit"
    monkeypatch.setattr(sides, "_engine", forced(engine))
    ran = kldiv("profile", path, "--memory-limit", "1MB", "-o", tmp_path / "x.json")
    assert (ran.code, ran.out) == (2, "")
    assert "--memory-limit" in ran.err
    assert not (tmp_path / "x.json").exists()
    assert kldiv("profile", path, "--memory-limit", "500MB").code == 0


@pytest.mark.usefixtures("nothing_left")
def test_more_columns_than_fit_into_the_memory_of_an_engine(agreed, monkeypatch):
    monkeypatch.setattr("kldiv_cli.database.MEMORY", 1 << 20)
    text = lines(*[",".join(f"{'abc'[n % 3]}{i}" for i in range(40)) for n in range(3000)])
    assert agreed("x.csv", text, header=False).engine == LOCAL


@pytest.mark.usefixtures("early", "nothing_left")
@pytest.mark.parametrize(
    "other",
    [SOUND + "z,9\n", SOUND[:-9], SOUND[:20], SOUND.replace("x,1", "xx,1"), "", HEAD + "\n"],
)
def test_a_file_that_changes_while_it_is_read(engine, tmp_path, monkeypatch, other):
    from kldiv_cli.engines import scanning

    path, scan = tmp_path / "x.csv", scanning.Records._count_part

    def changed(*arguments):
        path.write_text(other)
        return scan(*arguments)

    monkeypatch.setattr(scanning.Records, "_count_part", changed)
    path.write_text(SOUND)
    found = answer(forced(engine), str(path), ReadOptions(header=True), Wanted())
    monkeypatch.undo()
    monkeypatch.setattr(local, "SAMPLE", 1)
    # It is read again as it is now, or it is wrong.
    assert found == answer(sides._engine_in_process, str(path), ReadOptions(header=True), Wanted())


@pytest.mark.usefixtures("early")
def test_a_file_that_is_gone_while_it_is_read(engine, tmp_path, monkeypatch):
    from kldiv_cli.engines import scanning

    path, scan = tmp_path / "x.csv", scanning.Records._count_part

    def gone(*arguments):
        path.unlink()
        return scan(*arguments)

    monkeypatch.setattr(scanning.Records, "_count_part", gone)
    path.write_text(SOUND)
    assert answer(forced(engine), str(path), ReadOptions(), Wanted()).code == "no-such-file"


@pytest.mark.usefixtures("early")
@pytest.mark.parametrize(
    "problem", [PermissionError(13, "Permission denied"), OSError(28, "full")]
)
def test_no_temporary_folder(engine, tmp_path, monkeypatch, problem):
    def refuse(*arguments, **more):
        raise problem

    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    path = tmp_path / "x.csv"
    path.write_text(SOUND)
    found = answer(forced(engine), str(path), ReadOptions(), Wanted())
    assert (found.engine, found.rows) == (LOCAL, len(ROWS))


# Rows that are chosen.

CHOSEN = lines(
    "a,b,c",
    *[f"{'xyz'[n % 3]},{n % 7},{n / 7:.3f}" for n in range(60)],
    '"x",7,0.5', ' x,8,0.5', "X,9,0.5", ",1,0.5", "\\N,2,0.5", '"\\N",3,0.5', '" ",4,0.5',
    '"",5,0.5', "1,1,0.5", "1.0,2,0.5", "1e0,3,0.5", " 1,4,0.5", "01,5,0.5", "true,6,0.5",
    "TRUE,7,0.5", "t,8,0.5",
    "2024-01-05,1,0.5", "2024-01-05T00:00Z,2,0.5", "NA,3,0.5", "1e400,4,0.5", '"q,""c",5,0.5',
)  # fmt: skip
VALUES = ["x", "y", "", "1", "01", "1e400", "true", "2024-01-05", "NA", 'q,"c', " x", "\\N"]
"""Values of the column a, some of which are spelt in several ways."""


@pytest.mark.usefixtures("early")
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("value", VALUES)
def test_rows_that_are_chosen(agreed, engine, value, packed):
    data = gzip.compress(CHOSEN.encode()) if packed else CHOSEN
    found = agreed("x.csv", data, where=f"a={value}")
    if value == "\\N":
        # It is no text where it is not in quotes.
        assert found.rows == 1
    assert found.engine == engine.name


@pytest.mark.usefixtures("early")
@pytest.mark.parametrize("header", [True, False])
def test_rows_are_chosen_by_numbers_with_a_comma_and_by_position(agreed, engine, header):
    text = "a;b\n" * header + "1,5;x\n1,50;y\n1.5;x\n2;y\n"
    for value, rows in (("1.5", 3), ("1,5", 1), ("2", 1)):
        where = f"{'a' if header else '1'}={value}"
        found = agreed("x.csv", text, header=header, delimiter=";", decimal=",", where=where)
        assert (found.engine, found.rows) == (engine.name, rows)


@pytest.mark.usefixtures("early")
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_in_rows_that_are_not_chosen_is_wrong(agreed, name):
    data, code = REFUSED[name]
    for where in ("a=x", "b=2.5", "a=none"):
        found = agreed("x.csv", data, header=True, where=where)
        assert found.code in {code, "unknown-column", "no-rows-where"}


@pytest.mark.usefixtures("early")
def test_no_row_is_chosen(agreed):
    assert agreed("x.csv", CHOSEN, where="a=none").code == "no-rows-where"
    assert agreed("x.csv", CHOSEN, where="d=x").code == "unknown-column"


def test_types_are_those_of_the_rows_that_are_chosen(agreed, engine):
    rows = [f"{'xy'[n % 2]},{n if n % 2 else f'key {n % 5}'},{n % 9}" for n in range(4000)]
    for value in "xy":
        found = agreed("x.csv", lines("a,b,c", *rows), where=f"a={value}")
        assert (found.engine, found.rows) == (engine.name, 2000)
    # The value comes late, and a column holds something else there.
    late = lines("a,b,c", *rows, *[f"z,{n},u" for n in range(1500)], "z,v,1")
    found = agreed("x.csv", late, where="a=z")
    assert (found.engine, found.rows) == (engine.name, 1501)
    assert "mixed-column" in found.told[1]
    assert "line=5502" in found.told[1]


def test_rows_are_chosen_by_one_of_many_values(agreed, engine, monkeypatch):
    from kldiv_cli.engines import scanning

    rows = [f"{n % 3000},{n % 7},x" for n in range(9000)]
    assert agreed("x.csv", lines("a,b,c", *rows), where="a=7").engine == engine.name
    monkeypatch.setattr(scanning, "MOST_VALUES", 2000)
    assert agreed("x.csv", lines("a,b,c", *rows), where="a=7").engine == LOCAL


# Folders of part files.


@pytest.fixture
def folder(engine, tmp_path, monkeypatch):
    """Count a folder of files of these contents by an engine and in process, which must agree."""
    from kldiv_cli.engines import text_bytes

    monkeypatch.setattr(text_bytes, "SMALLEST_PART", 0)

    def run(parts, wanted=None, **options):
        for name, data in parts.items():
            path = tmp_path / "data" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data.encode() if isinstance(data, str) else data)
        return same(engine, str(tmp_path / "data"), ReadOptions(**options), wanted)

    return run


def zipped(text):
    return gzip.compress(text.encode())


OTHER = lines("b,a", "1,x", "7,y", '"2","u"')
PARTS = {
    "alike": {"1.csv": SOUND, "2.csv": SOUND, "3.csv": lines(HEAD, "u,7")},
    "columns in another order": {"1.csv": SOUND, "2.csv": OTHER, "3.csv": SOUND},
    "no final line end": {"1.csv": SOUND[:-1], "2.csv": SOUND[:-1], "3.csv": OTHER[:-1]},
    "no final line end, compressed": {f"{n}.csv.gz": zipped(SOUND[:-1]) for n in "123"},
    "carriage returns": {f"{n}.csv": SOUND.replace("\n", "\r\n") for n in "123"},
    "carriage returns, compressed": {
        f"{n}.csv.gz": zipped(SOUND.replace("\n", "\r\n")) for n in "123"
    },
    "compressed": {
        "1.csv.gz": zipped(SOUND), "2.csv.gz": zipped(OTHER), "3.csv.gz": zipped(SOUND),
    },
    "compressed and not": {"1.csv.gz": zipped(SOUND), "2.csv": SOUND, "3.csv.gz": zipped(OTHER)},
    "tabs": {"1.tsv": SOUND.replace(",", "\t"), "2.tsv": OTHER.replace(",", "\t")},
    "empty": {"1.csv": "", "2.csv": SOUND, "3.csv": "", "4.csv": SOUND},
    "header alone": {"1.csv": SOUND, "2.csv": lines(HEAD), "3.csv": HEAD, "4.csv": SOUND},
    "header alone, compressed": {
        "1.csv.gz": zipped(SOUND), "2.csv.gz": zipped(HEAD), "3.csv.gz": zipped(SOUND),
    },
    "line ends that differ, compressed": {
        "1.csv.gz": zipped(SOUND), "2.csv.gz": zipped(SOUND.replace("\n", "\r\n")),
    },
    "blank lines between, compressed": {
        "1.csv.gz": zipped(SOUND + "\n"), "2.csv.gz": zipped(SOUND),
    },
    "byte order marks": {"1.csv": "\ufeff" + SOUND, "2.csv": "\ufeff" + SOUND},
    "encodings": {"1.csv": SOUND, "2.csv": SOUND.encode("utf-16")},
    "blank lines": {"1.csv": SOUND + "\n\n", "2.csv": "\n\n" + SOUND, "3.csv": OTHER + "\n"},
    "names": {"x[1].csv": SOUND, "*.csv": SOUND, "it's.csv": SOUND, "x1.csv": OTHER},
    "hidden": {"1.csv": SOUND, ".x.csv": "a\n", "_SUCCESS": "", "_x.csv": "a\n"},
    "partitions": {"m=01/1.csv": SOUND, "m=01/2.csv": OTHER, "m=02/1.csv": SOUND},
    "partitions of text": {"m=x%20y/1.csv": SOUND, "m=__HIVE_DEFAULT_PARTITION__/1.csv": OTHER},
    "partitions, compressed": {"m=1/1.csv.gz": zipped(SOUND), "m=2/1.csv.gz": zipped(SOUND)},
    "partitions of partitions": {
        "m=1/n=x/1.csv": SOUND, "m=1/n=y/1.csv": SOUND, "m=2/n=x/1.csv": OTHER,
    },
}  # fmt: skip
"""Folders that every engine that reads text counts."""


@pytest.mark.usefixtures("early")
@pytest.mark.parametrize("name", PARTS)
def test_folders_that_every_engine_counts(folder, engine, name):
    found = folder(PARTS[name], header=True)
    assert (found.engine, found.code) == (engine.name, "")
    # Rows are chosen from all parts together.
    for where in ("a=x", "b=2.5", "b=1", "m=1", "m=01", "m="):
        found = folder(PARTS[name], header=True, where=where)
        assert found.engine == engine.name or found.code in ("unknown-column", "no-rows-where")


LEFT_PARTS = {
    "carriage returns alone": {"1.csv": SOUND, "2.csv": SOUND.replace("\n", "\r")},
    "carriage returns alone, compressed": {
        "1.csv.gz": zipped(SOUND), "2.csv.gz": zipped(SOUND.replace("\n", "\r")),
    },
    "line ends that differ": {"1.csv": SOUND, "2.csv": SOUND.replace("\n", "\r\n")},
    "a column that the folder names, too": {
        "a=x/1.csv": lines(HEAD, "x,1"), "a=y/1.csv": lines(HEAD, "y,2"),
    },
    "blank lines in the middle": {"1.csv": SOUND, "2.csv": lines(HEAD, *ROWS, "", *ROWS)},
}  # fmt: skip

REFUSED_PARTS = {
    "no column": ({"1.csv": SOUND, "2.csv": lines("a", "x")}, "columns-differ"),
    "other columns": ({"1.csv": SOUND, "2.csv": lines("a,c", "x,1")}, "columns-differ"),
    "folder that says something else": (
        {"a=x/1.csv": lines(HEAD, "x,1"), "a=y/1.csv": lines(HEAD, "x,2")}, "columns-differ"),
    "cell too many": ({"1.csv": SOUND, "2.csv": lines(HEAD, *ROWS, *MORE, "x,1,2")}, "ragged-row"),
    "empty cell too many": ({"1.csv": SOUND, "2.csv": SOUND + "y,2,\n"}, "ragged-row"),
    "quotes that are not closed": (
        {"1.csv": lines(HEAD, *MORE) + '"x,1\n', "2.csv": SOUND}, "unclosed-quote"),
    "quotes that are not closed, compressed": (
        {"1.csv.gz": zipped(lines(HEAD, *MORE) + '"x,1\n'), "2.csv.gz": zipped(SOUND)},
        "unclosed-quote"),
    "quotes that two parts would close": (
        {f"{n}.csv.gz": zipped(lines(HEAD, *MORE) + 'x,"1\n') for n in "12"}, "unclosed-quote"),
    "a quote in one part, and one in the next": (
        {"1.csv": 'a\nx\n"1\n', "2.csv": 'a\n2"\nx\n'}, "unclosed-quote"),
    "a quote in one part, and one in the next, compressed": (
        {"1.csv.gz": zipped('a\nx\n"1\n'), "2.csv.gz": zipped('a\n2"\nx\n')}, "unclosed-quote"),
    "damaged": (
        {"1.csv.gz": zipped(SOUND), "2.csv.gz": zipped(SOUND)[:-9]}, "corrupt-compression"),
    "nothing": ({"1.csv": "", "2.csv": ""}, "no-rows"),
    "headers alone": ({"1.csv": lines(HEAD), "2.csv": lines(HEAD)}, "no-rows"),
    "a value that is no number": ({"1.csv": lines(HEAD, *MORE), "2.csv": lines(HEAD, "z,x")}, ""),
}  # fmt: skip


@pytest.mark.usefixtures("early")
@pytest.mark.parametrize("name", LEFT_PARTS)
def test_folders_that_are_counted_in_process(folder, name):
    found = folder(LEFT_PARTS[name], header=True)
    assert (found.engine, found.code) == (LOCAL, "")


@pytest.mark.usefixtures("early")
@pytest.mark.parametrize("name", REFUSED_PARTS)
def test_folders_that_are_refused(folder, name):
    parts, code = REFUSED_PARTS[name]
    found = folder(parts, header=True)
    assert found.code == code
    assert code or "mixed-column" in found.told[1]


def test_outcomes_and_numbers_are_those_of_all_parts(folder, engine):
    sevenths = [f"{n / 7}" for n in range(1500)]
    parts = {
        f"m={n}/{n}.csv": lines(*table(KEYS[500 * n : 500 * n + 1500], sevenths))
        for n in range(4)
    }  # fmt: skip
    for most in (1000, 2900, 3000):
        found = folder(parts, Wanted(most_outcomes=most, identifiers=False))
        assert (found.engine, found.rows) == (engine.name, 6000)
        assert ("too-many-outcomes" in found.told[1]) == (most < 3000)


def test_small_parts_are_counted_in_process(folder, monkeypatch):
    from kldiv_cli.engines import text_bytes

    monkeypatch.setattr(text_bytes, "SMALLEST_PART", 100)
    found = folder({f"m={n}/1.csv": lines(*table(["x"] * 2, ["1"] * 2)) for n in range(9)})
    assert found.engine == LOCAL


# Columns that are counted together.


def together(*titles, **more):
    return Wanted(columns=frozenset([joint_name(titles)]), joint=titles, **more)


TWO = ["p", "q", " p", "", " ", "NA", "\\N", '"\\N"', "1", "true"]
THREE = ["1", "2.0", "2", "-3", "", "NA", "1.00", " 1", "na", "null"]
PAIRS = lines("a,b,c", *[f"{TWO[n % 10]},{THREE[n // 7 % 10]},{n / 7}" for n in range(900)])


@pytest.mark.usefixtures("early")
@pytest.mark.parametrize(
    "more",
    [{}, {"drop_missing": True}, {"na": frozenset(["q", "2"])}, {"categorical": frozenset("b")},
     {"na_of": {"a": frozenset("p")}}, {"forbid_missing": True}, {"most_outcomes": 20}],
    ids=lambda more: "".join(more) or "nothing",
)  # fmt: skip
def test_columns_that_are_counted_together(agreed, engine, more):
    for titles in (("a", "b"), ("b", "a"), ("a", "b", "c")):
        wanted = together(*titles, **more)
        for single in (wanted, wanted._replace(columns=wanted.columns | {"a", "c"})):
            found = agreed("x.csv", PAIRS, single)
            if "c" in titles:
                assert found.code in ("joint-of-numbers", "too-many-outcomes", "missing-value")
            else:
                assert found.engine == engine.name or found.code or "forbid_missing" in more
    for where in ("c=1", "c=", "a=p", "b=1"):
        agreed("x.csv", PAIRS, together("a", "b", **more), where=where)


def test_pairs_beside_numbers_that_are_nearly_all_distinct(agreed, engine):
    rows = [f"{'xyz'[n % 3]},{n % 5},{n * 7919 % 9001 / 7},{n // 9 % 5}" for n in range(9000)]
    wanted = together("a", "b")
    wanted = wanted._replace(columns=wanted.columns | {"c"})
    found = agreed("x.csv", lines("a,b,c,d", *rows), wanted)
    assert (found.engine, found.rows) == (engine.name, 9000)
    found = agreed("x.csv", lines("a,b,c,d", *rows), wanted, where="d=3")
    assert (found.engine, found.rows) == (engine.name, 1800)


@pytest.mark.usefixtures("early")
def test_pairs_of_columns_that_are_not_there(agreed):
    assert agreed("x.csv", PAIRS, together("a", "d")).code == "unknown-column"


@pytest.mark.usefixtures("early")
def test_pairs_of_all_parts(folder, engine):
    parts = {"m=1/1.csv": PAIRS, "m=2/1.csv.gz": zipped(PAIRS), "m=2/2.csv": PAIRS}
    for titles in (("a", "b"), ("m", "b")):
        found = folder(parts, together(*titles))
        assert (found.engine, found.rows) == (engine.name, 2700)


# Groups of rows.

BY_GROUPS = {
    "labels and numbers": lines("a,b,c", *[f"{'xyz'[n % 3]},{n % 7},{n / 4}" for n in range(90)]),
    "missing cells and groups": lines(
        "a,b,c", "x,1,u", ",2,u", "NA,3,v", "x,,u", "y,NA,", "x,inf,v", " ,1.0,v", "\\N,1,u"
    ),
    "quotes": lines("a,b,c", '"x,1",1,"u\nv"', '"x,1",2,u', "x,2,u"),
    "a column of one value": lines("a,b,c", *[f"x,{n},u" for n in range(40)]),
    "a group for each row": lines("a,b,c", *[f"x{n},{n},u" for n in range(40)]),
}


@pytest.mark.parametrize("name", BY_GROUPS)
@pytest.mark.parametrize("column", ["a", "c"])
def test_columns_by_groups(agreed, engine, name, column, early):
    grouping = Grouping("cluster", column, required=True)
    found = agreed("x.csv", BY_GROUPS[name], Wanted(grouping=grouping))
    assert found.engine == engine.name


def test_wide_numbers_by_groups(agreed, engine):
    rows = [f"{math.sin(n)!r},{n % 5},x" for n in range(3000)] + ["NA,1,x", "-inf,2,x"]
    grouping = Grouping("segment", "b", required=True)
    found = agreed("x.csv", lines("a,b,c", *rows), Wanted(grouping=grouping))
    assert found.engine == engine.name


def test_groups_that_hashes_do_not_tell_apart_are_counted_in_process(agreed, monkeypatch):
    scanning = pytest.importorskip("kldiv_cli.engines.scanning")
    counting = scanning.grouped

    def alike(*given, **more):
        return re.sub(r"hash\(c\d+\)", "0::ubigint", counting(*given, **more))

    monkeypatch.setattr(scanning, "grouped", alike)
    wanted = Wanted(grouping=Grouping("segment", "a", required=True))
    assert agreed("x.csv", BY_GROUPS["labels and numbers"], wanted).engine == LOCAL


def test_groups_of_columns_that_are_not_there(agreed):
    grouping = Grouping("cluster", "z", required=True)
    assert agreed("x.csv", SOUND, Wanted(grouping=grouping)).code == "unknown-column"


def test_blocks_are_counted_in_process(agreed):
    rows = [f"{'xy'[n % 2]},{n}" for n in range(100)]
    grouping = Grouping("block", required=True)
    assert agreed("x.csv", lines("a,b", *rows), Wanted(grouping=grouping)).engine == LOCAL


def test_groups_beside_columns_that_are_counted_together(agreed, engine):
    grouping = Grouping("cluster", "c", required=True)
    wanted = Wanted(joint=("a", "b"), columns=frozenset({"a", joint_name(("a", "b"))}))
    rows = [f"{'xyz'[n % 3]},{n % 7},{n % 4}" for n in range(90)]
    found = agreed("x.csv", lines("a,b,c", *rows), wanted._replace(grouping=grouping))
    assert found.engine == engine.name
