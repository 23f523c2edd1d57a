"""The long table of measures: a row per run and measure, whatever table the measure comes from."""

from collections.abc import Iterator, Sequence

import ibis
from ibis.expr.types import StringValue, StructValue, Table, Value

# How intervals are made, in the words that `assets.stratos` uses.
DELONG = "DeLong, cut to [0, 1]"
LOGIT_DELONG = "DeLong on the logit scale"
WALD = "Wald"
PROFILE = "profile likelihood"
LOG_NORMAL = "log-normal (Debray 2017)"
CUT_WALD = "Wald, cut to [0, 1]"
SPIEGELHALTER = "Wald under perfect calibration (Spiegelhalter 1986)"
WILSON = "Wilson score"
CLOPPER_PEARSON = "Clopper-Pearson exact"
REFITS = "percentiles over refits: no confidence interval"
LOGIT_DELTA = "delta method on the logit scale (Mercaldo 2007)"

INFINITY = float("inf")
INTERVAL_NAMES = "(__bootstrap_ci|_ci_bootstrap_stratified|_ci_newcombe)$"


def stratos_measures(
    runs: Table,
    discrimination: Table,
    recalibration: Table,
    overall_performance: Table,
    calibration_errors: Table,
    dca_curves: Table,
    threshold_metrics: Table,
    threshold_exact_limits: Table,
    intervals: Table,
    refit_spread: Table,
    *,
    per_cents: Sequence[int],
) -> Table:
    """What is each measure of each run, with which interval, made how, of how many rows?

    One row per `run_id` and `measure`: `value`, `ci_lower` and `ci_upper` (95 %), `method` of the interval (empty
    if there is none), `status`, `limit` (-inf or inf where the measure diverges, else null) and `n`, the rows that
    the value is made of. Measures of a threshold are named with it, `net_benefit@0.10`, at the whole
    `per_cents` given. `intervals` has `..._bootstrap_ci` and others by the name of a measure: they get its value,
    and a measure without a formula for its interval gets the one of the resamples. A run without a row in one of
    the tables has none here for the measures of that table.
    """
    sizes = runs.select("run_id", "n_test", "n_events")
    by_run = sizes.inner_join(discrimination.drop("n_test", "n_events"), "run_id")
    tables = (recalibration, overall_performance, calibration_errors, refit_spread, _resampling(intervals))
    for table in tables:
        by_run = by_run.left_join(table, "run_id").drop("run_id_right")
    curves = _at(sizes.inner_join(dca_curves, "run_id"), per_cents)
    classified = _at(threshold_metrics.inner_join(threshold_exact_limits, ["run_id", "threshold"]), per_cents)
    rows = ibis.union(
        _long(
            by_run, *_ranks(by_run), *_calibration(by_run), *_calibration_errors(by_run), *_overall(by_run)
        ),
        _long(curves, *_utility(curves)),
        _long(classified, *_classes(classified)),
    )
    return ibis.union(_completed(rows, intervals), _named(rows, intervals))


def _long(table: Table, *measures: StructValue) -> Table:
    """Write measures that stand beside each other below each other, without those that a run lacks."""
    row = ibis.array(list(measures)).unnest()
    rows = table.select("run_id", row=row).unpack("row")
    return rows.filter(rows.status.notnull())


def _row(
    table: Table,
    measure: str | StringValue,
    value: Value,
    status: Value,
    *,
    ci: tuple[Value, Value] | None = None,
    method: str | StringValue = "",
    limit: Value | None = None,
    n: Value | None = None,
) -> StructValue:
    low, high = ci or (ibis.null("float64"), ibis.null("float64"))
    return ibis.struct(
        {
            "measure": _text(measure),
            "value": value,
            "ci_lower": low,
            "ci_upper": high,
            "method": _text(method),
            "status": status,
            "limit": ibis.null("float64") if limit is None else limit,
            "n": (table.n_test if n is None else n).cast("int32"),
        }
    )


def _text(words: str | StringValue) -> StringValue:
    return ibis.literal(words) if isinstance(words, str) else words


def _ci(table: Table, stem: str) -> tuple[Value, Value]:
    return table[f"{stem}_ci_lower"], table[f"{stem}_ci_upper"]


def _diverging(*cases: tuple[Value, float]) -> Value:
    """Choose the limit of the first case that holds, else null."""
    return ibis.cases(*cases, else_=ibis.null("float64"))


