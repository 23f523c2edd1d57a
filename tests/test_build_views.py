"""Views: kept as a query in the DuckDB file, recorded, decided about and proved like any table."""

import shutil
from pathlib import Path

import duckdb
import pytest

from tests.command_runs import run
from tests.project_folders import Folder
from tests.sudden_deaths import Died, dying
from tests.view_folders import DOUBLED, EVERY, STUDY, build, views


@pytest.fixture
def built(tmp_path: Path) -> Folder:
    return build(tmp_path)


def from_scratch(folder: Folder, place: Path) -> dict[str, str]:
    """Data versions of the same study built where nothing was."""
    fresh = Folder(place)
    fresh.write((folder.path / "my_assets.py").read_text(), header="")
    shutil.copy(folder.path / "raw.txt", place)
    fresh.build()
    return fresh.versions()


def test_a_view_is_in_the_file_with_its_meaning_and_not_as_a_table(built: Folder) -> None:
    assert views(built) == {
        "doubled": "One measurement, 'twice'.\n\nKey: id\nGroup: default",
        "large": "One large measurement.\n\nGroup: default",
    }
    meanings = "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'doubled'"
    assert built.sql(meanings) == [("id", None), ("double", "twice the 'value', in grams")]
    assert built.rows("doubled") == DOUBLED and built.rows("large") == DOUBLED[1:]
    assert built.sql("SELECT n_rows FROM _materializations WHERE asset_key = 'doubled'") == [(3,)]
    assert built.ran() == set() and set(built.states().values()) == {"fresh"}


def test_a_view_has_the_data_version_of_a_table_of_the_same_rows(built: Folder) -> None:
    versions = built.versions()
    built.edit("@asset(view=True, primary_key", "@asset( primary_key")
    assert built.reasons("doubled") == {("CODE_CHANGED", "kept as")}
    assert built.build()["doubled"] == "unchanged" and built.versions() == versions
    assert views(built).keys() == {"large"} and built.rows("doubled") == DOUBLED
    built.edit("@asset( primary_key", "@asset(view=True, primary_key")
    assert built.ran() == {"doubled"} and built.versions() == versions
    assert views(built).keys() == {"doubled", "large"} and built.rows("doubled") == DOUBLED


def test_what_somebody_keeps_in_a_schema_of_their_own_under_our_names_is_left_alone(built: Folder) -> None:
    with duckdb.connect(str(built.database)) as somebody:
        somebody.execute(
            "CREATE SCHEMA mine; CREATE TABLE mine.doubled AS SELECT 1; CREATE VIEW mine.base AS SELECT 1"
        )
    assert built.ran() == set() and set(built.states().values()) == {"fresh"}
    built.edit("20", "25", "raw.txt")
    assert {"base", "doubled"} <= built.ran()
    assert built.sql("FROM mine.doubled") == built.sql("FROM mine.base") == [(1,)]


def test_whoever_has_only_the_file_can_read_it_under_any_name(built: Folder, tmp_path: Path) -> None:
    moved = shutil.copy(built.database, tmp_path / "some other name.db")
    with duckdb.connect(moved, read_only=True) as stranger:
        assert stranger.execute("FROM large ORDER BY id").fetchall() == DOUBLED[1:]
    with duckdb.connect() as stranger:
        stranger.execute("CREATE TABLE base AS SELECT 9 AS id, 9 AS v; CREATE VIEW doubled AS FROM base")
        stranger.execute(f"ATTACH '{moved}' AS study (READ_ONLY)")
        assert stranger.execute("FROM study.large ORDER BY id").fetchall() == DOUBLED[1:]


