"""Which columns an expression reads: no fewer than its result depends on, and few more."""

import ibis
import ibis.expr.types as ir
import pytest
from ibis import _

from assets.engine.columns_read import columns_read
from assets.engine.expressions import compiled, unbound

T = unbound(
    "t", {"id": "BIGINT", "a": "DOUBLE", "b": "DOUBLE", "c": "DOUBLE", "g": "VARCHAR", "parts": "BIGINT[]"}
)
U = unbound("u", {"id": "BIGINT", "w": "DOUBLE", "z": "DOUBLE"})
OWN = ibis.memtable({"g": ["x"], "weight": [1.0]})
EVERYTHING = "id a b c g parts"


def reads(expression: ir.Table) -> dict[str, str]:
    return {table: " ".join(columns) for table, columns in columns_read(expression).items()}


READ: dict[str, tuple[ir.Table, str]] = {
    "the table itself": (T, EVERYTHING),
    "columns selected, in the table's order": (T.select("g", "a"), "a g"),
    "columns that are left": (T.drop("a", "id", "parts"), "b c g"),
    "a column under another name": (T.select(x="a"), "a"),
    "what a computed column is computed from": (T.select(x=T.a + T.b), "a b"),
    "a computed column that nobody reads": (T.mutate(x=T.a + T.b).select("c"), "c"),
    "a predicate": (T.filter(T.a > 0).select("b"), "a b"),
    "a predicate on a computed column": (T.mutate(x=T.a * 2).filter(_.x > 0).select("b"), "a b"),
    "groups and what is summed": (T.group_by("a").agg(b=T.b.sum()), "a b"),
    "a group that is not shown": (T.group_by("a", "g").agg(b=T.b.sum()).select("b"), "a b g"),
    "a measure that nobody reads": (T.group_by("g").agg(x=T.a.sum(), y=T.b.sum()).select("g", "x"), "a g"),
    "the rows that a measure is about": (T.agg(n=T.count(where=T.a > 0), m=T.b.mean(where=T.c > 0)), "a b c"),
    "the number of rows": (T.agg(n=T.count()), ""),
    "the number of rows that are left": (T.filter(T.a > 0).agg(n=_.count()), "a"),
    "the number of different rows": (T.agg(n=T.nunique()), EVERYTHING),
    "the number of different values": (T.agg(n=T.a.nunique()), "a"),
    "constants, as often as there are rows": (T.select(x=1), ""),
    "different rows": (T.select("a", "b").distinct().select("a"), "a b"),
    "different rows of everything": (T.distinct().select("a"), EVERYTHING),
    "one row of each group": (T.distinct(on="g").select("g"), "g"),
    "a window": (T.select(x=T.a.sum().over(group_by="g", order_by="b")), "a b g"),
    "a window that nobody reads": (T.mutate(x=T.a.sum().over(group_by="g")).select("b"), "b"),
    "a window that filters": (
        T.mutate(r=ibis.row_number().over(group_by="g", order_by="b")).filter(_.r == 0).select("a"),
        "a b g",
    ),
    "the row before": (T.select(x=T.a.lag().over(order_by=T.b)), "a b"),
    "a share of the whole": (T.select(x=T.a / T.a.sum()), "a"),
    "an order that decides what is kept": (T.order_by("b").limit(3).select("a"), "a b"),
    "an order by a computed column": (T.order_by(T.b - T.c).limit(3).select("a"), "a b c"),
    "nulls of one column": (T.drop_null(["b"]).select("a"), "a b"),
    "nulls of any column": (T.drop_null().select("a"), EVERYTHING),
    "nulls that are filled": (T.fill_null({"a": 0.0, "b": 1.0}).select("a"), "a"),
    "a list that makes rows": (T.select("g", x=T.parts.unnest()), "g parts"),
    "a list that makes rows that nobody reads": (T.mutate(x=T.parts.unnest()).select("g"), "g parts"),
    "a table unnested": (T.unnest("parts", offset="place").select("g"), "g parts"),
    "a table unnested, and its place": (T.unnest("parts", offset="place").select("place"), "parts"),
    "both sides of a union": (T.select(x="a", y="b").union(T.select(x="c", y="b")).select("x"), "a c"),
    "both sides of a union of different rows": (
        T.select(x="a", y="b").union(T.select(x="c", y="b"), distinct=True).select("x"),
        "a b c",
    ),
    "both sides of a difference": (
        T.select(x="a", y="b").difference(T.select(x="c", y="b")).select("x"),
        "a b c",
    ),
    "both sides of an intersection": (
        T.select(x="a", y="b").intersect(T.select(x="c", y="b")).select("x"),
        "a b c",
    ),
    "the table and itself": (T.join(T.view(), [("a", "b")]).select("c"), "a b c"),
    "the table and itself, both sides shown": (
        (lambda other: T.join(other, T.id == other.id).select(T.a, other.b))(T.view()),
        "id a b",
    ),
    "a part that is used twice": (
        (lambda kept: kept.join(kept.group_by("g").agg(m=_.a.mean()), "g").select("m"))(T.filter(T.b > 0)),
        "a b g",
    ),
    "a table in memory beside it": (T.join(OWN, "g").select("a", "weight"), "a g"),
    "a subquery of its own": (T.filter(T.a > T.b.mean()).select("g"), "a b g"),
    "a struct": (ibis.struct({"x": T.a, "y": T.b}).name("s").as_table(), "a b"),
    "a pivot": (T.pivot_longer(["a", "b"]).select("value"), "a b"),
    "counts of values": (T.g.topk(2), "g"),
    "what comes first in an order": (T.group_by("g").agg(x=T.a.first(order_by="b")), "a b g"),
    "a list in an order": (T.group_by("g").agg(x=T.a.collect(order_by=T.b)), "a b g"),
    "a median": (T.group_by("g").agg(x=T.a.median()), "a g"),
}

