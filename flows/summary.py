"""What a run ends by saying: what became of tables, figures and files, where they are, and what to mend."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from assets.engine.build import Outcome, Result
from assets.engine.definitions import Definitions
from assets.engine.errors import TransientError
from assets.engine.project import SCOPES, Project
from assets.engine.report import counted_kinds
from assets.engine.warehouse import open_read_only
from flows.run_counts import run_counts

FAILURES = (Outcome.FAILED, Outcome.BLOCKED)
_NAMED = 3
"""Assets that a line names; more are counted."""


def summary(project: Project, results: Mapping[str, Result], seconds: float, log: Path) -> str:
    """Return the last lines of a run."""
    lines = ["", *_counts(project.definitions, results)]
    if "runs" in results and results["runs"].outcome not in FAILURES:
        lines.append(f"runs     {_runs(project)}")
    lines += _failures(project.definitions, results)
    lines.append(f"results  {project.database}, {project.definitions.settings.figures_dir}/")
    lines.append(f"log      {log}")
    lines.append(f"took     {seconds:.1f} s")
    return "\n".join(lines)


def _counts(definitions: Definitions, results: Mapping[str, Result]) -> Iterator[str]:
    for kind in SCOPES["all"]:
        outcomes = [r.outcome for r in results.values() if definitions.assets[r.key].kind == kind]
        counts = [f"{outcomes.count(o)} {o.value}" for o in Outcome if o in outcomes]
        if counts:
            yield f"{kind + 's':<8} {', '.join(counts)}"


def _failures(definitions: Definitions, results: Mapping[str, Result]) -> Iterator[str]:
    """Yield a line for each asset that failed, and behind it what it blocks; one may block all others."""
    failed = [key for key, result in results.items() if result.outcome is Outcome.FAILED]
    blocked: dict[str, list[str]] = {key: [] for key in failed}
    for key in (key for key, result in results.items() if result.outcome is Outcome.BLOCKED):
        culprit = next((one for one in failed if one in definitions.made_from([key])), None)
        if culprit is None:
            yield f"  blocked {key}: {results[key].because}"
        else:
            blocked[culprit].append(key)
    for key in failed:
        yield f"  failed {key}: {results[key].because}"
        if blocked[key]:
            yield f"    it blocks {_listed(definitions, blocked[key])}"


def _listed(definitions: Definitions, keys: Sequence[str]) -> str:
    if len(keys) <= _NAMED:
        return ", ".join(keys)
    return counted_kinds([definitions.assets[key].kind for key in keys])


def _runs(project: Project) -> str:
    if not project.database.exists():
        return "none published"
    try:
        with open_read_only(project.database) as connection:
            return run_counts(connection)
    except TransientError as error:  # all is built by now
        return f"not counted: {error}"
