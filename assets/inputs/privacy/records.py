"""What a file of the private folder says of single subjects: rows of CSV, Parquet, JSON or YAML that name one."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assets.engine.errors import UserError
from assets.inputs.privacy.originals import Originals

_MOST = 2**28
"""Bytes of a file beyond which it is not compared."""
_KEY = "(key)"

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Said:
    """A value that a file gives for a subject, by its original code."""

    field: str
    subject: str
    value: str | float


def records(path: Path, originals: Originals) -> Iterator[Said]:
    """Yield every value that stands beside an original code in a file; nothing of a file of another kind.

    Raises UserError for a file of these kinds that cannot be read: then nobody knows what it says.
    """
    reader = {
        ".csv": _csv,
        ".tsv": _csv,
        ".parquet": _parquet,
        ".json": _json,
        ".yaml": _yaml,
        ".yml": _yaml,
    }.get(path.suffix.lower())
    if reader is None or path.stat().st_size > _MOST:
        return
    try:
        tables = list(reader(path))
    except Exception as error:  # each of the readers has errors of its own
        raise UserError(
            f"{path} cannot be read ({type(error).__name__}), so whether it could be joined with what is published "
            "cannot be told: mend it, or move it out of the private folder"
        ) from error
    for rows in tables:
        yield from _of_table(rows, originals)


def _of_table(rows: Sequence[Row], originals: Originals) -> Iterator[Said]:
    """Yield the values of a table: beside the codes of the column that mostly holds codes."""
    hits = Counter(name for row in rows for name, value in row.items() if _code(value, originals))
    if not hits:
        return
    column, count = hits.most_common(1)[0]
    if 2 * count < sum(name == column for row in rows for name in row):
        return
    for row in rows:
        subject = _code(row.get(column), originals)
        if subject is not None:
            for name, value in _flat({key: item for key, item in row.items() if key != column}):
                if (comparable := _comparable(value)) is not None:
                    yield Said(name, subject, comparable)


def _code(value: Any, originals: Originals) -> str | None:
    return (
        originals.code_of(str(value))
        if isinstance(value, str | int) and not isinstance(value, bool)
        else None
    )


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flat(item, f"{name}.{key}".lstrip("."))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _flat(item, name)
    else:
        yield name, value


def _comparable(value: Any) -> str | float | None:
    """Return a value as it is compared: a number, or a text; None for what is neither."""
    if isinstance(value, bool) or value is None or value == "":
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value)


def _csv(path: Path) -> Iterator[Sequence[Row]]:
    text = path.read_text("utf-8-sig", "replace")
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    rows = csv.DictReader(io.StringIO(text), delimiter=delimiter, restkey="(more)", restval="")
    yield list(rows)


def _parquet(path: Path) -> Iterator[Sequence[Row]]:
    import pyarrow.parquet as pq

    yield pq.read_table(path).to_pylist()


def _json(path: Path) -> Iterator[Sequence[Row]]:
    yield from _tables(json.loads(path.read_text("utf-8-sig")))


def _yaml(path: Path) -> Iterator[Sequence[Row]]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for document in yaml.load_all(path.read_text("utf-8-sig"), Loader=loader):
        yield from _tables(document)


def _tables(value: Any) -> Iterator[Sequence[Row]]:
    """Yield whatever in nested data can be read as rows: lists of objects, columns, objects by key."""
    if isinstance(value, list):
        yield [item for item in value if isinstance(item, dict)]
        for item in value:
            yield from _tables(item)
    elif isinstance(value, dict):
        columns = {key: item for key, item in value.items() if isinstance(item, list)}
        if len({len(item) for item in columns.values()}) == 1:
            yield [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        yield [{_KEY: key, "value": item} for key, item in value.items()]
        yield [value]
        for item in value.values():
            yield from _tables(item)
