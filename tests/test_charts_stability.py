"""What the figures of instability and retention show, and what they say where there is nothing to show."""

import dataclasses
from functools import cache
from typing import Any

import pandas as pd
import pytest
from chart_figures import sidecar_of
from stability_frames import Stability, stability

from assets.charts.composition.datasets import split
from assets.charts.instability import instability
from assets.charts.qa import check_figure, layout
from assets.charts.qa.exhibit import Exhibit
from assets.charts.retention import retention
from assets.engine.errors import UserError

ONE = ("LogisticRegression",)
NOTE = "In colour is the median run."


def unstable(frames: Stability, **options: Any) -> Any:
    return instability(frames.curves, frames.summary, frames.highlights, metrics=frames.metrics, **options)


def retained(frames: Stability, **options: Any) -> Any:
    return retention(frames.retained, frames.areas, frames.highlights, metrics=frames.metrics, **options)


DRAWN = {"instability": unstable, "retention": retained}


@cache
def figure(name: str) -> Any:
    """The figure of two of three runs; to be looked at, not changed."""
    return DRAWN[name](stability(), notes=[NOTE])


def data(name: str, dataset: str) -> pd.DataFrame:
    return pd.DataFrame(figure(name).datasets[dataset])


def five_runs_with_long_names() -> Stability:
    frames = stability(ONE)
    tables = {
        field.name: pd.concat(
            getattr(frames, field.name).assign(run_id=lambda t, i=i: t.run_id + str(i)) for i in range(5)
        )
        for field in dataclasses.fields(Stability)
    }
    labels = [f"ensemble-LOF-MOMENT-OneClassSVM-PROPHET, SAITS {i}" for i in range(5)]
    return Stability(**{**tables, "highlights": tables["highlights"].assign(label=labels)})


@pytest.mark.parametrize("name", DRAWN)
def test_a_figure_of_stability_passes_every_check(name: str) -> None:
    assert check_figure(*sidecar_of(name, figure(name))).findings == ()


@pytest.mark.parametrize("name", DRAWN)
def test_two_rows_of_panels_with_long_names_fit_on_a_page(name: str) -> None:
    spec, data = split(DRAWN[name](five_runs_with_long_names()))
    exhibit = Exhibit({"spec": spec, "data": data}, {})
    assert layout.text_is_apart(exhibit).messages == ()
    assert exhibit.scene.height <= 230 / 25.4 * 72


@pytest.mark.parametrize("name", DRAWN)
def test_the_order_of_rows_does_not_matter_to_stability(name: str) -> None:
    frames = stability()
    shuffled = {
        field.name: getattr(frames, field.name).sample(frac=1, random_state=1)
        for field in dataclasses.fields(Stability)
        if field.name != "highlights"
    }
    again = DRAWN[name](dataclasses.replace(frames, **shuffled), notes=[NOTE])
    assert split(again) == split(figure(name))


@pytest.mark.parametrize("name", DRAWN)
def test_the_drawing_of_stability_is_valid_vega_lite(name: str) -> None:
    without_rows = DRAWN[name](stability(ONE))
    without_rows.datasets = {}
    assert without_rows.to_dict(validate=True)["concat"]


@pytest.mark.parametrize("name", DRAWN)
def test_how_runs_were_chosen_and_how_many_refits_there_were_is_in_the_notes(name: str) -> None:
    notes = " ".join(figure(name).usermeta["notes"])
    assert NOTE in notes
    assert "n = 171 test subjects, 64 with the outcome" in notes
    assert "12 refits" in notes


@pytest.mark.parametrize("name", DRAWN)
def test_without_a_run_to_highlight_a_figure_says_that_none_has_an_auroc(name: str) -> None:
    frames = stability()
    none = dataclasses.replace(frames, highlights=frames.highlights.head(0))
    assert "auroc_status" in DRAWN[name](none).usermeta["absent"]


