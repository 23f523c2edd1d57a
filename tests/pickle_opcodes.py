"""Pickles written opcode by opcode (Python's `pickletools` lists them), so that everybody sees what each of them does."""

import pickle
import struct
from typing import Any

import numpy as np
from written_stores import metrics

CODE = "QX-0042"
"""A subject's original code: nothing that is said of a file may quote it."""
GOOD = pickle.dumps(metrics([CODE, "QX-0043"], np.array([0, 1]), np.array([[0.25, 0.5], [0.75, 0.75]])))
STOP = b"."


def proto(body: bytes, version: int = 4) -> bytes:
    return b"\x80" + bytes([version]) + body + STOP


def text(value: str) -> bytes:
    written = value.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(written)) + written


def word(module: str, name: str) -> bytes:
    """GLOBAL: the word `module.name`."""
    return f"c{module}\n{name}\n".encode()


def stack_word(module: str, name: str) -> bytes:
    """STACK_GLOBAL: a word whose two parts are texts on the stack, so that dots count."""
    return text(module) + text(name) + b"\x93"


def arguments(*values: bytes) -> bytes:
    return b"(" + b"".join(values) + b"t"


def call(function: bytes, *values: bytes) -> bytes:
    """REDUCE: call what the word stands for."""
    return function + arguments(*values) + b"R"


def of(value: Any) -> bytes:
    """The opcodes that build a plain value."""
    return pickle.dumps(value, 2)[2:-1]


def large(number: int) -> bytes:
    return struct.pack("<Q", number)


def with_risks(array: bytes) -> bytes:
    """A metrics pickle, sound but for the risks and outcomes, which `array` builds."""

    def held(path: str, value: bytes) -> bytes:
        for key in reversed(path.split(".")):
            value = b"}" + text(key) + value + b"s"
        return value

    arrays = b"}" + text("y_pred_proba") + array + b"s" + text("label") + array + b"s"
    top = held("test.preds.arrays.predictions", arrays)
    subjects = held("test.subject_code", of([CODE]))
    parts = {
        "metrics_iter": top,
        "metrics_stats": b"N",
        "subjectwise_stats": subjects,
        "subject_global_stats": b"N",
    }
    return proto(b"}" + b"".join(text(key) + value + b"s" for key, value in parts.items()))


def buffer(dtype: bytes, data: bytes, shape: bytes, *more: bytes) -> bytes:
    """An array as protocol 5 writes it."""
    return call(word("numpy.core.numeric", "_frombuffer"), of(data), dtype, shape, *(more or (text("C"),)))


def dtype(code: str, state: Any = None) -> bytes:
    built = call(word("numpy", "dtype"), text(code), b"\x89", b"\x88")
    return built + (of(state) + b"b" if state is not None else b"")


def doubled(times: int) -> bytes:
    """A list that holds twice a list that holds twice ...: small to write, endless to walk, copy or compare."""
    steps = (b"0](h" + bytes([n]) + b"h" + bytes([n]) + b"eq" + bytes([n + 1]) for n in range(times))
    return b"]q\x00" + b"".join(steps)
