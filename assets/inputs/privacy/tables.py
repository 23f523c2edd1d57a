"""Looking through a DuckDB file: what its columns hold at any depth, and all that its catalogue says."""

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assets.engine.sql import quoted
from assets.inputs.privacy.json_texts import texts
from assets.inputs.privacy.originals import Finding, Originals, names_subjects

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_HOLDS_TEXT = re.compile("VARCHAR|JSON|ENUM|BLOB|UUID|STRUCT|MAP|UNION")
_RUN, _NAMED = "run_id", 3
"""The column that tells which run a row is of, and how many runs are named before others are counted."""
_PIECE = 100_000
"""Different texts of a column that are looked through at a time."""

_CATALOGUE = """
    SELECT 'the name or definition of table', table_name, concat_ws(chr(10), table_name, sql, tags) FROM duckdb_tables()
    WHERE NOT internal AND NOT temporary
    UNION ALL SELECT 'the name or definition of view', view_name, concat_ws(chr(10), view_name, sql, tags)
    FROM duckdb_views() WHERE NOT internal AND NOT temporary
    UNION ALL SELECT 'the comment on table', table_name, comment FROM duckdb_tables() WHERE NOT internal
    UNION ALL SELECT 'the comment on view', view_name, comment FROM duckdb_views() WHERE NOT internal
    UNION ALL SELECT 'the names of columns of', table_name, concat_ws(chr(10), column_name, data_type)
    FROM duckdb_columns() WHERE NOT internal
    UNION ALL SELECT 'the comments on columns of', table_name, comment FROM duckdb_columns() WHERE NOT internal
    UNION ALL SELECT 'the definition of function', function_name,
    concat_ws(chr(10), function_name, macro_definition, comment) FROM duckdb_functions() WHERE NOT internal
    UNION ALL SELECT 'the labels of type', type_name, concat_ws(chr(10), type_name, array_to_string(labels, chr(10)))
    FROM duckdb_types() WHERE NOT internal
    UNION ALL SELECT 'the definition of index', index_name, concat_ws(chr(10), index_name, sql, comment)
    FROM duckdb_indexes()
    UNION ALL SELECT 'the name or comment of sequence', sequence_name, concat_ws(chr(10), sequence_name, comment)
    FROM duckdb_sequences() WHERE NOT temporary
    UNION ALL SELECT 'the name or comment of schema', schema_name, concat_ws(chr(10), schema_name, comment)
    FROM duckdb_schemas() WHERE NOT internal
"""
"""Kind of place, name, and what is said there."""


def in_tables(connection: "duckdb.DuckDBPyConnection", originals: Originals) -> Iterator[Finding]:
    """Yield where original codes stand in the tables and views that a connection shows, and in their catalogue."""
    for kind, name, said in connection.execute(_CATALOGUE).fetchall():
        if said and (found := originals.among(said.split("\n"), numbers=False)):
            yield Finding(f"{kind} `{originals.hidden(name)}`", len(found))
    columns = _columns(connection)
    of_runs = {column.table for column in columns if column.name == _RUN}
    clean = set[str]()
    for column in columns:
        found = frozenset[str]().union(
            *(_among(values, originals, clean) for values in _values(connection, column))
        )
        if found:
            place = f"column `{originals.hidden(column.name)}` of `{originals.hidden(column.table)}`"
            runs = _runs(connection, column, originals) if column.table in of_runs else ""
            yield Finding(place + runs, len(found))


def _among(values: set[str], originals: Originals, clean: set[str]) -> frozenset[str]:
    """Return the codes in some texts; those without any are `clean`, and not looked through in the next column."""
    found = originals.among(values - clean)
    if not found and len(clean) < _PIECE:
        clean |= values
    return found


def _runs(connection: "duckdb.DuckDBPyConnection", column: "_Column", originals: Originals) -> str:
    """Name the runs in whose rows of a column codes stand, as far as their ids bear none."""
    rows = connection.execute(
        f"SELECT DISTINCT {_RUN}, {quoted(column.name)}::VARCHAR AS said "
        f"FROM {quoted(column.schema)}.{quoted(column.table)} WHERE said IS NOT NULL ORDER BY ALL"
    ).fetchall()
    runs = [originals.hidden(str(run)) for run, said in rows if originals.among(_said(said))]
    named = list(dict.fromkeys(runs))
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return f", run {', '.join(named[:_NAMED])}{more}" if named else ""


