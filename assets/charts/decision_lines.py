"""The lines of a decision plot: those of the runs, of treating all and none, and where they leave the plot."""

from dataclasses import dataclass

import pandas as pd

from assets.charts.composition.datasets import columns, having, lined_up
from assets.charts.composition.numbers import fixed
from assets.charts.composition.style import REFERENCE
from assets.engine.errors import UserError

ALL, NONE = "Treat all", "Treat none"
LIMITS = ["net_benefit_ci_lower", "net_benefit_ci_upper"]
_COLUMNS = ["run_id", "threshold", "net_benefit_model", "net_benefit_all", "net_benefit_none", *LIMITS]
LINE = ["run_id", "threshold", "net_benefit"]


@dataclass(frozen=True)
class Lines:
    """What a decision plot shows.

    `named` has a row for each highlighted run and strategy (run_id, label, colour, dash, width), `beside` the run_ids
    that the panel of a run shows: itself, and the strategies for its test set. `frames` are the datasets.
    """

    named: pd.DataFrame
    beside: dict[str, list[str]]
    frames: dict[str, pd.DataFrame]
    thresholds: tuple[float, float]
    lowest: float

    @property
    def prominent(self) -> pd.DataFrame:
        """The lines of highlighted runs and strategies: run_id, threshold, net_benefit."""
        return pd.concat(
            [self.frames["highlighted_runs"][LINE], self.frames["strategies"]], ignore_index=True
        )

    @property
    def notes(self) -> list[str]:
        """What a caption has to say of the bands."""
        cut = (self.frames["highlighted_runs"][LIMITS[0]] < self.lowest).any()
        return ["Where an interval reaches below the plot, its band ends at the edge."] if cut else []

    def benefits(self, *, bands: bool) -> tuple[float, float]:
        """The range of net benefit that is shown, with room for the bands or not."""
        highest = self.prominent.net_benefit.max()
        if bands:
            highest = max(highest, self.frames["highlighted_runs"][LIMITS[1]].max())
        return self.lowest, float(highest + 0.02 * (highest - self.lowest))


def lines(
    dca_curves: pd.DataFrame,
    runs: pd.DataFrame,
    *,
    thresholds: tuple[float, float],
    lowest: float | None = None,
    metrics: pd.DataFrame | None = None,
) -> Lines:
    """The lines within the range of thresholds, with what is to be told of them.

    Raises UserError for a missing column, a highlighted run without a row, fewer than two thresholds, or test sets
    that differ where `metrics` does not say how (run_id, n_test, n_events).
    """
    curves = lined_up(columns(dca_curves, "dca_curves", _COLUMNS), "threshold")
    curves = curves[curves.threshold.between(*thresholds)]
    if curves.threshold.nunique() < 2:
        raise UserError("`dca_curves` has fewer than two thresholds in the range to be shown.")
    curves = having(curves, "dca_curves", runs.run_id).rename(columns={"net_benefit_model": "net_benefit"})
    shown = curves.run_id.isin(runs.run_id)
    strategy = _strategy(curves[shown], metrics)
    strategies = _strategies(curves[shown], strategy)
    frames = {
        "other_runs": curves.loc[~shown, LINE],
        "highlighted_runs": curves.loc[shown, [*LINE, *LIMITS]],
        "strategies": strategies,
    }
    named = _named(runs, list(strategies.run_id.unique()))
    prominent = pd.concat([curves.loc[shown, LINE], strategies], ignore_index=True)
    if lowest is None:
        lowest = -max(0.02, round(float(prominent.net_benefit.max()) / 8, 2))
    frames["cut"] = _cut(prominent, lowest).merge(named[["run_id", "colour", "dash"]])
    beside = {run: [run, strategy[run], NONE] for run in runs.run_id}
    return Lines(named, beside, frames, thresholds, lowest)


def _strategy(curves: pd.DataFrame, metrics: pd.DataFrame | None) -> dict[str, str]:
    """What treating all is called beside each run: with the share of events where test sets differ in it."""
    runs = list(curves.run_id.unique())
    if metrics is None or not {"n_test", "n_events"} <= set(metrics.columns):
        if curves.round({"net_benefit_all": 9}).groupby("threshold").net_benefit_all.nunique().max() > 1:
            raise UserError(
                "`dca_curves` is of test sets that differ in prevalence: give `metrics` with n_test and n_events."
            )
        return dict.fromkeys(runs, ALL)
    sizes = metrics.set_index("run_id").loc[runs]
    shares = dict(100 * sizes.n_events / sizes.n_test)
    different = set(shares.values())
    if len(different) == 1:
        return dict.fromkeys(runs, ALL)
    digits = next(n for n in range(1, 16) if len({fixed(share, n) for share in different}) == len(different))
    return {run: f"{ALL} ({fixed(share, digits)}% events)" for run, share in shares.items()}


def _strategies(curves: pd.DataFrame, strategy: dict[str, str]) -> pd.DataFrame:
    """Net benefit of treating all, for each test set that has its own, and of treating none."""
    every = curves.assign(run_id=curves.run_id.map(strategy), net_benefit=curves.net_benefit_all)
    none = curves.assign(run_id=NONE, net_benefit=curves.net_benefit_none)
    return pd.concat([every, none]).drop_duplicates(LINE[:2])[LINE].reset_index(drop=True)


def _named(runs: pd.DataFrame, strategies: list[str]) -> pd.DataFrame:
    highlighted = runs[["run_id", "label", "colour", "dash"]].assign(width=1.2)
    dashes = [[1, 3] if name == NONE else [4, 2] for name in strategies]
    others = pd.DataFrame({"run_id": strategies, "label": strategies, "colour": REFERENCE, "dash": dashes})
    return pd.concat([highlighted, others.assign(width=1.0)], ignore_index=True)


def _cut(curves: pd.DataFrame, lowest: float) -> pd.DataFrame:
    """Where each line first goes below the lower edge of the plot, from its last point above."""
    after = curves.groupby("run_id", sort=False)[["threshold", "net_benefit"]].shift(-1)
    steps = curves.join(after.add_suffix("_after"))
    steps = steps[(steps.net_benefit >= lowest) & (steps.net_benefit_after < lowest)].drop_duplicates(
        "run_id"
    )
    share = (steps.net_benefit - lowest) / (steps.net_benefit - steps.net_benefit_after)
    crossing = steps.threshold + share * (steps.threshold_after - steps.threshold)
    edge = {"edge_threshold": crossing, "edge_net_benefit": lowest}
    return steps[LINE].assign(**edge)
