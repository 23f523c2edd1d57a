"""What can be declared: assets, which are built, and sources, which are observed.

`assets.engine.declaring` has the decorators that make them from functions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Form = Literal["expression", "relation", "arrow", "frame", "chart", "file"]
"""What a function returns, or is given: an ibis expression, a DuckDB relation, an Arrow table, a pandas
frame, an Altair chart, or a path."""

Kind = Literal["table", "figure", "file"]

TABULAR: tuple[Form, ...] = ("expression", "relation", "arrow", "frame")
_KINDS: dict[Form, Kind] = {"chart": "figure", "file": "file"}
_LIBRARIES = {
    "expression": "ibis",
    "relation": "duckdb",
    "arrow": "pyarrow",
    "frame": "pandas",
    "chart": "altair",
}


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
    sizes: Mapping[str, int] = field(default_factory=dict)
    """Bytes that are read for a partition, where that is known: whether the disk has room is seen from it."""


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
    """One declared table, figure or file: how it is made, what from, and what is said of it."""

    key: str
    function: Callable[..., Any]
    form: Form
    inputs: Mapping[str, str]
    """Parameter name -> key of the asset or source that it reads."""
    wants: Mapping[str, Form | None]
    """Parameter name -> the form it is given in; None for a source's own value."""
    deps: tuple[str, ...] = ()
    settings_parameter: str | None = None
    connection_parameter: str | None = None
    """Given a connection to the tables, to run SQL on."""
    told_lineage: bool = False
    """Whether it is given the state of all others, and so comes after them."""
    path: str | None = None
    """Where a file is kept, relative to the working directory; `{name}` in it is the value of that setting."""
    view: bool = False
    """Whether the DuckDB file keeps its query, not its rows."""
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
    carried: Mapping[str, Any] = field(default_factory=dict)
    """What only Dagster acts on, by the names of its `AssetSpec`: objects of its own, handed on to its pages."""

    def __call__(self, *arguments: Any, **given: Any) -> Any:
        """Call the function that makes it, as in a test."""
        return self.function(*arguments, **given)

    @property
    def kind(self) -> Kind:
        """How it is kept."""
        return _KINDS.get(self.form, "table")

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
            "path": self.path,
            "primary_key": self.primary_key,
            "ranges": {column: list(bounds) for column, bounds in self.ranges.items()},
        }

    @property
    def libraries(self) -> set[str]:
        """The libraries whose objects it is given and returns, whether or not its code names them."""
        forms = {self.form, *self.wants.values(), "relation" if self.connection_parameter else None}
        return {_LIBRARIES[form] for form in forms if form in _LIBRARIES}

    @property
    def upstream(self) -> tuple[str, ...]:
        """Keys of everything it reads, in the order of its parameters."""
        return (*self.inputs.values(), *self.deps)
