"""How much of what differs between runs each choice of method accounts for."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from assets.stratos.cohorts import Cohort, cohort_of
from assets.stratos.comparisons.common_subjects import RESAMPLED, common_cohort
from assets.stratos.comparisons.factorial import design, sums_of_squares
from assets.stratos.comparisons.variance_decomposition import (
    FACTORS,
    VARIANCE_DECOMPOSITION,
    variance_decomposition,
)
from assets.stratos.discrimination.placements import placements
from tests.measure_cases import run

SHARES = ("eta2", "partial_eta2", "omega2")


def metrics(auroc, **factors):
    """Runs with AUROCs and levels of some factors; the other factors have one level."""
    one = dict.fromkeys(FACTORS, ["same"] * len(auroc))
    return pd.DataFrame(
        {"run_id": [f"r{i:03d}" for i in range(len(auroc))], **one, **factors, "auroc": auroc}
    )


def study(seed=1, n=40, classifiers=3, imputations=2, outliers=3):
    """A factorial of runs with predictions of the same subjects, and its AUROCs and Brier scores."""
    rng = np.random.default_rng(seed)
    y = np.append([0, 1], rng.integers(0, 2, n - 2))
    levels = list(itertools.product(range(classifiers), range(imputations), range(outliers)))
    noise = rng.normal(size=(len(levels), n))
    signal = [(1 + c + 0.3 * i + 0.2 * o) * (y - 0.5) for c, i, o in levels]
    risks = 1 / (1 + np.exp(-(np.array(signal) + noise)))
    frame = metrics(
        [stats.mannwhitneyu(p[y == 1], p[y == 0]).statistic / (y.sum() * (1 - y).sum()) for p in risks],
        classifier=[f"c{c}" for c, _, _ in levels],
        imputation_method=[f"i{i}" for _, i, _ in levels],
        outlier_method=[f"o{o}" for _, _, o in levels],
    )
    frame["brier"] = ((risks - y) ** 2).mean(axis=1)
    return frame, pd.concat([run(name, y, p) for name, p in zip(frame.run_id, risks, strict=True)])


def decomposed(frame, predictions, measure="auroc", **options):
    table = variance_decomposition(frame, predictions, measures=[measure], **options)
    assert table.schema == VARIANCE_DECOMPOSITION
    return {row["term"]: row for row in table.to_pylist()}


def no_subjects(frame):
    """Predictions of runs that have no subject in common."""
    return pd.concat([run(name, [0, 1] + [0] * i, [0.5] * (2 + i)) for i, name in enumerate(frame.run_id)])


def test_a_table_of_two_by_three_is_decomposed_as_by_hand():
    frame = metrics([1, 2, 3, 3, 4, 8], classifier=list("aaabbb"), outlier_method=list("xyzxyz"))
    found = decomposed(frame, no_subjects(frame))
    assert {name: (row["df"], row["sum_sq"]) for name, row in found.items() if row["df"]} == {
        "classifier": (1, pytest.approx(13.5)),
        "outlier_method": (2, pytest.approx(13)),
        "residual": (2, pytest.approx(3)),
        "total": (5, pytest.approx(29.5)),
    }
    shares = [found["classifier"][share] for share in SHARES]
    assert shares == pytest.approx([13.5 / 29.5, 13.5 / 16.5, 12 / 31])
    assert [found["residual"][share] for share in SHARES] == [pytest.approx(3 / 29.5), None, None]
    assert (found["classifier"]["n_runs"], found["classifier"]["status"]) == (6, "ok")


def test_an_unbalanced_table_is_decomposed_by_type_ii_as_by_hand():
    frame = metrics([1, 3, 5, 4, 10, 12], classifier=list("aaabbb"), imputation_method=list("xxyxyy"))
    found = decomposed(frame, no_subjects(frame))
    # Differences within each level of the other factor, weighted by their precision.
    assert {name: row["sum_sq"] for name, row in found.items() if row["df"]} == {
        "classifier": pytest.approx(64 / 3),
        "imputation_method": pytest.approx(100 / 3),
        "classifier:imputation_method": pytest.approx(16 / 3),
        "residual": pytest.approx(4),
        "total": pytest.approx(sum(v**2 for v in (1, 3, 5, 4, 10, 12)) - 35**2 / 6),
    }


def test_sums_of_squares_agree_with_statsmodels():
    smf, anova = (
        pytest.importorskip("statsmodels.formula.api"),
        pytest.importorskip("statsmodels.stats.anova"),
    )
    frame, _ = study(classifiers=4, imputations=3, outliers=5)
    few = frame.sample(51, random_state=3)  # some combinations are missing
    factors = {name: few[name].tolist() for name in ("classifier", "imputation_method", "outlier_method")}
    laid_out = design(factors)
    found = sums_of_squares(laid_out, few.auroc.to_numpy()[None])
    terms = " + ".join(f"C({name}, Sum)" for name in factors)
    wanted = anova.anova_lm(smf.ols(f"auroc ~ ({terms})**2", few).fit(), typ=2)
    assert [term.df for term in laid_out.terms] + [laid_out.residual_df] == wanted.df.tolist()
    assert [*found.terms[0], found.residual[0]] == pytest.approx(wanted.sum_sq.tolist(), rel=1e-9)


def test_the_mixed_model_agrees_with_statsmodels():
    anova = pytest.importorskip("statsmodels.stats.anova")
    frame, predictions = study()
    long = predictions.merge(frame[["run_id", *FACTORS]], on="run_id")
    long["loss"] = (long.y_prob - long.y_true) ** 2
    factors = ["classifier", "imputation_method", "outlier_method"]
    wanted = anova.AnovaRM(long, "loss", "subject_code", factors).fit().anova_table["F Value"]
    found = decomposed(frame, predictions, "brier", resamples=10)
    for name in (*factors, "classifier:outlier_method"):
        assert found[name]["mixed_f"] == pytest.approx(wanted[name], rel=1e-9)


@pytest.mark.parametrize("measure", RESAMPLED)
def test_limits_over_subjects_are_reversed_percentiles_of_the_shares_in_each_resample(measure):
    frame, predictions = study()
    found = decomposed(frame, predictions, measure, resamples=25, seed=4)
    shares = []
    for values in RESAMPLED[measure](common_cohort(predictions), resamples=25, seed=4).T:
        again = decomposed(frame.assign(**{measure: values}), no_subjects(frame), measure)
        shares.append([again["classifier"][share] for share in ("eta2", "omega2")])
    for share, low, high in zip(
        ("eta2", "omega2"), *np.quantile(shares, (0.025, 0.975), axis=0), strict=True
    ):
        limits = [found["classifier"][f"{share}_ci_{side}"] for side in ("lower", "upper")]
        wanted = np.clip(2 * found["classifier"][share] - np.array([high, low]), 0, 1)
        assert limits == pytest.approx(wanted.tolist(), abs=1e-12)
    assert "reversed percentile cut to [0, 1], B=25" in found["classifier"]["ci_method"]


def test_an_effect_that_every_subject_shows_stands_out_and_its_limits_with_it():
    frame, predictions = study(n=300)
    found = decomposed(frame, predictions, "brier", resamples=200)
    assert found["classifier"]["eta2_ci_lower"] > found["imputation_method"]["eta2_ci_upper"]
    assert found["classifier"]["mixed_p"] < 1e-9
    assert found["classifier"]["partial_eta2_f_lower"] > 0.7


def simulated(seed, n, strength=(0, 0.5, 0.8)):
    """A study of 18 runs whose classifiers differ in strength, and see each subject in their own way."""
    rng = np.random.default_rng(seed)
    y = (np.arange(n) < 0.4 * n).astype(float)
    common, own = rng.normal(size=n), 0.3 * rng.normal(size=(3, n))
    levels = list(itertools.product(range(3), range(2), range(3)))
    logits = [
        (1 + strength[c] + 0.2 * i + 0.1 * o) * (y - 0.5) + common + own[c] + 0.1 * rng.normal(size=n)
        for c, i, o in levels
    ]
    cohort = cohort_of(y, 1 / (1 + np.exp(-np.array(logits))), [f"r{k:03d}" for k in range(18)])
    names = (FACTORS[0], FACTORS[2], FACTORS[3])
    factors = {name: [str(one[k]) for one in levels] for k, name in enumerate(names)}
    brier = ((cohort.probability - cohort.outcome) ** 2).mean(axis=1)
    return cohort, metrics(placements(y, cohort.probability).auroc, **factors).assign(brier=brier)


def long(cohort):
    runs = zip(cohort.run_ids, cohort.probability, strict=True)
    return pd.concat([run(name, cohort.outcome, p) for name, p in runs])


def test_limits_over_subjects_hold_the_share_that_endless_subjects_would_give():
    _, endless = simulated(0, 100_000)
    true = decomposed(endless, no_subjects(endless))
    terms = ("classifier", "imputation_method", "outlier_method", "residual")
    held = []
    for seed in range(1, 31):
        cohort, frame = simulated(seed, 150)
        found = decomposed(frame, long(cohort), resamples=100)
        held.append(
            [found[t]["eta2_ci_lower"] <= true[t]["eta2"] <= found[t]["eta2_ci_upper"] for t in terms]
        )
    assert np.mean(held, axis=0) == pytest.approx(0.95, abs=0.15)


def test_the_mixed_model_finds_nothing_where_there_is_nothing():
    p = []
    for seed in range(40):
        cohort, frame = simulated(seed, 100, strength=(0, 0, 0))
        p.append(decomposed(frame, long(cohort), "brier", resamples=1)["classifier"]["mixed_p"])
    assert 0 < np.mean(np.array(p) < 0.25) < 0.5


def test_runs_without_the_measure_are_left_out_and_the_others_counted():
    frame, predictions = study()
    without = decomposed(frame.assign(auroc=frame.auroc.where(frame.index != 4)), predictions, resamples=20)
    same = decomposed(frame.drop(index=4), predictions, resamples=20)
    assert without == same
    assert without["total"]["n_runs"] == len(frame) - 1


def test_runs_of_different_subjects_have_no_limits_over_subjects():
    frame, predictions = study()
    other = predictions.subject_code.where(predictions.run_id != "r003", "T" + predictions.subject_code)
    found = decomposed(frame, predictions.assign(subject_code=other), "brier")
    assert found["classifier"]["eta2"] is not None
    absent = ("eta2_ci_lower", "omega2_ci_upper", "ci_method", "mixed_f", "mixed_p")
    assert [found["classifier"][name] for name in absent] == [None] * 5


@pytest.mark.parametrize(
    ("auroc", "levels", "statuses"),
    [
        ([0.5, 0.5, 0.5, 0.5], "abab", ("variance_zero", "variance_zero", "ok")),
        ([0.5, 0.6, 0.7], "abc", ("saturated", "saturated", "ok")),
        ([0.1] * 3, "aab", ("variance_zero", "variance_zero", "ok")),
    ],
)
def test_what_cannot_be_decomposed_is_null_with_a_status(auroc, levels, statuses):
    frame = metrics(auroc, classifier=list(levels))
    found = decomposed(frame, no_subjects(frame))
    assert tuple(found[name]["status"] for name in ("classifier", "residual", "total")) == statuses
    assert found["classifier"]["partial_eta2"] is None
    assert found["classifier"]["partial_eta2_f_lower"] is None
    assert found["outlier_method"]["status"] == "single_level"


def test_two_factors_that_change_together_cannot_be_told_apart():
    frame = metrics([1, 2, 3, 5.0], classifier=list("aabb"), outlier_method=list("xxyy"))
    found = decomposed(frame, no_subjects(frame))
    for name in ("classifier", "outlier_method"):
        assert (found[name]["df"], found[name]["eta2"], found[name]["status"]) == (0, None, "not_identified")


def test_no_runs_have_nothing_to_decompose():
    frame, predictions = study()
    found = decomposed(frame.assign(auroc=np.nan), predictions)
    assert {(row["status"], row["n_runs"]) for row in found.values()} == {("single_level", 0)}


def test_neither_order_of_runs_nor_company_of_responses_changes_a_bit():
    frame, predictions = study()
    whole = variance_decomposition(frame, predictions, measures=["auroc", "brier"], resamples=30)
    shuffled = variance_decomposition(
        frame.sample(frac=1, random_state=1),
        predictions.sample(frac=1, random_state=2),
        measures=["auroc", "brier"],
        resamples=30,
    )
    assert whole == shuffled
    laid_out = design({"a": frame.classifier.tolist(), "b": frame.outlier_method.tolist()})
    responses = np.random.default_rng(3).random((50, len(frame)))
    alone = [sums_of_squares(laid_out, row[None]).terms[0].tolist() for row in responses]
    assert sums_of_squares(laid_out, responses).terms.tolist() == alone


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_shares_of_a_balanced_factorial_add_up_and_stay_in_range(seed):
    rng = np.random.default_rng(seed)
    levels = list(itertools.product("abc", "xy", "uvw"))
    frame = metrics(
        rng.random(18),
        **{name: [one[k] for one in levels] for k, name in enumerate((FACTORS[0], FACTORS[2], FACTORS[3]))},
    )
    rows = decomposed(frame, no_subjects(frame)).values()
    assert sum(row["eta2"] for row in rows if row["eta2"] is not None) == pytest.approx(1)
    for row in rows:
        assert row["partial_eta2"] is None or row["eta2"] <= row["partial_eta2"] <= 1
        assert row["omega2"] is None or row["omega2"] <= row["eta2"]


def test_one_cohort_is_found_whatever_the_order_of_rows():
    _, predictions = study(n=5)
    found = common_cohort(predictions.sample(frac=1, random_state=1))
    assert isinstance(found, Cohort)
    assert (len(found.run_ids), found.n) == (18, 5)
