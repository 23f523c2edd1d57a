import io
from itertools import pairwise

import numpy as np
import pytest
import vl_convert
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from assets.charts.composition.style import FONT
from assets.charts.composition.typesetting import dodged, fitted, text_width, wrapped

NAMES = st.text(alphabet="abcXYZ019-_ ", min_size=1, max_size=60).filter(str.strip)


def drawn_width(text: str, size: float) -> float:
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="400" height="40"><rect width="400" height="40" fill="white"/>'
        f'<text x="5" y="25" font-family="{FONT}" font-size="{size}">{text}</text></svg>'
    )
    pixels = np.asarray(Image.open(io.BytesIO(vl_convert.svg_to_png(svg, ppi=720))).convert("L"))
    inked = np.flatnonzero((pixels < 128).any(axis=0))
    return float(np.ptp(inked)) / 10


@pytest.mark.parametrize(
    "text",
    [
        "Threshold probability",
        "AUROC (95% CI, DeLong)",
        "0.84 (0.78–0.90)",
        "−0.05 to 1.12",
        "UniTS-gt-finetune",
        "Müller",
    ],
)
def test_a_text_is_as_wide_as_it_is_drawn(text: str) -> None:
    assert text_width(text, 12) == pytest.approx(drawn_width(text, 12), abs=2)


def test_a_character_nobody_measured_counts_as_a_whole_em() -> None:
    assert text_width("瞳", 10) == 10


@given(NAMES, st.floats(5, 200))
def test_breaking_a_text_loses_nothing_of_it(text: str, width: float) -> None:
    lines = wrapped(text, width, 7)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@given(NAMES, st.floats(5, 200))
def test_a_line_is_too_wide_only_where_it_cannot_be_broken(text: str, width: float) -> None:
    for line in wrapped(text, width, 7):
        assert text_width(line, 7) <= width or not set(line[:-1].strip()) & set(" -_")


def test_lines_come_out_of_like_length() -> None:
    assert wrapped("GradientBoosting (IQR, iterative)", 110, 8) == ["GradientBoosting", "(IQR, iterative)"]


@given(st.lists(st.floats(0, 100), max_size=10))
def test_dodged_labels_keep_their_gap_their_order_and_their_room(wanted: list[float]) -> None:
    placed = dodged(wanted, gap=8, low=0, high=100)
    in_order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    positions = [placed[i] for i in in_order]
    assert all(b - a >= 8 - 1e-6 for a, b in pairwise(positions))
    assert all(-1e-6 <= p <= 100 + 1e-6 for p in positions)


def test_labels_that_are_clear_already_stay_where_they_are() -> None:
    assert dodged([10, 50, 30], gap=8, low=0, high=100) == [10, 50, 30]


def test_two_labels_at_one_place_part_evenly() -> None:
    assert dodged([50, 50], gap=8, low=0, high=100) == [46, 54]


@given(NAMES, st.floats(12, 200))
def test_a_fitted_text_is_never_too_wide_and_loses_nothing(text: str, width: float) -> None:
    lines = fitted(text, width, 7)
    assert all(text_width(line, 7) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_a_name_too_wide_for_its_panel_is_broken_before_a_capital() -> None:
    assert fitted("GradientBoosting", 40, 7) == ["Gradient", "Boosting"]
