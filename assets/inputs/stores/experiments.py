"""Choose the experiment to read."""

import difflib
from collections.abc import Sequence

from assets.engine.errors import UserError
from assets.inputs.stores.runs import Experiment, RunStore


def choose_experiment(store: RunStore, name_or_id: str | None) -> Experiment:
    """Return the experiment of that name or id; without one, the only experiment with finished, active runs.

    Raises UserError, with the candidates, if there is none, more than one, or none with finished runs.
    """
    experiments = store.experiments()
    if name_or_id is not None:
        experiments = [item for item in experiments if name_or_id in (item.experiment_id, item.name)]
        if not experiments:
            raise UserError(_unknown(name_or_id, store))
    ready = [item for item in experiments if store.finished_runs(item.experiment_id, limit=1)]
    if not ready:
        known = _listed(store, experiments) or "it has no experiment"
        raise UserError(f"No finished run in {store.uri}: {known}.")
    if len(ready) > 1:
        raise UserError(
            f"Several experiments in {store.uri} have finished runs; choose one by name or id:"
            f" {_listed(store, experiments)}."
        )
    return ready[0]


def _unknown(wanted: str, store: RunStore) -> str:
    names = [item.name for item in store.experiments()]
    close = difflib.get_close_matches(wanted, names, n=1)
    hint = f" Did you mean `{close[0]}`?" if close else ""
    known = ", ".join(f"`{name}`" for name in names) or "none"
    return f"No experiment `{wanted}` in {store.uri}.{hint} There are: {known}."


def _listed(store: RunStore, experiments: Sequence[Experiment]) -> str:
    counts = [store.finished_runs(item.experiment_id) for item in experiments]
    return ", ".join(
        f"`{item.name}` (id {item.experiment_id}, {count} finished {'run' if count == 1 else 'runs'})"
        for item, count in zip(experiments, counts, strict=True)
    )
