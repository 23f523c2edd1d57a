"""The straightforward way: ROC, calibration and decision curves of the same tables with matplotlib.

What a careful colleague would write for one paper: the same runs in colour, the others in grey, intervals, keys, 300
pixels per inch, PNG, SVG and PDF. Nothing is checked, nothing is recorded.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import matplotlib as mpl
import pandas as pd

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

_COLUMN, _PAGE = 89 / 25.4, 183 / 25.4
_COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#882255", "#332288"]
_DASHES = ["-", "--", ":", "-.", (0, (3, 1)), (0, (8, 2)), (0, (4, 1, 1, 1))]
_THRESHOLDS = (0.01, 0.5)
_MEDIAN = """
    SELECT run_id, classifier, classifier || ' (' || outlier_method || ', ' || imputation_method || ')' AS label,
           auroc, auroc_ci_lower AS low, auroc_ci_upper AS high
    FROM (SELECT *, row_number() OVER w - 1 AS place, (count(*) OVER (PARTITION BY classifier) - 1) // 2 AS middle
          FROM essential_metrics WHERE auroc IS NOT NULL WINDOW w AS (PARTITION BY classifier ORDER BY auroc, run_id))
    WHERE place = middle ORDER BY classifier LIMIT 7
"""


def main(database: Path, folder: Path) -> None:
    """Draw the three plots of a study's DuckDB file into a folder, each as PNG, SVG and PDF."""
    mpl.rcParams.update(
        {"font.family": "sans-serif", "font.size": 7, "svg.fonttype": "none", "pdf.fonttype": 42}
    )
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(database), read_only=True) as connection:
        runs = connection.execute(_MEDIAN).df()

        def table(name: str) -> pd.DataFrame:
            return connection.execute(f"FROM {name} ORDER BY ALL").df()

        for name, draw in (("roc", roc), ("calibration", calibration), ("dca", decision_curves)):
            figure = draw(runs, table)
            for kind in ("png", "svg", "pdf"):
                figure.savefig(folder / f"{name}.{kind}", dpi=300, bbox_inches="tight")
            plt.close(figure)


Tables = Callable[[str], pd.DataFrame]


def roc(runs: pd.DataFrame, table: Tables) -> Figure:
    """Draw an overview of all runs, and a panel with limits for each run in colour."""
    curves = dict(list(table("roc_curves").groupby("run_id")))
    figure, axes = plt.subplots(2, len(runs), figsize=(_PAGE, 4.5), squeeze=False)
    for curve in curves.values():
        axes[0, 0].plot(curve.false_positive_rate, curve.true_positive_rate, color="#cfcfcf", linewidth=0.4)
    for i, run in enumerate(runs.itertuples()):
        curve = curves[run.run_id]
        rates = (curve.false_positive_rate, curve.true_positive_rate)
        label = f"{run.label} {run.auroc:.2f} ({run.low:.2f}-{run.high:.2f})"
        axes[0, 0].plot(*rates, color=_COLOURS[i], linestyle=_DASHES[i], linewidth=1.2, label=label)
        axes[1, i].fill_between(
            rates[0], curve.sensitivity_ci_lower, curve.sensitivity_ci_upper, color=_COLOURS[i], alpha=0.15
        )
        axes[1, i].plot(*rates, color=_COLOURS[i], linewidth=1.2)
        axes[1, i].set(title=run.label, xlabel="1 - specificity", ylabel="Sensitivity")
        axes[1, i].plot([0, 1], [0, 1], color="#8a8a8a", linestyle="--", linewidth=0.6)
    axes[0, 0].set(xlabel="1 - specificity", ylabel="Sensitivity", xlim=(0, 1), ylim=(0, 1))
    axes[0, 0].legend(frameon=False, fontsize=6, loc="upper left", bbox_to_anchor=(1.05, 1))
    for unused in axes[0, 1:]:
        unused.axis("off")
    figure.tight_layout()
    return figure


def calibration(runs: pd.DataFrame, table: Tables) -> Figure:
    """Draw a panel for each run in colour: its smooth curve with limits, and histograms of the risks below."""
    curves = dict(list(table("calibration_curves").dropna(subset=["observed"]).groupby("run_id")))
    bins = dict(list(table("probability_distributions").groupby("run_id")))
    figure, axes = plt.subplots(
        2, len(runs), figsize=(_PAGE, 3), squeeze=False, height_ratios=[3, 1], sharex=True
    )
    for i, run in enumerate(runs.itertuples()):
        above, below = axes[:, i]
        for curve in curves.values():
            above.plot(curve.predicted, curve.observed, color="#cfcfcf", linewidth=0.3)
        curve = curves[run.run_id]
        above.fill_between(curve.predicted, curve.ci_lower, curve.ci_upper, color=_COLOURS[i], alpha=0.15)
        above.plot(curve.predicted, curve.observed, color=_COLOURS[i], linewidth=1.2)
        above.plot([0, 1], [0, 1], color="#8a8a8a", linestyle="--", linewidth=0.6)
        above.set(title=run.label, ylim=(0, 1), ylabel="Observed risk")
        for outcome, sign, colour in ((1, 1, _COLOURS[i]), (0, -1, "#9a9a9a")):
            rows = bins[run.run_id][bins[run.run_id].y_true == outcome]
            below.bar(
                rows.bin_start, sign * rows.n, rows.bin_end - rows.bin_start, align="edge", color=colour
            )
        below.set(xlabel="Predicted risk", ylabel="Subjects")
    figure.tight_layout()
    return figure


def decision_curves(runs: pd.DataFrame, table: Tables) -> Figure:
    """Draw an overview of all runs with both default strategies, and a panel with limits for each run in colour."""
    shown = table("dca_curves")
    curves = dict(list(shown[shown.threshold.between(*_THRESHOLDS)].groupby("run_id")))
    figure, axes = plt.subplots(2, len(runs), figsize=(_PAGE, 4.5), squeeze=False)
    first = next(iter(curves.values()))
    for axis in (axes[0, 0], *axes[1]):
        axis.plot(first.threshold, first.net_benefit_all, color="#8a8a8a", linestyle="--", linewidth=0.8)
        axis.plot(first.threshold, first.net_benefit_none, color="#8a8a8a", linewidth=0.8)
        axis.set(ylim=(-0.05, None), xlabel="Threshold", ylabel="Net benefit")
    for curve in curves.values():
        axes[0, 0].plot(curve.threshold, curve.net_benefit_model, color="#cfcfcf", linewidth=0.4)
    for i, run in enumerate(runs.itertuples()):
        curve = curves[run.run_id]
        limits = (curve.net_benefit_ci_lower, curve.net_benefit_ci_upper)
        line = {"color": _COLOURS[i], "linewidth": 1.2}
        axes[0, 0].plot(
            curve.threshold, curve.net_benefit_model, linestyle=_DASHES[i], label=run.label, **line
        )
        axes[1, i].fill_between(curve.threshold, *limits, color=_COLOURS[i], alpha=0.15)
        axes[1, i].plot(curve.threshold, curve.net_benefit_model, **line)
        axes[1, i].set(title=run.label)
    axes[0, 0].legend(frameon=False, fontsize=6, loc="upper left", bbox_to_anchor=(1.05, 1))
    for unused in axes[0, 1:]:
        unused.axis("off")
    figure.tight_layout()
    return figure


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
