"""What the figures that compare methods promise, looked at in their data and in what they say of themselves."""

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from chart_figures import chart, data_of, notes_of, sidecar_of, texts_of
from chart_frames import Study, study
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.charts import beeswarm, raincloud, specification_curve
from assets.charts.composition.about import about
from assets.charts.composition.absent import absent
from assets.charts.composition.datasets import join, split
from assets.charts.composition.style import COLOURS
from assets.charts.forest_rows import METHODS
from assets.charts.publication.pictures import size_of
from assets.charts.publication.render import svg_of
from assets.charts.qa import check_figure
from assets.engine.errors import UserError

AUROC = ["auroc", "auroc_ci_lower", "auroc_ci_upper"]


def without_auroc(frames: Study, *runs: str) -> pd.DataFrame:
    return frames.metrics.assign(
        **{name: frames.metrics[name].mask(frames.metrics.run_id.isin(runs)) for name in AUROC}
    )


def copied(metrics: pd.DataFrame, n: int) -> pd.DataFrame:
    """The runs `n` times `n` times over, each time under other long names of outlier methods and imputations."""
    return pd.concat(
        metrics.assign(
            run_id=metrics.run_id + f"-{i}-{j}",
            outlier_method=metrics.outlier_method + f"-of-a-rather-long-name-{i}",
            imputation_method=metrics.imputation_method + f"-of-quite-a-long-name-{j}",
        )
        for i, j in product(range(n), repeat=2)
    )


def test_a_figure_with_nothing_to_show_says_so_in_the_plot_and_to_the_blind() -> None:
    said = about("Mean ranks", "Mean ranks of 3 methods.", {}, [], None)
    figure = absent("There is one method, and one cannot be ranked.", said)
    assert " ".join(data_of(figure)["absent"].text[1:]) == "There is one method, and one cannot be ranked."
    assert figure.usermeta["absent"] in figure.usermeta["alt_text"]
    assert check_figure(*sidecar_of("absent", figure)).findings == ()


@pytest.mark.parametrize("draw", [specification_curve.specification_curve, raincloud.raincloud])
def test_a_study_without_any_auroc_has_a_figure_that_says_so(draw: Any) -> None:
    frames = study(2, 1, 1)
    figure = draw(without_auroc(frames, *frames.metrics.run_id))
    assert "No run has an AUROC" in figure.usermeta["absent"]


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(UserError, match=r"`metrics` lacks auroc_ci_upper: it has .*auroc"):
        raincloud.raincloud(study(1, 1, 1).metrics.drop(columns="auroc_ci_upper"))


def test_runs_stand_in_ascending_order_of_auroc_and_ties_by_their_methods() -> None:
    metrics = study(2, 2, 2).metrics
    metrics = metrics.assign(run_id=metrics.run_id.to_numpy()[::-1])
    tied = metrics.assign(
        **{name: metrics[name].where(metrics.index > 3, metrics[name][3]) for name in AUROC}
    )
    runs = data_of(specification_curve.specification_curve(tied.sample(frac=1, random_state=0)))["runs"]
    expected = tied.sort_values(["auroc", *METHODS])
    assert list(runs.run_id) == list(expected.run_id)
    assert list(runs.place) == list(range(1, 9))


def test_a_run_has_a_bar_in_the_row_of_each_of_its_choices() -> None:
    frames = study(2, 2, 2)
    bars = data_of(chart("specification_curve", 2, 2, 2))["choices"]
    found = bars.pivot(index="run_id", columns="field", values="level")
    choices = ["classifier", "imputation_method", "outlier_method"]
    pd.testing.assert_frame_equal(
        found[choices], frames.metrics.set_index("run_id")[choices], check_names=False, check_dtype=False
    )


def test_a_point_has_the_colour_of_its_classifiers_row() -> None:
    figure = data_of(chart("specification_curve", 2, 2, 2))
    bars = figure["choices"]
    of_row = bars[bars.field == "classifier"].groupby("level").colour.unique().map(list)
    assert dict(of_row) == {
        name: [colour] for name, colour in zip(sorted(of_row.index), COLOURS, strict=False)
    }
    assert (figure["runs"].colour == figure["runs"].classifier.map(lambda name: of_row[name][0])).all()


def test_what_all_runs_share_is_in_the_caption_and_not_in_the_matrix() -> None:
    figure = specification_curve.specification_curve(study(3, 1, 2).metrics)
    assert "The same in all runs: features weak4, outlier method z-score-2." in notes_of(figure)
    assert set(data_of(figure)["rows"].field) == {"classifier", "imputation_method"}


