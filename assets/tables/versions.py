"""What version of the layout of these tables a file has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import queries
from assets.columns import COLUMNS
from assets.engine import asset

if TYPE_CHECKING:
    import ibis.expr.types as ir

SCHEMA_VERSION = "2.2"
"""The first number rises when a query of these tables may break, the second when something is added."""


@asset(view=True, group_name="evidence", columns=COLUMNS)
def schema_version() -> ir.Table:
    """The version of the layout of these tables: the first number rises when a query of them may break."""
    return queries.versions.one_version(SCHEMA_VERSION)
