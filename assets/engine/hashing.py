"""One function makes every digest, over typed and length-prefixed structures.

Joining strings invites collisions: `["a;b"]` and `["a", "b"]`, `1` and `"1"`, `True` and `1` fell
together in builders that did so. Here each value carries its type and its length, and a type that
has no canonical form is refused.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

SCHEME = 1
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
    sha = hashlib.sha256()
    for piece in _encode([SCHEME, kind, list(parts)]):
        sha.update(piece)
    return sha.hexdigest()


def _encode(value: Any) -> Iterator[bytes]:
    match value:
        case None:
            yield b"n"
        case bool():  # before int: True is an int to Python, and not to us
            yield b"T" if value else b"F"
        case int():
            yield from _sized(b"i", b"%x" % value)
        case float():
            yield from _sized(b"d", value.hex().encode())
        case str():
            yield from _sized(b"s", value.encode("utf-8", "surrogatepass"))
        case bytes():
            yield from _sized(b"b", value)
        case list() | tuple():
            yield b"l%d:" % len(value)
            for item in value:
                yield from _encode(item)
        case set() | frozenset():
            yield b"e%d:" % len(value)
            yield from sorted(b"".join(_encode(item)) for item in value)
        case Mapping():
            yield b"m%d:" % len(value)
            for name in sorted(value, key=_mapping_key):
                yield from _encode(name)
                yield from _encode(value[name])
        case _:
            raise TypeError(f"cannot hash a {type(value).__qualname__}: it has no canonical form")


def _sized(tag: bytes, payload: bytes) -> tuple[bytes, bytes]:
    return tag + b"%d:" % len(payload), payload


def _mapping_key(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"cannot hash a mapping with a {type(name).__qualname__} as key: use text")
    return name
