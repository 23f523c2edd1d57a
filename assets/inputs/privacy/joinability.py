"""Whether a file that names subjects could be joined with what is published, by values that both hold.

A value that belongs to one subject alone, in a file beside the original code and in a table beside the keyed one,
tells who is who to whoever sees both.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from assets.engine.sql import literal, quoted
from assets.inputs.privacy.originals import LOOKUP, Originals
from assets.inputs.privacy.records import Said, records

if TYPE_CHECKING:
    import duckdb

_SPECIFIC = 4
"""Digits, or characters, of a value that two subjects do not share by chance."""
_KNOWN = "_said_of_subjects"

# own: values that single out the same subject on both sides; other: those that single out another
_JOINED = """
    WITH known AS (
        SELECT file, field, {kind} AS value, any_value(subject) AS subject, any_value(telling) AS telling FROM {known}
        WHERE {kind} IS NOT NULL GROUP BY file, field, {kind} HAVING count(DISTINCT subject) = 1),
    shown AS (
        SELECT value, any_value(subject) AS subject FROM (SELECT {value} AS value, subject_code AS subject FROM {table})
        WHERE value IS NOT NULL GROUP BY value HAVING count(DISTINCT subject) = 1)
    SELECT file, field, count(*) FILTER (known.subject = shown.subject) AS own,
        count(*) FILTER (known.subject <> shown.subject) AS other,
        count(*) FILTER (known.subject = shown.subject AND telling) AS telling
    FROM known JOIN shown USING (value) GROUP BY file, field
"""


def joinable(
    connection: "duckdb.DuckDBPyConnection",
    private_dir: Path,
    lookup: Mapping[str, str],
    *,
    lists: bool = False,
) -> Iterator[str]:
    """Yield, in words, each field of a file in the private folder that could be joined with a published column.

    `lists` compares the values of list columns too, such as every refit's risk. Raises UserError for a file that
    cannot be read.
    """
    said = {
        path: list(records(path, Originals.of(lookup.values())))
        for path in sorted(private_dir.rglob("*"))
        if path.is_file() and path.name != LOOKUP
    }
    if not any(said.values()):
        return
    cursor = connection.cursor()
    cursor.register(_KNOWN, _arrow(said, {original: code for code, original in lookup.items()}))
    for table, column, value, kind in _columns(cursor, lists=lists):
        query = _JOINED.format(known=_KNOWN, table=quoted(table), value=value, kind=kind)
        rows = cursor.execute(query).fetchall()
        for file, field, own, other, telling in rows:
            if own > other and (own > 1 or telling):
                yield f"{file}, field `{field}`, and column `{column}` of `{table}` ({own} subjects)"


def _arrow(said: Mapping[Path, Sequence[Said]], codes: Mapping[str, str]) -> object:
    import pyarrow as pa

    rows = [
        {
            "file": path.as_posix(),
            "field": item.field,
            "subject": codes[item.subject],
            "number" if isinstance(item.value, float) else "text": item.value,
            "telling": _is_specific(item.value),
        }
        for path, found in said.items()
        for item in found
    ]
    kinds = {"file": pa.string(), "field": pa.string(), "subject": pa.string()}
    kinds |= {"number": pa.float64(), "text": pa.string(), "telling": pa.bool_()}
    return pa.Table.from_pylist(rows, pa.schema(list(kinds.items())))


def _is_specific(value: str | float) -> bool:
    digits = value if isinstance(value, str) else f"{value:.15g}".replace(".", "").replace("-", "").strip("0")
    return len(digits) >= _SPECIFIC


def _columns(cursor: "duckdb.DuckDBPyConnection", *, lists: bool) -> Iterator[tuple[str, str, str, str]]:
    """Yield table, column, the SQL of its values and whether they are number or text, of tables with subjects."""
    rows = cursor.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal AND table_name IN "
        "(SELECT table_name FROM duckdb_columns() WHERE column_name = 'subject_code') "
        f"AND column_name <> 'subject_code' AND table_name <> {literal(_KNOWN)}"
    ).fetchall()
    for table, column, kind in rows:
        if kind.endswith("[]") and not lists:
            continue
        value = f"unnest({quoted(column)})" if kind.endswith("[]") else quoted(column)
        is_text = kind.startswith("VARCHAR")
        yield table, column, value if is_text else f"({value})::DOUBLE", "text" if is_text else "number"
