"""Write the files of this folder anew, each by the program that its name begins with.

The files are kept in git, since few machines have all of these programs; `versions.txt` says which
wrote them. Run it in an environment with pandas, Polars, PyArrow, DuckDB, SciPy, boost-histogram,
uhi and prometheus_client, on a machine with R (and jsonlite), Miller, datamash, SQLite and jq:
``python tests/world/make.py``. The rows are those of `orders`, from which `test_world.py` computes
the right answers without kldiv.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "files"
DRINKS = ["coffee", "tea", "water", "cocoa, hot", 'the "usual"', "NA"]
SIDES = {"a": (5, [50, 30, 10, 6, 3, 1], 200), "b": (6, [40, 30, 14, 9, 5, 2], 160)}
EDGES = [0, 10, 20, 30, 40, 50]


def orders(side: str) -> list[dict[str, Any]]:
    """Return the rows of a side: drink, to_go, day, size and price; some have no size."""
    seed, weights, number = SIDES[side]
    chance = random.Random(seed)
    rows = []
    for i in range(number):
        size = chance.choice([20, 25, 30, 40, 12.5])
        rows.append(
            {
                "drink": chance.choices(DRINKS, weights)[0],
                "to_go": chance.random() < 0.3,
                "day": date(2026, 1, 1) + timedelta(days=chance.randrange(5)),
                "size": None if i % 23 == 5 else size,
                "price": round(size / 10 + chance.random(), 2),
            }
        )
    return rows


def counts(side: str) -> dict[str, int]:
    """Return how often each drink was ordered."""
    found = Counter(row["drink"] for row in orders(side))
    return {drink: found[drink] for drink in DRINKS if found[drink]}


def sizes(side: str) -> list[float]:
    """Return the sizes that are known."""
    return [row["size"] for row in orders(side) if row["size"] is not None]


def run(command: list[str], given: str = "", **options: Any) -> str:
    """Return what a program prints."""
    done = subprocess.run(
        command, input=given, capture_output=True, text=True, check=True, **options
    )
    return done.stdout


def by_pandas(side: str, name: str) -> None:
    """Tables of weights, the shapes of its JSON, and raw rows."""
    import pandas as pd

    frame = pd.DataFrame(orders(side))
    table = frame["drink"].value_counts(sort=False)
    table.to_csv(FOLDER / f"pandas_value_counts_{name}.csv")
    frame.groupby("drink").size().to_csv(FOLDER / f"pandas_groupby_size_{name}.csv", header=False)
    pd.Series(
        frame.groupby("drink").size().to_numpy(), frame.groupby("drink").size().index
    ).to_csv(FOLDER / f"pandas_series_without_name_{name}.csv")
    pd.crosstab(frame["drink"], frame["to_go"], margins=True).to_csv(
        FOLDER / f"pandas_crosstab_margins_{name}.csv"
    )
    frame[["drink", "to_go"]].value_counts().to_csv(FOLDER / f"pandas_two_columns_{name}.csv")
    records = table.reset_index()
    for orient in ("split", "table", "columns", "records", "values"):
        records.to_json(FOLDER / f"pandas_json_{orient}_{name}.json", orient=orient)
    lists = json.dumps(records.to_dict("list"))
    (FOLDER / f"pandas_dict_of_lists_{name}.json").write_text(lists)
    cut = pd.cut(frame["size"], EDGES).value_counts(sort=False)
    cut.to_csv(FOLDER / f"pandas_cut_{name}.csv")
    pd.cut(frame["size"], [0, 25, 50]).value_counts(sort=False).to_csv(
        FOLDER / f"pandas_cut_otherwise_{name}.csv"
    )
    frame.to_csv(FOLDER / f"pandas_rows_{name}.csv", index=False)
    frame.to_json(
        FOLDER / f"pandas_rows_{name}.json", orient="records", lines=True, date_format="iso"
    )


def by_polars(side: str, name: str) -> None:
    """Counts, a histogram, and raw rows."""
    import polars as pl

    frame = pl.DataFrame(orders(side), infer_schema_length=None)
    table = frame["drink"].value_counts().sort("drink")
    table.write_json(FOLDER / f"polars_value_counts_{name}.json")
    table.write_csv(FOLDER / f"polars_value_counts_{name}.csv")
    frame["size"].drop_nulls().hist(EDGES).write_csv(FOLDER / f"polars_hist_{name}.csv")
    frame.write_csv(FOLDER / f"polars_rows_{name}.csv")
    frame.write_ndjson(FOLDER / f"polars_rows_{name}.ndjson")


def by_pyarrow(side: str, name: str) -> None:
    """Raw rows."""
    import pyarrow as pa
    from pyarrow import csv

    csv.write_csv(pa.Table.from_pylist(orders(side)), FOLDER / f"pyarrow_rows_{name}.csv")


def by_duckdb(side: str, name: str) -> None:
    """A roll-up with its total row, an array of JSON, and raw rows."""
    import duckdb
    import pyarrow as pa

    base = duckdb.connect()
    base.register("orders", pa.Table.from_pylist(orders(side)))

    def copy(query: str, file: str, options: str) -> None:
        base.execute(f"COPY ({query}) TO '{FOLDER / file}' ({options})")

    grouped = "SELECT drink, count(*) AS n FROM orders GROUP BY"
    copy(f"{grouped} ROLLUP (drink) ORDER BY ALL", f"duckdb_rollup_{name}.csv", "HEADER")
    copy(f"{grouped} drink ORDER BY ALL", f"duckdb_counts_{name}.json", "FORMAT json, ARRAY true")
    copy(f"{grouped} drink ORDER BY ALL", f"duckdb_lines_{name}.json", "FORMAT json")
    copy("FROM orders", f"duckdb_rows_{name}.csv", "HEADER")
    copy("FROM orders", f"duckdb_rows_{name}.json", "FORMAT json")


def by_numpy(side: str, name: str) -> None:
    """Histograms with their edges, labels beside counts, and counts that are doubles."""
    import numpy as np

    hist, edges = np.histogram(sizes(side), EDGES)
    np.savez(FOLDER / f"numpy_histogram_{name}.npz", hist=hist, bin_edges=edges)
    np.savez(FOLDER / f"numpy_histogram_unnamed_{name}.npz", hist, edges)
    hist, edges = np.histogram(sizes(side), [0, 15, 50], density=True)
    np.savez(FOLDER / f"numpy_density_{name}.npz", density=hist, edges=edges)
    hist, edges = np.histogram(sizes(side), 5)
    np.savez(FOLDER / f"numpy_own_edges_{name}.npz", hist=hist, bin_edges=edges)
    drinks = [row["drink"] for row in orders(side)]
    values, number = np.unique(drinks, return_counts=True)
    np.savez(FOLDER / f"numpy_unique_{name}.npz", values=values, counts=number)
    np.save(FOLDER / f"numpy_float_counts_{name}.npy", number.astype(float))
    joint = np.histogram2d(
        *zip(*[(row["price"], row["size"]) for row in orders(side) if row["size"]], strict=True),
        bins=[[0, 3, 10], [0, 25, 50]],
    )[0]
    np.save(FOLDER / f"numpy_joint_{name}.npy", joint / joint.sum())


def by_scipy(side: str, name: str) -> None:
    """A row of a sparse matrix."""
    import numpy as np
    from scipy import sparse

    row = np.array([[counts(side).get(drink, 0) for drink in DRINKS] + [0] * 20])
    sparse.save_npz(FOLDER / f"scipy_sparse_{name}.npz", sparse.csr_array(row))


def by_boost(side: str, name: str) -> None:
    """A histogram in UHI's JSON, with values below and above its bins."""
    import boost_histogram as bh
    import uhi.io.json

    histogram = bh.Histogram(bh.axis.Regular(3, 15, 35))
    histogram.fill(sizes(side))
    text = json.dumps(histogram, default=uhi.io.json.default)
    (FOLDER / f"boost_uhi_{name}.json").write_text(text)


