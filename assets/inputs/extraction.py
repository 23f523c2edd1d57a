"""From a store of MLflow runs to the rows of `extracted_runs`.

The one module of this folder that needs pyarrow. Where only the listing or the fingerprints are wanted,
import them from `assets.inputs.candidates` and `assets.inputs.fingerprints`, which cost a tenth of it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from assets.inputs.candidates import Candidate, ExtractionRules, list_candidates
from assets.inputs.fingerprints import Fingerprint, fingerprints, watched_artifacts
from assets.inputs.predictions import Predictions
from assets.inputs.quarantine import Quarantine
from assets.inputs.reading import ArtifactReader, Limits
from assets.inputs.runs import ArtifactError, RunStore
from assets.inputs.subjects import relabel

__all__ = [
    "EXTRACTED_RUNS",
    "Candidate",
    "ExtractionRules",
    "Fingerprint",
    "Limits",
    "extract",
    "fingerprints",
    "list_candidates",
    "watched_artifacts",
]

EXTRACTED_RUNS = pa.schema(
    [
        pa.field("run_id", pa.string(), nullable=False),
        pa.field("run_name", pa.string(), nullable=False),
        pa.field("experiment", pa.string(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("lifecycle_stage", pa.string(), nullable=False),
        pa.field("started_at", pa.timestamp("us")),
        pa.field("finished_at", pa.timestamp("us")),
        pa.field("classifier", pa.string()),
        pa.field("featurization", pa.string()),
        pa.field("imputation_method", pa.string()),
        pa.field("outlier_method", pa.string()),
        pa.field("artifact_path", pa.string()),
        pa.field("artifact_sha256", pa.string()),
        pa.field("n_bootstrap", pa.int32()),
        pa.field("subject_codes", pa.list_(pa.string())),
        pa.field("y_true", pa.list_(pa.int8())),
        pa.field("y_prob", pa.list_(pa.float64())),
        pa.field("y_prob_sd", pa.list_(pa.float64())),
        pa.field("y_prob_refits", pa.list_(pa.list_(pa.float64()))),
        pa.field("quarantine_stage", pa.string()),
        pa.field("quarantine_field", pa.string()),
        pa.field("quarantine_reason", pa.string()),
    ]
)


def extract(
    store: RunStore, candidates: Sequence[Candidate], *, private_dir: Path, limits: Limits | None = None
) -> pa.Table:
    """Read the candidates' artifacts and return their rows of `extracted_runs`, by run id.

    A row is usable where `quarantine_stage` is null. Subjects appear under their keyed codes only, sorted by
    them, so that their position says nothing either.

    Raises UserError if the private folder may be read by others, TransientError if a store fails in passing.
    """
    limits = limits or Limits()
    rows: list[dict[str, Any]] = []
    read: dict[str, Predictions] = {}
    with ArtifactReader(limits) as reader:
        for candidate in sorted(candidates, key=lambda item: item.run.run_id):
            row, predictions = _row(store, candidate, reader, limits.max_bytes)
            rows.append(row)
            if predictions:
                read[row["run_id"]] = predictions
    codes = (
        relabel((code for item in read.values() for code in item.subject_codes), private_dir) if read else {}
    )
    for row in rows:
        if row["run_id"] in read:
            row.update(_prediction_columns(read[row["run_id"]], codes))
    return pa.Table.from_pylist(rows, EXTRACTED_RUNS)


def _row(
    store: RunStore, candidate: Candidate, reader: ArtifactReader, max_bytes: int
) -> tuple[dict[str, Any], Predictions | None]:
    row = candidate.columns()
    if candidate.artifact is None:
        return row, None
    try:
        data = store.read(candidate.run, candidate.artifact, max_bytes)
    except ArtifactError as error:
        return row | Quarantine("artifact", candidate.artifact, str(error)).columns(), None
    row["artifact_sha256"] = hashlib.sha256(data).hexdigest()
    outcome = reader.read(candidate.artifact, data)
    if isinstance(outcome, Quarantine):
        return row | outcome.columns(), None
    return row, outcome


def _prediction_columns(found: Predictions, codes: Mapping[str, str]) -> dict[str, Any]:
    subjects = [codes[original] for original in found.subject_codes]
    order = sorted(range(len(subjects)), key=subjects.__getitem__)
    return {
        "n_bootstrap": found.n_bootstrap,
        "subject_codes": [subjects[position] for position in order],
        "y_true": [found.y_true[position] for position in order],
        "y_prob": [found.y_prob[position] for position in order],
        "y_prob_sd": [found.y_prob_sd[position] for position in order],
        "y_prob_refits": list(found.refits()[order]),
    }
