"""Damaged files by the thousand: each ends in sound predictions or in a quarantine that quotes nothing.

As many as FUZZ says (`FUZZ=100000 pytest tests/test_inputs_fuzz.py -s` prints what became of them), seeded.
"""

import csv
import io
import json
import math
import os
import pickle
import random
from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from written_stores import metrics

from assets.inputs.artifacts.assignment import Assignment, Limits
from assets.inputs.artifacts.predictions import Predictions
from assets.inputs.artifacts.reading import WorkerPool
from assets.inputs.quarantine import Quarantine

CASES = int(os.environ.get("FUZZ", "4200"))
LIMITS = Limits(max_bytes=2**24, memory_bytes=2**30, seconds=10)
CODES = ["QX-0042", "QX-0043", "QX-0044"]
LABELS, RISKS = np.array([0, 1, 1]), np.array([[0.25, 0.5], [0.75, 0.75], [1.0, 0.0]])
ROWS = [
    {
        "subject_code": code,
        "y_true": int(LABELS[subject]),
        "y_prob": float(RISKS[subject, refit]),
        "refit": refit,
    }
    for refit in range(2)
    for subject, code in enumerate(CODES)
]


def as_parquet() -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), file)
    return file.getvalue()


def as_csv() -> bytes:
    file = io.StringIO()
    writer = csv.DictWriter(file, ROWS[0])
    writer.writeheader()
    writer.writerows(ROWS)
    return file.getvalue().encode()


WHOLE = {
    **{
        f"{protocol}.pickle": pickle.dumps(metrics(CODES, LABELS, RISKS), protocol)
        for protocol in (0, 2, 4, 5)
    },
    "table.parquet": as_parquet(),
    "table.json": json.dumps(ROWS).encode(),
    "table.csv": as_csv(),
}

ENDLESS = {"table.csv"}
"""Cut behind the last row of a refit, a CSV file is whole with one refit less: nothing in it says where it ends."""


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    opened = WorkerPool()
    yield opened
    opened.close()


def flipped(data: bytearray, chance: random.Random) -> None:
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def replaced(data: bytearray, chance: random.Random) -> None:
    data[chance.randrange(len(data))] = chance.randrange(256)


def cut_out(data: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(data))
    del data[start : start + chance.randrange(1, 40)]


def put_in(data: bytearray, chance: random.Random) -> None:
    data[chance.randrange(len(data)) :] = (
        chance.randbytes(chance.randrange(1, 9)) + data[chance.randrange(len(data)) :]
    )


def moved(data: bytearray, chance: random.Random) -> None:
    start, place = chance.randrange(len(data)), chance.randrange(len(data))
    piece = data[start : start + chance.randrange(1, 40)]
    data[place : place + len(piece)] = piece


DAMAGES: tuple[Callable[[bytearray, random.Random], None], ...] = (
    flipped,
    flipped,
    replaced,
    cut_out,
    put_in,
    moved,
)


def damaged(whole: bytes, seed: int) -> bytes:
    """The file with up to three damages, the same for the same seed."""
    chance, data = random.Random(seed), bytearray(whole)
    for _ in range(chance.randrange(1, 4)):
        if data:
            chance.choice(DAMAGES)(data, chance)
    return bytes(data)


def outcome(pool: WorkerPool, name: str, data: bytes) -> str:
    """What became of a file, in a word; it is sound, or says why not and quotes nothing."""
    found = pool.read(Assignment("run", name, limits=LIMITS), data).found
    if isinstance(found, Quarantine):
        assert not any(code[3:] in found.reason + found.field for code in CODES)
        return found.reason if found.reason.startswith(("ends the", "takes longer")) else found.stage
    check(found)
    return "predictions"


def check(found: Predictions) -> None:
    subjects = len(found.subject_codes)
    assert subjects == len(set(found.subject_codes)) > 0
    assert all(code.isprintable() for code in found.subject_codes)
    assert set(found.y_true) <= {0, 1}
    assert len(found.y_true) == len(found.y_prob) == len(found.y_prob_sd) == subjects
    assert all(0 <= risk <= 1 for risk in found.y_prob)
    assert all(spread is None or 0 <= spread < math.inf for spread in found.y_prob_sd)
    refits = found.refits()
    assert refits.shape == (subjects, found.n_bootstrap)
    assert ((refits >= 0) & (refits <= 1)).all()


@pytest.mark.parametrize("name", WHOLE)
def test_the_whole_file_is_read(pool: WorkerPool, name: str) -> None:
    assert outcome(pool, name, WHOLE[name]) == "predictions"


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_cut_anywhere_is_set_aside(pool: WorkerPool, name: str) -> None:
    whole = WHOLE[name]
    lengths = [length for length in range(len(whole)) if whole[:length].strip() != whole.strip()]
    found = Counter(outcome(pool, name, whole[:length]) for length in lengths)
    assert found.keys() <= {"unpickle", "validate"} | ({"predictions"} if name in ENDLESS else set())


@pytest.mark.parametrize("name", WHOLE)
def test_a_damaged_file_ends_in_sound_predictions_or_a_quarantine(pool: WorkerPool, name: str) -> None:
    seeds = range(CASES // len(WHOLE))
    found = Counter(outcome(pool, name, damaged(WHOLE[name], seed)) for seed in seeds)
    print(f"\n{name}: {dict(found.most_common())}")
    assert found.keys() <= {"unpickle", "validate", "predictions"}
