"""Tables made from partitioned tables are recomputed only in the partitions that changed, and are right as a whole."""

import json
import shutil
from pathlib import Path

import pytest

from tests.project_folders import Folder

PROJECT = """
import json

@observable_source_asset
def lots():
    lots = json.loads(Path("lots.json").read_text())
    partitions = {name: hashlib.sha256(repr(values).encode()).hexdigest() for name, values in lots.items()}
    return Observation(repr(sorted(partitions.items())), lots, partitions)

@observable_source_asset
def factor():
    return Observation(Path("factor").read_text(), int(Path("factor").read_text()))

def seen(step, lots):
    with Path("seen").open("a") as log:
        log.write(" ".join([step, *sorted(set(lots))]) + "\\n")

@asset(partitions_def="lots", primary_key=["lot", "place"])
def items(lots, partition_keys) -> pa.Table:
    seen("items", partition_keys)
    rows = [(lot, place, abs(v)) for lot in partition_keys for place, v in enumerate(lots[lot])]
    columns = [list(column) for column in zip(*rows)] or [[], [], []]
    return pa.table(columns, schema=pa.schema({"lot": pa.string(), "place": pa.int64(), "v": pa.int64()}))

@asset(partitions_def="lots", primary_key="lot")
def expressed(items: ir.Table) -> ir.Table:
    return items.group_by("lot").agg(n=items.count(), top=items.v.max())

@asset(partitions_def="lots", primary_key=["lot", "place"])
def arrow(items: pa.Table) -> pa.Table:
    seen("arrow", items["lot"].to_pylist())
    return items

@asset(partitions_def="lots", primary_key=["lot", "place"])
def framed(items: pd.DataFrame) -> pd.DataFrame:
    seen("framed", items["lot"])
    return items.assign(v=items.v * 10)

@asset(partitions_def="lots", primary_key=["lot", "place"])
def related(items: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    seen("related", [lot for lot, in items.select("lot").fetchall()])
    return items.filter("v > 1")

@asset(partitions_def="lots", primary_key="lot")
def queried(items: ir.Table, tables: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    seen("queried", items.lot.execute())
    return tables.sql("SELECT lot, sum(v)::BIGINT AS total FROM items GROUP BY lot")

@asset(primary_key="lot")
def names(lots) -> pa.Table:
    return pa.table({"lot": pa.array(sorted(lots), pa.string()), "called": [f"<{lot}>" for lot in sorted(lots)]})

@asset(partitions_def="lots", primary_key=["lot", "place"])
def joined(arrow: pa.Table, names: ir.Table, expressed: pd.DataFrame) -> pd.DataFrame:
    seen("joined", arrow["lot"].to_pylist())
    named = names.execute()
    assert set(named.lot) >= set(expressed.lot)
    return arrow.to_pandas().merge(named, on="lot").merge(expressed, on="lot")

@asset
def scale(factor) -> pa.Table:
    return pa.table({"by": [factor]})

@asset(partitions_def="lots", primary_key=["lot", "place"])
def scaled(items: pa.Table, scale: pa.Table) -> pa.Table:
    seen("scaled", items["lot"].to_pylist())
    return items.append_column("by", pa.array(scale["by"].to_pylist() * items.num_rows, pa.int64()))

@asset
def total(expressed: ir.Table) -> ir.Table:
    return expressed.aggregate(n=expressed.n.sum().cast("int64"), top=expressed.top.max())
"""
LOTS = {"a": [1, 2], "b": [3], "c": [4, 5, 6], "e": []}
NOTING = ("items", "arrow", "framed", "related", "queried", "joined", "scaled")


class Lots(Folder):
    def lots(self, lots: dict[str, list[int]]) -> None:
        (self.path / "lots.json").write_text(json.dumps(lots))

    def seen(self) -> dict[str, str]:
        """Which lots each function saw since last time."""
        file = self.path / "seen"
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        assert len(lines) == len({line.split()[0] for line in lines}), "something ran twice"
        return {line.split()[0]: line.partition(" ")[2] for line in lines}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Lots:
    made = Lots(tmp_path_factory.mktemp("original"))
    made.write(PROJECT)
    made.lots(LOTS)
    (made.path / "factor").write_text("2")
    assert set(made.build().values()) == {"built"}
    everything = dict.fromkeys(NOTING, "a b c")
    assert made.seen() == {**everything, "items": "a b c e"}
    return made


