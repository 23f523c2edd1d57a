"""Subjects appear under codes that only the holder of the private folder can trace back."""

import errno
import os
import re
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import assets
from assets.engine.errors import UserError
from assets.inputs import subjects
from assets.inputs.subjects import ensure_key, key_identity, read_lookup, relabel, subject_key

ROOT = Path(assets.__file__).parents[1]


@pytest.fixture
def private(tmp_path: Path) -> Path:
    return tmp_path / "data" / "private"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_code_says_nothing_of_the_original_and_stays_the_same(private: Path) -> None:
    codes = relabel(["P2", "P1"], private)
    assert set(codes) == {"P1", "P2"}
    assert all(re.fullmatch(r"S[A-Z2-7]{10}", code) for code in codes.values())
    assert relabel(["P1"], private)["P1"] == codes["P1"]


def test_another_key_gives_other_codes(private: Path, tmp_path: Path) -> None:
    assert relabel(["P1"], private) != relabel(["P1"], tmp_path / "other")
    assert key_identity(private) != key_identity(tmp_path / "other")
    assert key_identity(private) == key_identity(private)
    assert key_identity(private) not in subject_key(private).hex()


def test_the_code_is_the_keyed_hash_of_the_original(private: Path) -> None:
    private.mkdir(parents=True)
    key = private / "subject_key"
    key.touch(mode=0o600)
    key.write_text("0b" * 32)
    # python -c "import hmac,base64; print(base64.b32encode(hmac.digest(b'\x0b'*32, b'P1', 'sha256'))[:10])"
    assert relabel(["P1"], private) == {"P1": "S6YLMMN33S2"}


def test_all_subjects_met_so_far_are_in_the_lookup(private: Path) -> None:
    first = relabel(["b", 'a,"\n'], private)
    second = relabel(["c"], private)
    assert read_lookup(private) == {code: original for original, code in {**first, **second}.items()}
    lines = (private / "subject_lookup.csv").read_text().splitlines()
    assert lines[0] == "subject_code,original_code"


def test_the_files_are_readable_by_their_owner_alone(private: Path) -> None:
    relabel(["a"], private)
    assert mode(private) == 0o700
    assert mode(private / "subject_key") == 0o600
    assert mode(private / "subject_lookup.csv") == 0o600
    assert sorted(path.name for path in private.iterdir()) == ["subject_key", "subject_lookup.csv"]


@pytest.mark.parametrize("name", ["subject_key", "subject_lookup.csv"])
@pytest.mark.parametrize("bits", [0o640, 0o604, 0o644])
def test_a_file_that_others_may_read_stops_everything(private: Path, name: str, bits: int) -> None:
    relabel(["a"], private)
    (private / name).chmod(bits)
    with pytest.raises(UserError, match=f"chmod 600 .*{name}"):
        relabel(["b"], private)


@pytest.mark.parametrize(
    ("name", "text"), [("subject_key", "short"), ("subject_key", ""), ("subject_lookup.csv", "a,b\n1,2\n")]
)
def test_a_damaged_file_is_not_overwritten(private: Path, name: str, text: str) -> None:
    relabel(["a"], private)
    (private / name).write_text(text)
    with pytest.raises(UserError, match="damaged"):
        relabel(["b"], private)
    assert (private / name).read_text() == text


def test_two_subjects_with_one_code_stop_everything(private: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subjects, "CODE_LETTERS", 1)
    with pytest.raises(UserError, match="share a code"):
        relabel([str(number) for number in range(33)], private)
    assert read_lookup(private) == {}


def test_a_new_key_renews_the_codes_of_all_known_subjects(private: Path) -> None:
    old = relabel(["a", "b"], private)
    (private / "subject_key").unlink()
    relabel(["c"], private)
    lookup = read_lookup(private)
    assert sorted(lookup.values()) == ["a", "b", "c"]
    assert not set(old.values()) & set(lookup)


def test_a_declared_key_makes_codes_the_same_everywhere(private: Path, tmp_path: Path) -> None:
    for folder in (private, tmp_path / "other"):
        ensure_key(folder, declared=b"k" * 32)
    assert relabel(["a"], private) == relabel(["a"], tmp_path / "other")


def test_a_declared_key_does_not_replace_one_that_is_there(private: Path) -> None:
    ensure_key(private)
    before = subject_key(private)
    ensure_key(private, declared=b"k" * 32)
    assert subject_key(private) == before


def test_subjects_met_before_cost_no_second_reading(private: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = relabel(["a", "b"], private)
    monkeypatch.setattr(subjects, "_read_private", None)  # to call it would fail
    for _ in range(100):
        assert relabel(["b", "a"], private)["b"] == first["b"]


def test_a_lookup_that_was_deleted_is_written_again(private: Path) -> None:
    first = relabel(["a"], private)
    (private / "subject_lookup.csv").unlink()
    assert relabel(["a"], private) == first
    assert list(read_lookup(private).values()) == ["a"]


def test_what_another_process_recorded_meanwhile_is_kept(private: Path) -> None:
    relabel(["a"], private)
    code = f"from assets.inputs.subjects import relabel; relabel(['b'], __import__('pathlib').Path({str(private)!r}))"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
    relabel(["a"], private)
    relabel(["c"], private)
    assert sorted(read_lookup(private).values()) == ["a", "b", "c"]


def test_processes_that_start_at_once_agree_on_key_and_lookup(private: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: relabel(["shared", str(number)], private), range(16)))
    assert len({codes["shared"] for codes in found}) == 1
    assert len(read_lookup(private)) == 17


@given(st.lists(st.text(min_size=1).filter(str.isprintable), unique=True, max_size=5))
def test_any_printable_original_comes_back_from_the_lookup(
    tmp_path_factory: pytest.TempPathFactory, originals: list[str]
) -> None:
    private = tmp_path_factory.mktemp("private")
    codes = relabel(originals, private)
    lookup = read_lookup(private)
    assert [lookup[codes[original]] for original in originals] == originals


@pytest.mark.parametrize("step", ["mkstemp", "fsync"])
def test_a_lookup_that_cannot_be_kept_is_said_and_leaves_nothing(
    private: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    first = relabel(["a"], private)
    before = sorted(private.iterdir())

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr({"mkstemp": subjects.tempfile, "fsync": subjects.os}[step], step, full)
    with pytest.raises(UserError, match=r"subject_lookup\.csv cannot be written: No space left on device; "):
        relabel(["b"], private)
    assert sorted(private.iterdir()) == before
    assert list(read_lookup(private).values()) == list(first)
