"""MLflow's sqlite database, read by sqlite itself and never changed.

MLflow itself is not asked: it migrates an older database in place when it opens it, and takes thirty times
longer.
"""

import shutil
import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from assets.engine.errors import TransientError, UserError
from assets.inputs.stores.local_artifacts import LocalArtifacts, path_ends, uri_path, usual_places
from assets.inputs.stores.runs import NAME_TAG, Experiment, Run, moments, name_of

MAGIC = b"SQLite format 3\0"
TABLES = frozenset({"experiments", "runs", "params", "tags"})


class SqliteStore(LocalArtifacts):
    """A database file, its artifacts in folders beside it or where the runs say."""

    kind: Literal["sqlite"] = "sqlite"

    def __init__(self, path: Path) -> None:
        """Open the database file; UserError if it is none, or not MLflow's."""
        super().__init__()
        self.path = path
        self._log = path.with_name(path.name + "-wal")
        for looked_at in (path, self._log):  # a log that appears is a change as well
            self.look(str(looked_at))
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise UserError(f"{path} is not an sqlite database.")
        missing = TABLES - {
            name for (name,) in self._rows("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
        if missing:
            raise UserError(
                f"{path} is not an MLflow database: it has no table {', '.join(sorted(missing))}."
            )

    @property
    def uri(self) -> str:
        """The address as MLflow writes it."""
        return f"sqlite:///{self.path}"

    def experiments(self) -> list[Experiment]:
        """List the active experiments, by id."""
        rows = self._rows(
            "SELECT CAST(experiment_id AS TEXT), name FROM experiments WHERE lifecycle_stage = 'active'"
        )
        return [Experiment(*row) for row in sorted(rows)]

    def finished_runs(self, experiment_id: str, *, limit: int | None = None) -> int:
        """Count the active runs that finished, no further than `limit`."""
        finished = "SELECT 1 FROM runs WHERE experiment_id = ? AND status = 'FINISHED' AND lifecycle_stage = 'active'"
        # To sqlite, a negative limit is none.
        rows = self._rows(
            f"SELECT count(*) FROM ({finished} LIMIT ?)", experiment_id, -1 if limit is None else limit
        )
        return int(rows[0][0])

    def runs(self, experiment_id: str, names: Collection[str] | None = None) -> list[Run]:
        """List all runs, by run id, all from one state of the database."""
        wanted = None if names is None else {*names, NAME_TAG}
        with self._reading() as database:
            params, tags = (_texts(database, table, experiment_id, wanted) for table in ("params", "tags"))
            rows = database.execute(
                "SELECT run_uuid, name, status, lifecycle_stage, start_time, end_time, artifact_uri"
                " FROM runs WHERE experiment_id = ? ORDER BY run_uuid",
                (experiment_id,),
            ).fetchall()
        return [_run(experiment_id, row, params[row[0]], tags[row[0]]) for row in rows]

    def places(self, run: Run) -> Iterator[str]:
        """Yield MLflow's usual folders beside the database, the recorded place, and that place's end."""
        folder = str(self.path.parent)
        yield from usual_places(folder, run)
        if recorded := uri_path(run.artifact_uri):
            yield recorded
        yield from path_ends(folder, run)

    def _rows(self, query: str, *values: str | int) -> list[Any]:
        with self._reading() as database:
            return database.execute(query, values).fetchall()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Give a connection that sees one state of the database and leaves no trace; say errors plainly."""
        try:
            with _connected(self.path, self._log) as database:
                database.execute("BEGIN")
                yield database
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise TransientError(f"{self.path} is locked by a program that writes to it.") from error
            raise UserError(
                f"{self.path} cannot be read: {error}.{_HOT_JOURNAL * ('readonly' in str(error))}"
            ) from error
        except sqlite3.DatabaseError as error:
            raise UserError(f"{self.path} cannot be read: {error}.") from error


_HOT_JOURNAL = " Its writer was interrupted; let MLflow open it once, or restore the file."


@contextmanager
def _connected(path: Path, log: Path) -> Iterator[sqlite3.Connection]:
    """Connect so that neither the database nor its folder changes, and what a live writer committed is seen.

    `mode=ro` alone is not enough: on a database in write-ahead mode it leaves a new `-shm` file behind.
    """
    if not _in_wal_mode(path):
        with closing(_open(path, "mode=ro")) as database:
            yield database
    elif not log.exists() or log.stat().st_size == 0:
        before = path.stat()
        with closing(_open(path, "mode=ro&immutable=1")) as database:
            yield database
        after = path.stat()
        if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
            raise TransientError(f"{path} was written to while it was read.")
    elif path.with_name(path.name + "-shm").exists():
        with closing(_open(path, "mode=ro")) as database:
            yield database
    else:
        # A log without its index is what a crash or a copy leaves: nobody writes, so a copy is consistent.
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(shutil.copy(path, folder))
            shutil.copy(log, folder)
            with closing(_open(copy, "mode=ro")) as database:
                yield database


def _open(path: Path, mode: str) -> sqlite3.Connection:
    address = f"file:{quote(str(path.absolute()))}?{mode}"
    return sqlite3.connect(address, uri=True, isolation_level=None)


def _in_wal_mode(path: Path) -> bool:
    """Bytes 18 and 19 of an sqlite file are 2 in write-ahead mode (sqlite.org/fileformat.html, 1.3)."""
    with path.open("rb") as file:
        return file.read(20)[18:] == b"\2\2"


def _texts(
    database: sqlite3.Connection, table: str, experiment_id: str, names: Collection[str] | None
) -> defaultdict[str, dict[str, str]]:
    """Return the params or tags of every run, by run id and key."""
    query = f"SELECT run_uuid, key, value FROM {table}"
    # A plus keeps sqlite from its index, through which it would look up every row alone: twice the time.
    query += " WHERE +run_uuid IN (SELECT run_uuid FROM runs WHERE experiment_id = ?)"
    if names is not None:
        query += f" AND +key IN ({', '.join('?' * len(names))})"
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for run_id, key, value in database.execute(query, (experiment_id, *(names or ()))):
        found[run_id][key] = value or ""
    return found


def _run(experiment_id: str, row: Sequence[Any], params: dict[str, str], tags: dict[str, str]) -> Run:
    run_id, name, status, stage, start, end, artifact_uri = row
    started_at, finished_at, defect = moments(start, end)
    return Run(
        run_id=run_id,
        experiment_id=experiment_id,
        name=name_of(name, tags),
        status=status or "UNKNOWN",
        lifecycle_stage=stage or "unknown",
        started_at=started_at,
        finished_at=finished_at,
        artifact_uri=artifact_uri or "",
        params=params,
        tags=tags,
        defect=defect,
    )
