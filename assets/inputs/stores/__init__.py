"""Stores of MLflow runs of every kind, read and never written: experiments, runs, artifacts."""

from assets.engine.modules import lazy_submodules

__getattr__ = lazy_submodules(__name__)
