import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from chart_figures import chart

from assets.charts.composition.datasets import join, split
from assets.charts.publication.pictures import size_of
from assets.charts.publication.render import printed, render

ROOT = Path(__file__).resolve().parent.parent


def spec_of(name: str, *size: int) -> dict[str, Any]:
    return join(*split(chart(name, *size)))


@pytest.mark.parametrize(
    "name", ["roc", "calibration", "decision_curves", "distributions", "forest", "heatmap"]
)
def test_svg_png_and_pdf_have_the_same_bytes_again(name: str) -> None:
    spec, found = spec_of(name, 3, 1, 1), set()
    for _ in range(3):
        printed.cache_clear()
        found.add(render(spec))
    assert len(found) == 1


def test_another_process_draws_the_same_bytes() -> None:
    specs = [spec_of("heatmap", 4, 4, 4), spec_of("roc", 3, 1, 1)]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        assert list(pool.map(render, specs)) == [render(spec) for spec in specs]


def test_the_order_of_keys_does_not_matter() -> None:
    spec = spec_of("roc", 3, 1, 1)
    assert render(dict(reversed(spec.items()))) == render(spec)


def test_a_worker_loads_nothing_heavy() -> None:
    heavy = ["altair", "numpy", "pandas", "PIL", "jsonschema"]
    code = f"import sys, assets.charts.publication.render; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_nothing_is_fetched() -> None:
    spec = {
        "data": {"url": "https://example.org/data.json"},
        "mark": "point",
        "encoding": {"x": {"field": "a"}},
    }
    with pytest.raises(ValueError, match="example"):
        render(spec)


def test_a_number_that_json_does_not_know_is_refused() -> None:
    spec = spec_of("roc", 3, 1, 1)
    with pytest.raises(ValueError, match="JSON"):
        render({**spec, "datasets": {"diagonal": [{"false_positive_rate": float("nan")}]}})


def test_all_three_pictures_have_the_same_size_on_paper() -> None:
    pictures = render(spec_of("forest", 3, 1, 1))
    png, svg, pdf = (size_of(kind, getattr(pictures, kind)) for kind in ("png", "svg", "pdf"))
    assert svg == pdf
    assert (png.width_mm, png.ppi) == (pytest.approx(svg.width_mm, abs=0.1), 300)
    assert png.height_mm == pytest.approx(svg.height_mm, abs=0.1)


NO_PIXELS = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR".ljust(25, b"\0") + b"\0\0\0\tpHYs".ljust(16, b"\0") + b"\1"


@pytest.mark.parametrize(
    ("kind", "content"),
    [("png", b"GIF89a"), ("png", NO_PIXELS), ("svg", b"<html>"), ("pdf", b"%PDF-1.7 cut off")],
    ids=["another picture", "no pixel in a metre", "html", "cut off"],
)
def test_a_picture_that_is_none_has_no_size(kind: str, content: bytes) -> None:
    with pytest.raises(ValueError, match=kind.upper()):
        size_of(kind, content)
