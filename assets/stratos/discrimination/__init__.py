"""AUROC of all runs of a cohort by placements, with the intervals that have a formula."""

from assets.engine.modules import lazy_submodules

__getattr__ = lazy_submodules(__name__)
