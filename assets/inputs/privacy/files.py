"""Looking through files: pictures with all that they carry beside their pixels, JSON, tables, archives, texts.

What cannot be seen: pixels, glyphs that a PDF draws by number, and what is encrypted or compressed in a way that is
not named here. A figure's PNG and PDF are made from its SVG, whose text is looked through.
"""

import csv
import html
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from assets.inputs.privacy.json_texts import texts
from assets.inputs.privacy.originals import Finding, Originals, names_subjects

_WHOLE = 2**26
"""Bytes up to which a file is understood by its kind; larger ones are looked through as bytes."""
_PIECE, _OVERLAP = 2**24, 2**10
_PNG, _PICTURE_DATA = b"\x89PNG\r\n\x1a\n", (b"IHDR", b"PLTE", b"IDAT", b"IEND")
_NODE = re.compile(r">([^<>]+)<")
_STREAM = re.compile(rb"stream\r?\n")
_LITERAL, _HEX = re.compile(rb"\(((?:\\.|[^\\()])*)\)", re.DOTALL), re.compile(rb"<([0-9A-Fa-f\s]{8,})>")
_PIECES = re.compile(rb"\[([^\[\]]*)\]\s*TJ")
_CODE_POINT = re.compile(r"\\u([0-9A-Fa-f]{4})")
_TEX_UNSEEN, _TEX_ESCAPE = re.compile(r"\\allowbreak\b\s?|\{\}"), re.compile(r"\\([_%&#${}])")
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)


def in_file(path: Path, originals: Originals, place: str | None = None) -> Iterator[Finding]:
    """Yield whether a file bears original codes in its name, and whether in its content.

    `place` is how it is told where the file is, when that is not where it lies.
    """
    told = place or path.as_posix()
    if found := originals.among([Path(told).name, Path(told).stem], numbers=False):
        yield Finding(f"the name of {originals.hidden(told)}", len(found))
    if count := len(in_content(path, originals, suffix=Path(told).suffix)):
        yield Finding(originals.hidden(told), count)


def in_content(path: Path, originals: Originals, *, suffix: str) -> frozenset[str]:
    """Return the codes in a file's content."""
    if path.stat().st_size <= _WHOLE:
        return understood(path.read_bytes(), originals, suffix=suffix)
    found, tail = frozenset[str](), b""
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            found |= originals.in_bytes(tail + piece)
            tail = piece[-_OVERLAP:]
    return found


def understood(content: bytes, originals: Originals, *, suffix: str) -> frozenset[str]:
    """Return the codes in a file's content, by the kind of file that it is; whatever it is, as bytes too."""
    if content.startswith(_PNG):
        return originals.among(_of_png(content), numbers=False)
    found = originals.in_bytes(content)
    if content.startswith(b"%PDF-"):
        return found | originals.among(_of_pdf(content), numbers=False)
    if content.startswith(b"PAR1"):
        return found | _in_parquet(content, originals)
    if zipfile.is_zipfile(io.BytesIO(content)):
        return found | _in_archive(content, originals)
    text = content.decode("utf-8-sig", "replace")
    if suffix in (".svg", ".xml", ".html"):
        plain = _CODE_POINT.sub(lambda code: chr(int(code[1], 16)), html.unescape(text))  # of a script
        return found | originals.among([plain, *map(str.strip, _NODE.findall(plain))], numbers=False)
    if suffix == ".tex":
        return found | originals.among([_TEX_ESCAPE.sub(r"\1", _TEX_UNSEEN.sub("", text))], numbers=False)
    if suffix in (".json", ".ipynb"):
        return found | originals.among(_of_json(text))
    if suffix in (".csv", ".tsv") and originals.some_count_whole_alone:
        return found | originals.among(_of_csv(text))
    return found


