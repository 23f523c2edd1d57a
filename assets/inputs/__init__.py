"""MLflow runs and their artifacts: stores, names, pickles, subject codes."""

from assets.engine.modules import lazy_submodules

__getattr__ = lazy_submodules(__name__)
