"""Tell whether a run changed, reading as little as possible."""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assets.inputs.artifacts.opening import too_large
from assets.inputs.candidates import Candidate
from assets.inputs.stores.parallel import each
from assets.inputs.stores.runs import ArtifactError, RunStore, Stamp

SCHEME = "extracted run 1"
RACY_NS = 2_000_000_000
LARGEST_BYTES = 256 * 2**20


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
    store: RunStore,
    candidates: Sequence[Candidate],
    known: Mapping[str, Fingerprint] | None,
    *,
    max_bytes: int = LARGEST_BYTES,
) -> dict[str, Fingerprint]:
    """Return the fingerprint of each candidate, by run id.

    An artifact is read again only if its mark differs from the known one, or if it changed within two seconds
    of the known look, when a second change may have left the same mark (git's "racily clean"). One of more
    than `max_bytes` is not read at all.

    Raises TransientError when a store fails in passing.
    """
    earlier = known or {}

    def look(item: Candidate) -> Fingerprint:
        return _fingerprint(store, item, earlier.get(item.run.run_id), max_bytes)

    return {found.run_id: found for found in each(look, candidates, at_once=store.connections)}


def _fingerprint(
    store: RunStore, candidate: Candidate, known: Fingerprint | None, max_bytes: int
) -> Fingerprint:
    run, path = candidate.run, candidate.artifact
    looked_at_ns, mark, content, trouble = time.time_ns(), None, None, None
    if path is not None:
        try:
            stamp = store.stamp(run, path)
            mark = stamp.mark if stamp else None
            if known and stamp and _stands(known, stamp):
                content, looked_at_ns = known.artifact_sha256, known.looked_at_ns
            elif candidate.artifact_bytes > max_bytes:
                raise too_large(max_bytes)
            else:
                content = store.digest(run, path, max_bytes)
        except ArtifactError as error:
            trouble = str(error)
    return Fingerprint(run.run_id, _version(candidate, content or trouble), content, mark, looked_at_ns)


def _stands(known: Fingerprint, stamp: Stamp) -> bool:
    """Tell whether what is known of an artifact's content still holds."""
    settled = known.looked_at_ns - stamp.changed_ns > RACY_NS
    return known.artifact_sha256 is not None and known.mark == stamp.mark and settled


def _version(candidate: Candidate, content: str | None) -> str:
    """Hash what the row is made from: the listing's columns (no folder, no file's time) and the artifact."""
    text = json.dumps([SCHEME, candidate.columns(), content], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
