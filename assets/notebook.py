"""The study's figures in a notebook: `from assets.figures import roc`, then `roc()`."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from assets.engine.declarations import Asset
from assets.engine.errors import BUILD_TABLES, UserError


class Figure:
    """One declared figure; called, it draws itself from the DuckDB file of the working directory."""

    def __init__(self, asset: Asset) -> None:
        self.asset = asset
        self.__name__ = asset.key
        self.__doc__ = asset.function.__doc__

    def __repr__(self) -> str:
        """Say what the figure shows, and how to see it."""
        return f"{self.asset.key}(): {self.asset.description}"

    def __call__(self) -> Any:
        """Return the Altair chart, which a notebook shows as the picture that would be published; writes nothing.

        The tables are read as they are in the file, with the settings of the working directory. Raises UserError if
        there is no file, or if it lacks a table that the figure reads.
        """
        from assets import study
        from assets.charts.publication.on_screen import on_screen
        from assets.engine.arguments import read_inputs
        from assets.engine.warehouse import open_if_there

        project = study.load()
        reads_tables = any(key in project.definitions.assets for key in self.asset.upstream)
        if reads_tables and not project.database.exists():
            raise UserError(
                f"{project.database} is not in {Path.cwd()}: change into the study's folder (in a notebook: "
                f"%cd FOLDER), or {BUILD_TABLES}"
            )
        with open_if_there(project.database) as connection:
            given = read_inputs(project.look(), self.asset, connection)
            return on_screen(self.asset.function(**given))


def figures_in(modules: Iterable[ModuleType]) -> Mapping[str, Figure]:
    """Return the figures that modules declare, by name, in the order of modules and declarations."""
    declared = (thing for module in modules for thing in vars(module).values() if isinstance(thing, Asset))
    return {asset.key: Figure(asset) for asset in declared if asset.kind == "figure"}
