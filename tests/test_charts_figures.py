"""What the figures promise, looked at through their sidecars, their specs and the checks."""

import dataclasses
from typing import Any

import pandas as pd
import pytest
from chart_figures import FIGURES, chart, drawn, sidecar_of
from chart_frames import Study, study

from assets.charts import calibration, distributions, forest, heatmap, roc
from assets.charts.composition.datasets import split
from assets.charts.composition.style import COLOURS, emphasised
from assets.charts.qa import check_figure
from assets.engine.errors import UserError

LONG = {
    "z-score-2": "ensemble-LOF-MOMENT-OneClassSVM-PROPHET-SubPCA-TimesNet-UniTS-gt-finetune",
    "kNN": "ensemble-CSDI-MOMENT-SAITS-TimesNet",
}


def data_of(figure: Any) -> dict[str, pd.DataFrame]:
    return {name: pd.DataFrame(rows) for name, rows in figure.datasets.items()}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_of_one_run_passes_every_check(name: str) -> None:
    assert check_figure(*drawn(name, 1, 1, 1)).findings == ()


def test_a_forest_with_a_plot_for_each_classifier_passes_every_check() -> None:
    assert check_figure(*drawn("forest", 4, 4, 4)).findings == ()


@pytest.mark.parametrize("name", FIGURES)
def test_long_names_and_six_classifiers_pass_every_check(name: str) -> None:
    frames = study(6, 2, 2) if name in ("forest", "heatmap") else study(6, 1, 1)
    labels = frames.highlights.label + " (" + LONG["z-score-2"] + ", " + LONG["kNN"] + ")"
    long = dataclasses.replace(
        frames, metrics=frames.metrics.replace(LONG), highlights=frames.highlights.assign(label=labels)
    )
    findings = check_figure(*sidecar_of(name, FIGURES[name](long))).findings
    assert [
        f for f in findings if f.check != "curves differ"
    ] == []  # a tree may not care how a cell was filled


@pytest.mark.parametrize("name", [n for n in FIGURES if n not in ("heatmap", "variance_explained")])
def test_a_name_of_120_characters_that_cannot_be_broken_well_is_printed_whole(name: str) -> None:
    frames, other = study(2, 1, 1), {"RandomForest": "x" * 120}
    metrics, highlights = (frame.replace(other) for frame in (frames.metrics, frames.highlights))
    figure = FIGURES[name](dataclasses.replace(frames, metrics=metrics, highlights=highlights))
    texts = [
        row.get(field) for rows in split(figure)[1].values() for row in rows for field in ("text", "label")
    ]
    assert sum(text.count("x") for text in texts if isinstance(text, str) and set(text) == {"x"}) >= 120


@pytest.mark.parametrize("name", FIGURES)
def test_the_order_of_rows_does_not_matter(name: str) -> None:
    frames = study(2, 2, 1)
    shuffled = {
        field.name: getattr(frames, field.name).sample(frac=1, random_state=1)
        for field in dataclasses.fields(Study)
        if field.name != "highlights"
    }
    figure = FIGURES[name](dataclasses.replace(frames, **shuffled))
    assert split(figure) == split(chart(name, 2, 2, 1))


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_says_what_it_is(name: str) -> None:
    said, data = chart(name, 2, 2, 1).usermeta, chart(name, 2, 2, 1).datasets
    assert said["n_runs"] == (2 if name == "distributions" else 4)
    assert (said["n_subjects"], said["n_events"]) == (171, 64)
    assert set(said["units"]) <= {field for rows in data.values() for row in rows for field in row}


def test_colours_and_dashes_are_given_in_the_order_of_the_highlights() -> None:
    runs = emphasised(study(3, 1, 1).highlights)
    assert list(runs.colour) == COLOURS[:3]
    assert len({tuple(dash) for dash in runs.dash}) == 3


@pytest.mark.parametrize("n", [0, len(COLOURS) + 1])
def test_more_highlights_than_colours_are_refused(n: int) -> None:
    names = [f"run{i}" for i in range(n)]
    with pytest.raises(UserError, match=f"has {n} runs"):
        emphasised(pd.DataFrame({"run_id": names, "classifier": names, "label": names}))


def test_two_highlights_of_one_label_are_refused() -> None:
    with pytest.raises(UserError, match="same label"):
        emphasised(pd.DataFrame({"run_id": ["a", "b"], "classifier": ["c", "c"], "label": ["c", "c"]}))


