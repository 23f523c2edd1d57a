"""Deciding: one pure function says whether an asset is fresh, and why not if it is not.

Status, why, plan, both flows and Dagster render what `decide` returns; nothing else skips or builds.
A reason is a value; its sentence is made where it is shown.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import groupby
from typing import Any

from assets.engine.hashing import digest
from assets.engine.records import Ingredients, Record

_NAMED = 3
"""Subjects that a sentence names before it counts the others."""


class State(Enum):
    """What is known of an asset before anything runs."""

    FRESH = "fresh"
    STALE = "stale"
    MISSING = "missing"
    UNSURE = "unsure"
    """Something upstream will be rebuilt first; if it comes out the same, this asset stays as it is."""


class Cause(Enum):
    """The questions that `decide` asks, in the order in which it asks them."""

    NEVER_BUILT = "never built"
    OUTPUT_GONE = "output is gone"
    FORCED = "forced"
    SCHEME_CHANGED = "hash scheme changed"
    OUTPUT_EDITED = "output was changed by hand"
    CODE_FAILS = "its code fails"
    CODE_CHANGED = "code changed"
    SETTING_CHANGED = "setting changed"
    LIBRARY_CHANGED = "library changed"
    INPUT_CHANGED = "input changed"
    UPSTREAM_PENDING = "waits for"


_MOVING = (Cause.LIBRARY_CHANGED, Cause.INPUT_CHANGED)
"""What changes the rows of a view without anybody touching it."""


@dataclass(frozen=True)
class Reason:
    """One cause, the ingredient concerned, and what it was and is."""

    cause: Cause
    subject: str = ""
    old: Any = None
    new: Any = None


@dataclass(frozen=True)
class Decision:
    """The state of one asset, with every reason for it."""

    key: str
    state: State
    reasons: tuple[Reason, ...] = ()

    @property
    def to_build(self) -> bool:
        """Whether it must be built now, whatever comes out upstream."""
        return self.state in (State.STALE, State.MISSING)

    def because(self) -> str:
        """Return the reasons as one line, those of one cause together; empty when fresh."""
        grouped = groupby(self.reasons, key=lambda reason: reason.cause)
        return "; ".join(_sentence(cause, [r.subject for r in reasons]) for cause, reasons in grouped)


def _sentence(cause: Cause, subjects: Sequence[str]) -> str:
    listed = ", ".join(subjects[:_NAMED])
    if len(subjects) > _NAMED:
        listed += f" and {len(subjects) - _NAMED} more"
    separator = " " if cause is Cause.UPSTREAM_PENDING else ": "
    return cause.value + (separator + listed if listed else "")


def decide(
    key: str,
    *,
    record: Record | None,
    observed: str | None,
    current: Ingredients,
    pending: Mapping[str, State],
    forced: bool = False,
    moves: bool = False,
) -> Decision:
    """Say whether the asset is fresh, from what was recorded and what is there now; pure.

    Parameters
    ----------
    record
        What was written when it was last built, None if it never was.
    observed
        Data version of the output as it now stands, None when it is gone.
    current
        What it would be made from now. An input whose version is not known yet is left out.
    pending
        State of each upstream asset that is not fresh.
    forced
        Build it whatever is found.
    moves
        Its output shows what its inputs are now, as a view does: while they changed, or may have, that alone
        explains why it is not what was written.
    """
    if record is None:
        return Decision(key, State.MISSING, (Reason(Cause.NEVER_BUILT),))
    if observed is None:
        return Decision(key, State.MISSING, (Reason(Cause.OUTPUT_GONE),))
    reasons = tuple(_changes(record, observed, current, forced=forced, pending=pending))
    if moves and (pending or any(reason.cause in _MOVING for reason in reasons)):
        reasons = tuple(reason for reason in reasons if reason.cause is not Cause.OUTPUT_EDITED)
    if reasons:
        return Decision(key, State.STALE, reasons)
    waits = tuple(Reason(Cause.UPSTREAM_PENDING, upstream) for upstream in pending)
    return Decision(key, State.UNSURE if waits else State.FRESH, waits)


def _changes(
    record: Record, observed: str, current: Ingredients, *, forced: bool, pending: Mapping[str, State]
) -> Iterator[Reason]:
    if forced:
        yield Reason(Cause.FORCED)
    old = record.ingredients
    if old.scheme != current.scheme:  # then no hash on record can be compared with one of now
        yield Reason(Cause.SCHEME_CHANGED, "", old.scheme, current.scheme)
        return
    if observed != record.data_version:
        yield Reason(Cause.OUTPUT_EDITED, "", record.data_version, observed)
    yield from _differences(Cause.CODE_CHANGED, old.code, current.code)
    yield from _differences(Cause.SETTING_CHANGED, old.settings, current.settings)
    yield from _differences(Cause.LIBRARY_CHANGED, old.libraries, current.libraries)
    known = {key: version for key, version in old.inputs.items() if key not in pending}
    yield from _differences(Cause.INPUT_CHANGED, known, current.inputs)


def _differences(cause: Cause, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Reason]:
    for subject in sorted({*old, *new}):
        if subject not in old or subject not in new or _differ(old[subject], new[subject]):
            yield Reason(cause, subject, old.get(subject), new.get(subject))


def _differ(old: Any, new: Any) -> bool:
    """Tell whether two values differ; to Python 1, 1.0 and True do not, but a result may."""
    return bool(old != new) or (not isinstance(old, str) and digest("value", old) != digest("value", new))
