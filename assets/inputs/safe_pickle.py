"""Read the plain data in a pickle: nothing that the pickle names is imported, called or built.

A pickle is a program. Here its every word is looked up in one table: containers and dates become themselves,
numpy's arrays and scalars become inert records of their bytes (`Array`, `Buffer`, `Scalar`), pandas' objects
become `SetAside`, and any other word ends the reading. Real arrays are made afterwards, only from the records
that are asked for, and only of plain types.

Rejected: an allow-list that lets numpy's own functions through. A dtype with crafted flags then crashes the
reader on first access; pickle's C code offers no place to check it, and its Python code takes fifteen times
longer. Also rejected: rebuilding pandas objects, which takes pandas, 60 callables and pyarrow's buffers.
"""

import collections
import datetime
import io
import math
import pickle
import re
from typing import Any, NoReturn, TypeGuard

import numpy as np
import numpy.typing as npt

from assets.inputs.pickle_names import SET_ASIDE

PLAIN_TYPE = re.compile(r"[biufSU]\d+|O8?")


class RefusedPickleError(Exception):
    """A pickle with a word that plain data does not need, or an array that is none."""


class Sealed(type):
    """A class that a pickle cannot alter: it would stay altered for the next pickle."""

    def __setattr__(cls, name: str, value: object) -> NoReturn:
        """Refuse."""
        raise RefusedPickleError(f"alters {cls.__name__}.{name}")


class SetAside(metaclass=Sealed):
    """Something of pandas or numpy that is not read."""

    __slots__ = ()

    def __new__(cls, *values: object, **named: object) -> "SetAside":
        """Take anything, keep nothing."""
        return super().__new__(cls)

    def __setstate__(self, state: object) -> None:
        """Take anything, keep nothing."""


class TypeName(metaclass=Sealed):
    """A dtype as a pickle writes it: a code such as `f8`, and a byte order."""

    __slots__ = ("code", "order")

    def __init__(self, code: object, align: object = False, copy: object = False) -> None:
        """Keep the code."""
        self.code = code
        self.order: object = "="

    def __setstate__(self, state: Any) -> None:
        """Keep the byte order; sizes follow from the code, and flags are never believed."""
        self.order = state[1]

    def dtype(self) -> np.dtype[Any]:
        """Make the plain dtype; RefusedPickleError for structures, dates and everything else."""
        if not (
            isinstance(self.code, str)
            and PLAIN_TYPE.fullmatch(self.code)
            and self.order in ("<", ">", "=", "|")
        ):
            raise RefusedPickleError("holds an array of a type other than number, text or object")
        return np.dtype(self.code).newbyteorder("=" if self.order == "|" else self.order)


class Array(metaclass=Sealed):
    """An array as `_reconstruct` and a state write it (pickle protocols below 5, and views in 5)."""

    __slots__ = ("data", "order", "shape", "type_name")

    def __init__(self, subtype: object, shape: object, code: object) -> None:
        """Wait for the state, which says all."""
        self.shape, self.type_name, self.order, self.data = shape, None, "C", b""

    def __setstate__(self, state: Any) -> None:
        """Keep shape, type, order and bytes (or, of objects, the list)."""
        *_, self.shape, self.type_name, fortran, self.data = state
        self.order = "F" if fortran else "C"


class Buffer(metaclass=Sealed):
    """An array as `_frombuffer` writes it (pickle protocol 5)."""

    __slots__ = ("axes", "data", "order", "shape", "type_name")

    def __init__(
        self, data: object, type_name: object, shape: object, order: object, axes: Any = None
    ) -> None:
        """Keep everything."""
        self.data, self.type_name, self.shape, self.order, self.axes = data, type_name, shape, order, axes


class Scalar(metaclass=Sealed):
    """A numpy scalar: a type and its bytes."""

    __slots__ = ("data", "type_name")

    def __init__(self, type_name: object, data: object = b"") -> None:
        """Keep both."""
        self.type_name, self.data = type_name, data


class Latin1(metaclass=Sealed):
    """`_codecs.encode`, with which old protocols write bytes."""

    def __new__(cls, text: str, encoding: str = "latin1") -> bytes:  # type: ignore[misc]  # a function, sealed
        """Return the text's bytes."""
        return text.encode("latin1")


class Dict(metaclass=Sealed):
    """`defaultdict`, read as a dict."""

    def __new__(cls, factory: object = None) -> dict[Any, Any]:  # type: ignore[misc]  # a function, sealed
        """Return an empty dict."""
        return {}