def test_labels_that_leave_no_room_are_refused() -> None:
    frames = study(1, 1, 1)
    with pytest.raises(UserError, match="No room"):
        forest.forest(frames.metrics, width=100)


def test_a_calibration_curve_outside_the_unit_interval_keeps_its_numbers() -> None:
    frames = study(4, 4, 4)
    shown = data_of(chart("calibration", 4, 4, 4))["highlighted_runs"]
    assert shown.ci_upper.max() > 1
    source = frames.calibration_curves[frames.calibration_curves.run_id.isin(frames.highlights.run_id)]
    assert sorted(shown.ci_upper) == sorted(source.ci_upper)


def test_a_run_without_a_calibration_curve_says_so() -> None:
    frames = study(3, 1, 1)
    lost = frames.calibration_curves.run_id == "run001"
    curves = frames.calibration_curves.assign(observed=frames.calibration_curves.observed.mask(lost))
    figure = calibration.calibration(curves, frames.probability_distributions, frames.highlights)
    headings = data_of(figure)["headings"].set_index("run_id").text
    assert list(headings["run001"]) == ["RandomForest", "Curve not estimable"]
    assert check_figure(*sidecar_of("calibration", figure)).findings == ()


@pytest.mark.parametrize("name", ["calibration", "stratos_panel"])
def test_a_study_without_any_calibration_curve_is_shown_with_what_there_is(name: str) -> None:
    frames = study(1, 1, 1)
    figure = FIGURES[name](
        dataclasses.replace(frames, calibration_curves=frames.calibration_curves.assign(observed=None))
    )
    assert check_figure(*sidecar_of(name, figure)).findings == ()


def test_a_run_without_a_roc_curve_is_counted_and_says_so() -> None:
    frames = study(3, 1, 1)
    lost = frames.roc_curves.run_id == "run001"
    curves = frames.roc_curves.assign(true_positive_rate=frames.roc_curves.true_positive_rate.mask(lost))
    figure = roc.roc(curves, frames.metrics, frames.highlights)
    headings = data_of(figure)["headings"].set_index("run_id").text
    assert list(headings["run001"]) == ["RandomForest", "Curve not estimable"]
    assert check_figure(*sidecar_of("roc", figure)).fatal == ()


def test_intercept_and_slope_are_printed_over_the_panel() -> None:
    frames = study(1, 1, 1)
    estimates = {"calibration_intercept": -0.12, "calibration_slope": 0.9}
    limits = {
        f"{name}_{kind}_{side}": value + sign
        for (name, value), kind in zip(estimates.items(), ("bootstrap", "profile"), strict=True)
        for side, sign in (("lower", -0.2), ("upper", 0.2))
    }
    figure = calibration.calibration(
        frames.calibration_curves,
        frames.probability_distributions,
        frames.highlights,
        metrics=frames.metrics.assign(**estimates, **limits),
    )
    printed = list(data_of(figure)["headings"].text)
    assert printed[1:] == ["Intercept −0.12 (−0.32 to 0.08)", "Slope 0.90 (0.70–1.10)"]


def test_histograms_count_every_subject_once() -> None:
    bins = data_of(chart("distributions", 3, 1, 1))["predicted_risks"]
    assert set(bins.groupby("run_id").n.sum()) == {171}


def test_a_forest_is_in_the_order_of_configurations_not_of_results() -> None:
    runs = data_of(chart("forest", 4, 4, 4))["runs"]
    first = runs[runs.classifier == "GaussianNB"].sort_values("row")
    assert list(first.outlier_method) == sorted(first.outlier_method)
    assert not first.auroc.is_monotonic_decreasing


def test_a_categorical_column_says_the_order_of_its_methods() -> None:
    frames = study(4, 4, 4)
    order = ["z-score-3", "z-score-2", "z-score-1.5", "z-score-2.5"]
    ordered = frames.metrics.assign(outlier_method=pd.Categorical(frames.metrics.outlier_method, order))
    rows = data_of(forest.forest(ordered))["runs"].sort_values("row").outlier_method.unique()
    cells = data_of(heatmap.heatmap(ordered))["cells"].outlier_method.unique()
    assert list(rows) == list(cells) == order


