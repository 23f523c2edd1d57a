"""Processes that work for another one: they leave Ctrl-C to it, and end when it ends, however it does."""

import os
import signal
import threading
from multiprocessing import connection, parent_process


def prepare() -> None:
    """Make this worker one that leaves Ctrl-C to its parent and does not outlive it; an `initializer` of a pool."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    # An idle worker waits on a pipe whose other end it holds itself: it would outlive a killed parent.
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
