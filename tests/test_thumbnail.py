"""A figure made small: as wide as fits, in its own shape, on white."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assets.charts.publication.thumbnail import WIDTHS, thumbnail


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A picture of random colours, which no file format makes much smaller; its left half lets the page through."""
    pixels = np.random.default_rng(1).integers(0, 256, (600, 1200, 4), np.uint8)
    pixels[:, :600, 3], pixels[:, 600:, 3] = 0, 255
    Image.fromarray(pixels).save(tmp_path / "picture.png")
    return tmp_path / "picture.png"


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGB")


@pytest.mark.parametrize(
    ("most_bytes", "width"), [(1_000_000, WIDTHS[0]), (30_000, WIDTHS[2]), (9_000, WIDTHS[3])]
)
def test_it_is_as_wide_as_fits_and_keeps_its_shape(picture: Path, most_bytes: int, width: int) -> None:
    content = thumbnail(picture, most_bytes=most_bytes)
    assert len(content) <= most_bytes
    assert opened(content).size == (width, width // 2)


def test_what_shows_the_page_is_white(picture: Path) -> None:
    small = opened(thumbnail(picture, most_bytes=1_000_000))
    assert small.getpixel((100, 100)) == (255, 255, 255) != small.getpixel((600, 100))


def test_a_small_picture_is_not_made_larger(tmp_path: Path) -> None:
    Image.new("RGB", (40, 20), "red").save(tmp_path / "small.png")
    assert opened(thumbnail(tmp_path / "small.png", most_bytes=1_000)).size == (40, 20)


def test_one_that_does_not_fit_is_refused_by_name(picture: Path) -> None:
    with pytest.raises(ValueError, match=r"picture\.png does not fit into 100 bytes"):
        thumbnail(picture, most_bytes=100)
