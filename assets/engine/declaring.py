"""Declaring assets: a function is an asset, its name the key, its parameters what it reads.

The words are Dagster's, with Dagster's meanings. What a function returns says how it is kept: an ibis
expression, DuckDB relation, Arrow table or pandas frame becomes a DuckDB table; an Altair chart a figure;
a path a file. Annotations are read as text, so that declaring imports nothing heavy.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence, Set
from functools import partial
from typing import Any

from assets.engine.declarations import TABULAR, Absent, Asset, Form, Observation, Source
from assets.engine.errors import UserError
from assets.engine.forms import form_of, returned_form, text_of
from assets.engine.names import checked, one_key

Names = str | Sequence[str] | Set[str]
"""One name, or several."""

_GIVEN = ("partition_keys", "output", "lineage")
"""Parameters that name no input."""


def observable_source_asset(function: Callable[..., Observation | Absent]) -> Source:
    """Declare a source: its function looks at it and returns an `Observation`, or `Absent`.

    It may take `settings`, and the `memo` of its last look.
    """
    for name, parameter in inspect.signature(function).parameters.items():
        if name not in ("settings", "memo") and parameter.default is parameter.empty:
            raise UserError(
                f"source `{function.__name__}` asks for `{name}`: a source is given `settings` and `memo` only"
            )
    return Source(function.__name__, function, _first_sentence(function))


def asset(
    function: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    key: Any = None,
    ins: Mapping[str, Any] | None = None,
    deps: Any = None,
    view: bool = False,
    partitions_def: str | None = None,
    primary_key: Names = (),
    ranges: Mapping[str, tuple[float, float]] | None = None,
    columns: Mapping[str, str] | None = None,
    group_name: str | None = None,
    kinds: Names | None = None,
    compute_kind: str | None = None,
    owners: Names | None = None,
    tags: Mapping[str, str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    description: str | None = None,
    code_version: str | None = None,
    automation_condition: Any = None,
    freshness_policy: Any = None,
    path: str | None = None,
    **unsupported: Any,
) -> Any:
    """Declare the decorated function as an asset; return the `Asset`.

    Beyond Dagster's words: `primary_key` and `ranges` are checked before a table is kept (keys unique
    and not null, values within bounds; nulls pass), `columns` says what each column means, `path` where a
    file is kept. With `view=True` the DuckDB file keeps the query of an expression or relation, not its rows.
    A parameter annotated `duckdb.DuckDBPyConnection` is given a connection to the tables, one annotated with a
    class `Settings` the settings; `output` is given the path that a file is written to, `lineage` a `Lineage`: the
    state of every other source and asset, for a file that speaks of all. Such a file is made after all that it is
    told of, whether or not that could be made. A first parameter `context` has `log` and `asset_key`.

    Raises
    ------
    UserError
        A parameter that is not supported here or does not fit the function, a group, owner, tag or kind that Dagster
        would not take, or a function whose annotations do not say what it returns.
    """
    if partitions_def is not None and not isinstance(partitions_def, str):  # one of Dagster's
        unsupported["partitions_def"] = partitions_def
    if unsupported:
        _refuse(unsupported)
    if (key and name) or (compute_kind and kinds):
        raise UserError("asset() got both of `key` and `name`, or of `kinds` and `compute_kind`: give one")
    said = partial(
        Asset,
        deps=_keys(deps),
        path=path,
        view=view,
        partitions_def=partitions_def,
        primary_key=_names(primary_key),
        ranges=dict(ranges or {}),
        columns=dict(columns or {}),
        group_name="default" if group_name is None else group_name,
        kinds=frozenset(_names(kinds or compute_kind or ())),
        owners=_names(owners or ()),
        tags=dict(tags or {}),
        metadata=dict(metadata or {}),
        code_version=code_version,
        carried=_carried(automation_condition=automation_condition, freshness_policy=freshness_policy),
    )
    called = one_key(key) if key else name

    def declare(function: Callable[..., Any]) -> Asset:
        return _declared(function, said, called or function.__name__, ins or {}, description)

    return declare(function) if function is not None else declare


def _declared(
    function: Callable[..., Any],
    said: Callable[..., Asset],
    key: str,
    ins: Mapping[str, Any],
    description: str | None,
) -> Asset:
    """Return the asset that a function and what was said of it make."""
    notes = {name: text_of(note) for name, note in inspect.get_annotations(function).items()}
    asked = _parameters(function)
    form = returned_form(function, notes.get("return"), loads="partition_keys" in asked)
    context = _context(function, asked)
    settings, connection = (
        next((p for p in asked if notes.get(p, "").split(".")[-1] == name), None)
        for name in ("Settings", "DuckDBPyConnection")
    )
    reads = [p for p in asked if p not in (*_GIVEN, context, settings, connection)]
    made = said(
        key=key,
        function=_with_context(function, context, key) if context else function,
        form=form,
        inputs={p: one_key(ins.get(p), p) for p in reads},
        wants={p: form_of(notes.get(p, "")) for p in reads},
        settings_parameter=settings,
        connection_parameter=connection,
        told_lineage="lineage" in asked,
        description=description or _first_sentence(function),
    )
    _check_declaration(function, form, asked, ins, made.path)
    _check_view(function, form, made.view)
    _check_partitions(function, form, {*asked, *made.deps}, made.partitions_def, made.primary_key)
    return checked(made)


def _carried(**given: Any) -> dict[str, Any]:
    """Return what is handed on to Dagster: objects of its own, which nobody else could act on."""
    for name, value in given.items():
        if value is not None and type(value).__module__.split(".")[0] != "dagster":
            raise UserError(
                f"asset() got a {name} that is not Dagster's: import what it is made of from dagster"
            )
    return {name: value for name, value in given.items() if value is not None}


def _context(function: Callable[..., Any], parameters: Sequence[str]) -> str | None:
    """Return the parameter that is Dagster's context: the first one, by its name, as there."""
    if _CONTEXTS.isdisjoint(parameters):
        return None
    if parameters[0] not in _CONTEXTS:
        raise UserError(f"`{function.__name__}` takes a context, which must be its first parameter")
    return parameters[0]


