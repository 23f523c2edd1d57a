"""The form of what a function is given and returns, read from its annotations.

They are read as text, so that declaring imports nothing heavy.
"""

import re
from collections.abc import Callable
from types import GenericAlias
from typing import Any

from assets.engine.declarations import Form
from assets.engine.errors import UserError

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


def text_of(note: Any) -> str:
    """Return an annotation as text, whether it is written as text or as what it names."""
    if isinstance(note, str):
        return note.strip("'\"")
    if isinstance(note, GenericAlias):
        return f"{getattr(note.__origin__, '__qualname__', '')}[{', '.join(map(text_of, note.__args__))}]"
    return f"{getattr(note, '__module__', '')}.{getattr(note, '__qualname__', note)}"


def form_of(note: str) -> Form | None:
    """Return the form that an annotation asks for; None when it names none."""
    root, last = note.split(".")[0], note.split(".")[-1]
    root = _ROOTS.get(root, root)
    return "chart" if root == "altair" and last.endswith("Chart") else _FORMS.get((root, last))


def returned_form(function: Callable[..., Any], note: str | None, *, loads: bool) -> Form:
    """Return the form of what a function returns, or yields where it loads partitions.

    Raises UserError when its annotation does not say that.
    """
    yielded = re.fullmatch(r"(?:\w+\.)*Iterator\[(.+)\]", note or "")
    form = form_of(yielded[1] if yielded and loads else note or "")
    if form is None:
        raise UserError(
            f"`{function.__name__}` in {function.__module__} does not say what it returns: annotate it with "
            "ir.Table (an ibis expression), duckdb.DuckDBPyRelation, pa.Table, pd.DataFrame, an Altair chart such as "
            "alt.Chart, or Path; where it asks for `partition_keys`, Iterator[pa.Table] says that it yields several"
        )
    return form
