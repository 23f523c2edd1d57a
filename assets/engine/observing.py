"""Looking at files: by their statistics first, by their content when those moved."""

import hashlib
from pathlib import Path
from typing import Any

from assets.engine.declarations import Absent, Observation
from assets.engine.hashing import digest
from assets.engine.stamp import facts, settled

_NAMED = 3
"""Files that a summary names before it counts them."""


def observed_files(*paths: str | Path, memo: Any = None) -> Observation | Absent:
    """Look at files that an asset reads; their data version is their content, and their value the paths.

    For use in a function declared with `@observable_source_asset`. Given the `memo` of the last look,
    a file whose statistics stand is not read again. A missing file makes the source absent.
    """
    files = {str(path): Path(path) for path in paths}
    seen = {name: facts(name) for name in files}
    watched = {str(files[name].absolute()): found for name, found in seen.items()}
    missing = [name for name, found in seen.items() if found is None]
    if missing:
        return Absent(f"{missing[0]} is not there", watched=watched)
    known = memo if isinstance(memo, dict) else {}
    certain = {name for name, found in seen.items() if settled(found)}  # asked before they are read
    versions = {
        name: known[name][1] if name in known and known[name][0] == seen[name] else _sha256(path)
        for name, path in files.items()
    }
    return Observation(
        data_version=digest("files", list(versions.items())),  # in their order, as the value has them
        value=list(files.values()),
        watched=watched,
        memo={name: [seen[name], versions[name]] for name in versions if name in certain},
        summary=", ".join(files) if len(files) <= _NAMED else f"{len(files)} files",
    )


def stands(seen: Observation | None) -> bool:
    """Tell whether what a look found is still so, by the statistics of the files that it looked at."""
    watched = seen.watched if seen else None
    return watched is not None and all(settled(was) and facts(path) == was for path, was in watched.items())


def _sha256(path: Path) -> str:
    with path.open("rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
