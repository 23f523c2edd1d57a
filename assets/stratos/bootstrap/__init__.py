"""Resampled subjects: how they are drawn, what is counted in all resamples at once, and the limits."""

from assets.engine.modules import lazy_submodules

__getattr__ = lazy_submodules(__name__)
