"""Tell whether a run changed, reading as little as possible."""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assets.inputs.candidates import Candidate
from assets.inputs.runs import ArtifactError, RunStore

SCHEME = "extracted run 1"
RACY_NS = 2_000_000_000


@dataclass(frozen=True)
class Fingerprint:
    """What a run's row is made from, and what was seen when that was looked at.

    `version` stands for content alone: a copied, moved, touched or re-listed run keeps it. `mark` and
    `looked_at_ns` serve to spare a second reading, and enter no hash.
    """

    run_id: str
    version: str
    artifact_sha256: str | None
    mark: str | None
    looked_at_ns: int


def fingerprints(
    store: RunStore, candidates: Sequence[Candidate], known: Mapping[str, Fingerprint] | None
) -> dict[str, Fingerprint]:
    """Return the fingerprint of each candidate, by run id.

    An artifact is read again only if its mark differs from the known one, or if it changed within two seconds
    of the known look, when a second change may have left the same mark (git's "racily clean").
    """
    known = known or {}
    return {item.run.run_id: _fingerprint(store, item, known.get(item.run.run_id)) for item in candidates}


def watched_artifacts(store: RunStore, candidates: Sequence[Candidate]) -> list[Path]:
    """Return paths whose stat together decides that no candidate's artifact changed, appeared or vanished."""
    waiting = [
        item
        for item in candidates
        if item.artifact or (item.quarantine and item.quarantine.stage == "artifact")
    ]
    return sorted({path for item in waiting for path in store.watched_artifact(item.run, item.artifact)})


def _fingerprint(store: RunStore, candidate: Candidate, known: Fingerprint | None) -> Fingerprint:
    looked_at_ns, trouble = time.time_ns(), None
    mark: str | None = None
    content: str | None = None
    if candidate.artifact is not None:
        try:
            stamp = store.stamp(candidate.run, candidate.artifact)
            mark = stamp.mark if stamp else None
            if known and stamp and known.mark == mark and known.looked_at_ns - stamp.changed_ns > RACY_NS:
                content, looked_at_ns = known.artifact_sha256, known.looked_at_ns
            else:
                content = _sha256(store, candidate)
        except ArtifactError as error:
            trouble = str(error)
    version = _version(candidate, content or trouble)
    return Fingerprint(candidate.run.run_id, version, content, mark, looked_at_ns)


def _sha256(store: RunStore, candidate: Candidate) -> str:
    digest = hashlib.sha256()
    for chunk in store.chunks(candidate.run, str(candidate.artifact)):
        digest.update(chunk)
    return digest.hexdigest()


def _version(candidate: Candidate, content: str | None) -> str:
    """Hash what the row is made from: the listing's columns (no folder, no file's time) and the artifact."""
    text = json.dumps([SCHEME, candidate.columns(), content], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
