"""Figures are built from published tables, by the rules of tables; a store made of JSON files keeps them here."""

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assets.engine.declarations import Asset
from assets.engine.errors import UserError
from assets.engine.hashing import digest
from assets.engine.project import Project
from assets.engine.records import Ingredients, Record
from assets.engine.schedule import Attempts, materialize
from tests.project_folders import Folder

PROJECT = """
import helpers

@observable_source_asset
def raw():
    text = Path("raw.txt").read_text()
    return Observation(text, value=[int(word) for word in text.split()])

@asset
def numbers(raw) -> pa.Table:
    \"\"\"One number.\"\"\"
    return pa.table({"v": raw})

@asset
def largest(numbers: ir.Table) -> ir.Table:
    \"\"\"The largest number.\"\"\"
    return numbers.aggregate(v=numbers.v.max())

@asset
def curve(numbers: pd.DataFrame) -> alt.Chart:
    \"\"\"The numbers.

    From left to right.
    \"\"\"
    return [helpers.scaled(v) for v in numbers.v.tolist()]

@asset
def peak(largest: ir.Table) -> alt.Chart:
    \"\"\"The largest.\"\"\"
    return largest.v.to_pyarrow().to_pylist()
"""


class Store:
    """Keeps what a figure's function returns, and its record, in one JSON file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def look(self, keys: Iterable[str]) -> tuple[dict[str, Record], dict[str, str]]:
        records, versions = {}, {}
        for path in (path for key in keys for path in self.files(key) if path.exists()):
            kept = json.loads(path.read_text())
            versions[path.stem] = digest("figure", kept["drawing"], kept["caption"])
            made_from = Ingredients(**kept["ingredients"])
            records[path.stem] = Record(path.stem, kept["input_hash"], kept["data_version"], made_from)
        return records, versions

    def files(self, key: str) -> list[Path]:
        return [self.folder / f"{key}.json"]

    def arguments(self, asset: Asset) -> dict[str, Any]:
        return {}

    def stage(self, asset: Asset, chart: Any, record: Record) -> tuple[Record, Any]:
        record = replace(record, data_version=digest("figure", chart, asset.description))
        kept = {"drawing": chart, "caption": asset.description, "ingredients": record.ingredients.as_dict()}
        return record, (
            asset.key,
            {**kept, "input_hash": record.input_hash, "data_version": record.data_version},
        )

    def export(self, staged: Any) -> None:
        self.folder.mkdir(exist_ok=True)
        self.aside(staged)[0].write_text(json.dumps(staged[1]))

    def aside(self, staged: Any) -> list[Path]:
        return [self.folder / f".{staged[0]}.json"]

    def check(self, staged: Any, versions: Mapping[str, str]) -> None:
        self.made_from = versions

    def commit(self, staged: Any) -> None:
        self.aside(staged)[0].replace(self.files(staged[0])[0])

    def close(self) -> None:
        pass


class Gallery(Folder):
    """A project with figures."""

    @contextlib.contextmanager
    def open(self) -> Iterator[Project]:
        with super().open() as project:
            store = Store(self.path / "figures")
            yield replace(project, stores={"figure": store})

    def drawing(self, key: str) -> Any:
        return json.loads((self.path / "figures" / f"{key}.json").read_text())["drawing"]


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    made = Gallery(tmp_path)
    made.write(PROJECT)
    made.write("def scaled(v):\n    return v * 2\n", "helpers.py")
    (tmp_path / "raw.txt").write_text("1 2 3")
    assert set(made.build().values()) == {"built"}
    return made


def test_a_second_build_draws_nothing(gallery: Gallery) -> None:
    assert gallery.drawing("curve") == [2, 4, 6] and gallery.drawing("peak") == [3]
    assert set(gallery.states().values()) == {"fresh"} and gallery.ran() == set()


def test_a_figure_is_checked_against_the_tables_and_its_sources_as_they_are(gallery: Gallery) -> None:
    gallery.write(f"{PROJECT}\n@asset\ndef words(raw) -> alt.Chart:\n    return raw\n")
    with gallery.open() as project:
        materialize(project, ["words"], attempts=Attempts(0, 0))
        made_from = project.stores["figure"].made_from  # type: ignore[attr-defined]
    tables = {key: version for key, version in gallery.versions().items() if key in ("numbers", "largest")}
    assert made_from.items() >= (tables | {"raw": "1 2 3"}).items()


def test_a_figure_whose_table_came_out_the_same_is_left_as_it_is(gallery: Gallery) -> None:
    (gallery.path / "raw.txt").write_text("0 3")
    assert gallery.states() == {"numbers": "stale", "largest": "unsure", "curve": "unsure", "peak": "unsure"}
    assert gallery.ran() == {"numbers", "largest", "curve"}


def test_its_code_and_its_caption_redraw_a_figure_and_a_comment_does_not(gallery: Gallery) -> None:
    gallery.edit("return v * 2", "return v * 3  # thrice", "helpers.py")
    assert gallery.ran() == {"curve"} and gallery.drawing("curve") == [3, 6, 9]
    gallery.edit("# thrice", "# three times", "helpers.py")
    assert gallery.ran() == set()
    for old, new in [('"""The largest."""', '"""The greatest."""'), ("From left to right.", "In order.")]:
        gallery.edit(old, new)
        assert len(gallery.ran()) == 1
    gallery.edit('"""The largest number."""', '"""The one largest number."""')
    assert gallery.ran() == set()


def test_a_figure_deleted_or_edited_by_hand_is_drawn_again_alone(gallery: Gallery) -> None:
    file = gallery.path / "figures" / "peak.json"
    before = file.read_text()
    file.unlink()
    assert gallery.states()["peak"] == "missing" and gallery.ran() == {"peak"}
    file.write_text(before.replace("[3]", "[4]"))
    assert gallery.reasons("peak") == {("OUTPUT_EDITED", "")} and gallery.ran() == {"peak"}
    assert file.read_text() == before


def test_a_failed_table_blocks_its_figures_and_no_others(gallery: Gallery) -> None:
    (gallery.path / "raw.txt").write_text("1 5")
    gallery.edit("numbers.v.max()", 'numbers.v.max().cast("string").cast("date")')
    outcomes = gallery.build()
    assert outcomes["largest"] == "failed" and outcomes["peak"] == "blocked"
    assert gallery.drawing("peak") == [3] and gallery.drawing("curve") == [2, 4, 6]


def test_figures_alone_are_drawn_from_published_tables_that_nobody_edited(gallery: Gallery) -> None:
    gallery.edit("return v * 2", "return v * 3", "helpers.py")
    gallery.sql("UPDATE numbers SET v = 7")
    with pytest.raises(UserError, match="`numbers` was changed after it was published"):
        gallery.build("kind:figure")
    assert gallery.ran() == {"numbers", "curve"} and gallery.drawing("curve") == [3, 6, 9]


def test_code_edited_while_the_tables_were_built_makes_its_figure_stale(gallery: Gallery) -> None:
    (gallery.path / "raw.txt").write_text("1 2 9")
    with gallery.open() as project:

        def told(result: Any) -> None:
            if result.key == "numbers":
                gallery.edit("return v * 2", "return v * 3", "helpers.py")

        materialize(project, project.definitions.order, attempts=Attempts(0, 0), finished=told)
    assert gallery.drawing("curve") == [2, 4, 18], "drawn by the code as it was when the build began"
    assert gallery.reasons("curve") == {("CODE_CHANGED", "helpers:scaled")}


def test_figures_that_are_due_together_are_not_drawn_at_the_same_time(tmp_path: Path) -> None:
    figure = """
@asset
def {name}() -> alt.Chart:
    \"\"\"An axis.\"\"\"
    titled = alt.X("{name}:Q").title  # Altair keeps what it is asked of where every thread finds it
    time.sleep(0.3)
    return titled("A title").shorthand
"""
    made = Gallery(tmp_path)
    made.write(
        "import time\nimport altair as alt\n" + figure.format(name="one") + figure.format(name="other")
    )
    assert made.build() == {"one": "built", "other": "built"}
    assert (made.drawing("one"), made.drawing("other")) == ("one:Q", "other:Q")
