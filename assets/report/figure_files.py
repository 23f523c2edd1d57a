"""What the page reads of each figure: its sidecar, its picture, and what the checks said of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assets.charts.qa.verdict import Verdict, load
from assets.engine.lineage.entries import Entry, Lineage

_READ = (".json", ".svg")


@dataclass(frozen=True)
class Picture:
    """A figure of the study; `sidecar` and `svg` are None where it is not in place."""

    entry: Entry
    sidecar: Mapping[str, Any] | None
    svg: str | None
    verdict: Verdict | None

    @property
    def key(self) -> str:
        """Return the figure's name."""
        return self.entry.key

    @property
    def title(self) -> str:
        """Return what the figure is called; of one that is not in place, its name."""
        return self.sidecar["title"] if self.sidecar else self.key.replace("_", " ").capitalize()

    @property
    def public(self) -> bool:
        """Return whether its data may be in the page: no row of it is a single subject."""
        return self.sidecar is not None and self.sidecar["privacy"] == "aggregate"

    @property
    def absent(self) -> str | None:
        """Return the sentence that says why the figure shows nothing, if it does not."""
        return self.sidecar.get("absent") if self.sidecar else None


def pictures(lineage: Lineage) -> list[Picture]:
    """Return the figures of the study: those of runs, diagrams, those that are not in place.

    Raises UserError for a verdict on a figure that was changed by hand.
    """
    found = [_picture(entry) for entry in lineage.of_kind("figure")]
    return sorted(
        found, key=lambda picture: (picture.sidecar is None, not (picture.sidecar or {}).get("n_runs"))
    )


def _picture(entry: Entry) -> Picture:
    # a figure's name has no dot: what follows the first one is the form
    content = {path.name.partition(".")[2]: path.read_bytes() for path in entry.files if path.suffix in _READ}
    return Picture(
        entry,
        json.loads(content["json"]) if "json" in content else None,
        content["svg"].decode() if "svg" in content else None,
        load(content["qa.json"]) if "qa.json" in content else None,
    )
