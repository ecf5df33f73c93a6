"""Tables that stay in an engine of the user's own are counted there as they are in process.

A table of Arrow is the truth: its file is counted in process, and its rows are put into each
engine. PostgreSQL is started for these tests; Spark is behind a marker, see tests/README.md.
"""

import datetime as dt
import math
import os
import random
import tempfile
from contextlib import contextmanager
from decimal import Decimal
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from kldiv_cli import check, compare
from kldiv_cli.core.binning import Bins
from kldiv_cli.core.counts import Categories
from kldiv_cli.core.dataset import Wanted
from kldiv_cli.core.grouped import Grouping, summed
from kldiv_cli.core.joint import joint_name
from kldiv_cli.engines import warehouse as engine
from kldiv_cli.errors import InputError, KldivError, UsageError
from kldiv_cli.pipeline import sides
from kldiv_cli.readers import ReadOptions
from kldiv_cli.warehouse.address import parse
from kldiv_cli.warehouse.relation import Rows, Warehouse
from kldiv_cli.warehouse.session import Spark as SparkSession
from kldiv_cli.warehouse.session import of_backend

pa = pytest.importorskip("pyarrow")
pytest.importorskip("ibis")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:(ibis|sqlglot|pyspark).*")


# Engines, and how rows are put into them.


class Postgres:
    name = "PostgreSQL"
    table = "x"
    types = {  # noqa: RUF012
        "int16": "smallint", "int32": "integer", "int64": "bigint", "float": "real",
        "double": "double precision", "string": "text", "bool": "boolean", "date32[day]": "date",
        "timestamp[us]": "timestamp", "timestamp[us, tz=UTC]": "timestamptz",
    }  # fmt: skip

    def __init__(self, folder):
        import psycopg

        self.url = f"postgresql://tester@/postgres?host={folder}"
        self.connection = psycopg.connect(
            host=folder, user="tester", dbname="postgres", autocommit=True
        )

    def put(self, name, table):
        types = [self._type(field.type) for field in table.schema]
        columns = ", ".join(
            f"{quoted(c)} {type_}" for c, type_ in zip(table.column_names, types, strict=True)
        )
        with self.connection.cursor() as cursor:
            cursor.execute(f"drop table if exists {name}; create table {name} ({columns})")
            with cursor.copy(f"copy {name} from stdin (format binary)") as copy:
                copy.set_types([type_.partition("(")[0] for type_ in types])
                for row in zip(*(c.to_pylist() for c in table.columns), strict=True):
                    copy.write_row(row)

    def _type(self, type_):
        if pa.types.is_decimal(type_):
            return f"numeric({type_.precision},{type_.scale})"
        return self.types[str(type_)]

    def close(self):
        self.connection.close()


class Duck:
    name = "DuckDB by Ibis"
    table = "x"

    def __init__(self, folder):
        self.path = str(folder / "x.duckdb")
        self.url = f"duckdb://{self.path}"

    def put(self, name, table):
        import duckdb

        with duckdb.connect(self.path) as connection:
            connection.register("given", table)
            connection.execute(f"create or replace table {name} as select * from given")

    def close(self):
        os.remove(self.path)


class Spark:
    name = "Spark"
    table = "global_temp.x"

    def __init__(self, port, folder):
        from pyspark.sql import SparkSession

        self.url = f"sc://127.0.0.1:{port}"
        self.folder = folder
        self.session = SparkSession.builder.remote(self.url).create()

    def put(self, name, table):
        from pyarrow import parquet

        path = tempfile.mkdtemp(dir=self.folder)
        parquet.write_table(table, f"{path}/x.parquet")
        self.session.read.parquet(path).createOrReplaceGlobalTempView(name)

    def close(self):
        self.session.stop()


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


ENGINES = ("PostgreSQL", "DuckDB", pytest.param("Spark", marks=pytest.mark.spark))


@pytest.fixture(scope="module", params=ENGINES)
def place(request, tmp_path_factory):
    """Return an engine, into which tables can be put."""
    if request.param == "PostgreSQL":
        made = Postgres(request.getfixturevalue("postgres"))
    elif request.param == "Spark":
        folder = tmp_path_factory.mktemp("spark")
        made = Spark(request.getfixturevalue("spark"), folder)
    else:
        pytest.importorskip("duckdb")
        made = Duck(tmp_path_factory.mktemp("duck"))
    yield made
    made.close()


