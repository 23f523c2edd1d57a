"""No original code leaves in a file: in its name, its text, or what it carries where nobody looks."""

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from private_codes import originals

from assets.inputs.privacy.files import in_file
from assets.inputs.privacy.originals import Finding
from assets.latex.texts import breakable, escaped

CODE = "QX-0042"


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(*chunks: bytes, behind: bytes = b"") -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"\0\0"))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + pixels + chunk(b"IEND", b"") + behind


def pdf(body: bytes) -> bytes:
    return b"%PDF-1.7\n1 0 obj\n" + body + b"\nendobj\n%%EOF"


def stream(content: bytes) -> bytes:
    packed = zlib.compress(content)
    return b"<< /Filter /FlateDecode /Length %d >>\nstream\n" % len(packed) + packed + b"\nendstream"


def archive(name: str, text: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr(name, text)
    return made.getvalue()


def parquet(**columns: object) -> bytes:
    made = io.BytesIO()
    pq.write_table(pa.table(columns), made, compression="zstd")
    return made.getvalue()


SVG = '<svg xmlns="http://www.w3.org/2000/svg">%s</svg>'
UTF16 = ("\ufeff" + CODE).encode("utf-16-be")

BEARERS: dict[str, tuple[str, bytes]] = {
    "a text of a PNG": ("a.png", png(chunk(b"tEXt", b"Title\0of " + CODE.encode()))),
    "a keyword of a PNG": ("a.png", png(chunk(b"tEXt", CODE.encode() + b"\0x"))),
    "a compressed text of a PNG": ("a.png", png(chunk(b"zTXt", b"Title\0\0" + zlib.compress(CODE.encode())))),
    "an international text of a PNG": ("a.png", png(chunk(b"iTXt", b"T\0\0\0en\0\0" + CODE.encode()))),
    "a compressed international text": (
        "a.png",
        png(chunk(b"iTXt", b"T\0\x01\0en\0\0" + zlib.compress(CODE.encode()))),
    ),
    "Exif of a PNG": ("a.png", png(chunk(b"eXIf", b"MM\0*\0\0\0\x08" + CODE.encode() + b"\0"))),
    "a chunk that nobody knows": ("a.png", png(chunk(b"prVt", CODE.encode()))),
    "bytes behind a PNG": ("a.png", png(behind=CODE.encode())),
    "a text of an SVG": ("a.svg", (SVG % f"<text>{CODE}</text>").encode()),
    "a short code as a text of an SVG": ("a.svg", (SVG % "<text> Q7 </text>").encode()),
    "a text of an SVG in entities": ("a.svg", (SVG % "<text>&#81;X&#45;0042</text>").encode()),
    "an attribute of an SVG": ("a.svg", (SVG % f'<path aria-label="subject: {CODE}"/>').encode()),
    "a comment of an SVG": ("a.svg", (SVG % f"<!-- {CODE} -->").encode()),
    "metadata of an SVG": ("a.svg", (SVG % f"<metadata><a:b>{CODE}</a:b></metadata>").encode()),
    "the title of a PDF": ("a.pdf", pdf(b"<< /Title (of " + CODE.encode() + b") >>")),
    "an escaped title of a PDF": ("a.pdf", pdf(b"<< /Title (\\121X\\0550042) >>")),
    "a UTF-16 title of a PDF": ("a.pdf", pdf(b"<< /Title (" + UTF16 + b") >>")),
    "a title of a PDF in hex": ("a.pdf", pdf(b"<< /Title <" + UTF16.hex().encode() + b"> >>")),
    "XMP of a PDF": ("a.pdf", pdf(stream(f"<x:xmpmeta>{CODE}</x:xmpmeta>".encode()))),
    "a text that a PDF shows": ("a.pdf", pdf(stream(b"BT (" + CODE.encode() + b") Tj ET"))),
    "a text that a PDF shows in pieces": ("a.pdf", pdf(stream(b"BT [(QX) -20 (-00) 3 (42)] TJ ET"))),
    "a text of a sidecar": ("a.json", json.dumps({"data": [{"x": f"{CODE}"}]}).encode()),
    "a key of a sidecar": ("a.json", json.dumps({"data": {CODE: 1}}).encode()),
    "a number that is a text of a sidecar": ("a.json", json.dumps({"data": ["1001"]}).encode()),
    "a number under a key that names subjects": ("a.json", json.dumps({"subject": 1001}).encode()),
    "a code with its letters escaped": ("a.json", json.dumps({"x": "ÖST/7 b"}).encode()),
    "a cell of a CSV": ("a.csv", f"a,b\n1,{CODE}\n".encode()),
    "a short code in a CSV": ("a.csv", b"a,b\n1,Q7\n"),
    "a number in a column that names subjects": ("a.csv", b"patient,b\n1001,0.5\n"),
    "a column of a Parquet file": ("a.parquet", parquet(x=[["a", CODE]])),
    "an id in a Parquet file": ("a.parquet", parquet(subject_id=[1001])),
    "a member of an archive": ("a.xlsx", archive("xl/sharedStrings.xml", f"<t>{CODE}</t>")),
    "the name of a member": ("a.zip", archive(f"{CODE}.txt", "")),
    "a pickle": ("a.pickle", b"\x80\x05\x8c\x07" + CODE.encode() + b"\x94."),
    "a database, with more text behind": ("a.db", b"SQLite format 3\0" + CODE.encode() + b"Anna"),
    "a script of a page": ("a.html", b'<script>{"x": "\\u00d6ST/7 b", "y": "<"}</script>'),
    "any text": ("README.md", f"for instance {CODE}.".encode()),
}


@pytest.mark.parametrize("bearer", BEARERS)
def test_a_code_is_found_in(tmp_path: Path, bearer: str) -> None:
    name, content = BEARERS[bearer]
    (tmp_path / name).write_bytes(content)
    assert list(in_file(tmp_path / name, originals(), f"figures/{name}")) == [Finding(f"figures/{name}", 1)]


@pytest.mark.parametrize("code", ["WARD_07#b", "QX-0042", "study-ward/QxAbcDe_f"])
@pytest.mark.parametrize("spelled", [escaped, breakable])
def test_a_code_is_found_as_the_tables_for_latex_spell_it(
    tmp_path: Path, code: str, spelled: Callable[[str], str]
) -> None:
    (tmp_path / "a.tex").write_text(rf"for instance {spelled(code)} \\")
    assert list(in_file(tmp_path / "a.tex", originals(code), "a.tex")) == [Finding("a.tex", 1)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.png", png(chunk(b"tEXt", b"Title\0of 1001 subjects"))),
        ("a.svg", (SVG % "<text>1001</text><text>12</text>").encode()),
        ("a.pdf", pdf(stream(b"BT (1001) Tj 12 0 Td ET"))),
        ("a.json", json.dumps({"seed": 1001, "n": [12], "x": "1001 rows"}).encode()),
        ("a.csv", b"seed,n\n1001,12\n"),
        ("a.parquet", parquet(n=[1001, 12])),
        ("1001.txt", b"seed = 1001"),
        ("a.zip", b"PK\x05\x06 no archive"),
        ("a.pdf", pdf(b"<< /Title (cut")),
        ("a.png", b"\x89PNG\r\n\x1a\n cut"),
        ("a.parquet", b"PAR1 cut"),
        ("a.json", b"{cut"),
    ],
)
def test_numbers_and_damaged_files_are_no_false_alarm(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert not list(in_file(tmp_path / name, originals()))


@pytest.mark.parametrize("name", [f"metrics_{CODE}.pickle", f"{CODE}.png", "Q7.svg"])
def test_a_code_in_the_name_of_a_file_is_found_and_not_told(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"nothing")
    (found,) = in_file(tmp_path / name, originals(), f"figures/{name}")
    assert found == Finding("the name of figures/…", 1)


def test_a_file_too_large_to_be_understood_is_looked_through_as_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assets.inputs.privacy.files._WHOLE", 1000)
    monkeypatch.setattr("assets.inputs.privacy.files._PIECE", 2000)
    (tmp_path / "a.txt").write_bytes(b" " * 1996 + CODE.encode() + b" " * 5000)
    assert [finding.count for finding in in_file(tmp_path / "a.txt", originals())] == [1]