def _words() -> dict[tuple[str, str], object]:
    builtin = {
        "bytearray": bytearray,
        "bytes": bytes,
        "complex": complex,
        "dict": dict,
        "float": float,
        "frozenset": frozenset,
        "int": int,
        "list": list,
        "range": range,
        "set": set,
        "slice": slice,
        "str": str,
        "tuple": tuple,
        "xrange": range,
    }
    words: dict[tuple[str, str], object] = {
        (module, name): value for module in ("builtins", "__builtin__") for name, value in builtin.items()
    }
    for core in ("numpy.core", "numpy._core"):  # numpy 1 and numpy 2
        words[f"{core}.multiarray", "_reconstruct"] = Array
        words[f"{core}.multiarray", "scalar"] = Scalar
        words[f"{core}.numeric", "_frombuffer"] = Buffer
    words["numpy", "dtype"] = TypeName
    words["numpy", "ndarray"] = SetAside
    words["_codecs", "encode"] = Latin1
    words["collections", "OrderedDict"] = collections.OrderedDict
    words["collections", "defaultdict"] = Dict
    for name in ("date", "datetime", "time", "timedelta", "timezone"):
        words["datetime", name] = getattr(datetime, name)
    return words | dict.fromkeys(SET_ASIDE, SetAside)


WORDS = _words()


class _Reader(pickle.Unpickler):
    """pickle's machine with our table of words; persistent ids are refused by the machine itself."""

    def find_class(self, module: str, name: str) -> object:
        """Look a word up; copyreg's extension codes come through here as well."""
        try:
            return WORDS[module, name]
        except KeyError:
            word = f"{module}.{name}"[:80]
            raise RefusedPickleError(f"names `{word}`, which plain data does not need") from None


def load(data: bytes) -> object:
    """Return the plain data in a pickle.

    Raises RefusedPickleError for words outside the table, and what pickle raises for bytes that are none.
    """
    return _Reader(io.BytesIO(data)).load()


def as_array(value: object) -> npt.NDArray[Any]:
    """Make an array of a record, a list or a number; RefusedPickleError if it is none of plain values."""
    if isinstance(value, Scalar):
        return _from_bytes(value.type_name, (), value.data, "C", None)
    if isinstance(value, Buffer):
        return _from_bytes(value.type_name, value.shape, value.data, value.order, value.axes)
    if isinstance(value, Array):
        return _from_bytes(value.type_name, value.shape, value.data, value.order, None)
    if isinstance(value, list | tuple):
        return _of_objects([_plain(item) for item in value])
    raise RefusedPickleError(f"holds {described(value)} where an array belongs")


def described(value: object) -> str:
    """Name a value's kind and size without showing what may identify a subject."""
    if isinstance(value, SetAside | Sealed):
        return "an object of pandas or numpy that is not read"
    if isinstance(value, dict | list | tuple | set):
        return f"a {type(value).__name__} of {len(value)}"
    return f"a {type(value).__name__}"


def _from_bytes(type_name: object, shape: object, data: object, order: object, axes: Any) -> npt.NDArray[Any]:
    if not (isinstance(type_name, TypeName) and _is_shape(shape) and order in ("C", "F", "K")):
        raise RefusedPickleError("holds an array without a plain type, shape and order")
    dtype = type_name.dtype()
    if dtype.kind == "O":
        array = _of_objects([_plain(item) for item in data] if isinstance(data, list) else [])
    elif isinstance(data, bytes | bytearray) and len(data) == dtype.itemsize * math.prod(shape):
        array = np.frombuffer(data, dtype)
    else:
        raise RefusedPickleError("holds an array whose bytes do not fill its shape")
    if array.size != math.prod(shape):
        raise RefusedPickleError("holds an array whose values do not fill its shape")
    array = array.reshape(shape, order="F" if order == "F" else "C")
    return array if axes is None else array.transpose(axes)


def _is_shape(shape: object) -> TypeGuard[tuple[int, ...]]:
    return isinstance(shape, tuple) and all(type(length) is int and length >= 0 for length in shape)


def _of_objects(items: list[object]) -> npt.NDArray[Any]:
    return np.fromiter(items, dtype=object, count=len(items))


def _plain(item: object) -> object:
    if isinstance(item, Scalar):
        return as_array(item).item()
    if item is None or isinstance(item, str | int | float | bytes):
        return item
    raise RefusedPickleError(f"holds {described(item)} where a plain value belongs")
