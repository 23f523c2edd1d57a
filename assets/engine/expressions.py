"""ibis expressions: compiled to SQL, and hashed by what they say rather than how they were written."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assets.engine.contents import table_version
from assets.engine.errors import UserError
from assets.engine.hashing import digest

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa


@dataclass(frozen=True)
class Compiled:
    """An expression ready to run: its SQL, what it embeds, and the hash of both."""

    sql: str
    memtables: Mapping[str, "pa.Table"]
    hash: str


def unbound(name: str, schema: "pa.Schema") -> "ir.Table":
    """Return a table expression of that name and schema, bound to no database."""
    import ibis

    return ibis.table(ibis.Schema.from_pyarrow(schema), name=name)


def compiled(expression: "ir.Table") -> Compiled:
    """Compile an expression for DuckDB and hash its SQL, output schema and in-memory tables.

    In-memory tables count by content (ibis names them at random). Two spellings that ibis compiles to the
    same SQL have the same hash.

    Raises
    ------
    UserError
        Not a table expression, or one that DuckDB cannot run by itself: it calls a Python function, or
        reads a file or another database, whose changes nobody would notice.
    """
    import ibis
    import ibis.expr.operations as ops

    if not isinstance(expression, ibis.Table):
        raise UserError(f"it says that it returns ir.Table, and returns a {type(expression).__name__}")
    memtables: dict[str, pa.Table] = {}

    def renamed(node: Any, changed: dict[Any, Any]) -> Any:
        node = node.__recreate__(changed) if changed else node
        if not isinstance(node, ops.InMemoryTable):
            return node
        data = node.data.to_pyarrow(node.schema)
        name = "memtable_" + table_version(data.schema, data.to_batches())[0][:16]
        memtables[name] = data
        return node.copy(name=name)

    operation = expression.op().replace(renamed)
    for node in operation.find((ops.ScalarUDF, ops.DatabaseTable, ops.SQLQueryResult)):
        if not isinstance(node, ops.ScalarUDF):
            raise UserError(
                "its expression reads a table that is no input of it: read files and other databases in a source"
            )
        if node.__input_type__.name != "BUILTIN":
            raise UserError(
                f"its expression calls the Python function `{node.__func_name__}`: return pd.DataFrame or pa.Table"
            )
    sql = str(ibis.to_sql(operation.to_expr(), dialect="duckdb"))
    columns = [[name, str(kind)] for name, kind in expression.schema().items()]
    return Compiled(sql, memtables, digest("expression", sql, columns))
