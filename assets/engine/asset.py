"""Declaring assets: a function is an asset, its name the key, its parameters what it reads.

The words are Dagster's, with Dagster's meanings. What a function returns says how it is kept:
an ibis expression, Arrow table or pandas frame becomes a DuckDB table; an Altair chart a figure.
Annotations are read as text, so that declaring imports nothing heavy.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, Literal

from assets.engine.errors import UserError

Form = Literal["expression", "arrow", "frame", "chart"]

_FORMS: dict[tuple[str, str], Form] = {
    ("ibis", "Table"): "expression",
    ("pyarrow", "Table"): "arrow",
    ("pandas", "DataFrame"): "frame",
}
Names = str | Sequence[str] | Set[str]
"""One name, or several."""

_LIBRARIES = {"expression": "ibis", "arrow": "pyarrow", "frame": "pandas", "chart": "altair"}
_ALIASES = {"ir": "ibis", "pa": "pyarrow", "pd": "pandas", "alt": "altair"}


@dataclass(frozen=True)
class Observation:
    """What looking at a source found: its data version, and what an asset that reads it is given."""

    data_version: str
    value: Any = None
    partitions: Mapping[str, str] = field(default_factory=dict)
    """Data version of each partition, by partition key; empty when the source has none."""
    watched: Mapping[str, list[int] | None] | None = None
    """Facts of the files that were looked at, taken before: while they stand, so does this. None when
    only looking again can tell."""
    memo: Any = None
    """Handed back at the next look, to spare work; never part of a hash. JSON."""
    summary: str = ""


@dataclass(frozen=True)
class Absent:
    """A source that is not there: assets made from it stand as they are, and cannot be rebuilt."""

    reason: str
    watched: Mapping[str, list[int] | None] | None = None


@dataclass(frozen=True)
class Source:
    """Something outside that assets read; observed, never written."""

    key: str
    function: Callable[..., Observation | Absent]
    description: str

    @property
    def reference(self) -> str:
        """Where its code is, as `module:name`."""
        return f"{self.function.__module__}:{self.function.__name__}"


@dataclass(frozen=True)
class Asset:
    """One declared table or figure: how it is made, what from, and what is said of it."""

    key: str
    function: Callable[..., Any]
    form: Form
    inputs: Mapping[str, str]
    """Parameter name -> key of the asset or source that it reads."""
    wants: Mapping[str, Form | None]
    """Parameter name -> the form it is given in; None for a source's own value."""
    deps: tuple[str, ...] = ()
    settings_parameter: str | None = None
    partitions_def: str | None = None
    """Key of the source whose partitions this asset has, one for one."""
    primary_key: tuple[str, ...] = ()
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    group_name: str = "default"
    kinds: frozenset[str] = frozenset()
    owners: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""
    code_version: str | None = None

    @property
    def kind(self) -> Literal["table", "figure"]:
        """How it is kept."""
        return "figure" if self.form == "chart" else "table"

    @property
    def reference(self) -> str:
        """Where its code is, as `module:name`."""
        return f"{self.function.__module__}:{self.function.__qualname__}"

    @property
    def declaration(self) -> dict[str, Any]:
        """What its decorator and annotations say that bears on its content, to be hashed with its code."""
        return {
            "code_version": self.code_version,
            "caption": self.description if self.kind == "figure" else None,
            "form": self.form,
            "inputs": {p: [key, self.wants[p]] for p, key in self.inputs.items()},
            "partitions_def": self.partitions_def,
            "primary_key": self.primary_key,
            "ranges": {column: list(bounds) for column, bounds in self.ranges.items()},
        }

    @property
    def libraries(self) -> set[str]:
        """The libraries whose objects it is given and returns, whether or not its code names them."""
        return {_LIBRARIES[form] for form in (self.form, *self.wants.values()) if form}

    @property
    def upstream(self) -> tuple[str, ...]:
        """Keys of everything it reads, in the order of its parameters."""
        return (*self.inputs.values(), *self.deps)


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
    **unsupported: Any,
) -> Any:
    """Declare the decorated function as an asset; return the `Asset`.

    Beyond Dagster's words: `primary_key` and `ranges` are checked before a table is kept (keys unique
    and not null, values within bounds; nulls pass), `columns` says what each column means.

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
        _check_declaration(function, form, ins or {}, partitions_def, _names(primary_key))
        parameters = [p for p in inspect.signature(function).parameters if p != "partition_keys"]
        settings = next((p for p in parameters if notes.get(p, "").split(".")[-1] == "Settings"), None)
        reads = [p for p in parameters if p != settings]
        return Asset(
            key=name or function.__name__,
            function=function,
            form=form,
            inputs={p: (ins or {}).get(p, p) for p in reads},
            wants={p: _form(notes.get(p, "")) for p in reads},
            deps=tuple(getattr(dep, "key", dep) for dep in ([deps] if isinstance(deps, str) else deps)),
            settings_parameter=settings,
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


def _first_sentence(function: Callable[..., Any]) -> str:
    return inspect.cleandoc(function.__doc__ or "").split("\n\n")[0].replace("\n", " ")


def _names(given: Names) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _check_declaration(
    function: Callable[..., Any],
    form: Form,
    ins: Mapping[str, str],
    partitions_def: str | None,
    primary_key: tuple[str, ...],
) -> None:
    """Refuse what would otherwise be ignored, or fail only once everything upstream is built."""
    parameters = inspect.signature(function).parameters
    if strangers := sorted(set(ins) - set(parameters)):
        raise UserError(
            f"`ins` of `{function.__name__}` names `{strangers[0]}`, which is not one of its parameters"
        )
    if (partitions_def is None) != ("partition_keys" not in parameters):
        raise UserError(
            f"`{function.__name__}` needs both `partitions_def` and a parameter `partition_keys`, or neither"
        )
    if partitions_def is not None and not (primary_key and form in ("arrow", "frame")):
        raise UserError(
            f"`{function.__name__}` has partitions, so it must return pa.Table or pd.DataFrame, and have a "
            "`primary_key` whose first column holds the partition key"
        )


def _text(note: Any) -> str:
    if isinstance(note, str):
        return note.strip("'\"")
    return f"{getattr(note, '__module__', '')}.{getattr(note, '__qualname__', note)}"


def _form(note: str) -> Form | None:
    root, last = note.split(".")[0], note.split(".")[-1]
    root = _ALIASES.get(root, root)
    return "chart" if root == "altair" and last.endswith("Chart") else _FORMS.get((root, last))


def _returned_form(function: Callable[..., Any], note: str | None) -> Form:
    form = _form(note or "")
    if form is None:
        raise UserError(
            f"`{function.__name__}` in {function.__module__} does not say what it returns: annotate it with "
            "ir.Table (an ibis expression), pa.Table, pd.DataFrame, or an Altair chart such as alt.Chart"
        )
    return form
