"""Measures of STRATOS TG6 that SQL cannot say: iteration and local fits, on arrays."""

from assets.engine.modules import lazy_submodules

__getattr__ = lazy_submodules(__name__)
