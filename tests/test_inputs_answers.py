"""What a worker answers is checked: hostile bytes may have taken it over."""

import json
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from assets.inputs.artifacts import reading
from assets.inputs.artifacts.assignment import Assignment
from assets.inputs.artifacts.predictions import Predictions
from assets.inputs.artifacts.reading import Outcome
from assets.inputs.quarantine import Quarantine

PATH = "metrics/metrics_run.pickle"
WORK = Assignment("run", PATH)
Saying = Callable[..., reading._Worker]


@pytest.fixture
def saying() -> Iterator[Saying]:
    """A worker that says just these messages, whatever it is asked."""
    worker = reading._Worker()
    worker.connection.close()
    worker.connection, theirs = reading._connections()

    def say(*messages: bytes) -> reading._Worker:
        for message in messages:
            theirs.send_bytes(message)
        return worker

    yield say
    worker.stop()


SAID = {
    "subject_codes": ["a", "b"],
    "y_true": [0, 1],
    "y_prob": [0.5, 0.5],
    "y_prob_sd": [0.0, None],
    "n_bootstrap": 1,
}
PACKED = np.array([0.5, 0.5]).tobytes()
NONSENSE = {
    "no JSON": (b"{", b""),
    "no text": (b"\xff", b""),
    "lists in lists": (b"[" * 100_000, b""),
    "no dict": (b"7", b""),
    "a stage of its own": (json.dumps({"stage": "QX-1", "field": "", "reason": ""}).encode(), b""),
    "a reason that is none": (json.dumps({"stage": "name", "field": "", "reason": [1]}).encode(), b""),
    "refits cut short": (json.dumps(SAID).encode(), PACKED[1:]),
    "a refit beyond 1": (json.dumps(SAID).encode(), np.array([0.5, 7.0]).tobytes()),
    "no refits where they are wanted": (json.dumps(SAID).encode(), b""),
    "a name too many": (json.dumps({**SAID, "more": 1}).encode(), PACKED),
    **{
        f"{value} as {name}": (json.dumps({**SAID, name: value}).encode(), PACKED)
        for name, value in [
            ("subject_codes", ["a"]),
            ("subject_codes", ["a", 1]),
            ("y_true", [0, 2]),
            ("y_true", [0.0, 1]),
            ("y_prob", [0.5, 7.0]),
            ("y_prob", [0.5, float("nan")]),
            ("y_prob_sd", [0.0, -1.0]),
            ("n_bootstrap", 2),
            ("n_bootstrap", "1"),
        ]
    },
}
SHA256 = json.dumps({"sha256": "0" * 64}).encode()


def test_what_a_worker_says_of_an_artifact_is_taken_when_it_makes_sense(saying: Saying) -> None:
    outcome = saying(SHA256, json.dumps(SAID).encode(), PACKED).read(WORK, b"")
    assert outcome.found == Predictions(**SAID, packed_refits=PACKED)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", NONSENSE)
def test_a_worker_that_was_taken_over_is_not_believed(saying: Saying, name: str) -> None:
    waiting = saying(SHA256, *NONSENSE[name])
    with pytest.raises(reading._LostError) as lost:
        waiting.read(WORK, b"")
    assert lost.value.outcome == Outcome("0" * 64, Quarantine("unpickle", PATH, "answers nonsense"))
    assert not waiting.waits


@pytest.mark.parametrize("first", [b'{"sha256": "QX-1"}', b'{"sha256": 7}', b'{"transient": 7}', b"{}"])
def test_a_digest_or_a_fault_that_is_none_is_not_repeated(saying: Saying, first: bytes) -> None:
    waiting = saying(first, json.dumps(SAID).encode(), PACKED)
    with pytest.raises(reading._LostError, match="answers nonsense") as lost:
        waiting.read(WORK, b"")
    assert lost.value.outcome.sha256 is None
