"""Processes that work for another one: Ctrl-C is not theirs to answer, and a killed parent leaves none behind."""

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from subprocess import PIPE, Popen

import psutil

POOL = """
import os, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from assets.engine.workers import prepare

if __name__ == "__main__":
    pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=prepare)
    print(pool.submit(os.getpid).result(), flush=True)
    input()
    print(pool.submit(os.getpid).result(), flush=True)
    time.sleep(600)
"""


def test_a_worker_leaves_ctrl_c_to_its_parent_and_ends_when_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "pool.py"
    script.write_text(POOL)
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    parent = Popen([sys.executable, script], env=environment, text=True, stdin=PIPE, stdout=PIPE)
    assert parent.stdin and parent.stdout
    try:
        worker = int(parent.stdout.readline())
        os.kill(worker, signal.SIGINT)
        print(file=parent.stdin, flush=True)
        assert int(parent.stdout.readline()) == worker
    finally:
        parent.kill()
        parent.wait()
    deadline = time.monotonic() + 30
    with suppress(psutil.NoSuchProcess):
        while psutil.Process(worker).status() != psutil.STATUS_ZOMBIE:  # nobody may be there to bury it
            assert time.monotonic() < deadline, "the worker outlives its parent"
            time.sleep(0.05)
