#!/usr/bin/env bash
# PyArrow opens an Arrow file by Polars, and can count the labels in it, but not choose rows by them.
#
# polars 2.1.0, pyarrow 26.0.1. Polars writes text as string_view, the newer of Arrow's layouts of
# text. PyArrow reads it, counts its values and makes a dictionary of it; to compare it with a word,
# to take or filter rows of a table that has such a column, or to look a label up, there is no kernel.
# A program that splits such a table by a column fails where the same table by any other writer
# passes. The way around is a cast to string first, which there is.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check polars==2.1.0 pyarrow==26.0.1
cat > "$folder/wanted" <<'SEEN'
type: string_view
value_counts: fine
equal: ArrowNotImplementedError
is_in: ArrowNotImplementedError
filter: ArrowNotImplementedError
take: ArrowNotImplementedError
equal after a cast: fine
SEEN
cd "$folder"
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

pl.DataFrame({"city": ["Lima", "Oslo"], "n": [1, 2]}).write_ipc("x.arrow")
table = pa.ipc.open_file("x.arrow").read_all()
city = table["city"]
print("type:", city.type)
for name, work in {
    "value_counts": lambda: pc.value_counts(city),
    "equal": lambda: pc.equal(city, "Oslo"),
    "is_in": lambda: pc.is_in(city, pa.array(["Oslo"])),
    "filter": lambda: table.filter(pa.array([True, False])),
    "take": lambda: table.take([0]),
    "equal after a cast": lambda: pc.equal(city.cast("string"), "Oslo"),
}.items():
    try:
        work()
    except pa.ArrowNotImplementedError as error:
        print(f"{name}: {type(error).__name__}")
    else:
        print(f"{name}: fine")
PYTHON
cat "$folder/seen"
diff "$folder/wanted" "$folder/seen"
