"""One validated settings object: defaults, then `[tool.foundation-plr]` in pyproject.toml, then environment.

Environment variables are the field's name in capitals behind `FOUNDATION_PLR_`; MLflow's own
`MLFLOW_TRACKING_URI`, `MLFLOW_EXPERIMENT_NAME` and `MLFLOW_EXPERIMENT_ID` are honoured too.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from assets.engine.errors import UserError

_TABLE = "foundation-plr"
_MLFLOW = {
    "tracking_uri": ("MLFLOW_TRACKING_URI",),
    "experiment": ("MLFLOW_EXPERIMENT_NAME", "MLFLOW_EXPERIMENT_ID"),
}

Count = Annotated[int, msgspec.Meta(ge=1)]
Name = Annotated[str, msgspec.Meta(min_length=1)]
Names = tuple[str, ...]
PerCents = tuple[Annotated[int, msgspec.Meta(ge=1, le=99)], ...]
Proportion = Annotated[float, msgspec.Meta(gt=0, lt=1)]


_LISTS = {
    "decision_curve_range",
    "classifier_params",
    "featurization_params",
    "highlighted_runs",
    "imputation_params",
    "outlier_params",
    "reported_per_cents",
}
"""Settings that an environment variable gives as values with commas between."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set, with its default; paths are relative to the working directory."""

    tracking_uri: str | None = None
    """MLflow store to read: an sqlite or http address, or an `mlruns` folder. None: `data/mlflow.db`."""
    experiment: str | None = None
    """Name or id of the experiment; None when the store holds only one with finished runs."""
    database: str = "data/public/foundation_plr_results.db"
    """The shareable DuckDB file."""
    figures_dir: str = "figures/generated"
    """Folder of pictures; sidecars are in `data/` within it."""
    private_dir: str = "data/private"
    """Folder of the subject key and look-up; never shared, never in git."""
    registry: Literal["open", "foundation-plr"] = "open"
    """Which method names are accepted: any, or those of the original study (11 x 8 x 5)."""
    classifier_params: Names = ("model_name",)
    """MLflow params or tags that name the classifier, the first with a value counts; so for the next three.
    Where none has a value the run's name tells. A name after `=` is not looked up but taken as the method: `["=none"]`
    where a study does not vary it."""
    featurization_params: Names = ("feature_param", "mlflow_run_featurization")
    imputation_params: Names = ("imputation_source",)
    outlier_params: Names = ("anomaly_source",)
    artifact_pattern: str = "metrics/metrics_*.pickle"
    """Which artifact of a run holds its predictions."""
    subject_column: str = "subject_code"
    """Of predictions kept as a table, the column that names the subject; empty: the rows are the subjects, in the same
    order in every run."""
    outcome_column: Name = "y_true"
    """The column of the outcome, 0 or 1."""
    risk_column: Name = "y_prob"
    """The column of the predicted risk."""
    refit_column: str = "refit"
    """The column that tells refits of the model apart; a table without it holds one."""
    keep_refits: bool = True
    """Whether the risks that each refit predicted are kept: 8 bytes a subject, refit and run. Without them the
    tables of stability have no rows."""
    max_artifact_mb: Count = 256
    """A larger artifact is quarantined unread."""
    read_timeout_seconds: Annotated[float, msgspec.Meta(gt=0)] = 120.0
    """An artifact that takes longer to read is quarantined."""
    memory_limit_gb: Annotated[float, msgspec.Meta(gt=0)] = 4.0
    """What an extraction may take: from four fifths of it on it reads less at a time, beyond it it stops, resumable."""
    disk_reserve_gb: Annotated[float, msgspec.Meta(ge=0)] = 1.0
    """What an extraction leaves free on the disk; it stops, resumable, before that is used."""
    stall_seconds: Annotated[float, msgspec.Meta(gt=0)] = 60.0
    """After so long without a run read it is said what is being waited for."""
    batch_size: Count = 16
    """Runs read by one task, at the least; of many runs a task reads more, and keeps what it read every few."""
    jobs: Count = 2
    """Tasks at a time."""
    dask_scheduler: str | None = None
    """Address of a running Dask scheduler (`tcp://host:8786`) whose workers read the runs; they need the store.
    `assets materialize` reads here all the same."""
    retries: Annotated[int, msgspec.Meta(ge=0)] = 3
    """Further attempts after a fault that may pass (network, lock)."""
    retry_delay_seconds: Annotated[float, msgspec.Meta(ge=0)] = 60.0
    shared_cache: str | None = None
    """Folder or address (`s3://...`, whatever fsspec reaches) where a group shares results; who can write there is
    trusted."""
    cache_max_gb: Annotated[float, msgspec.Meta(ge=0)] = 5.0
    """What results of earlier builds may take in `.assets/cache`; the least recently used go first."""
    resamples: Count = 1000
    """Bootstrap resamples of the test subjects behind an interval."""
    resampling_seed: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 20250101
    """The same seed draws the same resamples, on any machine."""
    reported_per_cents: PerCents = (5, 10, 15, 20, 30, 50)
    """Risk thresholds, in per cent, of the rows of `stratos_measures`; tables of thresholds have all of 1 to 99."""
    target_prevalence: Proportion | None = None
    """Predictive values are also given for a population where this share has the outcome."""
    advised_against: bool = False
    """Whether measures that STRATOS advises against (F1, AUPRC, accuracy, ...) are computed, into a table of their own:
    `supplementary_metrics`."""
    decision_curve_range: tuple[Proportion, Proportion] = (0.01, 0.50)
    """Risk thresholds that decision curves show; choose them from the clinic, before looking."""
    highlight_rule: Literal["median", "listed"] = "median"
    """Which runs figures show in colour: of each classifier the one with its (lower) median AUROC, or those listed in
    `highlighted_runs`, chosen before the results were seen. No rule picks the best test result."""
    highlighted_runs: Names = ()
    """Ids or names of runs, in the order of the key; read with `highlight_rule = "listed"` only."""
    row_level_figures: bool = False
    """Whether figures of single subjects are drawn, whose sidecars hold a row per subject."""
    study_title: str = "Performance of binary classifiers"
    """Heading of the report."""
    study_citation: str = ""
    """How the study wants to be cited, printed in the report beside how to cite the data and the software."""
    n_bootstrap: Count | None = None
    """Refits of each configuration in the default study (Block 0); None: as the study defines."""


