"""Predictions kept as a table: Parquet, CSV or JSON with a row for each subject, or for each subject and refit."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import numpy as np

from assets.inputs.artifacts.predictions import InvalidFieldError, Predictions, checked_predictions

TABLE = "(table)"
"""The field of a fault that is no single column's."""

MAX_ROWS, MAX_COLUMNS = 5_000_000, 10_000
"""Parquet can write any number of equal rows in a few bytes; what is unpacked is bounded before it is unpacked."""

_Value = TypeVar("_Value")
_LABELS = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "false": 0, "true": 1}


@dataclass(frozen=True)
class TableColumns:
    """What a table of predictions calls its columns.

    Without a `subject` (empty) the rows are the subjects, in the same order in every run; a table that has no column
    `refit` holds one refit. `dataclasses.asdict` and keyword arguments take it through JSON and back.
    """

    subject: str = "subject_code"
    outcome: str = "y_true"
    risk: str = "y_prob"
    refit: str = "refit"

    def among(self, present: Sequence[Any]) -> list[str]:
        """Return those of a table's columns that are read; InvalidFieldError if one is missing or there twice."""
        if len(present) > MAX_COLUMNS:
            raise InvalidFieldError(TABLE, f"{len(present):,} columns", f"at most {MAX_COLUMNS:,}")
        needed = [name for name in (self.subject, self.outcome, self.risk) if name]
        optional = [self.refit] if self.refit and _spelt_nearly(self.refit, present) else []
        for name in needed + optional:
            if name not in present:
                near = ", but one that is spelt nearly so" if _spelt_nearly(name, present) else ""
                expected = f"the columns {', '.join(needed)} (settings give them other names)"
                raise InvalidFieldError(name, f"no such column{near}", expected)
            if present.count(name) > 1:
                raise InvalidFieldError(name, f"{present.count(name)} columns of this name", "one")
        return needed + optional


STUDY_COLUMNS = TableColumns()


def from_csv(data: bytes, columns: TableColumns = STUDY_COLUMNS) -> Predictions:
    """Read a CSV table with a header, its fields parted by commas."""
    rows = csv.reader(io.StringIO(data.decode("utf-8-sig")), strict=True)
    header, *body = [row for row in rows if row] or [[]]
    if len(header) < 2:
        raise InvalidFieldError(TABLE, f"a header of {len(header)} field(s)", "several, parted by commas")
    if body and not data.endswith((b"\n", b"\r")):
        expected = "a line break there: a file that was cut short may end in a number that was longer"
        raise InvalidFieldError(TABLE, "no end of the last line", expected)
    return _from_rows(header, body, columns)


def from_json(data: bytes, columns: TableColumns = STUDY_COLUMNS) -> Predictions:
    """Read a list of records, a dict of columns, or columns and data, as MLflow's `log_table` writes them."""
    content = json.loads(data, object_pairs_hook=_each_once)
    if isinstance(content, dict) and {"columns", "data"} <= content.keys():
        return _from_rows(content["columns"], content["data"], columns)
    if isinstance(content, dict):
        return from_columns(_by_name(content, columns), columns)
    if not isinstance(content, list):
        raise InvalidFieldError(TABLE, f"a value of type {type(content).__name__}", "records or columns")
    names = content[0].keys() if content and isinstance(content[0], dict) else ()
    if not all(isinstance(record, dict) and record.keys() == names for record in content):
        raise InvalidFieldError(TABLE, "records of unequal fields", "the same fields in each")
    columns.among([*names])  # before rows are made of them
    return _from_rows(list(names), [[record[name] for name in names] for record in content], columns)


def from_parquet(data: bytes, columns: TableColumns = STUDY_COLUMNS) -> Predictions:
    """Read a Parquet table, of which other columns stay closed."""
    # The one reader that needs pyarrow, whose import costs as much as all others together.
    from pyarrow.parquet import ParquetFile

    file = ParquetFile(io.BytesIO(data), page_checksum_verification=True)
    if file.metadata.num_rows > MAX_ROWS:
        raise InvalidFieldError(TABLE, f"{file.metadata.num_rows:,} rows", f"at most {MAX_ROWS:,}")
    table = file.read(columns=columns.among(file.schema_arrow.names), use_threads=False)
    return from_columns(table.to_pydict(), columns)


def from_columns(table: Mapping[str, Sequence[Any]], columns: TableColumns) -> Predictions:
    """Check a table of one row per subject and refit, given by its columns of equal length."""
    risks, labels = _risks(table, columns.risk), _read(table, columns.outcome, _label, "0, 1, true or false")
    refits = _read(table, columns.refit, _refit, "a name") if columns.refit in table else ["0"] * len(risks)
    named = columns.subject != ""
    codes = _read(table, columns.subject, _code, "texts or whole numbers") if named else _numbered(refits)
    subjects, rows = _positions(codes)
    names, places = _positions(refits)
    field = columns.subject or TABLE
    if len({*zip(rows, places, strict=True)}) < len(rows) or len(rows) != len(subjects) * len(names):
        found = f"{len(rows)} rows of {len(subjects)} subjects and {len(names)} refit(s)"
        hint = "" if columns.refit in table else f" (no column `{columns.refit}` tells refits apart)"
        raise InvalidFieldError(field, found + hint, "each subject once in each refit")
    values = np.empty((2, len(subjects), len(names)))
    values[:, rows, places] = labels, risks
    return checked_predictions(subjects, values[0], values[1], (field, columns.outcome, columns.risk))


