"""The commands that build or say what a build would do: materialize, plan, gc."""

from pathlib import Path

import pytest

from tests.command_runs import Said, run
from tests.project_folders import EVERY, Folder


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    folder = Folder.numbers(tmp_path_factory.mktemp("fresh"))
    folder.ran()
    return folder


@pytest.fixture
def folder(fresh: Folder, tmp_path: Path) -> Folder:
    return fresh.copy(tmp_path)


def outcomes(told: Said) -> dict[str, str]:
    assert told.code == 0, told
    return {row["key"]: row["outcome"] for row in told.json["assets"]}


def actions(told: Said) -> dict[str, str]:
    assert told.code == 0, told
    return {row["key"]: row["action"] for row in told.json["steps"]}


def test_a_build_says_what_it_did_with_each_asset_in_a_line(folder: Folder) -> None:
    folder.edit("FACTOR = 2", "FACTOR = 3", "helpers.py")
    told = run(folder, "materialize")
    assert told.code == 0 and len(told.lines) == len(EVERY)
    assert told.lines[0].startswith("built measured 4 rows") or told.lines[0].startswith("skipped lines")
    assert any(line.endswith("s code changed: helpers:FACTOR") for line in told.lines)


def test_a_build_of_what_is_fresh_does_nothing(folder: Folder) -> None:
    assert set(outcomes(run(folder, "materialize", "--json")).values()) == {"skipped"}
    assert actions(run(folder, "plan", "--json")) == dict.fromkeys(EVERY, "keep")
    assert run(folder, "plan").out == "5 fresh\n"


def test_force_runs_the_selection_alone_and_force_downstream_what_reads_it_too(folder: Folder) -> None:
    for flag, forced in (("--force", {"by_parity"}), ("--force-downstream", {"by_parity", "summary"})):
        planned = actions(run(folder, "plan", "by_parity", flag, "--json"))
        done = outcomes(run(folder, "materialize", "by_parity", flag, "--json"))
        assert planned == dict.fromkeys(forced, "run") and done == dict.fromkeys(forced, "unchanged")


def test_a_dry_run_is_the_plan_and_writes_nothing(folder: Folder) -> None:
    folder.edit("FACTOR = 2", "FACTOR = 3", "helpers.py")
    before = folder.files()
    assert run(folder, "materialize", "--dry-run").out == run(folder, "plan").out
    assert folder.files() == before


def test_the_plan_says_what_runs_what_may_stop_and_how_long_it_took(folder: Folder) -> None:
    folder.edit("FACTOR = 2", "FACTOR = 3", "helpers.py")
    told = run(folder, "plan").lines
    assert told[0].startswith("run measured 0.") and told[0].endswith(" s code changed: helpers:FACTOR")
    assert told[1].startswith("maybe by_parity") and told[1].endswith(
        "runs only if measured comes out different"
    )
    assert "runs only if one of by_parity, extremes comes out different" in told[3]
    assert told[4].startswith("1 to run (about 0.") and told[4].endswith(" s), 3 may stop early, 1 fresh")


def test_the_plan_says_what_will_be_restored_and_the_build_does_so(folder: Folder) -> None:
    folder.edit("FACTOR = 2", "FACTOR = 3", "helpers.py")
    folder.ran()
    folder.edit("FACTOR = 3", "FACTOR = 2", "helpers.py")
    planned = actions(run(folder, "plan", "--json"))
    assert planned["measured"] == planned["extremes"] == "restore" and planned["lines"] == "keep"
    done = outcomes(run(folder, "materialize", "--json"))
    assert done["measured"] == done["extremes"] == "restored" and done["lines"] == "skipped"


def test_a_source_that_is_gone_is_said_though_what_was_made_from_it_stands(folder: Folder) -> None:
    (folder.path / "raw.txt").unlink()
    told = run(folder, "materialize")
    assert told.code == 0 and all(line.startswith("skipped") for line in told.lines)
    assert told.err == "source `raw` is absent, and what was made from it stands: raw.txt is not there\n"


def test_in_a_folder_without_source_and_without_tables_nothing_is_begun(tmp_path: Path) -> None:
    folder = Folder.numbers(tmp_path)
    (folder.path / "raw.txt").unlink()
    before = sorted(tmp_path.rglob("*"))
    told = run(folder, "materialize")
    assert (told.code, told.lines) == (1, [])
    reason = "nothing was ever built here, and source `raw` is absent: raw.txt is not there"
    assert told.err == f"Error: {reason}; what does not read it can be built by name\n"
    assert [path for path in sorted(tmp_path.rglob("*")) if "__pycache__" not in path.parts] == before


def test_quiet_tells_of_failures_alone(folder: Folder) -> None:
    folder.edit("* FACTOR", "* FACTOR / 0", "helpers.py")
    told = run(folder, "materialize", "--quiet")
    assert told.code == 1 and "ZeroDivisionError" in told.err
    assert [line.split()[:2] for line in told.lines] == [
        ["failed", "measured"],
        ["blocked", "by_parity"],
        ["blocked", "extremes"],
        ["blocked", "summary"],
    ]
    folder.edit("* FACTOR / 0", "* FACTOR", "helpers.py")
    assert run(folder, "materialize", "--quiet").out == ""


def test_one_job_at_a_time_gives_the_same(folder: Folder) -> None:
    before = folder.versions()
    assert set(outcomes(run(folder, "materialize", "--force", "--jobs", "1", "--json"))) == EVERY
    assert folder.versions() == before


def test_a_settings_object_of_the_module_is_given_and_counts(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write(
        "class Settings:\n    n = 3\n    other = 1\n\n\nSETTINGS = Settings()\n\n\n"
        "@asset\ndef counted(settings: Settings) -> pa.Table:\n"
        "    '''A number.'''\n    return pa.table({'n': [settings.n]})\n"
    )
    assert outcomes(run(folder, "materialize", "--json")) == {"counted": "built"}
    assert "settings n = 3" in run(folder, "show", "counted").lines
    folder.edit("other = 1", "other = 2")
    assert "1 fresh" in run(folder, "status").out
    folder.edit("n = 3", "n = 4")
    assert "setting changed: n" in run(folder, "status").out


def test_gc_says_what_goes_and_what_stays(folder: Folder) -> None:
    folder.edit("FACTOR = 2", "FACTOR = 3", "helpers.py")
    folder.ran()
    held = run(folder, "gc", "--dry-run", "--keep", "0", "--json").json
    assert held["dry_run"] and held["dropped"]["entries"] == held["left"]["entries"] > len(EVERY)
    told = run(folder, "gc", "--keep", "1")
    assert f"the cache holds {len(EVERY)} results, " in told.out
    assert run(folder, "gc", "--max-size", "0").out.endswith("the cache holds 0 results, 0 bytes\n")


@pytest.mark.parametrize(
    ("size", "count"),
    [("12", 12), ("5GB", 5 * 10**9), ("1.5mb", 1_500_000), ("2 kB", 2000), ("3g", 3 * 10**9)],
)
def test_a_size_can_be_written_with_its_unit(size: str, count: int) -> None:
    from assets.commands.proving import _bytes

    assert _bytes(size) == count
