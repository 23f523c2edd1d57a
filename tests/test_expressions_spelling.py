"""Which spellings of an expression agree, and which differ however alike they look."""

import os
import subprocess
import sys
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pytest
from ibis import _

from assets.engine.expressions import compiled, unbound

ROOT = Path(__file__).resolve().parent.parent
Build = Callable[[ir.Table, ir.Table], ir.Table]


def hashed(build: Build) -> str:
    t = unbound("t", {"id": "BIGINT", "a": "DOUBLE", "b": "DOUBLE", "g": "VARCHAR", "parts": "BIGINT[]"})
    return compiled(build(t, unbound("u", {"id": "BIGINT", "w": "DOUBLE"}))).hash


def twice(column: ir.NumericColumn) -> ir.NumericColumn:
    return column * 2


AGREE: dict[str, list[Build]] = {
    "a column": [
        lambda t, u: t.select(x=t.a + t.b),
        lambda t, u: t.select(x=t["a"] + t["b"]),
        lambda t, u: t.select(x=_.a + _.b),
        lambda t, u: t.select((t.a + t.b).name("x")),
        lambda t, u: t.select(x=t.a.__add__(t.b)),
        lambda t, u: t.mutate(x=t.a + t.b).select("x"),
        lambda t, u: t.mutate(part=t.a).select(x=_.part + _.b),
        lambda t, u: t.mutate(x=t.a + t.b)[["x"]],
        lambda t, u: t.select(y=t.a + t.b).rename(x="y"),
    ],
    "a function called": [
        lambda t, u: t.select(x=twice(t.a)),
        lambda t, u: t.select(x=t.a * 2),
        lambda t, u: t.select(x=t.a.pipe(twice)),
        lambda t, u: t.pipe(lambda table: table.select(x=twice(table.a))),
    ],
    "columns added": [
        lambda t, u: t.mutate(x=t.a + 1, y=t.b + 1),
        lambda t, u: t.mutate(x=t.a + 1).mutate(y=_.b + 1),
        lambda t, u: t.mutate(x=_.a + 1).mutate(y=t.b + 1),
        lambda t, u: t.mutate(x=t.a + 1, gone=t.b).mutate(y=_.gone + 1).drop("gone"),
    ],
    "rows kept": [
        lambda t, u: t.filter(t.a > 0, t.b > 0),
        lambda t, u: t.filter(t.a > 0).filter(t.b > 0),
        lambda t, u: t.filter((t.a > 0) & (t.b > 0)),
        lambda t, u: t.filter([_.b > 0, _.a > 0]),
        lambda t, u: t.filter(t.b > 0).filter(t.a.__gt__(0)),
        lambda t, u: t.filter(ibis.literal(0) < t.a, t.b > 0),
        lambda t, u: t[t.a > 0][_.b > 0],
    ],
    "rows kept, then columns": [
        lambda t, u: t.filter(t.a > 0).select("a", "b"),
        lambda t, u: t.select("a", "b").filter(_.a > 0),
        lambda t, u: t.filter(t.a > 0).drop("id", "g", "parts"),
    ],
    "alternatives": [
        lambda t, u: t.filter((t.a > 0) | (t.b > 0) | (t.id == 1)),
        lambda t, u: t.filter((t.id == 1) | ((t.b > 0) | (t.a > 0))),
    ],
    "values listed": [
        lambda t, u: t.filter(t.g.isin(["x", "y", "z"])),
        lambda t, u: t.filter(t.g.isin(("z", "y", "x"))),
        lambda t, u: t.filter(t.g.isin({"x", "y", "z"})),
    ],
    "a group": [
        lambda t, u: t.group_by("g").agg(s=t.a.sum(), n=t.count()),
        lambda t, u: t.group_by(t.g).aggregate(s=_.a.sum(), n=_.count()),
        lambda t, u: t.aggregate([t.a.sum().name("s"), t.count().name("n")], by="g"),
        lambda t, u: t.select("a", "g").group_by("g").agg(s=_.a.sum(), n=_.count()),
    ],
    "a group of what is computed": [
        lambda t, u: t.group_by("g").agg(s=(t.a - t.b).mean()),
        lambda t, u: t.mutate(d=t.a - t.b).group_by("g").agg(s=_.d.mean()),
        lambda t, u: t.mutate(other=t.a - t.b, more=t.a).group_by("g").agg(s=_.other.mean()),
    ],
    "a group that is large enough": [
        lambda t, u: t.group_by("g").having(_.count() > 1).agg(s=_.a.sum()),
        lambda t, u: t.group_by("g").agg(s=_.a.sum(), n=_.count()).filter(_.n > 1).drop("n"),
        lambda t, u: t.group_by("g").agg(s=_.a.sum(), how_many=_.count()).filter(_.how_many > 1)[["g", "s"]],
    ],
    "the first of each group": [
        lambda t, u: (
            t.mutate(r=ibis.row_number().over(group_by="g", order_by="a")).filter(_.r == 0).drop("r")
        ),
        lambda t, u: (
            t.mutate(place=ibis.row_number().over(ibis.window(group_by=t.g, order_by=t.a)))
            .filter(_.place == 0)
            .select(t.columns)
        ),
        lambda t, u: t.group_by("g").order_by("a").mutate(k=ibis.row_number()).filter(_.k == 0).drop("k"),
    ],
    "a join": [
        lambda t, u: t.join(u, "id"),
        lambda t, u: t.join(u, t.id == u.id),
        lambda t, u: t.inner_join(u, u.id == t.id),
        lambda t, u: t.join(u, [("id", "id")]),
    ],
    "a join of some columns": [
        lambda t, u: t.join(u, "id").select("a", "w"),
        lambda t, u: t.select("id", "a").join(u, "id").select("a", "w"),
        lambda t, u: t.select("a", key="id").join(u.rename(key="id"), "key").select("a", "w"),
    ],
    "a join to itself": [
        lambda t, u: t.filter(t.a > 0).join(t.filter(t.a > 0).view(), "id"),
        lambda t, u: (lambda kept: kept.join(kept.view(), "id"))(t.filter(t.a > 0)),
    ],
    "different rows": [
        lambda t, u: t.select("g").distinct(),
        lambda t, u: t[["g"]].distinct().distinct(),
    ],
    "an order": [
        lambda t, u: t.order_by("a"),
        lambda t, u: t.order_by(t.a.asc()),
        lambda t, u: t.order_by([_.a]),
    ],
    "a case": [
        lambda t, u: t.select(x=(t.a > 0).ifelse("p", "n")),
        lambda t, u: t.select(x=ibis.cases((t.a > 0, "p"), else_="n")),
    ],
    "a union": [lambda t, u: t.union(t), lambda t, u: ibis.union(t, t)],
    "rows made of lists": [lambda t, u: t.unnest("parts"), lambda t, u: t.unnest(t.parts)],
    "the table itself": [
        lambda t, u: t,
        lambda t, u: t.select(t.columns),
        lambda t, u: t.mutate(),
        lambda t, u: t.view(),
    ],
}


