"""Real processes killed at any moment of a load: what was kept is loaded once, and the result is that of no kill.

Set KILLS for more of them.
"""

import json
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from assets.engine.partitions import hashes
from tests.loading_folders import ArrowFolder, some_lots

SLOW = """
import os
from assets.engine import assembly, ledger
from assets.engine.working_copy import WorkingCopy

def slowly(owner, name):  # so that a kill finds every moment of keeping, putting together and committing
    whole = getattr(owner, name)

    def slow(*given, **named):
        time.sleep(0.01)
        result = whole(*given, **named)
        time.sleep(0.01)
        return result

    setattr(owner, name, slow)

if Path("slow").exists():
    for owner, name in [(Path, "replace"), (os, "fsync"), (ledger, "write"), (assembly, "_fill")]:
        slowly(owner, name)
"""
PER_BUILD = 16


@pytest.fixture
def folder(tmp_path: Path) -> ArrowFolder:
    made = ArrowFolder(tmp_path)
    made.trouble("pass")
    made.write((tmp_path / "my_assets.py").read_text() + SLOW, header="")
    return made


def kept(folder: ArrowFolder) -> set[str]:
    """The lots, as they are now, in whole parts: a build that goes on must not load them again."""
    about = [
        pq.read_schema(path).metadata for path in (folder.path / ".assets/parts/items").glob("*.parquet")
    ]
    with folder.open() as project:
        now = hashes(project.look(), project.definitions.assets["items"])
    found = [json.loads(metadata[b"assets.part"])["partitions"] for metadata in about]
    return {name for part in found for name, made_from in part.items() if now.get(name) == made_from}


def killed(folder: ArrowFolder, after: int, moment: float) -> bool:
    """Build, and kill it a moment after it has loaded so many lots; return whether it was still running."""
    process = folder.start("materialize", "items")
    log, end = folder.path / "loaded", time.monotonic() + 60
    while process.poll() is None and (log.read_text().count("\n") if log.exists() else 0) < after:
        assert time.monotonic() < end
        time.sleep(0.002)
    time.sleep(moment)
    running = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return running


def test_killed_at_random_moments_a_load_goes_on_and_loads_nothing_twice(folder: ArrowFolder) -> None:
    chance, found = random.Random(7), Counter[str]()
    lots, loads, kills = dict[str, list[int]](), Counter[str](), 0
    while found["killed"] < int(os.environ.get("KILLS", "12")):
        if not found["killed"] or folder.states()["items"] == "fresh":
            lots = some_lots(PER_BUILD + found["killed"]) | {f"new{found['killed']}": [2]}
            lots = {name: [*values, found["killed"] % 5] for name, values in lots.items()}
            folder.lots(lots)
            loads, kills = Counter[str](), 0
        (folder.path / "slow").touch()
        before = kept(folder)
        left = len(lots) - len(before)
        running = killed(folder, chance.randint(0, left), chance.random() * 0.3)
        found["killed" if running else "ended"] += 1
        loaded, kills = folder.loaded(), kills + 1
        loads += loaded
        assert not before & set(loaded), "what was kept is loaded again"
        (folder.path / "slow").unlink()
        if chance.random() < 0.5:
            before = kept(folder)
            folder.build("items")
            loaded = folder.loaded()
            loads += loaded
            assert not before & set(loaded)
            assert sum(loads.values()) <= len(lots) + 2 * kills, "more than the part in hand was lost"
            assert folder.sql("SELECT lot, place, v FROM items") == [
                (lot, place, float(v)) for lot in sorted(lots) for place, v in enumerate(lots[lot])
            ]
    folder.build()
    folder.holds(lots)
    assert found["ended"] < found["killed"], "most kills must find it running"
