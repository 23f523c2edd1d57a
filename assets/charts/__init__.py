"""Figures of a study: pandas frames in, charts, pictures and their sidecars out."""

from assets.engine.modules import lazy_submodules

__getattr__ = lazy_submodules(__name__)
