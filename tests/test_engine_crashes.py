"""Real processes killed at any moment, and several at once: nothing is ever half done, or done in vain.

Set KILLS for more of them.
"""

import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from tests.project_folders import Folder

PROJECT = """
from __future__ import annotations

import os
import time
from pathlib import Path

import pyarrow as pa
from assets.engine import asset, observable_source_asset, observed_files

if Path("slow").exists():  # so that a kill finds every moment of a build
    from assets.engine import ledger
    from assets.engine.working_copy import WorkingCopy

    def slow(owner, name):
        whole = getattr(owner, name)

        def slowly(*given, **named):
            time.sleep(0.004)
            result = whole(*given, **named)
            time.sleep(0.004)
            return result

        setattr(owner, name, slowly)

    for owner, name in [(Path, "replace"), (Path, "unlink"), (os, "fsync"), (ledger, "write"), (WorkingCopy, "stage_query")]:
        slow(owner, name)


def ran(key):
    with Path("ran").open("a") as log:
        log.write(key + "\\n")
    time.sleep(0.01)


@observable_source_asset
def raw(memo):
    return observed_files("raw.txt", memo=memo)

@asset
def t0(raw) -> pa.Table:
    ran("t0")
    return pa.table({"v": [int(raw[0].read_text())] * 50, "n": range(50)})
"""
for n, reads in enumerate(("t0", "t0", "t1", "t2"), start=1):
    PROJECT += f"""
@asset
def t{n}({reads}: pa.Table) -> pa.Table:
    ran("t{n}")
    return {reads}.append_column("c{n}", {reads}["v"])
"""
for n, reads in enumerate(("t3: pa.Table", "t4: pa.Table", "f0: Path")):
    PROJECT += f"""
@asset(path="out/f{n}.txt")
def f{n}({reads}, output) -> Path:
    ran("f{n}")
    given = {reads.partition(":")[0]}
    text = given.read_text() if isinstance(given, Path) else str(given["v"].to_pylist())
    output.write_text(text[:20])
    time.sleep(0.003)
    output.write_text(text + " end")
    return output
"""
TABLES, FILES = [f"t{n}" for n in range(5)], [f"f{n}" for n in range(3)]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path)
    made.write(PROJECT, header="")
    (tmp_path / "raw.txt").write_text("0")
    return made


def ran(folder: Folder) -> Counter[str]:
    """How often each step ran since last time."""
    file = folder.path / "ran"
    steps = Counter(file.read_text().split()) if file.exists() else Counter()
    file.unlink(missing_ok=True)
    return steps


def holds(folder: Folder, value: int) -> None:
    """Check that everything is of one value."""
    assert values_of_tables(folder) == {key: {value} for key in TABLES}
    ends = [f"{[value] * 50} end", f"{[value] * 50} end", f"{[value] * 50} end end"]
    assert [(folder.path / "out" / f"{key}.txt").read_text() for key in FILES] == ends


def values_of_tables(folder: Folder) -> dict[str, set[int]]:
    with duckdb.connect(str(folder.database), read_only=True) as connection:
        return {
            key: {v for (v,) in connection.execute(f"SELECT DISTINCT v FROM {key}").fetchall()}
            for key in TABLES
        }


def is_sound(folder: Folder, values: set[int]) -> None:
    """Check what a killed build left: what is published is whole and of one time, and looking writes nothing."""
    if folder.database.exists():
        found = values_of_tables(folder)
        (of_one_time,) = {frozenset(found[key]) for key in TABLES}
        assert len(of_one_time) == 1 and of_one_time <= values
    before = {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in folder.path.rglob("*")}
    with folder.open() as project:
        look = project.look()
        states = look.plan(project.definitions.order)
    for key in TABLES:  # records and tables are written as one
        assert key not in look.records or look.records[key].data_version == look.versions[key]
    torn = [
        key for key in FILES if key in look.versions and look.records[key].data_version != look.versions[key]
    ]
    assert len(torn) <= 1 and all(states[key].state.value == "stale" for key in torn)
    for key in FILES:
        path = folder.path / "out" / f"{key}.txt"
        assert not path.exists() or path.read_text().endswith("end")
    assert {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in folder.path.rglob("*")} == before


