"""Two families of failure: a user's mistake, and a fault that may pass.

Every other exception is a bug of ours and keeps its traceback.
"""

import errno
import sys
from collections.abc import Callable

_FULL_OR_CLOSED = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}


BUILD_TABLES = "build the tables (`assets materialize kind:table`; `make extract` in the study)"
"""What to do about a file of tables that is absent or of no use."""


class UserError(Exception):
    """A mistake that its reader can mend: shown as one line, exit code 1, without traceback.

    The message says what is wrong, where, and what to do next.
    """


class TransientError(Exception):
    """A fault that may pass by itself, such as a refused connection: worth another attempt."""


class ExpressionError(Exception):
    """The function of an expression failed, so what it says is not known; the cause is the error itself."""


def told(command: Callable[[], int]) -> int:
    """Run a command and return its exit code: a user's mistake is told in one line, a bug shows all.

    1 for a mistake, a full disk or a forbidden file, 130 when interrupted.
    """
    try:
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
    except KeyboardInterrupt:
        print("Interrupted: what was finished is kept; run the same command again to go on.", file=sys.stderr)
        return 130


def _failed(message: str) -> int:
    print(f"Error: {message}", file=sys.stderr)
    return 1
