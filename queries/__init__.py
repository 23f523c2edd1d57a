"""Pure ibis builders, one module per STRATOS domain: tables in, one table out."""

from assets.engine.modules import lazy_submodules

__getattr__ = lazy_submodules(__name__)
