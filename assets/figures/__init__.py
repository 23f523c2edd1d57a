"""The study's figures, in the order a paper prints them; each function is one figure."""

from assets.figures import comparisons, orchestration, performance, stability
from assets.figures.performance import calibration, dca, distributions, forest, heatmap, roc

__all__ = [
    "calibration",
    "comparisons",
    "dca",
    "distributions",
    "forest",
    "heatmap",
    "orchestration",
    "performance",
    "roc",
    "stability",
]
