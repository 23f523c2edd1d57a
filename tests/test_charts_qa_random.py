"""Faults anywhere: whichever row, run, count, colour or place is wrong, it is found."""

from collections.abc import Callable
from typing import Any

import numpy as np
from chart_specimen import specimen
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from assets.charts.composition.style import COLOURS
from assets.charts.qa.checking import CHECKS
from assets.charts.qa.exhibit import Exhibit
from assets.charts.qa.layout import _dense
from assets.charts.qa.scene import Line, Scene, Text

BY_NAME = {check.name: check for check in CHECKS}
SIDECAR = specimen()[0]
ROWS = {name: len(rows) for name, rows in SIDECAR["data"].items()}
few = settings(max_examples=25, deadline=None)


def failed(check: str, change: Callable[[dict[str, Any]], object]) -> bool:
    sidecar, files = specimen()
    change(sidecar)
    return BY_NAME[check](Exhibit(sidecar, files)).outcome == "failed"


def drawn(check: str, scene: Scene) -> bool:
    figure = Exhibit(SIDECAR, {})
    figure.__dict__.update(scene=scene, measured={}, pixels=np.full((100, 100, 3), 255, dtype=np.uint8))
    return BY_NAME[check](figure).outcome == "failed"


@few
@given(st.integers(65, 400), st.integers(1, 400))
def test_no_other_number_of_subjects_or_events_could_have_given_the_curves(
    subjects: int, events: int
) -> None:
    assume(events < subjects and (subjects, events) != (171, 64))
    assert failed("rates are of whole subjects", lambda s: s.update(n_subjects=subjects, n_events=events))


@few
@given(st.data())
def test_a_nan_in_any_cell_is_found(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(ROWS)))
    row = data.draw(st.integers(0, ROWS[name] - 1))
    column = data.draw(st.sampled_from(sorted(SIDECAR["data"][name][row])))
    value = data.draw(st.sampled_from([float("nan"), float("inf"), -float("inf")]))
    assert failed("numbers are real", lambda s: s["data"][name][row].update({column: value}))


@few
@given(st.data())
def test_limits_exchanged_in_any_row_are_found(data: st.DataObject) -> None:
    name, lower, upper = data.draw(
        st.sampled_from([("runs", "auroc_ci_lower", "auroc_ci_upper"), ("decisions", "ci_lower", "ci_upper")])
    )
    row = SIDECAR["data"][name][data.draw(st.integers(0, ROWS[name] - 1))]
    at = SIDECAR["data"][name].index(row)
    exchanged = {lower: row[upper], upper: row[lower]}
    assert failed("limits are in order", lambda s: s["data"][name][at].update(exchanged))


@few
@given(st.integers(0, ROWS["predicted_risks"] - 1), st.integers(1, 50))
def test_subjects_counted_twice_in_any_bin_are_found(row: int, more: int) -> None:
    def change(sidecar: dict[str, Any]) -> None:
        sidecar["data"]["predicted_risks"][row]["n"] += more

    assert failed("counts add up", change)


@few
@given(st.sampled_from(["png", "svg", "pdf"]), st.data())
def test_a_byte_changed_anywhere_in_a_picture_is_found(kind: str, data: st.DataObject) -> None:
    sidecar, files = specimen()
    at = data.draw(st.integers(0, len(files[kind]) - 1))
    files[kind] = files[kind][:at] + bytes([files[kind][at] ^ 1]) + files[kind][at + 1 :]
    assert BY_NAME["files are those drawn"](Exhibit(sidecar, files)).outcome == "failed"


def line(colour: str, *dash: float, at: float = 0) -> Line:
    return Line(np.array([[0, at], [9, at]], dtype=float), colour, 1.2, dash, "mark", "plot")


@few
@given(st.sampled_from(COLOURS), st.lists(st.integers(-2, 2), min_size=3, max_size=3).filter(any))
def test_a_colour_hardly_different_from_another_is_found(colour: str, by: list[int]) -> None:
    channels = [int(colour[i : i + 2], 16) + by[i // 2] for i in (1, 3, 5)]
    other = "#" + "".join(f"{min(max(channel, 0), 255):02x}" for channel in channels)
    assume(other != colour.lower())
    assert drawn("colours differ", Scene(100, 100, lines=[line(colour), line(other, 4, 2)]))


PLACE = st.floats(0, 60)
BOX = st.tuples(PLACE, PLACE, st.floats(2, 30), st.floats(2, 30)).map(
    lambda box: (box[0], box[1], box[0] + box[2], box[1] + box[3])
)


@settings(max_examples=100, deadline=None)
@given(BOX, BOX)
def test_texts_overlap_as_their_boxes_do(one: Any, other: Any) -> None:
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    assume(not any(0 < shared < 0.4 for shared in (across, down)))  # boxes are a little wider than the ink
    texts = [Text(name, box, 7, "#000000", "mark", "sans") for name, box in (("a", one), ("b", other))]
    assert drawn("text is apart", Scene(100, 100, texts=texts)) == (across > 0 and down > 0)


@settings(max_examples=100, deadline=None)
@given(BOX, st.tuples(PLACE, PLACE), st.tuples(PLACE, PLACE))
def test_a_line_through_a_text_is_found_wherever_it_runs(box: Any, start: Any, end: Any) -> None:
    shares = np.linspace(0, 1, 2001)[:, None]
    points = np.array(start) + shares * (np.array(end) - np.array(start))
    inner = ((points > np.array(box[:2]) + 1) & (points < np.array(box[2:]) - 1)).all(axis=1)
    outer = ((points > box[:2]) & (points < box[2:])).all(axis=1)
    path = Line(np.array([start, end]), "#000000", 1.2, (), "mark", "plot")
    scene = Scene(100, 100, texts=[Text("a", box, 7, "#000000", "mark", "sans")], lines=[path])
    long = np.diff(np.flatnonzero(inner)[[0, -1]])[0] if inner.any() else 0
    if long * np.abs(np.array(end) - np.array(start)).max() / 2000 > 2:
        assert drawn("text is apart", scene)
    if not outer.any():
        assert not drawn("text is apart", scene)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.tuples(PLACE, PLACE), min_size=1, max_size=4), max_size=3))
def test_points_along_paths_are_no_further_apart_than_a_point(paths: list[Any]) -> None:
    found = _dense([np.array(path, dtype=float) for path in paths])
    corners = [corner for path in paths if len(path) > 1 for corner in path]
    assert all(np.abs(found - corner).sum(axis=1).min() < 1e-9 for corner in corners)
    if corners:
        apart = np.abs(np.diff(found, axis=0)).max(axis=1)
        jumps = sum(len(path) - 1 for path in paths if len(path) > 1) - 1
        assert np.sort(apart)[: len(apart) - jumps].max(initial=0) <= 1 + 1e-9
