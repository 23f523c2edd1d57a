"""Whether the artifacts in a store are still those that were read."""

from typing import TYPE_CHECKING

from assets.engine.errors import TransientError, UserError
from assets.inputs.evidence import default_store
from assets.inputs.stores.addresses import open_store
from assets.inputs.stores.parallel import each
from assets.inputs.stores.runs import ArtifactError, Run, RunStore

if TYPE_CHECKING:
    import duckdb

_ANY_SIZE = 2**62
_NAMED = 5
_RECORDED = "SELECT run_id, artifact_path, artifact_sha256 FROM runs ORDER BY run_id"


def artifacts_hold(connection: "duckdb.DuckDBPyConnection", *, tracking_uri: str | None) -> str:
    """Compare each artifact in the store with the sha256 in the table `runs`; say in a sentence that all hold.

    A store that is not within reach is said, and is no error. Raises UserError, naming runs, if artifacts
    differ or are gone.
    """
    uri = tracking_uri or default_store()
    if uri is None:
        return "artifacts were not compared: there is no MLflow store here"
    recorded = connection.execute(_RECORDED).fetchall()
    experiments = {name for (name,) in connection.execute("SELECT DISTINCT experiment FROM runs").fetchall()}
    try:
        store = open_store(uri)
        found = {
            run.run_id: run
            for experiment in store.experiments()
            if experiment.name in experiments
            for run in store.runs(experiment.experiment_id, ())
        }
        objections = each(
            lambda row: _objection(store, found.get(row[0]), *row), recorded, at_once=store.connections
        )
    except (UserError, TransientError) as error:
        return f"artifacts were not compared: {error}"
    wrong = [objection for objection in objections if objection]
    if wrong:
        more = f" and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
        raise UserError(
            f"{len(wrong)} of {len(recorded)} artifacts are not what was extracted: {', '.join(wrong[:_NAMED])}"
            f"{more}; restore them, or build again"
        )
    return f"{len(recorded)} artifacts in {store.uri} have the sha256 that `runs` records"


def _objection(store: RunStore, run: Run | None, run_id: str, path: str, sha256: str) -> str | None:
    if run is None:
        return f"run {run_id} is gone"
    try:
        return None if store.digest(run, path, _ANY_SIZE) == sha256 else f"{path} of run {run_id} changed"
    except ArtifactError as error:
        return f"{path} of run {run_id} {error}"
