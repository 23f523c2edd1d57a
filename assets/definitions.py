"""This study in Dagster: `dagster dev -m assets.definitions`."""

from assets.charts.publication.gallery import Gallery
from assets.on_dagster import build_definitions, project_of
from assets.on_dagster.figures import Figures
from assets.on_dagster.run_partitions import described_runs

_study = project_of(None)
_gallery = _study.file_stores["figure"]
assert isinstance(_gallery, Gallery), "the study keeps its figures in a gallery"

defs = build_definitions(
    _study,
    kinds={"figure": Figures(_gallery)},
    partitions={"mlflow_runs": lambda: described_runs(_study.database)},
    jobs={
        "reproduce": ("table", "figure", "file"),
        "extract_all_configs": ("table",),
        "generate_figures": ("figure", "file"),
    },
)
