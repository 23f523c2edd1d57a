"""Only a regular file within its run's folder is opened, whatever lies in its place."""

import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from pickle_opcodes import GOOD

from assets.inputs.artifacts import opening
from assets.inputs.artifacts.assignment import Assignment, Limits
from assets.inputs.artifacts.opening import open_regular, read_whole
from assets.inputs.artifacts.predictions import Predictions
from assets.inputs.artifacts.reading import POOL
from assets.inputs.quarantine import Quarantine
from assets.inputs.stores.runs import ArtifactError

PATH = "metrics/metrics_run.pickle"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A run's folder of artifacts, with a secret beside it."""
    (tmp_path / "secret.pickle").write_bytes(GOOD)
    (tmp_path / "artifacts" / "metrics").mkdir(parents=True)
    return tmp_path / "artifacts"


def found(place: Path, path: str = PATH) -> Predictions | Quarantine:
    return POOL.read(Assignment("run", path, (str(place),), limits=Limits(seconds=20))).found


def as_socket(file: Path) -> None:
    folder = os.open(file.parent, os.O_PATH)
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(f"/proc/self/fd/{folder}/{file.name}")  # a socket's whole path has 107 letters at most
    os.close(folder)


def as_sparse(file: Path) -> None:
    with file.open("wb") as opened:
        opened.truncate(2**40)


def as_a_folder(file: Path) -> None:
    file.parent.rmdir()
    file.parent.write_bytes(GOOD)


INSTEAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "nothing": (lambda file: None, "is not there"),
    "a folder": (lambda file: file.mkdir(), "is a folder, not a file"),
    "a named pipe": (os.mkfifo, "is a named pipe, not a file"),
    "a socket": (as_socket, "is a socket, not a file"),
    "a link to a device": (
        lambda file: file.symlink_to("/dev/zero"),
        "lies outside the run's artifact folder",
    ),
    "a link to a secret": (
        lambda file: file.symlink_to("../../secret.pickle"),
        "lies outside the run's artifact folder",
    ),
    "a link to nothing": (lambda file: file.symlink_to("nowhere"), "is not there"),
    "a link to itself": (lambda file: file.symlink_to(file), "is a link that leads to itself"),
    "a file without end": (as_sparse, "is larger than 256 MiB, the size limit"),
    "a file where a folder belongs": (as_a_folder, "is not there"),
}


@pytest.mark.parametrize("kind", INSTEAD)
def test_what_is_no_file_of_the_run_is_refused_at_once(place: Path, kind: str) -> None:
    make, reason = INSTEAD[kind]
    make(place / PATH)
    assert found(place) == Quarantine("artifact", PATH, reason)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_a_device_is_refused_unopened(place: Path) -> None:
    os.mknod(place / PATH, 0o20666, os.makedev(1, 5))
    assert found(place) == Quarantine("artifact", PATH, "is a device, not a file")


def test_a_folder_that_leads_out_is_refused(place: Path) -> None:
    (place / "metrics").rmdir()
    (place / "metrics").symlink_to("..")
    assert found(place, "metrics/secret.pickle") == Quarantine(
        "artifact", "metrics/secret.pickle", "lies outside the run's artifact folder"
    )


@pytest.mark.parametrize("path", ["../secret.pickle", "metrics/../../secret.pickle"])
def test_a_path_that_leads_out_is_refused(place: Path, path: str) -> None:
    assert found(place, path) == Quarantine("artifact", path, "lies outside the run's artifact folder")


def test_a_link_within_the_folder_is_followed(place: Path) -> None:
    (place / "kept.pickle").write_bytes(GOOD)
    (place / PATH).symlink_to("../kept.pickle")
    assert isinstance(found(place), Predictions)


def test_a_file_that_may_not_be_read_says_so(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / PATH).write_bytes(GOOD)

    def forbidden(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", forbidden)
    with pytest.raises(ArtifactError, match="cannot be read: Permission denied"):
        open_regular([place], PATH)


def test_what_took_the_files_place_meanwhile_is_not_read(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / PATH).write_bytes(GOOD)
    really = os.open

    def replaced(path: Path, flags: int) -> int:
        path.unlink()
        os.mkfifo(path)
        return really(path, flags)

    monkeypatch.setattr(os, "open", replaced)
    with pytest.raises(ArtifactError, match="is a named pipe"):
        open_regular([place], PATH)


def test_the_first_place_that_has_the_file_counts(place: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (place / PATH).write_bytes(b"here")
    with open_regular([tmp_path / "gone", tmp_path / "empty", place], PATH) as file:
        assert read_whole(file, 4) == b"here"
    with pytest.raises(ArtifactError, match="artifact folder is gone"):
        open_regular([tmp_path / "gone"], PATH)


def test_a_file_that_grows_or_shrinks_while_it_is_read_is_not_taken_for_whole(place: Path) -> None:
    (place / PATH).write_bytes(bytes(100))
    for size in (200, 50):
        with open_regular([place], PATH) as file:
            os.truncate(place / PATH, size)
            said = os.stat_result((0o100644, 0, 0, 1, 0, 0, 100, 0, 0, 0))
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(os, "fstat", lambda _, said=said: said)
                with pytest.raises(ArtifactError, match="changed while it was read"):
                    read_whole(file, 1000)


def test_no_more_is_read_than_the_limit(place: Path) -> None:
    (place / PATH).write_bytes(bytes(2 * 2**20))
    with open_regular([place], PATH) as file, pytest.raises(ArtifactError, match="larger than 1 MiB"):
        read_whole(file, 2**20)


def test_a_link_that_takes_a_files_place_at_the_last_moment_is_not_followed(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / PATH).write_bytes(b"x")

    def swapped(mode: int) -> None:
        (place / PATH).unlink()
        (place / PATH).symlink_to(place.parent / "secret.pickle")

    monkeypatch.setattr(opening, "_refuse_other_kinds", swapped)
    with pytest.raises(OSError, match="symbolic links") as raised:
        open_regular([place], PATH)
    assert raised.value.errno == errno.ELOOP
