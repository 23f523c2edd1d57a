"""Edits to small programs that are really run: one that changes what comes out must change the hash."""

from pathlib import Path

import pytest

from assets.engine.code import CodeBase
from tests.code_edits import TELLING as DEFINITIONS
from tests.code_edits_idle import IDLE
from tests.code_edits_on_import import ON_IMPORT
from tests.code_folders import TARGET, closure, value

TELLING = DEFINITIONS | ON_IMPORT


@pytest.mark.parametrize("what", TELLING)
def test_an_edit_that_changes_what_comes_out_changes_the_hash(what: str, tmp_path: Path) -> None:
    before = closure(tmp_path / "a", TELLING[what].files(edited=False)).fragments
    after = closure(tmp_path / "b", TELLING[what].files(edited=True)).fragments
    assert value(tmp_path / "a") != value(tmp_path / "b"), "the edit is idle"
    assert after != before


@pytest.mark.parametrize("what", IDLE)
def test_an_edit_that_changes_nothing_does_not_change_the_hash(what: str, tmp_path: Path) -> None:
    before = closure(tmp_path / "a", IDLE[what].files(edited=False)).fragments
    after = closure(tmp_path / "b", IDLE[what].files(edited=True)).fragments
    assert value(tmp_path / "a") == value(tmp_path / "b"), "the edit tells"
    assert after == before


@pytest.mark.parametrize("what", TELLING)
def test_the_text_of_what_changed_shows_the_change(what: str, tmp_path: Path) -> None:
    shown = []
    for folder, edited in (("a", False), ("b", True)):
        found = closure(tmp_path / folder, TELLING[what].files(edited=edited)).fragments
        base = CodeBase(tmp_path / folder)
        shown.append({reference: (hashed, base.text(reference)) for reference, hashed in found.items()})
    before, after = shown
    for reference in before.keys() & after.keys():
        same_hash, same_text = (before[reference][i] == after[reference][i] for i in (0, 1))
        assert same_hash == same_text, reference
    assert before.keys() != after.keys() or before != after


def test_a_file_that_the_code_reads_is_not_seen_and_is_a_matter_for_a_source(tmp_path: Path) -> None:
    code = """
        from pathlib import Path
        SIZES = Path(__file__).with_name("sizes.json")
        def table(): return SIZES.read_text()
    """
    found = []
    for folder, sizes in (("a", "1"), ("b", "2")):
        found.append(closure(tmp_path / folder, {"my_assets.py": code, "sizes.json": sizes}))
    assert value(tmp_path / "a") != value(tmp_path / "b")
    assert found[0] == found[1]


def test_what_is_hashed_is_shown_as_python_without_what_is_not(tmp_path: Path) -> None:
    files = {
        "my_assets.py": '''
            """Words."""
            from __future__ import annotations
            from dataclasses import dataclass
            from assets.engine import asset
            from helpers import scaled as times, LIMIT

            @dataclass(frozen=True)
            class Row:
                """One row."""
                size: int = 1  # a comment

            @asset(primary_key="id")
            @times
            def table(raw: Row, *, factor: float = LIMIT) -> Row:
                """Words."""
                kept: list[Row] = [raw]
                return kept
        ''',
        "helpers/__init__.py": "LIMIT = 1\nfrom helpers.impl import scaled\n",
        "helpers/impl.py": "def scaled(x): return x",
    }
    closure(tmp_path, files)
    base = CodeBase(tmp_path)
    assert base.text(TARGET) == (
        "from helpers import LIMIT\n"
        "from helpers import scaled as times\n"
        "@times\n"
        "def table(raw, *, factor=LIMIT):\n"
        "    kept = [raw]\n"
        "    return kept"
    )
    assert base.text("my_assets:Row") == (
        "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass Row:\n    size: int = 1"
    )
    assert base.text("helpers:scaled") == "from helpers.impl import scaled"
    assert base.text("helpers:") == "from helpers.impl import scaled\nLIMIT = 1"
