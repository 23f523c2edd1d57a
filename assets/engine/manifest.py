"""A manifest of published data versions: a text that fits in git, to prove later that content is the same.

    # data versions, format 1, hash scheme 1
    7db248ab453d...     50  auroc_per_run
    1f0c11a2d1ab...      -  calibration_curves

One line for each asset: its data version, its number of rows (`-` for a file), its key.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assets.engine.errors import UserError
from assets.engine.hashing import SCHEME

_FORMAT = 1
_HEADER = re.compile(r"# data versions, format (\d+), hash scheme (\d+)")
_LINE = re.compile(r"([0-9a-f]{64}) +(\d+|-)  (\S+)")
_NAMED = 3
"""Keys that a sentence names before it counts the others."""


@dataclass(frozen=True)
class Published:
    """The content of an asset as it was published."""

    data_version: str
    rows: int | None = None
    """Number of rows of a table; None for a file."""


@dataclass(frozen=True)
class Verification:
    """How assets compare with what was published; keys in order."""

    matching: Sequence[str]
    different: Sequence[str]
    missing: Sequence[str]
    """Published, and not there."""
    extra: Sequence[str]
    """There, and not published."""

    @property
    def same(self) -> bool:
        """Whether all that was published is there and as it was; what came later does not count."""
        return not self.different and not self.missing

    def sentence(self) -> str:
        """Return it as one line."""
        published = len(self.matching) + len(self.different) + len(self.missing)
        told = [f"same content as published: {len(self.matching)} of {published}"]
        for what, keys in (
            ("different", self.different),
            ("missing", self.missing),
            ("not in the manifest", self.extra),
        ):
            if keys:
                more = f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else ""
                told.append(f"{what}: {', '.join(keys[:_NAMED])}{more}")
        return "; ".join(told)


def write(path: Path, versions: Mapping[str, Published]) -> bool:
    """Write a manifest, whole or not at all; return whether that changed the file.

    A manifest that says the same already is left alone. Keys have no spaces, data versions are SHA-256 in hex.
    """
    text = _spelled(versions)
    try:
        if path.read_text("utf-8") == text:
            return False
    except (FileNotFoundError, UnicodeDecodeError):
        pass
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        aside.write_text(text, "utf-8", newline="\n")
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    return True


def read(path: Path) -> dict[str, Published]:
    """Return what a manifest says, by key.

    Raises UserError, naming the line, for a file that is absent, garbled, or made by another hash scheme.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except FileNotFoundError:
        raise UserError(f"there is no manifest {path}: publish one first") from None
    except UnicodeDecodeError:
        raise UserError(f"{path} is not a manifest: it is not text; restore it from git") from None
    _check_header(path, lines[0] if lines else "")
    found = dict[str, Published]()
    for number, line in enumerate(lines[1:], start=2):
        parts = _LINE.fullmatch(line)
        if parts is None or parts[3] in found:
            fault = "is not `data_version  rows  key`" if parts is None else f"names `{parts[3]}` again"
            raise UserError(f"{path}, line {number} {fault}: restore the file from git, or publish anew")
        found[parts[3]] = Published(parts[1], None if parts[2] == "-" else int(parts[2]))
    return found


def check(published: Mapping[str, Published], actual: Mapping[str, str]) -> Verification:
    """Compare what was published with the data versions of the assets as they are."""
    both = sorted(published.keys() & actual.keys())
    return Verification(
        matching=[key for key in both if published[key].data_version == actual[key]],
        different=[key for key in both if published[key].data_version != actual[key]],
        missing=sorted(published.keys() - actual.keys()),
        extra=sorted(actual.keys() - published.keys()),
    )


def _spelled(versions: Mapping[str, Published]) -> str:
    lines = [f"# data versions, format {_FORMAT}, hash scheme {SCHEME}"]
    for key, version in sorted(versions.items()):
        line = f"{version.data_version} {'-' if version.rows is None else version.rows:>12}  {key}"
        assert _LINE.fullmatch(line), f"cannot be read back: {line!r}"
        lines.append(line)
    return "\n".join(lines) + "\n"


def _check_header(path: Path, line: str) -> None:
    header = _HEADER.fullmatch(line)
    if header is None:
        raise UserError(f"{path}, line 1 is not the header of a manifest: restore the file from git")
    if int(header[1]) != _FORMAT:
        raise UserError(f"{path} has format {header[1]}, this program reads {_FORMAT}: update the program")
    if int(header[2]) != SCHEME:
        raise UserError(
            f"{path} was made by hash scheme {header[2]}, this program hashes by {SCHEME}, so nothing can be compared: "
            "use the version of the program that made it, or publish anew"
        )
