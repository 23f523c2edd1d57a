"""What draws a figure again in a browser: Vega as one script that needs no network."""

from functools import cache

import vl_convert

_EXPOSED = "window.vegaEmbed = vegaEmbed;"


@cache
def javascript() -> str:
    """Return Vega, Vega-Lite, Vega-Embed and Vega's interpreter of expressions, which needs no `eval`.

    The same text every time for the same version of vl-convert; the page that holds it finds `vegaEmbed` in its window.
    """
    return str(vl_convert.javascript_bundle(_EXPOSED))
