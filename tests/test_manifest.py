"""The manifest of published data versions: written for git, read strictly, compared in one sentence."""

import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.engine.errors import UserError
from assets.engine.hashing import SCHEME, digest
from assets.engine.manifest import Published, Verification, check, read, write

THREE = {
    "runs": Published(digest("runs"), 400),
    "curves/roc": Published(digest("roc"), None),
    "auroc": Published(digest("auroc"), 0),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "published" / "versions.txt"


def test_what_is_written_is_read_back(path: Path) -> None:
    assert write(path, THREE)
    assert read(path) == THREE


KEYS = st.text(st.characters(codec="ascii", exclude_categories=["Cc", "Z"]), min_size=1)
VERSIONS = st.builds(Published, st.text().map(digest), st.none() | st.integers(0, 10**15))


@settings(deadline=None)  # files are flushed to the disk, which may be busy
@given(versions=st.dictionaries(KEYS, VERSIONS))
def test_whatever_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, versions: dict[str, Published]
) -> None:
    path = tmp_path_factory.getbasetemp() / "versions.txt"
    write(path, versions)
    assert read(path) == versions


def test_it_is_a_line_for_each_asset_by_key_under_a_header(path: Path) -> None:
    write(path, THREE)
    header, *lines = path.read_text().splitlines()
    assert header == f"# data versions, format 1, hash scheme {SCHEME}"
    assert lines == [
        f"{digest('auroc')}            0  auroc",
        f"{digest('roc')}            -  curves/roc",
        f"{digest('runs')}          400  runs",
    ]
    assert path.read_bytes().endswith(b"runs\n") and b"\r" not in path.read_bytes()


def test_the_order_in_which_assets_are_given_does_not_matter(path: Path) -> None:
    write(path, THREE)
    assert not write(path, dict(reversed(THREE.items())))


def test_a_manifest_that_says_the_same_is_not_touched(path: Path) -> None:
    write(path, THREE)
    os.utime(path, (1, 1))
    assert not write(path, THREE)
    assert path.stat().st_mtime == 1
    assert write(path, {**THREE, "runs": Published(digest("runs"), 401)})
    assert read(path)["runs"].rows == 401


def test_writing_is_whole_or_not_at_all(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(path, THREE)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(path, {})
    assert read(path) == THREE
    assert [p.name for p in path.parent.iterdir()] == [path.name]


LINE = f"{digest('x')}  5  x"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([LINE, "garbage"], "line 3 "),
        ([LINE, ""], "line 3 "),
        ([f"{digest('x')[:-1]}  5  x"], "line 2 "),
        ([f"{digest('x').upper()}  5  x"], "line 2 "),
        ([f"{digest('x')}  5.0  x"], "line 2 "),
        ([f"{digest('x')}  5  x y"], "line 2 "),
        ([f"{digest('x')}  5"], "line 2 "),
        (["<<<<<<< HEAD", LINE, "=======", LINE, ">>>>>>> other"], "line 2 "),
        ([LINE, f"{digest('y')}  5  x"], "line 3 names `x` again"),
    ],
)
def test_a_line_that_is_not_understood_is_named(path: Path, lines: list[str], said: str) -> None:
    write(path, {})
    path.write_text(path.read_text() + "".join(f"{line}\n" for line in lines))
    with pytest.raises(UserError, match=re.escape(f"{path}, {said}")):
        read(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1"),
        ("auroc\n", "line 1"),
        (f"# data versions, format 2, hash scheme {SCHEME}\n", "format 2"),
        (f"# data versions, format 1, hash scheme {SCHEME + 1}\n", f"hash scheme {SCHEME + 1}"),
    ],
)
def test_a_file_of_another_kind_is_refused(path: Path, text: str, said: str) -> None:
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(UserError, match=said):
        read(path)


def test_a_manifest_that_is_absent_or_binary_is_the_user_s_to_mend(path: Path) -> None:
    with pytest.raises(UserError, match="there is no manifest"):
        read(path)
    path.parent.mkdir()
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match="not text"):
        read(path)
    assert write(path, THREE), "a new one may be written over it"


def test_lines_ended_as_windows_does_are_read_alike(path: Path) -> None:
    write(path, THREE)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert read(path) == THREE


def actual(**versions: str) -> dict[str, str]:
    return {**{key: published.data_version for key, published in THREE.items()}, **versions}


def test_the_same_content_is_said_to_be_the_same() -> None:
    found = check(THREE, actual())
    assert found == Verification(["auroc", "curves/roc", "runs"], [], [], [])
    assert found.same and found.sentence() == "same content as published: 3 of 3"


def test_what_differs_is_missing_or_came_later_is_named() -> None:
    there = actual(auroc=digest("edited"), later=digest("later"))
    del there["runs"]
    found = check(THREE, there)
    assert found == Verification(["curves/roc"], ["auroc"], ["runs"], ["later"])
    assert not found.same
    assert found.sentence() == (
        "same content as published: 1 of 3; different: auroc; missing: runs; not in the manifest: later"
    )


def test_what_came_later_takes_nothing_from_what_was_published() -> None:
    assert check(THREE, actual(later=digest("later"))).same


def test_many_names_are_counted_after_the_first_ones() -> None:
    found = check({f"t{n}": Published(digest("x")) for n in range(9)}, {})
    assert found.sentence() == "same content as published: 0 of 9; missing: t0, t1, t2 and 6 more"