def _limit_of_profile(t: Table, name: str) -> Value:
    """Where an estimate diverges, the profile likelihood bounds it on the other side."""
    low, high = t[f"{name}_profile_lower"], t[f"{name}_profile_upper"]
    diverges = t[f"{name}_status"].isin(["single_class", "separation"])
    return _diverging(
        (diverges & low.isnull() & high.notnull(), -INFINITY),
        (diverges & high.isnull() & low.notnull(), INFINITY),
    )


def _ranks(t: Table) -> Iterator[StructValue]:
    yield _row(t, "auroc", t.auroc, t.auroc_status, ci=_ci(t, "auroc"), method=DELONG)
    yield _row(t, "auroc_ci_logit", t.auroc, t.auroc_status, ci=_ci(t, "auroc_logit"), method=LOGIT_DELONG)
    # No interval is made of a standard error of 0, but that is what it is.
    se = (t.auroc_status == "variance_zero").ifelse(0.0, t.auroc_se)
    yield _row(t, "auroc_delong_se", se, t.auroc_status)
    spread = t.auroc_refit_spread_lower, t.auroc_refit_spread_upper
    yield _row(t, "auroc_refit_spread", t.auroc_refit_mean, t.auroc_refit_status, ci=spread, method=REFITS)
    yield _row(t, "discrimination_slope", t.discrimination_slope, t.discrimination_slope_status)


def _calibration(t: Table) -> Iterator[StructValue]:
    n = t.n_test - t.n_certain
    for name in ("calibration_intercept", "calibration_slope"):
        status, limit = t[f"{name}_status"], _limit_of_profile(t, name)
        profile = t[f"{name}_profile_lower"], t[f"{name}_profile_upper"]
        unbounded = limit.notnull().ifelse("limits_unbounded", status)
        yield _row(t, name, t[name], status, ci=_ci(t, name), method=WALD, limit=limit, n=n)
        yield _row(t, f"{name}_profile_ci", t[name], unbounded, ci=profile, method=PROFILE, limit=limit, n=n)
    name = "calibration_intercept_joint"
    status = t[f"{name}_status"]
    # Beside a slope that separates, the intercept goes nowhere in particular.
    limit = (status == "single_class").ifelse(
        _limit_of_profile(t, "calibration_intercept"), ibis.null("float64")
    )
    yield _row(t, name, t[name], status, ci=_ci(t, name), method=WALD, limit=limit, n=n)
    nothing = (t.o_e_ratio_status == "nothing_expected") & (t.n_events > 0)
    yield _row(
        t,
        "oe_ratio",
        t.o_e_ratio,
        t.o_e_ratio_status,
        ci=_ci(t, "o_e_ratio"),
        method=LOG_NORMAL,
        limit=_diverging((nothing, INFINITY)),
    )


def _calibration_errors(t: Table) -> Iterator[StructValue]:
    """The distances of the smooth curve, whose intervals come with them from the resamples."""
    one_class = (t.n_events == 0) | (t.n_events == t.n_test)
    method = one_class.ifelse("", t.resampling.fill_null(""))
    of_ici = t.calibration_errors_status
    for name in ("ici", "e50", "e90", "emax", "eci_x100", "eci_stratos"):
        flat = t[f"{name}_ci_lower"].isnull() & of_ici.isin(["ok", "variance_zero"])
        status = ibis.cases(
            (t[name].isnull(), "not_identified"),
            (flat, "variance_zero"),
            (of_ici == "variance_zero", "ok"),
            else_=of_ici,
        )
        yield _row(t, name, t[name], status, ci=_ci(t, name), method=method)


def _overall(t: Table) -> Iterator[StructValue]:
    yield _row(t, "brier", t.brier, t.brier_status, ci=_ci(t, "brier"), method=CUT_WALD)
    if_right = _ci(t, "brier_spiegelhalter")
    flat = if_right[0].isnull().ifelse("variance_zero", "ok")
    yield _row(t, "brier_ci_spiegelhalter", t.brier, flat, ci=if_right, method=SPIEGELHALTER)
    worse = t.scaled_brier.isnull() & (t.brier > 0)
    limit = _diverging((worse, -INFINITY))
    yield _row(t, "scaled_brier", t.scaled_brier, t.scaled_brier_status, limit=limit)
    limit = _diverging((t.log_loss_status == "infinite", INFINITY))
    yield _row(t, "log_loss", t.log_loss, t.log_loss_status, limit=limit)
    yield _row(t, "log_loss__clip_1e-15", t.log_loss_clipped, ibis.literal("ok"))
    limit = _diverging((t.r2_status == "infinite", -INFINITY))
    for name in ("mcfadden_r2", "cox_snell_r2", "nagelkerke_r2"):
        yield _row(t, name, t[name], t.r2_status, limit=limit)


