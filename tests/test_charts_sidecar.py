import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from chart_figures import chart, drawn
from tiny_sidecars import NOTE, POINTS, spec, tiny

from assets.charts.composition.about import about, about_diagram
from assets.charts.composition.datasets import join, rows, split
from assets.charts.publication.sidecar import build_sidecar, dump, load, problems, redraw
from assets.engine.errors import UserError
from assets.engine.records import Ingredients, Record


@pytest.mark.parametrize("name", ["heatmap", "forest"])
def test_a_sidecar_that_was_written_and_read_draws_its_pictures_again(name: str) -> None:
    sidecar, files = drawn(name, 3, 1, 1)
    content = dump(sidecar)
    assert load(content) == sidecar and dump(load(content)) == content
    again = redraw(load(content))
    assert (again.svg, again.png, again.pdf) == (files["svg"], files["png"], files["pdf"])


def built(**changes: Any) -> dict[str, Any]:
    """The tiny sidecar built anew with other arguments."""
    described = tiny()
    given = {
        "figure_id": "tiny",
        "caption": "Points.",
        "record": Record("tiny", "hash", "version", Ingredients(inputs={"measured": "v1"})),
        "spec": spec(),
        "data": described["data"],
        "files": {},
    }
    return build_sidecar(**{**given, **changes})


def test_a_sidecar_is_strict_json_with_sorted_keys_and_a_row_on_each_line() -> None:
    content = dump(tiny())
    assert content.endswith(b"}\n")
    pairs = json.loads(content, object_pairs_hook=lambda found: [name for name, _ in found])
    assert pairs == sorted(tiny())
    assert b'\n   {"run_id": "b", "x": 1.5, "y": 0.1},\n' in content


def test_a_sidecar_says_what_was_drawn_from_what() -> None:
    sidecar, files = drawn("heatmap", 3, 1, 1)
    assert (sidecar["input_hash"], sidecar["data_version"]) == ("hash", "version")
    assert sidecar["sources"] == sidecar["ingredients"]["inputs"] != {}
    assert sidecar["files"]["png"]["bytes"] == len(files["png"])
    assert sidecar["files"]["png"]["ppi"] == 300


def test_a_count_that_is_not_known_says_why() -> None:
    sidecar = tiny()
    assert sidecar["n_subjects"] is None
    assert sidecar["missing_counts"]["n_subjects"] == "not in the tables that are drawn"
    del sidecar["missing_counts"]["n_subjects"]
    assert problems(sidecar)


def test_the_caption_ends_in_what_only_the_data_tell() -> None:
    sidecar = tiny()
    assert sidecar["notes"] == [NOTE, "2 runs."]
    assert sidecar["caption"] == f"Points. {NOTE} 2 runs."


SIZES = pd.DataFrame(
    {"run_id": ["a", "b"], "n_test": [1171, 1171], "n_events": [64, 64], "n_bootstrap": [200, 200]}
)


@pytest.mark.parametrize(
    ("runs", "sizes", "sentence"),
    [
        (
            ["a", "b"],
            SIZES,
            "2 runs, n = 1,171 test subjects, 64 with the outcome; "
            "a predicted risk is the mean over 200 refits of the model.",
        ),
        (["a"], SIZES.assign(n_bootstrap=1), "One run, n = 1,171 test subjects, 64 with the outcome."),
        (["a", "b"], SIZES.drop(columns=["n_events", "n_bootstrap"]), "2 runs, n = 1,171 test subjects."),
        (["a", "b"], SIZES.assign(n_test=[1171, 90]), "2 runs, whose test sets differ in size; "
         "a predicted risk is the mean over 200 refits of the model."),
        (["a", "b"], None, "2 runs."),
    ],
)  # fmt: skip
def test_the_last_note_says_how_much_is_behind_the_figure(
    runs: list[str], sizes: pd.DataFrame | None, sentence: str
) -> None:
    assert about("T", "A.", {"x": "mm"}, runs, sizes)["notes"] == [sentence]


def test_a_diagram_has_no_runs_no_units_and_no_sentence_on_counts() -> None:
    said = about_diagram("T", "A.")
    assert (said["n_runs"], said["units"], said["notes"]) == (0, {}, [])
    assert set(said["missing_counts"].values()) == {"no run is drawn"}
    assert problems({**tiny(), **said}) == []


def test_runs_on_a_scale_need_a_unit_unless_nothing_is_drawn() -> None:
    assert problems({**tiny(), "units": {}}) == ["$.units: {} should be non-empty"]
    assert problems({**tiny(), "units": {}, "absent": "There is one method only."}) == []


def test_metadata_replaces_what_the_chart_says_of_itself() -> None:
    _, files = drawn("heatmap", 3, 1, 1)
    said = {"title": "Another", "n_bootstrap": 50}
    sidecar = built(metadata=said, files=files)
    assert {name: sidecar[name] for name in said} == said and sidecar["alt_text"] == "Two points."


@pytest.mark.parametrize("field", ["title", "alt_text", "units", "n_runs", "notes", "privacy"])
def test_a_figure_that_does_not_say_what_it_is_gets_no_sidecar(field: str) -> None:
    said = {name: value for name, value in spec()["usermeta"].items() if name != field}
    with pytest.raises(UserError, match=f"'{field}' is a required property"):
        built(spec={**spec(), "usermeta": said})


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"schema_version": 1}, "schema_version"),
        ({"privacy": "unknown"}, "privacy"),
        ({"caption": ""}, "caption"),
        ({"notes": [""]}, "notes"),
        ({"n_runs": 0}, "missing_counts"),
        ({"generated_at": "2026-01-01"}, "generated_at"),
        ({"spec": {"$schema": "s", "datasets": {}}}, "spec"),
        ({"files": {}}, "files"),
        ({"data": {}}, "data"),
        ({"data": {"../up": POINTS}}, "data"),
    ],
)
def test_what_the_schema_does_not_know_is_refused(change: dict[str, Any], place: str) -> None:
    assert any(place in problem for problem in problems({**tiny(), **change}))


@pytest.mark.parametrize("content", [b"", b"[]", b'{"data": NaN}', b"{}", b"\xff"])
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
    whole, data = split(chart("heatmap", 3, 1, 1))
    assert "datasets" not in whole
    assert join(whole, data) == {**whole, "datasets": data}