def test_data_of_a_view_are_given_in_one_order_however_it_comes_about(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write(
        STUDY
        + "\n@asset\ndef listed(large: pa.Table) -> pa.Table:\n    return large.append_column('at', [range(len(large))])\n"
    )
    (tmp_path / "raw.txt").write_text("10 20 30 40")
    folder.build()
    versions = folder.versions()
    folder.edit('doubled.filter("double > 30")', 'doubled.filter("double > 30").order("double DESC")')
    assert folder.ran() == {"large"} and folder.versions() == versions
    assert folder.ran("listed", force=True) == {"listed"} and folder.versions() == versions


def test_it_moves_with_what_it_shows(built: Folder, tmp_path: Path) -> None:
    (tmp_path / "raw.txt").write_text("10 20 40")
    assert built.reasons("doubled") == {("UPSTREAM_PENDING", "base")}
    assert built.plan() == {"base": "run", "doubled": "maybe", "large": "maybe", "total": "maybe"}
    assert built.ran() == EVERY
    assert built.rows("doubled") == [(0, 20), (1, 40), (2, 80)] and built.rows("total") == [(140,)]
    assert built.versions() == from_scratch(built, tmp_path / "scratch")


def test_a_change_that_it_does_not_show_wakes_nobody(built: Folder) -> None:
    built.edit("pa.array(values, pa.int64())})", 'pa.array(values, pa.int64()), "unread": values})')
    assert built.ran() == {"base"} and set(built.states().values()) == {"fresh"}


def test_views_come_along_when_what_they_show_is_selected(built: Folder, tmp_path: Path) -> None:
    (tmp_path / "raw.txt").write_text("10 20 40")
    built.build("base")
    assert built.states() == {"base": "fresh", "doubled": "fresh", "large": "fresh", "total": "stale"}
    assert built.reasons("total") == {("INPUT_CHANGED", "doubled")}
    planned = run(built, "plan", "base", "--force", "--json").json["steps"]
    assert {step["key"]: step["action"] for step in planned} == {
        "base": "run",
        "doubled": "maybe",
        "large": "maybe",
    }


@pytest.mark.parametrize("flag", ["--force", "--force-downstream", None])
def test_a_view_that_also_shows_what_was_never_built_is_left_out_unless_asked_for(
    tmp_path: Path, flag: str | None
) -> None:
    folder = Folder(tmp_path)
    folder.write(STUDY + TWO_TABLES)
    (tmp_path / "raw.txt").write_text("10 20 30")
    asked = ["base", *filter(None, [flag])]
    along = {"base", "doubled", "large"} if flag != "--force-downstream" else {*EVERY, "beside", "both"}
    for command in (["plan"], ["materialize", "--dry-run"]):
        steps = run(folder, *command, *asked, "--json").json["steps"]
        assert {step["key"] for step in steps} == along
    done = run(folder, "materialize", *asked, "--json")
    assert done.code == (1 if flag == "--force-downstream" else 0)
    assert {row["key"] for row in done.json["assets"]} == along
    folder.build("other")
    assert set(folder.build("base", force=True)) == {"base", "doubled", "large", "beside", "both"}
    folder.sql("DROP TABLE other")  # the views are there still, and cannot be read
    assert set(folder.build("base", force=True)) == {"base", "doubled", "large"}


TWO_TABLES = """
@asset
def other(raw) -> pa.Table:
    return pa.table({"id": [0]})

@asset(view=True)
def beside(base: ir.Table, other: ir.Table) -> ir.Table:
    return base.join(other, "id").select("id")

@asset(view=True)
def both(beside: ir.Table, base: ir.Table) -> ir.Table:
    return beside.join(base, "id").select("id")
"""


def test_no_view_passes_through_the_cache(built: Folder, tmp_path: Path) -> None:
    (tmp_path / "raw.txt").write_text("10 20 40")
    built.build()
    (tmp_path / "raw.txt").write_text("10 20 30")
    assert built.plan()["base"] == "restore" and built.plan()["doubled"] == "run"
    assert built.build() == {"base": "restored", "doubled": "built", "large": "built", "total": "restored"}
    assert "no longer in the cache" in run(built, "diff", "doubled").err


EDITS = {
    "another query": ("CREATE OR REPLACE VIEW doubled AS SELECT id, v * 3 AS double FROM base", "OUTPUT_EDITED"),
    "dropped": ("DROP VIEW doubled", "OUTPUT_GONE"),
    "a table": ("DROP VIEW doubled; CREATE TABLE doubled AS SELECT id, v * 2 AS double FROM base", "OUTPUT_GONE"),
}  # fmt: skip


@pytest.mark.parametrize("edit", EDITS)
def test_a_view_edited_by_hand_is_noticed_and_mended(built: Folder, edit: str) -> None:
    versions, (statement, cause) = built.versions(), EDITS[edit]
    built.sql(statement)
    assert built.reasons("doubled") == {(cause, "")}
    built.build()
    assert built.versions() == versions and views(built).keys() == {"doubled", "large"}


@pytest.mark.parametrize(
    "statement", ["UPDATE base SET v = v + 1", "ALTER TABLE base DROP v", "DROP TABLE base"]
)
def test_of_a_table_edited_by_hand_no_view_is_blamed(built: Folder, statement: str) -> None:
    versions = built.versions()
    built.sql(statement)
    assert built.reasons("doubled") == {("UPSTREAM_PENDING", "base")}
    assert run(built, "verify").code == 1
    assert built.plan() == {"base": "restore", "doubled": "keep", "large": "keep", "total": "keep"}
    assert built.ran() == {"base"} and built.versions() == versions and run(built, "verify").code == 0


RENAMED = [('"v": pa.array', '"w": pa.array'), ("double=base.v * 2", "double=base.w * 2 + 2")]


COMMITS = ("before a commit", "within a commit", "after a commit")
MOMENTS = [*((point, number) for point in COMMITS for number in (0, 1, 3)), ("before publishing", 0)]


@pytest.mark.parametrize(("point", "number"), MOMENTS)
def test_a_build_killed_at_any_point_leaves_a_whole_state(
    built: Folder, tmp_path: Path, point: str, number: int
) -> None:
    for old, new in RENAMED:  # a view of the old column would fail, were it read between the commits
        built.edit(old, new)
    with dying(point, number), pytest.raises(Died):
        built.build(jobs=1)
    assert built.rows("doubled") == DOUBLED and built.rows("total") == [(120,)]
    built.build()
    assert built.versions() == from_scratch(built, tmp_path / "scratch")


def test_nothing_is_published_while_a_view_that_was_published_fails(built: Folder, tmp_path: Path) -> None:
    built.edit(*RENAMED[0])
    for _ in range(2):  # the second goes on from a working copy in which the view cannot be read
        assert "doubled" in built.failures() and built.rows("doubled") == DOUBLED
    built.edit(*RENAMED[1])
    built.build()
    assert built.versions() == from_scratch(built, tmp_path / "scratch")


def test_a_view_that_nobody_declares_any_more_is_left_out(built: Folder) -> None:
    built.write(STUDY.partition("@asset(view=True)")[0])
    (built.path / "raw.txt").write_text("10")
    built.build()
    assert views(built).keys() == {"doubled"}


def test_a_view_is_shown_as_one_and_counted_among_tables(built: Folder) -> None:
    assert run(built, "show", "doubled").lines[0] == "doubled: view of group default"
    assert run(built, "show", "base").lines[0] == "base: table of group default"
    shown = run(built, "show", "doubled", "--json").json
    assert shown["kind"] == "table" and shown["view"] is True and shown["rows"] == 3
    listed = run(built, "list", "--json").json["assets"]
    assert {row["key"] for row in listed if row["view"]} == {"doubled", "large"}
    assert run(built, "verify").lines == ["4 of 4 tables hold what their records say"]
    assert {n["key"]: n["reads"] for n in run(built, "graph", "--json").json["nodes"]}["large"] == ["doubled"]


def test_two_files_can_be_compared_by_a_view(built: Folder, tmp_path: Path) -> None:
    published = shutil.copy(built.database, tmp_path / "published.db")
    (tmp_path / "raw.txt").write_text("10 20 40")
    built.build()
    told = run(built, "diff", "doubled", "--with", str(published))
    assert told.code == 0 and "1 of 3 rows changed, column double" in told.out
