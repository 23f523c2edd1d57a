"""The smallest figure that has everything a sidecar has, made without altair or a study."""

from functools import cache
from typing import Any

from assets.charts.composition.about import about
from assets.charts.composition.datasets import join
from assets.charts.publication.render import render
from assets.charts.publication.sidecar import Sidecar, build_sidecar, dump
from assets.engine.records import Ingredients, Record

Rows = list[dict[str, Any]]

POINTS: Rows = [{"run_id": "b", "x": 1.5, "y": 0.1}, {"run_id": "a", "x": None, "y": 0.25}]
NOTE = "Runs were chosen by hand."


def spec() -> dict[str, Any]:
    """A drawing without opacity and in one face: with either, a PDF has other bytes every time."""
    scale = {"domain": [0, 2]}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "data": {"name": "points"},
        "mark": {"type": "point", "opacity": 1},
        "config": {"axis": {"titleFontWeight": "normal", "grid": False}},
        "encoding": {axis: {"field": axis, "type": "quantitative", "scale": scale} for axis in ("x", "y")},
        "usermeta": about(
            "Two points", "Two points.", {"x": "mm", "y": "kg"}, ["a", "b"], None, notes=[NOTE]
        ),
    }


def files_of(data: dict[str, Rows]) -> dict[str, bytes]:
    return dict(vars(render(join(spec(), data))))


@cache
def _drawn() -> dict[str, bytes]:
    return files_of({"points": POINTS, "labels": []})


def tiny(key: str = "tiny") -> Sidecar:
    """A sidecar of one's own to spoil."""
    record = Record(key, "hash", "version", Ingredients(inputs={"measured": "v1"}))
    data = {"points": [dict(row) for row in POINTS], "labels": []}
    return build_sidecar(
        figure_id=key, caption="Points.", record=record, spec=spec(), data=data, files=_drawn()
    )


def content(key: str = "tiny") -> bytes:
    return dump(tiny(key))
