"""What a store of MLflow runs offers, however it is kept."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol, runtime_checkable

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

NAME_TAG = "mlflow.runName"

Facts = list[int] | None
"""Statistics of a path as `stamp.facts` gives them; None when nothing is there."""


@dataclass(frozen=True)
class Experiment:
    """An active experiment of a store."""

    experiment_id: str
    name: str


@dataclass(frozen=True)
class Run:
    """One run as its store lists it: finished or not, deleted or not.

    `defect` says why the listing itself cannot be trusted; the other fields then hold what could be read.
    """

    run_id: str
    experiment_id: str
    name: str
    status: str
    lifecycle_stage: str
    started_at: datetime | None
    finished_at: datetime | None
    artifact_uri: str
    params: Mapping[str, str]
    tags: Mapping[str, str]
    defect: str | None = None


@dataclass(frozen=True)
class Artifact:
    """A file of a run: its path below the artifact root, its size in bytes (-1 if the store does not say)."""

    path: str
    size: int


@dataclass(frozen=True)
class Stamp:
    """What can be known of a file without reading it; equal marks mean that a second reading may be spared.

    `changed_ns` is the time of the last change by the file's own clock, 0 where there is none.
    """

    mark: str
    changed_ns: int


class ArtifactError(Exception):
    """An artifact that cannot be had, for a reason that another attempt will not remove.

    The message names no folder of this machine: it ends in a public table.
    """


class RunStore(Protocol):
    """Read-only access to MLflow runs; nothing is created, migrated or locked."""

    @property
    def uri(self) -> str:
        """The store's address, without credentials; `open_store` takes it."""

    @property
    def kind(self) -> Literal["sqlite", "file", "http"]:
        """How the store is kept."""

    @property
    def connections(self) -> int:
        """How many artifacts to ask for at a time."""

    @property
    def seen(self) -> Mapping[str, Facts] | None:
        """Paths, there or not, that the answers so far rest on, as they were before; None for a server."""

    def experiments(self) -> list[Experiment]:
        """List the active experiments, by id."""

    def finished_runs(self, experiment_id: str, *, limit: int | None = None) -> int:
        """Count the active runs that finished, no further than `limit`."""

    def runs(self, experiment_id: str, names: Collection[str] | None = None) -> list[Run]:
        """List all runs, by run id: also running, failed and deleted ones.

        Of their params and tags, those with these names; a store may leave out `mlflow.runName`.
        """

    def artifacts(self, run: Run, under: str = "", *, depth: int | None = None) -> list[Artifact]:
        """List the files below the folder `under` of the run's artifacts, by path.

        `depth` is the number of folder levels to look into, 1 for that folder alone.
        """

    def stamp(self, run: Run, path: str) -> Stamp | None:
        """Look at an artifact without reading it; None if the store offers no way."""

    def digest(self, run: Run, path: str, max_bytes: int) -> str:
        """Return the sha256 of an artifact's bytes; ArtifactError if there are more than `max_bytes`."""


@runtime_checkable
class Server(RunStore, Protocol):
    """A store that sends artifacts; those of others lie on this machine, and a worker opens them itself."""

    def read(self, run: Run, path: str, max_bytes: int, *, seconds: float | None = None) -> bytes:
        """Return an artifact's bytes; ArtifactError if there are more than `max_bytes`.

        They have so many `seconds` to come, else ArtifactError; what a `digest` fetched a moment ago may come
        from memory, once.
        """


def moment(milliseconds: int | str | None) -> datetime | None:
    """Turn MLflow's milliseconds since 1970 into a moment in UTC; 0 and None mean that it is not known.

    Raises ValueError if it is no whole number or no moment.
    """
    try:
        return EPOCH + timedelta(milliseconds=int(milliseconds)) if milliseconds else None
    except (OverflowError, TypeError) as error:
        raise ValueError(f"{milliseconds!r} is no moment") from error


def moments(
    start: int | str | None, end: int | str | None
) -> tuple[datetime | None, datetime | None, str | None]:
    """Return the start and end of a run; if one is no moment, neither, and that defect in words."""
    try:
        return moment(start), moment(end), None
    except ValueError:
        return None, None, "its start or end is no moment"


def name_of(recorded: str | None, tags: Mapping[str, str]) -> str:
    """Return a run's name: MLflow before 1.30 recorded it in a tag only."""
    return recorded or tags.get(NAME_TAG, "")


def printable(text: str) -> str:
    """Return a text with `?` for what is no character: names of files and JSON may hold halves of some."""
    return text.encode("utf-8", "replace").decode()
