"""Nothing that names a subject leaves: what is published is looked through for original codes first."""

from assets.engine.modules import lazy_submodules

__getattr__ = lazy_submodules(__name__)
