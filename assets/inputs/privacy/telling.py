"""Whether keyed codes tell what they stand for: by how they are made, or by their order."""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from itertools import islice

_UNKEYED = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "blake2b", "blake2s")
_FEW = 10
"""Subjects below which an order says nothing."""
_MANY = 200
_CHANCE = 5.0
"""Standard deviations of a rank correlation that chance does not reach: once in two million look-ups."""


def faults(lookup: Mapping[str, str]) -> Iterator[str]:
    """Yield, in words, what the codes of a look-up (code -> original code) give away."""
    for code, original in islice(lookup.items(), _MANY):  # all are made in one way
        if made := _made_by(code.casefold(), original):
            yield f"codes are {made} of the original code, which anybody can compute"
            break
    if len(lookup) >= _FEW and abs(correlation(lookup)) * (len(lookup) - 1) ** 0.5 > _CHANCE:
        yield "codes come in the order of the original codes"


def correlation(lookup: Mapping[str, str]) -> float:
    """Return the rank correlation (Spearman's) between codes and original codes, both in their natural order."""
    originals = {original: rank for rank, original in enumerate(sorted(lookup.values(), key=_natural))}
    ranks = [originals[lookup[code]] for code in sorted(lookup)]
    n = len(ranks)
    return 1 - 6 * sum((rank - at) ** 2 for at, rank in enumerate(ranks)) / (n * (n * n - 1))


def _made_by(code: str, original: str) -> str | None:
    """Return the unkeyed way in which a code is made, None when it is none of these."""
    plain = original.encode()
    ways = {"the spelling": plain, **{f"the {name}": hashlib.new(name, plain).digest() for name in _UNKEYED}}
    for way, content in ways.items():
        for text in (
            content.hex(),
            base64.b32encode(content).decode(),
            base64.urlsafe_b64encode(content).decode(),
        ):
            if _begins(text.casefold(), code):
                return way
    return "the text" if original.casefold() in code and len(original) > 2 else None


def _begins(text: str, code: str) -> bool:
    """Tell whether a code is how a text begins, with or without a letter before it."""
    return any(len(body) >= 6 and text.startswith(body) for body in (code, code[1:]))


def _natural(text: str) -> list[tuple[int, int, str]]:
    """Return what sorts numbers within texts by value."""
    return [
        (0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split("([0-9]+)", text) if part
    ]
