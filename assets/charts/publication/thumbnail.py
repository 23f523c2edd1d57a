"""A figure made small, for pages that show what became of it."""

import hashlib
import io
import os
from pathlib import Path

from PIL import Image

from assets.engine.stamp import STATE

WIDTHS = (720, 540, 360, 180, 90, 45, 20)
"""Pixels; the largest width whose file is small enough is taken."""
_COLOURS = 64
_KEPT = Path(STATE) / "thumbnails"


def kept_thumbnail(path: Path, *, most_bytes: int) -> bytes:
    """Return the thumbnail of the picture in a file, kept since a page last showed this very picture."""
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    kept = _KEPT / f"{path.stem}.{most_bytes}.{sha256[:16]}.png"
    if not kept.is_file():
        kept.parent.mkdir(parents=True, exist_ok=True)
        content, partial = thumbnail(path, most_bytes=most_bytes), kept.with_suffix(f".{os.getpid()}")
        for old in kept.parent.glob(f"{path.stem}.{most_bytes}.*"):
            old.unlink(missing_ok=True)
        partial.write_bytes(content)
        partial.replace(kept)
        return content
    return kept.read_bytes()


def thumbnail(path: Path, *, most_bytes: int) -> bytes:
    """Return a PNG of the picture in a file, as wide as fits into so many bytes, on white.

    Raises ValueError if even the smallest does not fit.
    """
    with Image.open(path) as opened:
        picture = opened.convert("RGB") if opened.mode == "RGB" else _on_white(opened.convert("RGBA"))
    for width in WIDTHS:
        content = _png(picture, min(width, picture.width))
        if len(content) <= most_bytes:
            return content
    raise ValueError(f"{path} does not fit into {most_bytes} bytes as a thumbnail of {WIDTHS[-1]} pixels")


def _on_white(picture: Image.Image) -> Image.Image:
    page = Image.new("RGBA", picture.size, "white")
    page.alpha_composite(picture)
    return page.convert("RGB")


def _png(picture: Image.Image, width: int) -> bytes:
    size = (width, max(1, round(picture.height * width / picture.width)))
    # twice as large first, by whole pixels: a tenth of the time, and nobody sees it
    small = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    content = io.BytesIO()
    small.quantize(_COLOURS).save(content, "PNG", optimize=True)
    return content.getvalue()
