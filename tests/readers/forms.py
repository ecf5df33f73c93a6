"""One table of labels and weights as many programs write it: files, pipes, frames, mappings."""

import csv
import io
import json

import pandas as pd
import polars as pl
import pyarrow as pa


def texts(rows):
    """Return the contents of files that hold a table, by their names; a label may be None."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerows([("colour", "n"), *rows])
    tabs = "".join(f"{label or chr(92) + 'N'}\t{n}\n" for label, n in rows)
    records = [{"colour": label, "n": n} for label, n in rows]
    columns = {"colour": [label for label, _ in rows], "n": [n for _, n in rows]}
    without_nulls = [{k: v for k, v in row.items() if v is not None} for row in records]
    return {
        "x.csv": table.getvalue(),
        "x.txt": table.getvalue(),
        "copy.tsv": "colour\tn\n" + tabs,
        "records.json": json.dumps(records),
        "x.jsonl": "".join(f"{json.dumps(row)}\n" for row in records),
        "spark.jsonl": "".join(f"{json.dumps(row)}\n" for row in without_nulls),
        "columns.json": json.dumps(columns),
    }


def objects(rows):
    """Return the objects of Python that hold a table, by the names of their types."""
    labels, weights = [label for label, _ in rows], [n for _, n in rows]
    found = {
        "pandas": pd.DataFrame({"colour": labels, "n": weights}),
        "pandas, index": pd.DataFrame({"n": weights}, index=pd.Index(labels, name="colour")),
        "series": pd.Series(weights, index=labels),
        "polars": pl.DataFrame({"colour": pl.Series(labels, dtype=pl.String), "n": weights}),
        "pyarrow": pa.table({"colour": pa.array(labels, pa.string()), "n": weights}),
        "columns": {"colour": labels, "n": weights},
    }
    if len(set(labels)) == len(labels):
        found["mapping"] = dict(rows)
    return found


def forms(rows, folder):
    """Return all of them, the files as paths."""
    found = dict(objects(rows))
    for name, text in texts(rows).items():
        (folder / name).write_text(text)
        found[name] = str(folder / name)
    if all(isinstance(n, int) for _, n in rows):
        lines = "".join(f"{n:7} {label or ''}\n" for label, n in rows)
        (folder / "uniq.txt").write_text(lines)
        found["uniq.txt"] = str(folder / "uniq.txt")
    return found
