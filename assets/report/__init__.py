"""The report: one page about the whole study that works offline, made from tables, sidecars and lineage."""

from assets.engine.modules import lazy_submodules

__getattr__ = lazy_submodules(__name__)
