"""MLflow's sqlite database, read by sqlite itself and never changed.

MLflow itself is not asked: it migrates an older database in place when it opens it, and takes thirty times
longer.
"""

import shutil
import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from assets.engine.errors import TransientError, UserError
from assets.inputs.local_artifacts import LocalArtifacts, uri_path
from assets.inputs.runs import Experiment, Run, moment, name_of

MAGIC = b"SQLite format 3\0"
TABLES = frozenset({"experiments", "runs", "params", "tags"})


class SqliteStore(LocalArtifacts):
    """A database file, its artifacts in folders beside it or where the runs say."""

    kind: Literal["sqlite"] = "sqlite"

    def __init__(self, path: Path) -> None:
        """Open the database file; UserError if it is none, or not MLflow's."""
        self.path = path
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

    def finished_runs(self, experiment_id: str) -> int:
        """Count the active runs that finished."""
        rows = self._rows(
            "SELECT count(*) FROM runs"
            " WHERE experiment_id = ? AND status = 'FINISHED' AND lifecycle_stage = 'active'",
            experiment_id,
        )
        return int(rows[0][0])

    def runs(self, experiment_id: str) -> list[Run]:
        """List all runs, by run id, all from one state of the database."""
        of_experiment = "run_uuid IN (SELECT run_uuid FROM runs WHERE experiment_id = ?)"
        with self._reading() as database:
            params = _by_run(
                database, f"SELECT run_uuid, key, value FROM params WHERE {of_experiment}", experiment_id
            )
            tags = _by_run(
                database, f"SELECT run_uuid, key, value FROM tags WHERE {of_experiment}", experiment_id
            )
            rows = database.execute(
                "SELECT run_uuid, name, status, lifecycle_stage, start_time, end_time, artifact_uri"
                " FROM runs WHERE experiment_id = ? ORDER BY run_uuid",
                (experiment_id,),
            ).fetchall()
        return [
            Run(
                run_id=run_id,
                experiment_id=experiment_id,
                name=name_of(name, tags[run_id]),
                status=status,
                lifecycle_stage=stage,
                started_at=moment(start),
                finished_at=moment(end),
                artifact_uri=artifact_uri or "",
                params=params[run_id],
                tags=tags[run_id],
            )
            for run_id, name, status, stage, start, end, artifact_uri in rows
        ]

    def artifact_places(self, run: Run) -> list[Path]:
        """Return the recorded place, then beside the database MLflow's usual folders and the path's end."""
        recorded, folder = uri_path(run.artifact_uri), self.path.parent
        usual = [
            folder / parent / run.experiment_id / run.run_id / "artifacts"
            for parent in ("mlruns", "mlartifacts")
        ]
        parts = PurePosixPath(urlsplit(run.artifact_uri).path).parts
        depth = parts.index(run.run_id) if run.run_id in parts else 0
        ends = [folder.joinpath(*parts[start:]) for start in range(depth, 0, -1) if ".." not in parts]
        return [*([recorded] if recorded else []), *usual, *ends]

    def watched(self, experiment: Experiment) -> list[Path]:
        """Return the database and its write-ahead log, whose appearing is a change as well."""
        return [self.path, self._log]

    @property
    def _log(self) -> Path:
        return self.path.with_name(self.path.name + "-wal")

    def _rows(self, query: str, *values: str) -> list[Any]:
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
    return sqlite3.connect(f"file:{quote(str(path.absolute()))}?{mode}", uri=True, isolation_level=None)


def _in_wal_mode(path: Path) -> bool:
    """Bytes 18 and 19 of an sqlite file are 2 in write-ahead mode (sqlite.org/fileformat.html, 1.3)."""
    with path.open("rb") as file:
        return file.read(20)[18:] == b"\2\2"


def _by_run(database: sqlite3.Connection, query: str, experiment_id: str) -> dict[str, dict[str, str]]:
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for run_id, key, value in database.execute(query, (experiment_id,)):
        found[run_id][key] = value or ""
    return found
