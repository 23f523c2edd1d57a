import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from chart_figures import FIGURES, TABLES, drawn

from assets.charts.composition.datasets import join, rows, split
from assets.charts.publication.sidecar import build_sidecar, dump, load, problems, redraw
from assets.engine.errors import UserError
from assets.engine.records import Ingredients, Record

RECORD = Record("roc", "hash", "version", Ingredients(inputs=TABLES))


@pytest.mark.parametrize("name", FIGURES)
def test_a_sidecar_alone_draws_its_pictures_again(name: str) -> None:
    sidecar, files = drawn(name, 3, 1, 1)
    again = redraw(load(dump(sidecar)))
    assert (again.svg, again.png, again.pdf) == (files["svg"], files["png"], files["pdf"])


@pytest.mark.parametrize("name", FIGURES)
def test_reading_a_sidecar_gives_back_what_was_written(name: str) -> None:
    sidecar, _ = drawn(name, 3, 1, 1)
    content = dump(sidecar)
    assert load(content) == sidecar
    assert dump(load(content)) == content


def test_a_sidecar_is_strict_json_with_sorted_keys_and_a_row_on_each_line() -> None:
    sidecar, _ = drawn("roc", 3, 1, 1)
    content = dump(sidecar)
    assert content.endswith(b"}\n")
    pairs = json.loads(content, object_pairs_hook=lambda found: [name for name, _ in found])
    assert pairs == sorted(sidecar)
    assert len(content.splitlines()) > sum(len(table) for table in sidecar["data"].values())


def test_a_sidecar_says_what_was_drawn_from_what() -> None:
    sidecar, files = drawn("roc", 3, 1, 1)
    assert sidecar["sources"] == TABLES
    assert (sidecar["input_hash"], sidecar["data_version"]) == ("hash", "version")
    assert sidecar["files"]["png"]["bytes"] == len(files["png"])
    assert sidecar["files"]["png"]["ppi"] == 300
    assert abs(sidecar["files"]["svg"]["width_mm"] - 89) < 0.5


def test_a_count_that_is_not_known_says_why() -> None:
    sidecar, _ = drawn("roc", 3, 1, 1)
    assert sidecar["n_bootstrap"] is None
    assert sidecar["missing_counts"] == {"n_bootstrap": "not in the tables that are drawn"}
    del sidecar["missing_counts"]["n_bootstrap"]
    assert problems(sidecar)


def test_metadata_replaces_what_the_chart_says_of_itself() -> None:
    spec, data = split_of("roc")
    sidecar, files = drawn("roc", 3, 1, 1)
    said = {"title": "Another", "n_bootstrap": 50}
    built = build_sidecar(
        figure_id="roc", caption="A caption.", metadata=said, record=RECORD, spec=spec, data=data, files=files
    )
    assert built == {**sidecar, **said}


@pytest.mark.parametrize("field", ["title", "alt_text", "units", "n_runs"])
def test_a_figure_that_does_not_say_what_it_is_gets_no_sidecar(field: str) -> None:
    spec, data = split_of("roc")
    said = {name: value for name, value in spec["usermeta"].items() if name != field}
    _, files = drawn("roc", 3, 1, 1)
    with pytest.raises(UserError, match=field):
        build_sidecar(
            figure_id="roc",
            caption="c",
            record=RECORD,
            spec={**spec, "usermeta": said},
            data=data,
            files=files,
        )


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"schema_version": 2}, "schema_version"),
        ({"privacy": "unknown"}, "privacy"),
        ({"caption": ""}, "caption"),
        ({"generated_at": "2026-01-01"}, "generated_at"),
        ({"spec": {"$schema": "s", "datasets": {}}}, "spec"),
        ({"files": {}}, "files"),
        ({"data": {}}, "data"),
    ],
)
def test_what_the_schema_does_not_know_is_refused(change: dict[str, Any], place: str) -> None:
    sidecar, _ = drawn("roc", 3, 1, 1)
    assert any(place in problem for problem in problems({**sidecar, **change}))


@pytest.mark.parametrize("content", [b"", b"[]", b'{"data": NaN}', b"{}"])
def test_what_is_not_a_sidecar_is_not_read(content: bytes) -> None:
    with pytest.raises(UserError, match="not a figure's sidecar"):
        load(content)


def test_a_number_that_is_none_becomes_null() -> None:
    frame = pd.DataFrame(
        {"a": [1.5, np.nan, np.inf], "b": pd.array([1, None, 3], dtype="Int64"), "c": ["x", None, "z"]}
    )
    assert rows(frame) == [
        {"a": 1.5, "b": 1, "c": "x"},
        {"a": None, "b": None, "c": None},
        {"a": None, "b": 3, "c": "z"},
    ]


def test_a_spec_apart_from_its_data_is_whole_again_when_joined() -> None:
    spec, data = split_of("forest")
    assert "datasets" not in spec
    assert join(spec, data) == {**spec, "datasets": data}


def split_of(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    from chart_figures import chart

    return split(chart(name, 3, 1, 1))
