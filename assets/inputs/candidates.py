"""Which runs of an experiment to read, and which of their artifacts."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from assets.inputs.grammar import (
    STUDY_SOURCES,
    SYNTHETIC_TAGS,
    Configuration,
    GrammarError,
    MethodSources,
    configuration_of,
    is_synthetic,
)
from assets.inputs.quarantine import Quarantine
from assets.inputs.registry import OPEN, Registry
from assets.inputs.stores.parallel import each
from assets.inputs.stores.runs import Artifact, ArtifactError, Experiment, Run, RunStore, printable

STUDY_TAG = "study_digest"
"""The tag of runs of the default study."""


@dataclass(frozen=True)
class ExtractionRules:
    """What a study reads: its artifacts' pattern, where methods are recorded, which are admitted.

    `*` and `?` in the pattern stay within one folder name.
    """

    artifact_pattern: str = "metrics/metrics_*.pickle"
    sources: MethodSources = STUDY_SOURCES
    registry: Registry = OPEN

    @property
    def names(self) -> frozenset[str]:
        """The params and tags that are read; a listing need fetch no others."""
        methods = (name for names in astuple(self.sources) for name in names)
        return frozenset({*methods, *SYNTHETIC_TAGS, STUDY_TAG})


@dataclass(frozen=True)
class Candidate:
    """A run, its methods and its artifact; or why it is not read."""

    run: Run
    experiment: str
    configuration: Configuration | None = None
    artifact: str | None = None
    quarantine: Quarantine | None = None
    artifact_bytes: int = 0
    """0 where the store does not say."""

    def columns(self) -> dict[str, Any]:
        """Return what the listing alone contributes to the run's row."""
        run, quarantine = self.run, self.quarantine
        methods = vars(self.configuration) if self.configuration else {}
        said: dict[str, Any] = {
            "run_id": run.run_id,
            "run_name": run.name,
            "experiment": self.experiment,
            "status": run.status,
            "lifecycle_stage": run.lifecycle_stage,
            "started_at": run.started_at,
            "finished_at": run.finished_at,
            **methods,
            "artifact_path": self.artifact,
            **(quarantine.columns() if quarantine else {}),
        }
        return {name: printable(value) if isinstance(value, str) else value for name, value in said.items()}


def list_candidates(store: RunStore, experiment: Experiment, rules: ExtractionRules) -> list[Candidate]:
    """List every run of an experiment by run id, each with its artifact or the first reason against it."""
    runs = sorted(store.runs(experiment.experiment_id, rules.names), key=lambda run: run.run_id)
    judged = partial(_judged, store, rules, experiment.name)
    return each(judged, runs, at_once=store.connections)


def _judged(store: RunStore, rules: ExtractionRules, experiment: str, run: Run) -> Candidate:
    candidate = Candidate(run, experiment)
    if objection := _listing_objection(run, candidate.experiment):
        return replace(candidate, quarantine=objection)
    try:
        configuration = configuration_of(run.name, run.params, run.tags, rules.sources)
    except GrammarError as error:
        return replace(candidate, quarantine=Quarantine("name", error.field, str(error)))
    candidate = replace(candidate, configuration=configuration)
    if objection := rules.registry.objection(configuration):
        return replace(candidate, quarantine=objection)
    try:
        chosen = _chosen(store, run, rules.artifact_pattern)
        return replace(candidate, artifact=chosen.path, artifact_bytes=max(chosen.size, 0))
    except ArtifactError as error:
        return replace(candidate, quarantine=Quarantine("artifact", rules.artifact_pattern, str(error)))


def _listing_objection(run: Run, experiment: str) -> Quarantine | None:
    if run.defect:
        return Quarantine("listing", "meta.yaml", run.defect)
    if run.lifecycle_stage != "active":
        return Quarantine("listing", "lifecycle_stage", f"the run is {run.lifecycle_stage}")
    if run.status != "FINISHED":
        hint = "; a run that was killed from outside stays so" if run.status == "RUNNING" else ""
        return Quarantine("listing", "status", f"the run is {run.status}, not FINISHED{hint}")
    if is_synthetic(run.name, run.tags, experiment):
        return Quarantine("listing", "is_synthetic", "the run was made from synthetic data")
    return None


def _chosen(store: RunStore, run: Run, pattern: str) -> Artifact:
    """Return the one artifact that fits the pattern; ArtifactError if there is none, or more."""
    # Only the folders that the pattern spells out are listed: a run may hold thousands of other files.
    *folders, _ = pattern.split("/")
    fixed = next((position for position, name in enumerate(folders) if set(name) & set("*?[")), len(folders))
    listed = store.artifacts(run, "/".join(folders[:fixed]), depth=len(folders) - fixed + 1)
    fitting = [item for item in listed if fits(item.path, pattern)]
    if len(fitting) != 1:
        raise ArtifactError(_how_many(fitting))
    if printable(fitting[0].path) != fitting[0].path:
        raise ArtifactError("the name of the artifact is not UTF-8; rename it")
    return fitting[0]


def fits(path: str, pattern: str) -> bool:
    """Tell whether a path fits a pattern, folder name by folder name."""
    names, wanted = path.split("/"), pattern.split("/")
    return len(names) == len(wanted) and all(map(fnmatchcase, names, wanted))


def _how_many(fitting: Sequence[Artifact]) -> str:
    if not fitting:
        return "no artifact of the run fits this pattern"
    names = ", ".join(printable(item.path) for item in fitting[:3])
    return f"{len(fitting)} artifacts of the run fit this pattern ({names}); it must be one"
