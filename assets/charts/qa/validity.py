"""P1: the numbers can be right: in range, intervals in order, counts that add up, curves that run as they must."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from assets.charts.qa.finding import Finding

_PROPORTIONS = (
    "auroc", "auroc_ci_lower", "auroc_ci_upper", "false_positive_rate", "true_positive_rate", "predicted", "threshold",
    "bin_start", "bin_end",
)  # fmt: skip
_INTERVALS = (("auroc", "auroc_ci_lower", "auroc_ci_upper"), ("observed", "ci_lower", "ci_upper"))
_ROUNDING = 1e-9


def in_range(frames: Mapping[str, pd.DataFrame]) -> Iterator[Finding]:
    """AUROCs, rates and probabilities lie in 0 to 1, counts and densities are not negative."""
    for name, frame in frames.items():
        for column in frame.columns.intersection([*_PROPORTIONS, "n", "density"]):
            highest = 1.0 if column in _PROPORTIONS else float("inf")
            values = pd.to_numeric(frame[column]).dropna()
            wrong = values[(values < -_ROUNDING) | (values > highest + _ROUNDING)]
            if len(wrong):
                yield Finding(
                    "P1",
                    "in range",
                    f"`{name}.{column}` has {len(wrong)} impossible values, such as {wrong.iloc[0]}",
                )


def intervals_hold(frames: Mapping[str, pd.DataFrame]) -> Iterator[Finding]:
    """Limits come in pairs and in order, and the estimate lies between them."""
    for name, frame in frames.items():
        for estimate, lower, upper in _INTERVALS:
            if not {estimate, lower, upper} <= set(frame.columns):
                continue
            values = frame[[estimate, lower, upper]].apply(pd.to_numeric)
            if (values[lower].isna() != values[upper].isna()).any():
                yield Finding("P1", "intervals hold", f"`{name}` has an interval with one limit")
            known = values.dropna()
            inside = known[estimate].between(known[lower] - _ROUNDING, known[upper] + _ROUNDING)
            if not inside.all():
                yield Finding(
                    "P1",
                    "intervals hold",
                    f"`{name}` has {(~inside).sum()} of `{estimate}` outside its interval",
                )


def counts_add_up(sidecar: Mapping[str, Any], frames: Mapping[str, pd.DataFrame]) -> Iterator[Finding]:
    """A histogram has every subject of its outcome once, and its densities are made of its counts."""
    subjects, events = sidecar["n_subjects"], sidecar["n_events"]
    if subjects is not None and events is not None and events > subjects:
        yield Finding("P1", "counts add up", f"{events} events among {subjects} subjects")
    for name, frame in frames.items():
        if not {"run_id", "y_true", "n", "bin_start", "bin_end"} <= set(frame.columns):
            continue
        for (run, outcome), bins in frame.groupby(["run_id", "y_true"]):
            expected = (
                None if subjects is None or events is None else events if outcome else subjects - events
            )
            total = bins.n.sum()
            if expected is not None and total != expected:
                yield Finding(
                    "P1",
                    "counts add up",
                    f"`{name}`: {total} subjects of {run} with outcome {outcome}, not {expected}",
                )
            if (
                "density" in bins
                and total
                and not _same(bins.density, bins.n / total / (bins.bin_end - bins.bin_start))
            ):
                yield Finding(
                    "P1", "counts add up", f"`{name}`: densities of {run} are not those of its counts"
                )


def roc_curves_rise(frames: Mapping[str, pd.DataFrame]) -> Iterator[Finding]:
    """A ROC curve goes from (0, 0) to (1, 1) and never back."""
    rates = ["false_positive_rate", "true_positive_rate"]
    for name, frame in frames.items():
        if not {*rates, "run_id", "point"} <= set(frame.columns):
            continue
        for run, curve in frame.sort_values("point").groupby("run_id"):
            ends = curve[rates].iloc[[0, -1]].to_numpy().tolist()
            if ends != [[0, 0], [1, 1]]:
                yield Finding(
                    "P1", "ROC curves rise", f"`{name}`: the curve of {run} does not go from (0, 0) to (1, 1)"
                )
            if (curve[rates].diff() < 0).any(axis=None):
                yield Finding("P1", "ROC curves rise", f"`{name}`: the curve of {run} turns back")


def net_benefit_is_possible(
    sidecar: Mapping[str, Any], frames: Mapping[str, pd.DataFrame]
) -> Iterator[Finding]:
    """No net benefit above the prevalence or below harming all; both default strategies are there."""
    for name, frame in frames.items():
        if not {"net_benefit", "threshold"} <= set(frame.columns):
            continue
        odds = frame.threshold / (1 - frame.threshold)
        known = sidecar["n_subjects"] is not None and sidecar["n_events"] is not None
        highest = sidecar["n_events"] / sidecar["n_subjects"] if known else 1.0
        wrong = frame[(frame.net_benefit > highest + _ROUNDING) | (frame.net_benefit < -odds - _ROUNDING)]
        if len(wrong):
            yield Finding(
                "P1", "net benefit is possible", f"`{name}` has {len(wrong)} impossible net benefits"
            )
        if name == "strategies" and frame.run_id.nunique() < 2:
            yield Finding("P1", "net benefit is possible", "treating all or treating none is missing")


def _same(left: pd.Series, right: pd.Series) -> bool:
    return bool(((left - right).abs() < 1e-6).all())