@pytest.mark.parametrize("what", AGREE)
def test_spellings_of_one_expression_agree(what: str) -> None:
    assert len({hashed(build) for build in AGREE[what]}) == 1


def test_expressions_that_say_different_things_differ() -> None:
    assert len({hashed(builds[0]) for builds in AGREE.values()}) == len(AGREE)


DIFFER: dict[str, list[Build]] = {
    "constants": [lambda t, u, v=v: t.mutate(x=ibis.literal(v)) for v in (1, 1.0, "1", True, 2, None)],
    "types of constants": [
        lambda t, u, k=k: t.mutate(x=ibis.literal(1, k))
        for k in ("int8", "int64", "float32", "decimal(5, 1)")
    ],
    "constants compared with": [
        lambda t, u: t.filter(t.g == "1"),
        lambda t, u: t.filter(t.g == "1 "),
        lambda t, u: t.filter(t.id == 1),
        lambda t, u: t.filter(t.id == 1.5),
    ],
    "types": [
        lambda t, u, k=k: t.select(x=t.a.cast(k))
        for k in ("int8", "int64", "uint8", "string", "float32", "boolean")
    ],
    "types within": [
        lambda t, u, k=k: t.select(x=t.a.cast(k).cast("string")) for k in ("int8", "int64", "float32")
    ],
    "order": [
        lambda t, u: t.order_by("a"),
        lambda t, u: t.order_by(t.a.desc()),
        lambda t, u: t.order_by(t.a.asc(nulls_first=True)),
        lambda t, u: t.order_by("a", "b"),
        lambda t, u: t.order_by("b", "a"),
        lambda t, u: t,
    ],
    "joins": [
        lambda t, u, how=how: t.join(u, "id", how=how).select("a")
        for how in ("inner", "left", "right", "outer", "semi", "anti", "any_left")
    ],
    "sides of a join": [
        lambda t, u: t.left_join(u, "id").select("a", "w"),
        lambda t, u: u.left_join(t, "id").select("a", "w"),
    ],
    "what is joined by": [
        lambda t, u: t.join(u, t.id == u.id).select("a"),
        lambda t, u: t.join(u, t.a == u.w).select("a"),
        lambda t, u: t.join(u, t.a > u.w).select("a"),
        lambda t, u: t.join(u, t.a >= u.w).select("a"),
        lambda t, u: t.join(u, t.a < u.w).select("a"),
    ],
    "rows once or as often as they are": [
        lambda t, u: t.select("g"),
        lambda t, u: t.select("g").distinct(),
        lambda t, u: t.select("g").union(t.select("g")),
        lambda t, u: t.select("g").union(t.select("g"), distinct=True),
        lambda t, u: t.select("g").intersect(t.select("g")),
        lambda t, u: t.select("g").difference(t.select("g")),
    ],
    "measures": [
        lambda t, u, name=name: t.group_by("g").agg(x=getattr(t.a, name)())
        for name in ("sum", "mean", "min", "max", "count", "nunique", "var", "std", "median")
    ],
    "which rows a measure is about": [
        lambda t, u: t.agg(x=t.a.sum()),
        lambda t, u: t.agg(x=t.a.sum(where=t.b > 0)),
        lambda t, u: t.agg(x=t.a.sum(where=t.b >= 0)),
        lambda t, u: t.filter(t.b > 0).agg(x=_.a.sum()),
    ],
    "conditions": [
        lambda t, u: t.filter((t.a > 0) & (t.b > 0)),
        lambda t, u: t.filter((t.a > 0) | (t.b > 0)),
        lambda t, u: t.filter((t.a > 0) & ((t.b > 0) | (t.id > 0))),
        lambda t, u: t.filter(((t.a > 0) & (t.b > 0)) | (t.id > 0)),
        lambda t, u: t.filter(t.a > t.b),
        lambda t, u: t.filter(t.b > t.a),
        lambda t, u: t.filter(t.a == t.b),
        lambda t, u: t.filter(t.a != t.b),
        lambda t, u: t.filter(t.a > 0),
        lambda t, u: t.filter(~(t.a > 0)),
    ],
    "before and after a window": [
        lambda t, u: t.filter(t.b > 0).mutate(x=_.a.sum().over(group_by="g")),
        lambda t, u: t.mutate(x=t.a.sum().over(group_by="g")).filter(_.b > 0),
    ],
    "windows": [
        lambda t, u: t.select(x=t.a.sum().over(group_by="g")),
        lambda t, u: t.select(x=t.a.sum().over(order_by="g")),
        lambda t, u: t.select(x=t.a.sum().over(group_by="g", order_by="b")),
        lambda t, u: t.select(x=t.a.sum().over(ibis.window(preceding=1, following=0, order_by="g"))),
        lambda t, u: t.select(x=t.a.sum().over(ibis.window(preceding=2, following=0, order_by="g"))),
        lambda t, u: t.select(x=t.a.lag().over(order_by="g")),
        lambda t, u: t.select(x=t.a.lead().over(order_by="g")),
    ],
    "which of two computed columns": [
        lambda t, u: t.mutate(x=t.a.sum().over(group_by="g"), y=t.b.sum().over(group_by="g")).select(
            z=_.x * 2
        ),
        lambda t, u: t.mutate(x=t.a.sum().over(group_by="g"), y=t.b.sum().over(group_by="g")).select(
            z=_.y * 2
        ),
        lambda t, u: t.mutate(y=t.a.sum().over(group_by="g"), x=t.b.sum().over(group_by="g")).select(
            z=_.x - _.y
        ),
        lambda t, u: t.mutate(x=t.a.sum().over(group_by="g"), y=t.b.sum().over(group_by="g")).select(
            z=_.x - _.y
        ),
    ],
    "names that are shown": [
        lambda t, u: t.select(x="a", y="b"),
        lambda t, u: t.select(y="a", x="b"),
        lambda t, u: t.select(y="b", x="a"),
        lambda t, u: t.group_by(y="g").agg(x=_.a.sum()),
        lambda t, u: t.group_by(y="g").agg(z=_.a.sum()),
    ],
    "how many": [
        lambda t, u, n=n, o=o: t.order_by("id").limit(n, offset=o) for n, o in ((1, 0), (2, 0), (1, 1))
    ],
    "upstream tables": [lambda t, u: t.select("id"), lambda t, u: u.select("id")],
    "numbers drawn for each row or anew for each measure": [
        lambda t, u: t.mutate(r=ibis.random()).agg(x=_.r.sum(), y=_.r.max()),
        lambda t, u: t.mutate(r=ibis.random(), q=ibis.random()).agg(x=_.r.sum(), y=_.q.max()),
    ],
}


@pytest.mark.parametrize("what", DIFFER)
def test_expressions_that_look_alike_differ(what: str) -> None:
    hashes = [hashed(build) for build in DIFFER[what]]
    same = [pair for pair in combinations(range(len(hashes)), 2) if len({hashes[i] for i in pair}) == 1]
    assert not same, f"the same hash: {same}"


def test_names_that_ibis_draws_at_random_and_sets_do_not_show() -> None:
    code = (
        "from tests.test_expressions_spelling import AGREE, hashed\n"
        "print([hashed(build) for builds in AGREE.values() for build in builds])"
    )
    told = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "12345"}
    said = subprocess.run([sys.executable, "-c", code], env=told, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == str([hashed(build) for builds in AGREE.values() for build in builds])


def test_the_sql_that_runs_is_as_it_was_written_and_the_same_each_time() -> None:
    t = unbound("t", {"s": "VARCHAR", "parts": "BIGINT[]"})
    guarded = t.filter(t.s.re_search("^[0-9]+$")).filter(_.s.cast("int64") > 5)
    sql = compiled(guarded).sql
    assert sql.index("REGEXP") < sql.index("CAST")
    assert compiled(t.unnest("parts")).sql == compiled(t.unnest("parts")).sql