@contextmanager
def rows_of(place, **which):
    with Warehouse(parse(place.url), 600) as found:
        yield Rows(found, "x", **which)


def told(data_set, edges):
    """Return all that a data set tells but where it is from, as values that can be compared.

    Of numbers that will be binned, their bins are.
    """
    columns = []
    for title, column in data_set.columns.items():
        if column.grouped is not None:
            every = summed(column.grouped.entries, column.grouped.groups)
            parts = [part.tolist() for part in every if part is not None]
            # To the engine in process a row that weighs nothing is none as well.
            entries = sorted(entry for entry in zip(*parts, strict=True) if entry[2])
            columns.append((title, entries))
        if isinstance(column, Categories):
            columns.append((title, column.missing, dict(column.counts), column.type))
        elif title in edges:
            bins = Bins(edges[title]).count(column.values, column.counts).tolist()
            columns.append((title, column.missing, bins))
        else:
            values = [value.hex() for value in column.values.tolist()]
            columns.append((title, column.missing, values, column.counts.tolist()))
    notes = [(note.code, note.message) for note in data_set.notes]
    refused = [(each.column, each.code, each.option) for each in data_set.refused]
    weighing = data_set.groups and data_set.groups.weighing
    every = data_set.rows, sorted(data_set.excluded), data_set.seen, columns, notes, refused
    return (*every, weighing)


def counted(source, wanted):
    wanted = wanted or Wanted()
    try:
        found = sides._counted(source, ReadOptions(), wanted, None)
    except KldivError as problem:
        return problem.code, None
    return told(found, wanted.edges), found.engine


@pytest.fixture
def agreed(place, tmp_path):
    """Count a table in an engine and in process, which must agree; return what is told."""

    def run(columns, wanted=None):
        table = columns if isinstance(columns, pa.Table) else pa.table(columns)
        with pa.ipc.new_file(tmp_path / "x.arrow", table.schema) as file:
            file.write(table)
        place.put("x", table)
        truth, _ = counted(str(tmp_path / "x.arrow"), wanted)
        with rows_of(place, table=place.table) as rows:
            found, by = counted(rows, wanted)
        if found != truth and not isinstance(found, str) and not isinstance(truth, str):
            for ours, theirs in zip(found, truth, strict=True):
                if isinstance(ours, list):
                    assert [x for x in ours if x not in theirs] == [
                        x for x in theirs if x not in ours
                    ]
        assert found == truth
        assert by in (place.name, None)
        return found

    return run


# One table with everything that engines do in their own ways.

SIZE = 600


def cycled(*values):
    return [values[i % len(values)] for i in range(SIZE)]


NUMBERS = {
    "nan and null": pa.array(cycled(math.nan, None, 1.5, -0.0, 0.0, math.inf, -math.inf, 2.0)),
    "few": pa.array(cycled(1, 2, None, 3), pa.int64()),
    "small": pa.array(cycled(*range(-40, 60)), pa.int16()),
    "float32": pa.array([i / 7 for i in range(SIZE)], pa.float32()),
    "wide": pa.array([math.sqrt(i) for i in range(SIZE)]),
    "2^53": pa.array(cycled(2**53 - 1, 2**53, 2**53 + 1, -(2**53) - 1), pa.int64()),
    "decimal": pa.array([Decimal(i % 70).scaleb(-2) for i in range(SIZE)], pa.decimal128(10, 2)),
    "all null": pa.array([None] * SIZE, pa.float64()),
    "extremes": pa.array(cycled(5e-324, 1.7976931348623157e308, 1e-310, -1e300)),
}
LABELS = {
    "text": cycled("a", "A", "ä", "a ", "", " ", None, "b", "NA", "null"),
    "number-like": cycled("1", "2.50", "3e0", " 4", "-5"),
    "codes": cycled("007", "08", "1"),
    "mixed": cycled("1", "2", "x", "3"),
    "signs": cycled("'", '"', "\\", "\\N", ";", "--", "$1", "%s", "{x}", "\n", "\t"),
    "long": cycled("x" * 5000, "y" * 5000),
    "words": cycled("NA", "N/A", None),
    "booleans": pa.array(cycled(True, False, None)),
    "boolean text": cycled("t", "f", "true"),
    "day": pa.array([dt.date(2024, 1, 1) + dt.timedelta(i % 90) for i in range(SIZE)]),
    "time": pa.array(cycled(dt.datetime(2024, 1, 1, 5), dt.datetime(1999, 12, 31, 23, 59, 1, 5))),
    "instant": pa.array(
        [dt.datetime(2024, 3, 31, i % 24, tzinfo=dt.UTC) for i in range(SIZE)],
        pa.timestamp("us", "UTC"),
    ),
    "date text": cycled("2024-01-05", "2024-01-06", "2024-02-30"),
}
KEYS = {
    "id": pa.array(range(SIZE)),
    "key": [f"k{i}" for i in range(SIZE)],
    "plain": cycled("x", "y"),
}
EDGES = {
    "wide": (1.0, 5.0, 12.0, 24.0),
    "nan and null": (0.0, 1.5),
    "float32": (10 / 7, 0.3 * 100),
    "small": (-10.0, 0.0, 30.0),
    "2^53": (0.0, 9007199254740992.0),
    "decimal": (0.1, 0.35, 0.5),
    "all null": (0.0,),
    "extremes": (-1.0, 1e-320, 1.0),
}


