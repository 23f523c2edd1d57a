"""Settings: defaults, then the file, then the environment; a mistake is told with the place to mend it."""

from pathlib import Path

import pytest

from assets import settings
from assets.engine.errors import UserError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text('[tool.foundation-plr]\njobs = 3\nexperiment = "one"\n')
    return tmp_path


def test_the_environment_wins_over_the_file_and_ours_over_mlflows(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (settings.load(folder).jobs, settings.load(folder).experiment) == (3, "one")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "7")
    assert settings.load(folder).experiment == "7"
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "two")
    assert settings.load(folder).experiment == "two"
    monkeypatch.setenv("FOUNDATION_PLR_EXPERIMENT", "three")
    monkeypatch.setenv("FOUNDATION_PLR_OUTLIER_PARAMS", "a,b")
    assert settings.load(folder).experiment == "three" and settings.load(folder).outlier_params == ("a", "b")


MISTAKES = {
    ("FOUNDATION_PLR_JOBS", "many"): "at `$.jobs`; mend it in the environment variable FOUNDATION_PLR_JOBS",
    ("FOUNDATION_PLR_JOB", "2"): "no setting `job`, which is in the environment variable FOUNDATION_PLR_JOB. "
    "Did you mean `jobs`?",
    (
        "FOUNDATION_PLR_REPORTED_PER_CENTS",
        "5,200",
    ): "in the environment variable FOUNDATION_PLR_REPORTED_PER_",
}


@pytest.mark.parametrize("given", MISTAKES)
def test_a_mistake_in_the_environment_names_the_variable(
    folder: Path, given: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(*given)
    with pytest.raises(UserError) as refused:
        settings.load(folder)
    assert MISTAKES[given] in str(refused.value)


@pytest.mark.parametrize(
    ("line", "said"), [("jobs = 0", "at `$.jobs`"), ("colour = 1", "no setting `colour`")]
)
def test_a_mistake_in_the_file_names_the_file(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.foundation-plr]\n{line}\n")
    with pytest.raises(UserError) as refused:
        settings.load(tmp_path)
    assert said in str(refused.value) and "in `[tool.foundation-plr]` of pyproject.toml" in str(refused.value)