DOUBTFUL: dict[str, ir.Table] = {
    "the first rows in no order": T.limit(3).select("a"),
    "the first rows of a filter": T.filter(T.a > 0).select("a").limit(3),
    "the first of a group": T.group_by("g").agg(x=T.a.first()),
    "any of a group": T.group_by("g").agg(x=T.a.arbitrary()),
    "a list in no order": T.group_by("g").agg(x=T.a.collect()),
    "a text in no order": T.group_by("g").agg(x=T.g.group_concat()),
    "the row of the largest, of which there may be two": T.group_by("g").agg(x=T.a.argmax(T.b)),
    "the commonest, of which there may be two": T.agg(x=T.g.mode()),
    "an approximation": T.agg(x=T.a.approx_median()),
    "row numbers in no order": T.select("a", r=ibis.row_number()),
    "the row before in no order": T.select(x=T.a.lag()),
    "a sum of rows so far in no order": T.select(x=T.a.cumsum()),
    "the row number in storage": T.select("a", r=T.rowid()),
    "a sample": T.sample(0.5, seed=1).select("a"),
    "the nearest row, of which there may be two": U.asof_join(T, on="id").select("w", "a"),
}


@pytest.mark.parametrize("what", READ)
def test_a_column_is_read_if_the_result_depends_on_it(what: str) -> None:
    expression, columns = READ[what]
    assert reads(expression) == {"t": columns}


@pytest.mark.parametrize("what", DOUBTFUL)
def test_what_hangs_on_an_order_that_nobody_states_reads_everything(what: str) -> None:
    assert reads(DOUBTFUL[what])["t"] == EVERYTHING


JOINS: dict[str, tuple[ir.Table, str, str]] = {
    "inner": (T.join(U, "id").select("a", "w"), "id a", "id w"),
    "left": (T.left_join(U, "id").select("a"), "id a", "id"),
    "by other names": (T.join(U, [("a", "w")]).select("b", "z"), "a b", "w z"),
    "by a condition": (T.join(U, [T.a > U.w, T.id == U.id]).select("b"), "id a b", "id w"),
    "semi": (T.semi_join(U, "id").select("a"), "id a", "id"),
    "anti": (T.anti_join(U, "id").select("a"), "id a", "id"),
    "cross": (T.cross_join(U.select("w")).select("a"), "a", ""),
    "in": (T.filter(T.id.isin(U.filter(U.z > 0).id)).select("a"), "id a", "id z"),
    "exists": (T.filter((U.id == T.id).any()).select("a"), "id a", "id"),
    "scalar": (T.filter(T.a > U.w.mean()).select("g"), "a g", "w"),
    "scalar that is shown": (T.select("g", n=U.count()), "g", ""),
    "scalar that nobody reads": (T.mutate(m=U.w.max()).select("g"), "g", ""),
}


@pytest.mark.parametrize("how", JOINS)
def test_of_two_tables_each_has_its_own_columns(how: str) -> None:
    expression, of_t, of_u = JOINS[how]
    assert reads(expression) == {"t": of_t, "u": of_u}


def test_a_table_is_named_once_however_often_it_is_used() -> None:
    again = unbound("u", {"id": "BIGINT", "w": "DOUBLE", "z": "DOUBLE"})
    assert reads(U.select(x="w").union(again.select(x="z"))) == {"u": "w z"}


def test_a_compiled_expression_knows_what_it_reads() -> None:
    expression = T.join(OWN, "g").join(U, "id").select("a", "weight", "w")
    assert compiled(expression).columns == {"t": ("id", "a", "g"), "u": ("id", "w")}


def test_lists_of_lists_are_not_told_apart_from_the_rest_of_their_table() -> None:
    refitted = unbound("t", {"id": "BIGINT", "a": "DOUBLE", "refits": "DOUBLE[][]"})
    assert reads(refitted.select("id", "refits")) == {"t": "id a refits"}
    assert reads(refitted.select("id")) == {"t": "id"}
