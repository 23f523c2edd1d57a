"""What the figures of mean ranks and of shares of variance promise: the table's numbers, and no claim beyond them."""

import numpy as np
import pandas as pd
import pytest
from chart_figures import chart, data_of, notes_of, sidecar_of, texts_of
from chart_frames import study
from chart_tables import RESAMPLES, method_rankings, variance_shares
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.charts import critical_difference, rank_rows, variance_decomposition
from assets.charts.qa import check_figure
from assets.engine.errors import UserError
from assets.stratos.comparisons import rankings


def of_sites(n: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Metrics and predictions of three classifiers at `n` sites, each with subjects and features of its own."""
    frames = study(3, 1, 1)
    parts = []
    for site in range(n):
        at_site = frames.predictions.assign(
            run_id=frames.predictions.run_id + f"-{site}",
            subject_code=frames.predictions.subject_code + f"-{site}",
        )
        metrics = frames.metrics.assign(
            run_id=frames.metrics.run_id + f"-{site}", featurization=f"site {site}"
        )
        parts.append((metrics, at_site))
    metrics, predictions = (pd.concat(tables, ignore_index=True) for tables in zip(*parts, strict=True))
    return metrics, predictions


def test_where_blocks_share_subjects_limits_are_drawn_and_no_critical_difference() -> None:
    figure = chart("critical_difference", 2, 2, 2)
    table = method_rankings(study(2, 2, 2)).dropna(subset=["mean_rank"])
    ranks = data_of(figure)["ranks"]
    assert "bars" not in data_of(figure)
    key = ["measure", "factor", "level"]
    wanted = [*key, "mean_rank", "mean_rank_ci_lower", "mean_rank_ci_upper"]
    pd.testing.assert_frame_equal(
        ranks[wanted].sort_values(key, ignore_index=True),
        table[wanted].sort_values(key, ignore_index=True),
        check_dtype=False,
    )
    assert "No critical difference in classifier, outlier method, imputation" in notes_of(figure)
    assert f"B={RESAMPLES}" in notes_of(figure)


def test_where_blocks_have_subjects_of_their_own_the_critical_difference_is_drawn() -> None:
    metrics, predictions = of_sites(5)
    table = rankings.method_rankings(metrics, predictions, resamples=4).to_pandas()
    figure = critical_difference.critical_difference(table, metrics)
    known = table[(table.measure == "auroc") & (table.factor == "classifier")]
    bars = data_of(figure)["bars"]
    first = bars[bars.measure == "auroc"].iloc[0]
    assert first.to_rank - first.from_rank == pytest.approx(known.critical_difference.iloc[0])
    assert f"CD {known.critical_difference.iloc[0]:.2f}" in texts_of(figure)
    assert "Friedman's test of no difference: classifier by AUROC p = 0.0" in notes_of(figure)
    assert check_figure(*sidecar_of("critical_difference", figure)).findings == ()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(1, 6), min_size=2, max_size=6), st.floats(0.1, 3))
def test_bars_join_just_those_methods_whose_ranks_are_within_the_critical_difference(
    ranks: list[float], critical: float
) -> None:
    table = pd.DataFrame({"level": [f"m{i}" for i in range(len(ranks))], "mean_rank": ranks})
    table = table.assign(measure="auroc", factor="classifier", critical_difference=critical)
    found = rank_rows.bars(table, rank_rows.arranged(table, ["auroc"]), ["auroc"])
    joins = found[found.width == rank_rows.JOINED]
    for one in ranks:
        for other in ranks:
            joined = ((joins.from_rank <= min(one, other)) & (max(one, other) <= joins.to_rank)).any()
            assert one == other or joined == (abs(one - other) <= critical)


def test_how_often_a_method_is_best_is_never_rounded_to_always_or_never() -> None:
    table = method_rankings(study(2, 2, 2))
    shares = table.probability_best.mask(table.level == "GaussianNB", 0.004)
    table = table.assign(probability_best=shares.mask(table.level == "LogisticRegression", 0.996))
    texts = texts_of(critical_difference.critical_difference(table, study(2, 2, 2).metrics))
    assert texts.count(">99") == 2
    assert {"Best in % of", "resamples"} <= set(texts)


@pytest.mark.parametrize(
    "name, sentence",
    [("critical_difference", "every choice of this study has one level"),
     ("variance_explained", "Every choice of method has one level in this study")],
)  # fmt: skip
def test_a_study_of_one_method_of_each_kind_has_a_figure_that_says_so(name: str, sentence: str) -> None:
    assert sentence in chart(name, 1, 1, 1).usermeta["absent"]


def test_every_share_is_drawn_with_the_limits_of_the_table_and_the_total_is_not() -> None:
    table = variance_shares(study(2, 2, 2))
    shares = data_of(chart("variance_explained", 2, 2, 2))["shares"]
    eta2 = shares[shares.statistic == "eta2"].set_index(["measure", "term"])
    known = table[(table.term != "total") & table.eta2.notna()].set_index(["measure", "term"])
    assert set(eta2.index) == set(known.index)
    for drawn, told in [("value", "eta2"), ("lower", "eta2_ci_lower"), ("upper", "eta2_ci_upper")]:
        np.testing.assert_array_equal(eta2[drawn].astype(float), known[told].loc[eta2.index])


def test_a_share_that_cannot_be_estimated_says_why_in_its_place() -> None:
    table = variance_shares(study(2, 2, 2))
    lost = (table.measure == "brier") & (table.term == "classifier")
    shares = [name for name in table.columns if name.startswith(("eta2", "omega2"))]
    table.loc[lost, shares] = np.nan
    figure = variance_decomposition.variance_decomposition(
        table.assign(status=table.status.mask(lost, "not_identified")), study(2, 2, 2).metrics
    )
    assert texts_of(figure).count("not identified") == 1


def test_without_a_residual_the_key_has_no_omega_squared() -> None:
    key = data_of(chart("variance_explained", 3, 1, 1))["key"]
    assert list(key.label) == ["Eta squared (η²), with 95% limits"]


def test_the_caption_names_measures_without_limits_and_choices_without_a_share() -> None:
    table = variance_shares(study(2, 2, 2))
    limits = [name for name in table.columns if "_ci_" in name or name == "ci_method"]
    table.loc[table.measure == "brier", limits] = None
    figure = variance_decomposition.variance_decomposition(table, study(2, 2, 2).metrics)
    assert "not computed on resampled subjects: Brier score." in notes_of(figure)
    assert texts_of(figure).count("(no limits)") == 1
    assert "Without a share, as there is one level: features." in notes_of(figure)
    assert "Features" not in texts_of(figure)


def test_a_table_without_shares_is_refused_with_what_it_lacks() -> None:
    with pytest.raises(UserError, match=r"`shares` lacks term, eta2"):
        variance_decomposition.variance_decomposition(pd.DataFrame({"measure": []}), study(1, 1, 1).metrics)
