"""Dagster says of every asset what we decide of it, whichever of the two built it and whatever happened since."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.engine import libraries
from assets.engine.hashing import SCHEME
from assets.engine.records import Ingredients
from tests.dagster_edits import CHANGES, STUDY, build, raw, refactored
from tests.dagster_statuses import Loaded, loaded
from tests.project_folders import Folder
from tests.random_studies import Study, studies


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Build the study once, by ourselves."""
    return build(tmp_path_factory.mktemp("study"))


@pytest.fixture
def folder(study: Folder, tmp_path: Path) -> Folder:
    return study.copy(tmp_path / "it")


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    """Dagster's memory, in which one test finds what the one before left: it has to be told better."""
    with dg.DagsterInstance.ephemeral() as found:
        yield found


def agree(it: Loaded) -> set[str]:
    """Tell Dagster, hold it to our decisions, and return what is not fresh there."""
    it.report()
    said = it.statuses()
    assert said == it.expected()
    return {f"{key} {status}" for key, (status, _) in said.items() if status != "FRESH"}


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_happens_dagster_says_what_we_decide(
    folder: Folder, instance: dg.DagsterInstance, what: str
) -> None:
    happens, not_fresh = CHANGES[what]
    happens(folder)
    with loaded(folder, instance) as it:
        found = agree(it)
    assert found - {"told STALE"} == not_fresh  # what tells of all is stale whenever anything is


def test_a_second_report_writes_nothing(folder: Folder, instance: dg.DagsterInstance) -> None:
    with loaded(folder, instance) as it:
        it.report()
        assert it.report() == ()


