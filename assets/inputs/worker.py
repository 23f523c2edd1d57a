"""The process that opens artifacts: it reads one after the other, answers in JSON, and may be killed.

Run as `python -m assets.inputs.worker FILE_DESCRIPTOR MEMORY_BYTES SECONDS`. It reads no file and imports
neither MLflow nor pandas.
"""

import gc
import json
import math
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from multiprocessing.connection import Connection
from pathlib import PurePosixPath
from typing import Any

from assets.inputs.prediction_tables import from_csv, from_json, from_parquet
from assets.inputs.predictions import InvalidFieldError, Predictions, from_metrics
from assets.inputs.quarantine import Quarantine
from assets.inputs.safe_pickle import RefusedPickleError, load

READY = b"ready"


def from_pickle(data: bytes) -> Predictions:
    """Read a metrics pickle."""
    return from_metrics(load(data))


READERS: dict[str, Callable[[bytes], Predictions]] = {
    ".pickle": from_pickle,
    ".pkl": from_pickle,
    ".csv": from_csv,
    ".json": from_json,
    ".parquet": from_parquet,
}


def answer(path: str, data: bytes) -> dict[str, Any]:
    """Read an artifact; return its predictions or its quarantine, as plain values."""
    reader = READERS.get(PurePosixPath(path).suffix)
    if reader is None:
        return asdict(Quarantine("artifact", path, f"is none of {', '.join(READERS)}"))
    try:
        return asdict(reader(data))
    except InvalidFieldError as error:
        return asdict(Quarantine("validate", error.field, error.reason))
    except RefusedPickleError as error:
        return asdict(Quarantine("unpickle", path, str(error)))
    except MemoryError:
        return asdict(Quarantine("unpickle", path, "needs more memory than the limit"))
    except Exception as error:
        # Hostile bytes raise anything. The message is dropped: it may quote them, and with them a subject.
        return asdict(Quarantine("unpickle", path, f"cannot be read ({type(error).__name__})"))


def main(descriptor: int, memory_bytes: int, seconds: float) -> None:
    """Serve until the other end is closed."""
    connection = Connection(descriptor)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # A core dump would hold subjects' data.
    # A metrics pickle holds a million small objects; looking for cycles among them takes four fifths of the time.
    gc.disable()
    connection.send_bytes(READY)
    while True:
        try:
            path, data = connection.recv_bytes().decode(), connection.recv_bytes()
        except EOFError:
            return
        # The parent keeps the time; the alarm is for a parent that is gone, lest a hanging worker stay.
        signal.alarm(math.ceil(seconds) + 10)
        connection.send_bytes(json.dumps(answer(path, data)).encode())
        signal.alarm(0)
        gc.collect()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
