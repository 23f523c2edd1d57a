"""What is said of several runs together: paired differences, variance decomposition, rankings."""

from assets.engine.modules import lazy_submodules

__getattr__ = lazy_submodules(__name__)
