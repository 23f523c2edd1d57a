"""The command that describes the DuckDB file: `schema`."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

from assets.commands import screen
from assets.commands.loading import project_of
from assets.engine.descriptions import Described, described
from assets.engine.ledger import SCHEMA_VERSION
from assets.engine.warehouse import open_read_only


def schema_command(options: argparse.Namespace) -> int:
    """Print the schema of the DuckDB file, as the file itself tells it."""
    database = project_of(options.module).database
    if options.json:
        tables = [asdict(table) for table in _tables(database)]
        screen.as_json({"ledger_version": SCHEMA_VERSION, "tables": tables})
    else:
        print(schema_page(database), end="")
    return 0


def schema_page(database: Path) -> str:
    """Return the schema of a DuckDB file of ours as Markdown: the same text for the same tables and comments."""
    tables = _tables(database)
    return "\n".join(line for part in _parts(tables) for line in (*part, ""))


def _tables(database: Path) -> list[Described]:
    with open_read_only(database) as connection:  # which refuses a file of another schema version
        return described(connection)


def _parts(tables: Sequence[Described]) -> Iterator[list[str]]:
    """Yield the paragraphs of the page, each as its lines."""
    views = sum(table.kind == "view" for table in tables)
    counted = ", ".join(
        screen.counted(n, kind) for n, kind in ((len(tables) - views, "table"), (views, "view")) if n
    )
    yield ["# Schema of the DuckDB file"]
    yield [
        f"{counted or 'No tables'}; version {SCHEMA_VERSION} of the ledger.",
        "The file says all of this itself, in COMMENTs on its tables, views and columns: `FROM duckdb_tables()`,",
        "`FROM duckdb_views()` and `FROM duckdb_columns()` show them in any program that opens it.",
    ]
    for group, members in groupby(tables, key=lambda table: table.group):
        if group:
            yield [f"## {group}"]
        for table in members:
            yield from _section(table)


def _section(table: Described) -> Iterator[list[str]]:
    yield [f"### {table.name}"]
    if table.description:
        yield [table.description]
    key = ", ".join(f"`{name}`" for name in table.primary_key)
    yield [f"{table.kind.capitalize()}{'; key: ' * bool(key)}{key}."]
    rows = [(f"`{column.name}`", column.type, column.meaning or "") for column in table.columns]
    yield ["| column | type | meaning |", "| --- | --- | --- |", *map(_row, rows)]


def _row(cells: Sequence[str]) -> str:
    spelled = [" ".join(cell.split()).replace("|", "\\|") for cell in cells]
    return "".join(f"| {cell} " if cell else "| " for cell in spelled) + "|"
