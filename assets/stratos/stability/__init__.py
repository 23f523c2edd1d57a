"""What refits of a model disagree on, and what becomes of a model on its most certain subjects."""

from assets.engine.modules import lazy_submodules

__getattr__ = lazy_submodules(__name__)
