"""Artifacts with predictions, hostile until proven otherwise: opened, read and checked in a process of their own."""

from assets.engine.modules import lazy_submodules

__getattr__ = lazy_submodules(__name__)
