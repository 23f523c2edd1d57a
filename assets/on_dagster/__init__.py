"""The same assets on Dagster's pages: `build_definitions` makes Dagster's definitions of a project of ours.

A stranger's file of two lines: `from assets.on_dagster import build_definitions, project_of`, then
`defs = build_definitions(project_of("my_assets"))`.
"""

from assets.commands.loading import project_of
from assets.on_dagster.definitions import build_definitions

__all__ = ["build_definitions", "project_of"]
