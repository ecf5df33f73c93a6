#!/usr/bin/env bash
# Ibis has one type for Spark's moments and for its clock times without a zone, and writes both as the
# former, so that clock times become moments.
#
# ibis-framework 12.0.0, pyspark 4.0.5. Spark has TIMESTAMP, a moment, and TIMESTAMP_NTZ, what a clock
# shows; Parquet keeps them apart, and so do PostgreSQL and DuckDB. Ibis' types keep them apart too,
# by a time zone, but of Spark's both it makes the one without, and of its own both TIMESTAMP. What a
# program decides by the type of a column is then wrong for one of them: we grouped both kinds of
# column under one name, Spark made moments of the union, and each clock time came back as a label
# with "+00:00" behind it, which no other engine had. A cast to a timestamp without a zone reads text
# in the time zone of the session. The way around is Spark's own schema, which tells both apart.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  ibis-framework==12.0.0 sqlglot==30.30.0 pyspark==4.0.5 pandas==3.1.1 pyarrow==26.0.1 pyarrow-hotfix==0.7 rich packaging
cat > "$folder/wanted" <<'SEEN'
timestamp: Ibis has timestamp, which is timestamp to Spark
timestamp_ntz: Ibis has timestamp, which is timestamp to Spark
SELECT CAST(`t0`.`label` AS TIMESTAMP) AS `time` FROM `t` AS `t0`
SEEN
cd "$folder"
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
import ibis
from ibis.backends.pyspark.datatypes import PySparkType
from pyspark.sql.types import TimestampNTZType, TimestampType

for spark in (TimestampType(), TimestampNTZType()):
    known = PySparkType.to_ibis(spark)
    back = PySparkType.from_ibis(known)
    print(f"{spark.typeName()}: Ibis has {known}, which is {back.typeName()} to Spark")
table = ibis.table({"label": "string"}, name="t")
query = table.select(time=table.label.cast("timestamp"))
print(" ".join(ibis.to_sql(query, dialect="pyspark").split()))
PYTHON
cat "$folder/seen"
diff "$folder/wanted" "$folder/seen"
