"""What a check found."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["P0", "P1", "P2", "P3"]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a figure.

    P0: it cannot be trusted (origin, integrity). P1: its numbers cannot be right. P2: it is not fit
    for print. P3: some readers cannot read it.
    """

    level: Level
    check: str
    message: str
