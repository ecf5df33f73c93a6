"""Engines count raw rows: each has ``count(table, wanted, source, name) -> DataSet``.

The table comes from a reader and yields its cells in batches; `Wanted` tells which columns are
counted, and how. The columns of the data set are `Categories` or `Numbers`, its kind is
``samples``, and all columns that were met are in `seen`.
"""
