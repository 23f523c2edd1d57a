"""How large a picture is in print, read from its own bytes, and what a sidecar says of it."""

import hashlib
import re
import struct
from dataclasses import asdict, dataclass
from typing import Any

MM_PER_INCH = 25.4
_POINTS_PER_INCH = 72
_IHDR_END = 33


@dataclass(frozen=True)
class Size:
    """A picture's size on paper; `ppi` for pictures made of pixels only."""

    width_mm: float
    height_mm: float
    ppi: float | None = None


def described(figure_id: str, kind: str, content: bytes) -> dict[str, Any]:
    """What a sidecar says of a figure's picture. Raises ValueError if the bytes do not say how large it is."""
    size = {name: value for name, value in asdict(size_of(kind, content)).items() if value is not None}
    digest = hashlib.sha256(content).hexdigest()
    return {"path": f"{figure_id}.{kind}", "sha256": digest, "bytes": len(content), **size}


def size_of(kind: str, content: bytes) -> Size:
    """The size of a `png`, `svg` or `pdf`. Raises ValueError if the bytes do not say it."""
    return {"png": _png, "svg": _svg, "pdf": _pdf}[kind](content)


def _png(content: bytes) -> Size:
    if content[:8] != b"\x89PNG\r\n\x1a\n" or content[12:16] != b"IHDR" or len(content) < _IHDR_END:
        raise ValueError("not a PNG")
    width, height = struct.unpack(">II", content[16:24])
    at = content.find(b"pHYs", 24, 4096)
    if at < 0 or content[at + 12 : at + 13] != b"\x01":
        raise ValueError("the PNG does not say how many pixels go into a metre")
    (per_metre,) = struct.unpack(">I", content[at + 4 : at + 8])
    if not per_metre:
        raise ValueError("the PNG has no pixel in a metre")
    scale = 1000 / per_metre
    return Size(round(width * scale, 2), round(height * scale, 2), round(per_metre * MM_PER_INCH / 1000, 1))


def _svg(content: bytes) -> Size:
    found = re.match(rb'<svg [^>]*?width="([\d.]+)pt" height="([\d.]+)pt"', content)
    if not found or not content.rstrip().endswith(b"</svg>"):
        raise ValueError("not an SVG whose size is in points")
    return _from_points(float(found[1]), float(found[2]))


def _pdf(content: bytes) -> Size:
    found = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", content)
    if not content.startswith(b"%PDF-") or b"%%EOF" not in content[-32:] or not found:
        raise ValueError("not a PDF with a page size")
    return _from_points(float(found[1]), float(found[2]))


def _from_points(width: float, height: float) -> Size:
    scale = MM_PER_INCH / _POINTS_PER_INCH
    return Size(round(width * scale, 2), round(height * scale, 2))