def _from_rows(names: Any, rows: Any, columns: TableColumns) -> Predictions:
    lists = [names, *rows] if isinstance(rows, list) else [rows]
    if not all(isinstance(part, list) for part in lists):
        raise InvalidFieldError(TABLE, "columns and data of another kind", "a list of names and one of rows")
    unequal = next((place for place, row in enumerate(rows) if len(row) != len(names)), None)
    if unequal is not None:
        found = f"{len(rows[unequal])} field(s) in row [{unequal}]"
        raise InvalidFieldError(TABLE, found, f"{len(names)}, one for each column")
    places = {name: names.index(name) for name in columns.among(names)}
    return from_columns({name: [row[place] for row in rows] for name, place in places.items()}, columns)


def _by_name(content: Mapping[str, Any], columns: TableColumns) -> dict[str, list[Any]]:
    """Return the columns that are read, each a list, or a dict by row as pandas writes when nothing is said."""
    chosen = {name: content[name] for name in columns.among([*content])}
    if all(isinstance(column, dict) for column in chosen.values()):
        rows = chosen[columns.risk].keys()
        if any(column.keys() != rows for column in chosen.values()):
            raise InvalidFieldError(TABLE, "columns of unequal rows", "the same rows in each")
        return {name: [column[row] for row in rows] for name, column in chosen.items()}
    for name, column in chosen.items():
        if not isinstance(column, list) or len(column) != len(chosen[columns.risk]):
            found = f"{len(column)} value(s)" if isinstance(column, list) else f"a {type(column).__name__}"
            raise InvalidFieldError(name, found, "a list as long as the others")
    return chosen


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise InvalidFieldError(TABLE, "a name that occurs twice in one object", "each name once")
    return found


def _spelt_nearly(name: str, present: Sequence[Any]) -> bool:
    """Tell whether a name is there, or one that differs in case, blanks and separators; a header may name subjects."""
    return any(isinstance(other, str) and _bare(other) == _bare(name) for other in present)


def _bare(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()


def _read(
    table: Mapping[str, Sequence[Any]], name: str, read: Callable[[Any], _Value | None], expected: str
) -> list[_Value]:
    """Read each value of a column; InvalidFieldError if `read` makes None of one."""
    values = [read(value) for value in table[name]]
    if None in values:
        place = values.index(None)
        # The value is not shown: it may be a subject's code in the wrong column.
        what = "no value" if _is_missing(table[name][place]) else "a value of another kind"
        raise InvalidFieldError(name, f"{what} at [{place}] ({values.count(None)} such)", expected)
    return cast(list[_Value], values)


def _risks(table: Mapping[str, Sequence[Any]], name: str) -> list[float]:
    values = table[name]
    if values and all(isinstance(value, int | str) and value in (0, 1, "0", "1") for value in values):
        expected = "risks; a predicted class is none (a risk of just 0 or 1 is written 0.0 or 1.0)"
        raise InvalidFieldError(name, "whole numbers only", expected)
    return _read(table, name, _risk, "numbers")


def _risk(value: Any) -> float | None:
    if isinstance(value, str) and ("_" in value or not value.isascii()):
        return (
            None  # Python takes `0_1` and digits of all scripts; whoever wrote a table meant something else
        )
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _label(value: Any) -> int | None:
    if isinstance(value, str):
        return _LABELS.get(value.strip().casefold())
    return int(value) if value in (0, 1) else None


def _code(value: Any) -> str | None:
    if isinstance(value, bytes):
        value = value.decode()
    return (str(value) or None) if isinstance(value, str | int) and not isinstance(value, bool) else None


def _refit(value: Any) -> str | None:
    return None if _is_missing(value) else str(value)


def _is_missing(value: Any) -> bool:
    return value in (None, "") or value != value


def _numbered(refits: Sequence[str]) -> list[str]:
    """Name each row by its place among those of its refit."""
    seen = Counter[str]()
    codes = []
    for refit in refits:
        seen[refit] += 1
        codes.append(f"row {seen[refit]}")
    return codes


def _positions(values: Sequence[str]) -> tuple[list[str], list[int]]:
    """Return the distinct values in order of appearance, and the place of each value among them."""
    places = {value: place for place, value in enumerate(dict.fromkeys(values))}
    return list(places), [places[value] for value in values]