def _at(table: Table, per_cents: Sequence[int]) -> Table:
    """Keep the rows of the thresholds asked for, named as in `0.05`."""
    asked = table.mutate(k=(table.threshold * 100).round().cast("int32"))
    return asked.filter(asked.k.isin(sorted(set(per_cents)))).mutate(
        at=ibis.literal("@0.") + asked.k.cast("string").lpad(2, "0")
    )


def _utility(t: Table) -> Iterator[StructValue]:
    ok = ibis.literal("ok")
    yield _row(t, "net_benefit" + t.at, t.net_benefit_model, ok)
    without = t.standardised_net_benefit.isnull() & (t.net_benefit_model < 0)
    yield _row(
        t,
        "standardised_net_benefit" + t.at,
        t.standardised_net_benefit,
        t.standardised_net_benefit_status,
        limit=_diverging((without, -INFINITY)),
    )
    yield _row(t, "interventions_avoided" + t.at, t.interventions_avoided, ok)


def _classes(t: Table) -> Iterator[StructValue]:
    denominators = {
        "sensitivity": t.true_positives + t.false_negatives,
        "specificity": t.true_negatives + t.false_positives,
        "ppv": t.true_positives + t.false_positives,
        "npv": t.true_negatives + t.false_negatives,
    }
    for name, n in denominators.items():
        value, status, exact = t[name], t[f"{name}_status"], _ci(t, f"{name}_exact")
        yield _row(t, name + t.at, value, status, ci=_ci(t, name), method=WILSON, n=n)
        yield _row(t, f"{name}_ci_exact" + t.at, value, status, ci=exact, method=CLOPPER_PEARSON, n=n)
    for name in ("ppv_at_prevalence", "npv_at_prevalence"):
        if name in t.columns:
            status = t[f"{name}_status"]
            yield _row(t, name + t.at, t[name], status, ci=_ci(t, name), method=LOGIT_DELTA, n=t.n)
    yield _row(t, "expected_cost" + t.at, t.expected_cost, ibis.literal("ok"), n=t.n)


def _resampling(intervals: Table) -> Table:
    """Say how each run was resampled."""
    of_auroc = intervals.filter(intervals.measure == "auroc__bootstrap_ci")
    return of_auroc.select("run_id", resampling=of_auroc.method)


def _completed(rows: Table, intervals: Table) -> Table:
    """Give a measure that has no formula for its interval the one of the resamples."""
    plain = intervals.filter(intervals.measure.endswith("__bootstrap_ci"))
    resampled = plain.select(
        "run_id",
        measure=plain.measure.re_replace(INTERVAL_NAMES, ""),
        low=plain.ci_lower,
        high=plain.ci_upper,
        resampling=plain.method,
        found=plain.status,
    )
    beside = rows.left_join(resampled, ["run_id", "measure"])
    without = (beside.method == "") & beside.resampling.notnull()
    return beside.select(
        "run_id",
        "measure",
        "value",
        ci_lower=without.ifelse(beside.low, beside.ci_lower),
        ci_upper=without.ifelse(beside.high, beside.ci_upper),
        method=without.ifelse(beside.resampling, beside.method),
        status=(without & (beside.status == "ok")).ifelse(beside.found, beside.status),
        limit=beside["limit"],
        n=beside.n,
    )


def _named(rows: Table, intervals: Table) -> Table:
    """Give intervals that have names of their own the value that they are of."""
    named = intervals.mutate(of=intervals.measure.re_replace(INTERVAL_NAMES, ""))
    values = rows.select("run_id", "value", "limit", "n", of=rows.measure)
    return named.inner_join(values, ["run_id", "of"]).select(
        "run_id", "measure", "value", "ci_lower", "ci_upper", "method", "status", "limit", "n"
    )