def test_blocks_hold_every_subject_of_a_highlighted_run_once() -> None:
    blocks = data("instability", "highlighted_runs")
    assert dict(blocks.groupby("run_id").n.sum()) == {"LogisticRegression": 171, "GaussianNB": 171}
    assert set(data("instability", "other_runs").run_id) == {"DecisionTree"}


def test_instability_prints_the_deviation_that_the_table_has() -> None:
    value = stability().summary.set_index("run_id").mean_absolute_deviation["GaussianNB"]
    assert f"Mean abs. deviation {value:.3f}" in set(data("instability", "headings").text)


def test_the_share_of_refits_across_a_threshold_is_drawn_at_that_threshold() -> None:
    shares = data("instability", "shares").set_index(["run_id", "threshold"]).share
    expected = stability().summary.set_index("run_id").classification_instability_15pct["GaussianNB"]
    assert shares["GaussianNB", 0.15] == expected
    assert list(shares.loc["GaussianNB"].index) == [0.05, 0.10, 0.15, 0.20]


def test_without_leave_to_do_so_no_row_of_a_subject_is_in_the_figure() -> None:
    drawn = figure("instability")
    assert drawn.usermeta["privacy"] == "aggregate"
    assert all("subject_code" not in row for rows in drawn.datasets.values() for row in rows)
    assert data("instability", "highlighted_runs").n.min() >= 5


def test_single_subjects_are_drawn_without_their_codes_and_make_the_figure_row_level() -> None:
    frames = stability()
    drawn = unstable(frames, subjects=frames.subjects)
    assert drawn.usermeta["privacy"] == "row_level"
    rows = pd.DataFrame(drawn.datasets["subjects"])
    assert len(rows) == 2 * 171
    assert list(rows.columns) == ["run_id", "y_prob", "y_prob_refit_lower", "y_prob_refit_upper"]


def test_with_a_single_refit_the_figure_says_why_it_shows_nothing() -> None:
    frames = stability(n_refits=1)
    drawn = unstable(frames, subjects=frames.subjects)
    assert "keep_refits = true" in drawn.usermeta["absent"]
    assert drawn.usermeta["privacy"] == "aggregate"


def test_retention_of_single_refits_is_drawn_by_risk_alone_and_says_so() -> None:
    drawn = retained(stability(ONE, n_refits=1))
    assert "refit_spread" not in {row["uncertainty"] for row in drawn.datasets["retained"]}
    assert "Gain by spread: not estimable" in {row["text"] for row in drawn.datasets["headings"]}
    assert "Least spread of refits first" not in {row["label"] for row in drawn.datasets["key"]}


def test_retention_has_both_baselines_and_every_order_ends_in_everybody() -> None:
    drawn = data("retention", "retained")
    assert set(drawn.uncertainty) == {"refit_spread", "closeness_to_half", "random", "oracle"}
    everybody = drawn[drawn.share == 1].groupby("run_id")[["brier", "auroc", "prevalence_retained"]]
    assert everybody.agg(lambda values: values.max() - values.min()).max(axis=None) < 1e-12


def test_every_share_with_few_retained_of_either_outcome_lies_on_grey_and_no_other() -> None:
    ends = data("retention", "few").set_index("run_id").share_end
    drawn = data("retention", "retained")
    own = drawn[drawn.uncertainty.isin(["refit_spread", "closeness_to_half"])]
    few = own[(own.n_events_retained < 10) | (own.n_retained - own.n_events_retained < 10)]
    assert dict(few.groupby("run_id").share.max()) == dict(ends)


def test_a_threshold_without_a_column_is_refused_by_name() -> None:
    frames = stability()
    without = dataclasses.replace(frames, summary=frames.summary[["run_id", "mean_absolute_deviation"]])
    with pytest.raises(UserError, match="lacks classification_instability_<k>pct"):
        unstable(without)
    with pytest.raises(UserError, match="lacks net_benefit_37pct"):
        retained(stability(), per_cent=37)
