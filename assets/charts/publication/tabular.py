"""The data of a figure as CSV (RFC 4180), and what its columns mean as JSON beside it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from assets.charts.composition.datasets import Row

_SPECIAL = '",\r\n'
_SAID = ("figure_id", "title", "caption", "privacy", "n_runs", "n_subjects", "n_events", "n_bootstrap",
         "data_version", "sources")  # fmt: skip


def tabulated(sidecar: Mapping[str, Any]) -> dict[str, bytes]:
    """Files by name: `FIGURE.DATASET.csv` for every dataset that has rows, and `FIGURE.json`.

    The JSON says of each file its rows and columns with their units, and where the data come from.
    """
    figure, tables = sidecar["figure_id"], sorted(sidecar["data"].items())
    names = {name: f"{figure}.{name}.csv" for name, rows in tables if rows}
    files = {names[name]: csv(rows) for name, rows in tables if rows}
    said = {name: sidecar[name] for name in _SAID}
    told = {**said, "files": {names[name]: described(sidecar, name) for name, rows in tables if rows}}
    text = json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False)
    return {**files, f"{figure}.json": f"{text}\n".encode()}


def described(sidecar: Mapping[str, Any], dataset: str) -> dict[str, Any]:
    """Rows of a dataset, and its columns in order, each with its unit; null for what is on no scale."""
    rows = sidecar["data"][dataset]
    return {"rows": len(rows), "columns": {name: sidecar["units"].get(name) for name in _columns(rows)}}


def csv(rows: Sequence[Row]) -> bytes:
    """The rows as UTF-8 under a header, lines ending in CRLF.

    Null is an empty field, an empty text is `""`; numbers have all their digits; a list is JSON.
    """
    columns = _columns(rows)
    lines: list[list[Any]] = [columns, *([row.get(name) for name in columns] for row in rows)]
    return "".join(",".join(map(_field, line)) + "\r\n" for line in lines).encode()


def _columns(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _field(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, allow_nan=False)
    if text and not any(character in _SPECIAL for character in text):
        return text
    return '"' + text.replace('"', '""') + '"'
