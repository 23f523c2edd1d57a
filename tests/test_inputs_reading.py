"""Artifacts are opened in a process of their own, which they may kill, and nothing else."""

import base64
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from written_stores import metrics

import assets
from assets.inputs import reading
from assets.inputs.predictions import Predictions
from assets.inputs.quarantine import Quarantine
from assets.inputs.reading import ArtifactReader, Limits

OLD = json.loads((Path(__file__).parent / "oracles" / "pickles_of_numpy_1.json").read_text())["pickles"]
SMALL = base64.b64decode(min(OLD.values(), key=len))
PATH = "metrics/metrics_run.pickle"
LIMITS = Limits(memory_bytes=2**30, seconds=2)
RISKS = np.array([[0.25, 0.5], [0.75, 0.75]])
GOOD = pickle.dumps(metrics(["a", "b"], np.array([0, 1]), RISKS))
PACKED = base64.b64encode(RISKS.tobytes()).decode()
EXPECTED = Predictions(["a", "b"], [0, 1], [0.375, 0.75], [0.125 * 2**0.5, 0.0], 2, PACKED)


def doubled(times: int) -> tuple[object, ...]:
    """A tuple that holds the next smaller one twice: small to write, endless to hash."""
    value: tuple[object, ...] = ()
    for _ in range(times):
        value = (value, value)
    return value


def with_key(written: bytes) -> bytes:
    """A pickle of a dict whose only key is the value that `written` puts on the stack."""
    return b"\x80\x04}" + written + b"Ns."


HANGING = with_key(pickle.dumps(doubled(60), protocol=4)[11:-1])
CRASHING = with_key(
    b")" + b"\x85" * 500_000
)  # a tuple in a tuple in a tuple ...: hashing it exhausts C's stack
GREEDY = b"\x80\x05\x96" + (3 * 2**30).to_bytes(8, "little") + b"."  # announces a bytearray of 3 GiB


@pytest.fixture
def reader() -> Iterator[ArtifactReader]:
    with ArtifactReader(LIMITS) as opened:
        yield opened


def test_a_good_artifact_between_bad_ones_comes_through(reader: ArtifactReader) -> None:
    found = [reader.read(PATH, data) for data in (CRASHING, GOOD, GREEDY, GOOD, HANGING, GOOD)]
    assert found == [
        Quarantine("unpickle", PATH, "ends the process that reads it (SIGSEGV)"),
        EXPECTED,
        Quarantine("unpickle", PATH, "needs more memory than the limit"),
        EXPECTED,
        Quarantine("unpickle", PATH, "takes longer than 2 s to read"),
        EXPECTED,
    ]


def test_an_artifact_is_not_blamed_for_a_worker_that_died_before(reader: ArtifactReader) -> None:
    assert reader.read(PATH, GOOD) == EXPECTED
    assert reader._worker is not None
    os.kill(reader._worker.process.pid, 9)
    assert reader.read(PATH, GOOD) == EXPECTED


def test_one_worker_serves_many_artifacts_and_ends_with_its_reader() -> None:
    with ArtifactReader(LIMITS) as reader:
        reader.read(PATH, GOOD)
        first = reader._worker
        reader.read(PATH, GOOD)
        assert reader._worker is first
        assert first is not None
    assert first.process.returncode is not None


def test_a_reader_of_nothing_starts_no_process(reader: ArtifactReader) -> None:
    assert reader._worker is None


def test_a_worker_that_cannot_start_is_a_fault_of_ours_and_not_of_the_artifact(
    reader: ArtifactReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading.sys, "executable", "/bin/false")
    with pytest.raises(RuntimeError, match="did not start"):
        reader.read(PATH, GOOD)


def test_an_artifact_of_unknown_kind_is_named(reader: ArtifactReader) -> None:
    found = reader.read("model/model.joblib", b"")
    assert isinstance(found, Quarantine)
    assert (found.stage, found.field) == ("artifact", "model/model.joblib")
    assert ".parquet" in found.reason


def test_the_worker_imports_neither_pandas_nor_pyarrow_nor_mlflow() -> None:
    heavy = "{'pandas', 'pyarrow', 'mlflow', 'prefect'}"
    code = f"import sys, assets.inputs.worker; print(sorted({heavy} & set(sys.modules)))"
    root = Path(assets.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(0, len(SMALL) - 1), st.integers(1, 255))
def test_a_flipped_byte_ends_in_sound_predictions_or_a_quarantine(
    reader: ArtifactReader, position: int, flip: int
) -> None:
    data = bytearray(SMALL)
    data[position] ^= flip
    found = reader.read(PATH, bytes(data))
    if isinstance(found, Predictions):
        assert all(0 <= risk <= 1 for risk in found.y_prob)
        assert set(found.y_true) <= {0, 1}
    else:
        assert found.stage in ("unpickle", "validate")
