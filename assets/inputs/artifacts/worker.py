"""The process that opens artifacts: it reads one after the other, and may be killed.

Run as `python -m assets.inputs.artifacts.worker FILE_DESCRIPTOR`, with a pipe as standard input whose other end is with
the parent alone: when that closes, the kernel ends this process. It imports neither MLflow nor pandas, and answers in
JSON and plain numbers, because an answer that is unpickled would carry an attack from here to there.
"""

import fcntl
import gc
import hashlib
import json
import math
import os
import resource
import select
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from multiprocessing.connection import Connection
from pathlib import Path, PurePosixPath
from typing import Any

from assets.engine.errors import TransientError
from assets.inputs.artifacts.assignment import Assignment, Limits
from assets.inputs.artifacts.metrics_pickles import from_metrics
from assets.inputs.artifacts.opening import open_regular, read_whole
from assets.inputs.artifacts.prediction_tables import (
    STUDY_COLUMNS,
    TableColumns,
    from_csv,
    from_json,
    from_parquet,
)
from assets.inputs.artifacts.predictions import InvalidFieldError, Predictions
from assets.inputs.artifacts.safe_pickle import RefusedPickleError, load, seal
from assets.inputs.quarantine import Quarantine, Stage
from assets.inputs.stores.runs import ArtifactError

READY = b"ready"
OUT_OF_MEMORY = "needs more memory than the limit"
IDLE_SECONDS = 20
"""A worker that is asked nothing for so long ends."""
ANSWER_BYTES = 64 * 2**20
"""The most that an answer may be without the risks of the refits: about a million subjects."""


def from_pickle(data: bytes, columns: TableColumns = STUDY_COLUMNS) -> Predictions:
    """Read a metrics pickle, whose fields have their names for good."""
    return from_metrics(load(data))


READERS: dict[str, Callable[[bytes, TableColumns], Predictions]] = {
    ".pickle": from_pickle,
    ".pkl": from_pickle,
    ".csv": from_csv,
    ".json": from_json,
    ".parquet": from_parquet,
}


def answer(path: str, data: bytes, columns: TableColumns = STUDY_COLUMNS) -> dict[str, Any]:
    """Read an artifact; return its predictions or its quarantine, as plain values."""
    reader = READERS.get(PurePosixPath(path).suffix)
    if reader is None:
        return asdict(Quarantine("artifact", path, f"is none of {', '.join(READERS)}"))
    try:
        return dict(vars(reader(data, columns)))
    except InvalidFieldError as error:
        return asdict(Quarantine("validate", error.field, error.reason))
    except RefusedPickleError as error:
        return asdict(Quarantine("unpickle", path, str(error)))
    except MemoryError:
        return asdict(Quarantine("unpickle", path, OUT_OF_MEMORY))
    except Exception as error:
        # Hostile bytes raise anything. The message is dropped: it may quote them, and with them a subject.
        return asdict(Quarantine("unpickle", path, f"cannot be read ({type(error).__name__})"))


def messages(assignment: Assignment, data: bytes) -> tuple[bytes, bytes]:
    """Return what `answer` says as JSON, and beside it the risks of the refits as they lie in memory."""
    try:
        said = answer(assignment.path, data, assignment.columns)
        packed = said.pop("packed_refits", b"")
        refits = packed if assignment.keep_refits else b""
        text = json.dumps(said).encode()
    except MemoryError:
        return _quarantine(assignment, "unpickle", OUT_OF_MEMORY), b""
    if len(text) > ANSWER_BYTES or len(refits) > assignment.limits.max_bytes:
        size = f"holds {len(said['y_true'])} subjects x {said['n_bootstrap']} refits"
        return _quarantine(
            assignment, "validate", f"{size}, which is more than `max_artifact_mb` allows"
        ), b""
    return text, refits


def local_bytes(assignment: Assignment) -> bytes:
    """Return the bytes of an artifact on this machine.

    Raises ArtifactError for what will stay so, TransientError for what may pass.
    """
    try:
        with open_regular([Path(place) for place in assignment.places or ()], assignment.path) as file:
            return read_whole(file, assignment.limits.max_bytes)
    except MemoryError:
        raise ArtifactError(OUT_OF_MEMORY) from None
    except OSError as error:
        raise TransientError(f"Reading artifact {assignment.path}: {error.strerror}.") from error


def serve(connection: Connection, assignment: Assignment, data: bytes) -> None:
    """Send the SHA-256 of the bytes before they are looked into, then what is in them."""
    try:
        data = data if assignment.places is None else local_bytes(assignment)
    except ArtifactError as error:
        connection.send_bytes(_quarantine(assignment, "artifact", str(error)))
        return
    except TransientError as error:
        connection.send_bytes(json.dumps({"transient": str(error)}).encode())
        return
    connection.send_bytes(json.dumps({"sha256": hashlib.sha256(data).hexdigest()}).encode())
    text, refits = messages(assignment, data)
    connection.send_bytes(text)
    connection.send_bytes(refits)


def end_with_parent(lifeline: int) -> None:
    """Let the kernel end this process when the other end of a pipe closes, whatever it is busy with then."""
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([lifeline], [], [], 0)[0]:
        sys.exit("the process that wants artifacts read is gone")


def bind(limits: Limits) -> None:
    """Let the kernel hold this process to the limits."""
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, resource.getrlimit(resource.RLIMIT_AS)[1]))
    # The parent keeps the time; the alarm is for a parent that cannot.
    signal.alarm(math.ceil(limits.seconds) + 10)


def main(descriptor: int) -> None:
    """Serve until the other end is closed or nothing was asked for a while."""
    end_with_parent(sys.stdin.fileno())
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # A core dump would hold subjects' data.
    seal()
    # A metrics pickle holds a million small objects; looking for cycles among them takes four fifths of the time.
    gc.disable()
    gc.freeze()
    connection = Connection(descriptor)
    connection.send_bytes(READY)
    # From here on whatever a library writes may quote what it reads.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for output in (sys.stdout, sys.stderr):
        os.dup2(nowhere, output.fileno())
    while connection.poll(IDLE_SECONDS):
        try:
            assignment = Assignment.from_json(connection.recv_bytes())
            data = connection.recv_bytes()
        except EOFError:
            return
        bind(assignment.limits)
        serve(connection, assignment, data)
        signal.alarm(0)
        gc.collect()


def _quarantine(assignment: Assignment, stage: Stage, reason: str) -> bytes:
    return json.dumps(asdict(Quarantine(stage, assignment.path, reason))).encode()


if __name__ == "__main__":
    main(int(sys.argv[1]))
