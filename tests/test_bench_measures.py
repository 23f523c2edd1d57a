"""The benchmark of measures does the work that it says it times."""

from pathlib import Path

import pytest

from tests.bench_measures import __main__ as bench
from tests.bench_measures import ours
from tests.bench_measures.work import Data

DATA = Data.drawn(3, 60)


def test_both_ways_of_computing_a_measure_find_the_same(tmp_path: Path) -> None:
    cohort = ours.cohort_of(DATA.outcome, DATA.probability, ["a", "b", "c"])
    ours.write_predictions(tmp_path / "predictions.db", DATA)
    in_sql, on_arrays = ours.sql(tmp_path / "predictions.db"), ours.points(cohort, 0)
    assert {name: pytest.approx(on_arrays[name], rel=1e-9) for name in in_sql} == in_sql
    for work in (ours.bootstrap, ours.recalibration):
        resampled = work(cohort, 5)
        assert {name: pytest.approx(on_arrays[name], rel=1e-9) for name in resampled} == resampled


def test_the_cost_of_other_numbers_is_not_compared() -> None:
    part = bench.PARTS["points"][0]
    bench._check(part, {"auroc": 0.75, "ici": 0.1}, {"auroc": 0.75 + 1e-9})
    with pytest.raises(SystemExit, match=r"auroc is 0\.75 with us, 0\.76 with the peer"):
        bench._check(part, {"auroc": 0.75}, {"auroc": 0.76})


def test_what_a_peer_does_in_part_is_scaled_to_all_of_it() -> None:
    assert bench.Part("", "points", 400, 1000, peer_runs=400).times == 1
    assert bench.Part("", "bootstrap", 400, 1000, 1000, 10, 100).times == 400