def subject_codes(connection: "duckdb.DuckDBPyConnection") -> set[str]:
    """Return every subject code of the tables, from columns called `subject_code` and lists `subject_codes`."""
    found = set[str]()
    columns = connection.execute(
        "SELECT schema_name, table_name, column_name "
        "FROM duckdb_columns() JOIN duckdb_tables() USING (table_oid, schema_name, table_name) "
        "WHERE NOT duckdb_columns.internal AND column_name IN ('subject_code', 'subject_codes')"
    ).fetchall()
    for schema, table, column in columns:
        codes = f"unnest({column})" if column == "subject_codes" else column
        place = f"{quoted(schema)}.{quoted(table)}"
        rows = connection.execute(f"SELECT DISTINCT {codes} FROM {place}").fetchall()
        found |= {code for (code,) in rows if code is not None}
    return found


def in_arrow(batches: "Iterable[pa.RecordBatch]", originals: Originals) -> frozenset[str]:
    """Return the codes in the texts of Arrow data, at any depth, and in the names of its columns."""
    return frozenset[str]().union(*map(originals.among, _pieces(_of_batches(batches))))


@dataclass(frozen=True)
class _Column:
    """A column that holds texts, or whose name says that its values tell subjects apart."""

    schema: str
    table: str
    name: str
    holds_text: bool


def _columns(connection: "duckdb.DuckDBPyConnection") -> list[_Column]:
    rows = connection.execute(
        "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE NOT internal AND database_name = current_database()"
    ).fetchall()
    columns = [
        _Column(schema, table, name, bool(_HOLDS_TEXT.search(kind))) for schema, table, name, kind in rows
    ]
    return [column for column in columns if column.holds_text or names_subjects(column.name)]


def _values(connection: "duckdb.DuckDBPyConnection", column: _Column) -> Iterator[set[str]]:
    chosen = quoted(column.name) if column.holds_text else f"{quoted(column.name)}::VARCHAR"
    query = f"SELECT DISTINCT {chosen} AS said FROM {quoted(column.schema)}.{quoted(column.table)}"
    reader = connection.execute(query).to_arrow_reader()
    return _pieces(array for batch in reader for array in batch.columns)


def _pieces(arrays: "Iterable[pa.Array]") -> Iterator[set[str]]:
    """Yield the texts of arrays, no more at a time than memory should hold."""
    found = set[str]()
    for array in arrays:
        for value in _texts(array):
            found |= {*_said(value)}
            if len(found) > _PIECE:
                yield found
                found = set()
    yield found


def _of_batches(batches: "Iterable[pa.RecordBatch]") -> "Iterator[pa.Array]":
    import pyarrow as pa

    for number, batch in enumerate(batches):
        if not number:
            yield pa.array(batch.schema.names, pa.string())
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            yield (
                column.cast(pa.string())
                if names_subjects(name) and pa.types.is_integer(column.type)
                else column
            )


def _texts(array: "pa.Array") -> Iterator[Any]:
    """Yield every different text, or bytes, of an array at any depth, with the names of its fields."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = array.type
    if isinstance(array, pa.ExtensionArray):
        yield from _texts(array.storage)
    elif pa.types.is_dictionary(kind):
        yield from _texts(array.dictionary)
    elif pa.types.is_map(kind):
        yield from _texts(array.keys)
        yield from _texts(array.items)
    elif pa.types.is_nested(kind) and hasattr(array, "flatten") and not hasattr(array, "field"):
        yield from _texts(array.flatten())
    elif pa.types.is_nested(kind):
        for number in range(kind.num_fields):
            yield kind.field(number).name
            yield from _texts(array.field(number))
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind):
        yield from (value for value in pc.unique(array).to_pylist() if value is not None)
    elif (
        pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind) or pa.types.is_string_view(kind)
    ):
        yield from (value for value in array.to_pylist() if value is not None)


def _said(value: str | bytes) -> Iterator[str]:
    """Yield a value as text, and what it says if it is JSON."""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    yield text
    if text[:1] in ("{", "["):
        with suppress(ValueError, RecursionError):  # no JSON after all: it is looked at as it is
            yield from texts(json.loads(text))