@pytest.fixture
def folder(original: Lots, tmp_path: Path) -> Lots:
    return original.copy(tmp_path)  # type: ignore[return-value]


def holds(folder: Lots, lots: dict[str, list[int]], by: int = 2) -> None:
    """Check every table against plain Python."""
    items = [(lot, n, abs(v)) for lot, values in sorted(lots.items()) for n, v in enumerate(values)]
    full = {lot: [abs(v) for v in values] for lot, values in sorted(lots.items()) if values}
    assert folder.rows("items") == folder.rows("arrow") == items
    assert folder.rows("expressed") == [(lot, len(vs), max(vs)) for lot, vs in full.items()]
    assert folder.rows("framed") == [(lot, n, v * 10) for lot, n, v in items]
    assert folder.rows("related") == [row for row in items if row[2] > 1]
    assert folder.rows("queried") == [(lot, sum(vs)) for lot, vs in full.items()]
    assert folder.rows("joined") == [(*r, f"<{r[0]}>", len(full[r[0]]), max(full[r[0]])) for r in items]
    assert folder.rows("scaled") == [(*row, by) for row in items]
    assert folder.rows("total") == [(len(items), max((v for *_, v in items), default=None))]


STEPS: dict[str, tuple[dict[str, list[int]], str, str]] = {
    "a lot added": ({**LOTS, "d": [7]}, "d", "d"),
    "a lot changed": ({**LOTS, "d": [7], "b": [8, 9]}, "b", "b"),
    "a lot shortened": ({**LOTS, "d": [7], "b": [8, 9], "c": [4]}, "c", "c"),
    "a lot gone": ({**LOTS, "b": [8, 9], "c": [4]}, "", ""),
    "a lot renamed": ({"a": [1, 2], "B": [8, 9], "c": [4], "e": []}, "B", "B"),
    "a lot emptied": ({"a": [], "B": [8, 9], "c": [4], "e": []}, "a", ""),
    "an empty lot filled": ({"a": [], "B": [8, 9], "c": [4], "e": [1]}, "e", "e"),
    "several at once": ({"a": [], "b": [0], "d": [3], "e": [2]}, "b d e", "b d e"),
}
"""Lots after each step, which of them are loaded anew, and which are recomputed all the way down."""


def test_only_what_changed_is_recomputed_all_the_way_down(folder: Lots) -> None:
    for what, (lots, loaded, recomputed) in STEPS.items():
        folder.lots(lots)
        outcomes = folder.build()
        expected = dict.fromkeys(NOTING, recomputed) if recomputed else {}
        if what == "a lot emptied":  # it has a name still
            expected["joined"] = ""
        assert folder.seen() == ({**expected, "items": loaded} if loaded else expected), what
        assert set(outcomes.values()) <= {"built", "unchanged", "skipped"} and outcomes["scale"] == "skipped"
        holds(folder, lots)
    assert folder.ran() == set() and set(folder.states().values()) == {"fresh"}
    incremental = folder.versions()
    folder.database.unlink()
    shutil.rmtree(folder.path / ".assets")
    folder.build()
    assert folder.versions() == incremental


def test_without_any_lot_left_all_are_empty(folder: Lots) -> None:
    folder.lots({})
    folder.build()
    assert folder.rows("items") == folder.rows("joined") == folder.rows("expressed") == []
    folder.seen()
    folder.lots({"a": [1]})
    folder.build()
    assert set(folder.seen().values()) == {"a"}
    holds(folder, {"a": [1]})


def test_an_input_that_all_partitions_read_recomputes_them_all(folder: Lots) -> None:
    (folder.path / "factor").write_text("3")
    folder.lots({**LOTS, "b": [4]})
    folder.build()
    assert folder.seen() == {**dict.fromkeys(NOTING, "b"), "scaled": "a b c"}
    holds(folder, {**LOTS, "b": [4]}, by=3)


