"""Imports what a build of tables cannot do without, and ends."""

import duckdb
import ibis
import pyarrow

import assets.study

__all__ = ["assets", "duckdb", "ibis", "pyarrow"]
