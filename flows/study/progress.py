"""Progress of a study as lines of log."""

import time

from loguru import logger

from flows.study.running import Progress

_EVERY = 10


def log_progress() -> Progress:
    """Return a callback for `run_study` that logs every tenth finished run, with rate and remaining time."""
    started = time.monotonic()
    found = -1

    def tell(done: int, total: int) -> None:
        nonlocal found
        if found < 0:
            found = done
            logger.info("{} of {} runs are in the store", found, total)
            return
        if done % _EVERY and done != total:
            return
        rate = (done - found) / (time.monotonic() - started)
        logger.info(
            "run {} of {} logged, {:.1f} a second, {:.0f} s to go", done, total, rate, (total - done) / rate
        )

    return tell
