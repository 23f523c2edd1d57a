"""Random expressions, run in DuckDB: what is said to be unread is, and what is said to be alike is."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from random import Random
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from ibis import _
from ibis.common.exceptions import IbisError

from assets.engine.columns_read import columns_read
from assets.engine.expressions import unbound
from assets.engine.spelling import spelled

TABLES = {
    "t": {"id": "BIGINT", "a": "BIGINT", "b": "BIGINT", "c": "BIGINT", "g": "VARCHAR", "parts": "BIGINT[]"},
    "u": {"id": "BIGINT", "w": "BIGINT", "g": "VARCHAR"},
}
VALUES: dict[str, list[Any]] = {
    "BIGINT": [None, -2, -1, 0, 1, 1, 2, 3],
    "VARCHAR": [None, "x", "y", "y", "z"],
    "BIGINT[]": [None, [], [0], [1, 2], [2, 2]],
}
ROWS = 7

Pick = Callable[[Sequence[Any]], Any]
Step = Callable[[ir.Table, Pick], ir.Table]


def numbers(table: ir.Table) -> list[str]:
    return [name for name, kind in table.schema().items() if kind.is_numeric()] or [""]


def texts(table: ir.Table) -> list[str]:
    return [name for name, kind in table.schema().items() if kind.is_string()] or [table.columns[0]]


def number(table: ir.Table, pick: Pick) -> Any:
    column, other = (table[n] if (n := pick(numbers(table))) else ibis.literal(1) for _ in "ab")
    return pick(
        [
            lambda: column,
            lambda: column + other,
            lambda: column * 2 - other,
            lambda: (column > other).ifelse(other, 0),
            lambda: ibis.coalesce(column, other, 9),
            lambda: column.sum().over(group_by=texts(table)[0]),
            lambda: table.count().over(ibis.window(group_by=texts(table)[0])),
            lambda: ibis.dense_rank().over(order_by=[column, other]),
            lambda: column.max(),
        ]
    )()


def plain(table: ir.Table, pick: Pick) -> Any:
    column, other = (table[n] if (n := pick(numbers(table))) else ibis.literal(1) for _ in "ab")
    return pick([lambda: column, lambda: column + other, lambda: (column == other).ifelse(1, 2)])()


def condition(table: ir.Table, pick: Pick) -> Any:
    column, other, text = plain(table, pick), plain(table, pick), table[pick(texts(table))]
    there = unbound("u", TABLES["u"])
    return pick(
        [
            lambda: column > other,
            lambda: (column >= 0) | (other < 2),
            lambda: (column == other) & text.notnull(),
            lambda: text.cast("string").isin(["x", "z"]),
            lambda: column.isin(there.filter(there.w > 0).id),
            lambda: column <= there.w.max(),
            lambda: (there.id == column).any(),
            lambda: ~(column != 1),
        ]
    )()


def some(table: ir.Table, pick: Pick) -> list[str]:
    return [n for n in table.columns if pick([True, False])] or [pick(list(table.columns))]


def aggregated(table: ir.Table, pick: Pick) -> ir.Table:
    keys = pick([[], [pick(texts(table))], some(table, pick)[:2]])
    metric = plain(table, pick)
    measures = {
        "total": metric.sum(),
        "n": pick(
            [table.count(), table.count(where=condition_plain(table, pick)), metric.count(), metric.nunique()]
        ),
        "least": metric.min(where=condition_plain(table, pick)),
        "middle": metric.median(),
        "all_of_it": metric.collect(order_by=list(table.columns)),
    }
    wanted = {f"{k}{len(str(table.columns))}": v for k, v in measures.items() if pick([True, False])}
    wanted = wanted or {f"n{len(str(table.columns))}": table.count()}
    return table.group_by(keys).agg(**wanted) if keys else table.agg(**wanted)


def condition_plain(table: ir.Table, pick: Pick) -> Any:
    return pick([lambda: plain(table, pick) > 0, lambda: table[pick(texts(table))].notnull()])()


def joined(table: ir.Table, pick: Pick) -> ir.Table:
    there = pick([unbound("u", TABLES["u"]), unbound("u", TABLES["u"]).filter(_.w > 0), table.view()])
    name = (
        pick(sorted(set(table.columns) & set(there.columns)))
        if set(table.columns) & set(there.columns)
        else None
    )
    how = pick(["inner", "left", "semi", "anti", "outer", "right"])
    if name is None:
        return table.cross_join(
            there.select(far=there[there.columns[0]])
            .limit(0)
            .union(there.select(far=there[there.columns[0]]))
        )
    return table.join(there, [(name, name)], how=how, rname="{name}_far")


def unioned(table: ir.Table, pick: Pick) -> ir.Table:
    other = pick([table, table.filter(condition(table, pick)), table.distinct()])
    way = pick(["all", "distinct", "minus", "both"])
    if way in ("all", "distinct"):
        return table.union(other, distinct=way == "distinct")
    return table.difference(other) if way == "minus" else table.intersect(other)


def unnested(table: ir.Table, pick: Pick) -> ir.Table:
    arrays = [n for n, kind in table.schema().items() if kind.is_array()]
    if not arrays:
        return table
    if pick([True, False]):
        return table.unnest(
            pick(arrays), offset=pick([None, "place"]) if "place" not in table.columns else None
        )
    return table.mutate(one=table[pick(arrays)].unnest())


STEPS: list[Step] = [
    lambda t, pick: t.select(*some(t, pick)),
    lambda t, pick: t.select(*some(t, pick)),
    lambda t, pick: t.mutate(new=number(t, pick)),
    lambda t, pick: t.mutate(new=number(t, pick), newer=plain(t, pick)),
    lambda t, pick: t.select(new=number(t, pick), newer=number(t, pick)),
    lambda t, pick: t.filter(condition(t, pick)),
    lambda t, pick: t.filter(condition(t, pick), condition(t, pick)),
    lambda t, pick: t.rename(renamed=pick(list(t.columns))) if "renamed" not in t.columns else t,
    lambda t, pick: t.drop(*some(t, pick)[: len(t.columns) - 1]) if len(t.columns) > 1 else t,
    lambda t, pick: t.order_by(list(t.columns)).limit(pick([2, 4])),
    lambda t, pick: t.order_by(some(t, pick)),
    lambda t, pick: t.distinct(),
    lambda t, pick: t.drop_null(pick([None, some(t, pick)])),
    lambda t, pick: t.fill_null({n: 7 for n in numbers(t) if n}),
    lambda t, pick: t.view(),
    aggregated,
    aggregated,
    joined,
    joined,
    unioned,
    unnested,
]


def some_expression(pick: Pick, steps: int) -> ir.Table:
    table = unbound("t", TABLES["t"])
    for _step in range(steps):
        with suppress(IbisError, AttributeError):  # a step that does not fit is left out
            longer = pick(STEPS)(table, pick)
            table = longer.select(*list(longer.columns)[:9]) if len(longer.columns) > 9 else longer
    return table


def column_of(kind: str, random: Random) -> list[Any]:
    return [random.choice(VALUES[kind]) for _row in range(ROWS)]


def database(contents: dict[str, dict[str, list[Any]]]) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 1})
    for table, columns in contents.items():
        kinds = TABLES[table]
        connection.execute(f"CREATE TABLE {table} ({', '.join(f'{c} {k}' for c, k in kinds.items())})")
        given = list(zip(*columns.values(), strict=True))
        connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(kinds))})", given)
    return connection


def rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[str]:
    return sorted(map(repr, connection.execute(sql).fetchall()))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 5))
def test_a_column_that_is_not_read_may_hold_anything(seed: int, steps: int) -> None:
    random = Random(seed)
    expression = some_expression(random.choice, steps)
    read = columns_read(expression)
    contents = {t: {c: column_of(kind, random) for c, kind in TABLES[t].items()} for t in TABLES}
    sql, alike = spelled(expression.op())
    with database(contents) as connection:
        try:
            before = rows(connection, sql)
        except duckdb.BinderException:  # now and then ibis writes what DuckDB refuses
            reject()
        assert rows(connection, alike) == before
    for table, schema in TABLES.items():
        unread = [column for column in schema if column not in read.get(table, ())]
        contents[table] |= {column: column_of(schema[column], random) for column in unread}
    with database(contents) as connection:
        assert rows(connection, sql) == before
