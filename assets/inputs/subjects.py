"""Subjects under other names: keyed codes that only the holder of the private folder can trace back."""

import base64
import csv
import fcntl
import hashlib
import hmac
import io
import os
import secrets
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from assets.engine.errors import UserError

KEY_BYTES = 32
CODE_LETTERS = 10  # of base32: 50 bits. Among 10,000 subjects two share a code once in 20 million studies.
HEADER = ["subject_code", "original_code"]


def relabel(originals: Iterable[str], private_dir: Path) -> Mapping[str, str]:
    """Return the code of each original code, and record them all in `private_dir/subject_lookup.csv`.

    A code is `S` and 10 letters of base32 of HMAC-SHA256 (RFC 2104) under the key `private_dir/subject_key`,
    which is created at first use. Both files are readable by their owner alone. Subjects that this process met before
    cost no reading of either, as long as both are as they were.

    Raises UserError if others may read them, or if two subjects would share a code.
    """
    met, known = set(originals), _REMEMBERED.get(private_dir.absolute())
    if known and met <= known.codes.keys() and known.seen == _facts(private_dir):
        return known.codes
    codes, seen = _recorded(met, private_dir)
    _REMEMBERED[private_dir.absolute()] = _Remembered(codes, seen)
    return codes


@dataclass(frozen=True)
class _Remembered:
    """The codes of all subjects known in a private folder, and what its files looked like then."""

    codes: Mapping[str, str]
    seen: object


_REMEMBERED: dict[Path, _Remembered] = {}


def _recorded(originals: Iterable[str], private_dir: Path) -> tuple[dict[str, str], object]:
    key = subject_key(private_dir)
    with _locked(private_dir / "subject_key"):
        known = read_lookup(private_dir)
        codes = {original: _code(key, original) for original in {*originals, *known.values()}}
        lookup = _inverted(codes)
        if lookup != known:
            _write_private(private_dir / "subject_lookup.csv", _as_csv(lookup))
        return codes, _facts(private_dir)


def _facts(private_dir: Path) -> object:
    """Return what tells whether the key or the look-up is another one, or open to others, by now."""
    paths = (private_dir / "subject_key", private_dir / "subject_lookup.csv")
    found = [path.stat() for path in paths if path.exists()]
    return [(status.st_ino, status.st_size, status.st_mtime_ns, status.st_mode) for status in found]


def ensure_key(private_dir: Path, *, declared: bytes | None = None) -> None:
    """Make the private folder and its key if they are missing; a `declared` key is taken instead of a random one.

    A declared key makes the codes of public data the same everywhere; never declare one for patients of yours.
    """
    private_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    if declared is not None and not (private_dir / "subject_key").exists():
        _create_private(private_dir / "subject_key", declared.hex() + "\n")
    subject_key(private_dir)


def subject_key(private_dir: Path) -> bytes:
    """Return the key, created if there is none; UserError if it is damaged or readable by others."""
    path = private_dir / "subject_key"
    private_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        _create_private(path, secrets.token_hex(KEY_BYTES) + "\n")
    try:
        key = bytes.fromhex(_read_private(path))
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise UserError(
            f"{path} is damaged: expected {2 * KEY_BYTES} hexadecimal digits. Restore it from a backup."
        )
    return key


def key_identity(private_dir: Path) -> str:
    """Return a name of the key that does not give it away: codes are the same where this is the same."""
    return hmac.new(subject_key(private_dir), b"key identity", hashlib.sha256).hexdigest()[:16]


def read_lookup(private_dir: Path) -> dict[str, str]:
    """Return the original code of each code recorded so far; UserError if others may read the file, or nobody can."""
    path = private_dir / "subject_lookup.csv"
    if not os.path.lexists(path):
        return {}
    header, *rows = [row for row in csv.reader(io.StringIO(_read_private(path))) if row] or [[]]
    if header != HEADER or any(len(row) != 2 for row in rows):
        raise UserError(
            f"{path} is damaged: expected the columns {', '.join(HEADER)}. Restore it from a backup."
        )
    return {code: original for code, original in rows}


def _code(key: bytes, original: str) -> str:
    digest = hmac.new(key, original.encode(), hashlib.sha256).digest()
    return "S" + base64.b32encode(digest).decode()[:CODE_LETTERS]


def _inverted(codes: Mapping[str, str]) -> dict[str, str]:
    lookup = {code: original for original, code in sorted(codes.items())}
    if len(lookup) < len(codes):
        raise UserError(
            "Two subjects would share a code. Move the private folder away, so that a new key is made."
        )
    return dict(sorted(lookup.items()))


def _as_csv(lookup: Mapping[str, str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([HEADER, *lookup.items()])
    return text.getvalue()


def _read_private(path: Path) -> str:
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        raise UserError(
            f"{path} is no file of its own but a link or folder: put the file itself in its place"
        )
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o077:
        raise UserError(
            f"{path} may be read by others (mode {mode:o}); it identifies subjects. Run: chmod 600 {path}"
        )
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"{path} cannot be read ({type(error).__name__}). Restore it from a backup."
        ) from error


def _write_private(path: Path, text: str) -> None:
    """Replace a file whole; at no time is it readable by others or half written."""
    temporary = _temporary(path, text)
    temporary.replace(path)


def _create_private(path: Path, text: str) -> None:
    """Create a file whole, unless another process was faster."""
    temporary = _temporary(path, text)
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()


def _temporary(path: Path, text: str) -> Path:
    """Return a new file of this text beside `path`, on the disk already; UserError, and no file, if it has no room."""
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)  # mode 0600
    except OSError as error:
        raise _unwritten(path, error) from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        Path(name).unlink()
        raise _unwritten(path, error) from error
    return Path(name)


def _unwritten(path: Path, error: OSError) -> UserError:
    return UserError(f"{path} cannot be written: {error.strerror}; mend that and run the same command again")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one process at a time merge its subjects; the kernel frees the lock if it dies."""
    with path.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
