"""A project whose one table is loaded from a source lot by lot, by a function that yields; every load is logged."""

import json
from collections import Counter

from tests.project_folders import HEADER, MODULE, Folder

PROJECT = """
import json
import time
from collections.abc import Iterator

@observable_source_asset
def lots():
    \"\"\"Lots of measurements: name -> numbers.\"\"\"
    lots = json.loads(Path("lots.json").read_text())
    partitions = {name: hashlib.sha256(repr(values).encode()).hexdigest() for name, values in lots.items()}
    return Observation(hashlib.sha256(repr(sorted(partitions.items())).encode()).hexdigest(), lots, partitions)

def as_table(lots, names):
    with Path("loaded").open("a") as log:
        log.writelines(name + "\\n" for name in names)
    rows = [(lot, place, float(v), [[v / 3]] * v) for lot in names for place, v in enumerate(lots[lot])]
    columns = [list(column) for column in zip(*rows)] or [[], [], [], []]
    kinds = {"lot": pa.string(), "place": pa.int64(), "v": pa.float64(), "nested": pa.list_(pa.list_(pa.float64()))}
    return pa.table(columns, schema=pa.schema(kinds))

def trouble(names):
    pass

@asset(partitions_def="lots", primary_key=["lot", "place"])
def items(lots, partition_keys) -> Iterator[pa.Table]:
    \"\"\"One number of one lot.\"\"\"
    if not partition_keys:
        yield as_table(lots, [])
    for start in range(0, len(partition_keys), 2):
        names = partition_keys[start : start + 2]
        trouble(names)
        yield as_table(lots, names)

@asset(partitions_def="lots", primary_key="lot")
"""
TOTALS = """\
def totals(items: ir.Table) -> ir.Table:
    return items.group_by("lot").agg(total=items.v.sum())
"""
PROJECT += TOTALS


class LoadingFolder(Folder):
    """A folder of that project; `lots` are what its source holds."""

    def lots(self, lots: dict[str, list[int]]) -> None:
        """Write what the source holds, at once."""
        aside = self.path / "lots.tmp"
        aside.write_text(json.dumps(lots))
        aside.replace(self.path / "lots.json")

    def loaded(self) -> Counter[str]:
        """How often each lot was loaded since last time."""
        file = self.path / "loaded"
        names = Counter(file.read_text().split()) if file.exists() else Counter()
        file.unlink(missing_ok=True)
        return names

    def trouble(self, code: str) -> None:
        """Let something happen before a part is loaded; `names` are its lots."""
        self.write(PROJECT.replace("    pass\n", f"    {code}\n"))

    def parts(self) -> int:
        """How many parts are kept of the table."""
        return len(list((self.path / ".assets/parts/items").glob("*.parquet")))

    def holds(self, lots: dict[str, list[int]]) -> None:
        """Check the tables against plain Python, the order of their rows included."""
        found = self.sql("SELECT lot, place, v FROM items")
        assert found == [(lot, n, float(v)) for lot in sorted(lots) for n, v in enumerate(lots[lot])]
        totals = self.sql("FROM totals")
        assert totals == [(lot, float(sum(lots[lot]))) for lot in sorted(lots) if lots[lot]]


WITHOUT_IBIS = "".join(
    line for line in HEADER.splitlines(keepends=True) if not line.startswith(("import ibis", "import pandas"))
)
ARROW_TOTALS = """\
def totals(items: pa.Table) -> pa.Table:
    return items.group_by("lot", use_threads=False).aggregate([("v", "sum")]).rename_columns(["lot", "total"])
"""


class ArrowFolder(LoadingFolder):
    """The same without ibis and pandas: for tests of processes, which start in a third of the time."""

    def write(self, text: str, name: str = f"{MODULE}.py", *, header: str = WITHOUT_IBIS) -> None:
        """Write a module of the project."""
        super().write(text.replace(TOTALS, ARROW_TOTALS), name, header=header)


def some_lots(count: int) -> dict[str, list[int]]:
    """Return so many lots of one to three numbers."""
    return {
        f"lot{number:04}": [1 + (number + n) % 7 for n in range(1 + number % 3)] for number in range(count)
    }
