"""A stranger's project with one real figure, drawn and checked in this process."""

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from assets.charts.publication.gallery import Gallery
from assets.engine.project import Project
from tests.project_folders import Folder

PROJECT = '''
import altair as alt

from assets.charts.composition.about import about
from assets.charts.composition.style import finished


@asset
def weights() -> pa.Table:
    """One weight of one run."""
    return pa.table({"run_id": ["a", "b", "c"], "length": [1.0, 2.0, 4.0], "weight": [10.0, 30.0, 20.0]})


@asset
def dots(weights: pd.DataFrame) -> alt.Chart:
    """Weights by length."""
    x, y = alt.X("length:Q", title="Length (mm)"), alt.Y("weight:Q", title="Weight (kg)")

    def draw(plot):
        points = alt.Chart(alt.NamedData("points")).mark_point().encode(x, y)
        return points.properties(width=plot, height=60), {"points": weights}

    told = "Three dots: the weight of three runs, from 10 to 30 kg, by their length from 1 to 4 mm."
    units = {"length": "mm", "weight": "kg"}
    return finished(draw, about("Weights", told, units, ["a", "b", "c"], None), 252, margin=40)
'''


class Here(Gallery):
    """A gallery that draws and checks in this process, which tests may."""

    @cached_property
    def _pool(self) -> Any:
        return ThreadPoolExecutor(1)


@dataclass(frozen=True)
class Drawing(Folder):
    """A project whose figure is kept as the study keeps its figures."""

    @classmethod
    def dots(cls, path: Path) -> "Drawing":
        """Write the project, and build it."""
        made = cls(path)
        made.write(PROJECT)
        assert made.build() == {"weights": "built", "dots": "built"}
        return made

    @contextlib.contextmanager
    def open(self) -> Iterator[Project]:
        with super().open() as project:
            yield replace(project, stores={"figure": Here(Path("figures"))})

    @property
    def verdict(self) -> Path:
        return self.path / "figures" / "data" / "dots.qa.json"

    @property
    def refused(self) -> Path:
        return self.path / ".assets" / "qa" / "dots.json"
