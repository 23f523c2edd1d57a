"""Figures in a notebook: in one line those of the study, as published."""

import hashlib
import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import altair as alt
import pytest
from altair.utils.schemapi import validate_jsonschema

import assets.figures
from assets.charts.composition.datasets import split
from assets.engine.errors import UserError
from assets.notebook import Figure, figures_in
from tests.study_clones import Clone

pytest_plugins = ["study_clones"]

FIGURES = sorted(figures_in(assets.figures.THEMES))


@pytest.fixture
def study(built: Clone, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a built study, to be in; nothing in it may change."""
    before = contents(built.folder)
    monkeypatch.chdir(built.folder)
    yield built.folder
    assert contents(built.folder) == before


def contents(folder: Path) -> dict[Path, tuple[int, int]]:
    return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in folder.rglob("*")}


def sidecar(folder: Path, key: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / f"figures/generated/data/{key}.json").read_bytes())
    return found


# One that reads a table, one that reads several and the settings, one that reads a source and no table.
@pytest.mark.study
@pytest.mark.xdist_group("flows")
@pytest.mark.parametrize("key", ["heatmap", "forest", "orchestration"])
def test_a_figure_that_is_called_holds_what_was_published(key: str, study: Path) -> None:
    chart = getattr(importlib.import_module("assets.figures"), key)()
    assert isinstance(chart, alt.TopLevelMixin)
    assert split(chart)[1] == sidecar(study, key)["data"]


@pytest.mark.study
@pytest.mark.xdist_group("flows")
def test_every_published_drawing_is_valid_vega_lite(study: Path) -> None:
    schema = alt.load_schema()
    for key in FIGURES:  # not checked when a figure is drawn, for that takes longer than drawing
        validate_jsonschema(sidecar(study, key)["spec"], schema)


@pytest.mark.study
@pytest.mark.xdist_group("flows")
def test_jupyter_shows_the_picture_that_was_published(study: Path) -> None:
    formatters = pytest.importorskip("IPython.core.formatters", reason="IPython is not installed")
    shown, _ = formatters.DisplayFormatter().format(assets.figures.heatmap())
    assert set(shown) == {"image/svg+xml", "text/plain"}
    published = sidecar(study, "heatmap")
    assert hashlib.sha256(shown["image/svg+xml"].encode()).hexdigest() == published["files"]["svg"]["sha256"]
    assert shown["text/plain"] == published["alt_text"]


def test_every_declared_figure_can_be_imported_by_its_name() -> None:
    assert len(FIGURES) > 6
    for key in FIGURES:
        figure = getattr(importlib.import_module("assets.figures"), key)
        assert isinstance(figure, Figure), f"a module of that name hides the figure {key}"
        assert figure.__name__ == key
        assert figure.__doc__ == figure.asset.function.__doc__
        assert repr(figure).startswith(f"{key}(): ")
    assert set(dir(assets.figures)) == {*FIGURES, "Models"}


def test_what_is_no_figure_cannot_be_imported() -> None:
    with pytest.raises(ImportError, match="rok"):
        exec("from assets.figures import rok")


def test_a_folder_without_tables_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        UserError, match=r"foundation_plr_results.db is not in .*: change into the study's folder"
    ) as raised:
        assets.figures.roc()
    assert list(tmp_path.iterdir()) == []
    assert raised.value._render_traceback_() == [f"Error: {raised.value}"]
