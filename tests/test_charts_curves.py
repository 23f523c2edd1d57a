"""What ROC and decision curves promise, looked at through their data."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from chart_figures import chart, sidecar_of
from chart_frames import Study, study

from assets.charts import decision_curves, roc
from assets.charts.composition.datasets import split
from assets.charts.qa import check_figure
from assets.charts.qa.curves import curves_differ
from assets.charts.qa.exhibit import Exhibit
from assets.engine.errors import UserError


def data_of(figure: Any) -> dict[str, pd.DataFrame]:
    return {name: pd.DataFrame(rows) for name, rows in figure.datasets.items()}


def test_tied_curves_stay_apart_by_dash_and_by_label() -> None:
    frames = study(3, 1, 1)
    first, second = frames.highlights.run_id[:2]
    twin = frames.dca_curves[frames.dca_curves.run_id == first].assign(run_id=second)
    curves = pd.concat([frames.dca_curves[frames.dca_curves.run_id != second], twin])
    sidecar, files = sidecar_of("dca", decision_curves.decision_curves(curves, frames.highlights))
    checks = {finding.check for finding in check_figure(sidecar, files).findings}
    assert checks == {"curves differ"}


def test_a_roc_curve_keeps_its_corners_and_slanting_stretches_and_loses_what_lies_along_the_others() -> None:
    frames = study(1, 1, 1)
    steps = pd.DataFrame(
        {
            "run_id": "run000",
            "point": range(6),
            "false_positive_rate": [0, 0, 0, 0.5, 0.75, 1],
            "true_positive_rate": [0, 0.25, 0.5, 0.5, 0.75, 1],
        }
    ).assign(sensitivity_ci_lower=0.0, sensitivity_ci_upper=1.0)
    shown = data_of(roc.roc(steps, frames.metrics, frames.highlights))["highlighted_runs"]
    assert list(shown.point) == [0, 2, 3, 4, 5]


def test_a_recalibrated_run_is_no_second_copy_of_the_one_that_it_was_made_from() -> None:
    frames = study(3, 1, 1)
    outcome, risk = (
        frames.predictions[frames.predictions.run_id == "run000"][c] for c in ("y_true", "y_prob")
    )
    copy = frames.roc_curves[frames.roc_curves.run_id == "run000"].assign(run_id="run001")
    curves = pd.concat([frames.roc_curves[frames.roc_curves.run_id != "run001"], copy])
    metrics = frames.metrics.copy()
    metrics.loc[1, "auroc"] = metrics.auroc[0]
    for brier, outcomes in (
        (np.mean((outcome - risk / 2) ** 2), "passed"),
        (metrics.brier[0], "failed"),
    ):
        metrics.loc[1, "brier"] = brier
        spec, data = split(roc.roc(curves, metrics, frames.highlights))
        assert curves_differ(Exhibit({"spec": spec, "data": data}, {})).outcome == outcomes


def test_the_key_of_a_roc_plot_goes_below_where_a_curve_would_run_through_it() -> None:
    frames = study(1, 1, 1)
    plot = split(chart("roc", 1, 1, 1))[0]["height"]
    assert data_of(chart("roc", 1, 1, 1))["key"].y.max() < plot
    flipped = frames.roc_curves.rename(
        columns={"false_positive_rate": "true_positive_rate", "true_positive_rate": "false_positive_rate"}
    )
    assert data_of(roc.roc(flipped, frames.metrics, frames.highlights))["key"].y.min() > plot


@pytest.mark.parametrize("name", ["roc", "decision_curves"])
def test_every_highlighted_run_has_its_band_and_the_others_have_none(name: str) -> None:
    data = data_of(chart(name, 4, 4, 4))
    limits = [column for column in data["highlighted_runs"] if "_ci_" in column]
    assert len(limits) == 2
    assert data["highlighted_runs"].groupby("run_id")[limits].count().min().min() > 0
    assert data["other_runs"].run_id.nunique() == 60
    assert not any("_ci_" in column for column in data["other_runs"])


def test_the_only_run_in_colour_may_be_one_without_a_roc_curve_and_the_key_says_so() -> None:
    frames = study(3, 1, 1)
    lost, unknown = (frame.run_id == "run001" for frame in (frames.roc_curves, frames.metrics))
    curves = frames.roc_curves.assign(true_positive_rate=frames.roc_curves.true_positive_rate.mask(lost))
    limits = [name for name in frames.metrics if name.startswith("auroc")]
    metrics = frames.metrics.assign(**{name: frames.metrics[name].mask(unknown) for name in limits})
    figure = roc.roc(curves, metrics, frames.highlights[frames.highlights.run_id == "run001"])
    assert "not estimable" in set(data_of(figure)["key"].value)
    assert figure.usermeta["n_runs"] == 3
    assert check_figure(*sidecar_of("roc", figure)).fatal == ()


def test_treating_all_and_none_are_always_drawn() -> None:
    strategies = data_of(chart("decision_curves", 3, 1, 1))["strategies"]
    assert set(strategies.run_id) == {"Treat all", "Treat none"}


def test_only_the_chosen_thresholds_are_drawn() -> None:
    frames = study(3, 1, 1)
    figure = decision_curves.decision_curves(frames.dca_curves, frames.highlights, thresholds=(0.05, 0.2))
    thresholds = data_of(figure)["highlighted_runs"].threshold
    assert (thresholds.min(), thresholds.max()) == (0.05, 0.2)


def test_a_decision_curve_that_leaves_the_plot_is_marked_where_it_does() -> None:
    frames = study(3, 1, 1)
    figure = decision_curves.decision_curves(frames.dca_curves, frames.highlights, lowest=-0.02)
    cut = data_of(figure)["cut"].set_index("run_id")
    assert (cut.net_benefit >= -0.02).all()
    line = frames.dca_curves.drop_duplicates("threshold").set_index("threshold").net_benefit_all
    expected = np.interp(0.02, -line, line.index)
    assert cut.loc["Treat all", "edge_threshold"] == pytest.approx(expected)


@pytest.mark.parametrize(("lowest", "said"), [(0.1, True), (-1.0, False)])
def test_a_band_that_reaches_below_the_plot_is_said_to_end_at_its_edge(lowest: float, said: bool) -> None:
    frames = study(3, 1, 1)
    figure = decision_curves.decision_curves(frames.dca_curves, frames.highlights, lowest=lowest)
    sentence = "Where an interval reaches below the plot, its band ends at the edge."
    assert (sentence in figure.usermeta["notes"]) is said


def of_two_test_sets() -> tuple[Study, pd.DataFrame]:
    """A study of three runs, of which one has a test set with 5 events in 50 subjects, and its decision curves."""
    frames = study(3, 1, 1)
    rare, odds = (
        frames.dca_curves.run_id == "run001",
        frames.dca_curves.threshold / (1 - frames.dca_curves.threshold),
    )
    curves = frames.dca_curves.assign(
        net_benefit_all=frames.dca_curves.net_benefit_all.mask(rare, 0.1 - 0.9 * odds)
    )
    sizes = frames.metrics.assign(
        n_test=frames.metrics.n_test.mask(frames.metrics.run_id == "run001", 50),
        n_events=frames.metrics.n_events.mask(frames.metrics.run_id == "run001", 5),
    )
    return replace(frames, dca_curves=curves), sizes


def test_test_sets_of_different_prevalence_have_each_a_line_of_treating_all() -> None:
    frames, sizes = of_two_test_sets()
    figure = decision_curves.decision_curves(frames.dca_curves, frames.highlights, metrics=sizes)
    names = set(data_of(figure)["strategies"].run_id)
    assert names == {"Treat all (37.4% events)", "Treat all (10.0% events)", "Treat none"}


def test_test_sets_of_nearly_one_prevalence_are_told_apart_by_more_digits() -> None:
    frames, sizes = of_two_test_sets()
    close = sizes.assign(n_test=[10_000, 10_001, 10_000], n_events=[3_740, 3_740, 3_740])
    figure = decision_curves.decision_curves(frames.dca_curves, frames.highlights, metrics=close)
    names = set(data_of(figure)["strategies"].run_id)
    assert names == {"Treat all (37.400% events)", "Treat all (37.396% events)", "Treat none"}


def test_test_sets_that_differ_unsaid_are_refused() -> None:
    frames, _ = of_two_test_sets()
    with pytest.raises(UserError, match="differ in prevalence: give `metrics` with n_test and n_events"):
        decision_curves.decision_curves(frames.dca_curves, frames.highlights)


def test_a_highlighted_run_that_is_not_there_is_named() -> None:
    frames = study(3, 1, 1)
    with pytest.raises(UserError, match="run002"):
        roc.roc(frames.roc_curves[frames.roc_curves.run_id != "run002"], frames.metrics, frames.highlights)


def test_a_column_that_is_not_there_is_named() -> None:
    frames = study(3, 1, 1)
    with pytest.raises(UserError, match="`roc_curves` lacks point"):
        roc.roc(frames.roc_curves.drop(columns="point"), frames.metrics, frames.highlights)
