"""A study with two views, one of the other, and what its file says of them."""

from pathlib import Path

from tests.project_folders import Folder

STUDY = '''
@observable_source_asset
def raw(memo):
    return observed_files("raw.txt", memo=memo)

@asset(primary_key="id")
def base(raw) -> pa.Table:
    """One measurement."""
    values = [int(word) for word in raw[0].read_text().split()]
    return pa.table({"id": pa.array(range(len(values)), pa.int64()), "v": pa.array(values, pa.int64())})

@asset(view=True, primary_key="id", columns={"double": "twice the 'value', in grams"}, ranges={"double": (0, 900)})
def doubled(base: ir.Table) -> ir.Table:
    """One measurement, 'twice'."""
    return base.select("id", double=base.v * 2)

@asset(view=True)
def large(doubled: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """One large measurement."""
    return doubled.filter("double > 30")

@asset
def total(doubled: pd.DataFrame) -> pd.DataFrame:
    """The sum."""
    return doubled[["double"]].sum().to_frame("n")
'''
EVERY = {"base", "doubled", "large", "total"}
DOUBLED = [(0, 20), (1, 40), (2, 60)]


def build(path: Path) -> Folder:
    """Build the study in a folder."""
    folder = Folder(path)
    folder.write(STUDY)
    (path / "raw.txt").write_text("10 20 30")
    assert folder.ran() == EVERY
    return folder


def views(folder: Folder) -> dict[str, str | None]:
    """What the file itself says: the comment of each view."""
    return dict(folder.sql("SELECT view_name, comment FROM duckdb_views() WHERE NOT internal"))  # type: ignore[arg-type]
