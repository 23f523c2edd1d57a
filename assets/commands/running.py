"""Running one command: its code is loaded, its failure told, and what it printed flushed."""

import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

from assets.engine.errors import told

_CLOSED_PIPE = 141  # what `told` returns when nobody reads our output any more


def run(module: str, name: str, options: Any) -> int:
    """Run the command `name` of a module below `assets.commands`; return its exit code."""
    code = told(lambda: _flushed(module, name, options))
    if code == _CLOSED_PIPE:  # or the interpreter would complain when it flushes what is left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _flushed(module: str, name: str, options: Any) -> int:
    command: Callable[[Any], int] = getattr(import_module(f"assets.commands.{module}"), f"{name}_command")
    code = command(options)
    sys.stdout.flush()
    return code
