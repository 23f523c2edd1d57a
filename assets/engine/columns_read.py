"""Which columns of its tables an expression reads: the others may change, and its result stays the same.

What is needed of the result is traced back through each relation to the tables. In doubt everything counts.
Loaded only where ibis is at hand.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import ibis.expr.operations as ops
from ibis.common.graph import Graph
from ibis.expr.types import Table

Needs = dict[Any, set[str]]
"""Relation -> names of its columns that the result depends on. A relation that is not in it is not read."""

_SAME_COLUMNS = (ops.Filter, ops.Sort, ops.Limit, ops.DropColumns, ops.FillNull, ops.DropNull)
_REFERENCES = (ops.Reference, ops.AliasedRelation)
_WHOLE_ROWS = (ops.Distinct, ops.Set)
_ORDER_FREE = (
    *(ops.Count, ops.CountStar, ops.CountDistinct, ops.CountDistinctStar, ops.ApproxCountDistinct),
    *(ops.Sum, ops.Mean, ops.Min, ops.Max, ops.StandardDev, ops.Variance, ops.Kurtosis),
    *(ops.Correlation, ops.Covariance, ops.Any, ops.All, ops.BitAnd, ops.BitOr, ops.BitXor),
)
_ORDER_FREE_EXACTLY = (ops.Median, ops.Quantile, ops.MultiQuantile)
"""Order-free themselves; the approximations that are made from them by inheritance are not."""
_MANY_ROWS = (ops.Unnest, ops.ScalarUDF)
"""Values that may make more or fewer rows, whether or not anybody reads them."""


def columns_read(expression: Table) -> dict[str, tuple[str, ...]]:
    """Return, for each unbound table of the expression, the columns that its result depends on.

    In the table's order. None at all still means that the number of rows matters. A result that hangs on
    the order of rows, without saying by what they are ordered, reads everything: the first of a group,
    `limit` or `row_number` without an order, a sample. The order by which columns are said to be sorted
    is taken to be decided by them. So does one that reads lists of lists: they are most of a table, and to hash
    them apart from the rest would cost more than to look in vain.
    """
    root = expression.op()
    needs = needed(root)
    found: dict[str, set[str]] = {}
    kinds: dict[str, dict[str, Any]] = {}
    for table in root.find(ops.UnboundTable):
        found.setdefault(table.name, set()).update(needs.get(table, ()))
        kinds.setdefault(table.name, {}).update(table.schema.items())
    return {name: _counted(kinds[name], found[name]) for name in sorted(found)}


def _counted(kinds: Mapping[str, Any], read: Collection[str]) -> tuple[str, ...]:
    names = tuple(name for name in kinds if name in read)
    large = any(kinds[name].is_array() and kinds[name].value_type.is_array() for name in names)
    return tuple(kinds) if large else names


def needed(root: Any, entire: Collection[Any] = ()) -> Needs:
    """Return which columns of each relation below `root` all columns of `root` depend on.

    Of the relations in `entire`, all columns are needed as soon as somebody reads them.
    """
    needs: Needs = {root: set(root.schema)}
    graph, _ = Graph.from_bfs(root).toposort()
    for node in reversed(list(graph)):  # whoever reads a relation comes before it
        if isinstance(node, ops.Relation) and node in needs:
            if node in entire:
                _note(needs, node, node.schema)
            _hand_down(node, needs[node], needs)
    return needs


def kept(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return the values of those names, and those on which the number of rows depends."""
    return {n: v for n, v in values.items() if n in names or v.find(_MANY_ROWS, filter=ops.Value)}


def _hand_down(node: Any, names: set[str], needs: Needs) -> None:
    """Note what the columns `names` of a relation need of the relations that it is made from."""
    match node:
        case ops.Project() | ops.Aggregate():
            _note(needs, node.parent)
            groups = set(node.groups) if isinstance(node, ops.Aggregate) else set()
            _read(node, kept(node.values, names | groups).values(), needs)
        case ops.JoinChain():
            for table in node.tables:
                _note(needs, table)
            if any(link.how in ("asof", "positional", "any_inner", "any_left") for link in node.rest):
                _whole(node, needs)
            links = [predicate for link in node.rest for predicate in link.predicates]
            _read(node, [*kept(node.values, names).values(), *links], needs)
        case ops.Union(distinct=False):
            _note(needs, node.left, names)
            _note(needs, node.right, names)
        case ops.TableUnnest():
            _note(needs, node.parent, names - {node.column_name, node.offset})
            _read(node, [node.column], needs)
        case _ if isinstance(node, _REFERENCES):
            _note(needs, node.parent, names)
        case _ if isinstance(node, _SAME_COLUMNS):
            _note(needs, node.parent, names)
            if isinstance(node, ops.DropNull) and node.subset is None:
                _note(needs, node.parent, node.parent.schema)
            if isinstance(node, ops.Limit) and not _is_sorted(node.parent):
                _whole(node, needs)
            _read(node, (c for c in node.__children__ if isinstance(c, ops.Value)), needs)
        case _ if isinstance(node, _WHOLE_ROWS):
            for relation in (c for c in node.__children__ if isinstance(c, ops.Relation)):
                _note(needs, relation, relation.schema)
        case ops.DummyTable():
            _read(node, node.values.values(), needs)
        case _ if not isinstance(node, ops.PhysicalTable):
            _whole(node, needs)


def _note(needs: Needs, relation: Any, names: Iterable[str] = ()) -> None:
    needs.setdefault(relation, set()).update(names)


def _whole(node: Any, needs: Needs) -> None:
    """Note that everything below a relation, or a value, counts."""
    for table in node.find(ops.PhysicalTable):
        _note(needs, table, table.schema)


def _read(relation: Any, values: Iterable[Any], needs: Needs) -> None:
    """Note what values that a relation computes read."""
    waiting = [(value, False) for value in values]
    while waiting:
        value, ordered = waiting.pop()
        match value:
            case ops.Field():
                _note(needs, value.rel, [value.name])
                continue
            case ops.ScalarSubquery() | ops.InSubquery():
                _note(needs, value.rel, value.rel.schema)
            case ops.CountDistinctStar():
                _note(needs, value.arg, value.arg.schema)
            case ops.ExistsSubquery():
                _note(needs, value.rel)
            case ops.CountStar():
                _note(needs, value.arg)
            case _ if any(isinstance(child, ops.Relation) for child in value.__children__):
                _whole(value, needs)
        if not ordered and not _is_order_free(value):
            _whole(relation, needs)
        decides = isinstance(value, ops.WindowFunction)  # about what it computes, too
        waiting += [(c, decides and c is value.func) for c in value.__children__ if isinstance(c, ops.Value)]


def _is_order_free(value: Any) -> bool:
    """Tell whether a value is the same for any order of the rows that it is computed from."""
    match value:
        case ops.WindowFunction():
            framed = value.start is not None or value.end is not None
            return bool(value.order_by) or (_is_order_free(value.func) and not framed)
        case ops.Analytic():
            return False
        case ops.Reduction():
            ordered = bool(getattr(value, "order_by", ()))
            return ordered or isinstance(value, _ORDER_FREE) or type(value) in _ORDER_FREE_EXACTLY
    return True


def _is_sorted(relation: Any) -> bool:
    while isinstance(relation, (ops.Project, *_SAME_COLUMNS)) and not isinstance(relation, ops.Sort):
        relation = relation.parent
    return isinstance(relation, ops.Sort)
