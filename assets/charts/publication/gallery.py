"""Where figures are kept: drawn aside, checked, then renamed into place with the sidecar last.

The sidecar is a figure's record. Until it is in place the figure counts as not there, so a build that is
cut off at any point leaves either the old figure or the new one.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from loguru import logger

from assets.engine.declarations import Asset
from assets.engine.errors import UserError
from assets.engine.hashing import digest
from assets.engine.records import Ingredients, Record

FORMATS = ("png", "svg", "pdf")

CODE = (
    "assets.charts.publication.render:render",
    "assets.charts.publication.sidecar:build_sidecar",
    "assets.charts.qa:check_figure",
)
"""What makes a figure beside its own function; a change in any of it redraws."""

_MADE_FROM = ("data_version", "files", "ingredients", "input_hash", "libraries", "sources")
_UNKNOWN = "0" * 64


@dataclass(frozen=True)
class Drawn:
    """A figure set aside: its pictures by format, and its sidecar."""

    key: str
    files: Mapping[str, bytes]
    sidecar: Mapping[str, Any]
    aside: Path


class Gallery:
    """Keeps figures in one folder: pictures in it, sidecars in `data/` within it."""

    def __init__(self, folder: Path, *, jobs: int = 2) -> None:
        # aside, but beside: a rename does not cross file systems
        self.folder, self.staging, self.jobs = folder, folder / ".aside", jobs

    def files(self, key: str) -> list[Path]:
        """Return the files of a figure, its sidecar last."""
        return [*(self.folder / f"{key}.{kind}" for kind in FORMATS), self.folder / "data" / f"{key}.json"]

    def look(self, keys: Iterable[str]) -> tuple[dict[str, Record], dict[str, str]]:
        """Return the records of the figures that are there, and their data versions as they really are."""
        records, versions = dict[str, Record](), dict[str, str]()
        for path in (self.files(key)[-1] for key in keys):
            try:
                sidecar = json.loads(path.read_bytes())
                record, version = _record(sidecar, path), self._observed(sidecar)
            except (OSError, ValueError, KeyError, TypeError, AttributeError):
                continue  # not a sidecar of ours, or no longer one: the figure counts as never drawn
            if record.key == path.stem:  # a copy under another name speaks for nobody
                records[record.key], versions[record.key] = record, version
        return records, versions

    def arguments(self, asset: Asset) -> dict[str, Any]:
        """Return nothing: a figure's function is given its inputs alone."""
        return {}

    def stage(self, asset: Asset, chart: Any, record: Record) -> tuple[Record, Drawn]:
        """Draw the chart and set its pictures aside; return the record completed with its data version."""
        from assets.charts.composition.datasets import join, split
        from assets.charts.publication.render import render
        from assets.charts.publication.sidecar import build_sidecar

        spec, data = split(chart)
        rendered = self._pool.submit(render, join(spec, data)).result()
        files = {kind: getattr(rendered, kind) for kind in FORMATS}
        sidecar = build_sidecar(
            figure_id=asset.key,
            caption=_caption(asset),
            metadata=asset.metadata,
            record=replace(record, data_version=_UNKNOWN),
            spec=spec,
            data=data,
            files=files,
        )
        record = replace(record, data_version=_content(sidecar))
        sidecar["data_version"] = record.data_version
        return record, Drawn(asset.key, files, sidecar, self._aside(asset.key))

    def export(self, staged: Drawn) -> None:
        """Write the figure's pictures and its sidecar, still aside."""
        from assets.charts.publication.sidecar import dump

        (staged.aside / "data").mkdir(parents=True, exist_ok=True)
        for kind, content in staged.files.items():
            (staged.aside / f"{staged.key}.{kind}").write_bytes(content)
        (staged.aside / "data" / f"{staged.key}.json").write_bytes(dump(staged.sidecar))

    def aside(self, staged: Drawn) -> list[Path]:
        """Name where the pictures and, last, the sidecar are."""
        return [staged.aside / path.relative_to(self.folder) for path in self.files(staged.key)]

    def commit(self, staged: Drawn, versions: Mapping[str, str]) -> None:
        """Check the figure against the tables as they are and rename it into place, the sidecar last.

        Raises UserError when an integrity (P0) or statistics (P1) check fails; the old figure stays.
        """
        from assets.charts.qa import check_figure

        findings = check_figure(staged.sidecar, staged.files, versions)
        for finding in findings:
            logger.warning("{} {}: {}", finding.level, finding.check, finding.message)
        fatal = [finding for finding in findings if finding.level in ("P0", "P1")]
        if fatal:
            told = "; ".join(f"{f.level} {f.check}: {f.message}" for f in fatal)
            raise UserError(f"figure `{staged.key}` fails its checks and is kept out: {told}")
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        for aside, path in zip(self.aside(staged), self.files(staged.key), strict=True):
            aside.replace(path)
        shutil.rmtree(staged.aside)

    def close(self) -> None:
        """End the processes that draw; left to the interpreter's exit, they sometimes end with a traceback."""
        pool = self.__dict__.pop("_pool", None)
        if pool is not None:
            pool.shutdown()

    def _aside(self, key: str) -> Path:
        return self.staging / key

    def _observed(self, sidecar: Mapping[str, Any]) -> str:
        """Return the data version of a figure as its files really are; another one for each way to differ."""
        content = _content(sidecar)
        ingredients = Ingredients(**sidecar["ingredients"])
        strays = {}
        if ingredients.input_hash(sidecar["figure_id"]) != sidecar["input_hash"]:
            strays["input_hash"] = sidecar["input_hash"]
        if dict(ingredients.inputs) != sidecar["sources"]:
            strays["sources"] = json.dumps(sidecar["sources"], sort_keys=True)
        for kind, described in sidecar["files"].items():
            path = self.folder / f"{sidecar['figure_id']}.{kind}"
            found = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "gone"
            if found != described["sha256"]:
                strays[kind] = found
        return digest("edited", content, strays) if strays else content

    @cached_property
    def _pool(self) -> ProcessPoolExecutor:
        # spawn: a process forked after vl-convert was used hangs for ever
        return ProcessPoolExecutor(self.jobs, mp_context=get_context("spawn"))


def _caption(asset: Asset) -> str:
    """Return the docstring of a figure's function as running text."""
    return " ".join((asset.function.__doc__ or "").split())


def _content(sidecar: Mapping[str, Any]) -> str:
    """Return the data version of a figure: drawing, data and all that is said of it, whatever it was made from."""
    said = {name: value for name, value in sidecar.items() if name not in _MADE_FROM}
    return digest("figure", json.dumps(said, sort_keys=True, allow_nan=False))


def _record(sidecar: Mapping[str, Any], path: Path) -> Record:
    changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return Record(
        key=sidecar["figure_id"],
        input_hash=sidecar["input_hash"],
        data_version=sidecar["data_version"],
        ingredients=Ingredients(**sidecar["ingredients"]),
        built_at=changed.isoformat(timespec="seconds"),
    )
