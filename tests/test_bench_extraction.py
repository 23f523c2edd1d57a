"""The benchmark of extraction runs, and would notice if it compared two extractions that differ."""

import pickle
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import pytest

from tests.bench_extraction import __main__ as bench
from tests.bench_extraction import scenarios
from tests.bench_extraction.agreement import DisagreementError, check
from tests.bench_extraction.measured import ROOT, CommandError, Cost, cost
from tests.bench_extraction.peer import extract
from tests.bench_extraction.report import lines
from tests.bench_extraction.scenarios import ALL, OURS, PEER, Measured
from tests.command_runs import said
from tests.large_stores import Shape, kind, write_file_store

SMALL = Shape(runs=40, subjects=6, refits=3, bad_every=4)


def here(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Cost:
    """Run what would be measured in this process, whatever it takes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, value in environment.items():
            patch.setenv(name, value)
        if command[0] == "assets":
            done = said(*command[1:])
            assert done.code == 0, done
        elif command[0] == "tests.bench_extraction.peer":
            extract(command[1], folder / command[2])
        else:
            assert command[0] in ("this", "tests.bench_extraction.imports"), "only their start is measured"
    return Cost(cpu=1.0, wall=1.0, peak_mb=1.0)


def test_the_benchmark_measures_ours_and_the_straightforward_way_which_agree(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenarios, "cost", here)
    assert bench.main(["400", "--quick", "--stores", "file", "--folder", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    for step in (PEER, OURS, "nothing to do", "one run more", "one run changed", "one run less"):
        assert re.search(rf"^\| file \| 36 \| {step} \| [\d.]+ \| [\d.]+ \| \d+ \|", printed, re.M), printed
    assert list(tmp_path.iterdir()) == [], "what was written for the time is gone"


def test_an_unknown_part_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench.main(["40"])
    assert "there is no part 40; there are 400, complete, 10000, tables" in capsys.readouterr().err


def test_the_peer_takes_the_good_runs_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    store = write_file_store(tmp_path / "store", SMALL)
    good = {store.run_id(number) for number in range(SMALL.runs) if kind(SMALL, number) == "good"}
    assert extract(store.uri, tmp_path / "peer.db") == len(good) == 30
    with duckdb.connect(str(tmp_path / "peer.db")) as connection:
        assert {run_id for (run_id,) in connection.execute("SELECT run_id FROM runs").fetchall()} == good
        assert connection.execute("SELECT count(*) FROM predictions").fetchall() == [(30 * 6,)]
        first = connection.execute(
            "SELECT y_prob_refits FROM refits WHERE run_id = ? ORDER BY subject_code", [store.run_id(0)]
        ).fetchall()
    content = pickle.loads(store.artifact(0).read_bytes())
    arrays = content["metrics_iter"]["test"]["preds"]["arrays"]["predictions"]
    assert [row for (row,) in first] == arrays["y_pred_proba"].tolist()


@pytest.mark.parametrize(
    "damage, what",
    [
        (None, None),
        ("DELETE FROM runs WHERE run_id = 'b'", "runs"),
        ("UPDATE predictions SET y_prob = y_prob + 1e-9 WHERE run_id = 'a'", "predictions"),
        ("UPDATE predictions SET subject_code = 'two' WHERE subject_code = 'one'", "predictions"),
        ("UPDATE refits SET y_prob_refits = [0.25, 0.5] WHERE run_id = 'b'", "refits"),
        ("INSERT INTO refits FROM refits", "refits"),
    ],
)
def test_a_difference_between_the_two_extractions_is_noticed(
    damage: str | None, what: str | None, tmp_path: Path
) -> None:
    ours, peer = tmp_path / "ours.db", tmp_path / "peer.db"
    _write_both(ours, peer)
    (tmp_path / "subject_lookup.csv").write_text("subject_code,original_code\nS1,one\n")
    if damage is None:
        assert check(ours, tmp_path, peer) == 2
        return
    with duckdb.connect(str(peer)) as connection:
        connection.execute(damage)
    with pytest.raises(DisagreementError, match=f"rows of {what} differ"):
        check(ours, tmp_path, peer)


def _write_both(ours: Path, peer: Path) -> None:
    from tests.bench_extraction.peer import SCHEMA

    runs = "SELECT unnest(['a', 'b']) AS run_id, 'n' AS run_name, 'c' AS classifier, 'f' AS featurization, "
    runs += "'i' AS imputation_method, 'o' AS outlier_method, 2 AS n_bootstrap"
    with duckdb.connect(str(peer)) as connection:
        connection.execute(SCHEMA)
        connection.execute(f"INSERT INTO runs {runs}")
        connection.execute("INSERT INTO predictions SELECT run_id, 'one', 1, 0.5, 0.1 FROM runs")
        connection.execute("INSERT INTO refits SELECT run_id, 'one', [0.5, 0.5] FROM runs")
    with duckdb.connect(str(ours)) as connection:
        connection.execute(f"CREATE TABLE runs AS {runs}")
        connection.execute(
            "CREATE TABLE predictions AS SELECT run_id, 'S1' AS subject_code, 1 AS y_true, 0.5 AS y_prob, "
            "0.1 AS y_prob_sd FROM runs"
        )
        connection.execute(
            "CREATE TABLE extracted_runs AS SELECT run_id, ['S1'] AS subject_codes, "
            "[[0.5, 0.5]] AS y_prob_refits, NULL::VARCHAR AS quarantine_stage FROM runs"
        )


def test_a_child_that_outlives_its_command_counts(tmp_path: Path) -> None:
    burn = "import time\nblock = bytearray(60_000_000)\nwhile time.process_time() < 0.5: pass"
    (tmp_path / "leaves.py").write_text(
        f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {burn!r}])"
    )
    found = cost(["leaves"], tmp_path, {"PYTHONPATH": f"{tmp_path}:{ROOT}"})
    assert found.cpu >= 0.5
    assert found.peak_mb >= 60


def test_a_command_that_fails_is_told_with_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No module named no_such_module"):
        cost(["no_such_module"], tmp_path, {})


def test_shares_are_of_the_extraction_of_the_same_store() -> None:
    found = [
        Measured("file", 400, PEER, Cost(20.0, 30.0, 300.0)),
        Measured("file", 400, OURS, Cost(8.0, 10.0, 200.0)),
        Measured("file", 400, "one run more", Cost(0.2, 0.3, 100.0)),
        Measured("sqlite, all tables", 400, ALL, Cost(100.0, 60.0, 400.0)),
    ]
    table = lines(found)[2:]
    assert table[0] == "| file | 400 | the straightforward way | 20.00 | 30.00 | 300 | 20 | 250.0% |"
    assert [line.split(" | ")[-1] for line in table] == ["250.0% |", "100.0% |", "2.5% |", "100.0% |"]
    assert table[2].split(" | ")[6] == "", "a rate is said of steps that read every run"