def load(folder: Path = Path()) -> Settings:
    """Return the settings that hold in `folder`.

    Raises
    ------
    UserError
        A name that is not a setting, or a value that does not fit it.
    """
    variables = _variables(os.environ)
    given = _from_file(folder / "pyproject.toml")
    given |= {name: _value(name, os.environ[variable]) for name, variable in variables.items()}
    unknown = sorted(set(given) - set(Settings.__struct_fields__))
    if unknown:
        near = difflib.get_close_matches(unknown[0], Settings.__struct_fields__, n=1)
        hint = (
            f" Did you mean `{near[0]}`?" if near else f" There are: {', '.join(Settings.__struct_fields__)}."
        )
        where = _where(unknown[0], variables)
        raise UserError(f"there is no setting `{unknown[0]}`, which is in {where}.{hint}")
    try:
        return msgspec.convert(given, Settings, strict=False)
    except msgspec.ValidationError as error:
        found = re.search(r"\$\.(\w+)", str(error))
        where = _where(found[1] if found else "", variables)
        raise UserError(f"a setting does not fit: {error}; mend it in {where}") from error


def _where(name: str, variables: Mapping[str, str]) -> str:
    """Say where the value of a setting comes from."""
    variable = variables.get(name)
    return f"the environment variable {variable}" if variable else f"`[tool.{_TABLE}]` of pyproject.toml"


def _from_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        table = tomllib.loads(path.read_text("utf-8")).get("tool", {}).get(_TABLE, {})
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path} is not valid TOML: {error}") from error
    return {name.replace("-", "_"): value for name, value in table.items()}


def _variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variable that sets each setting, of those that one does."""
    found: dict[str, str] = {}
    for name, variables in _MLFLOW.items():
        if given := [variable for variable in variables if environment.get(variable)]:
            found[name] = given[0]
    ours = (v for v in environment if v.startswith("FOUNDATION_PLR_"))
    return found | {v.removeprefix("FOUNDATION_PLR_").lower(): v for v in ours}


def _value(name: str, text: str) -> str | list[str]:
    return text.split(",") if name in _LISTS else text
