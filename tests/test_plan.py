"""The plan says beforehand what a build does; looking into the future writes nothing."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from assets.engine.plan import steps
from tests.form_folders import KEYS, LOTS, RAW, Forms
from tests.project_folders import Folder

CAME_TRUE = {
    "keep": {"skipped"},
    "run": {"built", "unchanged"},
    "restore": {"restored"},
    "maybe": {"built", "unchanged", "restored", "skipped"},
}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Forms:
    made = Forms.made(tmp_path_factory.mktemp("original"))
    made.build(seal=True)
    return made


@pytest.fixture
def folder(original: Forms, tmp_path: Path) -> Forms:
    return original.copy(tmp_path)  # type: ignore[return-value]


def statistics(folder: Folder) -> dict[str, tuple[int, int, int]]:
    return {str(p): (p.stat().st_mtime_ns, p.stat().st_size, p.stat().st_ino) for p in folder.path.rglob("*")}


def foreseen(folder: Folder, *selection: str, force: bool = False) -> dict[str, str]:
    """Plan, build, compare the two, and return the plan."""
    before, contents = statistics(folder), folder.files()
    planned = folder.plan(*selection, force=force)
    assert statistics(folder) == before and folder.files() == contents, "planning wrote something"
    outcomes = folder.build(*selection, force=force)
    assert outcomes.keys() == planned.keys()
    wrong = {k: (planned[k], outcomes[k]) for k in planned if outcomes[k] not in CAME_TRUE[planned[k]]}
    assert not wrong
    return planned


def expected(**actions: str) -> dict[str, str]:
    return dict.fromkeys(KEYS, "keep") | actions


def test_a_first_build_runs_everything_and_a_second_keeps_it(tmp_path: Path) -> None:
    folder = Forms.made(tmp_path)
    assert foreseen(folder) == dict.fromkeys(KEYS, "run")
    assert foreseen(folder) == dict.fromkeys(KEYS, "keep")


MAYBE_REST = {"summary": "maybe", "report": "maybe", "shouted": "maybe"}
FROM_MEASURED = dict.fromkeys(("scaled", "large", "parity", "curve"), "maybe") | MAYBE_REST
Edit = Callable[[Forms], object]

CHANGES: dict[str, tuple[Edit, dict[str, str]]] = {
    "an input": (lambda f: f.raw("1 2 3"), {"measured": "run", **FROM_MEASURED}),
    "an input, in spelling alone": (lambda f: f.raw(RAW + "\n"), {"measured": "run", **FROM_MEASURED}),
    "a partition": (lambda f: f.lots({**LOTS, "d": [1]}), {"items": "run", "per_lot": "maybe", **MAYBE_REST}),
    "a helper": (lambda f: f.edit("1.5", "2.5", "helpers.py"), {"measured": "run", **FROM_MEASURED}),
    "a comment": (lambda f: f.edit("    return measured.filter", "    # large\n    return measured.filter"), {}),
    "a setting": (lambda f: f.edit("limit = 25", "limit = 35"), {"scaled": "run", "report": "maybe", "shouted": "maybe"}),
    "two in a row": (lambda f: (f.edit('"v > 15"', '"v > 16"'), f.edit("report.read_text().upper()", "'!'")), {"large": "run", "summary": "maybe", "report": "maybe", "shouted": "run"}),
    "a file's code": (lambda f: f.edit("report.read_text().upper()", "'!'"), {"shouted": "run"}),
    "a deleted table": (lambda f: f.sql("DROP TABLE measured"), {"measured": "restore"}),
    "an edited table": (lambda f: f.sql("UPDATE measured SET v = 1"), {"measured": "restore"}),
    "the deleted tables": (lambda f: f.database.unlink(), dict.fromkeys(KEYS - {"report", "shouted", "curve"}, "restore")),
    "a deleted file": (lambda f: (f.path / "out/report.txt").unlink(), {"report": "restore"}),
    "a garbled record": (lambda f: (f.path / "out/report.txt.asset.json").write_text("{}"), {"report": "restore"}),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_the_plan_comes_true(folder: Forms, what: str) -> None:
    edit, actions = CHANGES[what]
    edit(folder)
    assert foreseen(folder) == expected(**actions)
    assert set(folder.plan().values()) == {"keep"}


def test_a_chain_that_can_be_restored_is_foreseen_to_its_end(folder: Forms) -> None:
    folder.raw("1 2 3")
    folder.edit("w.mean()", "w.max()")
    foreseen(folder)
    folder.raw(RAW)
    folder.edit("w.max()", "w.mean()")
    assert foreseen(folder) == expected(**dict.fromkeys(KEYS - {"items", "per_lot"}, "restore"))


def test_what_is_forced_runs_and_what_follows_is_open(folder: Forms) -> None:
    assert foreseen(folder, force=True) == dict.fromkeys(KEYS, "run")
    assert foreseen(folder, "measured", force=True) == {"measured": "run"}
    with folder.open() as project:
        planned = steps(project.look(), project.definitions.order, project.cache, forced=["measured"])
    assert {key: step.action.value for key, step in planned.items()} == expected(
        measured="run", **FROM_MEASURED
    )


def test_of_a_selection_only_its_assets_are_planned_from_what_stands(folder: Forms) -> None:
    folder.edit("1.5", "2.5", "helpers.py")
    assert foreseen(folder, "scaled", "parity") == {"scaled": "keep", "parity": "keep"}
    assert foreseen(folder, "measured+") == {
        "measured": "run", "scaled": "maybe", "large": "maybe", "parity": "maybe", "curve": "maybe", **MAYBE_REST
    }  # fmt: skip


def test_a_restored_table_that_differs_only_where_nobody_reads_stops_there(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write(
        '@asset\ndef base() -> pa.Table:\n    return pa.table({"v": [1, 2], "note": ["x", "y"]})\n\n'
        "@asset\ndef total(base: ir.Table) -> ir.Table:\n    return base.aggregate(v=base.v.sum())\n\n"
        "@asset\ndef later(total: ir.Table) -> ir.Table:\n    return total.mutate(w=total.v + 1)\n"
    )
    folder.build()
    folder.edit('"x"', '"z"')
    assert foreseen(folder) == {"base": "run", "total": "maybe", "later": "maybe"}
    folder.edit('"z"', '"x"')
    assert foreseen(folder) == {"base": "restore", "total": "keep", "later": "keep"}
    folder.edit('"x"', '"z"')
    folder.edit("base.v.sum()", "base.v.max()")
    assert foreseen(folder) == {"base": "restore", "total": "run", "later": "maybe"}
    assert folder.rows("later") == [(2, 3)]


def test_a_plan_says_what_will_come_out_as_far_as_that_is_known(folder: Forms) -> None:
    versions = folder.versions()
    folder.raw("1 2 3")
    folder.build()
    folder.raw(RAW)
    with folder.open() as project:
        planned = steps(project.look(), project.definitions.order, project.cache)
    assert {key: step.predicted for key, step in planned.items()} == versions
    assert all(planned[key].seconds is not None for key in KEYS - {"curve"})


def test_without_its_cache_the_plan_is_to_run(folder: Forms) -> None:
    folder.database.unlink()
    shutil.rmtree(folder.path / ".assets")
    (folder.path / ".assets" / "cache" / "results").mkdir(parents=True)
    tables = KEYS - {"report", "shouted", "curve"}
    assert foreseen(folder) == expected(
        **dict.fromkeys(tables, "run"), report="maybe", shouted="maybe", curve="maybe"
    )
