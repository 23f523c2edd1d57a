"""Ctrl-C and SIGTERM while something is built: what is in hand is finished and kept, then the build ends."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from assets.engine.build import Build

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_NOTICE = b"\nStopping as soon as what is in hand is done; the same signal again ends it at once.\n"


@contextmanager
def heeding(build: Build) -> Iterator[None]:
    """Stop the build on the first signal; a second one ends the process at once, as if nobody caught it.

    When the block is left, however that comes, nothing is worked on any more. Raises `Stopped` then if the build was
    stopped, whatever else went wrong because of it. Only the main thread hears signals.
    """
    heard = False

    def stop(signum: int, _: FrameType | None) -> None:
        nonlocal heard
        heard = True
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        build.stop(signum)
        # past every stream and log, which may be in the middle of a line
        os.write(2, _NOTICE)

    main = threading.current_thread() is threading.main_thread()
    before = {each: signal.signal(each, stop) for each in _SIGNALS} if main else {}
    try:
        yield
    except BaseException as error:
        build.stopped.set()
        if isinstance(error, KeyboardInterrupt):
            build.stop()
        if build.asked is None:
            raise
    finally:
        build.end()
        if not heard:  # else the process is about to end
            for each, handler in before.items():
                signal.signal(each, handler)
    if build.asked is not None:
        build.go_on()
