"""Original codes for tests, invented so that no study's look-up has them, and a private folder that knows them."""

from pathlib import Path

from assets.inputs.privacy.originals import Originals
from assets.inputs.subjects import relabel

CODES = ("QX-0042", "ÖST/7 b", "12", "1001", "01-001", "Q7")
"""With zeros that pad, spelled differently in URLs and JSON, short, a plain number, one without letters, short."""


def private_folder(path: Path) -> Path:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    relabel(CODES, path)
    return path


def originals(*codes: str) -> Originals:
    return Originals(frozenset(codes or CODES))
