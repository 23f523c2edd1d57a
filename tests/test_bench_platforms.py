"""The benchmark of platforms compares what it says it compares, and ends where results are not the same."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.bench_extraction.measured import CommandError, Cost
from tests.bench_platforms import __main__ as bench
from tests.bench_platforms import report, scenarios
from tests.bench_platforms.platforms import Platform, platforms
from tests.bench_platforms.scenarios import Taken
from tests.prefect_servers import Server

HERE = Server("http://127.0.0.1:9/api", Path(), 0)


def taken(name: str, cpu: float) -> Taken:
    return Taken(name, Cost(cpu=cpu, wall=2 * cpu, peak_mb=100), server=0.5)


def test_a_line_has_medians_over_rounds_and_compares_within_each() -> None:
    rounds = [[taken("plain", 1.0), taken("it", 3.0)], [taken("plain", 2.0), taken("it", 5.0)]]
    *_, plain, other = report.lines([*rounds, [taken("plain", 4.0), taken("it", 4.0)]])
    assert plain == "| plain | 2.00 | +0.00 | 1.00 | 4.00 | 0.50 |"
    assert other == "| it | 4.00 | +2.00 | 2.50 | 8.00 | 0.50 |"


def test_the_plain_engine_comes_first_and_every_command_can_be_started(tmp_path: Path) -> None:
    compared = platforms(tmp_path, HERE)
    assert compared[0].name == "plain" and "plain" in compared[0].command
    assert all(find_spec(platform.command[0]) for platform in compared)
    assert {p.environment["DAGSTER_HOME"] for p in compared if "DAGSTER_HOME" in p.environment} == {
        str(tmp_path / "dagster")
    }


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that looks like a built study, whose every asset has version 1."""
    (tmp_path / scenarios.DATABASE).parent.mkdir(parents=True)
    (tmp_path / scenarios.DATABASE).write_text("tables")
    (tmp_path / "figures/generated").mkdir(parents=True)
    (tmp_path / "figures/generated/roc.png").write_text("a picture")
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.setattr(scenarios, "_versions", lambda _: {"roc": "1"})
    return tmp_path


def test_a_run_that_writes_with_nothing_to_do_ends_the_benchmark(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Cost:
        if "writer" in command:
            (folder / scenarios.DATABASE).write_text("other tables")
        return Cost(1, 1, 1)

    monkeypatch.setattr(scenarios, "cost", run)
    compared = [Platform("plain", ("reader",)), Platform("other", ("writer",))]
    with pytest.raises(CommandError, match="other: wrote to the DuckDB file with nothing to do"):
        list(scenarios.measured(scenarios.SCENARIOS["nothing"], study, compared, 1))
    assert len(list(scenarios.measured(scenarios.SCENARIOS["figure"], study, compared, 2))) == 2


def test_other_results_than_the_rest_end_the_benchmark(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = iter([{"roc": "1"}, {"roc": "2"}])
    monkeypatch.setattr(scenarios, "_versions", lambda _: next(found))
    monkeypatch.setattr(scenarios, "cost", lambda *_: Cost(1, 1, 1))
    with pytest.raises(CommandError, match="plain: other results than before"):
        list(scenarios.measured(scenarios.SCENARIOS["everything"], study, [Platform("plain", ())], 1))


def test_the_command_measures_a_copy_and_leaves_nothing_behind(
    study: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    @contextmanager
    def server(_: Path) -> Iterator[Server]:
        yield HERE

    def run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Cost:
        assert folder != study and (folder / "data").is_dir()
        return Cost(1, 1, 1)

    monkeypatch.setattr(bench, "prefect_server", server)
    monkeypatch.setattr(scenarios, "cost", run)
    monkeypatch.setattr(Platform, "server_seconds", lambda _: 0.0)
    aside = tmp_path_factory.mktemp("aside")
    asked = ["figure", "--rounds", "1", "--study", str(study), "--folder", str(aside)]
    assert bench.main(asked) == 0
    said = capsys.readouterr().out
    assert (
        said.startswith("### One figure was deleted")
        and said.count("| 1.00 | +0.00 | 1.00 | 1.00 | 0.00 |") == 6
    )
    assert bench.main([*asked, "--platforms", "dagster"]) == 0
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()[4:-1]] == ["plain", "dagster"]
    with pytest.raises(SystemExit):
        bench.main([*asked, "--platforms", "dagter"])
    assert list(aside.iterdir()) == [] and (study / "figures/generated/roc.png").exists()


def test_a_folder_without_a_study_and_an_unknown_scenario_are_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for asked, message in (
        (["--study", str(tmp_path)], "holds no built study"),
        (["nothin"], "there is no scenario nothin"),
    ):
        with pytest.raises(SystemExit):
            bench.main(asked)
        assert message in capsys.readouterr().err
