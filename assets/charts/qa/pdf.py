"""What a PDF of ours holds, read from its own bytes: pages, fonts, the characters drawn, and what is painted."""

import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_OBJECT = re.compile(rb"(?:^|\n)(\d+) 0 obj\b(.*?)\nendobj", re.DOTALL)
_STREAM = re.compile(rb"stream\r?\n(.*)\r?\nendstream", re.DOTALL)
_DRAWN = re.compile(
    rb"/(?P<font>\w+) [\d.]+ Tf|\((?P<literal>(?:\\.|[^\\()])*)\) Tj|<(?P<digits>[0-9A-Fa-f]*)> Tj"
    rb"|(?P<paint>(?<=\s)(?:f\*?|S|B\*?|b\*?|s)(?=\s))",
    re.DOTALL,
)
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_CONTROLS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_MAPPED = re.compile(rb"<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]+)>")


@dataclass(frozen=True)
class Pdf:
    """One PDF: number of pages, fonts by name with whether they are embedded, characters, painted paths."""

    pages: int
    fonts: Mapping[str, bool]
    text: str
    painted: int


def read(content: bytes) -> Pdf:
    """What is in a PDF as `render` writes it. Raises ValueError if it cannot be read as one."""
    objects = {int(number): body for number, body in _OBJECT.findall(content)}
    pages = [body for body in objects.values() if re.search(rb"/Type /Page\b", body)]
    named = {name: int(number) for name, number in re.findall(rb"/(\w+) (\d+) 0 R", b"".join(pages))}
    letters = {name: _letters(objects, number) for name, number in named.items() if _is_font(objects, number)}
    streams = [objects[number] for name, number in named.items() if name == b"Contents" and number in objects]
    streams += [body for body in objects.values() if b"/Subtype /Form" in body]
    drawn = [found for body in streams for found in _drawn(_unpacked(body), letters)]
    return Pdf(
        pages=len(pages),
        fonts=dict(_fonts(objects)),
        text="".join(text for text in drawn if text is not None),
        painted=sum(text is None for text in drawn),
    )


def _drawn(stream: bytes, letters: Mapping[bytes, Mapping[int, str]]) -> Iterator[str | None]:
    """Yield each text that is shown, and None for each path that is painted."""
    known: Mapping[int, str] = {}
    for found in _DRAWN.finditer(stream):
        if found["font"] is not None:
            known = letters.get(found["font"], {})
        elif found["paint"] is not None:
            yield None
        else:
            digits = found["digits"]
            glyphs = bytes.fromhex(digits.decode()) if digits is not None else _unescaped(found["literal"])
            yield "".join(
                known.get(int.from_bytes(glyphs[i : i + 2]), "\ufffd") for i in range(0, len(glyphs), 2)
            )


def _is_font(objects: Mapping[int, bytes], number: int) -> bool:
    return b"/Type /Font\n" in objects.get(number, b"")


def _fonts(objects: Mapping[int, bytes]) -> Iterator[tuple[str, bool]]:
    """Yield each font with whether its outlines are in the file."""
    for number, body in objects.items():
        name = re.search(rb"/BaseFont /([^\s/]+)", body)
        if _is_font(objects, number) and name and b"/Subtype /CIDFont" not in body:
            inner = _follow(objects, body, b"DescendantFonts \\[", rb"\]")
            descriptor = _follow(objects, inner or body, b"FontDescriptor")
            yield name[1].decode("latin-1"), bool(re.search(rb"/FontFile[23]? \d+ 0 R", descriptor))


def _letters(objects: Mapping[int, bytes], number: int) -> dict[int, str]:
    """Return what each glyph of a font stands for."""
    table = _unpacked(_follow(objects, objects[number], b"ToUnicode"))
    return {int(a, 16): bytes.fromhex(b.decode()).decode("utf-16-be") for a, b in _MAPPED.findall(table)}


def _follow(objects: Mapping[int, bytes], body: bytes, name: bytes, end: bytes = b"") -> bytes:
    found = re.search(rb"/" + name + rb"\s?(\d+) 0 R" + end, body)
    return objects.get(int(found[1]), b"") if found else b""


def _unpacked(body: bytes) -> bytes:
    found = _STREAM.search(body)
    if not found:
        return b""
    packed = b"/FlateDecode" in body[: found.start()]
    try:
        return zlib.decompress(found[1]) if packed else found[1]
    except zlib.error as error:
        raise ValueError(f"a stream of the PDF is broken: {error}") from error


def _unescaped(literal: bytes) -> bytes:
    def plain(found: re.Match[bytes]) -> bytes:
        said = found[1]
        return bytes([int(said, 8) & 255]) if said[:1].isdigit() else _CONTROLS.get(said, said)

    return _ESCAPE.sub(plain, literal)
