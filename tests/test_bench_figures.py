"""The benchmark of figures draws what it says it times, and would notice two builds that differ."""

import json
from pathlib import Path

import pytest

from tests.bench_extraction.measured import Cost
from tests.bench_figures import __main__ as bench
from tests.bench_figures import scenarios, warm
from tests.study_clones import Clone

pytest_plugins = ["study_clones"]

COST = Cost(cpu=2.0, wall=1.5, peak_mb=300.0)


@pytest.mark.study
@pytest.mark.xdist_group("flows")
def test_a_warm_figure_is_drawn_in_a_copy_of_the_study_and_timed_by_phase(
    built: Clone, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(scenarios.copied(built.folder, tmp_path))
    warm.main("heatmap")
    taken = json.loads(capsys.readouterr().out)
    assert min(taken.values()) > 0
    assert scenarios.Phases("heatmap", COST, **taken).warm > taken["chart"]


def test_every_figure_has_a_line_and_nothing_is_left_behind(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {"assets": [{"key": "roc", "kind": "figure"}, {"key": "runs", "kind": "table"}]}
    phases = {"chart": 0.25, "pictures": 0.5, "checks": 0.25, "wall": 1.25}
    monkeypatch.setattr(scenarios, "_forced", lambda *_, **__: COST)
    monkeypatch.setattr(scenarios, "_said", lambda *c, folder: json.dumps(said if "list" in c else phases))
    (tmp_path / "study" / scenarios.DATABASE).parent.mkdir(parents=True)
    (tmp_path / "study" / scenarios.DATABASE).write_text("a file")
    (tmp_path / "aside").mkdir()
    asked = ["each", "--study", str(tmp_path / "study"), "--folder", str(tmp_path / "aside")]
    assert bench.main(asked) == 0
    *_, line, total, _ = capsys.readouterr().out.splitlines()
    assert line == "| roc | 2.00 | 1.50 | 1.00 | 1.25 | 0.25 | 0.50 | 0.25 |"
    assert total == line.replace("roc", "**sum**")
    assert list((tmp_path / "aside").iterdir()) == []


@pytest.mark.study
@pytest.mark.xdist_group("flows")
def test_matplotlib_draws_the_three_plots_of_the_same_file(built: Clone, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    from tests.bench_figures import peer

    peer.main(built.folder / scenarios.DATABASE, tmp_path)
    names = {f"{name}.{kind}" for name in scenarios.THREE for kind in ("png", "svg", "pdf")}
    assert {path.name for path in tmp_path.iterdir()} == names
    assert min(path.stat().st_size for path in tmp_path.iterdir()) > 5_000


def test_a_folder_without_a_study_and_an_unknown_part_are_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for asked, message in (
        (["--study", str(tmp_path)], "holds no built study"),
        (["al"], "there is no part al"),
    ):
        with pytest.raises(SystemExit):
            bench.main(asked)
        assert message in capsys.readouterr().err


def test_two_builds_that_differ_end_the_benchmark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def drawn(study: Path, selection: str, **environment: str) -> Cost:
        (study / scenarios.GENERATED).mkdir(parents=True, exist_ok=True)
        (study / scenarios.GENERATED / "roc.svg").write_text(environment["FOUNDATION_PLR_JOBS"])
        return COST

    monkeypatch.setattr(scenarios, "_forced", drawn)
    with pytest.raises(scenarios.CommandError, match=r"two builds differ in roc\.svg"):
        list(scenarios.together(tmp_path, ["roc"]))
