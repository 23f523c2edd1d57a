"""The MLflow runs of one experiment as a source: observed for changes, read run by run."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.engine import stamp
from assets.engine.declarations import Absent, Observation
from assets.engine.errors import UserError
from assets.engine.hashing import digest
from assets.inputs.candidates import Candidate, ExtractionRules, list_candidates
from assets.inputs.experiments import choose_experiment
from assets.inputs.fingerprints import Fingerprint, fingerprints, watched_artifacts
from assets.inputs.runs import RunStore
from assets.inputs.stores import open_store
from assets.inputs.subjects import key_identity

if TYPE_CHECKING:
    import pyarrow as pa

DEFAULT_STORES = ("data/mlflow.db", "data/mlruns", "mlflow.db", "mlruns")
"""Where a store is looked for when none is configured: the first that is there."""

DEFAULT_STUDY = "default-study"
"""Folder, within the private one, of the default study's declared key: its patients are public data."""

_MEBIBYTE = 2**20


@dataclass(frozen=True)
class MlflowRuns:
    """The runs of one experiment, ready to be read."""

    store: RunStore
    candidates: Mapping[str, Candidate]
    private_dir: Path


def default_store() -> str | None:
    """Return the store that is read when none is configured, None when there is none."""
    return next((path for path in DEFAULT_STORES if Path(path).exists()), None)


def observe(
    *,
    tracking_uri: str | None,
    experiment: str | None,
    rules: ExtractionRules,
    private_dir: str,
    memo: Any,
) -> Observation | Absent:
    """Look at the store: every run with a version that stands for its content, and files that tell of changes.

    Raises UserError when the experiment cannot be told, TransientError when a server does not answer.
    """
    uri = tracking_uri or default_store()
    seen = (
        {str(Path(path).absolute()): stamp.facts(path) for path in DEFAULT_STORES} if not tracking_uri else {}
    )
    if uri is None:
        return Absent(
            "there is no MLflow store here: set MLFLOW_TRACKING_URI to yours, or run `make experiment` for the "
            "default study",
            seen,
        )
    try:
        store = open_store(uri)
    except UserError as error:
        return Absent(str(error))
    chosen = choose_experiment(store, experiment)
    seen |= _facts(store.watched(chosen))
    keys = [Path(private_dir) / "subject_key", Path(private_dir) / DEFAULT_STUDY / "subject_key"]
    seen |= _facts([path.absolute() for path in keys])
    candidates = list_candidates(store, chosen, rules)
    seen |= _facts(watched_artifacts(store, candidates))
    prints = fingerprints(store, candidates, _recalled(memo))
    private = _private_dir(Path(private_dir), candidates)
    salt = key_identity(private) if (private / "subject_key").exists() else "no key yet"
    partitions = {run_id: digest("run", salt, found.version) for run_id, found in sorted(prints.items())}
    usable = sum(candidate.quarantine is None for candidate in candidates)
    return Observation(
        data_version=digest("runs", partitions),
        value=MlflowRuns(store, {c.run.run_id: c for c in candidates}, private),
        partitions=partitions,
        watched=seen if store.kind != "http" else None,
        memo={run_id: asdict(found) for run_id, found in prints.items()},
        summary=f"{usable} of {len(candidates)} runs to read in experiment {chosen.name} of "
        + (store.uri if tracking_uri else uri),
    )


def read(
    runs: MlflowRuns, run_ids: Sequence[str], *, max_artifact_mb: int, timeout_seconds: float
) -> "pa.Table":
    """Read some of the runs and return their rows of `extracted_runs`."""
    from assets.inputs.extraction import Limits, extract

    chosen = [runs.candidates[run_id] for run_id in run_ids]
    limits = replace(Limits(), max_bytes=max_artifact_mb * _MEBIBYTE, seconds=float(timeout_seconds))
    return extract(runs.store, chosen, private_dir=runs.private_dir, limits=limits)


def _private_dir(private_dir: Path, candidates: Sequence[Candidate]) -> Path:
    """Return the folder of the key to use: the default study's, which is public, never serves other runs."""
    own = private_dir / DEFAULT_STUDY
    ours = candidates and all("study_digest" in candidate.run.tags for candidate in candidates)
    return own if ours and (own / "subject_key").exists() else private_dir


def _facts(paths: Sequence[Path]) -> dict[str, list[int] | None]:
    return {str(path): stamp.facts(str(path)) for path in paths}


def _recalled(memo: Any) -> dict[str, Fingerprint]:
    """Return the fingerprints of an earlier look; what does not read as such is forgotten."""
    try:
        return {run_id: Fingerprint(**found) for run_id, found in (memo or {}).items()}
    except (TypeError, AttributeError):
        return {}
