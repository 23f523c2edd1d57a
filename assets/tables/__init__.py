"""The study's tables, in reading order: evidence, measures, curves, stability, comparisons, and original names.

Each function in these modules *is* one DuckDB table. Its name is the table's name, its parameters are what
it reads, and its docstring says what one row is. Nothing here writes to disk: `assets.engine` decides what
runs, and when.
"""
