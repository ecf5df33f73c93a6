"""Engines count raw rows: a table in, the counts of its columns out."""
