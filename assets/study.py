"""This study as a project: its settings, tables and figures, and where its results are kept."""

from pathlib import Path

from assets import figures, settings
from assets.charts import gallery
from assets.engine.definitions import Definitions
from assets.engine.project import Project
from assets.environment import PREFIXES
from assets.inputs import privacy, subjects
from assets.tables import comparisons, curves, evidence, measures, original_names, stability, versions

ROOT = Path(__file__).resolve().parent.parent
"""Folder that the code is in; results are kept below the working directory."""

DECLARED_IN = (evidence, measures, curves, stability, comparisons, original_names, versions, figures)
"""Modules whose functions are the study's assets."""


def load() -> Project:
    """Return the project as the settings of the working directory describe it."""
    chosen = settings.load()
    return Project(
        definitions=Definitions.load(ROOT, DECLARED_IN, chosen),
        database=Path(chosen.database),
        stores={"figure": gallery.Gallery(Path(chosen.figures_dir), jobs=chosen.jobs)},
        extra_code={"figure": gallery.CODE},
        prepare=lambda: subjects.ensure_key(Path(chosen.private_dir)),
        before_publishing=lambda tables: privacy.refuse_original_codes(tables, Path(chosen.private_dir)),
        prefixes=PREFIXES,
        declared_in=[Path("pyproject.toml")],
        shared_cache=chosen.shared_cache,
        cache_max_bytes=int(chosen.cache_max_gb * 1e9),
    )