def test_a_run_without_an_auroc_keeps_its_bars_and_is_counted_in_the_key() -> None:
    frames = study(3, 1, 1)
    figure = data_of(specification_curve.specification_curve(without_auroc(frames, "run001")))
    assert list(figure["runs"].run_id[:1]) == ["run001"]
    assert set(figure["choices"].run_id) == set(frames.metrics.run_id)
    assert "AUROC not estimable (1)" in list(figure["key"].label)


def test_the_caption_warns_of_runs_with_other_test_sets() -> None:
    metrics = study(2, 1, 1).metrics
    figure = specification_curve.specification_curve(metrics.assign(n_test=[171, 160]))
    assert "Test sets differ between runs, so a difference may be one of subjects." in notes_of(figure)


def test_an_eighth_classifier_is_drawn_and_the_caption_says_that_it_has_no_colour() -> None:
    one = study(1, 1, 1).metrics
    metrics = pd.concat(one.assign(run_id=f"r{i}", classifier=f"Model {i}") for i in range(8))
    figure = specification_curve.specification_curve(metrics)
    assert "Without a colour of their own: Model 7." in notes_of(figure)
    assert len(data_of(figure)["runs"]) == 8


@pytest.mark.parametrize("draw", [specification_curve.specification_curve, raincloud.raincloud])
def test_four_hundred_runs_of_long_names_fit_on_a_page(draw: Any) -> None:
    metrics = copied(study(4, 2, 2).metrics, 5)
    figure = draw(metrics)
    size = size_of("svg", svg_of(join(*split(figure))).encode())
    assert figure.usermeta["n_runs"] == 400
    assert size.width_mm == pytest.approx(183, abs=0.5)
    assert size.height_mm <= 230


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 30), max_size=40), st.floats(0.5, 4))
def test_no_two_dots_of_a_swarm_overlap(places: list[float], diameter: float) -> None:
    x, y = np.array(places), np.array(beeswarm.offsets(places, diameter))
    distance = np.hypot(x[:, None] - x, y[:, None] - y)[~np.eye(len(x), dtype=bool)]
    assert (distance > diameter - 1e-6).all()


def test_dots_with_room_lie_on_the_line_and_others_to_both_sides() -> None:
    assert beeswarm.offsets([0.0, 5.0, 10.0], 2) == [0, 0, 0]
    assert beeswarm.offsets([0.0, 0.0, 0.0], 2) == [0, 2, -2]


def test_every_run_is_a_dot_in_each_choice_at_its_auroc() -> None:
    frames = study(2, 2, 2)
    dots = data_of(chart("raincloud", 2, 2, 2))["dots"]
    for _, these in dots.groupby("choice"):
        assert dict(zip(these.run_id, these.auroc, strict=True)) == dict(
            zip(frames.metrics.run_id, frames.metrics.auroc, strict=True)
        )
    assert set(dots.choice) == {"Classifier", "Outlier method", "Imputation"}


def test_the_diamond_is_the_lower_middle_run_with_its_own_interval() -> None:
    metrics = study(2, 2, 2).metrics
    middles = data_of(chart("raincloud", 2, 2, 2))["middles"]
    expected = metrics[metrics.classifier == "RandomForest"].sort_values(["auroc", "run_id"]).iloc[1]
    found = middles[middles.level == "RandomForest"].iloc[0]
    assert list(found[["run_id", *AUROC]]) == list(expected[["run_id", *AUROC]])


def test_a_density_is_drawn_only_where_a_method_has_fifteen_runs() -> None:
    metrics = copied(study(2, 2, 2).metrics, 2)
    clouds = data_of(raincloud.raincloud(metrics))["clouds"]
    assert set(clouds.level) == set(metrics.classifier)


def test_runs_without_an_auroc_are_counted_beside_their_method() -> None:
    figure = raincloud.raincloud(without_auroc(study(3, 1, 1), "run001"))
    assert texts_of(figure).count("(1 not estimable)") == 1
    assert set(data_of(figure)["dots"].run_id) == {"run000", "run001", "run002"}


def test_a_run_without_an_auroc_takes_no_other_runs_dot() -> None:
    dots = data_of(raincloud.raincloud(without_auroc(study(2, 2, 1), "run000")))["dots"]
    assert set(dots.run_id[dots.y.isna()]) == {"run000"}
