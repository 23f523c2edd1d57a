"""A small study, and everything that may happen to it that one could see in Dagster."""

from collections.abc import Callable
from pathlib import Path

from tests.project_folders import Folder

STUDY = '''
import helpers
from assets.engine import Lineage


class Settings:
    limit = 25

SETTINGS = Settings()


@observable_source_asset
def raw():
    """Whole numbers, one a line."""
    path = Path("raw.txt")
    if not path.exists():
        return Absent("raw.txt is not there")
    return Observation(hashlib.sha256(path.read_bytes()).hexdigest(), value=path.read_text().split())


@asset(primary_key="id", ranges={"v": (0, 1000)})
def measured(raw) -> pa.Table:
    """One measurement."""
    values = [helpers.scaled(int(text)) for text in raw]  # a comment
    notes = ["note"] * len(values)
    return pa.table({"id": pa.array(range(len(values)), pa.int64()), "v": pa.array(values, pa.int64()), "note": notes})


@asset(primary_key="odd")
def by_parity(measured: ir.Table) -> ir.Table:
    """One parity."""
    odd = (measured.v % 2).name("odd")
    return measured.group_by(odd).agg(n=measured.count(), total=measured.v.sum().cast("int64"))


@asset(view=True)
def shown(measured: ir.Table) -> ir.Table:
    """One measurement, twice."""
    return measured.select("id", double=measured.v * 2)


@asset
def small(measured: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """One small measurement."""
    return measured[measured.v < settings.limit][["v"]]


@asset
def summary(by_parity: pa.Table, shown: pa.Table) -> pa.Table:
    """One line."""
    return pa.table({"n": [by_parity.num_rows + shown.num_rows]})


@asset(path="out/report.txt")
def report(summary: pa.Table, output) -> Path:
    """What came out."""
    output.write_text(f"lines: {summary['n'][0]}")
    return output


@asset(path="out/all.txt", deps=["report"])
def told(lineage: Lineage, output) -> Path:
    """Which assets there are."""
    output.write_text(" ".join(key for key in lineage.entries))
    return output
'''


def build(path: Path) -> Folder:
    """Write the study in a folder and build it by ourselves."""
    folder = Folder(path)
    folder.write(STUDY)
    folder.write("def scaled(value):\n    return value * FACTOR\n\n\nFACTOR = 2\n", "helpers.py")
    (folder.path / "raw.txt").write_text("1 2 3 4")
    folder.ran()
    return folder


def raw(text: str) -> Callable[[Folder], None]:
    return lambda folder: (folder.path / "raw.txt").write_text(text) and None


def edit(old: str, new: str, name: str = "my_assets.py") -> Callable[[Folder], None]:
    return lambda folder: folder.edit(old, new, name)


def sql(statement: str) -> Callable[[Folder], None]:
    return lambda folder: folder.sql(statement) and None


def gone(name: str) -> Callable[[Folder], None]:
    return lambda folder: (folder.path / name).unlink()


def forced(folder: Folder) -> None:
    folder.build("measured", force=True)


def seen_by_column(folder: Folder) -> None:
    folder.edit('["note"]', '["other"]')
    folder.build("measured")


def there_and_back(folder: Folder) -> None:
    folder.edit("FACTOR = 2", "FACTOR = 3", "helpers.py")
    folder.build()
    folder.edit("FACTOR = 3", "FACTOR = 2", "helpers.py")


def refactored_and_moved_on(folder: Folder) -> None:
    refactored(folder)
    raw("5 6 7")(folder)
    folder.build()


REFACTORED = """rows, parity = measured, measured.v % 2
    return rows.group_by(odd=parity).agg(n=rows.count(), total=rows.v.sum().cast("int64"))"""


def refactored(folder: Folder) -> None:
    folder.edit('odd = (measured.v % 2).name("odd")\n', "pass\n")
    folder.edit(
        'return measured.group_by(odd).agg(n=measured.count(), total=measured.v.sum().cast("int64"))',
        REFACTORED,
    )


# what happens -> what is not fresh after it
CHANGES: dict[str, tuple[Callable[[Folder], None], set[str]]] = {
    "nothing": (lambda _: None, set()),
    "a comment": (edit("a comment", "another comment"), set()),
    "a refactoring": (refactored, set()),
    "a refactoring, then other data": (refactored_and_moved_on, set()),
    "a helper's constant": (edit("FACTOR = 2", "FACTOR = 3", "helpers.py"), {"measured STALE"}),
    "an expression": (edit("n=measured.count()", "n=measured.count() + 1"), {"by_parity STALE"}),
    "an expression that fails": (edit("measured.v.sum()", "measured.no_such.sum()"), {"by_parity STALE"}),
    "a view": (edit("double=measured.v * 2", "double=measured.v + measured.v"), {"shown STALE"}),
    "a view made a table": (edit("@asset(view=True)", "@asset"), {"shown STALE"}),
    "a setting": (edit("limit = 25", "limit = 24"), {"small STALE"}),
    "another input": (
        edit("def summary(by_parity", "def summary(small: pa.Table, by_parity"),
        {"summary STALE"},
    ),
    "one input less": (edit("by_parity.num_rows + ", "").__call__, {"summary STALE"}),
    "the data": (raw("1 2 3 5"), {"measured STALE"}),
    "data that say the same": (raw("1  2 3 4"), {"measured STALE"}),
    "the source away": (gone("raw.txt"), set()),
    "a column that one reader alone reads": (seen_by_column, {"small STALE"}),
    "a table dropped": (sql("DROP TABLE by_parity"), {"by_parity MISSING"}),
    "a table edited": (sql("UPDATE by_parity SET n = 9"), {"by_parity STALE"}),
    "a file deleted": (gone("out/report.txt"), {"report MISSING"}),
    "a file edited": (
        lambda folder: (folder.path / "out/report.txt").write_text("no") and None,
        {"report STALE"},
    ),
    "a record lost": (gone("out/report.txt.asset.json"), {"report MISSING"}),
    "all tables lost": (
        gone("my_assets.duckdb"),
        {f"{k} MISSING" for k in ("measured", "by_parity", "shown", "small", "summary")},
    ),
    "forced, the same came out": (forced, set()),
    "there and back": (there_and_back, {"measured STALE"}),
}
