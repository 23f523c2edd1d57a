"""The classic `mlruns/<experiment>/<run>/` folder of any MLflow since 1.x, read as plain files.

MLflow itself is not asked: it creates folders on opening, refuses this layout since 3.x, and looks for
artifacts only where they were written, so that a moved store seems empty.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import yaml

from assets.engine.errors import UserError
from assets.inputs.local_artifacts import LocalArtifacts, uri_path
from assets.inputs.runs import Experiment, Run, moment, name_of

STATUS = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}

# The C loader is seven times faster and is missing only where PyYAML was built without libyaml.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class FileStore(LocalArtifacts):
    """A folder of experiments, each a folder of runs."""

    kind: Literal["file"] = "file"

    def __init__(self, root: Path) -> None:
        """Open `root`; UserError if there is no experiment in it."""
        self.root = root
        if next(self._described(root), None) is None:
            raise UserError(f"No MLflow experiment in the folder {root}.{_hint(root)}")

    @property
    def uri(self) -> str:
        """The folder."""
        return str(self.root)

    def experiments(self) -> list[Experiment]:
        """List the active experiments; deleted ones lie in `.trash`, which is not looked into."""
        found = ((folder, _meta(folder)) for folder in self._described(self.root))
        return [
            Experiment(folder.name, str(meta.get("name", "")))
            for folder, meta in found
            if meta.get("lifecycle_stage") == "active"
        ]

    def finished_runs(self, experiment_id: str) -> int:
        """Count the active runs that finished, from their `meta.yaml` alone."""
        metas = (_meta(folder) for folder in self._described(self.root / experiment_id))
        return sum(meta.get("status") == 3 and meta.get("lifecycle_stage") == "active" for meta in metas)

    def runs(self, experiment_id: str) -> list[Run]:
        """List all runs; a folder without `meta.yaml` is none yet."""
        return [_run(folder) for folder in self._described(self.root / experiment_id)]

    def artifact_places(self, run: Run) -> list[Path]:
        """Return the recorded place, then the one beside the run, where a moved store has them."""
        recorded = uri_path(run.artifact_uri)
        beside = self.root / run.experiment_id / run.run_id / "artifacts"
        return [recorded, beside] if recorded else [beside]

    def watched(self, experiment: Experiment) -> list[Path]:
        """Return the folders, `meta.yaml`, params and tags of an experiment.

        A new or removed file changes its folder; a tag or a status that is overwritten changes its file only.
        """
        folder = self.root / experiment.experiment_id
        paths = [self.root, folder, folder / "meta.yaml"]
        for run in self._described(folder):
            paths += [run, run / "meta.yaml"]
            for kind in ("params", "tags"):
                paths += [run / kind, *sorted((run / kind).rglob("*"))]
        return paths

    def _described(self, parent: Path) -> Iterator[Path]:
        """Yield the folders that have a `meta.yaml`: not `.trash`, `models`, `traces`, half-written runs."""
        if not parent.is_dir():
            return
        with os.scandir(parent) as entries:
            names = sorted(entry.name for entry in entries if entry.is_dir())
        for name in names:
            if (parent / name / "meta.yaml").is_file():
                yield parent / name


def _run(folder: Path) -> Run:
    meta, tags = _meta(folder), _texts(folder / "tags")
    defect = _defect(meta, folder.name)
    if defect:
        meta = {}
    return Run(
        run_id=folder.name,
        experiment_id=folder.parent.name,
        name=name_of(meta.get("run_name") or meta.get("name"), tags),
        status=STATUS.get(meta.get("status", 0), "UNKNOWN"),
        lifecycle_stage=str(meta.get("lifecycle_stage", "unknown")),
        started_at=moment(meta.get("start_time")),
        finished_at=moment(meta.get("end_time")),
        artifact_uri=str(meta.get("artifact_uri", "")),
        params=_texts(folder / "params"),
        tags=tags,
        defect=defect,
    )


def _defect(meta: Mapping[str, Any], folder_name: str) -> str | None:
    if not meta:
        return "its meta.yaml is no YAML mapping; it was cut short or edited"
    if meta.get("run_id", meta.get("run_uuid")) != folder_name:
        return "its meta.yaml names another run; the folder was copied or renamed"
    numbers = ("status", "start_time", "end_time")
    if not all(isinstance(meta.get(name), int | None) for name in numbers):
        return f"its meta.yaml holds something else than a whole number for one of {', '.join(numbers)}"
    return None


def _meta(folder: Path) -> dict[str, Any]:
    """Return the mapping in `meta.yaml`, empty if there is none to read."""
    try:
        meta = yaml.load((folder / "meta.yaml").read_bytes(), LOADER)
    except yaml.YAMLError:
        return {}
    return meta if isinstance(meta, dict) else {}


def _texts(folder: Path) -> dict[str, str]:
    """Read params or tags: the path below `folder` is the key, the whole file the value."""
    found = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            found[path.relative_to(folder).as_posix()] = path.read_bytes().decode(errors="replace")
    return found


def _hint(root: Path) -> str:
    for name in ("mlruns", "mlflow.db"):
        if (root / name).exists():
            return f" Did you mean {root / name}?"
    return " Expected <experiment>/meta.yaml below it, as MLflow's file store writes."
