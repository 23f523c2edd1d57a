"""How original subject codes are found again in text: wherever they stand, and nowhere else."""

import json
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from private_codes import originals, private_folder

from assets.engine.errors import UserError
from assets.inputs.privacy.originals import Originals
from assets.inputs.subjects import relabel


@pytest.mark.parametrize(
    "text",
    [
        "QX-0042",
        "metrics_QX-0042.pickle",
        "see (qx-0042)!",
        "QX-42",
        "qx-00042",
        "ＱＸ－００４２",
        "ÖST/7 b",
        "öst/7 b",
        "O\u0308ST/7 b",
        quote("ÖST/7 b", safe=""),
        json.dumps("ÖST/7 b"),
        "id;01-001;0.5",
    ],
)
def test_a_code_is_found_within_text_however_it_is_spelled(text: str) -> None:
    assert originals().in_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "QX-00421",
        "xQX-0042",
        "QX0042",
        "1001 rows",
        "seed=1001",
        "0.1001",
        "12",
        "Q7 and 12 more",
        "2025-01-001",
        "01-001.5-2",
        "http://host/01-001/2",
        "version 3.01-001",
        "S2ABCDEFGHI",
    ],
)
def test_what_only_resembles_a_code_is_not(text: str) -> None:
    assert not originals("QX-0042", "1001", "12", "Q7", "01-001").in_text(text)


@pytest.mark.parametrize(
    "value", ["1001", " 1001", "1001.0", "01001", "12", "q7", "Q07", "01-001", "QX-0042 b"]
)
def test_a_number_or_a_short_code_counts_where_it_is_all_of_a_text(value: str) -> None:
    assert originals().among([value])


@pytest.mark.parametrize("value", ["1001 b", "10011", "1001.5", "1001.00", "Q7 b", "Q70", "1-1"])
def test_and_nowhere_else(value: str) -> None:
    assert not originals().among([value])


def test_where_a_number_may_be_just_that_codes_that_are_numbers_do_not_count() -> None:
    assert not originals().among(["1001", "12"], numbers=False)
    assert originals().among(["Q7", "01-001"], numbers=False) == {"Q7", "01-001"}


def test_bytes_are_looked_through_in_every_encoding_and_with_other_texts_adjoining() -> None:
    known = originals("QX-0042")
    for content in (
        b"QX-0042",
        "QX-0042".encode("utf-16-le"),
        "\ufeffQX-0042".encode("utf-16-be"),
        b"\0QX-0042Anna",
    ):
        assert known.in_bytes(content) == {"QX-0042"}
    assert not known.in_bytes(b"QX-0042Anna"), "text is looked at as text"


def test_a_code_across_pieces_of_a_large_file_is_found() -> None:
    content = b"\0" * (2**22 - 3) + b"QX-0042" + b"\0" * 9
    assert originals("QX-0042").in_bytes(content)


CODE = st.text(st.characters(codec="utf-8", categories=["L", "Nd"]), min_size=1, max_size=8)
BETWEEN = st.sampled_from([" ", "-", "/", ".", "_", ": "])


@given(
    st.lists(
        st.tuples(CODE, BETWEEN, CODE).map("".join).filter(lambda code: len(code) > 3), min_size=1, max_size=5
    )
)
def test_any_code_with_a_letter_is_found_between_what_is_no_letter_or_digit(codes: list[str]) -> None:
    lettered = [code for code in codes if any(c.isalpha() for c in code) and len(code.casefold()) > 3]
    known = originals(*codes)
    for code in lettered:
        assert known.in_text(f"a, {code}; b")
        assert known.in_text(code.upper()) or code.upper().casefold() != code.casefold()
        assert known.among([code])


@given(st.lists(st.tuples(CODE, BETWEEN, CODE).map("".join), min_size=1, max_size=5), st.text())
def test_codes_of_many_makes_are_found_as_each_alone_is(codes: list[str], text: str) -> None:
    text += "|".join(codes[:2])
    alone = {code for code in codes if originals(code).in_text(text)}
    together = originals(*codes).in_text(text)
    assert len(together) <= len(alone) and bool(together) == bool(alone)


def test_all_look_ups_of_the_private_folder_count(tmp_path: Path) -> None:
    private_folder(tmp_path)
    relabel(["WX-9000"], tmp_path / "default-study")
    assert {"WX-9000", "QX-0042"} <= Originals.known(tmp_path).codes


def test_positions_of_rows_name_nobody(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    relabel([f"row {number}" for number in range(1, 9)], tmp_path)
    assert not Originals.known(tmp_path)


def test_without_any_look_up_there_is_nothing_to_find(tmp_path: Path) -> None:
    assert not Originals.known(tmp_path / "absent") and not Originals.known(tmp_path).in_text("QX-0042")


def damaged(path: Path) -> None:
    path.write_text("a,b\n1,2\n")


def emptied(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\x00")


def opened(path: Path) -> None:
    path.chmod(0o644)


def a_link_to_nothing(path: Path) -> None:
    path.unlink()
    path.symlink_to("elsewhere.csv")


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("spoil", [damaged, emptied, opened, a_link_to_nothing, a_folder])
def test_a_look_up_that_cannot_be_trusted_stops_everything(tmp_path: Path, spoil: object) -> None:
    spoil(private_folder(tmp_path) / "subject_lookup.csv")  # type: ignore[operator]
    with pytest.raises(UserError, match=r"subject_lookup\.csv"):
        Originals.known(tmp_path)


def test_a_name_is_told_without_the_code_that_it_bears() -> None:
    assert originals().hidden("figures/QX-0042.svg") == "figures/…"
    assert originals().hidden("figures/12.svg") == "figures/12.svg"