def test_a_table_that_is_no_partitioned_one_is_read_by_partition_if_its_key_begins_alike(
    folder: Lots,
) -> None:
    folder.edit(
        '[f"<{lot}>" for lot in sorted(lots)]', '[f"<{lot}>" * (1 + (lot == "b")) for lot in sorted(lots)]'
    )
    assert folder.build() == dict.fromkeys(folder.states(), "skipped") | {
        "names": "built", "joined": "built"
    }  # fmt: skip
    assert folder.seen() == {"joined": "b"}
    assert [row[3] for row in folder.rows("joined")] == ["<a>", "<a>", "<b><b>", "<c>", "<c>", "<c>"]


def test_code_recomputes_every_partition_and_wakes_below_only_those_that_differ(folder: Lots) -> None:
    folder.edit("place, abs(v))", "place, abs(v) if lot != 'c' else v + 1)")
    folder.build()
    assert folder.seen() == {**dict.fromkeys(NOTING, "c"), "items": "a b c e"}
    folder.edit("    return items\n", "    return items.slice(0)\n")
    folder.build()
    assert folder.seen() == {"arrow": "a b c"}


def test_a_partition_that_comes_out_the_same_wakes_nobody(folder: Lots) -> None:
    folder.lots({**LOTS, "b": [-3]})
    outcomes = folder.build()
    assert outcomes.pop("items") == "unchanged" and set(outcomes.values()) == {"skipped", "unchanged"}
    assert folder.seen() == {"items": "b"}
    folder.lots({**LOTS, "b": [-3], "c": [-4, 5, 7]})
    folder.build()
    assert folder.seen() == dict.fromkeys(NOTING, "c")


@pytest.mark.parametrize("key", ["expressed", "arrow", "related", "joined"])
def test_what_was_tampered_with_is_computed_whole(folder: Lots, key: str) -> None:
    shutil.rmtree(folder.path / ".assets" / "cache")
    folder.sql(f"DELETE FROM {key} WHERE lot = 'c'")
    folder.lots({**LOTS, "b": [8]})
    folder.build()
    seen = folder.seen()
    assert key not in NOTING or seen.pop(key) == "a b c"
    assert set(seen.values()) == {"b"}
    holds(folder, {**LOTS, "b": [8]})


WRONG = {
    "a row of a partition that stands": ("arrow", "    return items\n", "    return items.set_column(0, 'lot', pa.array(['a'] * items.num_rows, pa.string())).set_column(1, 'place', pa.array(range(items.num_rows), pa.int64()))\n", "is 'a'"),
    "a row of no partition": ("framed", "    return items.assign(v=items.v * 10)\n", "    return items.assign(v=items.v * 10, lot='z')\n", "is 'z'"),
    "a null": ("related", '    return items.filter("v > 1")\n', "    return items.select(\"NULLIF(lot, 'b') AS lot, place, v\")\n", "is NULL"),
    "an expression's row of another": ("expressed", "items.group_by(\"lot\").agg(", "items.group_by(lot=ibis.literal('a')).agg(", "is 'a'"),
    "a column that is not there": ("queried", "SELECT lot, sum", "SELECT lot AS l, sum", "must begin with the column"),
}  # fmt: skip


def test_rows_that_belong_to_no_partition_asked_for_are_refused(folder: Lots) -> None:
    for _, old, new, _ in WRONG.values():
        folder.edit(old, new)
    said = folder.failures()
    assert said.keys() == {"framed", "queried", "related"}, (
        "all partitions are asked for, so `a` is no stranger yet"
    )
    folder.lots({**LOTS, "b": [8]})
    said = folder.failures()
    for key, _, _, says in WRONG.values():
        assert f"`{key}`" in said[key] and says in said[key] and "partition" in said[key], said[key]
    assert folder.rows("arrow") == sorted((lot, n, v) for lot, vs in LOTS.items() for n, v in enumerate(vs))
