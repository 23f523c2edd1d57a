"""The second gate against invented data: it looks at what is about to leave, whatever the listing of runs said."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

_MARK = re.compile(r"(^|[/_])synth(etic)?_", re.IGNORECASE)
_SAYS_SO = {"is_synthetic", "_synthetic_warning", "_do_not_publish", "do_not_publish"}
_ORIGIN = {"data_source", "_data_source"}
_LOOKED_AT = {"runs": "true", "extracted_runs": "quarantine_stage IS NULL"}
"""Table of runs -> which of its rows are used."""


def in_runs(connection: "duckdb.DuckDBPyConnection", lookup: Mapping[str, str]) -> list[str]:
    """Return where runs that are used bear a mark of invented data, in their names or in those of their subjects."""
    columns = connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal "
        "AND column_name IN ('run_name', 'experiment', 'artifact_path')"
    ).fetchall()
    found = [
        f"column `{column}` of `{table}`"
        for table, column in columns
        if table in _LOOKED_AT
        and any(
            _MARK.search(value or "")
            for (value,) in connection.execute(
                f"SELECT DISTINCT {column} FROM {table} WHERE {_LOOKED_AT[table]}"
            ).fetchall()
        )
    ]
    return [*found, *(["the subjects of the predictions"] if _invented(connection, lookup) else [])]


def _invented(connection: "duckdb.DuckDBPyConnection", lookup: Mapping[str, str]) -> bool:
    from assets.inputs.privacy.tables import subject_codes

    marked = {code for code, original in lookup.items() if _MARK.match(original)}
    return bool(marked) and not marked.isdisjoint(subject_codes(connection))


def in_sidecar(content: bytes) -> bool:
    """Tell whether a figure's JSON says that its data are invented."""
    try:
        return any(_says_so(key, value) for key, value in _members(json.loads(content)))
    except ValueError:
        return False


def _says_so(key: str, value: Any) -> bool:
    if key in _SAYS_SO:
        return value not in (False, None, "", "false")
    if key in _ORIGIN:
        return isinstance(value, str) and value.lower() == "synthetic"
    return key in ("run_name", "experiment") and isinstance(value, str) and _MARK.search(value) is not None


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key, item
            yield from _members(item)
    elif isinstance(value, list):
        for item in value:
            yield from _members(item)
