"""A figure under examination, and how a check of it is declared."""

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import vl_convert
from PIL import Image

from assets.charts.composition.datasets import join
from assets.charts.qa import pdf, svg
from assets.charts.qa.palettes import measured_marks
from assets.charts.qa.pdf import Pdf
from assets.charts.qa.scene import Scene, scene_of
from assets.charts.qa.svg import Svg
from assets.charts.qa.verdict import Checked, Level

_MOST = 10
"""Messages of one check that are told; the rest is counted."""


class NotApplicableError(Exception):
    """There is nothing that the check could be about; the message says why."""


class Counts(NamedTuple):
    """Runs drawn; subjects, events and refits behind each, None where unknown or not the same in all."""

    runs: int
    subjects: int | None
    events: int | None
    refits: int | None


@dataclass(frozen=True)
class Exhibit:
    """A figure as it is judged: its sidecar, its pictures by format (png, svg, pdf), and today's tables.

    `tables` holds the data version of every table that is there, or is None when there is no DuckDB file
    to compare with.
    """

    sidecar: Mapping[str, Any]
    files: Mapping[str, bytes]
    tables: Mapping[str, str] | None = None

    @cached_property
    def frames(self) -> dict[str, pd.DataFrame]:
        """The datasets that have rows."""
        return {name: pd.DataFrame(rows) for name, rows in self.sidecar["data"].items() if rows}

    @cached_property
    def scene(self) -> Scene:
        """What Vega makes of the sidecar's drawing and data."""
        return scene_of(self.compiled)

    @cached_property
    def measured(self) -> Mapping[str, tuple[str, ...]]:
        """Marks whose colour tells a number, by name, with the colours of their scale from end to end."""
        return measured_marks(self.compiled)

    @cached_property
    def compiled(self) -> dict[str, Any]:
        """The drawing with its data as Vega-Lite compiles it to Vega."""
        whole = join(self.sidecar["spec"], self.sidecar["data"])
        compiled: dict[str, Any] = vl_convert.vegalite_to_vega(whole)
        return compiled

    @cached_property
    def pixels(self) -> np.ndarray:
        """The PNG's pixels, rows x columns x (red, green, blue); none if it cannot be read."""
        return self._pixels("RGB")

    @cached_property
    def grey(self) -> np.ndarray:
        """The PNG's pixels in shades of grey, rows x columns; none if it cannot be read."""
        return self._pixels("L")

    def _pixels(self, mode: str) -> np.ndarray:
        try:
            return np.asarray(self._image.convert(mode))
        except OSError:
            return np.empty((0, 0, 3)[: 3 if mode == "RGB" else 2], dtype=np.uint8)

    @cached_property
    def _image(self) -> Image.Image:
        return Image.open(io.BytesIO(self.files["png"]))

    @cached_property
    def svg(self) -> Svg:
        """What the SVG holds. Raises ValueError if it cannot be read."""
        return svg.read(self.files["svg"])

    @cached_property
    def pdf(self) -> Pdf:
        """What the PDF holds. Raises ValueError if it cannot be read."""
        return pdf.read(self.files["pdf"])

    @property
    def counts(self) -> Counts:
        """How many are behind the figure."""
        return Counts(*(self.sidecar[name] for name in ("n_runs", "n_subjects", "n_events", "n_bootstrap")))

    @property
    def absent(self) -> str | None:
        """Why the figure shows nothing, if that is what it says."""
        said: str | None = self.sidecar.get("absent")
        return said


@dataclass(frozen=True)
class Check:
    """One check: its function yields a message for each thing that is wrong."""

    name: str
    level: Level
    promise: str
    look: Callable[[Exhibit], Iterator[str]]
    of_pictures: bool = False
    """Whether it looks at what is drawn, and not at numbers and origin alone."""

    def __call__(self, figure: Exhibit) -> Checked:
        """What the check says of a figure."""
        try:
            messages = tuple(dict.fromkeys(self.look(figure)))
        except NotApplicableError as reason:
            return self.skipped(str(reason))
        if len(messages) > _MOST:
            messages = (*messages[:_MOST], f"and {len(messages) - _MOST} more")
        return Checked(self.name, self.level, self.promise, "failed" if messages else "passed", messages)

    def skipped(self, reason: str) -> Checked:
        """The check as one that could not be made."""
        return Checked(self.name, self.level, self.promise, "not applicable", (reason,))


def check(
    level: Level, *, of_pictures: bool = False
) -> Callable[[Callable[[Exhibit], Iterator[str]]], Check]:
    """Declare a function as a check: its name is the check's, its docstring's first line what it promises."""

    def declared(look: Callable[[Exhibit], Iterator[str]]) -> Check:
        promise = (look.__doc__ or "").split("\n")[0]
        return Check(look.__name__.replace("_", " "), level, promise, look, of_pictures)

    return declared
