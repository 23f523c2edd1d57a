"""What a risk threshold makes of the risks: counts, proportions, net benefit, and what is advised against."""

from assets.engine.modules import lazy_submodules

__getattr__ = lazy_submodules(__name__)
