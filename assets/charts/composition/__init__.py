"""What every figure is composed with: style, typesetting, keys and labels, panels, and the rows that are drawn."""

from assets.engine.modules import lazy_submodules

__getattr__ = lazy_submodules(__name__)
