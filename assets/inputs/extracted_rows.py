"""The rows of `extracted_runs` as Arrow tables: first under the subjects' original codes, then under keyed ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assets.inputs.artifacts.predictions import Predictions
from assets.inputs.artifacts.reading import Outcome
from assets.inputs.candidates import Candidate
from assets.inputs.quarantine import Quarantine
from assets.inputs.subjects import relabel

_SUBJECT_COLUMNS = {
    "subject_codes": pa.string(),
    "y_true": pa.int8(),
    "y_prob": pa.float64(),
    "y_prob_sd": pa.float64(),
    "y_prob_refits": pa.list_(pa.float64()),
}
"""Columns with one value for each subject."""

_SUBJECT_BYTES = 64
"""What a subject takes in them, but for the refits."""

EXTRACTED_RUNS = pa.schema(
    [
        pa.field("run_id", pa.string(), nullable=False),
        pa.field("run_name", pa.string(), nullable=False),
        pa.field("experiment", pa.string(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("lifecycle_stage", pa.string(), nullable=False),
        pa.field("started_at", pa.timestamp("us")),
        pa.field("finished_at", pa.timestamp("us")),
        pa.field("classifier", pa.string()),
        pa.field("featurization", pa.string()),
        pa.field("imputation_method", pa.string()),
        pa.field("outlier_method", pa.string()),
        pa.field("artifact_path", pa.string()),
        pa.field("artifact_sha256", pa.string()),
        pa.field("n_bootstrap", pa.int32()),
        *(pa.field(name, pa.list_(type_)) for name, type_ in _SUBJECT_COLUMNS.items()),
        pa.field("quarantine_stage", pa.string()),
        pa.field("quarantine_field", pa.string()),
        pa.field("quarantine_reason", pa.string()),
    ]
)

ORIGINAL_CODES = "original_codes"
"""What stands in place of `subject_codes` while subjects still have the names that the runs give them."""

RAW = pa.schema(
    [field.with_name(ORIGINAL_CODES) if field.name == "subject_codes" else field for field in EXTRACTED_RUNS]
)
"""The rows before subjects are re-labelled: never written anywhere."""


@dataclass(frozen=True)
class Row:
    """A run, and what became of its artifact; None where there is none to read."""

    candidate: Candidate
    outcome: Outcome | None = None

    @property
    def found(self) -> Predictions | None:
        """The run's predictions, None if it is set aside."""
        found = self.outcome.found if self.outcome else None
        return found if isinstance(found, Predictions) else None

    @property
    def size(self) -> int:
        """About how many bytes its predictions take."""
        return len(self.found.packed_refits) + _SUBJECT_BYTES * len(self.found.y_true) if self.found else 0

    def columns(self) -> dict[str, Any]:
        """Return the row but for the risks of the refits."""
        row = self.candidate.columns()
        if self.outcome is None:
            return row
        row["artifact_sha256"] = self.outcome.sha256
        if isinstance(self.outcome.found, Quarantine):
            return row | self.outcome.found.columns()
        found = self.outcome.found
        return row | {
            "n_bootstrap": found.n_bootstrap,
            ORIGINAL_CODES: found.subject_codes,
            "y_true": found.y_true,
            "y_prob": found.y_prob,
            "y_prob_sd": found.y_prob_sd,
        }


def raw_table(rows: Sequence[Row]) -> pa.Table:
    """Return the rows as they were read."""
    table = pa.Table.from_pylist([row.columns() for row in rows], RAW)
    refits = [row.found.refits() if row.found and row.found.packed_refits else None for row in rows]
    position = RAW.get_field_index("y_prob_refits")
    return table.set_column(position, RAW.field(position), _nested(refits))


def relabelled(raw: pa.Table, private_dir: Path) -> pa.Table:
    """Return the rows of `extracted_runs` for rows with original codes: subjects under keyed codes, sorted by them.

    New subjects are recorded in the private folder, which no subject at all leaves untouched. Raises UserError if
    others may read it.
    """
    originals = raw[ORIGINAL_CODES].combine_chunks()
    met = originals.flatten().dictionary_encode()
    names = met.dictionary.to_pylist()
    codes = relabel(names, private_dir) if names else {}
    keyed = pa.array([codes[name] for name in names], pa.string())
    position = raw.schema.get_field_index(ORIGINAL_CODES)
    lengths = originals.value_lengths().fill_null(0)
    subjects = _lists(lengths.to_numpy(), keyed.take(met.indices), originals.is_null())
    table = raw.set_column(position, "subject_codes", subjects)
    rank = np.argsort(np.argsort(keyed.to_numpy(zero_copy_only=False)))
    owner = np.repeat(np.arange(len(raw)), lengths)
    return _reordered(table, np.lexsort((rank[met.indices.to_numpy()], owner)))


def _reordered(table: pa.Table, order: npt.NDArray[np.int64]) -> pa.Table:
    """Put the values of all subjects of all rows into this order, which leaves each in its row."""
    for name in _SUBJECT_COLUMNS:
        position, column = table.schema.get_field_index(name), table[name].combine_chunks()
        if column.null_count < len(column):
            lengths = column.value_lengths().fill_null(0).to_numpy()
            values = _lists(lengths, column.flatten().take(pa.array(order)), column.is_null())
            table = table.set_column(position, EXTRACTED_RUNS.field(name), values)
    return table.cast(EXTRACTED_RUNS)


def _nested(matrices: Sequence[npt.NDArray[np.float64] | None]) -> pa.ListArray:
    """Return one list of lists of numbers for each matrix, null for None; numbers are not taken one by one."""
    there = [matrix for matrix in matrices if matrix is not None]
    widths = np.repeat([m.shape[1] for m in there], [len(m) for m in there])
    numbers = np.concatenate([np.empty(0), *(matrix.ravel() for matrix in there)])
    lengths = [0 if matrix is None else len(matrix) for matrix in matrices]
    inner = pa.ListArray.from_arrays(_offsets(widths), pa.array(numbers))
    return _lists(lengths, inner, pa.array([matrix is None for matrix in matrices]))


def _lists(lengths: Sequence[int] | npt.NDArray[Any], values: pa.Array, missing: pa.Array) -> pa.ListArray:
    return pa.ListArray.from_arrays(_offsets(lengths), values, mask=missing)


def _offsets(lengths: Sequence[int] | npt.NDArray[Any]) -> pa.Array:
    return pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
