"""The study's figures, in the order a paper prints them; each function in these modules is one figure.

In a notebook `from assets.figures import roc`, then `roc()`, shows the figure of that name, and `Models` draws figures
of one's own predictions.
"""

from typing import Any

from assets.figures import comparisons, diagrams, performance, stability

THEMES = (performance, comparisons, stability, diagrams)
"""The modules that declare figures, in that order."""


def __getattr__(name: str) -> Any:
    """Return a declared figure by its name, to be called, or `Models`; loaded when first asked for."""
    from assets import notebook

    if name == "Models":
        from assets.own_data import Models

        return Models
    try:
        return notebook.figures_in(THEMES)[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no figure {name!r}") from None


def __dir__() -> list[str]:
    """Name what can be imported from here."""
    from assets import notebook

    return [*notebook.figures_in(THEMES), "Models"]
