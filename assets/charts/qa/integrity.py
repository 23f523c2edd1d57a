"""P0: the figure is what it says it is, drawn from the tables that it names, and shows something."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from assets.charts.publication.sidecar import redraw
from assets.charts.qa.finding import Finding, Level
from assets.charts.qa.scene import Scene

_FALSE_ORIGIN = re.compile(r"(?<![a-z])(synthetic|simulated|mock|dummy|placeholder)(?![a-z])", re.IGNORECASE)
_TELLS_ORIGIN = ("run_id", "run_name", "experiment", "label", "classifier", "featurization", "outlier_method",
                 "imputation_method")  # fmt: skip
# Layout, and what a study may rightly have none of.
_MAY_BE_EMPTY = {"key", "labels", "headings", "other_runs", "cut"}
_CURVES = {
    ("false_positive_rate", "true_positive_rate"): "ROC",
    ("predicted", "observed"): "calibration",
    ("threshold", "net_benefit"): "decision",
    ("bin_start", "y_true", "n"): "distribution",
}
_FEW_POINTS = 8  # two coarse curves may well coincide
_WHITE, _LEAST_INK = 250, 0.002


def provenance(sidecar: Mapping[str, Any], tables: Mapping[str, str] | None) -> Iterator[Finding]:
    """Sources are named, and they are the tables as they are now."""
    if not sidecar["sources"]:
        yield Finding("P0", "provenance", "no source is named")
    for name, version in sidecar["sources"].items() if tables is not None else ():
        now = (tables or {}).get(name)
        if now != version:
            state = "there is no such table now" if now is None else f"the table is at {now} now"
            yield Finding("P0", "provenance", f"drawn from `{name}` at {version}, but {state}")


def files_match(sidecar: Mapping[str, Any], files: Mapping[str, bytes]) -> Iterator[Finding]:
    """The pictures are those that the sidecar describes."""
    for kind, described in sidecar["files"].items():
        found = hashlib.sha256(files[kind]).hexdigest() if kind in files else None
        if found is None:
            yield Finding("P0", "files match", f"{described['path']} is missing")
        elif found != described["sha256"]:
            yield Finding("P0", "files match", f"{described['path']} is not the one that was drawn")


def redraws(sidecar: Mapping[str, Any], files: Mapping[str, bytes]) -> Iterator[Finding]:
    """Data and drawing of the sidecar give the picture, to the byte."""
    drawn = redraw(sidecar)
    for kind, content in (("png", drawn.png), ("svg", drawn.svg)):
        if kind in files and content != files[kind]:
            message = (
                f"the sidecar's data and drawing give another {kind} (or the font or vl-convert is another)"
            )
            yield Finding("P0", "redraws", message)


def real_origin(sidecar: Mapping[str, Any]) -> Iterator[Finding]:
    """Nothing that tells the origin says that it is made up."""
    told = [sidecar[name] for name in ("figure_id", "title", "caption")]
    told += [*sidecar["sources"], *_strings(sidecar["ingredients"].get("settings", {}))]
    for rows in sidecar["data"].values():
        told += [row[name] for row in rows for name in _TELLS_ORIGIN if isinstance(row.get(name), str)]
    for text in dict.fromkeys(told):
        if _FALSE_ORIGIN.search(text):
            yield Finding("P0", "real origin", f"made-up data? {text[:80]!r}")


def has_data(sidecar: Mapping[str, Any]) -> Iterator[Finding]:
    """No dataset is empty or without a single number."""
    for name, rows in sidecar["data"].items():
        if name not in _MAY_BE_EMPTY and not any(
            isinstance(v, (int, float)) for row in rows for v in row.values()
        ):
            yield Finding("P0", "has data", f"dataset `{name}` has no numbers")


def curves_differ(sidecar: Mapping[str, Any]) -> Iterator[Finding]:
    """No two runs have the same curve: fatal if both are highlighted, else (preprocessing may do nothing) P2."""
    for name, rows in sidecar["data"].items():
        fields = next((f for f in _CURVES if rows and set(f) | {"run_id"} <= set(rows[0])), None)
        if fields is None or name == "strategies":
            continue
        same: dict[tuple[Any, ...], list[str]] = {}
        for run, curve in _by_run(rows, fields).items():
            if len(set(curve)) >= _FEW_POINTS:
                same.setdefault(curve, []).append(run)
        for runs in same.values():
            if len(runs) > 1:
                level: Level = "P2" if name == "other_runs" else "P0"
                yield Finding(
                    level,
                    "curves differ",
                    f"{len(runs)} runs have one {_CURVES[fields]} curve: {', '.join(runs[:3])}",
                )


def shows_something(scene: Scene, grey: np.ndarray) -> Iterator[Finding]:
    """The picture (in shades of grey) has data marks, and ink in more than one tone."""
    if scene.marks == 0:
        yield Finding("P0", "shows something", "no data are drawn")
    ink = (grey < _WHITE).mean() if grey.size else 0.0
    if ink < _LEAST_INK or grey.min() == grey.max():
        yield Finding(
            "P0", "shows something", f"the picture is blank or broken: {ink:.2%} of it is not white"
        )


def _by_run(rows: list[dict[str, Any]], fields: tuple[str, ...]) -> dict[str, tuple[Any, ...]]:
    curves: dict[str, list[Any]] = {}
    for row in rows:
        curves.setdefault(row["run_id"], []).append(tuple(row[f] for f in fields))
    return {run: tuple(curve) for run, curve in curves.items()}


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