def _of_png(content: bytes) -> Iterator[str]:
    """Yield what each chunk says that is no picture, and what stands behind the last."""
    at = len(_PNG)
    while at + 12 <= len(content):
        length, kind = int.from_bytes(content[at : at + 4]), content[at + 4 : at + 8]
        data = content[at + 8 : at + 8 + length]
        at += 12 + length
        if kind not in _PICTURE_DATA:
            keyword, _, rest = data.partition(b"\0")
            yield from map(_decoded, (keyword, data, *_inflated_parts(rest)))
        if kind == b"IEND":
            break
    yield _decoded(content[at:])


def _inflated_parts(data: bytes) -> Iterator[bytes]:
    """Yield what is compressed in a text or profile of a PNG: behind its keyword and at most two more fields."""
    for position in [found.start() for found in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", data[:512])]:
        yield _inflated(data[position:])


def _of_pdf(content: bytes) -> Iterator[str]:
    """Yield the texts of a PDF: of its own objects and of each stream that is Flate or not compressed."""
    yield from _pdf_texts(content)
    for found in _STREAM.finditer(content):
        if inflated := _inflated(memoryview(content)[found.end() :]):
            yield _decoded(inflated)
            yield from _pdf_texts(inflated)


def _pdf_texts(data: bytes) -> Iterator[str]:
    yield from (_pdf_text(_unescaped(literal)) for literal in _LITERAL.findall(data))
    for digits in _HEX.findall(data):
        digits = b"".join(digits.split())
        yield _pdf_text(bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode()))
    for array in _PIECES.findall(data):  # a text in pieces, with the distances between them
        yield _pdf_text(b"".join(_unescaped(literal) for literal in _LITERAL.findall(array)))


def _unescaped(literal: bytes) -> bytes:
    def plain(found: re.Match[bytes]) -> bytes:
        return bytes([int(found[1], 8) & 255]) if found[1][:1] in b"01234567" else found[1]

    return _ESCAPE.sub(plain, literal)


def _pdf_text(data: bytes) -> str:
    return data.decode("utf-16" if data[:2] in (b"\xfe\xff", b"\xff\xfe") else "latin-1", "replace")


def _of_json(text: str) -> set[str]:
    with suppress(ValueError, RecursionError):  # no JSON: it is looked at as it is
        return texts(json.loads(text))
    return set()


def _of_csv(text: str) -> Iterator[str]:
    """Yield the cells: of columns that name subjects as they are, of others what is no number."""
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter="\t" if "\t" in text.partition("\n")[0] else ","))
    except csv.Error:
        return  # no CSV: it is looked at as it is
    telling = [names_subjects(name) for name in rows[0]] if rows else []
    for row in rows:
        for number, cell in enumerate(row):
            if (number < len(telling) and telling[number]) or not _is_number(cell):
                yield cell


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _in_parquet(content: bytes, originals: Originals) -> frozenset[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from assets.inputs.privacy.tables import in_arrow

    try:
        file = pq.ParquetFile(pa.BufferReader(content))
        return in_arrow(file.iter_batches(), originals)
    except pa.ArrowException:
        return frozenset()  # cut short or damaged: it is looked at as it is


def _in_archive(content: bytes, originals: Originals) -> frozenset[str]:
    """Return the codes in the members of an archive, as many as memory should bear; of archives within, in bytes."""
    found, left = frozenset[str](), _WHOLE
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            found |= originals.among(archive.namelist(), numbers=False)
            for member in archive.infolist():
                with archive.open(member) as opened:
                    data = opened.read(left)
                left -= len(data)
                text = data.decode("utf-8", "replace")
                found |= originals.in_bytes(data) | originals.among(_NODE.findall(text), numbers=False)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error):
        pass  # damaged or encrypted: what could be seen was seen
    return found


def _inflated(data: bytes | memoryview) -> bytes:
    """Return what zlib makes of data, as far as it goes and memory should bear."""
    machine = zlib.decompressobj()
    try:
        return machine.decompress(data, _WHOLE)
    except zlib.error:
        return b""


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "replace")
