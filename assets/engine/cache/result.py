"""What came out of an asset once, and how that is written down in a cache."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

_FORMAT = 1
_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class CachedResult:
    """What came out of an asset once."""

    key: str
    input_hash: str
    data_version: str
    rows: int | None = None
    seconds: float | None = None
    """What it took to make."""
    record: Mapping[str, Any] = field(default_factory=dict)
    """Whatever the caller needs to have back; plain JSON values."""
    schema: Mapping[str, str] | None = None
    """DuckDB type of each column of a table, in order; None for files."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Name -> SHA-256 of each content; the cache fills it in."""

    @property
    def names(self) -> tuple[str, ...]:
        """The files of the cache that belong to it."""
        version = [] if self.schema is None else [version_name(self.data_version)]
        return (result_name(self.input_hash), *version, *map(content_name, self.files.values()))

    def document(self) -> bytes:
        """Return it as a line of JSON, with a line that proves it whole."""
        body = json.dumps({"format": _FORMAT, **vars(self)})
        return f"{body}\n{_proof(body)}\n".encode()


def result_name(input_hash: str) -> str:
    """Return the name of the file that describes the result for an input hash."""
    return f"results/{input_hash}.json"


def version_name(data_version: str) -> str:
    """Return the name of the file that describes the table of a data version."""
    return f"versions/{data_version}.json"


def content_name(content: str) -> str:
    """Return the name of the file that has the content of this SHA-256."""
    return f"contents/{content}"


def understood(document: bytes | None) -> CachedResult | None:
    """Return the result that a document describes; None when it is absent, damaged or of another format."""
    try:
        body, proof = (document or b"").decode().splitlines()
        if proof != _proof(body):
            return None
        found = json.loads(body)
        if found.pop("format") != _FORMAT:
            return None
        result = CachedResult(**found)
    except (ValueError, TypeError, KeyError):
        return None
    return result if all(_harmless(*item) for item in result.files.items()) else None


def _proof(body: str) -> str:
    return json.dumps(hashlib.sha256(body.encode()).hexdigest())


def _harmless(name: str, content: str) -> bool:
    """Tell whether a file of this name stays in the folder that it is restored into; others write here too."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and _SHA256.fullmatch(content) is not None
