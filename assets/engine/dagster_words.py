"""Dagster's other words, for files in which only the import was changed: those that mean the same, and refusals.

A word that does nothing here is never taken and forgotten: it is refused by name, with what to write instead.
"""

import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

from assets.engine.errors import UserError
from assets.engine.names import one_key

_BY_ANNOTATION = "what a function returns is kept as its annotation says, in the DuckDB file or as a file"
_SETTINGS = "write a class `Settings`, its object `SETTINGS`, and a parameter annotated with the class"
_IMPORTED = (
    "import what the function needs; a parameter annotated `duckdb.DuckDBPyConnection` is given the tables"
)
_CHECKS = "give `primary_key` and `ranges`, which are checked before a table is kept"
_RETRY = "raise `TransientError` for what may pass by itself: it is tried again three times"
_PARTITIONS = "partitions are those of a source: `partitions_def` is its name, `partition_keys` what to load"
_JOBS = "`assets materialize SELECTION`, started by whatever keeps your time, builds what is stale"
_ONE_EACH = "declare each table with its own `@asset`"
_ONE_PART = "a key has one part here: put the prefix into the name, as in `raw_orders`"

REFUSED = {
    "auto_materialize_policy": "give `automation_condition`",
    "backfill_policy": "partitions that are missing are loaded together",
    "check_specs": _CHECKS,
    "config_schema": _SETTINGS,
    "dagster_type": f"annotate what is returned, and {_CHECKS}",
    "hooks": "the exit code and `assets status --json` say what became of each asset",
    "io_manager_def": _BY_ANNOTATION,
    "io_manager_key": _BY_ANNOTATION,
    "is_virtual": "`view=True` keeps a query in the place of rows",
    "key_prefix": _ONE_PART,
    "legacy_freshness_policy": "give `freshness_policy`",
    "non_argument_deps": "give `deps`",
    "op_tags": "`tags` are the asset's; how much runs side by side is said by `--jobs`",
    "output_required": "an asset always returns: a table without rows, if there are none",
    "partitions_def": _PARTITIONS,
    "pool": "how much runs side by side is said by `--jobs`",
    "required_resource_keys": _IMPORTED,
    "resource_defs": _IMPORTED,
    "retry_policy": _RETRY,
}
"""Parameters of Dagster's `asset` that mean nothing here, or not what they are given, and what to write instead."""

_AS_IT_IS = {"is_virtual": False, "output_required": True}

_CONTEXT = {
    "add_asset_metadata": "`metadata` is given to the decorator, `columns` says what each column means",
    "add_output_metadata": "`metadata` is given to the decorator, `columns` says what each column means",
    "op_config": _SETTINGS,
    "partition_key": _PARTITIONS,
    "partition_keys": _PARTITIONS,
    "partition_time_window": _PARTITIONS,
    "resources": _IMPORTED,
}

_NAMES = {
    "AssetCheckResult": _CHECKS,
    "AssetCheckSpec": _CHECKS,
    "AssetOut": _ONE_EACH,
    "AssetSelection": "selections are words of the command line: `assets materialize 'group:raw' '+orders'`",
    "AssetSpec": "declare what others make with `@observable_source_asset`",
    "AutomationCondition": "import it from dagster: `automation_condition` is handed on to its pages",
    "Config": _SETTINGS,
    "ConfigurableResource": _IMPORTED,
    "DataVersion": "a source returns an `Observation(data_version, value)`",
    "Definitions": "`assets -m MODULE` finds the assets of a module; assets.on_dagster makes Dagster's of them",
    "EnvVar": "read the environment in the class `Settings`",
    "Failure": "raise `UserError` with what is wrong, where, and what to do",
    "FreshnessPolicy": "import it from dagster: `freshness_policy` is handed on to its pages",
    "IOManager": _BY_ANNOTATION,
    "MaterializeResult": f"return the table: {_BY_ANNOTATION}",
    "MetadataValue": "values of `metadata` are given as they are",
    "Output": f"return the table: {_BY_ANNOTATION}",
    "RetryPolicy": _RETRY,
    "RetryRequested": _RETRY,
    "ScheduleDefinition": _JOBS,
    "SourceAsset": "declare what others make with `@observable_source_asset`",
    "asset_check": _CHECKS,
    "define_asset_job": _JOBS,
    "graph_asset": _ONE_EACH,
    "job": _JOBS,
    "materialize": "run `assets -m MODULE materialize`",
    "multi_asset": _ONE_EACH,
    "op": _ONE_EACH,
}
"""Names that Dagster's users import beside `asset`."""


