"""How a chart shows itself in a notebook: as the picture that is published, drawn here, without a network."""

from typing import Any

from assets.charts.composition.datasets import join, split
from assets.charts.publication.render import svg_of


class OnScreen:
    """What is mixed into a chart that is to show itself; Altair would load its drawing code from the internet."""

    def _repr_mimebundle_(self, *_: Any, **__: Any) -> dict[str, str]:
        """The picture for whatever displays it, and for who cannot see it what the figure says of itself."""
        chart: Any = self
        return {"image/svg+xml": svg_of(join(*split(chart))), "text/plain": chart.usermeta["alt_text"]}


def on_screen(chart: Any) -> Any:
    """The same Altair chart, which a notebook shows as the picture that would be published.

    Reads `usermeta`, so the chart must come from `composition.style.finished`.
    """
    # The chart itself, not a copy, which would copy every row; an assignment would set a property of the drawing.
    object.__setattr__(chart, "__class__", type(type(chart).__name__, (OnScreen, type(chart)), {}))
    return chart
