"""The study in LaTeX: numbers as macros and tables as floats, each saying where it comes from."""

from assets.engine.modules import lazy_submodules

__getattr__ = lazy_submodules(__name__)