WANTED = {
    "all": Wanted(),
    "edges": Wanted(edges=EDGES),
    "edges and na": Wanted(edges=EDGES, na=frozenset(["1.5", "a", "2"])),
    "na": Wanted(na=frozenset(["NA", "0.01", "k7"]), identifiers=False),
    # Among labels, zeros of both signs are two to the engine in process.
    "categorical": Wanted(
        categorical=frozenset([*NUMBERS, *KEYS]), excluded=lambda name: name == "nan and null"
    ),
    "numeric": Wanted(numeric=frozenset(["number-like", "wide"]), most_outcomes=50),
    "excluded": Wanted(excluded=lambda name: name in ("wide", "text", "id")),
    "late": Wanted(late=True),
}


@pytest.mark.parametrize("columns", [NUMBERS, LABELS, KEYS], ids=["numbers", "labels", "keys"])
@pytest.mark.parametrize("named", WANTED)
def test_columns_of_all_types(agreed, columns, named):
    rows, *_ = agreed(columns, WANTED[named])
    assert rows == SIZE


def test_what_is_told_of_values_that_are_too_many(agreed, monkeypatch):
    monkeypatch.setattr(engine, "BLANKS", 5)
    days = [f"2024-01-05T{i // 60:02}:{i % 60:02}Z" for i in range(SIZE)]
    columns = {**KEYS, "days": days, "repeated": [f"r{i % 200}" for i in range(SIZE)]}
    columns["whole"] = pa.array([i % 300 for i in range(SIZE)])
    columns["gaps"] = [None if i % 3 else f"g{i}" for i in range(SIZE)]
    for most in (100, 199, 200, 300):
        agreed(columns, Wanted(most_outcomes=most))
        agreed(columns, Wanted(most_outcomes=most, identifiers=False))
        agreed(columns, Wanted(most_outcomes=most, named=frozenset(["key", "days"])))


def test_many_numbers_are_taken_as_doubles(agreed, monkeypatch):
    monkeypatch.setattr(engine, "MOST_CELLS", 3)
    agreed(NUMBERS)
    agreed(NUMBERS, Wanted(na=frozenset(["1.5", "2"])))


def test_more_columns_than_one_scan_counts(agreed):
    columns = {f"c{i}": cycled("x", "y", None) if i % 2 else cycled(i, 7) for i in range(150)}
    rows, _, seen, columns, *_ = agreed(columns)
    assert (rows, len(seen), len(columns)) == (SIZE, 150, 150)


def test_two_columns_and_names_that_are_no_identifiers(agreed):
    agreed({"a": cycled("x", "y"), 'b "c"; --': pa.array([float(i) for i in range(SIZE)])})
    agreed({"select": cycled(1, 2), "Ä ö": cycled("x", "y"), " p ": cycled(1, 5)})