def test_checks_are_said_of_what_they_looked_at_alone(folder: Folder, instance: dg.DagsterInstance) -> None:
    """What passed them passed them; what was edited by hand since was never asked."""
    key = dg.AssetCheckKey(dg.AssetKey(["measured"]), "key_unique")
    with loaded(folder, instance) as it:
        instance.wipe_assets([dg.AssetKey(["measured"])])
        it.report()
        (found,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
    folder.sql("UPDATE measured SET v = 2000 WHERE id = 0")
    with loaded(folder, instance) as it:
        it.report()
        assert [e.id for e in instance.event_log_storage.get_asset_check_execution_history(key, limit=1)] == [
            found.id
        ]


def test_a_check_that_was_declared_later_has_not_been_passed(
    folder: Folder, instance: dg.DagsterInstance
) -> None:
    folder.edit('ranges={"v": (0, 1000)}', 'ranges={"v": (0, 1000), "id": (0, 1)}')
    with loaded(folder, instance) as it:
        it.report()
    key = dg.AssetCheckKey(dg.AssetKey(["measured"]), "range_of_id")
    assert not instance.event_log_storage.get_asset_check_execution_history(key, limit=1)


def test_a_check_that_failed_counts_no_more_when_what_failed_it_was_taken_back(
    folder: Folder, instance: dg.DagsterInstance
) -> None:
    """Nothing is built then that could tell; until then it is what was found of the data that are there now."""
    key = dg.AssetCheckKey(dg.AssetKey(["measured"]), "key_unique")

    def told() -> str:
        with loaded(folder, instance) as it:
            it.report()
        (found,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
        return found.status.name

    raw("9 9")(folder)
    told()
    failed = dg.AssetCheckEvaluation(key.asset_key, check_name=key.name, passed=False, metadata={})
    instance.report_runless_asset_event(failed)
    assert told() == "FAILED"
    raw("1 2 3 4")(folder)
    assert told() == "SUCCEEDED"


def test_a_check_that_is_declared_no_more_is_passed_over(
    folder: Folder, instance: dg.DagsterInstance
) -> None:
    """Asked for `key_unique` of this asset and `range_of_v` of another, Dagster gives `range_of_v` of this one too."""
    gone = dg.AssetCheckEvaluation(
        dg.AssetKey("by_parity"), check_name="range_of_v", passed=False, metadata={}
    )
    instance.report_runless_asset_event(gone)
    with loaded(folder, instance) as it:
        assert not agree(it)


def test_what_somebody_told_dagster_by_hand_makes_nothing_be_there(
    folder: Folder, instance: dg.DagsterInstance
) -> None:
    """As the button "Report materialization" of the pages does, whose event has no versions."""
    folder.sql("DROP TABLE by_parity")
    with loaded(folder, instance) as it:
        it.report()
        instance.report_runless_asset_event(dg.AssetMaterialization("by_parity"))
        assert it.statuses()["by_parity"][0] == "FRESH"
        assert "by_parity MISSING" in agree(it)


def test_an_edit_of_code_needs_no_report(folder: Folder, instance: dg.DagsterInstance) -> None:
    """Comments and refactorings are nothing to Dagster, edits are: by the code versions of the definitions alone."""
    with loaded(folder, instance) as it:
        it.report()
    said = dict[str, set[str]]()
    for what in ("a comment", "a refactoring", "a setting", "a view", "a helper's constant"):
        CHANGES[what][0](folder)
        with loaded(folder, instance) as it:
            said[what] = {key for key, (status, _) in it.statuses().items() if status != "FRESH"}
    assert said == {
        "a comment": set(),
        "a refactoring": set(),
        "a setting": {"small"},
        "a view": {"small", "shown"},
        "a helper's constant": {"small", "shown", "measured"},
    }


def test_definitions_loaded_before_a_build_and_after_it_agree(
    folder: Folder, instance: dg.DagsterInstance
) -> None:
    """A webserver that was started before a build need not load anything again."""
    for what in ("a refactoring", "a view", "the data"):
        CHANGES[what][0](folder)
        with loaded(folder, instance) as it:
            before = code_versions(it.definitions)
        folder.build()
        with loaded(folder, instance) as it:
            assert code_versions(it.definitions) == before, what


def code_versions(definitions: dg.Definitions) -> dict[str, str | None]:
    graph = definitions.resolve_asset_graph()
    return {key.path[0]: graph.get(key).code_version for key in graph.materializable_asset_keys}


def test_what_is_made_good_in_one_place_is_seen_in_the_other(
    folder: Folder, instance: dg.DagsterInstance
) -> None:
    """By turns in a run of Dagster and by ourselves, with one history behind all of it."""
    rounds = ("the data", "a table edited", "a view", "a file edited")
    for number, what in enumerate(rounds):
        CHANGES[what][0](folder)
        with loaded(folder, instance) as it:
            assert agree(it) >= CHANGES[what][1]
            if number % 2:
                assert it.run()
                assert it.statuses() == it.expected(), "a run tells all that there is to tell"
            else:
                folder.build()
        with loaded(folder, instance) as it:
            assert agree(it) == set()
            assert set(folder.states().values()) == {"fresh"}


def test_a_run_of_one_asset_leaves_the_rest_as_we_see_it(
    folder: Folder, instance: dg.DagsterInstance
) -> None:
    folder.edit('["note"]', '["other"]')  # a column that `small` alone reads
    with loaded(folder, instance) as it:
        it.report()
        assert it.run("measured")
        assert it.statuses() == it.expected()
        assert {key for key, (status, _) in it.statuses().items() if status == "STALE"} == {"small", "told"}


def test_dagster_may_forget_everything(folder: Folder, instance: dg.DagsterInstance) -> None:
    with loaded(folder, instance) as it:
        it.report()
        instance.wipe_assets([dg.AssetKey([key]) for key in (*it.expected(), "raw")])
        assert {status for status, _ in it.statuses().values()} == {"MISSING"}
        assert agree(it) == set()


def test_a_source_that_was_never_seen_makes_nobody_stale(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    folder = Folder(tmp_path)
    folder.write(STUDY)
    folder.write("def scaled(value):\n    return value\n", "helpers.py")
    with loaded(folder, instance) as it:
        assert agree(it) == {f"{key} MISSING" for key in it.expected()}


@pytest.mark.parametrize("what", ["library", "scheme"])
def test_another_library_or_hash_scheme_is_a_new_code_version(
    folder: Folder, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    if what == "library":
        known = libraries.version
        monkeypatch.setattr(libraries, "version", lambda name: "99" if name == "pyarrow" else known(name))
    else:
        monkeypatch.setattr(Ingredients, "scheme", SCHEME + 1)
        monkeypatch.setattr(
            Ingredients.__init__, "__defaults__", (*Ingredients.__init__.__defaults__[:-1], SCHEME + 1)
        )
    with loaded(folder, instance) as it:
        found = agree(it)
    every = {"measured", "by_parity", "shown", "small", "summary", "report", "told"}
    assert {key.split()[0] for key in found} == (
        {"measured", "summary", "report"} if what == "library" else every
    )


def test_records_of_earlier_programs_have_a_code_version_too(
    folder: Folder, instance: dg.DagsterInstance
) -> None:
    folder.sql("ALTER TABLE _materializations DROP COLUMN code_version")
    with loaded(folder, instance) as it:
        assert agree(it) == set()
    refactored(folder)
    raw("5 6 7")(folder)
    folder.build()
    with loaded(folder, instance) as it:
        assert agree(it) == set()


@settings(max_examples=int(os.environ.get("STALENESS_EXAMPLES", "3")), deadline=None)
@given(
    study=studies(),
    edits=st.lists(
        st.tuples(
            st.integers(0, 9),
            st.sampled_from(("factor", "shift", "notes", "comment", "data", "build", "drop")),
        ),
        max_size=4,
    ),
)
def test_any_graph_and_any_edits_look_the_same_in_dagster(study: Study, edits: list[tuple[int, str]]) -> None:
    with tempfile.TemporaryDirectory() as place, dg.DagsterInstance.ephemeral() as instance:
        folder = Folder(Path(place))
        study.write(folder)
        folder.build()
        for number, what in edits:
            befall(folder, study, number, what)
            with loaded(folder, instance) as it:
                agree(it)


def befall(folder: Folder, study: Study, number: int, what: str) -> None:
    """Let something happen to one of the assets."""
    key = sorted(study.nodes)[number % len(study.nodes)]
    node = study.nodes[key]
    match what:
        case "build":
            folder.build(key)
        case "data":
            study.spaces += 1
        case "drop" if node.is_file:
            (folder.path / "out" / f"{key}.txt").unlink(missing_ok=True)
        case "drop":
            if (key,) in folder.sql(
                "SELECT view_name FROM duckdb_views() UNION ALL SELECT table_name FROM duckdb_tables()"
            ):
                folder.sql(f"DROP {'VIEW' if node.view else 'TABLE'} {key}")
        case "notes":
            node.notes = not node.notes
        case "shift":
            node.shift = ("none", "helper", "setting")[number % 3]
        case _:
            setattr(node, what, number)
    study.write(folder)
