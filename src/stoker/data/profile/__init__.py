"""Profile: what stands in every column of a table, counted over all of its rows.

    rows.parquet ─► measure ─► Profile (JSON) ─► judge ─► one Choice a column

`measure.profile_table` counts, `judge.judge` decides, and nothing else in stoker looks at cells to
find out what a column is: `run`, `check`, `init` and `data show` read the same two values and agree
for that reason.

Nothing is sampled.  A prefix of a sorted table is not the table: its columns seem to be constant,
or numbers where later cells are codes.
"""
