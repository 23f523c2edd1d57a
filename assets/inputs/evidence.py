"""The MLflow runs of one experiment as a source: observed for changes, read run by run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assets.engine import stamp
from assets.engine.declarations import Absent, Observation
from assets.engine.errors import UserError
from assets.engine.hashing import digest
from assets.inputs.candidates import STUDY_TAG, Candidate, ExtractionRules, list_candidates
from assets.inputs.fingerprints import Fingerprint, fingerprints
from assets.inputs.stores.addresses import open_store
from assets.inputs.stores.experiments import choose_experiment
from assets.inputs.stores.runs import RunStore
from assets.inputs.subjects import key_identity

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
    jobs: int = 2
    """Artifacts read at a time."""


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
    max_artifact_mb: int,
    jobs: int = 2,
) -> Observation | Absent:
    """Look at the store: every run with a version that stands for its content, and files that tell of changes.

    Raises UserError when the experiment cannot be told, TransientError when a server does not answer.
    """
    uri = tracking_uri or default_store()
    seen = {} if tracking_uri else _facts([Path(path).absolute() for path in DEFAULT_STORES])
    if uri is None:
        return Absent(_NO_STORE, seen)
    try:
        store = open_store(uri)
    except UserError as error:
        return Absent(str(error))
    keys = [Path(private_dir) / "subject_key", Path(private_dir) / DEFAULT_STUDY / "subject_key"]
    seen |= _facts([path.absolute() for path in keys])
    chosen = choose_experiment(store, experiment)
    candidates = list_candidates(store, chosen, rules)
    prints = fingerprints(store, candidates, _recalled(memo), max_bytes=max_artifact_mb * _MEBIBYTE)
    private = _private_dir(Path(private_dir), candidates)
    salt = key_identity(private) if (private / "subject_key").exists() else "no key yet"
    partitions = {run_id: digest("run", salt, found.version) for run_id, found in sorted(prints.items())}
    usable = sum(candidate.quarantine is None for candidate in candidates)
    by_id = {candidate.run.run_id: candidate for candidate in candidates}
    return Observation(
        data_version=digest("runs", partitions),
        value=MlflowRuns(store, by_id, private, jobs),
        partitions=partitions,
        watched=None if store.seen is None else {**seen, **store.seen},
        memo={run_id: vars(found) for run_id, found in prints.items()},
        summary=f"{usable} of {len(candidates)} runs to read in experiment {chosen.name} of "
        + (store.uri if tracking_uri else uri),
        sizes={run_id: candidate.artifact_bytes for run_id, candidate in by_id.items()},
    )


_NO_STORE = (
    "there is no MLflow store here: set MLFLOW_TRACKING_URI to yours, "
    "or run `make experiment` for the default study"
)


def _private_dir(private_dir: Path, candidates: Sequence[Candidate]) -> Path:
    """Return the folder of the key to use: the default study's, which is public, never serves other runs."""
    own = private_dir / DEFAULT_STUDY
    ours = candidates and all(STUDY_TAG in candidate.run.tags for candidate in candidates)
    return own if ours and (own / "subject_key").exists() else private_dir


def _facts(paths: Sequence[Path]) -> dict[str, list[int] | None]:
    return {str(path): stamp.facts(str(path)) for path in paths}


def _recalled(memo: Any) -> dict[str, Fingerprint]:
    """Return the fingerprints of an earlier look; what does not read as such is forgotten."""
    try:
        return {run_id: Fingerprint(**found) for run_id, found in (memo or {}).items()}
    except (TypeError, AttributeError):
        return {}
