"""Views of what is partitioned: read by partition, and looked at by partition where they say so."""

from collections.abc import Collection
from pathlib import Path

import pytest

from assets.engine.assembly import Computed
from assets.engine.declarations import Asset
from assets.engine.staging import Query
from tests.project_folders import Folder

PARTS = """
@observable_source_asset
def lots():
    text = Path("lots.txt").read_text()
    lots = {word[0]: word[1:] for word in text.split()}
    return Observation(text, lots, lots)

@asset(primary_key="lot", partitions_def="lots")
def items(lots, partition_keys) -> pa.Table:
    return pa.table({"lot": list(partition_keys), "v": pa.array([int(lots[k]) for k in partition_keys], pa.int64())})

@asset(view=True, primary_key="lot")
def doubled(items: ir.Table) -> ir.Table:
    return items.select("lot", double=items.v * 2)

@asset(view=True)
def largest(items: ir.Table) -> ir.Table:
    return items.agg(v=items.v.max())

@asset(primary_key="lot", partitions_def="lots")
def shares(items: pd.DataFrame, doubled: pd.DataFrame, largest: pd.DataFrame) -> pd.DataFrame:
    with Path("ran").open("a") as log:
        log.write("".join(items.lot) + " ")
    return items.merge(doubled, on="lot").assign(share=lambda t: t.double / largest.v[0])[["lot", "share"]]
"""
PARTITIONED = '@asset(view=True, primary_key="lot", partitions_def="lots")'


def test_partitions_are_read_through_a_view_and_other_views_show_all_of_them(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write(PARTS)
    for text in ("a1 b4", "a1 b4 c3"):
        (tmp_path / "lots.txt").write_text(text)
        folder.build()
    assert (tmp_path / "ran").read_text() == "ab c "
    assert folder.rows("shares") == [("a", 0.5), ("b", 2.0), ("c", 1.5)]


def test_of_a_view_with_partitions_only_those_that_changed_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[dict[str, str]] = []

    def computed(asset: Asset, query: Query, names: Collection[str]) -> Computed:
        found = computing(asset, query, names)
        looked_at.extend([dict(found.versions)] if asset.view else [])
        return found

    computing = Computed.of
    monkeypatch.setattr(Computed, "of", computed)
    grown, afresh = Folder(tmp_path), Folder(tmp_path / "afresh")
    for folder in (grown, afresh):
        folder.path.mkdir(exist_ok=True)
        folder.write(PARTS.replace('@asset(view=True, primary_key="lot")', PARTITIONED))
    for text in ("a1 b4", "a1 b4 c3", "a1 b5 c3", "a1 c3"):
        (grown.path / "lots.txt").write_text(text)
        grown.build()
    assert [[*found] for found in looked_at] == [["c"], ["b"]]
    (afresh.path / "lots.txt").write_text(text)
    afresh.build()
    assert grown.rows("doubled") == afresh.rows("doubled") == [("a", 2), ("c", 6)]
    assert grown.versions() == afresh.versions()
