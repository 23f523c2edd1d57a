"""A stranger's study with an asset of every form, each of which notes that it ran."""

import json
from pathlib import Path

from tests.project_folders import Folder
from tests.test_build_figures import Gallery

STUDY = '''
import helpers
import json
import math


class Settings:
    limit = 25
    unused = 1

SETTINGS = Settings()


def ran(step):
    with Path("ran").open("a") as log:
        log.write(step + "\\n")


@observable_source_asset
def raw(memo):
    """Whole numbers, one a line."""
    return observed_files("raw.txt", memo=memo)


@observable_source_asset
def lots():
    """Lots of numbers by name."""
    watched = observed_files("lots.json").watched
    lots = json.loads(Path("lots.json").read_text())
    partitions = {name: hashlib.sha256(repr(values).encode()).hexdigest() for name, values in lots.items()}
    return Observation(repr(sorted(partitions.items())), lots, partitions, watched)


@asset(primary_key="id")
def measured(raw) -> pa.Table:
    """One measurement."""
    ran("measured")
    values = [int(word) for word in raw[0].read_text().split()]
    waves = [math.sin(v) * helpers.scale() for v in values]
    return pa.table({"id": pa.array(range(len(values)), pa.int64()), "v": pa.array(values, pa.int64()), "w": waves})


@asset(primary_key=["lot", "place"], partitions_def="lots")
def items(lots, partition_keys) -> pa.Table:
    """One number of one lot."""
    ran("items " + " ".join(partition_keys))
    rows = [(lot, place, v / 10) for lot in partition_keys for place, v in enumerate(lots[lot])]
    columns = [list(column) for column in zip(*rows)] or [[], [], []]
    return pa.table(columns, schema=pa.schema({"lot": pa.string(), "place": pa.int64(), "v": pa.float64()}))


@asset(primary_key="lot", partitions_def="lots")
def per_lot(items: ir.Table) -> ir.Table:
    """One lot."""
    return items.group_by("lot").agg(total=items.v.sum(), n=items.count())


@asset
def scaled(measured: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """One measurement below the limit."""
    ran("scaled")
    return measured[measured.v < settings.limit].assign(w=lambda t: t.w * 2)


@asset
def large(measured: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """One large measurement."""
    ran("large")
    return measured.filter("v > 15")


@asset(primary_key="odd")
def parity(measured: ir.Table) -> ir.Table:
    """One parity."""
    odd = (measured.v % 2).name("odd")
    return measured.group_by(odd).agg(n=measured.count(), total=measured.w.sum(), mean=measured.w.mean())


@asset
def summary(parity: pa.Table, per_lot: pd.DataFrame, large: ir.Table) -> pa.Table:
    """One line."""
    ran("summary")
    return pa.table({"n": [parity.num_rows + len(per_lot) + large.count().execute()]})


@asset(path="out/report.txt")
def report(summary: pa.Table, scaled: ir.Table, output) -> Path:
    """What came out."""
    ran("report")
    output.write_text(f"lines: {summary['n'][0]}, scaled: {scaled.count().execute()}")
    return output


@asset(path="out/shouted.txt")
def shouted(report: Path, output) -> Path:
    """The same, louder."""
    ran("shouted")
    output.write_text(report.read_text().upper())
    return output


@asset
def curve(measured: pd.DataFrame) -> alt.Chart:
    """The measurements."""
    ran("curve")
    return measured.v.tolist()
'''
RAW, LOTS = "10 21 30 43", {"a": [1, 2], "b": [3], "c": [7, 8, 9]}
KEYS = {"measured", "items", "per_lot", "scaled", "large", "parity", "summary", "report", "shouted", "curve"}
OUTPUTS = ("out/report.txt", "out/shouted.txt", "figures/curve.json")


class Forms(Gallery):
    """The study in a folder."""

    @classmethod
    def made(cls, path: Path, shared_cache: str | None = None) -> "Forms":
        """Write the study, not built yet."""
        path.mkdir(exist_ok=True)
        folder = cls(path, shared_cache)
        folder.write(STUDY)
        folder.write("def scale():\n    return 1.5\n", "helpers.py")
        folder.raw(RAW)
        folder.lots(LOTS)
        return folder

    def raw(self, text: str) -> None:
        (self.path / "raw.txt").write_text(text)

    def lots(self, lots: dict[str, list[int]]) -> None:
        (self.path / "lots.json").write_text(json.dumps(lots))

    def log(self) -> list[str]:
        """Which functions ran since last time."""
        return log_of(self)

    def outputs(self) -> dict[str, bytes]:
        """The files and figures that there are, without their records."""
        return {name: (self.path / name).read_bytes() for name in OUTPUTS if (self.path / name).exists()}


def log_of(folder: Folder) -> list[str]:
    """Return which functions of a folder ran since last time, and forget it."""
    file = folder.path / "ran"
    lines = sorted(file.read_text().splitlines()) if file.exists() else []
    file.unlink(missing_ok=True)
    return lines
