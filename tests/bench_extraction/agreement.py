"""Ours and the straightforward way must have found the same, or there is nothing to compare."""

import csv
from pathlib import Path

import duckdb

RUNS = "run_id, run_name, featurization, imputation_method, outlier_method, n_bootstrap"
REFITS = """
SELECT run_id, unnest(subject_codes) AS subject_code, unnest(y_prob_refits) AS y_prob_refits
FROM ours.extracted_runs WHERE quarantine_stage IS NULL
"""


class DisagreementError(AssertionError):
    """Two extractions of one store differ."""


def check(ours: Path, private_dir: Path, peer: Path) -> int:
    """Return the number of runs in both; DisagreementError if the tables of the peer are not found in ours.

    Subjects are compared under the codes that our look-up gives the peer's. Classifiers are left out: ours spells
    them in one way, the peer as they stand.
    """
    with (private_dir / "subject_lookup.csv").open(newline="") as file:
        codes = [(row["subject_code"], row["original_code"]) for row in csv.DictReader(file)]
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{ours}' AS ours (READ_ONLY); ATTACH '{peer}' AS peer (READ_ONLY)")
        connection.execute("CREATE TEMP TABLE codes (subject_code VARCHAR, original VARCHAR)")
        connection.executemany("INSERT INTO codes VALUES (?, ?)", codes)
        _same(connection, "runs", f"SELECT {RUNS} FROM ours.runs", f"SELECT {RUNS} FROM peer.runs")
        renamed = "FROM peer.{0} JOIN codes ON original = peer.{0}.subject_code"
        numbers = "run_id, codes.subject_code, y_true, round(y_prob, 12), round(y_prob_sd, 12)"
        _same(
            connection,
            "predictions",
            f"SELECT {numbers} FROM ours.predictions AS codes",
            f"SELECT {numbers} {renamed.format('predictions')}",
        )
        refits = f"SELECT run_id, codes.subject_code, y_prob_refits {renamed.format('refits')}"
        _same(connection, "refits", REFITS, refits)
        (count,) = connection.execute("SELECT count(*) FROM peer.runs").fetchall()[0]
    return int(count)


def _same(connection: duckdb.DuckDBPyConnection, what: str, one: str, other: str) -> None:
    for first, second in ((one, other), (other, one)):
        (count,) = connection.execute(f"SELECT count(*) FROM ({first} EXCEPT ALL {second})").fetchall()[0]
        if count:
            raise DisagreementError(f"{count} rows of {what} differ")
