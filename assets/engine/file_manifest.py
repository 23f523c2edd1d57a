"""A manifest beside the published DuckDB file: what whoever has these two alone can hold the file to.

It is withdrawn before another file takes the place and written after that, so that no manifest ever speaks of
another file than the one beside it: a build that dies in between leaves none.
"""

import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

from assets.engine import ledger
from assets.engine.errors import UserError

FORMAT = 1


def beside(database: Path) -> Path:
    """Return where the manifest of a DuckDB file is."""
    return database.with_suffix(".manifest.json")


def withdraw(database: Path) -> None:
    """Take the manifest away, since the file is about to be another."""
    beside(database).unlink(missing_ok=True)


def write(database: Path, code: Path) -> None:
    """Describe a published file beside it, and the git revision of the code that made it, whole or not at all."""
    path = beside(database)
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        aside.write_text(
            json.dumps({**describe(database), "code": _revision(code)}, indent=1) + "\n", encoding="utf-8"
        )
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def describe(database: Path) -> dict[str, Any]:
    """Return what a manifest says of a file, from the file alone."""
    from assets.engine.warehouse import open_read_only

    with open_read_only(database) as connection:
        records = ledger.read(connection)
        shown = connection.execute(
            "SELECT table_name, count(*) FROM duckdb_columns() WHERE NOT internal GROUP BY table_name"
        ).fetchall()
    columns = dict(shown)
    return {
        "format": FORMAT,
        "file": database.name,
        "bytes": database.stat().st_size,
        "sha256": _sha256(database),
        "schema_version": ledger.SCHEMA_VERSION,
        "built_at": max((record.built_at or "" for record in records.values()), default=""),
        "tables": {
            key: {"rows": record.rows, "columns": columns[key], "data_version": record.data_version}
            for key, record in sorted(records.items())
            if key in columns
        },
    }


def check(database: Path) -> str:
    """Return in a sentence that a file is the one of its manifest; UserError if it is not.

    A file without a manifest proves nothing, which is said.
    """
    path = beside(database)
    try:
        told = json.loads(path.read_bytes())
        expected = {name: told[name] for name in ("format", "bytes", "sha256", "schema_version", "tables")}
    except FileNotFoundError:
        return f"not checked against a manifest: there is no {path}"
    except (ValueError, KeyError, TypeError):
        raise UserError(
            f"{path} is no manifest of a DuckDB file: get it anew from where the file is from"
        ) from None
    found = describe(database)
    different = [name for name, value in expected.items() if found[name] != value]
    if different:
        raise UserError(
            f"{database} is not the file that {path} describes ({', '.join(different)} differ): get both from where "
            "they are from, or publish anew"
        )
    return f"the file has the sha256, and its {len(found['tables'])} tables the rows, of {path.name}"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _revision(code: Path) -> dict[str, Any] | None:
    """Return the git revision of a folder of code and whether it was edited since; None where git cannot tell."""

    def git(*command: str) -> subprocess.CompletedProcess[str]:
        options = ("-c", "safe.directory=*", "-c", "core.fsmonitor=false")
        return subprocess.run(["git", *options, "-C", str(code), *command], capture_output=True, text=True)

    try:
        head = git("rev-parse", "HEAD")
        edited = git("status", "--porcelain", "--untracked-files=no", "--", ".")
    except FileNotFoundError:
        return None
    if head.returncode or edited.returncode:
        return None
    return {"git_revision": head.stdout.strip(), "edited": bool(edited.stdout)}