def test_one_configuration_stands_in_one_row_of_every_classifier() -> None:
    runs = data_of(chart("forest", 4, 4, 4))["runs"]
    assert (runs.groupby(["outlier_method", "imputation_method"]).row.nunique() == 1).all()
    assert runs.row.nunique() == 16


@pytest.mark.parametrize("draw", [forest.forest, heatmap.heatmap])
def test_a_run_without_an_auroc_is_shown_as_such(draw: Any) -> None:
    frames = study(4, 4, 4)
    lost = frames.metrics.run_id == "run005"
    numbers = ["auroc", "auroc_ci_lower", "auroc_ci_upper"]
    metrics = frames.metrics.assign(**{name: frames.metrics[name].mask(lost) for name in numbers})
    sidecar, files = sidecar_of("figure", draw(metrics))
    assert check_figure(sidecar, files).findings == ()
    texts = {str(value) for rows in sidecar["data"].values() for row in rows for value in row.values()}
    assert texts & {"not estimable", "–"}


@pytest.mark.parametrize("draw", [forest.forest, heatmap.heatmap])
def test_two_runs_of_one_configuration_are_refused(draw: Any) -> None:
    metrics = study(3, 1, 1).metrics
    with pytest.raises(UserError, match="two runs of one configuration"):
        draw(pd.concat([metrics, metrics.head(1).assign(run_id="again")]))


@pytest.mark.parametrize("draw", [forest.forest, heatmap.heatmap])
def test_a_study_without_any_auroc_is_refused(draw: Any) -> None:
    with pytest.raises(UserError, match="no AUROC at all"):
        draw(study(3, 1, 1).metrics.assign(auroc=None))


def test_kinds_of_features_have_panels_of_their_own() -> None:
    metrics = study(3, 1, 1).metrics
    both = pd.concat([metrics, metrics.assign(run_id=metrics.run_id + "b", featurization="other")])
    cells = data_of(heatmap.heatmap(both))["cells"]
    assert (cells.featurization.nunique(), cells.classifier.nunique()) == (2, 3)


def test_a_heatmap_of_one_varied_method_has_the_classifiers_beside_it() -> None:
    cells = data_of(heatmap.heatmap(study(4, 4, 4).metrics.query("imputation_method == 'kNN'")))["cells"]
    assert len(cells) == 16
    assert set(cells.panel) == {""}


def test_a_heatmap_of_nothing_varied_says_what_is_missing() -> None:
    assert "nothing to compare" in heatmap.heatmap(study(3, 1, 1).metrics).usermeta["absent"]


def test_a_forest_of_more_rows_than_a_page_has_lines_names_groups_and_tells_the_order() -> None:
    metrics = study(4, 4, 4).metrics
    more = [metrics.assign(run_id=metrics.run_id + str(i), featurization=f"f{i}") for i in range(10)]
    figure = forest.forest(pd.concat(more))
    assert set(figure.usermeta["notes"][0].split(": ", 1)[1].rstrip(".").split(", ")) == {
        f"f{i} + {imputation}" for i in range(10) for imputation in metrics.imputation_method.unique()
    }
    assert data_of(figure)["runs"].row.max() < 200


def test_the_core_plots_of_a_run_stand_in_one_column_under_its_numbers() -> None:
    data = data_of(chart("stratos_panel", 3, 1, 1))
    over = data["numbers"]
    assert over.x.nunique() == 3
    assert [text.split()[0] for text in over[over.x == 0].text] == ["AUROC", "Intercept", "Slope"]
    assert [text for text in data["titles"].text if len(text) == 1] == ["a", "b", "c", "d"]
    runs = [set(data[name].run_id) for name in ("aurocs", "calibration_curves", "decision_curves")]
    assert runs == [{"run000", "run001", "run002"}] * 3


def test_a_class_nobody_is_in_has_no_bars() -> None:
    frames = study(1, 1, 1)
    bins = frames.probability_distributions
    empty = bins.assign(n=bins.n.where(bins.y_true == 0, 0), density=bins.density.where(bins.y_true == 0))
    figure = distributions.distributions(empty, frames.highlights)
    sidecar, files = sidecar_of("distributions", figure)
    assert (sidecar["n_subjects"], sidecar["n_events"]) == (107, 0)
    assert check_figure(sidecar, files).findings == ()
