"""From a chart to files: pictures, sidecars, and the folder that they are kept in."""

from assets.engine.modules import lazy_submodules

__getattr__ = lazy_submodules(__name__)
