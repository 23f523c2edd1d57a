"""The last look at tables before they are published, and what becomes of those that must not be."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from assets.engine import file_manifest
from assets.engine.errors import TaintedError

if TYPE_CHECKING:
    import duckdb

    from assets.engine.project import Project
    from assets.engine.working_copy import WorkingCopy


def last_look(project: "Project", copy: "WorkingCopy") -> "Callable[[duckdb.DuckDBPyConnection], None]":
    """Return what looks through the tables of a working copy; a tainted copy is not kept to go on from."""

    def look(connection: "duckdb.DuckDBPyConnection") -> None:
        try:
            project.before_publishing(connection)
        except TaintedError:
            copy.rejected = True
            raise
        if project.manifest:
            file_manifest.withdraw(project.database)

    return look