def test_pairs(agreed):
    for titles in (("text", "codes"), ("booleans", "few"), ("text", "words", "few")):
        wanted = Wanted(columns=frozenset([joint_name(titles)]), joint=titles)
        columns = {**LABELS, "few": NUMBERS["few"]}
        found = agreed(columns, wanted)
        assert found[0] == SIZE
        agreed(columns, wanted._replace(drop_missing=True))
        assert agreed(columns, wanted._replace(most_outcomes=2)) == "too-many-outcomes"
    assert agreed(LABELS, Wanted(joint=("text", "nope"), columns=frozenset())) == "unknown-column"


@pytest.mark.parametrize("title", ["nan and null", "few", "all null"])
def test_missing_values_where_none_may_be(agreed, title):
    for edges in ({}, EDGES):
        wanted = Wanted(forbid_missing=True, columns=frozenset([title]), edges=edges)
        assert agreed(NUMBERS, wanted) == "missing-value"
    assert agreed(NUMBERS, Wanted(columns=frozenset(["nope"]))) == "unknown-column"


def test_no_rows(agreed):
    assert (
        agreed(pa.table({"a": pa.array([], pa.int64()), "b": pa.array([], pa.string())}))
        == "no-rows"
    )


VALUES = st.one_of(
    st.lists(st.one_of(st.none(), st.floats()), min_size=40, max_size=40),
    st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), min_size=40, max_size=40),
    st.lists(st.one_of(st.none(), st.integers(0, 5)), min_size=40, max_size=40),
    st.lists(
        st.one_of(st.none(), st.text(st.characters(codec="utf-8", exclude_characters="\0"))),
        min_size=40,
        max_size=40,
    ),
)


@settings(max_examples=6, phases=[Phase.explicit, Phase.generate])
@given(columns=st.lists(VALUES, min_size=3, max_size=6), seed=st.integers(0, 99))
def test_random_tables(place, tmp_path_factory, columns, seed):
    types = [next((type(v) for v in column if v is not None), float) for column in columns]
    known = {float: pa.float64(), int: pa.int64(), str: pa.string()}
    table = pa.table(
        {
            f"c{i}": pa.array(c, known[t])
            for i, (c, t) in enumerate(zip(columns, types, strict=True))
        }
    )
    edges = tuple(sorted({random.Random(seed).gauss(0, 3) for _ in range(4)}))
    wanted = Wanted(edges={f"c{i}": edges for i, t in enumerate(types) if t is not str})
    path = tmp_path_factory.mktemp("x") / "x.arrow"
    with pa.ipc.new_file(path, table.schema) as file:
        file.write(table)
    place.put("x", table)
    for each in (Wanted(), wanted):
        with rows_of(place, table=place.table) as rows:
            assert counted(rows, each)[0] == counted(str(path), each)[0]


# Rows that depend on each other.


def test_rows_by_clusters(agreed):
    columns = {**LABELS, **NUMBERS, "shop": cycled("a", "b", None, "c", "a", "d", "d")}
    for kind, by in (("cluster", "shop"), ("cluster", "few"), ("segment", "day")):
        grouping = Grouping(kind, by, required=True)
        agreed(columns, Wanted(grouping=grouping, edges=EDGES))
    agreed(KEYS, Wanted(grouping=Grouping("cluster", "plain", required=True), late=True))
    unknown = Wanted(grouping=Grouping("cluster", "nope", required=True))
    assert agreed(KEYS, unknown) == "unknown-column"


# Their sums are exact in any order.
WEIGHTS = {
    "whole": cycled(0, 1, 2, 3, 5),
    "halves": [i % 7 / 2 for i in range(SIZE)],
    "tenths": pa.array([Decimal(i % 5) / 4 for i in range(SIZE)], pa.decimal128(10, 2)),
}


@pytest.mark.parametrize("weight", WEIGHTS)
def test_rows_that_weigh(agreed, weight):
    columns = {**LABELS, **NUMBERS, weight: WEIGHTS[weight]}
    grouping = Grouping(weight=weight, required=True)
    agreed(columns, Wanted(grouping=grouping, edges=EDGES))
    assert agreed(KEYS, Wanted(grouping=Grouping(weight="nope", required=True))) == (
        "unknown-column"
    )


