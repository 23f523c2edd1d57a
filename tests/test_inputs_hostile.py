"""Files made to do harm: nothing is executed, nothing hangs, nothing grows, and the next artifact reads well."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from exploit_arrays import DATA, DEADLY, SLOW
from exploit_corpus import PROGRAMS
from exploit_tables import GOOD_CSV, GOOD_JSON, GOOD_PARQUET, TABLES
from pickle_opcodes import CODE, GOOD

import assets
from assets.inputs.artifacts.assignment import Assignment, Limits
from assets.inputs.artifacts.predictions import Predictions
from assets.inputs.artifacts.reading import WorkerPool
from assets.inputs.quarantine import Quarantine

ROOT = Path(assets.__file__).parents[1]
MEBIBYTE = 2**20
LIMITS = Limits(memory_bytes=512 * MEBIBYTE, seconds=20)
IMPATIENT = Limits(memory_bytes=512 * MEBIBYTE, seconds=0.5)


PICKLES = {**PROGRAMS, **DATA}
NAMES = [*PICKLES, *SLOW, *DEADLY, *TABLES]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every hostile file under its number in `NAMES`, and a good one of each kind."""
    made = tmp_path_factory.mktemp("hostile")
    for number, data in enumerate({**PICKLES, **SLOW, **DEADLY}.values()):
        (made / f"{number}.pickle").write_bytes(data)
    for number, (suffix, build) in enumerate(TABLES.values(), start=len(NAMES) - len(TABLES)):
        (made / f"{number}{suffix}").write_bytes(build())
    for suffix, data in {
        ".pickle": GOOD,
        ".parquet": GOOD_PARQUET,
        ".json": GOOD_JSON,
        ".csv": GOOD_CSV,
    }.items():
        (made / f"good{suffix}").write_bytes(data)
    return made


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerPool]:
    """A pool whose workers start in an empty folder, where a canary would be seen."""
    opened = WorkerPool()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("cage"))
        yield opened
        assert not list(Path.cwd().iterdir())
    opened.close()


def read(pool: WorkerPool, file: Path, limits: Limits = LIMITS) -> Predictions | Quarantine:
    return pool.read(Assignment("run", file.name, (str(file.parent),), limits=limits)).found


def refusal(pool: WorkerPool, folder: Path, name: str, limits: Limits = LIMITS) -> str:
    """The reason for which a file is set aside, after which a good one is read."""
    (file,) = folder.glob(f"{NAMES.index(name)}.*")
    found = read(pool, file, limits)
    assert isinstance(found, Quarantine)
    assert found.stage in ("unpickle", "validate") or "memory" in found.reason
    assert CODE not in found.reason + found.field
    assert isinstance(read(pool, folder / f"good{file.suffix}"), Predictions)
    assert not Path("canary").exists()
    return found.reason


@pytest.mark.parametrize("name", [*PICKLES, *TABLES])
def test_a_hostile_file_is_set_aside_by_the_process_that_reads_it(
    pool: WorkerPool, folder: Path, name: str
) -> None:
    reason = refusal(pool, folder, name)
    assert "longer than" not in reason
    assert "ends the process" not in reason


@pytest.mark.parametrize("name", [name for name in PROGRAMS if name.startswith("calls ")])
def test_a_call_is_refused_for_the_word_alone(pool: WorkerPool, folder: Path, name: str) -> None:
    reason = refusal(pool, folder, name)
    assert reason.startswith(("names something of", "takes a part out of an object"))


@pytest.mark.parametrize("name", SLOW)
def test_what_would_take_years_takes_as_long_as_it_may(pool: WorkerPool, folder: Path, name: str) -> None:
    assert refusal(pool, folder, name, IMPATIENT) == "takes longer than 0.5 s to read"


@pytest.mark.parametrize("name", DEADLY)
def test_what_kills_its_process_kills_nothing_else(pool: WorkerPool, folder: Path, name: str) -> None:
    assert refusal(pool, folder, name) == "ends the process that reads it (SIGSEGV)"


def printed(code: str, folder: Path, *more: str) -> Any:
    """What a program prints that is given the hostile files, those apart that no time or stack suffices for."""
    kept = [name for name in NAMES if name not in {**SLOW, **DEADLY}]
    files = [str(next(folder.glob(f"{NAMES.index(name)}.*"))) for name in kept]
    path = os.pathsep.join((str(ROOT), str(ROOT / "tests")))
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(dict(zip(kept, files, strict=True))), str(folder), *more],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


AUDIT = """
import json, resource, sys
from pathlib import Path
import pyarrow.parquet  # what a library does when it is imported is not the file's doing
from assets.inputs.artifacts import safe_pickle
from assets.inputs.artifacts.worker import answer

files = {name: (file, Path(file).read_bytes()) for name, file in json.loads(sys.argv[1]).items()}
resource.setrlimit(resource.RLIMIT_AS, (2**30, -1))
for file in Path(sys.argv[2]).glob("good.*"):
    answer(file.name, file.read_bytes())  # imports what its reader needs
seen, name = {}, ""
if sys.argv[3] == "sealed":
    safe_pickle.seal()
sys.addaudithook(lambda event, given: name and seen.setdefault(event, set()).add(name))
for name, (file, data) in files.items():
    answer(file, data)
name = ""
print(json.dumps({event: sorted(found) for event, found in seen.items() if event != "builtins.id"}))
"""


def test_nothing_is_called_imported_or_opened_whatever_a_file_says(folder: Path) -> None:
    assert printed(AUDIT, folder, "sealed") == {}


def test_without_the_seal_the_table_of_words_lets_nothing_through_but_codecs(folder: Path) -> None:
    seen = printed(AUDIT, folder, "bare")
    assert seen.pop("object.__setattr__") == ["another class through slots"]  # which the object then refuses
    seen.pop("sys.excepthook", None)  # Python's own complaint of a bytearray that it had no memory for
    assert {name for names in seen.values() for name in names} == {"text by a codec that is imported"}


MEMORY = """
import json, resource, sys
from pathlib import Path
from assets.inputs.artifacts.assignment import Assignment, Limits
from assets.inputs.artifacts.reading import POOL

def peak():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) * 1024

before = peak()
for file in map(Path, json.loads(sys.argv[1]).values()):
    POOL.read(Assignment("run", file.name, (sys.argv[2],), limits=Limits(memory_bytes=int(sys.argv[3]), seconds=20)))
ours = peak() - before
POOL.close()
print(json.dumps([ours, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024]))
"""


def test_no_file_takes_more_memory_than_it_may_and_none_in_the_process_that_asks(folder: Path) -> None:
    ours, of_workers = printed(MEMORY, folder, str(LIMITS.memory_bytes))
    assert ours < 4 * MEBIBYTE
    assert of_workers <= LIMITS.memory_bytes
