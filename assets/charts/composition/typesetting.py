"""How wide a text is drawn, where its lines break, and how labels keep clear of one another.

Widths are those of Liberation Sans Regular, which vl-convert brings along and which is as wide as
Arial and Helvetica. They are written down here because no font file can be relied on to be found.
"""

import re
import unicodedata
from collections.abc import Sequence

_UNITS_PER_EM = 2048
_JOINT = "\u200b"  # where a text may be broken and nothing is seen
_WIDTHS = {
    0: _JOINT,
    391: "'",
    455: "ijl‘’",
    532: "|",
    569: " !,./:;I[\\]ft\u00a0",
    682: "()-`r·“”",
    684: "{}",
    717: "•",
    727: '"',
    797: "*",
    819: "°",
    961: "^",
    1024: "Jcksvxyz",
    1124: "±≥≤≈",
    1139: "#$0123456789?L_abdeghnopqu–",
    1196: "+<=>~×−",
    1251: "FTZ",
    1366: "&ABEKPSVXY",
    1479: "CDHNRUw",
    1593: "GOQ",
    1706: "Mm",
    1821: "%",
    1933: "W",
    2048: "—…",
    2079: "@",
}
_WIDTH = {character: units for units, characters in _WIDTHS.items() for character in characters}


def text_width(text: str, size: float) -> float:
    """Width in points of one line of text; a character that is not known here counts as one em."""
    return size / _UNITS_PER_EM * sum(_units(character) for character in text)


def wrapped(text: str, width: float, size: float) -> list[str]:
    """The text in lines of at most `width` points, broken after spaces, hyphens and underscores.

    As few lines as possible, and these of like length. A piece without such a place stays whole,
    however long: a method's name is never cut.
    """
    lines = _filled(text, width, size)
    while len(lines) > 1 and len(tighter := _filled(text, width - 2, size)) == len(lines) and width > 2:
        lines, width = tighter, width - 2
    return lines


def fitted(text: str, width: float, size: float) -> list[str]:
    """The text in lines of at most `width` points, however narrow: the last resort where nothing may stand beside it.

    As `wrapped`, but what is still too wide is broken before its capitals, and if that is not enough, anywhere.
    """
    lines = wrapped(text, width, size)
    for spaced in (re.sub(r"(?<=[a-z])(?=[A-Z])", _JOINT, text), _JOINT.join(text)):
        if max(text_width(line, size) for line in lines) <= width:
            break
        lines = wrapped(spaced, width, size)
    return [line.replace(_JOINT, "") for line in lines]


def dodged(wanted: Sequence[float], *, gap: float, low: float, high: float) -> list[float]:
    """Positions at least `gap` apart, in the order of those wanted and, in squares, nearest to them.

    All lie between `low` and `high` if there is room. Ties keep the order in which they were given.
    (Isotonic regression by pooling adjacent violators, after the gaps were taken out.)
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    pools: list[tuple[float, int]] = []
    for rank, i in enumerate(order):
        mean, size = wanted[i] - rank * gap, 1
        while pools and pools[-1][0] >= mean:
            other, n = pools.pop()
            mean, size = (mean * size + other * n) / (size + n), size + n
        pools.append((mean, size))
    room = max(low, high - (len(order) - 1) * gap)
    clear = [min(max(mean, low), room) for mean, size in pools for _ in range(size)]
    placed = {i: clear[rank] + rank * gap for rank, i in enumerate(order)}
    return [placed[i] for i in range(len(wanted))]


def _filled(text: str, width: float, size: float) -> list[str]:
    lines = [""]
    for piece in _pieces(text):
        if lines[-1] and text_width((lines[-1] + piece).rstrip(), size) > width:
            lines.append("")
        lines[-1] += piece
    return [line.rstrip() for line in lines]


def _units(character: str) -> int:
    plain = unicodedata.normalize("NFD", character)[0]
    return _WIDTH.get(plain, _UNITS_PER_EM)


def _pieces(text: str) -> list[str]:
    pieces = [""]
    for character in text:
        pieces[-1] += character
        if character in f" -_–{_JOINT}":
            pieces.append("")
    return [piece for piece in pieces if piece]
