"""Predictions kept as a table: CSV, JSON or Parquet with subject_code, y_true, y_prob and perhaps refit."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from assets.inputs.predictions import InvalidFieldError, Predictions, checked_predictions

Columns = Mapping[str, Sequence[Any]]
REQUIRED = ("subject_code", "y_true", "y_prob")


def from_csv(data: bytes) -> Predictions:
    """Read a CSV table with a header."""
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    header, *body = [row for row in rows if row] or [[]]
    if any(len(row) != len(header) for row in body):
        raise InvalidFieldError("(table)", "rows of unequal length", f"{len(header)} fields in each")
    return from_columns({name: [row[position] for row in body] for position, name in enumerate(header)})


def from_json(data: bytes) -> Predictions:
    """Read a list of records, a dict of columns, or the columns and data that MLflow's `log_table` writes."""
    content = json.loads(data)
    if isinstance(content, dict) and {"columns", "data"} <= content.keys():
        content = [dict(zip(content["columns"], row, strict=True)) for row in content["data"]]
    if isinstance(content, list):
        names = content[0].keys() if content and isinstance(content[0], dict) else ()
        if not all(isinstance(record, dict) and record.keys() == names for record in content):
            raise InvalidFieldError("(table)", "records of unequal fields", "the same fields in each")
        content = {name: [record[name] for record in content] for name in names}
    if not isinstance(content, dict) or not all(isinstance(column, list) for column in content.values()):
        raise InvalidFieldError("(table)", f"a {type(content).__name__}", "records or columns")
    return from_columns(content)


def from_parquet(data: bytes) -> Predictions:
    """Read a Parquet table."""
    # The one reader that needs pyarrow, whose import costs as much as all others together.
    import pyarrow.parquet

    return from_columns(pyarrow.parquet.read_table(io.BytesIO(data)).to_pydict())


def from_columns(columns: Columns) -> Predictions:
    """Check a table of one row per subject and refit; without a column `refit`, one row per subject."""
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise InvalidFieldError(missing[0], "no such column", f"the columns {', '.join(REQUIRED)}")
    codes = ["" if code is None else str(code) for code in columns["subject_code"]]
    refits = columns.get("refit", [0] * len(codes))
    subjects, rows = _positions(codes)
    refit_names, places = _positions([str(refit) for refit in refits])
    if len({*zip(rows, places, strict=True)}) < len(rows) or len(rows) != len(subjects) * len(refit_names):
        found = f"{len(rows)} rows of {len(subjects)} subjects and {len(refit_names)} refit(s)"
        raise InvalidFieldError("subject_code", found, "each subject once in each refit")
    shape = (len(subjects), len(refit_names))
    labels, probabilities = np.empty(shape), np.empty(shape)
    labels[rows, places] = _floats(columns, "y_true")
    probabilities[rows, places] = _floats(columns, "y_prob")
    return checked_predictions(subjects, labels, probabilities, REQUIRED)


def _positions(values: Sequence[str]) -> tuple[list[str], list[int]]:
    """Return the distinct values in order of appearance, and the place of each value among them."""
    places = {value: place for place, value in enumerate(dict.fromkeys(values))}
    return list(places), [places[value] for value in values]


def _floats(columns: Columns, name: str) -> list[float]:
    try:
        return [float(value) for value in columns[name]]
    except (TypeError, ValueError):
        # Which value is not said: it may be a subject's code in the wrong column.
        raise InvalidFieldError(name, "a value that is no number", "numbers") from None
