"""ibis expressions: compiled to SQL, and hashed by what they say rather than how they were written."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assets.engine.contents import Schema, scan
from assets.engine.errors import UserError
from assets.engine.hashing import digest
from assets.engine.udfs import Code, Function, called_as, function_of, register

if TYPE_CHECKING:
    import duckdb
    import ibis.expr.types as ir
    import pyarrow as pa


@dataclass(frozen=True)
class Compiled:
    """An expression ready to run: its SQL, what it embeds and calls, and the hash of all that."""

    sql: str
    memtables: Mapping[str, "pa.Table"]
    hash: str
    columns: Mapping[str, tuple[str, ...]]
    """Input table -> the columns that the result depends on, in the table's order."""
    functions: tuple[Function, ...] = ()
    """Python functions that the SQL calls: `register_udfs` before it runs."""

    @property
    def portable(self) -> bool:
        """Whether the SQL runs by itself, so that it can be run again from the record without ibis."""
        return not self.memtables and not self.functions

    @property
    def libraries(self) -> frozenset[str]:
        """The libraries that its Python functions import; the hash does not cover their versions."""
        return frozenset().union(*(function.libraries for function in self.functions))


def unbound(name: str, schema: Schema) -> "ir.Table":
    """Return a table expression of that name and schema, bound to no database."""
    import ibis
    from ibis.backends.sql.datatypes import DuckDBType

    return ibis.table({column: DuckDBType.from_string(kind) for column, kind in schema.items()}, name=name)


def compiled(expression: "ir.Table", code: Code | None = None) -> Compiled:
    """Compile an expression for DuckDB and hash what it says: its SQL and output schema.

    In-memory tables count by content (ibis names them at random), Python functions by their code, which is
    followed in `code`. What has the same hash has the same result; `assets.engine.spelling` says which
    spellings agree.

    Raises
    ------
    UserError
        Not a table expression, or one that DuckDB cannot run; one that reads a file or another database,
        whose changes nobody would notice; one that calls a Python function whose code cannot be followed.
    """
    import ibis
    import ibis.expr.operations as ops

    from assets.engine.columns_read import columns_read
    from assets.engine.spelling import spelled

    if not isinstance(expression, ibis.Table):
        raise UserError(f"it says that it returns ir.Table, and returns a {type(expression).__name__}")
    memtables: dict[str, pa.Table] = {}
    functions: dict[str, Function] = {}

    def named_by_content(node: Any, changed: dict[Any, Any]) -> Any:
        node = node.__recreate__(changed) if changed else node
        match node:
            case ops.DatabaseTable() | ops.SQLQueryResult():
                raise UserError(
                    "its expression reads a table that is no input of it: read files and other databases in a source"
                )
            case ops.InMemoryTable():
                name, data = _content(node)
                memtables[name] = data
                return node.copy(name=name)
            case ops.ScalarUDF() | ops.AggUDF() if node.__input_type__.name != "BUILTIN":
                function = function_of(node, code)
                functions[function.name] = function
                return called_as(node, function.name)
        return node

    operation = expression.op().replace(named_by_content)
    try:
        sql, spelling = spelled(operation)
    except ibis.common.exceptions.IbisError as error:
        raise UserError(f"DuckDB cannot run its expression: {error}") from error
    columns = [[name, str(kind)] for name, kind in expression.schema().items()]
    return Compiled(
        sql,
        memtables,
        digest("expression", spelling, columns),
        columns_read(expression),
        tuple(functions[name] for name in sorted(functions)),
    )


def register_udfs(connection: "duckdb.DuckDBPyConnection", compiled: Compiled) -> None:
    """Make the Python functions of an expression known to the database of a connection."""
    register(connection, compiled.functions)


def _content(node: Any) -> "tuple[str, pa.Table]":
    """Return the data of an in-memory table, and a name made from it."""
    import duckdb

    data = node.data.to_pyarrow(node.schema)
    with duckdb.connect() as connection:
        connection.register("data", data)
        return "memtable_" + scan(connection, "data").data_version[:16], data
