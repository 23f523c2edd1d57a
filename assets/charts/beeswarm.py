"""Dots that lie on a line where there is room, and beside one another where there is not."""

import math
from collections.abc import Sequence


def offsets(places: Sequence[float], diameter: float) -> list[float]:
    """How far from the line each dot lies so that none overlaps another.

    Dots are taken by their places along the line, ties in the order given; each is put as near to the
    line as it can without overlapping one before it, on the far side (positive) if both sides are as
    near. Places, diameter and offsets are in the same unit.
    """
    order = sorted(range(len(places)), key=lambda i: places[i])
    found = [0.0] * len(places)
    near: list[int] = []
    for i in order:
        near = [j for j in near if places[i] - places[j] < diameter]
        found[i] = _nearest([(places[i] - places[j], found[j]) for j in near], diameter)
        near.append(i)
    return found


def _nearest(others: Sequence[tuple[float, float]], diameter: float) -> float:
    """The offset nearest to 0 that is clear of all dots (distance along the line, offset)."""
    clearances = [(math.sqrt(diameter**2 - along**2), offset) for along, offset in others]
    touching = [offset + side * clearance for clearance, offset in clearances for side in (1, -1)]
    candidates = sorted([0.0, *touching], key=lambda offset: (abs(offset), -offset))
    return next(
        candidate for candidate in candidates
        if all(abs(candidate - offset) >= clearance - 1e-9 for clearance, offset in clearances)
    )  # fmt: skip
