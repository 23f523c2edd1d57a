"""What is drawn where a study has nothing for a figure to show: a frame, and in it a sentence that says why."""

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from assets.charts.composition.style import COLUMN, LABEL, REFERENCE, TITLE, finished
from assets.charts.composition.typesetting import wrapped

_LINE_HEIGHT, _MARGIN = 10.0, 10.0


def absent(sentence: str, about: Mapping[str, Any], width: float = COLUMN) -> alt.LayerChart:
    """A figure that shows no data and says so: its title, and a sentence on what is missing and why.

    The sentence ends its alternative text too, and is `absent` in what the figure says of itself.

    Parameters
    ----------
    sentence
        What is missing, why, and what would change it; not more than about 200 characters.
    about
        What `composition.about` says of the figure.
    width
        Of the whole picture, in points.
    """
    said = {**about, "alt_text": f"{about['alt_text']} Nothing is drawn: {sentence}", "absent": sentence}

    def draw(plot: float) -> tuple[alt.LayerChart, dict[str, pd.DataFrame]]:
        lines = _lines(about["title"], sentence, plot - 2 * _MARGIN)
        height = float(lines.y.max()) + _LINE_HEIGHT / 2 + _MARGIN
        return _framed(plot, height), {"absent": lines}

    return finished(draw, said, width, margin=5)


def _lines(title: str, sentence: str, width: float) -> pd.DataFrame:
    """The lines of text with their sizes and where each has its middle, in points from the upper edge."""
    sized = [(line, TITLE) for line in wrapped(title, width, TITLE)]
    sized += [(line, LABEL) for line in wrapped(sentence, width, LABEL)]
    return pd.DataFrame(
        {"text": text, "size": size, "y": _MARGIN + (i + 0.5) * _LINE_HEIGHT}
        for i, (text, size) in enumerate(sized)
    )


def _framed(width: float, height: float) -> alt.LayerChart:
    pixels = alt.Scale(domain=[0, height], range=[0, height], zero=False, nice=False)
    base = alt.Chart(alt.NamedData("absent"))
    frame = base.transform_filter(f"datum.y === {_MARGIN + _LINE_HEIGHT / 2}").mark_rect(
        stroke=REFERENCE, strokeWidth=0.6, filled=False
    )
    text = base.mark_text(align="left", baseline="middle").encode(
        x=alt.value(_MARGIN), y=alt.Y("y:Q", scale=pixels, axis=None), text=alt.Text("text:N"),
        size=alt.Size("size:Q", scale=None),
    )  # fmt: skip
    edges = {"x": alt.value(0), "x2": alt.value(width), "y": alt.value(0), "y2": alt.value(height)}
    return alt.layer(frame.encode(**edges), text, width=width, height=height)
