"""Which runs are used, which are set aside and why, and what each predicted for whom."""

import ibis
from ibis.expr.types import Table

CONFIGURATION = ("classifier", "featurization", "imputation_method", "outlier_method")


def usable_runs(extracted_runs: Table) -> Table:
    """Which run stands for each configuration, and how many subjects and events were in its test?

    Of several usable runs with the same four methods the one that finished last is taken, the larger
    `run_id` if they finished together. How well a run did plays no part.
    """
    usable = _usable_with_winner(extracted_runs)
    return usable.filter(usable.run_id == usable.winner).drop("winner")


def quarantined_runs(extracted_runs: Table) -> Table:
    """Which runs are not used, at which stage were they set aside, and for what reason?"""
    refused = extracted_runs.filter(extracted_runs.quarantine_stage.notnull())
    usable = _usable_with_winner(extracted_runs)
    losers = usable.filter(usable.run_id != usable.winner)
    return ibis.union(
        refused.select(
            "run_id",
            "run_name",
            "artifact_path",
            "artifact_sha256",
            stage=refused.quarantine_stage,
            field=refused.quarantine_field,
            reason=refused.quarantine_reason,
        ),
        losers.select(
            "run_id",
            "run_name",
            "artifact_path",
            "artifact_sha256",
            stage=ibis.literal("duplicate"),
            field=ibis.null("string"),
            reason=ibis.literal("superseded by run ") + losers.winner + ": same methods, finished last",
        ),
    )


def predictions(extracted_runs: Table, runs: Table) -> Table:
    """What did each run in use predict for each subject, and what happened to the subject?"""
    at = _by_subject(extracted_runs, runs)
    return at.select(
        "run_id",
        subject_code=at.subject_codes[at.index],
        y_true=at.y_true[at.index],
        y_prob=at.y_prob[at.index],
        y_prob_sd=at.y_prob_sd[at.index],
    )


def bootstrap_predictions(extracted_runs: Table, runs: Table) -> Table:
    """What did every refit of each run in use predict for each subject, and what happened to the subject?

    Runs whose refits were not kept have no rows.
    """
    at = _by_subject(extracted_runs.filter(extracted_runs.y_prob_refits.notnull()), runs)
    return at.select(
        "run_id",
        subject_code=at.subject_codes[at.index],
        y_true=at.y_true[at.index],
        y_prob_refits=at.y_prob_refits[at.index],
    )


def _by_subject(extracted_runs: Table, runs: Table) -> Table:
    """Give every run in use a row for each subject, whose values stand at `index` in the arrays.

    One unnested index serves all arrays; several `unnest` in one select are refused by Spark.
    """
    used = extracted_runs.semi_join(runs, "run_id")
    return used.mutate(index=ibis.range(used.subject_codes.length()).unnest())


def _usable_with_winner(extracted_runs: Table) -> Table:
    """Give every usable run the columns of `runs`, and the run that stands for its configuration.

    The arrays are counted before the window, which would otherwise hold all of them at once.
    """
    usable = extracted_runs.filter(extracted_runs.quarantine_stage.isnull())
    n_test = usable.y_true.length()
    # Spark adds up in the type of the elements: a sum of int8 would overflow at 128 events.
    n_events = usable.y_true.cast("array<int64>").sums()
    counted = usable.select(
        "run_id",
        "run_name",
        "experiment",
        *CONFIGURATION,
        "started_at",
        "finished_at",
        "n_bootstrap",
        n_test=n_test.cast("int32"),
        n_events=n_events.cast("int32"),
        prevalence=n_events / n_test,
        artifact_path=usable.artifact_path,
        artifact_sha256=usable.artifact_sha256,
    )
    latest_first = ibis.window(
        group_by=CONFIGURATION,
        order_by=[counted.finished_at.desc(nulls_first=False), counted.run_id.desc()],
    )
    return counted.mutate(winner=counted.run_id.first().over(latest_first))
