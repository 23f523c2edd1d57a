"""Which few runs to show where four hundred curves would hide one another."""

import ibis
from ibis.expr.types import StringValue, Table

from queries.runs import CONFIGURATION


def median_run_per_classifier(essential_metrics: Table) -> Table:
    """Which run is typical of each classifier?

    The run with the lower median of the AUROCs, a rule that never shows the best test result. Ties are broken by
    the methods, as an id is drawn anew wherever a study is run again. Runs without an AUROC are passed over.
    `label` names the classifier and the run's methods.
    """
    scored = essential_metrics.filter(essential_metrics.auroc.notnull())
    of_classifier = ibis.window(group_by="classifier")
    rising = ibis.window(group_by="classifier", order_by=["auroc", *CONFIGURATION, "run_id"])
    placed = scored.mutate(
        place=ibis.row_number().over(rising), middle=(scored.count().over(of_classifier) - 1) // 2
    )
    median = placed.filter(placed.place == placed.middle)
    return median.select("run_id", "classifier", label=_label(median))


def named_runs(essential_metrics: Table, runs: Table) -> Table:
    """What is each run called, in the store and in a figure? One row per run: run_id, run_name, classifier, label."""
    names = runs.select("run_id", "run_name")
    named = essential_metrics.join(names, "run_id")
    return named.select("run_id", "run_name", "classifier", label=_label(named))


def _label(runs: Table) -> StringValue:
    return runs.classifier + " (" + runs.outlier_method + ", " + runs.imputation_method + ")"
