"""`make bench`: what things cost, each beside a peer measured in the same run.

First the study (once `make reproduce` has made results), then the measures (tests/bench_measures), then the engine
beside other incremental builders: tests/incremental/README.md says which, and how to install them. Prints CPU seconds (user + system, with
children), the median of several runs in turn (A B A B ...). Compare ratios: machines are noisy.
"""

import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.bench_measures import __main__ as bench_measures
from tests.incremental import __main__ as incremental

REPEATS = 7

CODE = {
    "ours: auroc": "import ibis; from queries.discrimination import auroc_with_delong as measure; "
    "tables = ibis.duckdb.connect('{db}', read_only=True); measure(tables.table('predictions')).to_pyarrow()",
    "peer: auroc": "import duckdb; from sklearn.metrics import roc_auc_score as auroc; "
    "rows = duckdb.connect('{db}', read_only=True).sql('FROM predictions').df(); "
    "[auroc(run.y_true, run.y_prob) for _, run in rows.groupby('run_id')]",
    "ours: list": "from assets.inputs.stores.addresses import open_store; store = open_store('{store}'); "
    "[store.runs(e.experiment_id) for e in store.experiments()]",
    "peer: list": "from mlflow import MlflowClient; client = MlflowClient('sqlite:///{store}'); "
    "client.search_runs([e.experiment_id for e in client.search_experiments()], max_results=50000)",
}


def cpu_seconds(command: Sequence[str]) -> float:
    """Run a command to its end and return the CPU time of it and its children."""
    before = os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def compare(
    title: str, ours: Sequence[str], peer_name: str, peer: Sequence[str], repeats: int = REPEATS
) -> None:
    """Time two commands in turn and print medians and the ratio."""
    pairs = [(cpu_seconds(ours), cpu_seconds(peer)) for _ in range(repeats + 1)][1:]
    mine, other = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"{title:<34} {mine:8.3f} s   {peer_name:<28} {other:8.3f} s   ratio {ratio:6.2f}")


def study(database: Path, store: Path) -> None:
    """Print what the study's commands cost, on its own results."""
    run = [sys.executable, "-c"]
    texts = {name: code.format(db=database, store=store) for name, code in CODE.items()}
    print(f"CPU seconds, median of {REPEATS}, whole processes\n")
    compare(
        "reproduce, nothing to do",
        [sys.executable, "-m", "flows", "reproduce"],
        "python -c pass",
        [*run, "pass"],
    )
    compare(
        "assets status, nothing to do",
        [sys.executable, "-m", "assets", "status"],
        "python -c pass",
        [*run, "pass"],
    )
    compare(
        "list the runs of the store",
        [*run, texts["ours: list"]],
        "MlflowClient.search_runs",
        [*run, texts["peer: list"]],
    )
    compare(
        "AUROC with DeLong CI, all runs",
        [*run, texts["ours: auroc"]],
        "sklearn loop, AUROC alone",
        [*run, texts["peer: auroc"]],
    )


def main() -> int:
    """Print the tables; the study's only when there are results to measure on."""
    database, store = Path("data/public/foundation_plr_results.db"), Path("data/mlflow.db")
    if database.exists() and store.exists():
        study(database, store)
        print()
    else:
        print("Without the study: `make reproduce` makes what it is measured on.", file=sys.stderr)
    bench_measures.main([])
    print()
    return incremental.main(["all"])


if __name__ == "__main__":
    sys.exit(main())
