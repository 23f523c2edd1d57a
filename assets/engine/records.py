"""Records: what an asset was made from, what came out, and what a look at a store finds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from assets.engine.hashing import SCHEME, digest

KEPT_AS = "kept as"
"""Name among the code of what is kept in another way than its form says: as a view."""


@dataclass(frozen=True)
class Ingredients:
    """All that an asset is made from, each kept apart so that a change can be named."""

    code: Mapping[str, str] = field(default_factory=dict)
    """Definition -> hash of its syntax tree; or `expression` -> hash of an ibis expression."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    libraries: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Upstream key -> its data version, or that of the columns which are read."""
    scheme: int = SCHEME

    def input_hash(self, key: str) -> str:
        """Return the input hash of the asset `key` made from these."""
        return digest("inputs", key, self.as_dict())

    def making(self) -> str:
        """Return a hash of how the asset is made, whatever from: of all but the inputs."""
        return digest("making", {**self.as_dict(), "inputs": {}})

    def as_dict(self) -> dict[str, Any]:
        """Return them as plain JSON values."""
        return {
            "code": dict(self.code),
            "inputs": dict(self.inputs),
            "libraries": dict(self.libraries),
            "scheme": self.scheme,
            "settings": dict(self.settings),
        }


def now() -> str:
    """Return the time at which something was built, in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Record:
    """What was written beside an asset when it was last built."""

    key: str
    input_hash: str
    data_version: str
    ingredients: Ingredients
    columns_read: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Upstream key -> the columns that were read of it; inputs of which all count are not listed."""
    upstream_versions: Mapping[str, str] = field(default_factory=dict)
    """Data versions of whole tables of which only some columns were read."""
    partitions: Mapping[str, str] = field(default_factory=dict)
    """Partition -> hash of what it was made from."""
    partition_versions: Mapping[str, str] = field(default_factory=dict)
    """Partition -> data version of its rows, where something downstream reads them one by one."""
    rows: int | None = None
    built_at: str | None = None
    seconds: float | None = None
    source_hash: str = ""
    """Hash of the syntax trees that made an expression: while it is the same, so is the expression."""
    sql: str | None = None
    code_version: str = ""
    """What an expression is known by to Dagster (`assets.engine.code_versions`); empty where nothing else is."""

    @property
    def is_view(self) -> bool:
        """Whether it tells of a view."""
        return KEPT_AS in self.ingredients.code

    def as_dict(self) -> dict[str, Any]:
        """Return the record as plain JSON values."""
        return {**vars(self), "ingredients": self.ingredients.as_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Record":
        """Return the record that `as_dict` gave these values of."""
        return cls(**{**values, "ingredients": Ingredients(**values["ingredients"])})


@dataclass(frozen=True)
class Closure:
    """What a piece of code reaches: a hash per definition of ours, and the libraries imported."""

    fragments: Mapping[str, str]
    libraries: frozenset[str]


@dataclass(frozen=True)
class Look:
    """What one look at a store found: the records, and the data version of what is really there."""

    records: Mapping[str, Record] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    schemas: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Column name -> DuckDB type, by table."""
