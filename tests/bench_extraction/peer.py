"""The straightforward way to the same tables: MLflow's client, one download and one plain load per run, row inserts.

`python -m tests.bench_extraction.peer TRACKING_URI DATABASE`. What it leaves out is what the comparison is about: it
knows nothing of an earlier extraction, trusts every pickle, and keeps the original subject codes.
"""

import pickle
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

SCHEMA = """
CREATE TABLE runs (run_id VARCHAR, run_name VARCHAR, classifier VARCHAR, featurization VARCHAR,
                   imputation_method VARCHAR, outlier_method VARCHAR, n_bootstrap INTEGER);
CREATE TABLE predictions (run_id VARCHAR, subject_code VARCHAR, y_true TINYINT, y_prob DOUBLE, y_prob_sd DOUBLE);
CREATE TABLE refits (run_id VARCHAR, subject_code VARCHAR, y_prob_refits DOUBLE[]);
"""
METHODS = ("model_name", "mlflow_run_featurization", "imputation_source", "anomaly_source")


def extract(uri: str, database: Path) -> int:
    """Write the tables and return the number of runs in them."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(uri)
    (experiment,) = [e.experiment_id for e in client.search_experiments() if e.name != "Default"]
    count = 0
    with duckdb.connect(str(database)) as connection:
        connection.execute(SCHEMA)
        for run in _finished(client, experiment):
            try:
                rows = _rows(run, _downloaded(client, run))
            except Exception as error:
                print(f"{run.info.run_id}: {error}", file=sys.stderr)
                continue
            _insert(connection, rows)
            count += 1
    return count


def _downloaded(client: Any, run: Any) -> Any:
    """Return what the metrics pickle of a run holds."""
    with tempfile.TemporaryDirectory() as folder:
        path = client.download_artifacts(run.info.run_id, "metrics", folder)
        (pickled,) = Path(path).glob("*.pickle")
        return pickle.loads(pickled.read_bytes())


def _finished(client: Any, experiment: str) -> Iterator[Any]:
    """Page through the finished runs whose methods are recorded."""
    token = None
    while True:
        page = client.search_runs(
            [experiment], "attributes.status = 'FINISHED'", max_results=1000, page_token=token
        )
        for run in page:
            if not run.info.run_name.startswith("__SYNTHETIC_") and METHODS[0] in run.data.params:
                yield run
        token = page.token
        if not token:
            return


def _rows(run: Any, content: Any) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows that a run adds to each table."""
    arrays = content["metrics_iter"]["test"]["preds"]["arrays"]["predictions"]
    codes = content["subjectwise_stats"]["test"]["subject_code"]
    risks, labels = arrays["y_pred_proba"], arrays["label"][:, 0]
    if not ((risks >= 0) & (risks <= 1)).all():
        raise ValueError("a probability outside [0, 1]")
    run_id, subjects = run.info.run_id, range(len(codes))
    mean, spread = risks.mean(axis=1), risks.std(axis=1, ddof=1)
    methods = [run.data.params[name] for name in METHODS]
    return {
        "runs": [(run_id, run.info.run_name, *methods, risks.shape[1])],
        "predictions": [
            (run_id, codes[i], int(labels[i]), float(mean[i]), float(spread[i])) for i in subjects
        ],
        "refits": [(run_id, codes[i], np.asarray(risks[i]).tolist()) for i in subjects],
    }


def _insert(connection: duckdb.DuckDBPyConnection, tables: dict[str, list[tuple[Any, ...]]]) -> None:
    """Insert the rows of one run in one transaction."""
    connection.execute("BEGIN")
    for table, rows in tables.items():
        connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)
    connection.execute("COMMIT")


if __name__ == "__main__":
    print(extract(sys.argv[1], Path(sys.argv[2])))
