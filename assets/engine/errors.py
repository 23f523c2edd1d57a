"""Two families of failure: a user's mistake, and a fault that may pass.

Every other exception is a bug of ours and keeps its traceback.
"""

import errno
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

_FULL_OR_CLOSED = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}


BUILD_TABLES = "build the tables (`assets materialize kind:table`; `make extract` in the study)"
"""What to do about a file of tables that is absent or of no use."""


class UserError(Exception):
    """A mistake that its reader can mend: shown as one line, exit code 1, without traceback.

    The message says what is wrong, where, and what to do next.
    """

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows in the place of a traceback."""
        return [f"Error: {self}"]


class TaintedError(UserError):
    """What was built must not leave, and must not stay where it was built either."""


class CheckError(UserError):
    """What was made fails checks of its own, and is not kept; `checks` are their names."""

    def __init__(self, message: str, checks: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.checks = tuple(checks)


class TransientError(Exception):
    """A fault that may pass by itself, such as a refused connection: worth another attempt."""


class ExpressionError(Exception):
    """The function of an expression failed, so what it says is not known; the cause is the error itself."""


class Stopped(Exception):  # noqa: N818 - it is no error: somebody wanted it
    """A build ended before its end because it was asked to; what it had in hand is finished and kept."""

    def __init__(self, message: str = "what was finished is kept", signum: int = signal.SIGINT) -> None:
        """Keep what to say of what is kept, and the signal that asked for it."""
        super().__init__(message)
        self.signum = signum


class Terminated(KeyboardInterrupt):
    """SIGTERM where nothing has to be brought to an end first."""


def told(command: Callable[[], int]) -> int:
    """Run a command and return its exit code: a user's mistake is told in one line, a bug shows all.

    1 for a mistake, a full disk or a forbidden file, 130 when interrupted, 143 when terminated.
    """
    try:
        with _terminable():
            return command()
    except (UserError, TransientError) as error:
        return _failed(str(error))
    except BrokenPipeError:
        return 141  # as a shell counts it: whoever read our output went away, and a build may not be finished
    except OSError as error:
        if error.errno not in _FULL_OR_CLOSED:
            raise
        return _failed(
            f"{error.filename or 'a file'}: {error.strerror}; mend that and run the same command again"
        )
    except Stopped as stopped:
        return _interrupted(str(stopped), stopped.signum)
    except KeyboardInterrupt as interruption:
        ended = isinstance(interruption, Terminated)
        return _interrupted(str(Stopped()), signal.SIGTERM if ended else signal.SIGINT)


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM unwind like Ctrl-C."""
    before = None
    with suppress(ValueError):  # only the main thread hears signals
        before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


def _terminate(*_: object) -> None:
    raise Terminated


def _interrupted(what: str, signum: int) -> int:
    print(f"Interrupted: {what}; run the same command again to go on.", file=sys.stderr)
    return 128 + signum


def _failed(message: str) -> int:
    print(f"Error: {message}", file=sys.stderr)
    return 1
