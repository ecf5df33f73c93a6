"""Counting by other programs, as `scale.py` sets it beside kldiv: each run is one process.

    python tests/benchmarks/scale_rivals.py WHO bins [--numbers A,B] [--edges FILE] FILE [FILE]
    python tests/benchmarks/scale_rivals.py WHO values --column NAME FILE
    python tests/benchmarks/scale_rivals.py WHO kl FILE FILE

WHO is ``sql`` (DuckDB), ``polars`` or ``pandas``.

``bins`` counts every column as kldiv does: all cells are read as text, what is a number is
decided by kldiv's grammar, and numbers are counted between exact deciles of all files together.
With ``--edges`` the edges are read from FILE; if it is not there, it is written.  ``values``
counts the values of one column, and ``kl`` is D(p || q) of two tables ``label,count``.

All who counted right print the same digest.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import sys
from pathlib import Path

GRAMMAR = r"[ \t]*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?[ \t]*"
CODE = r"[ \t]*[+-]?0[0-9]"
MISSING = ("", "NA", "NaN")
# Cheaper than the grammar and as strict: a text that it lets through is a number, or the cast
# refuses it; a number that it does not let through (in blanks) is seen among the texts.
CHEAP = (
    "ascii({0}) between 43 and 57 and ascii(right({0}, 1)) between 46 and 57 "
    "and not contains({0}, '_') "
    "and not (ltrim({0}, '+-')[1] = '0' and ltrim({0}, '+-')[2] between '0' and '9')"
)


# DuckDB


def sql(path, columns, options):
    """Count by one scan with GROUPING SETS, and account for every byte of the file.

    Columns of `--cast` are cast in a subquery and grouped by their doubles, or, where the edges
    are known, by the edge above them; of others the distinct texts are cast.  Like its twins
    below this yields of each column its texts, their counts, its numbers, and their counts.
    """
    every = range(len(columns))
    cast = [place for place in every if columns[place] in options.cast]
    doubles = [
        f"case when {CHEAP.format(f'c{place}')} then try_cast(c{place} as double) end v{place}"
        for place in cast
    ]
    keys, values = [], []
    for place in every:
        if place not in cast:
            keys.append(f"c{place} t{place}")
            continue
        keys.append(f"case when v{place} is null then c{place} end t{place}")
        edges = (options.known or {}).get(columns[place])
        values.append(f"{edge_above(f'v{place}', edges) if edges else f'v{place}'} v{place}")
    size = " + ".join(["0", *(bytes_of(f"c{place}") for place in cast)])
    texts = ", ".join(f"t{place}" for place in every)
    sets = ", ".join(f"(t{place}{f', v{place}' if place in cast else ''})" for place in every)
    connection = connected(options)
    connection.execute(
        f"create temp table counts as select grouping({texts}) which, coalesce({texts}) t, "
        f"coalesce({', '.join(['null::double', *(f'v{place}' for place in cast)])}, null) v, "
        f"count(*) n, sum(l)::bigint l from (select {', '.join([*keys, *values, 'l'])} from "
        f"(select {', '.join(['*', *doubles, f'{size} l'])} from {source(columns)})) "
        f"group by grouping sets ((), {sets})",
        {"path": path},
    )
    whole = (1 << len(columns)) - 1
    which = [whole ^ 1 << (whole.bit_length() - 1 - place) for place in every]
    account(connection, path, columns, [which[place] for place in every if place not in cast])
    for place, column in enumerate(columns):
        number = "v is not null" if place in cast else "false"
        value = "v" if place in cast else "cast(t as double) v"
        if column in options.numbers and place not in cast:
            number = f"regexp_full_match(t, '{GRAMMAR}') and not regexp_matches(t, '^{CODE}')"
        where = f"from counts where which = {which[place]} and ({number})"
        yield (
            column,
            *fetched(connection, f"select coalesce(t, '') t, sum(n)::bigint n {where} is not true"
                     " group by 1"),
            *fetched(connection, f"select {value}, n {where}"),
        )  # fmt: skip


def account(connection, path, columns, grouped):
    """Fail if the fields, their quotes, delimiters and line ends are not the whole file."""
    size = quotes = 0
    with open(path, "rb", buffering=0) as file:
        file.readline()
        while block := file.read(1 << 20):
            size, quotes = size + len(block), quotes + block.count(b'"')
    rows, cast = connection.execute(
        f"select n, l from counts where which = {(1 << len(columns)) - 1}"
    ).fetchone()
    (texts,) = connection.execute(
        f"select coalesce(sum(n * {bytes_of('t')}), 0)::bigint from counts "
        "where list_contains($grouped, which)",
        {"grouped": grouped},
    ).fetchone()
    if texts + cast + len(columns) * rows != size - quotes:
        raise SystemExit(f"{path}: there are bytes that are in no field")


def bytes_of(field):
    return f"coalesce(strlen(replace({field}, '\"', '')), 0)"


def sql_values(path, columns, options):
    place = columns.index(options.column)
    query = f"select c{place}, count(*) n from {source(columns)} group by 1"
    return connected(options).execute(query, {"path": path}).fetchnumpy()["n"]


def connected(options):
    import duckdb

    connection = duckdb.connect(":memory:")
    connection.execute(f"SET threads = {options.threads}")
    connection.execute(f"SET memory_limit = '{options.memory}'")
    connection.execute("SET preserve_insertion_order = false")
    return connection


def source(columns):
    """Return the rows of $path: cells of text c0, c1, ..., as strictly read as can be."""
    types = ", ".join(f"c{place}: 'VARCHAR'" for place in range(len(columns)))
    return (
        f"read_csv($path, auto_detect=false, header=true, columns={{{types}}}, delim=',', "
        "quote='\"', escape='\"', strict_mode=true, nullstr='\\N', allow_quoted_nulls=false, "
        "hive_partitioning=false)"
    )


def fetched(connection, query):
    return connection.execute(query).fetchnumpy().values()


def edge_above(value, edges):
    whens = " ".join(f"when {value} <= {edge!r} then {edge!r}" for edge in edges)
    return f"case when {value} is not null then case {whens} else 'inf'::double end end"


# Data frames


def polars(path, columns, options):
    import polars as pl

    rows, text = pl.scan_csv(path, infer_schema=False), pl.col("t")
    counts = [
        rows.select(pl.col(column).fill_null("").alias("t")).group_by("t").agg(pl.len().alias("n"))
        for column in columns
    ]
    for column, found in zip(columns, pl.collect_all(counts, engine="streaming"), strict=True):
        number = text.str.contains(f"^{GRAMMAR}$") & ~text.str.contains(f"^{CODE}")
        number = number if column in options.numbers else pl.lit(False)
        texts, values = found.filter(~number), found.filter(number)
        values = values.with_columns(text.cast(pl.Float64))
        yield column, *(one[name].to_numpy() for one in (texts, values) for name in "tn")


def polars_values(path, columns, options):
    import polars as pl

    rows = pl.scan_csv(path, infer_schema=False).group_by(options.column).len()
    return rows.collect(engine="streaming")["len"].to_numpy()


def polars_kl(p_path, q_path):
    import polars as pl

    p, q = (pl.scan_csv(path).rename({"count": name})
            for path, name in ((p_path, "p"), (q_path, "q")))  # fmt: skip
    both = p.join(q, on="label", how="full").select(pl.col("p", "q").fill_null(0))
    p, q = (pl.col(name) / pl.col(name).sum() for name in "pq")
    return both.select(pl.when(pl.col("p") > 0).then(p * (p / q).log()).sum()).collect().item()


def pandas(path, columns, options):
    import numpy as np
    import pandas as pd

    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    for column in columns:
        found = rows[column].value_counts()
        number = np.zeros(len(found), bool)
        if column in options.numbers:
            number = found.index.str.fullmatch(GRAMMAR) & ~found.index.str.match(CODE)
        texts, values = found[~number], found[number]
        doubles = values.index.to_numpy().astype(float)
        yield column, texts.index.to_numpy(), texts.to_numpy(), doubles, values.to_numpy()


def pandas_values(path, columns, options):
    import pandas as pd

    rows = pd.read_csv(path, dtype=str, keep_default_na=False, usecols=[options.column])
    return rows[options.column].value_counts().to_numpy()


def pandas_kl(p_path, q_path):
    # As it is where pandas alone was installed.
    sys.modules["pyarrow"] = None
    import pandas as pd
    from scipy.special import rel_entr

    sides = [pd.read_csv(path, index_col="label")["count"] for path in (p_path, q_path)]
    both = pd.concat(sides, axis=1).fillna(0).to_numpy(float)
    p, q = (both / both.sum(axis=0)).T
    return rel_entr(p, q).sum()


# What all have in common


def binned(count, options):
    """Return the counts of each column and side: of texts in order of size, of bins in theirs."""
    import numpy as np

    sides = []
    for path in options.files:
        with open(path, encoding="utf-8", newline="") as file:
            columns = next(csv.reader(file))
        sides.append({name: found for name, *found in count(path, columns, options)})
    edges, result = options.known or {}, {}
    for name in columns:
        texts = [np.sort(np.asarray(side[name][1])).tolist() for side in sides]
        result[name] = texts
        if name not in options.numbers:
            continue
        words = {str(text) for side in sides for text in side[name][0]} - {*MISSING}
        if words:
            raise SystemExit(f"{name}: {words.pop()!r} is no number")
        values, counts = (
            np.concatenate([np.asarray(side[name][one], float) for side in sides])
            for one in (2, 3)
        )
        if name not in edges:
            order = np.argsort(values)
            upto = np.cumsum(counts[order])
            deciles = np.searchsorted(upto, upto[-1] * np.arange(1, 10) / 10)
            edges[name] = np.unique(values[order][deciles]).tolist()
        missing = [sum(counts) for counts in texts]
        bins = [
            np.bincount(
                np.searchsorted(edges[name], side[name][2]),
                np.asarray(side[name][3]),
                len(edges[name]) + 1,
            )
            for side in sides
        ]
        result[name] = [[*map(int, one), none] for one, none in zip(bins, missing, strict=True)]
    if options.edges and not options.known:
        options.edges.write_text(json.dumps(edges))
    return edges, result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("who", choices=("sql", "polars", "pandas"))
    parser.add_argument("what", choices=("bins", "values", "kl"))
    parser.add_argument("files", nargs="+")
    parser.add_argument("--numbers", default=[], type=lambda names: names.split(","))
    parser.add_argument("--cast", default=[], type=lambda names: names.split(","),
                        help="numbers that DuckDB casts in the scan")  # fmt: skip
    parser.add_argument("--column")
    parser.add_argument("--edges", type=Path)
    parser.add_argument("--threads", type=int, default=1, help="of DuckDB and Polars")
    parser.add_argument("--memory", default="2GB", help="that DuckDB may take")
    options = parser.parse_args()
    os.environ["POLARS_MAX_THREADS"] = str(options.threads)
    given = options.edges is not None and options.edges.exists()
    options.known = json.loads(options.edges.read_text()) if given else None
    who = options.who
    if options.what == "kl":
        print(f"{globals()[f'{who}_kl'](*options.files):.12g}")
        return
    if options.what == "values":
        with open(options.files[0], encoding="utf-8", newline="") as file:
            columns = next(csv.reader(file))
        counts = globals()[f"{who}_values"](options.files[0], columns, options)
        answer = sorted(map(int, counts))
    else:
        answer = binned(globals()[who], options)
    print(hashlib.sha256(json.dumps(answer).encode()).hexdigest()[:12])


if __name__ == "__main__":
    main()