def by_prometheus(side: str, name: str) -> None:
    """A cumulative histogram in the text format."""
    from prometheus_client import CollectorRegistry, Histogram, generate_latest

    registry = CollectorRegistry()
    histogram = Histogram("size_cl", "Size.", buckets=EDGES[1:], registry=registry)
    for size in sizes(side):
        histogram.observe(size)
    text = generate_latest(registry).decode()
    lines = [line for line in text.splitlines(keepends=True) if "_created" not in line]
    (FOLDER / f"prometheus_histogram_{name}.txt").write_text("".join(lines))


R = """
rows <- read.csv(file("stdin"), na.strings = "", check.names = FALSE)
name <- commandArgs(TRUE)[1]
path <- function(file) paste0(commandArgs(TRUE)[2], "/R_", file, "_", name)
counted <- as.data.frame(table(drink = rows$drink), responseName = "n")
write.table(counted, paste0(path("write_table"), ".txt"))
write.table(counted, paste0(path("write_table_tab"), ".tsv"), sep = "\\t", quote = FALSE)
write.csv2(transform(counted, share = n / sum(n))[c("drink", "share")],
           paste0(path("csv2"), ".csv"), row.names = FALSE)
totals <- addmargins(table(drink = rows$drink))
write.csv(as.data.frame(totals, responseName = "n"), paste0(path("addmargins"), ".csv"),
          row.names = FALSE)
write.csv(transform(counted, n = n * 100000), paste0(path("doubles"), ".csv"), row.names = FALSE)
write.csv(as.data.frame(table(size = cut(rows$size, c(0, 10, 20, 30, 40, 50))),
          responseName = "n"), paste0(path("cut"), ".csv"), row.names = FALSE)
write.csv(rows, paste0(path("rows"), ".csv"), row.names = FALSE, na = "NA")
shape <- hist(rows$size, breaks = c(0, 10, 20, 30, 40, 50), plot = FALSE)
cat(jsonlite::toJSON(unclass(shape)[c("breaks", "counts", "density", "mids")], digits = NA),
    file = paste0(path("hist"), ".json"))
cat(jsonlite::toJSON(counted, dataframe = "columns"), file = paste0(path("columns"), ".json"))
"""


