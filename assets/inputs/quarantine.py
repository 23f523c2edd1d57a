"""Why a run is set aside."""

from dataclasses import asdict, dataclass
from typing import Literal

Stage = Literal["listing", "name", "registry", "artifact", "unpickle", "validate"]


@dataclass(frozen=True)
class Quarantine:
    """The step at which a run was set aside, the field concerned, and the reason in words.

    All three end in a public table: they hold no folder of this machine and nothing that identifies subjects.
    """

    stage: Stage
    field: str
    reason: str

    def columns(self) -> dict[str, str]:
        """Return the three columns of the run's row."""
        return {f"quarantine_{name}": value for name, value in asdict(self).items()}
