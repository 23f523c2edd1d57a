"""The id of a run says nothing: a study that is run again gets others, and must get the same pictures."""

import dataclasses
import hashlib
import re
from collections.abc import Callable
from typing import Any

import chart_frames
import ibis
import numpy as np
import pandas as pd
import pytest
from chart_figures import FIGURES
from chart_frames import Study

from assets.charts.composition.datasets import join, split
from assets.charts.publication.render import svg_of
from assets.stratos.comparisons.variance_decomposition import variance_decomposition
from queries.highlights import median_run_per_classifier


def _other_ids(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with other ids of its runs, in their order."""
    ids = frame.run_id.map(lambda run: hashlib.sha256(run.encode()).hexdigest())
    return frame.assign(run_id=ids).sort_values("run_id", kind="stable", ignore_index=True)


def _run_again(frames: Study) -> Study:
    """The study with other ids; the runs in colour are in the order of the figure's reader, as they were."""
    changed = {
        field.name: _other_ids(value)
        for field in dataclasses.fields(frames)
        if isinstance(value := getattr(frames, field.name), pd.DataFrame) and "run_id" in value
    }
    names = list(frames.highlights.label)
    order = changed["highlights"].label.map(names.index).argsort()
    changed["highlights"] = changed["highlights"].iloc[order].reset_index(drop=True)
    return dataclasses.replace(frames, **changed)


def _picture(draw: Callable[[Study], Any], frames: Study) -> str:
    """The drawing, without the ids that it tells a screen reader."""
    return re.sub(r"run_id: \w+", "run_id", svg_of(join(*split(draw(frames)))))


# one for each way in which runs are put in order
ORDERED = ["roc", "calibration", "decision_curves", "specification_curve"]


@pytest.mark.parametrize("name", ORDERED)
def test_a_figure_is_the_same_picture_whatever_the_ids_of_the_runs(name: str) -> None:
    frames = chart_frames.study(2, 2, 1)
    if name == "specification_curve":  # in which runs stand by their AUROC
        frames = dataclasses.replace(frames, metrics=frames.metrics.assign(auroc=0.75))
    assert _picture(FIGURES[name], _run_again(frames)) == _picture(FIGURES[name], frames)


def test_of_runs_with_the_same_auroc_the_same_methods_are_highlighted_whatever_their_ids() -> None:
    metrics = chart_frames.study(2, 2, 1).metrics.assign(auroc=0.75)

    def highlighted(frame: pd.DataFrame) -> list[str]:
        return sorted(median_run_per_classifier(ibis.memtable(frame)).to_pandas().label)

    assert highlighted(_other_ids(metrics)) == highlighted(metrics)


def test_shares_of_variance_are_the_same_to_the_bit_whatever_the_ids_of_the_runs() -> None:
    frames = chart_frames.study(3, 3, 3)
    metrics = frames.metrics.assign(featurization="the same")

    def shares(metrics: pd.DataFrame, predictions: pd.DataFrame) -> pd.DataFrame:
        return variance_decomposition(
            metrics, predictions, measures=("auroc",), resamples=20, seed=1
        ).to_pandas()

    again = shares(_other_ids(metrics), _other_ids(frames.predictions))
    assert np.array_equal(again.eta2.dropna(), shares(metrics, frames.predictions).eta2.dropna())