_CONTEXTS = frozenset({"context", "_context", "context_", "_"})


def _refuse(unsupported: Mapping[str, Any]) -> None:
    from assets.engine.dagster_words import refuse

    refuse(unsupported)


def _with_context(function: Callable[..., Any], parameter: str, key: str) -> Callable[..., Any]:
    from assets.engine.dagster_words import given_context

    return given_context(function, parameter, key)


def _parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    code = getattr(function, "__code__", None)
    if code is None or hasattr(function, "__wrapped__") or code.co_flags & _STARRED:
        return tuple(inspect.signature(function).parameters)
    return tuple(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])  # many times faster


_STARRED = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS


def _first_sentence(function: Callable[..., Any]) -> str:
    return inspect.cleandoc(function.__doc__ or "").split("\n\n")[0].replace("\n", " ")


def _names(given: Names) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _check_declaration(
    function: Callable[..., Any],
    form: Form,
    parameters: Sequence[str],
    ins: Mapping[str, str],
    path: str | None,
) -> None:
    """Refuse what would otherwise be ignored, or fail only once everything upstream is built."""
    if strangers := sorted(set(ins) - set(parameters)):
        raise UserError(
            f"`ins` of `{function.__name__}` names `{strangers[0]}`, which is not one of its parameters"
        )
    if not (form == "file") == (path is not None) == ("output" in parameters):
        raise UserError(
            f"`{function.__name__}`: a file needs all of `-> Path`, `@asset(path=...)` and a parameter `output`, "
            "the path to write to; anything else has none of them"
        )
    if "lineage" in parameters and form != "file":
        raise UserError(
            f"`{function.__name__}` asks for `lineage`, the state of all other assets, which only a file may speak of"
        )


def _check_view(function: Callable[..., Any], form: Form, view: bool) -> None:
    if view and form not in ("expression", "relation"):
        raise UserError(
            f"`{function.__name__}` is a view, so it must return ir.Table or duckdb.DuckDBPyRelation: a query that "
            "the file can keep"
        )


def _check_partitions(
    function: Callable[..., Any],
    form: Form,
    reads: Set[str],
    partitions_def: str | None,
    primary_key: tuple[str, ...],
) -> None:
    """Refuse partitions that could not be told apart, or not be loaded."""
    if "partition_keys" in reads and not (partitions_def in reads and form in ("arrow", "frame")):
        raise UserError(
            f"`{function.__name__}` asks for `partition_keys`, so it must have `partitions_def`, the name of a "
            "source that it reads, and return pa.Table or pd.DataFrame"
        )
    if partitions_def in reads and "partition_keys" not in reads:
        raise UserError(
            f"`{function.__name__}` loads the partitions of `{partitions_def}`, so it needs a parameter "
            "`partition_keys`: those to load"
        )
    if partitions_def is not None and not (primary_key and form in TABULAR):
        raise UserError(
            f"`{function.__name__}` has partitions, so it must be a table with a `primary_key` whose first column "
            "holds the partition key"
        )


def _keys(deps: Any) -> tuple[str, ...]:
    return tuple(one_key(dep) for dep in ([deps] if isinstance(deps, str) else deps or ()))
