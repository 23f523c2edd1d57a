"""Tables on runs together, which the project's own code makes of the frames in `chart_frames`, with few resamples."""

import pandas as pd
from chart_frames import Study

from assets.stratos.comparisons import rankings, variance_decomposition

RESAMPLES = 40


def method_rankings(study: Study) -> pd.DataFrame:
    found = rankings.method_rankings(study.metrics, study.predictions, resamples=RESAMPLES)
    return found.to_pandas()


def variance_shares(study: Study) -> pd.DataFrame:
    """Of AUROC and Brier score; a run's Brier score is the only thing of it that limits by subjects need as well."""
    return variance_decomposition.variance_decomposition(
        study.metrics, study.predictions, measures=("auroc", "brier"), resamples=RESAMPLES
    ).to_pandas()
