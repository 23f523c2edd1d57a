"""The data version of a table: what is its content, and what is not."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.table_versions import COLUMNS, INF, NAN, column, tables, version


def meant(value: Any) -> Any:
    """Spell a cell so that equal spellings mean equal content: NaN is itself, and -0.0 is 0.0."""
    if isinstance(value, list | tuple):
        return "list", tuple(meant(item) for item in value)
    if isinstance(value, dict):
        return "struct", tuple((name, meant(item)) for name, item in value.items())
    if isinstance(value, float):
        return "float", "nan" if value != value else value + 0.0
    return type(value).__name__, value


def rows_of(table: pa.Table) -> list[str]:
    return sorted(repr([meant(value) for value in row.values()]) for row in table.to_pylist())


@settings(max_examples=40, deadline=None)
@given(tables(), st.randoms(), st.integers(1, 4))
def test_neither_the_order_of_rows_nor_their_batches_matter(table: pa.Table, random: Any, batch: int) -> None:
    order = list(range(table.num_rows))
    random.shuffle(order)
    assert version(table.take(pa.array(order, pa.int64())), batch) == version(table)


@settings(max_examples=40, deadline=None)
@given(tables(), st.data())
def test_two_tables_of_one_schema_share_a_version_only_if_they_hold_the_same_rows(
    table: pa.Table, data: st.DataObject
) -> None:
    picked = data.draw(
        st.lists(st.integers(0, max(table.num_rows - 1, 0)), max_size=7 if table.num_rows else 0)
    )
    other = table.take(pa.array(picked, pa.int64()))
    assert (version(table) == version(other)) == (rows_of(table) == rows_of(other))


@settings(max_examples=40, deadline=None)
@given(COLUMNS.flatmap(lambda c: st.tuples(st.just(c[0]), c[1], c[1])))
def test_one_changed_cell_changes_the_version(case: tuple[pa.DataType, Any, Any]) -> None:
    kind, one, other = case
    same = rows_of(pa.table({"x": pa.array([one], kind)})) == rows_of(
        pa.table({"x": pa.array([other], kind)})
    )
    assert (column([one, one], kind) == column([other, one], kind)) == same


@settings(max_examples=40, deadline=None)
@given(COLUMNS.flatmap(lambda c: st.tuples(st.just(c[0]), c[1], c[1])))
def test_cells_swapped_between_columns_or_rows_change_the_version(case: tuple[pa.DataType, Any, Any]) -> None:
    kind, a, b = case
    same = rows_of(pa.table({"x": pa.array([a], kind)})) == rows_of(pa.table({"x": pa.array([b], kind)}))

    def square(x: list[Any], y: list[Any]) -> str:
        return version(pa.table({"x": pa.array(x, kind), "y": pa.array(y, kind)}))

    assert (square([a], [b]) == square([b], [a])) == same
    assert (square([a, b], [a, b]) == square([a, b], [b, a])) == same


def test_duplicates_count() -> None:
    """Sums of `bit_xor` alone are blind to values that occur an even number of times."""
    versions = {column(values) for values in ([], [1], [1, 1], [1, 1, 1], [1, 1, 1, 1], [2, 2], [1, 1, 2, 2])}
    assert len(versions) == 7


def test_many_rows_far_apart_do_not_cancel_out() -> None:
    whole = np.arange(100_000)
    table = pa.table({"x": whole, "y": whole % 7})
    versions = {version(table), version(pa.table({"x": whole, "y": (whole + 1) % 7}))}
    versions |= {version(table.slice(1)), version(pa.concat_tables([table.slice(1), table.slice(1, 1)]))}
    assert len(versions) == 4


STEPS = st.integers(1, 2**20) | st.integers(0, 40).map(lambda n: 2**n)


@settings(max_examples=40, deadline=None)
@given(st.integers(-(2**40), 2**40), STEPS, STEPS, st.sampled_from([pa.int64(), pa.float64()]))
def test_rows_that_differ_by_equal_steps_do_not_cancel_out(
    start: int, step: int, other: int, kind: pa.DataType
) -> None:
    """A sum of hashes that are linear in the value would take these for one another."""
    assert column([start, start + step + other], kind) != column([start + step, start + other], kind)
    run = [start + n * step for n in range(4)]
    assert column([run[0], *[run[2]] * 3], kind) != column([*[run[1]] * 3, run[3]], kind)
    assert column([[run[0], run[2]]], pa.list_(kind)) != column([[run[1], run[1]]], pa.list_(kind))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=2, max_size=8), st.data())
def test_a_value_moved_to_another_row_or_column_changes_the_version(
    values: list[int], data: st.DataObject
) -> None:
    """The columns hold the same values as before, and so may the rows: only their pairing differs."""
    places = st.integers(0, len(values) - 1)
    here, there = data.draw(places), data.draw(places)
    keys = list(range(len(values)))
    moved = [*values]
    moved[here], moved[there] = moved[there], moved[here]
    one, other = pa.table({"k": keys, "v": values}), pa.table({"k": keys, "v": moved})
    assert (version(one) == version(other)) == (values == moved)
    assert (version(one) == version(one.select(["v", "k"]).rename_columns(["k", "v"]))) == (
        sorted(zip(keys, values, strict=True)) == sorted(zip(values, keys, strict=True))
    )


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([None, NAN, 0.0, 1.0, INF, -INF], pa.float64()),
        ([None, NAN, 0.0, 1.0, INF, -INF], pa.float32()),
        ([1.0, np.nextafter(1.0, 2), np.nextafter(1.0, 0)], pa.float64()),
        ([0.0, 5e-324], pa.float64()),
        ([None, 0, 1, -1, 2**63 - 1, -(2**63), 2**53, 2**53 + 1], pa.int64()),
        ([None, 0, 1, 2**63, 2**64 - 1], pa.uint64()),
        ([None, True, False], pa.bool_()),
        (["", None, "NULL", "None", "null", " ", "a", "A"], pa.string()),
        (["\u00e9", "e\u0301"], pa.string()),
        ([b"", None, b"\x00", b"\x00\x00"], pa.binary()),
        ([None, date(1970, 1, 1), date(1969, 12, 31)], pa.date32()),
        ([None, datetime(1970, 1, 1), datetime(1970, 1, 1, 0, 0, 0, 1)], pa.timestamp("us")),
        ([None, Decimal("0.00"), Decimal("0.01"), Decimal(10**35)], pa.decimal128(38, 2)),
        ([None, [], [None], [None, None], [""], [None, ""], ["", None]], pa.list_(pa.string())),
        (
            [None, [], [[]], [None], [[None]], [[], []], [[1]], [[1], []], [[], [1]]],
            pa.list_(pa.list_(pa.int64())),
        ),
        ([[1, 2], [2, 1], [1, 1, 2], [1, 2, 2], [3], [1], [2]], pa.list_(pa.int64())),
        ([[0.0], [NAN], [None], [0.0, 0.0]], pa.list_(pa.float64())),
        ([None, {"a": None}, {"a": 0}], pa.struct([("a", pa.int64())])),
        (
            [None, [], [("a", 1)], [("a", None)], [("b", 1)], [("a", 1), ("b", 1)]],
            pa.map_(pa.string(), pa.int64()),
        ),
        ([None, [], [None], [{"a": None}], [{"a": 0}]], pa.list_(pa.struct([("a", pa.int64())]))),
    ],
    ids=lambda v: str(v) if isinstance(v, pa.DataType) else None,
)
def test_values_that_differ_have_different_versions(values: list[Any], kind: pa.DataType) -> None:
    assert len({column([value], kind) for value in values}) == len(values)


@pytest.mark.parametrize("kind", [pa.float32(), pa.float64()], ids=str)
def test_zero_has_no_sign_and_every_nan_is_the_same(kind: pa.DataType) -> None:
    assert column([0.0], kind) == column([-0.0], kind)
    assert column([[0.0]], pa.list_(kind)) == column([[-0.0]], pa.list_(kind))
    bits = np.array([NAN, NAN]).view(np.uint64) | np.array([1, 1 << 63], np.uint64)
    assert column(list(bits.view(np.float64)), kind) == column([NAN, NAN], kind)


def test_a_null_hides_whatever_lies_beneath_it() -> None:
    mask = np.array([False, True])
    assert version(pa.table({"x": pa.array([1.0, 2.0], mask=mask)})) == column([1.0, None])
    lists = pa.ListArray.from_arrays(pa.array([0, 1, 3]), pa.array([1, 2, 3]), mask=pa.array([False, True]))
    assert version(pa.table({"x": lists})) == column([[1], None])
    structs = pa.StructArray.from_arrays([pa.array([1, 2])], ["a"], mask=pa.array([False, True]))
    assert version(pa.table({"x": structs})) == column([{"a": 1}, None])


def test_names_order_and_types_of_columns_count() -> None:
    a, b = pa.array([1, 2]), pa.array([1, 2])
    tables = [
        pa.table({"a": a, "b": b}),
        pa.table({"b": b, "a": a}),
        pa.table({"a": a, "c": b}),
        pa.table({"a": a}),
        pa.table({"a": a.cast(pa.int32()), "b": b}),
        pa.table({"a": a.cast(pa.float64()), "b": b}),
        pa.table({"a": a.cast(pa.string()), "b": b}),
    ]
    assert len({version(table) for table in tables}) == len(tables)


def test_an_empty_table_still_has_a_schema() -> None:
    empty = pa.table({"a": pa.array([], pa.int64())})
    assert version(empty) != version(pa.table({"a": pa.array([1])}))
    assert version(empty) != version(pa.table({"a": pa.array([], pa.string())}))
    assert version(empty) != version(pa.table({"b": pa.array([], pa.int64())}))
