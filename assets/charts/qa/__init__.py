"""Is a figure fit to be published? Checks of its sidecar, its pictures and what is drawn in them."""

from assets.engine.modules import lazy_submodules

__getattr__ = lazy_submodules(__name__, {"check_figure": "checking"})
