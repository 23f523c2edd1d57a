"""Calibration: logistic recalibration with Wald and profile limits, and the smooth curve by loess."""

from assets.engine.modules import lazy_submodules

__getattr__ = lazy_submodules(__name__)
