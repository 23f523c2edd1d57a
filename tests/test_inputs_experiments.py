"""Which experiment is read, and what is said when that is not clear."""

from pathlib import Path

import pytest
from written_stores import EXPERIMENT, MINIMAL, WrittenStore, minimal_store

from assets.engine.errors import UserError
from assets.inputs.stores.addresses import open_store
from assets.inputs.stores.experiments import choose_experiment

pytest_plugins = ["store_fixtures"]


def test_the_only_experiment_with_finished_runs_is_chosen(sqlite_store: WrittenStore) -> None:
    store = open_store(sqlite_store.uri)
    assert [item.name for item in store.experiments()] == ["Default", EXPERIMENT]
    chosen = choose_experiment(store, None)
    assert chosen.name == EXPERIMENT
    assert choose_experiment(store, chosen.experiment_id) == chosen


def test_several_experiments_with_finished_runs_are_listed(tmp_path: Path) -> None:
    for number, count in (("1", 1), ("2", 2), ("3", 0)):
        experiment = tmp_path / number
        experiment.mkdir()
        (experiment / "meta.yaml").write_text(f"name: Study {number}\nlifecycle_stage: active\n")
        for run in range(count):
            (experiment / f"r{run}").mkdir()
            (experiment / f"r{run}" / "meta.yaml").write_text(MINIMAL)
    store = open_store(str(tmp_path))
    with pytest.raises(UserError) as caught:
        choose_experiment(store, None)
    assert "`Study 1` (id 1, 1 finished run), `Study 2` (id 2, 2 finished runs)" in str(caught.value)
    assert choose_experiment(store, "Study 2").experiment_id == "2"
    with pytest.raises(UserError, match=r"No finished run in .*`Study 3` \(id 3, 0 finished runs\)"):
        choose_experiment(store, "3")


def test_an_unknown_experiment_is_answered_with_those_that_exist(sqlite_store: WrittenStore) -> None:
    with pytest.raises(
        UserError, match=r"No experiment `Clasification`.*Did you mean `Classification`\?.*`Default`"
    ):
        choose_experiment(open_store(sqlite_store.uri), "Clasification")


def test_a_store_without_finished_runs_says_so(tmp_path: Path) -> None:
    minimal_store(tmp_path)
    with pytest.raises(UserError, match="No finished run"):
        choose_experiment(open_store(str(tmp_path)), None)
