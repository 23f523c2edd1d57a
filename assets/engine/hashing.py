"""One function makes every digest, over typed and length-prefixed structures.

Joining strings invites collisions: `["a;b"]` and `["a", "b"]`, `1` and `"1"`, `True` and `1` fell
together in builders that did so. Here each value carries its type and its length, and a type that
has no canonical form is refused.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

SCHEME = 2
"""Version of the encoding below and of everything hashed with it; part of every input hash."""


def digest(kind: str, *parts: Any) -> str:
    """Return the SHA-256, in hex, of `parts` as a thing of this `kind`.

    Parts may be None, bool, int, float, str, bytes, and lists, tuples, sets and string-keyed mappings
    of them, nested as deep as you like. Mappings and sets have no order; lists and tuples are one type.

    Raises
    ------
    TypeError
        A part (or something within it) has no canonical form.
    """
    pieces: list[bytes] = []
    _encode([SCHEME, kind, list(parts)], pieces)
    return hashlib.sha256(b"".join(pieces)).hexdigest()


def _encode(value: Any, pieces: list[bytes]) -> None:
    """Append the canonical form of a value; appending is several times cheaper than yielding."""
    match value:
        case str():
            payload = value.encode("utf-8", "surrogatepass")
            pieces.append(b"s%d:%b" % (len(payload), payload))
        case None:
            pieces.append(b"n")
        case bool():  # before int: True is an int to Python, and not to us
            pieces.append(b"T" if value else b"F")
        case int():
            pieces.append(_sized(b"i", b"%x" % value))
        case float():
            pieces.append(_sized(b"d", value.hex().encode()))
        case bytes():
            pieces.append(_sized(b"b", value))
        case list() | tuple():
            pieces.append(b"l%d:" % len(value))
            for item in value:
                _encode(item, pieces)
        case set() | frozenset():
            pieces.append(b"e%d:" % len(value))
            pieces += sorted(map(_alone, value))
        case dict() | Mapping():  # the first is the quicker to tell
            pieces.append(b"m%d:" % len(value))
            for name in sorted(value, key=_mapping_key):
                _encode(name, pieces)
                _encode(value[name], pieces)
        case _:
            raise TypeError(f"cannot hash a {type(value).__qualname__}: it has no canonical form")


def _alone(value: Any) -> bytes:
    pieces: list[bytes] = []
    _encode(value, pieces)
    return b"".join(pieces)


def _sized(tag: bytes, payload: bytes) -> bytes:
    return b"%b%d:%b" % (tag, len(payload), payload)


def _mapping_key(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"cannot hash a mapping with a {type(name).__qualname__} as key: use text")
    return name
