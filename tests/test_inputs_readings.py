"""The same rows to the bit however runs are divided, in whatever order, process or machine; and no secret travels."""

import base64
import pickle
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from large_stores import LargeStore, Shape, write_file_store
from written_stores import opened

import assets
from assets.engine.watching import watched_by
from assets.inputs import extraction, subjects
from assets.inputs.artifacts.assignment import Limits
from assets.inputs.evidence import MlflowRuns
from assets.inputs.extracted_rows import ORIGINAL_CODES, RAW
from assets.inputs.extraction import EXTRACTED_RUNS, Reading, read, read_elsewhere, relabelled
from assets.inputs.subjects import ensure_key, read_lookup, subject_key

ROOT = Path(assets.__file__).parents[1]
SHAPE = Shape(runs=40, subjects=8, refits=3, bad_every=5)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> LargeStore:
    return write_file_store(tmp_path_factory.mktemp("many") / "mlruns", SHAPE)


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("private")
    ensure_key(folder)
    return folder


@pytest.fixture(scope="module")
def runs(store: LargeStore, private: Path) -> MlflowRuns:
    opened_store, candidates = opened(store.uri)
    return MlflowRuns(opened_store, {item.run.run_id: item for item in candidates}, private)


@pytest.fixture(scope="module")
def whole(runs: MlflowRuns) -> pa.Table:
    """All rows by run id, read at once."""
    return by_run(read(runs, list(runs.candidates)))


def by_run(tables: Iterator[pa.Table]) -> pa.Table:
    return pa.concat_tables(tables).sort_by("run_id").combine_chunks()


def bits(table: pa.Table) -> bytes:
    """The table as bytes: equal only if every number is, to its last bit, and every null."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.take(list(range(len(table)))))
    return sink.getvalue().to_pybytes()


def reading(runs: MlflowRuns, **more: object) -> Reading:
    return Reading.of(runs.store, list(runs.candidates.values()), Limits(), **more)  # type: ignore[arg-type]


def test_the_store_has_runs_of_both_kinds(whole: pa.Table) -> None:
    usable = whole["quarantine_stage"].null_count
    assert 20 < usable < len(whole) == 40


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    order=st.randoms(use_true_random=False),
    cuts=st.lists(st.integers(0, 40), max_size=5),
    jobs=st.integers(1, 3),
)
def test_any_division_in_any_order_gives_the_same_bits(
    runs: MlflowRuns, whole: pa.Table, order: random.Random, cuts: list[int], jobs: int
) -> None:
    names = list(runs.candidates)
    order.shuffle(names)
    places = [0, *sorted(cuts), len(names)]
    parts = [names[start:end] for start, end in pairwise(places) if end > start]
    here = MlflowRuns(runs.store, runs.candidates, runs.private_dir, jobs=jobs)
    found = by_run(table for part in parts for table in read(here, part))
    assert bits(found) == bits(whole)


def test_tables_cut_at_any_size_give_the_same_bits(
    runs: MlflowRuns, whole: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extraction, "TABLE_BYTES", 1000)
    tables = list(read(runs, list(runs.candidates)))
    assert len(tables) > 10
    assert bits(by_run(iter(tables))) == bits(whole)


def test_a_reading_that_travels_gives_the_same_bits(runs: MlflowRuns, whole: pa.Table, private: Path) -> None:
    code = (
        "import base64, pickle, sys, pyarrow\n"
        "raw = pickle.loads(base64.b64decode(sys.argv[1])).raw()\n"
        "sys.stdout.buffer.write(pickle.dumps(raw))"
    )
    sent = base64.b64encode(pickle.dumps(reading(runs)))
    done = subprocess.run([sys.executable, "-c", code, sent], cwd=ROOT, capture_output=True, check=True)
    raw = pickle.loads(done.stdout)
    assert raw.schema == RAW
    assert bits(by_run(iter([relabelled(raw, private)]))) == bits(whole)


def test_readings_done_elsewhere_in_any_order_give_the_same_bits(runs: MlflowRuns, whole: pa.Table) -> None:
    def elsewhere(readings: Iterator[Reading]) -> Iterator[pa.Table]:
        for item in reversed(list(readings)):
            yield pickle.loads(pickle.dumps(item)).raw()

    with read_elsewhere(elsewhere):
        found = by_run(read(runs, list(runs.candidates)))
    assert bits(found) == bits(whole)
    assert bits(by_run(read(runs, list(runs.candidates)))) == bits(whole)


def test_a_reading_holds_no_secret_and_little_else(runs: MlflowRuns, private: Path, whole: pa.Table) -> None:
    sent = pickle.dumps(reading(runs))
    assert len(sent) < 1000 * len(runs.candidates)
    assert subject_key(private) not in sent
    assert subject_key(private).hex().encode() not in sent
    assert str(private).encode() not in sent
    assert not [code for pair in read_lookup(private).items() for code in pair if code.encode() in sent]


def test_params_and_tags_do_not_travel(runs: MlflowRuns) -> None:
    first = next(iter(runs.candidates.values()))
    assert {**first.run.params, **first.run.tags}
    assert all(not {**item.run.params, **item.run.tags} for item in reading(runs).candidates)


def test_raw_rows_cannot_be_taken_for_others(runs: MlflowRuns, private: Path) -> None:
    raw = reading(runs).raw()
    assert "subject_codes" not in raw.column_names
    assert set(raw[ORIGINAL_CODES].combine_chunks().flatten().to_pylist()) <= set(
        read_lookup(private).values()
    )


def test_refits_that_are_not_kept_leave_the_rest_to_the_bit(runs: MlflowRuns, whole: pa.Table) -> None:
    found = by_run(read(runs, list(runs.candidates), keep_refits=False))
    assert found["y_prob_refits"].null_count == len(found)
    assert found.schema == EXTRACTED_RUNS
    assert bits(found.drop_columns("y_prob_refits")) == bits(whole.drop_columns("y_prob_refits"))


def test_a_reading_of_nothing_is_a_table_of_no_rows(runs: MlflowRuns, private: Path) -> None:
    raw = Reading.of(runs.store, [], Limits()).raw()
    assert (raw.num_rows, raw.schema) == (0, RAW)
    assert relabelled(raw, private).schema == EXTRACTED_RUNS


def test_the_same_subjects_are_recorded_once(
    runs: MlflowRuns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, really = [], subjects._as_csv

    def counted(lookup: Mapping[str, str]) -> str:
        written.append(len(lookup))
        return really(lookup)

    monkeypatch.setattr(subjects, "_as_csv", counted)
    monkeypatch.setattr(extraction, "RUNS_AT_A_TIME", 1)
    here = MlflowRuns(runs.store, runs.candidates, tmp_path / "private")
    assert pa.concat_tables(read(here, list(runs.candidates))).num_rows == 40
    assert written == [SHAPE.subjects]


class Narrow:
    """A guard of a machine that has memory for one run at a time."""

    def doing(self, what: str) -> AbstractContextManager[None]:
        return nullcontext()

    def narrowed(self, count: int) -> int:
        return 1


def test_where_memory_is_short_runs_are_read_one_at_a_time(runs: MlflowRuns, whole: pa.Table) -> None:
    with watched_by(Narrow()):
        tables = list(read(runs, list(runs.candidates)))
    assert [len(table) for table in tables] == [1] * 40
    assert bits(by_run(iter(tables))) == bits(whole)