@pytest.mark.parametrize(
    ("weights", "code"),
    [
        ([1.0, -2.0], "negative-weight"), ([1.0, None], "missing-weight"),
        ([1.0, math.nan], "missing-weight"), ([1.0, math.inf], "not-a-number"),
        ([1.0, 1e-200], "number-overflow"), ([0.0, 0.0], "no-mass"), ([-1, 1], "negative-weight"),
    ],
    ids=str,
)  # fmt: skip
def test_weights_that_are_none(agreed, weights, code):
    columns = {"side": cycled("x", "y"), "wt": cycled(*weights)}
    assert agreed(columns, Wanted(grouping=Grouping(weight="wt", required=True))) == code


def test_a_check_of_rows_that_weigh(place, tmp_path):
    rng = np.random.default_rng(5)
    paths = []
    for name in "pq":
        rows = pa.table(
            {"side": rng.choice(["x", "y", "z"], SIZE), "size": rng.normal(size=SIZE).round(2),
             "wt": rng.lognormal(size=SIZE)}
        )  # fmt: skip
        paths.append(str(tmp_path / f"{name}.arrow"))
        with pa.ipc.new_file(paths[-1], rows.schema) as file:
            file.write(rows)
        place.put("x" if name == "p" else "y", rows)
    with rows_of(place, table=place.table) as rows:
        others = Rows(rows.warehouse, "y", table=place.table.replace("x", "y"))
        found = check(rows, others, row_weight="wt").columns
    expected = check(*paths, row_weight="wt").columns
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.kl == pytest.approx(theirs.kl, rel=1e-9)
        assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), rel=1e-9)
        assert (ours.verdict, ours.reason.code) == (theirs.verdict, theirs.reason.code)


def test_weights_that_are_text(place):
    place.put("x", pa.table({"side": cycled("x", "y"), "wt": cycled("1", "2")}))
    with rows_of(place, table=place.table) as rows:
        wanted = Wanted(grouping=Grouping(weight="wt", required=True))
        assert counted(rows, wanted)[0] == "not-a-number"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_are_those_that_are_written(agreed, dtype):
    numbers = [(10 * (i * 7919 % 23) + 3) / 100 for i in range(SIZE - 3)]
    numbers += [None, math.nan, math.inf]
    column = pa.array(np.array(numbers, dtype=float), dtype)
    edges = {"x": (0.13, 0.73, 1.53, 2.03)}
    columns = {"x": column, "few": cycled("u", "v"), "more": cycled("a", "b", "c")}
    for wanted in (Wanted(), Wanted(edges=edges)):
        agreed(columns, wanted)
    (_, _, counts, _), *_ = agreed(columns, Wanted(categorical=frozenset("x")))[3]
    assert counts["0.13"] == numbers.count(0.13) > 0


FREQUENCIES = {
    "whole": cycled(0, 1, 2, 3, 5),
    "floats": [float(i % 7) for i in range(SIZE)],
    "decimals": pa.array([Decimal(i % 5) for i in range(SIZE)], pa.decimal128(10, 2)),
    "large": cycled(2**50, 0, 1),
}


@pytest.mark.parametrize("frequency", FREQUENCIES)
def test_rows_that_stand_for_several(agreed, frequency):
    columns = {**LABELS, **NUMBERS, frequency: FREQUENCIES[frequency], "wt": WEIGHTS["halves"]}
    agreed(columns, Wanted(frequency=frequency, edges=EDGES))
    agreed(KEYS | {frequency: FREQUENCIES[frequency]}, Wanted(frequency=frequency))
    assert agreed(columns, Wanted(frequency="nope")) == "unknown-column"
    few = {name: columns[name] for name in ("few", "day", frequency, "wt")}
    agreed(few, Wanted(frequency=frequency, grouping=Grouping("segment", "day", required=True)))
    agreed(few, Wanted(frequency=frequency, joint=("few", "day")))
    if frequency != "large":
        weighed = Grouping(weight="wt", required=True)
        agreed(few, Wanted(frequency=frequency, grouping=weighed))


@pytest.mark.parametrize(
    ("frequencies", "code"),
    [
        ([1, -2], "negative-weight"), ([1.0, None], "missing-weight"),
        ([1.0, math.nan], "missing-weight"), ([1.0, math.inf], "not-a-number"),
        ([1.0, 1.5], "fractional-count"), ([1.0, 1e200], "number-overflow"),
        ([2**53 - 1] * 2, "number-overflow"), (["1", "x"], "not-a-number"), ([0, 0], "no-rows"),
    ],
    ids=str,
)  # fmt: skip
def test_frequencies_that_are_none(agreed, frequencies, code):
    columns = {"side": cycled("x", "y"), "n": cycled(*frequencies)}
    assert agreed(columns, Wanted(frequency="n")) == code