@dataclass(frozen=True, init=False, repr=False)
class AssetKey:
    """The key of an asset, of one part."""

    parts: tuple[str, ...]

    def __init__(self, path: str | Sequence[str]) -> None:
        """Take a name, or a list of one; UserError for more."""
        object.__setattr__(self, "parts", (one_key(path),))

    @property
    def path(self) -> list[str]:
        """The parts as a list."""
        return [*self.parts]

    def to_user_string(self) -> str:
        """Return the name."""
        return "/".join(self.parts)

    def __repr__(self) -> str:
        return f"AssetKey({self.path})"


@dataclass(frozen=True, init=False)
class AssetIn:
    """Which asset a parameter reads: the one of this key, or of the parameter's own name."""

    key: AssetKey | None

    def __init__(self, key: AssetKey | str | Sequence[str] | None = None, **unsupported: Any) -> None:
        """Take what names the asset; UserError for any other word of Dagster's."""
        _refuse_all("AssetIn", unsupported)
        object.__setattr__(self, "key", None if key is None else AssetKey(one_key(key)))


@dataclass(frozen=True, init=False)
class AssetDep:
    """An asset that another comes after without being given it."""

    asset_key: AssetKey

    def __init__(self, asset: Any, **unsupported: Any) -> None:
        """Take the asset, its key or its name; UserError for any other word of Dagster's."""
        _refuse_all("AssetDep", unsupported)
        object.__setattr__(self, "asset_key", AssetKey(one_key(asset)))


class AssetExecutionContext:
    """What a first parameter `context` is given: which asset is made, and a log for it."""

    def __init__(self, key: str) -> None:
        self.asset_key = AssetKey(key)

    @property
    def log(self) -> logging.Logger:
        """The standard library's logger `assets.KEY`, from level INFO; on stderr unless the program logs elsewhere."""
        if not _LOG.handlers:
            _LOG.addHandler(_Terminal())
        if not _LOG.level:
            _LOG.setLevel(logging.INFO)
        return _LOG.getChild(self.asset_key.parts[0])

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        instead = _CONTEXT.get(name, "`context` has `log` and `asset_key` here")
        raise UserError(
            f"`{self.asset_key.parts[0]}` uses context.{name}, which is not supported here: {instead}"
        )


_LOG = logging.getLogger("assets")


class _Terminal(logging.Handler):
    """Shows what is logged as the commands show their own lines, where the program has set up no log."""

    def emit(self, record: logging.LogRecord) -> None:
        if not logging.root.handlers:
            print(f"{record.name.partition('.')[2]}: {self.format(record)}", file=sys.stderr)


def given_context(function: Callable[..., Any], parameter: str, key: str) -> Callable[..., Any]:
    """Return the function with its first parameter given, unless whoever calls it gives one."""

    @wraps(function)
    def called(*arguments: Any, **given: Any) -> Any:
        if not arguments and parameter not in given:
            given[parameter] = AssetExecutionContext(key)
        return function(*arguments, **given)

    return called


def refuse(unsupported: Mapping[str, Any]) -> None:
    """Raise UserError for parameters that `asset` does not take, unless they say what is so anyway."""
    words = sorted(
        word
        for word, value in unsupported.items()
        if word not in REFUSED or not (value is None or value is _AS_IT_IS.get(word))
    )
    if words:
        instead = dict.fromkeys(REFUSED[word] for word in words if word in REFUSED)
        told = "; ".join(instead) or "remove it, or declare this asset in Dagster itself"
        raise UserError(f"asset() got {', '.join(words)}, which is not supported here: {told}")


def _refuse_all(what: str, unsupported: dict[str, Any]) -> None:
    if given := sorted(word for word, value in unsupported.items() if value is not None):
        raise UserError(f"{what}() got {', '.join(given)}, which is not supported here: give the key alone")


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        raise UserError(f"{name} is Dagster's, and not supported here: {_NAMES[name]}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
