"""Runs read by the workers of a Dask cluster that exists already (setting `dask_scheduler`).

Everything else is as without one: this process decides what to read, keeps what comes back and writes the tables.
Batches are sent as plain functions through prefect-dask's client, not as Prefect tasks: a task takes Prefect's settings
with it, passwords included, and a worker that cannot reach this run's server starts one of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from itertools import islice
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from loguru import logger

from assets import inputs
from assets.engine.errors import TransientError, UserError
from assets.engine.watching import doing

if TYPE_CHECKING:
    import pyarrow as pa

    from assets.inputs.extraction import Reading

CONNECT_SECONDS = 10
LOOK_SECONDS = 5
"""How often it is looked whether there are workers at all, while none delivers."""
PATIENCE_LOOKS = 12
"""After so many looks at a cluster without workers it is given up."""
BATCHES_PER_THREAD = 2
"""On their way at a time: one that is read and one that waits. Whatever the cluster's size, this process takes one."""
FAULTS = 3
"""After so many batches that failed in passing no more are sent in this attempt."""
_OR_HERE = "or leave out `dask_scheduler` to read the runs here"


def reading_on(address: str | None) -> AbstractContextManager[None]:
    """Let the runs be read on the cluster of that scheduler for the time; None reads them here.

    Raises UserError at once if the cluster is not there, has no workers, or other versions than this machine.
    """
    if address is None:
        return nullcontext()
    try:
        with _client(address) as client:
            _check_workers(client, address)
    except TransientError as error:
        raise UserError(f"{error}: start it, {_OR_HERE}") from error
    return inputs.extraction.read_elsewhere(partial(_read, address))


def _client(address: str) -> Any:
    """Connect to a scheduler; TransientError if it cannot be had."""
    try:
        from prefect_dask.client import PrefectDaskClient
    except ImportError as error:
        raise UserError(
            "`dask_scheduler` is set, and prefect-dask is not installed: run `pip install 'foundation-plr[dask]'` here"
            f" and on the workers, {_OR_HERE}"
        ) from error
    client: Any = PrefectDaskClient
    try:
        return client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:  # absent; no address; TLS without its configuration
        found = _first_line(error)
        raise TransientError(f"there is no Dask scheduler to be had at {address} ({found})") from error


def _check_workers(client: Any, address: str) -> None:
    """Raise UserError unless there are workers, and all have what this machine reads with."""
    here = inputs.sealing.surroundings()
    found = client.run(inputs.sealing.surroundings, on_error="return")
    if not found:
        raise UserError(f"the Dask cluster at {address} has no workers: start some, {_OR_HERE}")
    for worker, there in found.items():
        if lacking := _difference(here, there):
            raise UserError(
                f"the Dask worker {worker} {lacking}: install there what is installed here, {_OR_HERE}"
            )
    logger.info("reading on {} Dask workers of {}", len(found), address)


def _difference(here: dict[str, str], there: dict[str, str] | Exception) -> str:
    if isinstance(there, Exception):
        return f"cannot load this project ({_first_line(there)})"
    other = [f"{name} {there[name]} (here {here[name]})" for name in here if there[name] != here[name]]
    return f"has {', '.join(other)}" if other else ""


def _read(address: str, readings: Iterator[Reading]) -> Iterator[pa.Table]:
    """Read on the cluster and yield what comes, as it comes.

    Raises TransientError when the cluster goes away; and, once all else has come, when batches failed in passing.
    """
    from distributed.client import ClosedClientError

    faults: list[TransientError] = []
    with _client(address) as client:
        batches = _Batches(client, address)
        try:
            while batches.sent(readings if len(faults) < FAULTS else iter(())):
                future = batches.ended()
                try:
                    raw = batches.rows(future)
                except TransientError as error:
                    logger.warning("{}", error)
                    faults.append(error)
                else:
                    yield raw
        except ClosedClientError as error:
            raise TransientError(f"the Dask scheduler at {address} went away") from error
        finally:
            with suppress(OSError, ClosedClientError):
                batches.cancel()
    if faults:
        raise faults[0]


class _Batches:
    """A bounded number of batches on their way through a cluster."""

    def __init__(self, client: Any, address: str) -> None:
        self._client, self._address, self._seal = client, address, inputs.sealing.Seal()
        self._room = BATCHES_PER_THREAD * max(1, sum(client.nthreads().values()))
        self._waiting: set[Any] = set()
        self._ended: SimpleQueue[Any] = SimpleQueue()

    def sent(self, readings: Iterator[Reading]) -> bool:
        """Send as many as there is room for; tell whether any is on its way."""
        for reading in islice(readings, self._room - len(self._waiting)):
            future = self._client.submit(inputs.sealing.read_sealed, reading, self._seal.public, pure=False)
            future.add_done_callback(self._ended.put)
            self._waiting.add(future)
        return bool(self._waiting)

    def ended(self) -> Any:
        """Wait for a batch to end; TransientError when there is nobody left who could read it."""
        looks = 0
        with doing(f"{len(self._waiting)} batches of runs on the Dask cluster at {self._address}"):
            while looks < PATIENCE_LOOKS:
                try:
                    return self._ended.get(timeout=LOOK_SECONDS)
                except Empty:
                    looks = 0 if self._has_workers() else looks + 1
        raise TransientError(f"the Dask cluster at {self._address} has no workers left")

    def _has_workers(self) -> bool:
        with suppress(OSError):
            return bool(self._client.nthreads())
        return False

    def rows(self, future: Any) -> pa.Table:
        """Return what a batch found.

        Raises TransientError if it failed in passing, UserError if the worker met a user's mistake.
        """
        from distributed import KilledWorker

        self._waiting.remove(future)
        try:
            return self._seal.opened(future.result())
        except UserError as error:
            raise UserError(
                f"a Dask worker says: {error} It must reach the store as this machine does"
            ) from error
        except (KilledWorker, CancelledError, OSError) as error:
            raise TransientError(
                f"the Dask cluster at {self._address} lost a batch of runs: {_first_line(error)}"
            ) from error

    def cancel(self) -> None:
        """Let the cluster forget what is on its way."""
        self._client.cancel(list(self._waiting))


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
