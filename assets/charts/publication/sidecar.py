"""A figure's sidecar: data, drawing, origin and pictures in one strict JSON file that draws it again."""

import json
from collections.abc import Mapping
from functools import cache
from importlib import metadata as installed
from pathlib import Path
from typing import Any

from assets.charts.composition.datasets import Datasets, join
from assets.charts.publication.pictures import described
from assets.charts.publication.render import Rendered, render
from assets.engine.errors import UserError
from assets.engine.records import Record

SCHEMA_VERSION = 2
SCHEMA_FILE = Path(__file__).with_name("sidecar.schema.json")
_TOLD = 3  # of what is wrong, before the rest is counted
_LIBRARIES = ("altair", "pandas", "vl-convert-python")
_SAID = (
    "title", "notes", "alt_text", "units", "privacy", "n_runs", "n_subjects", "n_events", "n_bootstrap",
    "missing_counts", "absent",
)  # fmt: skip

Sidecar = dict[str, Any]


def build_sidecar(
    *,
    figure_id: str,
    caption: str,
    record: Record,
    spec: Mapping[str, Any],
    data: Datasets,
    files: Mapping[str, bytes],
    metadata: Mapping[str, Any] | None = None,
) -> Sidecar:
    """The sidecar of a figure, valid against `sidecar.schema.json`.

    Title, description, units, privacy class and counts are those that the chart carries in its
    `usermeta`; `metadata` may replace or supply any of them. There is no time stamp in it: the same
    figure has the same bytes. Raises UserError if something is missing or wrong.
    """
    said = {**spec.get("usermeta", {}), **(metadata or {})}
    sidecar = {
        "schema_version": SCHEMA_VERSION,
        "figure_id": figure_id,
        "caption": " ".join([caption, *said.get("notes", ())]),
        **{name: said[name] for name in _SAID if name in said},
        "sources": dict(record.ingredients.inputs),
        "input_hash": record.input_hash,
        "ingredients": record.ingredients.as_dict(),
        "data_version": record.data_version,
        "files": {kind: described(figure_id, kind, content) for kind, content in files.items()},
        "libraries": {name: installed.version(name) for name in _LIBRARIES},
        "data": data,
        "spec": {name: part for name, part in spec.items() if name != "usermeta"},
    }
    wrong = problems(sidecar)
    if wrong:
        raise UserError(f"figure `{figure_id}` has no valid sidecar: {'; '.join(wrong)}")
    return sidecar


def dump(sidecar: Mapping[str, Any]) -> bytes:
    """The sidecar's bytes: strict JSON, keys sorted, a row of data on each line, a newline at the end.

    Within a row the columns keep the order that they were drawn in, which is how people read them.
    """
    head = {name: value for name, value in sidecar.items() if name != "data"}
    tables = ",\n".join(
        f"  {_json(name)}: [\n{_lines(rows)}  ]" for name, rows in sorted(sidecar["data"].items())
    )
    parts = [f" {_json(name)}: {_json(head[name])}" for name in sorted(head)]
    parts.append(f' "data": {{\n{tables}\n }}')
    return ("{\n" + ",\n".join(sorted(parts)) + "\n}\n").encode()


def load(content: bytes) -> Sidecar:
    """The sidecar in these bytes.

    Raises UserError if they are not strict JSON, not a sidecar, or one of another version of the schema.
    """
    try:
        sidecar = json.loads(content, parse_constant=_refuse)
        json.dumps(sidecar, ensure_ascii=False).encode()  # half a character can be escaped, but not written
    except (ValueError, RecursionError) as error:
        raise UserError(f"not a figure's sidecar: {error}") from error
    version = sidecar.get("schema_version") if isinstance(sidecar, dict) else None
    if isinstance(version, int) and version != SCHEMA_VERSION:
        todo = "update the program" if version > SCHEMA_VERSION else "draw the figure anew (`make analyze`)"
        raise UserError(f"sidecar of schema version {version}, this program reads {SCHEMA_VERSION}: {todo}")
    wrong = problems(sidecar)
    if wrong:
        more = f"; and {len(wrong) - _TOLD} more" if len(wrong) > _TOLD else ""
        raise UserError(f"not a figure's sidecar: {'; '.join(wrong[:_TOLD])}{more}")
    return dict(sidecar)


def redraw(sidecar: Mapping[str, Any]) -> Rendered:
    """The pictures drawn again from the sidecar alone: the same bytes, given the same libraries and font.

    Raises UserError for a drawing that Vega refuses, such as one that asks for data from elsewhere.
    """
    try:
        return render(join(sidecar["spec"], sidecar["data"]))
    except ValueError as error:
        why = " ".join(str(error).split("\n    at ")[0].split())[:200]
        raise UserError(f"the drawing of `{sidecar['figure_id']}` cannot be drawn: {why}") from error


def problems(sidecar: Any) -> list[str]:
    """What the schema finds wrong, each with its place; empty for a valid sidecar."""
    return [f"{error.json_path}: {error.message[:200]}" for error in _validator().iter_errors(sidecar)]


def _json(value: Any, *, sort_keys: bool = True) -> str:
    return json.dumps(value, sort_keys=sort_keys, allow_nan=False, ensure_ascii=False)


def _lines(rows: list[dict[str, Any]]) -> str:
    return ",\n".join(f"   {_json(row, sort_keys=False)}" for row in rows) + ("\n" if rows else "")


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


@cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(json.loads(SCHEMA_FILE.read_bytes()))
