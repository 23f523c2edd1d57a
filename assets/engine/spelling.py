"""One spelling for expressions that say the same, so that their hashes agree.

What is made alike cannot change a result: names and columns that stay inside the expression, selections
that only pass columns on, the order of what AND, OR, IN and `=` combine. The SQL that runs is left as it
was written. Loaded only where ibis is at hand.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from itertools import count
from typing import Any

import ibis.expr.operations as ops
import sqlglot.expressions as sge
from ibis.backends.sql.compilers.duckdb import compiler
from ibis.common.graph import Graph

from assets.engine.columns_read import kept, needed

_RANDOM_NAME = re.compile(r"(ibis_\w+)_[a-z2-7]{26}")
_PASS_ON = (ops.Filter, ops.Sort, ops.Limit, ops.Reference)
_TAKE_BY_NAME = (ops.Project, ops.Aggregate, ops.JoinChain, ops.JoinLink, ops.DropColumns, ops.Field)
_TAKE_NO_COLUMN = (ops.CountStar, ops.ExistsSubquery)
_NOT_TO_REPEAT = (ops.Impure, ops.Unnest, ops.WindowFunction, ops.Reduction, ops.Analytic, ops.Subquery)


def spelled(operation: Any) -> tuple[str, str]:
    """Return the SQL of a relation, and the text to hash in its place."""
    operation = _bare(operation)
    query = _query(operation)
    nested = sum(1 for _ in query.find_all(sge.Select)) > 1
    alike = _Alike(operation).relation if nested else operation
    ordered = _in_order(query.copy() if alike == operation else _query(alike))
    return query.sql(compiler.dialect, pretty=True), ordered.sql(compiler.dialect)


def _bare(relation: Any) -> Any:
    """Return the relation that another only hands on."""
    while isinstance(relation, ops.Reference) or (
        isinstance(relation, ops.Project)
        and relation.schema == relation.parent.schema
        and all(value == ops.Field(relation.parent, name) for name, value in relation.values.items())
    ):
        relation = relation.parent
    return relation


def _query(operation: Any) -> Any:
    """Compile a relation; names that ibis draws at random are numbered instead."""
    query, numbers = compiler.to_sqlglot(operation.to_expr()), dict[str, str]()
    for identifier in query.find_all(sge.Identifier):
        if drawn := _RANDOM_NAME.fullmatch(identifier.name):
            identifier.set("this", numbers.setdefault(identifier.name, f"{drawn[1]}_{len(numbers)}"))
    return query


def _in_order(query: Any) -> Any:
    """Put what may stand in any order into one order, innermost first."""
    for node in reversed(list(query.find_all(sge.Connector, sge.EQ, sge.NEQ, sge.In, sge.LT, sge.LTE))):
        match node:
            case sge.LT() | sge.LTE():
                turned = sge.GT if isinstance(node, sge.LT) else sge.GTE
                node.replace(turned(this=node.expression, expression=node.this))
            case sge.In():
                node.set("expressions", _sorted(node.expressions))
            case sge.EQ() | sge.NEQ():
                for place, side in zip(
                    ("this", "expression"), _sorted([node.this, node.expression]), strict=True
                ):
                    node.set(place, side)
            case sge.And() | sge.Or() if type(node.parent) is not type(node):
                join = sge.and_ if isinstance(node, sge.And) else sge.or_
                node.replace(join(*_sorted(list(_operands(node, type(node))))))
    return query


def _operands(node: Any, connector: type) -> Iterator[Any]:
    """Yield what a chain of one connector connects, with or without parentheses."""
    if isinstance(node.unnest(), connector):
        yield from _operands(node.unnest().this, connector)
        yield from _operands(node.unnest().expression, connector)
    else:
        yield node.unnest()


def _sorted(expressions: list[Any]) -> list[Any]:
    return sorted(expressions, key=lambda expression: str(expression.sql(compiler.dialect)))


class _Alike:
    """A relation rebuilt without what shows only inside it: names, unused columns, mere selections."""

    def __init__(self, root: Any) -> None:
        self.shown = _shown(root)
        self.needs = needed(root, self.shown)
        self.names: dict[Any, dict[str, str]] = {}
        """Relation -> what its columns are called now."""
        self.relation = root.replace(self._rebuilt)

    def _rebuilt(self, node: Any, changed: dict[str, Any] | None) -> Any:
        given = changed or dict(zip(node.__argnames__, node.__args__, strict=True))
        match node:
            case ops.Relation() if node not in self.needs:
                return node
            case ops.Field():
                name = self._name(node.rel, node.name)
                return ops.Field(given["rel"], name) if name in given["rel"].schema else node
            case ops.Project():
                return self._projected(node, given["parent"], given["values"])
            case ops.DropColumns():
                parent = given["parent"]
                left = [n for n in node.schema if n in self.needs[node]]
                fields = {n: ops.Field(parent, self._name(node.parent, n)) for n in left}
                return self._projected(node, parent, fields)
            case ops.Aggregate():
                wanted = self._wanted(node, {**given["groups"], **given["metrics"]}, always=node.groups)
                groups = {wanted[n]: v for n, v in given["groups"].items()}
                metrics = {wanted[n]: v for n, v in given["metrics"].items() if n in wanted}
                return _merged(ops.Aggregate(given["parent"], groups, metrics))
            case ops.JoinChain():
                wanted = self._wanted(node, given["values"])
                values = {wanted[n]: v for n, v in given["values"].items() if n in wanted}
                return ops.JoinChain(given["first"], given["rest"], values)
            case _ if isinstance(node, _PASS_ON):
                self.names[node] = self.names.get(node.parent, {})
        return node.__recreate__(changed) if changed else node

    def _projected(self, node: Any, parent: Any, values: Mapping[str, Any]) -> Any:
        wanted = self._wanted(node, values)
        if node not in self.shown and all(isinstance(values[n], ops.Field) for n in wanted):
            self.names[node] = {n: values[n].name for n in wanted}
            return parent
        return ops.Project(parent, {new: values[n] for n, new in wanted.items()})

    def _wanted(self, node: Any, values: Mapping[str, Any], always: Collection[str] = ()) -> dict[str, str]:
        """Return the columns of a relation that are kept, each with its name from now on."""
        if node in self.shown:
            return {n: n for n in values}
        wanted = kept(values, {*self.needs[node], *always}) or dict(list(values.items())[:1])
        self.names[node] = dict(zip(wanted, _renamed(list(wanted.values())), strict=True))
        return self.names[node]

    def _name(self, relation: Any, name: str) -> str:
        return self.names.get(relation, {}).get(name, name)


def _renamed(values: list[Any]) -> list[str]:
    """Return a name for each value: that of the column that it is, or else a number."""
    names = [value.name if isinstance(value, ops.Field) else "" for value in values]
    free = (name for i in count() if (name := f"c{i}") not in names)
    return [n if n and n not in names[:i] else next(free) for i, n in enumerate(names)]


def _shown(root: Any) -> set[Any]:
    """Return the relations whose columns must stay as they are: somebody takes them all."""
    graph, _ = Graph.from_bfs(root).toposort()
    shown = {root}
    for node in reversed(list(graph)):
        if isinstance(node, (*_TAKE_BY_NAME, *_TAKE_NO_COLUMN)):
            continue
        if isinstance(node, _PASS_ON) and node not in shown:
            continue
        shown |= {child for child in node.__children__ if isinstance(child, ops.Relation)}
    return shown


def _merged(aggregate: Any) -> Any:
    """Let an aggregate compute for itself what a projection computed for it alone."""
    while isinstance(projection := aggregate.parent, ops.Project) and _can_merge(aggregate):

        def inlined(node: Any, changed: dict[str, Any] | None, projection: Any = projection) -> Any:
            if isinstance(node, ops.Field) and node.rel == projection:
                return projection.values[node.name]
            if isinstance(node, ops.CountStar) and node.arg == projection:
                changed = {"where": node.where, **(changed or {}), "arg": projection.parent}
            return node.__recreate__(changed) if changed else node

        groups, metrics = (
            {n: v.replace(inlined, filter=ops.Value) for n, v in values.items()}
            for values in (aggregate.groups, aggregate.metrics)
        )
        aggregate = ops.Aggregate(projection.parent, groups, metrics)
    return aggregate


def _can_merge(aggregate: Any) -> bool:
    projection = aggregate.parent
    used = [node for value in aggregate.values.values() for node in value.find(ops.Value, filter=ops.Value)]
    by_name = all(isinstance(n, (ops.Field, ops.CountStar)) for n in used if projection in n.__children__)
    return by_name and not any(v.find(_NOT_TO_REPEAT, filter=ops.Value) for v in projection.values.values())
