"""Nothing that names a subject leaves: a look through every text column before tables are published."""

import re
from pathlib import Path
from typing import Any

from assets.engine.errors import UserError
from assets.inputs.evidence import DEFAULT_STUDY
from assets.inputs.subjects import read_lookup

_TELLING = 4
"""Letters from which a code is looked for within longer text; a shorter one must be the whole value."""


def refuse_original_codes(connection: Any, private_dir: Path) -> None:
    """Raise UserError if a text column of the database holds an original subject code.

    Codes are those of every look-up in the private folder. A code counts within longer text where no letter or
    digit adjoins it; a code of fewer than four letters only where it is the whole value. The message names the
    column, never the code.
    """
    originals = {
        code for folder in (private_dir, private_dir / DEFAULT_STUDY) for code in read_lookup(folder).values()
    }
    if not originals:
        return
    connection.execute("CREATE OR REPLACE TEMP TABLE _original_codes (code VARCHAR, pattern VARCHAR)")
    try:
        rows = [[code, _pattern(code)] for code in sorted(originals)]
        connection.executemany("INSERT INTO _original_codes VALUES (?, ?)", rows)
        for table, column in _text_columns(connection):
            found = connection.execute(
                f'SELECT count(*) FROM (SELECT DISTINCT "{column}"::VARCHAR AS text FROM "{table}") '
                "JOIN _original_codes ON text = code OR (contains(text, code) AND regexp_matches(text, pattern))"
            ).fetchall()[0][0]
            if found:
                raise UserError(
                    f"column `{column}` of `{table}` holds original subject codes ({found} found): nothing was "
                    "published. Rename the run or artifact that bears the code, then run again"
                )
    finally:
        connection.execute("DROP TABLE _original_codes")


def _pattern(code: str) -> str | None:
    return f"(^|[^A-Za-z0-9]){re.escape(code)}($|[^A-Za-z0-9])" if len(code) >= _TELLING else None


def _text_columns(connection: Any) -> list[tuple[str, str]]:
    rows = connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() "
        "WHERE NOT internal AND table_name <> '_original_codes' "
        "AND (data_type LIKE 'VARCHAR%' OR data_type = 'JSON')"
    ).fetchall()
    return [(table, column) for table, column in rows]