def by_r(side: str, name: str, rows: str) -> None:
    """Tables with names of rows, with sums, with doubles, and cut; a histogram; raw rows."""
    run(["Rscript", "--vanilla", "-e", R, name, str(FOLDER)], rows)


def by_shell(side: str, name: str, rows: str) -> None:
    """The output of uniq, awk, datamash, Miller, SQLite and jq."""
    drinks = "".join(f"{row['drink']}\n" for row in orders(side))
    plain = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    file = FOLDER / f"uniq_c_{name}.txt"
    file.write_text(run(["bash", "-c", "sort | uniq -c"], drinks, env=plain))
    program = "{n[$1]++} END {for (w in n) print w, n[w]}"
    words = "".join(f"{row['drink'].split()[-1]}\n" for row in orders(side))
    file = FOLDER / f"awk_counts_{name}.txt"
    file.write_text(run(["bash", "-c", f"awk '{program}' | sort"], words, env=plain))
    file = FOLDER / f"datamash_count_{name}.tsv"
    file.write_text(run(["datamash", "-s", "groupby", "1", "count", "1"], drinks, env=plain))
    miller = ["mlr", "--icsv", "--ocsv"]
    known = "".join(line for line in rows.splitlines(keepends=True) if ",," not in line)
    histogram = [*miller, "histogram", "-f", "size", "--lo", "0", "--hi", "50", "--nbins", "5"]
    (FOLDER / f"miller_histogram_{name}.csv").write_text(run(histogram, known))
    count = [*miller, "count-distinct", "-f", "drink"]
    (FOLDER / f"miller_count_{name}.csv").write_text(run(count, rows))
    script = ".import --csv /dev/stdin orders\n.headers on\n.mode csv\n"
    script += "SELECT drink, count(*) AS n FROM orders GROUP BY drink;\n"
    command = ["sqlite3", ":memory:"]
    for line in script.splitlines():
        command += ["-cmd", line] if line != script.splitlines()[-1] else [line]
    (FOLDER / f"sqlite_counts_{name}.csv").write_text(run(command, rows))
    text = json.dumps(counts(side))
    (FOLDER / f"jq_entries_{name}.json").write_text(run(["jq", "to_entries"], text))
    nested = '{result: {counts: .}, took: 3, unit: "orders"}'
    (FOLDER / f"jq_nested_{name}.json").write_text(run(["jq", nested], text))


def versions() -> str:
    """Return the versions of all programs, a line each."""
    from importlib.metadata import version

    lines = [f"Python {sys.version.split()[0]}"]
    packages = "pandas polars pyarrow duckdb numpy scipy boost-histogram uhi prometheus_client"
    lines += [f"{package} {version(package)}" for package in packages.split()]
    jsonlite = "cat('R', as.character(getRversion()), '\\njsonlite', "
    jsonlite += "as.character(packageVersion('jsonlite')))"
    lines += run(["Rscript", "-e", jsonlite]).replace(" \n", "\n").splitlines()
    for command in ("mlr", "datamash", "uniq", "jq", "sqlite3"):
        lines.append(f"{command}: {run([command, '--version']).splitlines()[0][:40].strip()}")
    mawk = subprocess.run(["awk", "-W", "version"], capture_output=True, text=True, check=True)
    lines.append(f"awk: {(mawk.stdout + mawk.stderr).splitlines()[0]}")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write all files, and the versions of the programs."""
    FOLDER.mkdir(exist_ok=True)
    for side in SIDES:
        for by in (by_pandas, by_polars, by_pyarrow, by_duckdb, by_numpy, by_scipy, by_boost):
            by(side, side)
        by_prometheus(side, side)
        rows = (FOLDER / f"pandas_rows_{side}.csv").read_text()
        by_r(side, side, rows)
        by_shell(side, side, rows)
    (FOLDER.parent / "versions.txt").write_text(versions())


if __name__ == "__main__":
    main()
