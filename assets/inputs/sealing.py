"""Runs read on another machine: their original subject codes come back sealed.

Between the memory of the machine that reads and the memory of this one nobody can open them: not the network, not a
scheduler, not a disk to which a worker moves what it has no room for.
"""

from __future__ import annotations

import hashlib
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from assets.inputs.extracted_rows import ORIGINAL_CODES, RAW
from assets.inputs.extraction import Reading

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
_PURPOSE = b"original subject codes"
_LIBRARIES = ("cryptography", "numpy", "pyarrow")


@dataclass(frozen=True)
class Sealed:
    """Rows of runs without their original codes, and the codes, which only the holder of the key can open."""

    rows: pa.Table
    codes: bytes


class Seal:
    """A key pair whose private half never leaves the memory of this process."""

    def __init__(self) -> None:
        self._private = X25519PrivateKey.generate()

    @property
    def public(self) -> bytes:
        """What `read_sealed` needs, which everybody may know."""
        return self._private.public_key().public_bytes_raw()

    def opened(self, sealed: Sealed) -> pa.Table:
        """Return what `Reading.raw` returned on the other machine."""
        plain = _SUITE.decrypt(sealed.codes, self._private, _PURPOSE)
        (codes,) = pa.ipc.open_stream(plain).read_all().columns
        return sealed.rows.append_column(RAW.field(ORIGINAL_CODES), codes).select(RAW.names)


def read_sealed(reading: Reading, public: bytes) -> Sealed:
    """Read runs on this machine for the one whose public key this is (HPKE, RFC 9180)."""
    raw = reading.raw()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, raw.select([ORIGINAL_CODES]).schema) as stream:
        stream.write_table(raw.select([ORIGINAL_CODES]))
    key = X25519PublicKey.from_public_bytes(public)
    codes = _SUITE.encrypt(sink.getvalue().to_pybytes(), key, _PURPOSE)
    return Sealed(raw.drop_columns([ORIGINAL_CODES]), codes)


def surroundings() -> dict[str, str]:
    """What rows read on this machine depend on beside the runs: our code, Python's version and the libraries'."""
    folder = Path(__file__).parents[1]
    code = hashlib.sha256()
    for path in sorted(path for part in ("engine", "inputs") for path in (folder / part).rglob("*.py")):
        code.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    python = ".".join(platform.python_version_tuple()[:2])
    return {"foundation-plr": code.hexdigest()[:12], "python": python} | {n: version(n) for n in _LIBRARIES}
