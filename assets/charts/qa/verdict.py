"""What the checks said of one figure, as it is kept beside the figure: strict JSON with the same bytes every time."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from assets.engine.errors import UserError

Level = Literal["P0", "P1", "P2", "P3"]
Outcome = Literal["passed", "failed", "not applicable"]

VERSION = 2
"""Version of the checks: raised when one is added, dropped, renamed or moved to another level."""
_SCHEMA_VERSION = 1
FATAL: tuple[Level, ...] = ("P0", "P1")


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a figure.

    P0: it cannot be trusted (origin, integrity). P1: its numbers cannot be right. P2: it is not fit
    for print. P3: some readers cannot read it.
    """

    level: Level
    check: str
    message: str


@dataclass(frozen=True)
class Checked:
    """One check and what came of it.

    `messages` say what is wrong, or, of a check that is not applicable, why; one that passed has none.
    """

    name: str
    level: Level
    promise: str
    outcome: Outcome
    messages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """The outcome of every check of one figure, in the order P0 to P3.

    `judged` is what was looked at: the figure's data version, and the SHA-256 of each picture by format.
    """

    figure_id: str
    judged: Mapping[str, str]
    checks: tuple[Checked, ...]
    version: int = VERSION

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All that is wrong, worst first; empty for a figure that may be printed."""
        return tuple(
            Finding(check.level, check.name, message)
            for check in self.checks
            if check.outcome == "failed"
            for message in check.messages
        )

    @property
    def fatal(self) -> tuple[Finding, ...]:
        """The findings that keep the figure out: P0 and P1."""
        return tuple(finding for finding in self.findings if finding.level in FATAL)

    @property
    def outcome(self) -> Literal["passed", "warned", "failed"]:
        """`failed` when something is fatal, `warned` when something else is wrong, `passed` otherwise."""
        return "failed" if self.fatal else "warned" if self.findings else "passed"

    def dump(self) -> bytes:
        """The verdict as strict JSON, valid against `verdict.schema.json`, a check on each line.

        Ends with a seal, the SHA-256 of the rest, so that an edit shows.
        """
        head = self._head()
        lines = [f" {_json(name)}: {_json(head[name])}" for name in sorted(head)]
        checks = ",\n".join(f"  {_json(asdict(check))}" for check in self.checks)
        lines = [f' "checks": [\n{checks}\n ]', *lines, f' "sha256": {_json(self._seal())}']
        return ("{\n" + ",\n".join(lines) + "\n}\n").encode()

    def _head(self) -> dict[str, Any]:
        return {
            "schema_version": _SCHEMA_VERSION,
            "checks_version": self.version,
            "figure_id": self.figure_id,
            "judged": dict(self.judged),
            "outcome": self.outcome,
        }

    def _seal(self) -> str:
        said = {**self._head(), "checks": [asdict(check) for check in self.checks]}
        return hashlib.sha256(_json(said).encode()).hexdigest()


def load(content: bytes) -> Verdict:
    """The verdict in these bytes. Raises UserError if they are none, or were changed after they were written."""
    try:
        kept = json.loads(content)
        verdict = Verdict(kept["figure_id"], kept["judged"], _checks(kept["checks"]), kept["checks_version"])
        same = verdict.dump() == content
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError("not a verdict on a figure: draw the figure again") from error
    if not same:
        raise UserError(f"the verdict on `{verdict.figure_id}` was changed by hand: draw the figure again")
    return verdict


def _checks(rows: Iterable[Mapping[str, Any]]) -> tuple[Checked, ...]:
    return tuple(Checked(**{**row, "messages": tuple(row["messages"])}) for row in rows)


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, allow_nan=False, ensure_ascii=False)
