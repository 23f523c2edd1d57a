"""What a store of MLflow runs offers, however it is kept."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
        """The store's address, without credentials."""

    @property
    def kind(self) -> Literal["sqlite", "file", "http"]:
        """How the store is kept."""

    def experiments(self) -> list[Experiment]:
        """List the active experiments, by id."""

    def finished_runs(self, experiment_id: str) -> int:
        """Count the active runs that finished."""

    def runs(self, experiment_id: str) -> list[Run]:
        """List all runs, by run id: also running, failed and deleted ones."""

    def artifacts(self, run: Run, under: str = "") -> list[Artifact]:
        """List the files below the folder `under` of the run's artifacts, at any depth, by path."""

    def stamp(self, run: Run, path: str) -> Stamp | None:
        """Look at an artifact without reading it; None if the store offers no way."""

    def chunks(self, run: Run, path: str) -> Iterator[bytes]:
        """Yield an artifact's bytes piece by piece."""

    def read(self, run: Run, path: str, max_bytes: int) -> bytes:
        """Return an artifact's bytes; ArtifactError if there are more than `max_bytes`."""

    def watched(self, experiment: Experiment) -> list[Path]:
        """Paths, there or not, whose stat together decides that the listing of an experiment is unchanged."""

    def watched_artifact(self, run: Run, path: str | None) -> list[Path]:
        """Paths whose stat together decides that an artifact (None: one that is not there) is unchanged."""


def joined(chunks: Iterable[bytes], max_bytes: int) -> bytes:
    """Concatenate pieces of an artifact; ArtifactError as soon as there are more than `max_bytes`."""
    data = bytearray()
    for chunk in chunks:
        data += chunk
        if len(data) > max_bytes:
            raise ArtifactError(f"is larger than {max_bytes / 2**20:.0f} MiB, the size limit")
    return bytes(data)


def moment(milliseconds: int | str | None) -> datetime | None:
    """Turn MLflow's milliseconds since 1970 into a moment in UTC; 0 and None mean that it is not known."""
    return EPOCH + timedelta(milliseconds=int(milliseconds)) if milliseconds else None


def name_of(recorded: str | None, tags: Mapping[str, str]) -> str:
    """Return a run's name: MLflow before 1.30 recorded it in a tag only."""
    return recorded or tags.get("mlflow.runName", "")
