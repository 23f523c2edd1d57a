"""An expression's hash: what it says, not how it was written, and the same in every process."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
import pytest

from assets.engine.errors import UserError
from assets.engine.expressions import compiled, unbound

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = {"id": "BIGINT", "g": "VARCHAR", "v": "DOUBLE", "parts": "DOUBLE[]"}


def table() -> ir.Table:
    return unbound("measured", SCHEMA)


def hashed(build: Callable[[ir.Table], ir.Table]) -> str:
    return compiled(build(table())).hash


def positive(t: ir.Table) -> ir.Table:
    return t.filter(t.v > 0)


BASE: dict[str, Callable[[ir.Table], ir.Table]] = {
    "filter": lambda t: t.filter((t.v > 0) & (t.id < 5)),
    "select": lambda t: t.select("id", w=t.v * 2),
    "aggregate": lambda t: t.group_by("g").agg(total=t.v.sum()),
    "join": lambda t: t.join(ibis.memtable({"g": ["a", "b"], "weight": [1.0, 2.0]}), "g"),
    "window": lambda t: t.mutate(n=ibis.row_number().over(group_by=t.g, order_by=t.id)),
    "builtin": lambda t: t.mutate(w=gamma_ln(t.v)),
}

SAME: list[tuple[str, Callable[[ir.Table], ir.Table]]] = [
    ("filter", lambda t: t.filter(t.v > 0).filter(t.id < 5)),
    ("filter", lambda t: t.filter(t.v > 0, t.id < 5)),
    ("filter", lambda t: t.filter(ibis._.v > 0, t["id"] < 5)),
    ("filter", lambda t: positive(t).filter(ibis._.id < 5)),
    ("select", lambda t: t[["id", "v"]].mutate(w=ibis._.v * 2).drop("v")),
    ("select", lambda t: t.select(t.id, (t.v * 2).name("w"))),
    ("aggregate", lambda t: t.aggregate([t.v.sum().name("total")], by=["g"])),
    ("join", lambda t: t.join(ibis.memtable(pd.DataFrame({"g": ["b", "a"], "weight": [2.0, 1.0]})), "g")),
    ("join", lambda t: t.join(ibis.memtable(pa.table({"g": ["a", "b"], "weight": [1.0, 2.0]})), "g")),
]

OTHER: list[tuple[str, Callable[[ir.Table], ir.Table]]] = [
    ("filter", lambda t: t.filter(t.v >= 0, t.id < 5)),
    ("filter", lambda t: t.filter(t.v > 0, t.id < 6)),
    ("select", lambda t: t.select("id", w=t.v * 2.5)),
    ("select", lambda t: t.select("id", x=t.v * 2)),
    ("select", lambda t: t.select(w=t.v * 2, id=t.id)),
    ("select", lambda t: t.select("id", w=(t.v * 2).cast("float32"))),
    ("aggregate", lambda t: t.group_by("g").agg(total=t.v.mean())),
    ("join", lambda t: t.join(ibis.memtable({"g": ["a", "b"], "weight": [1.0, 3.0]}), "g")),
    ("join", lambda t: t.join(ibis.memtable({"g": ["a", "b"], "weight": [2.0, 1.0]}), "g")),
    ("join", lambda t: t.join(ibis.memtable({"g": ["a", "b", "b"], "weight": [1.0, 2.0, 2.0]}), "g")),
    ("join", lambda t: t.left_join(ibis.memtable({"g": ["a", "b"], "weight": [1.0, 2.0]}), "g")),
    ("window", lambda t: t.mutate(n=ibis.row_number().over(group_by=t.g, order_by=t.id.desc()))),
]


@ibis.udf.scalar.builtin(name="lgamma")
def gamma_ln(x: float) -> float: ...


@pytest.mark.parametrize(("name", "other"), SAME)
def test_two_spellings_of_one_expression_agree(name: str, other: Callable[[ir.Table], ir.Table]) -> None:
    assert hashed(other) == hashed(BASE[name])


@pytest.mark.parametrize(("name", "other"), OTHER)
def test_another_expression_has_another_hash(name: str, other: Callable[[ir.Table], ir.Table]) -> None:
    assert hashed(other) != hashed(BASE[name])


def test_expressions_do_not_fall_together() -> None:
    assert len({hashed(build) for build in BASE.values()}) == len(BASE)


def test_another_type_of_an_input_that_shows_in_the_output_counts() -> None:
    narrow = unbound("measured", {**SCHEMA, "id": "INTEGER"})
    assert compiled(narrow).hash != compiled(table()).hash


def test_the_sql_runs_with_its_in_memory_tables() -> None:
    import duckdb

    ready = compiled(BASE["join"](table()))
    assert len(ready.memtables) == 1
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE measured AS SELECT 1 AS id, 'b' AS g, 0.5 AS v, [1.0] AS parts")
        for name, data in ready.memtables.items():
            connection.register(name, data)
        assert connection.execute(ready.sql).fetchall() == [(1, "b", 0.5, [1.0], 2.0)]


def test_a_memtable_used_twice_is_one_and_two_different_ones_are_two() -> None:
    one, other = ibis.memtable({"a": [1]}), ibis.memtable({"a": [2]})
    assert len(compiled(one.union(one)).memtables) == 1
    assert len(compiled(one.union(other)).memtables) == 2
    assert compiled(one.union(other)).hash != compiled(other.union(one)).hash


def test_a_table_that_is_no_input_is_refused_since_nobody_would_notice_its_changes(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id\n1\n")
    with pytest.raises(UserError, match="no input of it"):
        hashed(lambda t: t.semi_join(ibis.read_csv(tmp_path / "a.csv"), "id"))


@pytest.mark.parametrize(
    "wrong", [lambda t: t.v, lambda t: t.v.sum(), lambda t: None, lambda t: pd.DataFrame()]
)
def test_what_is_no_table_expression_is_refused(wrong: Callable[[ir.Table], ir.Table]) -> None:
    with pytest.raises(UserError, match=r"returns ir\.Table, and returns a"):
        hashed(wrong)


def test_another_process_with_another_hash_seed_finds_the_same_hash() -> None:
    code = (
        "from tests.test_expressions import BASE, hashed\n"
        "print([hashed(build) for build in (*reversed(BASE.values()),)][::-1])"
    )
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "12345"}
    said = subprocess.run(
        [sys.executable, "-c", code], env=surroundings, capture_output=True, text=True, check=True
    ).stdout
    assert said.strip() == str([hashed(build) for build in BASE.values()])
