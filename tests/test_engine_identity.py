"""The same study is the same to the bit: wherever it lies, however many threads, whatever the order of things."""

import json
import os
import random
from pathlib import Path

import pytest

from tests.form_folders import KEYS, OUTPUTS, STUDY, Forms
from tests.project_folders import MODULE, ROOT, Folder

TABLES_AND_FILES = KEYS - {"curve"}  # a stranger's command line has no place for figures
PLAIN = STUDY[: STUDY.index("@asset\ndef curve")].replace(
    "def scaled(measured: pd.DataFrame, settings: Settings)", "def scaled(measured: pd.DataFrame)"
)
PLAIN = PLAIN.replace("settings.limit", "25")
WIDE = '''

@asset(primary_key="id")
def many() -> pa.Table:
    """Numbers whose sum depends on the order in which they are added."""
    import random

    chance = random.Random(7)
    values = [chance.uniform(-1, 1) * 10 ** chance.randint(-12, 12) for _ in range(40_000)]
    return pa.table({"id": range(40_000), "g": [f"g{n % 7}" for n in range(40_000)], "x": values})


@asset(primary_key="g")
def sums(many: ir.Table) -> ir.Table:
    """One group."""
    x = many.x
    return many.group_by("g").agg(total=x.sum(), mean=x.mean(), spread=x.std(), middle=x.quantile(0.5))


@asset
def related(many: duckdb.DuckDBPyRelation, connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    """The same by SQL."""
    return connection.sql("SELECT g, sum(x) AS total, avg(x) AS mean, corr(x, id) AS c FROM many GROUP BY ALL")


@asset
def unordered(many: pd.DataFrame) -> pd.DataFrame:
    """Rows that come in the order of a set of texts, which differs from process to process."""
    return pd.DataFrame({"g": [*{*many.g}]})


@asset(path="out/sums.txt")
def told(sums: pa.Table, unordered: pa.Table, output) -> Path:
    """What they are."""
    output.write_text(repr(sums.to_pylist()) + repr(unordered.to_pylist()))
    return output
'''


def written(path: Path, *, shuffled: bool) -> Folder:
    path.mkdir(parents=True)
    folder = Folder(path)
    parts = [f"@asset{part}" for part in (PLAIN + WIDE).split("@asset")[1:]]
    head = (PLAIN + WIDE).split("@asset")[0]
    lots = {"b": [3], "a": [1, 2], "c": [7, 8, 9]}
    if shuffled:  # declared in another order, found in another order
        random.Random(3).shuffle(parts)
        lots = dict(sorted(lots.items(), reverse=True))
    folder.write(head + "".join(part.rstrip() + "\n\n\n" for part in parts))
    folder.write("def scale():\n    return 1.5\n", "helpers.py")
    (path / "raw.txt").write_text(" ".join(map(str, range(400))))
    (path / "lots.json").write_text(json.dumps(lots))
    return folder


def built(folder: Folder, *, seed: str, jobs: int, threads: int) -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PYTHONHASHSEED": seed,
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "OMP_NUM_THREADS": str(threads),
        "TZ": "UTC" if threads == 1 else "Asia/Tokyo",
    }
    ended = folder.command("materialize", "--jobs", str(jobs), env=environment)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def identities(folder: Folder) -> dict[str, tuple[str, str]]:
    """Input hash and data version of every asset."""
    with folder.open() as project:
        look = project.look()
        assert {d.state.value for d in look.plan(project.definitions.order).values()} == {"fresh"}
        return {key: (look.records[key].input_hash, look.versions[key]) for key in project.definitions.order}


def test_two_clones_are_the_same_to_the_bit(tmp_path: Path) -> None:
    one = written(tmp_path / "one", shuffled=False)
    other = written(tmp_path / "far" / "away" / "other", shuffled=True)
    built(one, seed="1", jobs=1, threads=1)
    built(other, seed="2", jobs=2, threads=4)
    assert identities(one) == identities(other)
    for name in [*OUTPUTS[:2], "out/sums.txt"]:
        assert (one.path / name).read_bytes() == (other.path / name).read_bytes()
    for key in ("many", "sums", "related", "unordered", "measured", "parity"):  # rows in the same order, too
        assert one.sql(f"FROM {key}") == other.sql(f"FROM {key}"), key


def test_a_clone_that_brings_its_results_along_is_fresh_there(tmp_path: Path) -> None:
    one = Forms.made(tmp_path / "one")
    one.build(seal=True)
    before = one.versions()
    other = one.copy(tmp_path / "other")
    assert set(other.states().values()) == {"fresh"} and other.versions() == before
    one.log()
    assert set(other.build().values()) == {"skipped"} and one.log() == []


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1]])
def test_partitions_that_came_one_by_one_make_what_they_make_at_once(
    tmp_path: Path, order: list[int]
) -> None:
    lots = {"a": [1, 2], "b": [3], "c": [7, 8, 9]}
    one, other = Forms.made(tmp_path / "one"), Forms.made(tmp_path / "other")
    one.build("items", "per_lot")
    held: dict[str, list[int]] = {}
    for number in order:
        name = [*lots][number]
        held[name] = lots[name]
        other.lots(held)
        other.build("items", "per_lot")
    assert one.versions() == other.versions()
    assert one.sql("FROM items") == other.sql("FROM items") and MODULE in one.database.name
