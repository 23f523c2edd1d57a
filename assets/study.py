"""This study as a project: its settings, tables and figures, and where its results are kept."""

from pathlib import Path
from typing import TYPE_CHECKING

from assets import documents, figures, settings
from assets.charts.publication import gallery
from assets.engine import file_manifest
from assets.engine.definitions import Definitions
from assets.engine.files import Files
from assets.engine.guardrails import GuardLimits
from assets.engine.project import Project
from assets.environment import PREFIXES
from assets.inputs import holding, preflight, privacy, subjects
from assets.tables import comparisons, curves, evidence, measures, original_names, stability, versions

if TYPE_CHECKING:
    from assets.inputs.privacy.gates import Places

ROOT = Path(__file__).resolve().parent.parent
"""Folder that the code is in; results are kept below the working directory."""

DECLARED_IN = (
    evidence,
    measures,
    curves,
    stability,
    comparisons,
    original_names,
    versions,
    figures.performance,
    figures.comparisons,
    figures.stability,
    figures.diagrams,
    documents,
)
"""Modules whose functions are the study's assets."""


def load() -> Project:
    """Return the project as the settings of the working directory describe it."""
    chosen = settings.load()
    definitions = Definitions.load(ROOT, DECLARED_IN, chosen)
    drawn = gallery.Gallery(Path(chosen.figures_dir), jobs=chosen.jobs)
    classes = {key: asset.tags.get("privacy", "aggregate") for key, asset in definitions.assets.items()}

    def places() -> "Places":
        """Return what the gates of privacy look at; figures and files were looked through when they were placed."""
        written = Files(definitions.assets)
        kinds = {key: asset.kind for key, asset in definitions.assets.items()}
        kept = [
            (drawn if kind == "figure" else written).files(k) for k, kind in kinds.items() if kind != "table"
        ]
        placed = frozenset(path for files in kept for path in files)
        return privacy.gates.Places(
            Path(chosen.private_dir), Path(chosen.database), Path(chosen.figures_dir), placed
        )

    return Project(
        definitions=definitions,
        database=Path(chosen.database),
        stores={"figure": drawn},
        extra_code={"figure": gallery.CODE},
        prepare=lambda: prepare(chosen),
        before_publishing=lambda tables: privacy.gates.before_publishing(tables, places(), classes),
        before_placing=lambda files: privacy.gates.before_placing(files, places()),
        audits={
            "manifest": lambda: file_manifest.check(Path(chosen.database)),
            "artifacts": lambda: artifacts_hold(chosen),
            "privacy": lambda: privacy.audit.audit(places()),
        },
        manifest=True,
        prefixes=PREFIXES,
        declared_in=[Path("pyproject.toml")],
        shared_cache=chosen.shared_cache,
        cache_max_bytes=int(chosen.cache_max_gb * 1e9),
        limits=limits(chosen),
        unit="runs",
    )


def limits(chosen: settings.Settings) -> GuardLimits:
    """Return what a build may take of the machine."""
    return GuardLimits(
        memory_bytes=int(chosen.memory_limit_gb * 1e9),
        disk_reserve_bytes=int(chosen.disk_reserve_gb * 1e9),
        stall_seconds=chosen.stall_seconds,
    )


def artifacts_hold(chosen: settings.Settings) -> str:
    """Return in a sentence that the artifacts in the store are those that were read; UserError if they are not."""
    from assets.engine.warehouse import open_read_only

    with open_read_only(Path(chosen.database)) as connection:
        if not connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'runs'").fetchall():
            return "artifacts were not compared: there is no table of runs"
        return holding.artifacts_hold(connection, tracking_uri=chosen.tracking_uri)


def prepare(chosen: settings.Settings) -> None:
    """Look at the places that a build writes to, and make the key of the subjects' codes; UserError if one is unfit."""
    preflight.check(Path(chosen.database), Path(chosen.private_dir), limits(chosen))
    subjects.ensure_key(Path(chosen.private_dir))
