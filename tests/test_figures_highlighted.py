"""Which runs are in colour, what the captions say of it, and what a study without results shows."""

import ibis
import pandas as pd
import pytest
from chart_frames import study

from assets.charts.composition.style import COLOURS
from assets.engine.errors import UserError
from assets.figures import highlighted as module
from assets.figures import performance
from assets.figures.highlighted import Highlighted, highlighted, methods_explained
from assets.settings import Settings


def tables(aurocs: dict[str, float | None], *, same_names: bool = False) -> tuple[ibis.Table, ibis.Table]:
    """Metrics and runs of one run per name; a name is `classifier-number`."""
    names = list(aurocs)
    metrics = pd.DataFrame(
        {
            "run_id": [f"id_{name}" for name in names],
            "classifier": [name.split("-")[0] for name in names],
            "featurization": "simple",
            "outlier_method": [f"o{name[-1]}" for name in names],
            "imputation_method": "kNN",
            "auroc": pd.array(list(aurocs.values()), dtype="Float64"),
            "auroc_status": ["ok" if value is not None else "single_class" for value in aurocs.values()],
        }
    )
    runs = pd.DataFrame({"run_id": metrics.run_id, "run_name": "same" if same_names else names})
    return ibis.memtable(metrics), ibis.memtable(runs)


STUDY = {"tree-1": 0.9, "tree-2": 0.7, "tree-3": 0.8, "forest-1": 0.6, "forest-2": 0.5}


def listed(*names: str) -> Highlighted:
    return highlighted(*tables(STUDY), rule="listed", listed=names)


def test_by_default_the_median_run_of_each_classifier_is_in_colour_and_the_caption_says_what_that_means() -> (
    None
):
    chosen = highlighted(*tables(STUDY))
    assert list(chosen.runs.run_id) == ["id_forest-2", "id_tree-3"]
    assert "not the best one" in chosen.notes[0]
    assert "does not cover the choice" in chosen.notes[0]


def test_a_caption_speaks_of_no_choice_where_each_classifier_has_one_run() -> None:
    chosen = highlighted(*tables({"tree-1": 0.9, "forest-1": 0.6, "forest-2": None}))
    assert list(chosen.runs.run_id) == ["id_forest-1", "id_tree-1"]
    only = "its only run that has an AUROC, so that none was chosen by its result."
    assert chosen.notes == (f"In colour is, of each classifier, {only}",)
    assert chosen.rule == f"Of each classifier {only}"


def test_there_are_as_many_runs_in_colour_as_there_are_colours_and_the_others_are_named() -> None:
    chosen = highlighted(*tables({f"c{i}-1": 0.7 for i in range(9)}))
    assert len(chosen.runs) == module.MOST == len(COLOURS)
    assert chosen.notes[1] == "Not in colour, for want of colours: c7, c8."


def test_listed_runs_come_in_the_order_of_the_list_by_id_or_by_name() -> None:
    assert list(listed("tree-1", "id_forest-1").runs.run_id) == ["id_tree-1", "id_forest-1"]
    assert listed("tree-1").notes == ("In colour are the runs listed in the study's settings.",)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("tree-9",), r"no run has the id or name `tree-9`; did you mean `tree-"),
        (("qqqqqq",), "see the table `runs`"),
        (("tree-1", "id_tree-1"), "`id_tree-1` twice|`tree-1` twice"),
        ((), "lists 0 runs: list 1 to 7"),
        (tuple(f"tree-{i}" for i in range(8)), "lists 8 runs"),
    ],
)
def test_a_list_that_cannot_be_followed_is_refused_with_what_to_do(
    names: tuple[str, ...], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        listed(*names)


def test_a_name_of_two_runs_is_refused_with_their_ids() -> None:
    with pytest.raises(UserError, match=r"5 runs are named `same`.*id_forest-1"):
        highlighted(*tables(STUDY, same_names=True), rule="listed", listed=["same"])


def test_runs_that_differ_in_what_a_label_does_not_say_are_told_apart_by_name() -> None:
    metrics, runs = tables({"tree-1": 0.9, "tree-11": 0.8})
    chosen = highlighted(metrics, runs, rule="listed", listed=["tree-1", "tree-11"])
    assert list(chosen.runs.label) == ["tree-1", "tree-11"]


def test_listed_runs_are_not_in_colour_either_where_no_run_has_an_auroc() -> None:
    chosen = highlighted(*tables({"tree-1": None, "forest-1": None}), rule="listed", listed=["tree-1"])
    assert chosen.runs.empty


def test_methods_whose_names_do_not_tell_are_explained_once() -> None:
    said = methods_explained(["LOF", "reference", "none", "reference"])
    assert [sentence.split()[0] for sentence in said] == ["`none`", "`reference`"]
    assert methods_explained(["LOF"]) == ()


def test_a_study_in_which_no_run_has_an_auroc_is_told_so_in_every_figure() -> None:
    metrics, runs = tables({"tree-1": None, "forest-1": None})
    nobody = pd.DataFrame()
    intervals = ibis.memtable(
        {"run_id": ["id_tree-1"], "measure": ["auroc"], "ci_lower": [0.1], "ci_upper": [0.9]}
    )
    figures = [
        performance.roc.function(nobody, metrics, runs, Settings()),
        performance.calibration.function(nobody, nobody, metrics, intervals, runs, Settings()),
        performance.dca.function(nobody, metrics, runs, Settings()),
        performance.distributions.function(nobody, metrics, runs, Settings()),
        performance.forest.function(metrics, runs, Settings()),
        performance.heatmap.function(metrics.to_pandas()),
        performance.stratos_panel.function(nobody, nobody, nobody, metrics, intervals, runs, Settings()),
    ]
    sentences = {figure.usermeta["absent"] for figure in figures}
    assert sentences == {"No run has an AUROC (single_class), so there is nothing to show."}


def test_a_caption_tells_how_the_runs_of_a_figure_were_chosen_and_what_their_methods_are() -> None:
    frames = study(3, 2, 1)
    metrics = frames.metrics.replace({"outlier_method": frames.metrics.outlier_method[0]}, "none")
    runs = ibis.memtable(metrics[["run_id"]].assign(run_name=metrics.run_id))
    figure = performance.forest.function(ibis.memtable(metrics), runs, Settings())
    said = " ".join(figure.usermeta["notes"])
    assert "not the best one" in said
    assert "`none` leaves the step out." in said
    assert "`reference`" not in said
