"""A figure's sidecar alone: drawn again to the byte, its numbers handed out, and refused in one line."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from assets.charts.publication import tabular
from assets.charts.publication.sidecar import dump
from tests.command_runs import said
from tests.tiny_sidecars import POINTS, content, files_of, tiny

FIGURES = Path("figures/generated/data")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    FIGURES.mkdir(parents=True)
    (FIGURES / "tiny.json").write_bytes(content())
    (FIGURES / "tiny.qa.json").write_text("{}")  # what its checks said is no figure
    return tmp_path


def test_a_sidecar_is_drawn_again_without_database_and_is_the_same(folder: Path) -> None:
    told = said("render", str(FIGURES / "tiny.json"), "--into", "again")
    assert told.code == 0 and told.out.count("same") == 3
    assert {path.name: path.read_bytes() for path in (folder / "again").iterdir()} == {
        f"tiny.{kind}": picture for kind, picture in files_of({"points": POINTS, "labels": []}).items()
    }


def test_a_figure_is_found_by_its_name_and_looking_writes_nothing(folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    for command in ("render", "data"):
        told = said(command, "tiny")
        assert told.code == 0 and "Nothing was written" in told.out
    assert sorted(folder.rglob("*")) == before


def test_a_picture_that_is_not_the_one_on_record_is_said_to_differ(folder: Path) -> None:
    spoilt = tiny()
    spoilt["data"]["points"][0]["x"] = 0.5
    (FIGURES / "tiny.json").write_bytes(dump({**spoilt, "libraries": {"altair": "0.1", "gone": "2"}}))
    told = said("render", "tiny")
    assert told.code == 1 and told.out.count("differs") == 3
    assert "altair is " in told.out and "was 0.1" in told.out and "gone is not there here, was 2" in told.out


def test_a_file_with_another_content_is_never_written_over(folder: Path) -> None:
    (folder / "tiny.svg").write_text("mine")
    told = said("render", "tiny", "--into", ".")
    assert (told.code, told.err.count("\n")) == (
        1,
        1,
    ) and "tiny.svg is there with another content" in told.err
    assert (folder / "tiny.svg").read_text() == "mine" and not (folder / "tiny.png").exists()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("tinny", "Did you mean `tiny`?"),
        ("tiny.qq", "Did you mean `tiny`?"),
        ("forest", "no figure of that name in figures/generated/data"),
        ("old", "sidecar of schema version 1, this program reads 2: draw the figure anew"),
        ("new", "sidecar of schema version 3, this program reads 2: update the program"),
        ("text", "not a figure's sidecar"),
        ("nan", "NaN is not JSON"),
        ("empty", "'schema_version' is a required property"),
        ("climbing", "../../climbing"),
    ],
)
@pytest.mark.parametrize("command", ["render", "data"])
def test_what_cannot_be_read_is_refused_in_one_line(
    command: str, given: str, told: str, folder: Path
) -> None:
    climbing = {**tiny(), "data": {"../../climbing": POINTS}}
    contents: dict[str, Any] = {
        "old": dump({**tiny(), "schema_version": 1}),
        "new": dump({**tiny(), "schema_version": 3}),
        "text": b"hello",
        "nan": b'{"data": NaN}',
        "empty": b"{}",
        "climbing": dump(climbing),
    }
    if given in contents:
        (FIGURES / f"{given}.json").write_bytes(contents[given])
    found = said(command, given, "--into", "out")
    assert (found.code, found.err.count("\n")) == (1, 1)
    assert told in found.err and not Path("out").exists()


def test_the_data_are_csv_with_their_units_beside(folder: Path) -> None:
    assert said("data", "tiny", "--into", "out").code == 0
    assert sorted(path.name for path in Path("out").iterdir()) == ["tiny.json", "tiny.points.csv"]
    assert Path("out/tiny.points.csv").read_bytes() == b"run_id,x,y\r\nb,1.5,0.1\r\na,,0.25\r\n"
    described = json.loads(Path("out/tiny.json").read_bytes())
    units = {"run_id": None, "x": "mm", "y": "kg"}
    assert described["files"] == {"tiny.points.csv": {"rows": 2, "columns": units}}
    assert described["sources"] == {"measured": "v1"} and described["caption"].endswith("2 runs.")


def test_the_list_of_data_names_rows_columns_and_units(folder: Path) -> None:
    told = said("data", "tiny").out
    assert "points  2 rows  run_id, x (mm), y (kg)" in told and "labels" in told


NASTY = ['a "quoted", text', "two\r\nlines", " led", "−0.1–∞", "=SUM(A1)", "", "null"]


def test_a_csv_reader_gets_back_every_text_and_every_digit() -> None:
    rows = [
        {"text": text, "number": number}
        for text, number in zip(NASTY, [0.1 + 0.2, 1e-300, -0.0, 7, True, 2**53, 3], strict=True)
    ]
    read = list(csv.DictReader(io.StringIO(tabular.csv(rows).decode(), newline="")))
    assert [row["text"] for row in read] == NASTY
    assert [json.loads(row["number"]) for row in read] == [row["number"] for row in rows]


def test_null_and_an_empty_text_stay_apart_and_a_list_is_json() -> None:
    rows = [{"a": None, "b": "", "c": [1, 0.5]}, {"a": 1, "b": "x", "c": []}]
    assert tabular.csv(rows) == b'a,b,c\r\n,"","[1, 0.5]"\r\n1,x,[]\r\n'


@pytest.mark.parametrize(
    "spec", [{"$schema": "x"}, {"mark": "point", "data": {"url": "http://127.0.0.1:9/x"}}]
)
def test_a_drawing_that_cannot_be_drawn_is_told_in_one_line(folder: Path, spec: dict[str, Any]) -> None:
    (FIGURES / "tiny.json").write_bytes(dump({**tiny(), "spec": {"$schema": "x", **spec}}))
    told = said("render", "tiny")
    assert told.code == 1 and "cannot be drawn" in told.err and told.err.count("\n") == 1


@pytest.mark.parametrize("text", ["[" * 100_000, '{"title": "\\ud800"}'])
def test_what_is_too_deep_or_no_text_is_told_in_one_line(folder: Path, text: str) -> None:
    (FIGURES / "tiny.json").write_text(text)
    for command in ("render", "data"):
        told = said(command, "tiny")
        assert told.code == 1 and "not a figure's sidecar" in told.err and told.err.count("\n") == 1
