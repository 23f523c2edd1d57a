"""How the study's figures are shown: a preview, the files, and what the checks say, level by level."""

import base64
from collections.abc import Iterable, Sequence
from pathlib import Path

import dagster as dg

from assets.charts.publication.gallery import FORMATS, Gallery, kept_out
from assets.charts.publication.thumbnail import kept_thumbnail
from assets.charts.qa.verdict import Level, Verdict, load
from assets.engine.declarations import Asset
from assets.engine.inventory import Inventory
from assets.on_dagster.bridge import Check, Found, Metadata

_PREVIEW_BYTES = 28_000
"""Dagster keeps every event, so a preview is small; as text it is a third longer."""

_CHECKS: dict[Level, Check] = {
    "P0": Check("qa_p0_integrity", "It shows what the tables hold, all of it, and nothing else."),
    "P1": Check("qa_p1_statistics", "Its numbers can be right: ranges, intervals, counts, curves."),
    "P2": Check(
        "qa_p2_print", "It is fit for print: size, type, nothing clipped or covered.", blocking=False
    ),
    "P3": Check(
        "qa_p3_accessibility", "Every reader can read it: colours, contrast, greyscale.", blocking=False
    ),
}


class Figures:
    """Shows the figures that a gallery keeps."""

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery

    def checks(self, asset: Asset) -> Sequence[Check]:
        """Return a check for each level of quality."""
        return list(_CHECKS.values())

    def metadata(self, inventory: Inventory, asset: Asset) -> Metadata:
        """Return a small picture of the figure in place, unless it shows single subjects, and where its files are."""
        *places, verdict, sidecar = self._gallery.files(asset.key)
        files = dict(zip((*FORMATS, "qa", "sidecar"), (*places, verdict, sidecar), strict=True))
        shown: Metadata = {}
        if files["png"].is_file() and self._gallery.is_public(asset.key):
            shown["assets/preview"] = dg.MetadataValue.md(_preview(files["png"], asset.key))
        return shown | {f"assets/{name}": dg.MetadataValue.path(path) for name, path in files.items()}

    def kept(self, asset: Asset) -> Found:
        """Return the verdict beside the figure."""
        return _found(asset, self._gallery.recorded(asset.key))

    def refused(self, asset: Asset, checks: Iterable[str]) -> Found:
        """Return the verdict on the figure that was kept out."""
        return _found(asset, load(kept_out(asset.key).read_bytes()))

    def judged(self, inventory: Inventory, asset: Asset) -> Found:
        """Check the figure that is in place again, as `assets qa` does."""
        try:
            inputs = inventory.ingredients(asset).inputs
            return _found(asset, self._gallery.judge_again(asset.key, inputs))
        finally:
            self._gallery.close()


def _preview(picture: Path, name: str) -> str:
    """Return a picture as Markdown that holds it."""
    small = base64.b64encode(kept_thumbnail(picture, most_bytes=_PREVIEW_BYTES)).decode()
    return f"![{name}](data:image/png;base64,{small})"


def _found(asset: Asset, verdict: Verdict | None) -> Found:
    """Return what a verdict says of each level; nothing where there is none."""
    if verdict is None:
        return []
    found = []
    for level, check in _CHECKS.items():
        asked = [checked for checked in verdict.checks if checked.level == level]
        findings = [f"{f.check}: {f.message}" for f in verdict.findings if f.level == level]
        metadata: Metadata = {
            "checks": len(asked),
            "not applicable": sum(checked.outcome == "not applicable" for checked in asked),
            "findings": "\n".join(findings) or "none",
        }
        found.append(check.found(asset, passed=not findings, **metadata))
    return found