def test_rows_in_an_engine_have_no_order(place):
    columns = {"side": cycled("x", "y"), "other": cycled("x", "y", "z"), "n": cycled(1, 2)}
    place.put("x", pa.table(columns))
    with rows_of(place, table=place.table) as rows:
        others = Rows(rows.warehouse, "y", sql=f"select * from {place.table}")
        report = check(rows, others)
        assert [note.code for note in report.notes].count("order-unknown") == 2
        with pytest.raises(InputError, match="no order"):
            check(rows, others, serial=True)
        assert check(rows, others, cluster="other").dependence == "cluster"


# Sessions of Spark.


class Forgetful:
    """A session of Spark whose threads another one has shut down, before its first answers."""

    def __init__(self, failures, message="cannot schedule new futures after shutdown"):
        self.failures, self.message = failures, message

    def sql(self, query):
        return self

    def toArrow(self):  # noqa: N802
        self.failures -= 1
        if self.failures >= 0:
            raise RuntimeError(self.message)
        return pa.table({"n": [1, 2]})


def spark_of(session):
    made = SparkSession.__new__(SparkSession)
    made.backend = SimpleNamespace(_session=session)
    return made


def test_a_session_of_spark_that_another_one_ends_asks_again():
    ((numbers,),) = spark_of(Forgetful(1))._asked("select 1")
    assert numbers.to_pylist() == [1, 2]
    for session in (Forgetful(2), Forgetful(1, "the maximum recursion depth")):
        with pytest.raises(RuntimeError):
            spark_of(session)._asked("select 1")


# Tables of Ibis, from Python.


@pytest.fixture
def ibis_table(place):
    import ibis

    place.put("x", pa.table({**NUMBERS, **KEYS}))
    address = parse(place.url)
    if address.engine == "sc":
        pytest.skip("the same session as that of kldiv's own")
    if address.engine == "duckdb":
        connection = ibis.duckdb.connect(address.database, read_only=True)
    else:
        host = address.settings["host"]
        connection = ibis.postgres.connect(host=host, user=address.user, database="postgres")
    yield connection.table("x")
    connection.disconnect()


def without_sources(report):
    found = report.to_dict()
    for side in ("reference", "current"):
        found[side] = {
            k: v for k, v in found[side].items() if k not in ("source", "format", "name")
        }
    for each in (*found["notes"], *found["excluded"]):
        each.pop("source", None)
        each.pop("advice", None)  # Rows of a file have an order, which may be looked at.
    del found["dataset"]
    return found


def test_a_table_of_ibis_goes_where_a_data_frame_does(ibis_table, tmp_path):
    table = pa.table({**NUMBERS, **KEYS})
    files = []
    for name, rows in (("p", table.slice(0, 300)), ("q", table)):
        files.append(str(tmp_path / f"{name}.arrow"))
        with pa.ipc.new_file(files[-1], rows.schema) as file:
            file.write(rows)
    half = ibis_table.filter(ibis_table.id < 300)
    truth = without_sources(check(files[1], files[0]))
    assert without_sources(check(ibis_table, half)) == truth
    assert without_sources(check(files[1], half)) == truth
    report = check(ibis_table, half)
    assert report.reference.name == "x"
    counts = half.group_by("few").agg(n=lambda rows: rows.count())
    compared = compare(counts, {"1": 100, "2": 100, "3": 100}, kind="counts", label=("few", None))
    assert compared.comparisons[0].measures["kl_pq"] >= 0
    for options in ({"where": "few=1"}, {"at": "/x"}):
        with pytest.raises(UsageError, match="in an engine"):
            check(ibis_table, half, **options)


def test_tables_of_other_engines_of_ibis():
    import ibis

    with pytest.raises(InputError, match=r"mysql: table\.to_pyarrow\(\) takes it out"):
        of_backend(SimpleNamespace(name="mysql"), "t")
    unbound = ibis.table({"a": "int64", "b": "string"}, name="t")
    with pytest.raises(InputError, match="no connection"):
        check(unbound, unbound)
