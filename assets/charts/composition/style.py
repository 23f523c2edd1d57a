"""How every figure looks: journal widths, one typeface, colours that all readers can tell apart.

A unit of Vega's is a point here (1/72 inch). There is no opacity and no second face: tints are
solid colours, headings differ by size, and so the PDF of a figure has the same bytes every time.
"""

from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any

import altair as alt
import pandas as pd
import vl_convert
from altair.utils.schemapi import debug_mode

from assets.charts.composition.datasets import columns, join, rows
from assets.engine.errors import UserError

COLUMN = 252  # 89 mm, one column of a journal page
PAGE = 519  # 183 mm, both columns

SMALL, LABEL, TITLE = 6.0, 7.0, 8.0
# The first family is the one vl-convert brings along. With a family first that a machine may or may
# not have, such as Arial, pictures would differ between machines; with it alone, text would vanish.
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
_SLACK = 8  # points at the right that may be left white rather than drawing once more

INK, REFERENCE, OTHER, FAINT = "#000000", "#8a8a8a", "#cfcfcf", "#e6e6e6"
# Okabe and Ito's without the three that are too light for a line on white; then two of Paul Tol's.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#882255", "#332288"]
# Seven steps of CIEDE2000 10 from pale yellow to blue: lightness falls evenly for every reader, and
# black print keeps a contrast of 5.8 and more on all of it.
SEQUENTIAL = ["#fdf8da", "#daefd7", "#ace4d4", "#69d3cf", "#5abdce", "#4ba5cc", "#3e8cc9"]
DASHES = [[1, 0], [5, 2], [1, 1.5], [6, 1.5, 1, 1.5], [3, 1], [8, 2], [4, 1.5, 1, 1.5, 1, 1.5]]

_AXIS = {
    "labelFontSize": LABEL, "titleFontSize": TITLE, "titleFontWeight": "normal", "labelColor": INK,
    "titleColor": INK, "domainColor": INK, "tickColor": INK, "domainWidth": 0.6, "tickWidth": 0.6,
    "tickSize": 3, "offset": 3, "grid": False, "labelFlush": False, "labelPadding": 2, "titlePadding": 4,
    "labelLimit": 0, "titleLimit": 0, "gridColor": FAINT, "gridWidth": 0.5,
}  # fmt: skip
CONFIG: dict[str, Any] = {
    "background": "white",
    "font": FONT,
    "padding": 2,
    "view": {"stroke": None},
    "axis": _AXIS,
    "title": {
        "fontSize": TITLE, "fontWeight": "normal", "anchor": "start", "color": INK, "offset": 4, "limit": 0,
        "subtitleFontSize": LABEL, "subtitleColor": INK, "subtitlePadding": 2,
    },
    "legend": {
        "labelFontSize": LABEL, "titleFontSize": TITLE, "titleFontWeight": "normal", "labelColor": INK,
        "titleColor": INK, "titleLimit": 0, "labelLimit": 0,
    },
    "line": {"strokeWidth": 1.2, "strokeCap": "butt", "strokeJoin": "miter"},
    "rule": {"strokeWidth": 0.6},
    "point": {"size": 18, "filled": True, "opacity": 1},
    "area": {"opacity": 1},
    "bar": {"opacity": 1},
    "text": {"fontSize": LABEL, "color": INK},
}  # fmt: skip


_MEASURING = Lock()


def emphasised(highlights: pd.DataFrame) -> pd.DataFrame:
    """The runs to show in colour, each with its `colour` and `dash`, in the order given.

    Reads run_id, classifier, label. Raises UserError for none, for more than there are colours, and
    for two runs of one label.
    """
    chosen = columns(highlights, "highlights", ["run_id", "classifier", "label"]).reset_index(drop=True)
    if not 0 < len(chosen) <= len(COLOURS):
        raise UserError(
            f"`highlights` has {len(chosen)} runs: choose 1 to {len(COLOURS)}, more cannot be told apart."
        )
    for column in ("run_id", "label"):
        if chosen[column].duplicated().any():
            raise UserError(
                f"`highlights` has two runs with the same {column}: a reader could not tell which is which."
            )
    return chosen.assign(colour=COLOURS[: len(chosen)], dash=DASHES[: len(chosen)])


def colour_of(runs: pd.DataFrame) -> alt.Color:
    """The colour channel of emphasised runs."""
    scale = alt.Scale(domain=list(runs.run_id), range=list(runs.colour))
    return alt.Color("run_id:N", scale=scale, legend=None)


def dash_of(runs: pd.DataFrame) -> alt.StrokeDash:
    """The dash channel of emphasised runs, which repeats what colour says."""
    scale = alt.Scale(domain=list(runs.run_id), range=list(runs.dash))
    return alt.StrokeDash("run_id:N", scale=scale, legend=None)


def overlaid(
    *layers: Any,
    width: float,
    height: float,
    apart: Sequence[str] = ("x", "y", "color", "strokeDash", "shape"),
) -> alt.LayerChart:
    """Layers that share the plot but not their scales, such as curves in data units and labels in points."""
    both = alt.layer(*layers).properties(width=width, height=height)
    return both.resolve_scale(**dict.fromkeys(apart, "independent"))


def finished(
    draw: Callable[[float], tuple[Any, dict[str, pd.DataFrame]]],
    about: Mapping[str, Any],
    width: float,
    *,
    plots: int = 1,
    margin: float,
) -> Any:
    """The chart in the journal style whose whole picture is exactly `width` points wide.

    `draw` makes the chart and its frames for the width of one of `plots` plots that stand side by
    side; `margin` is a first guess of all that is not plot; `about` is what the figure says of
    itself. Raises UserError if the labels leave no room for the plots.
    """
    for _ in range(5):
        plot = int((width - margin) / plots)
        if plot < 20:
            raise UserError(f"No room for a plot beside its labels in {width} points: shorten the labels.")
        # Altair checks each piece of a chart against Vega-Lite's schema, which takes longer than to draw it.
        with debug_mode(False):
            chart, frames = draw(plot)
        # Set, not `.configure()` and `.properties()`: those copy every layer and every row.
        chart.config = alt.Config(**CONFIG)
        drawn = _width(chart, frames)
        if 0 <= width - drawn <= _SLACK + plots:
            chart.config = alt.Config(**_padded(width - drawn))
            chart.usermeta = dict(about)
            chart.datasets = {name: rows(frame) for name, frame in frames.items()}
            return chart
        margin += drawn - width + 1
    raise UserError(f"The figure does not settle at {width} points: it is {drawn} wide. Shorten the labels.")


def _width(chart: Any, frames: dict[str, pd.DataFrame]) -> float:
    # Thin lines inside a plot cannot widen it, and are most of what would have to be drawn.
    data = {name: rows(frame) for name, frame in frames.items() if name != "other_runs"}
    spec = join(chart.to_dict(validate=False), {"other_runs": [], **data})
    # One at a time: of two figures measured at once, one has been found too wide, once in hundreds of builds.
    with _MEASURING:
        return float(vl_convert.vegalite_to_scenegraph(spec, allowed_base_urls=[])["width"])


def _padded(spare: float) -> dict[str, Any]:
    side = CONFIG["padding"]
    return {**CONFIG, "padding": {"left": side, "top": side, "bottom": side, "right": side + spare}}


def tint(colour: str, share: float = 0.2) -> str:
    """The colour thinned with white, solid: a band that needs no opacity."""
    channels = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 - share * (255 - channel)):02x}" for channel in channels)
