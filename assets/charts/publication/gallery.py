"""Where figures are kept: drawn aside, checked, then renamed into place with verdict and, last, sidecar.

The sidecar is a figure's record. Until it is in place the figure counts as not there, so a build that is
cut off at any point leaves either the old figure or the new one.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from loguru import logger

from assets.charts.publication.pictures import described
from assets.charts.qa.verdict import Verdict, load
from assets.engine import workers
from assets.engine.declarations import Asset
from assets.engine.errors import CheckError, UserError
from assets.engine.hashing import digest
from assets.engine.records import Ingredients, Record
from assets.engine.stamp import STATE

FORMATS = ("png", "svg", "pdf")

CODE = (
    "assets.charts.publication.render:render",
    "assets.charts.publication.sidecar:build_sidecar",
    "assets.charts.qa.checking:check_figure",
)
"""What makes a figure beside its own function; a change in any of it redraws."""

_MADE_FROM = ("data_version", "files", "ingredients", "input_hash", "libraries", "sources")
_MODULES = {"vl-convert-python": "vl_convert"}
"""Libraries that sidecars call otherwise than they are imported."""
_UNKNOWN = "0" * 64


@dataclass(frozen=True)
class Drawn:
    """A figure set aside: its pictures by format, its sidecar, and where its files go meanwhile."""

    key: str
    files: Mapping[str, bytes]
    sidecar: Mapping[str, Any]
    aside: Path


class Gallery:
    """Keeps figures in one folder: pictures in it, verdicts and sidecars in `data/` within it."""

    def __init__(self, folder: Path, *, jobs: int = 2) -> None:
        # aside, but beside: a rename does not cross file systems
        self.folder, self.staging, self.jobs = folder, folder / ".aside", jobs

    def files(self, key: str) -> list[Path]:
        """Return the files of a figure: pictures, what the checks said of them and, last, its sidecar."""
        said = (self.folder / "data" / f"{key}{suffix}" for suffix in (".qa.json", ".json"))
        return [*(self.folder / f"{key}.{kind}" for kind in FORMATS), *said]

    def is_public(self, key: str) -> bool:
        """Tell whether the figure in place shows no single subjects; of one that does not say so, no."""
        with suppress(OSError, ValueError, TypeError, KeyError):
            return bool(json.loads(self.files(key)[-1].read_bytes())["privacy"] == "aggregate")
        return False

    def look(self, keys: Iterable[str]) -> tuple[dict[str, Record], dict[str, str]]:
        """Return the records of the figures that are there, and their data versions as they really are."""
        records, versions = dict[str, Record](), dict[str, str]()
        for path in (self.files(key)[-1] for key in keys):
            try:
                sidecar = json.loads(path.read_bytes())
                record, version = _record(sidecar, path), self._observed(sidecar)
            except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
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
        """Check the figure and write its pictures, its verdict and its sidecar, still aside."""
        from assets.charts.publication.sidecar import dump

        verdict = self.judge(staged.sidecar, staged.files, staged.sidecar["sources"])
        verdict_file, sidecar_file = self.aside(staged)[-2:]
        sidecar_file.parent.mkdir(parents=True, exist_ok=True)
        for kind, content in staged.files.items():
            (staged.aside / f"{staged.key}.{kind}").write_bytes(content)
        verdict_file.write_bytes(verdict.dump())
        sidecar_file.write_bytes(dump(staged.sidecar))

    def aside(self, staged: Drawn) -> list[Path]:
        """Name where the pictures, the verdict and, last, the sidecar are."""
        return [staged.aside / path.relative_to(self.folder) for path in self.files(staged.key)]

    def check(self, staged: Drawn, versions: Mapping[str, str]) -> None:
        """Let a figure that passed its checks be put in place.

        Raises UserError when an integrity (P0) or statistics (P1) check failed, or a table is no longer
        what the figure was drawn from; the old figure stays, and the verdict is kept apart.
        """
        verdict = load((self.aside(staged)[-2]).read_bytes())
        if any(versions.get(name) != version for name, version in staged.sidecar["sources"].items()):
            verdict = self.judge(staged.sidecar, staged.files, versions)
        for finding in verdict.findings:
            logger.warning("{} {}: {}", finding.level, finding.check, finding.message)
        if verdict.fatal:
            apart = kept_out(staged.key)
            apart.parent.mkdir(parents=True, exist_ok=True)
            apart.write_bytes(verdict.dump())
            told = "; ".join(f"{f.level} {f.check}: {f.message}" for f in verdict.fatal)
            message = f"figure `{staged.key}` fails its checks and is kept out (see {apart}): {told}"
            raise CheckError(message, sorted({f.level for f in verdict.fatal}))

    def commit(self, staged: Drawn) -> None:
        """Rename a figure into place, the sidecar last."""
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        for aside, path in zip(self.aside(staged), self.files(staged.key), strict=True):
            aside.replace(path)
        shutil.rmtree(staged.aside)
        kept_out(staged.key).unlink(missing_ok=True)

    def judge(
        self, sidecar: Mapping[str, Any], files: Mapping[str, bytes], versions: Mapping[str, str] | None
    ) -> Verdict:
        """Return what the checks say of a figure, compared with the tables of these data versions if given."""
        from assets.charts.qa.checking import check_figure

        # In a process of its own: Vega is not to be asked by two threads of one process at a time.
        return self._pool.submit(check_figure, sidecar, files, versions).result()

    def judge_again(self, key: str, versions: Mapping[str, str] | None) -> Verdict | None:
        """Return what the checks say today of a figure that is in place; None if there is no sidecar."""
        *places, _, sidecar_file = self.files(key)
        try:
            read = json.loads(sidecar_file.read_bytes())
        except FileNotFoundError:
            return None
        except (ValueError, RecursionError):
            read = None
        # One that cannot be read is not valid, as the first check will say.
        sidecar = read if isinstance(read, dict) else {"figure_id": key}
        there = {place.suffix[1:]: place.read_bytes() for place in places if place.is_file()}
        return self.judge(sidecar, there, versions)

    def recorded(self, key: str) -> Verdict | None:
        """Return the verdict beside a figure, if there is one that nobody edited."""
        with suppress(OSError, UserError):
            return load(self.files(key)[-2].read_bytes())
        return None

    def close(self) -> None:
        """End the processes that draw; left to the interpreter's exit, they sometimes end with a traceback."""
        pool = self.__dict__.pop("_pool", None)
        if pool is not None:
            pool.shutdown()

    def _aside(self, key: str) -> Path:
        return self.staging / key

    def _observed(self, sidecar: Mapping[str, Any]) -> str:
        """Return the data version of a figure as its files really are; another one for each way to differ."""
        content, strays = _content(sidecar), dict(self._strays(sidecar))
        # with what it says of itself, or that could be made to say just this
        return digest("edited", content, strays, sidecar["data_version"]) if strays else content

    def _strays(self, sidecar: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Give what is not as it was made, beside the content: in the sidecar, the pictures or the verdict."""
        key, ingredients = sidecar["figure_id"], Ingredients(**sidecar["ingredients"])
        if ingredients.input_hash(key) != sidecar["input_hash"]:
            yield "input_hash", sidecar["input_hash"]
        if dict(ingredients.inputs) != sidecar["sources"]:
            yield "sources", json.dumps(sidecar["sources"], sort_keys=True)
        used = {
            name: ingredients.libraries.get(_MODULES.get(name, name), "") for name in sidecar["libraries"]
        }
        if any(version != sidecar["libraries"][name] for name, version in used.items() if version):
            yield "libraries", json.dumps(sidecar["libraries"], sort_keys=True)
        pictures = {kind: self._sha256(f"{key}.{kind}") for kind in FORMATS}
        for kind, found in pictures.items():
            said = sidecar["files"][kind]
            if found != said["sha256"]:
                yield kind, found
            elif said != described(key, kind, (self.folder / f"{key}.{kind}").read_bytes()):
                yield kind, json.dumps(said, sort_keys=True)
        verdict = self.recorded(key)
        judged = {"data_version": sidecar["data_version"], **pictures}
        if verdict is None or verdict.fatal or verdict.judged != judged:
            yield "verdict", self._sha256(f"data/{key}.qa.json")

    def _sha256(self, name: str) -> str:
        path = self.folder / name
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "gone"

    @cached_property
    def _pool(self) -> ProcessPoolExecutor:
        # spawn: a process forked after vl-convert was used hangs for ever
        return ProcessPoolExecutor(self.jobs, mp_context=get_context("spawn"), initializer=workers.prepare)


def kept_out(key: str) -> Path:
    """Return where the verdict is on a figure that was kept out."""
    return Path(STATE) / "qa" / f"{key}.json"


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
