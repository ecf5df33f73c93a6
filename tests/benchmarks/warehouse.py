"""Measure a drift check of a table in an engine: its time, and the bytes that leave the engine.

::

    python tests/benchmarks/warehouse.py --rows 10000000
    python tests/benchmarks/warehouse.py --part spark --rows 20000000

``postgres`` (the default) starts a PostgreSQL of its own, makes a table of eight columns, and
checks all of its rows against a profile of a part of them; beside it runs a query with GROUPING
SETS of the same plan, written by hand. Both are timed in turn, and what the server sends to kldiv
is counted on the way. ``spark`` starts a master, two workers and Spark Connect, writes the rows as
Parquet, profiles them there, and the same file in this process.
"""

import argparse
import json
import socket
import statistics
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "engines"))
import servers  # noqa: E402

from kldiv_cli import check  # noqa: E402
from kldiv_cli.core.dataset import Wanted  # noqa: E402
from kldiv_cli.pipeline import sides  # noqa: E402
from kldiv_cli.pipeline.profile import profile  # noqa: E402
from kldiv_cli.pipeline.settings import Rules  # noqa: E402
from kldiv_cli.readers import ReadOptions  # noqa: E402
from kldiv_cli.renderers.formats.profile import render  # noqa: E402
from kldiv_cli.warehouse.address import parse  # noqa: E402
from kldiv_cli.warehouse.relation import Rows, Warehouse  # noqa: E402

COLUMNS = """
    (hashint8(i) & 7) as few, hashint8(i * 3) % 500 as many,
    'country ' || (hashint8(i * 5) & 63) as country,
    case when hashint8(i * 7) & 15 > 0 then 'shop ' || (hashint8(i * 7) & 511) end as shop,
    hashint8(i * 11) / 7919.0::float8 as wide, (hashint8(i * 13) & 4095) / 64.0::float8 as ties,
    sqrt(abs(hashint8(i * 17)::float8))::real as root, hashint8(i * 19) & 1 = 0 as flag
"""


@contextmanager
def counting(folder):
    """Yield a folder of a socket that leads to that of a server, and the bytes from there."""
    came = [0]
    with tempfile.TemporaryDirectory() as own:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(f"{own}/.s.PGSQL.5432")
        listener.listen()

        def forward(source, target, count):
            with suppress(OSError):
                while data := source.recv(1 << 16):
                    came[0] += len(data) * count
                    target.sendall(data)
                target.close()

        def accept():
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                server = socket.socket(socket.AF_UNIX)
                server.connect(f"{folder}/.s.PGSQL.5432")
                for way in ((client, server, 0), (server, client, 1)):
                    threading.Thread(target=forward, args=way, daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield own, came
        listener.close()


def by_hand(path):
    """Return a query that counts the columns of a profile as it has them, in one scan."""
    columns = json.loads(Path(path).read_text())["columns"]
    selected, names = [], []
    for each in columns:
        name = each["column"]
        names.append(name)
        if not each["edges"]:
            selected.append(name)
            continue
        cases = " ".join(
            f"when {name} <= {edge!r} then {i}" for i, edge in enumerate(each["edges"])
        )
        last = len(each["edges"])
        selected.append(f"case when {name} is null then -1 {cases} else {last} end as {name}")
    sets = ", ".join(f"({name})" for name in names)
    return f"""select grouping({", ".join(names)}), {", ".join(names)}, count(*)
        from (select {", ".join(selected)} from rows) as r group by grouping sets ((), {sets})"""


def postgres(rows, rounds):
    import psycopg

    with servers.postgres() as folder, counting(folder) as (own, came):
        with psycopg.connect(
            host=folder, user="tester", dbname="postgres", autocommit=True
        ) as con:
            con.execute(
                f"create table rows as select {COLUMNS} from generate_series(1, {rows}::bigint) i"
            )
            con.execute("vacuum analyze rows")
            version = con.execute("show server_version").fetchone()[0]
            size = con.execute("select pg_table_size('rows')").fetchone()[0]
            with Warehouse(parse(f"postgresql://tester@/postgres?host={own}")) as found:
                sample = Rows(
                    found, "sample", sql="select * from rows tablesample system (1) repeatable (1)"
                )
                made = profile([(None, sample)], Rules(), ReadOptions())
            with tempfile.TemporaryDirectory() as folder_of_file:
                path = f"{folder_of_file}/sample.json"
                Path(path).write_text(render(made))
                query = by_hand(path)
                times = {"kldiv": [], "by hand": []}
                for _ in range(rounds):
                    start = time.perf_counter()
                    con.execute(query).fetchall()
                    times["by hand"].append(time.perf_counter() - start)
                    came[0] = 0
                    start = time.perf_counter()
                    with Warehouse(parse(f"postgresql://tester@/postgres?host={own}")) as found:
                        report = check(path, Rows(found, "rows", table="rows"))
                    times["kldiv"].append(time.perf_counter() - start)
        print(
            f"PostgreSQL {version}, {rows:,} rows, {len(made.columns)} columns, {size >> 20} MiB"
        )
        print(f"verdict {report.verdict}; bytes from the server: {came[0]:,}")
        for name, each in times.items():
            every = ", ".join(f"{seconds:.2f}" for seconds in each)
            print(f"{name:8} {statistics.median(each):7.2f} s  ({every})")
        ratio = statistics.median(times["kldiv"]) / statistics.median(times["by hand"])
        print(f"kldiv / by hand: {ratio:.2f}")


def spark(rows):
    from pyspark.sql import SparkSession

    with servers.spark() as port, tempfile.TemporaryDirectory() as folder:
        session = SparkSession.builder.remote(f"sc://127.0.0.1:{port}").create()
        query = f"""
            select cast(hash(id) & 7 as int) as few,
                concat('country ', hash(id * 5) & 63) as country,
                if(hash(id * 7) & 15 > 0, concat('shop ', hash(id * 7) & 511), null) as shop,
                hash(id * 11) / 7919.0d as wide, cast(hash(id * 13) & 4095 as double) / 64 as ties,
                hash(id * 19) & 1 = 0 as flag
            from range({rows})
        """
        path = f"{folder}/rows.parquet"
        session.sql(query).write.parquet(path)
        session.stop()
        edges = {
            "wide": tuple(i * 27000.0 for i in range(-9, 10)),
            "ties": tuple(map(float, range(4, 64, 4))),
        }
        wanted = Wanted(edges=edges)
        start = time.perf_counter()
        with Warehouse(parse(f"sc://127.0.0.1:{port}")) as found:
            there = sides._counted(
                Rows(found, "rows", sql=f"select * from parquet.`{path}`"),
                ReadOptions(),
                wanted,
                None,
            )
        middle = time.perf_counter()
        here = sides._counted(path, ReadOptions(), wanted, None)
        end = time.perf_counter()
        from kldiv_cli.core.binning import Bins

        for title, column in here.columns.items():
            other = there.columns[title]
            if title in edges:
                bins = Bins(edges[title])
                both = [bins.count(c.values, c.counts).tolist() for c in (column, other)]
                assert both[0] == both[1], title
            else:
                assert repr(column) == repr(other), title
        size = sum(file.stat().st_size for file in Path(path).iterdir()) >> 20
        print(f"Spark, two workers, {rows:,} rows, {len(here.columns)} columns, {size} MiB")
        print(f"Spark {middle - start:.1f} s; {here.engine} {end - middle:.1f} s; equal counts")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=["postgres", "spark"], default="postgres")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    if given.part == "postgres":
        postgres(given.rows, given.rounds)
    else:
        spark(given.rows)
