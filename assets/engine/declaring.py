"""Declaring assets: a function is an asset, its name the key, its parameters what it reads.

The words are Dagster's, with Dagster's meanings. What a function returns says how it is kept: an ibis
expression, DuckDB relation, Arrow table or pandas frame becomes a DuckDB table; an Altair chart a figure;
a path a file. Annotations are read as text, so that declaring imports nothing heavy.
"""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence, Set
from types import GenericAlias
from typing import Any

from assets.engine.declarations import TABULAR, Absent, Asset, Form, Observation, Source
from assets.engine.errors import UserError

Names = str | Sequence[str] | Set[str]
"""One name, or several."""

_FORMS: dict[tuple[str, str], Form] = {
    ("ibis", "Table"): "expression",
    ("duckdb", "DuckDBPyRelation"): "relation",
    ("pyarrow", "Table"): "arrow",
    ("pandas", "DataFrame"): "frame",
    ("pathlib", "Path"): "file",
}
_ROOTS = {
    "ir": "ibis",
    "pa": "pyarrow",
    "pd": "pandas",
    "alt": "altair",
    "_duckdb": "duckdb",
    "DuckDBPyRelation": "duckdb",
    "Path": "pathlib",
}
"""The library meant by how an annotation begins."""

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
    ins: Mapping[str, str] | None = None,
    deps: str | Sequence[Any] = (),
    view: bool = False,
    partitions_def: str | None = None,
    primary_key: Names = (),
    ranges: Mapping[str, tuple[float, float]] | None = None,
    columns: Mapping[str, str] | None = None,
    group_name: str = "default",
    kinds: Names = (),
    owners: Names = (),
    tags: Mapping[str, str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    description: str | None = None,
    code_version: str | None = None,
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
    told of, whether or not that could be made.

    Raises
    ------
    UserError
        A parameter that is not supported here or does not fit the function, or a function whose
        annotations do not say what it returns.
    """
    if unsupported:
        raise UserError(
            f"asset() got {', '.join(sorted(unsupported))}, which is not supported here: remove it, or declare "
            "this asset in Dagster itself"
        )

    def declare(function: Callable[..., Any]) -> Asset:
        notes = {name: _text(note) for name, note in inspect.get_annotations(function).items()}
        form = _returned_form(function, notes.get("return"))
        asked = _parameters(function)
        _check_declaration(function, form, asked, ins or {}, path)
        _check_view(function, form, view, partitions_def)
        _check_partitions(function, form, {*asked, *_keys(deps)}, partitions_def, _names(primary_key))
        parameters = [p for p in asked if p not in _GIVEN]
        settings, connection = (
            next((p for p in parameters if notes.get(p, "").split(".")[-1] == name), None)
            for name in ("Settings", "DuckDBPyConnection")
        )
        reads = [p for p in parameters if p not in (settings, connection)]
        return Asset(
            key=name or function.__name__,
            function=function,
            form=form,
            inputs={p: (ins or {}).get(p, p) for p in reads},
            wants={p: _form(notes.get(p, "")) for p in reads},
            deps=_keys(deps),
            settings_parameter=settings,
            connection_parameter=connection,
            told_lineage="lineage" in asked,
            path=path,
            view=view,
            partitions_def=partitions_def,
            primary_key=_names(primary_key),
            ranges=dict(ranges or {}),
            columns=dict(columns or {}),
            group_name=group_name,
            kinds=frozenset(_names(kinds)),
            owners=_names(owners),
            tags=dict(tags or {}),
            metadata=dict(metadata or {}),
            description=description or _first_sentence(function),
            code_version=code_version,
        )

    return declare(function) if function is not None else declare


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


def _check_view(function: Callable[..., Any], form: Form, view: bool, partitions_def: str | None) -> None:
    if view and form not in ("expression", "relation"):
        raise UserError(
            f"`{function.__name__}` is a view, so it must return ir.Table or duckdb.DuckDBPyRelation: a query that "
            "the file can keep"
        )
    if view and partitions_def is not None:
        raise UserError(
            f"`{function.__name__}` is a view, which has no rows of its own: it is always whole, so remove its "
            "partitions_def"
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


def _keys(deps: str | Sequence[Any]) -> tuple[str, ...]:
    return tuple(getattr(dep, "key", dep) for dep in ([deps] if isinstance(deps, str) else deps))


def _text(note: Any) -> str:
    if isinstance(note, str):
        return note.strip("'\"")
    if isinstance(note, GenericAlias):
        return f"{getattr(note.__origin__, '__qualname__', '')}[{', '.join(map(_text, note.__args__))}]"
    return f"{getattr(note, '__module__', '')}.{getattr(note, '__qualname__', note)}"


def _form(note: str) -> Form | None:
    root, last = note.split(".")[0], note.split(".")[-1]
    root = _ROOTS.get(root, root)
    return "chart" if root == "altair" and last.endswith("Chart") else _FORMS.get((root, last))


def _returned_form(function: Callable[..., Any], note: str | None) -> Form:
    yielded = re.fullmatch(r"(?:\w+\.)*Iterator\[(.+)\]", note or "")
    loads = "partition_keys" in _parameters(function)
    form = _form(yielded[1] if yielded and loads else note or "")
    if form is None:
        raise UserError(
            f"`{function.__name__}` in {function.__module__} does not say what it returns: annotate it with "
            "ir.Table (an ibis expression), duckdb.DuckDBPyRelation, pa.Table, pd.DataFrame, an Altair chart such as "
            "alt.Chart, or Path; where it asks for `partition_keys`, Iterator[pa.Table] says that it yields several"
        )
    return form
