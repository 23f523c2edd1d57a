"""What a process that reads artifacts is asked: one artifact, and what it may cost."""

import json
from dataclasses import asdict, dataclass

from assets.inputs.artifacts.prediction_tables import STUDY_COLUMNS, TableColumns

_MEBIBYTE = 2**20


@dataclass(frozen=True)
class Limits:
    """What one artifact may cost: its size, and the memory and time of the process that reads it."""

    max_bytes: int = 256 * _MEBIBYTE
    memory_bytes: int = 2048 * _MEBIBYTE
    seconds: float = 120.0

    @classmethod
    def for_artifacts(cls, max_mb: int, seconds: float) -> "Limits":
        """Return what artifacts up to a size may cost, here and anywhere: their rows must not depend on the machine.

        The numbers of a pickle take up to six times as much once they are objects.
        """
        return cls(max_mb * _MEBIBYTE, (512 + 6 * max_mb) * _MEBIBYTE, seconds)


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class Assignment:
    """One artifact to read: where it may lie on this machine, or nowhere when its bytes are sent along."""

    run_id: str
    path: str
    places: tuple[str, ...] | None = None
    columns: TableColumns = STUDY_COLUMNS
    keep_refits: bool = True
    limits: Limits = DEFAULT_LIMITS

    @property
    def what(self) -> str:
        """The artifact in words, for whoever waits for it."""
        return f"run {self.run_id} ({self.path})"

    def to_json(self) -> bytes:
        """Return the text that `from_json` reads."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, text: bytes) -> "Assignment":
        """Read what `to_json` wrote."""
        given = json.loads(text)
        places = given.pop("places")
        columns, limits = TableColumns(**given.pop("columns")), Limits(**given.pop("limits"))
        return cls(**given, places=None if places is None else tuple(places), columns=columns, limits=limits)
