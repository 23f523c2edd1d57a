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
import sys
from typing import Any, NoReturn, TypeGuard

import numpy as np
import numpy.typing as npt

from assets.inputs.artifacts.pickle_names import SET_ASIDE

PLAIN_TYPE = re.compile(r"[biufSU]\d+|O8?")

_LIBRARIES = "catboost joblib lightgbm mlflow numpy pandas polars pyarrow scipy sklearn tabpfn torch xgboost"
KNOWN_ROOTS = frozenset((*_LIBRARIES.split(), *sys.stdlib_module_names, "__builtin__", "__main__"))
"""Where a word may come from that is named in a refusal."""


class RefusedPickleError(Exception):
    """A pickle with a word that plain data does not need, or an array that is none."""


class Unalterable(type):
    """A class that a pickle cannot alter: it would stay altered for the next pickle."""

    def __setattr__(cls, name: str, value: object) -> NoReturn:
        """Refuse; the name is not said, since the pickle chose it."""
        raise RefusedPickleError(f"alters {cls.__name__}")


class SetAside(metaclass=Unalterable):
    """Something of pandas or numpy that is not read."""

    __slots__ = ()

    def __new__(cls, *values: object, **named: object) -> "SetAside":
        """Take anything, keep nothing."""
        return super().__new__(cls)

    def __setstate__(self, state: object) -> None:
        """Take anything, keep nothing."""


class TypeName(metaclass=Unalterable):
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


class Array(metaclass=Unalterable):
    """An array as `_reconstruct` and a state write it (pickle protocols below 5, and views in 5)."""

    __slots__ = ("data", "order", "shape", "type_name")

    def __init__(self, subtype: object, shape: object, code: object) -> None:
        """Wait for the state, which says all."""
        self.shape, self.type_name, self.order, self.data = shape, None, "C", b""

    def __setstate__(self, state: Any) -> None:
        """Keep shape, type, order and bytes (or, of objects, the list)."""
        *_, self.shape, self.type_name, fortran, self.data = state
        self.order = "F" if fortran else "C"


class Buffer(metaclass=Unalterable):
    """An array as `_frombuffer` writes it (pickle protocol 5)."""

    __slots__ = ("axes", "data", "order", "shape", "type_name")

    def __init__(
        self, data: object, type_name: object, shape: object, order: object, axes: Any = None
    ) -> None:
        """Keep everything."""
        self.data, self.type_name, self.shape, self.order, self.axes = data, type_name, shape, order, axes


class Scalar(metaclass=Unalterable):
    """A numpy scalar: a type and its bytes."""

    __slots__ = ("data", "type_name")

    def __init__(self, type_name: object, data: object = b"") -> None:
        """Keep both."""
        self.type_name, self.data = type_name, data


class Latin1(metaclass=Unalterable):
    """`_codecs.encode`, with which old protocols write bytes."""

    def __new__(cls, text: str, encoding: str = "latin1") -> bytes:  # type: ignore[misc]  # a function, unalterable
        """Return the text's bytes."""
        return text.encode("latin1")


class Dict(metaclass=Unalterable):
    """`defaultdict`, read as a dict."""

    def __new__(cls, factory: object = None) -> dict[Any, Any]:  # type: ignore[misc]  # a function, unalterable
        """Return an empty dict."""
        return {}


class Attribute(metaclass=Unalterable):
    """`getattr`, with which a time zone is written, and which is good for nothing else."""

    def __new__(cls, owner: object, name: object) -> type[SetAside]:  # type: ignore[misc]  # a function, unalterable
        """Return what makes a time zone."""
        if owner is SetAside and name == "_unpickle":
            return SetAside
        raise RefusedPickleError("takes a part out of an object, which plain data does not do")


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
    words["builtins", "getattr"] = words["__builtin__", "getattr"] = Attribute
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
            # The word itself is not said: whoever wrote it may have written a subject's code.
            root = module.partition(".")[0]
            where = f"something of `{root}`" if root in KNOWN_ROOTS else "something of an unknown program"
            raise RefusedPickleError(f"names {where}, which plain data does not need") from None


class _Seal:
    """An audit hook (PEP 578) that refuses whatever Python announces while a pickle is read."""

    closed = False

    def __call__(self, event: str, _: tuple[object, ...]) -> None:
        if self.closed:
            raise RefusedPickleError(f"does something ({event}), which plain data does not")


_SEAL = _Seal()


def seal() -> None:
    """Let every later `load` of this process be refused at the first thing that it does beside building data.

    The table of words leaves nothing that could; this is what stands behind it, in the process that reads artifacts.
    """
    sys.addaudithook(_SEAL)


def load(data: bytes) -> object:
    """Return the plain data in a pickle.

    Raises RefusedPickleError for words outside the table, and what pickle raises for bytes that are none.
    """
    file = io.BytesIO(data)
    reader = _Reader(file)
    _SEAL.closed = True
    try:
        content = reader.load()
    finally:
        _SEAL.closed = False
    if file.read(1):
        raise RefusedPickleError("goes on behind its end: it holds several pickles, or was not written whole")
    return content


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
    if isinstance(value, SetAside | Unalterable):
        return "an object of pandas or numpy that is not read"
    if isinstance(value, Array | Buffer | Scalar | TypeName):
        return "an array, a number or a type of numpy"
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
