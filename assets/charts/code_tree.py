"""A folder of code as a tree: its files, and in each the flows and tasks that it defines."""

from collections.abc import Sequence
from dataclasses import dataclass

from assets.charts.composition.canvas import Canvas
from assets.charts.composition.style import REFERENCE, SMALL
from assets.charts.composition.typesetting import text_width
from assets.charts.flow_lanes import BLOCKS, SOFT

_CLOSEST, _FARTHEST = 6.0, 7.5
_INDENT, _FIRST, _BETWEEN = 10.0, 3.0, 20.0


@dataclass(frozen=True)
class Leaf:
    """A line of the tree: a file or folder, and a flow or task in it, or else what the file says of itself."""

    file: str
    function: str = ""
    decorator: str = ""
    block: int = 0
    says: str = ""


def drawn(sheet: Canvas, leaves: Sequence[Leaf], top: float, *, names: float) -> None:
    """Put a line for each leaf, its function `names` points from the left edge, its decorator right of them all.

    Lines are as far apart as there is room for above the sheet's lower edge, within limits.
    """
    leading = max(_CLOSEST, min(_FARTHEST, (sheet.height - top) / len(leaves)))
    places: dict[str, float] = {}
    decorators = names + max(text_width(f"{leaf.function}()", SMALL) for leaf in leaves) + _BETWEEN
    for i, leaf in enumerate(leaves):
        y = top + (i + 0.5) * leading
        if leaf.file not in places:
            places[leaf.file] = y
            sheet.text(_left(leaf.file), y, _name(leaf.file), size=SMALL)
            _branch(sheet, places, leaf.file)
        if leaf.function:
            sheet.box(names - 7, y - 1.8, 3.6, 3.6, fill=BLOCKS[leaf.block])
            sheet.text(names, y, f"{leaf.function}()", size=SMALL)
            sheet.text(decorators, y, leaf.decorator, size=SMALL)
        elif leaf.says:
            sheet.text(names, y, leaf.says, size=SMALL, fill=SOFT)


def _branch(sheet: Canvas, places: dict[str, float], file: str) -> None:
    """The line from a file to the folder that it is in, if that is in the tree."""
    folder = file.rstrip("/").rpartition("/")[0] + "/"
    if folder in places:
        x, y = _left(folder) + _FIRST, places[file]
        sheet.line((x, places[folder] + 4), (x, y), (_left(file) - 1.5, y), stroke=REFERENCE, width=0.5)


def _left(file: str) -> float:
    return file.rstrip("/").count("/") * _INDENT


def _name(file: str) -> str:
    return file.rstrip("/").rpartition("/")[2] + ("/" if file.endswith("/") else "")