def moments(count: int, seconds: float) -> list[float]:
    chance = random.Random(count)
    return [seconds * (number + chance.random()) / count for number in range(count)]


def test_killed_at_any_moment_a_build_leaves_nothing_half_done_and_little_to_do_again(folder: Folder) -> None:
    kills = int(os.environ.get("KILLS", "8"))
    assert folder.command("materialize").returncode == 0
    ran(folder)
    (folder.path / "slow").touch()
    (folder.path / "raw.txt").write_text("1")
    started = time.monotonic()
    assert folder.command("materialize").returncode == 0
    lasted = time.monotonic() - started
    assert ran(folder) == Counter(TABLES + FILES)
    twice, ended = Counter[str](), 0
    for number, moment in enumerate(moments(kills, lasted), start=2):
        anew = number % 4 == 0
        if anew:  # as if nothing had ever been built
            folder.database.unlink()
            shutil.rmtree(folder.path / "out")
        (folder.path / "raw.txt").write_text(str(number))
        (folder.path / "slow").touch()
        process = folder.start("materialize")
        time.sleep(moment)
        ended += process.poll() is not None
        process.kill()
        process.communicate()
        (folder.path / "slow").unlink()
        is_sound(folder, {number - 1, number})
        if number % 3 == 0:  # finished work must not hang on the cache
            shutil.rmtree(folder.path / ".assets", ignore_errors=True)
        assert "failed" not in folder.build(seal=True).values()
        holds(folder, number)
        steps = ran(folder)
        assert set(steps) == {*TABLES, *FILES} and max(steps.values()) <= 2
        again = [step for step, count in steps.items() if count > 1]
        assert len(again) <= 2, f"two at a time were running, but {again} ran again"
        twice.update(again)
        assert not list(folder.path.glob(".my_assets.duckdb.*")), "nothing is left lying about"
    assert ended < kills / 2, "most kills must find it running"


def finished(process: "subprocess.Popen[str]") -> None:
    out, error = process.communicate(timeout=60)
    assert process.returncode == 0, out + error


@pytest.mark.parametrize("number", [2, 3])
def test_several_processes_at_once_build_everything_once(folder: Folder, number: int) -> None:
    chance = random.Random(number)
    for value in range(2):
        (folder.path / "raw.txt").write_text(str(value))
        processes = []
        for _ in range(number):
            processes.append(folder.start("materialize"))
            time.sleep(chance.random() * 0.2)
        for process in processes:
            finished(process)
        assert ran(folder) == Counter(TABLES + FILES)
        holds(folder, value)
    assert set(folder.states().values()) == {"fresh"}


def test_one_that_is_forced_among_others_runs_once_more_and_no_oftener(folder: Folder) -> None:
    processes = [folder.start("materialize", *more) for more in ([], ["--force"], [])]
    for process in processes:
        finished(process)
    steps = ran(folder)
    assert set(steps) == {*TABLES, *FILES} and max(steps.values()) <= 2
    holds(folder, 0)


def test_when_the_first_is_killed_the_one_that_waits_goes_on(folder: Folder) -> None:
    (folder.path / "slow").touch()
    first = folder.start("materialize")
    until = time.monotonic() + 30
    while not (folder.path / "ran").exists() and time.monotonic() < until:
        time.sleep(0.005)
    second = folder.start("materialize")
    assert second.stderr is not None and "another build is running" in second.stderr.readline()
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    finished(second)
    steps = ran(folder)
    assert set(steps) == {*TABLES, *FILES} and sum(steps.values()) <= len(steps) + 2
    holds(folder, 0)
