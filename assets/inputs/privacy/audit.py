"""The audit of privacy: everything that is published, placed, tracked or logged, looked through again."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from assets.engine.errors import UserError
from assets.engine.warehouse import open_if_there
from assets.inputs.privacy import gates
from assets.inputs.privacy.originals import Finding, Originals
from assets.inputs.privacy.tables import in_tables
from assets.inputs.privacy.tracked import in_tracked, tracked

_RECORDS = (".asset", ".qa")
_KINDS = {".png": "picture", ".svg": "picture", ".pdf": "picture", ".json": "sidecar"}


@dataclass
class _Looked:
    """What an audit looked at, by kind, and what it found."""

    counts: Counter[str] = field(default_factory=Counter)
    found: list[Finding] = field(default_factory=list)


def audit(places: gates.Places) -> str:
    """Return in a sentence what was looked through and holds no original code; UserError when something does.

    Values that could be joined are compared more deeply than before publishing: those of every refit too.
    """
    lookup = gates.known(places.private_dir)
    originals = Originals.of(lookup.values())
    if not originals:
        return f"not checked for original subject codes: no look-up of subjects is in {places.private_dir}"
    looked = _Looked()
    with open_if_there(places.database) as connection:
        gates.refuse_synthetic(connection, lookup)
        gates.refuse_unmapped(connection, lookup, places.database)
        looked.found += in_tables(connection, originals)
        looked.counts["table"] = connection.execute(
            "SELECT count(DISTINCT table_name) FROM duckdb_columns() WHERE NOT internal AND table_name[1] <> '_'"
        ).fetchall()[0][0]
        gates.refuse_joinable(connection, places.private_dir, lookup, lists=True)
    gates.refuse_telling(places.private_dir)
    _look_at_files(places, originals, looked)
    if looked.found:
        where = gates.listed([f"{finding.place} ({finding.count})" for finding in looked.found])
        raise UserError(
            f"original subject codes stand in {where}: take them out, and out of whatever it is made from"
        )
    return f"no original subject code in {', '.join(_told(looked.counts))}"


def _look_at_files(places: gates.Places, originals: Originals, looked: _Looked) -> None:
    for path in places.beside():
        own = path.is_relative_to(places.figures_dir) and not path.stem.endswith(_RECORDS)
        looked.counts[_KINDS.get(path.suffix, "other file") if own else "other file"] += 1
        looked.found += gates.in_files([path], originals)
    looked.counts["tracked file"] = len(tracked(Path()))
    looked.found += in_tracked(Path(), originals)
    looked.counts["log"] = len(gates.logs(places))
    looked.found += gates.in_files(gates.logs(places), originals)


def _told(counts: Counter[str]) -> Iterator[str]:
    for kind in ("table", "picture", "sidecar", "other file", "tracked file", "log"):
        if counts[kind] or kind != "other file":
            yield f"{counts[kind]:,} {kind}{'' if counts[kind] == 1 else 's'}"
