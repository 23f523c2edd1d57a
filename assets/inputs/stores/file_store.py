"""The classic `mlruns/<experiment>/<run>/` folder of any MLflow since 1.x, read as plain files.

MLflow itself is not asked: it creates folders on opening, refuses this layout since 3.x, and looks for
artifacts only where they were written, so that a moved store seems empty.
"""

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from assets.engine.errors import UserError
from assets.inputs.stores.local_artifacts import LocalArtifacts, path_ends, uri_path, usual_places
from assets.inputs.stores.meta_yaml import defect_of, parse
from assets.inputs.stores.runs import NAME_TAG, Experiment, Run, moment, name_of
from assets.inputs.stores.small_files import UnreadableError, read_small

STATUS = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}


@dataclass(frozen=True)
class _Described:
    """A folder with a `meta.yaml`: its name, what that says, and why it cannot be read."""

    name: str
    meta: dict[str, Any]
    defect: str | None = None

    @property
    def is_finished(self) -> bool:
        return self.meta.get("status") == 3 and self.is_active

    @property
    def is_active(self) -> bool:
        return self.meta.get("lifecycle_stage") == "active"


class FileStore(LocalArtifacts):
    """A folder of experiments, each a folder of runs."""

    kind: Literal["file"] = "file"

    def __init__(self, root: Path) -> None:
        """Open `root`; UserError if there is no experiment in it."""
        super().__init__()
        self.uri = str(root)
        if next(self._described(self.uri), None) is None:
            raise UserError(f"No MLflow experiment in the folder {root}.{_hint(root)}")

    def experiments(self) -> list[Experiment]:
        """List the active experiments; deleted ones lie in `.trash`, which is not looked into."""
        found = self._described(self.uri)
        return [Experiment(item.name, str(item.meta.get("name", ""))) for item in found if item.is_active]

    def finished_runs(self, experiment_id: str, *, limit: int | None = None) -> int:
        """Count the active runs that finished, no further than `limit`, from their `meta.yaml` alone."""
        finished = (item for item in self._described(f"{self.uri}/{experiment_id}") if item.is_finished)
        return sum(1 for _ in islice(finished, limit))

    def runs(self, experiment_id: str, names: Collection[str] | None = None) -> list[Run]:
        """List all runs; a folder without `meta.yaml` is none yet."""
        found = self._described(f"{self.uri}/{experiment_id}")
        return [self._run(experiment_id, item, names) for item in found]

    def places(self, run: Run) -> Iterator[str]:
        """Yield the folder beside the run, the recorded one, and where a server that wrote here kept them."""
        yield f"{self.uri}/{run.experiment_id}/{run.run_id}/artifacts"
        if recorded := uri_path(run.artifact_uri):
            yield recorded
        for folder in (str(Path(self.uri).parent), self.uri):
            yield from usual_places(folder, run)
            yield from path_ends(folder, run)

    def _described(self, parent: str) -> Iterator[_Described]:
        """Yield the folders with a `meta.yaml`: not `.trash`, `models`, `traces`, half-written runs."""
        self.look(parent)
        if self.seen[parent] is None:
            return
        with os.scandir(parent) as entries:
            names = sorted(entry.name for entry in entries if entry.is_dir())
        for name in names:
            try:
                text = read_small(f"{parent}/{name}/meta.yaml", self.seen)
            except UnreadableError as error:
                yield _Described(name, {}, f"its meta.yaml {error}")
                continue
            if text is not None:
                yield _Described(name, parse(text))

    def _run(self, experiment_id: str, found: _Described, names: Collection[str] | None) -> Run:
        defect = found.defect or defect_of(found.meta, found.name)
        meta = {} if defect else found.meta
        name = meta.get("run_name") or meta.get("name")
        folder = f"{self.uri}/{experiment_id}/{found.name}"
        params, tags = dict[str, str](), dict[str, str]()
        try:
            params = self._texts(f"{folder}/params", names)
            tags = self._texts(f"{folder}/tags", names if names is None or name else {*names, NAME_TAG})
        except UnreadableError as error:
            defect = str(error)
        return Run(
            run_id=os.fsencode(found.name).decode(errors="replace"),
            experiment_id=experiment_id,
            name=name_of(name, tags),
            status=STATUS.get(meta.get("status", 0), "UNKNOWN"),
            lifecycle_stage=meta.get("lifecycle_stage") or "unknown",
            started_at=moment(meta.get("start_time")),
            finished_at=moment(meta.get("end_time")),
            artifact_uri=meta.get("artifact_uri") or "",
            params=params,
            tags=tags,
            defect=defect,
        )

    def _texts(self, folder: str, names: Collection[str] | None) -> dict[str, str]:
        """Read params or tags: the path below `folder` is the key, the whole file the value."""
        self.look(folder)
        if self.seen[folder] is None:
            return {}
        if names is None:
            names = [path.relative_to(folder).as_posix() for path in Path(folder).rglob("*")]
        with os.scandir(folder) as entries:
            there = {entry.name for entry in entries}
        found = {}
        for name in names:
            if name.partition("/")[0] in there and (text := self._text(folder, name)) is not None:
                found[name] = text
        return found

    def _text(self, folder: str, name: str) -> str | None:
        try:
            text = read_small(f"{folder}/{name}", self.seen)
        except UnreadableError as error:
            raise UnreadableError(f"its {folder.rpartition('/')[2]}/{name} {error}") from error
        return None if text is None else text.decode(errors="replace")


def _hint(root: Path) -> str:
    for name in ("mlruns", "mlflow.db"):
        if (root / name).exists():
            return f" Did you mean {root / name}?"
    return " Expected <experiment>/meta.yaml below it, as MLflow's file store writes."
