"""The import arrows of ARCHITECTURE.md, checked on the syntax trees."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# folder or file -> what of ours it may import; the first entry that fits counts
ALLOWED = {
    "assets/engine/": {"assets.engine"},
    "assets/inputs/": {"assets.engine", "assets.inputs"},
    "assets/stratos/": {"assets.engine", "assets.stratos"},
    "assets/charts/": {"assets.engine", "assets.charts"},
    "assets/latex/": {"assets.engine", "assets.charts", "assets.latex", "assets.stratos"},
    "queries/": {"assets.engine", "queries"},
    "flows/study/": {"assets.engine", "flows.study"},
    "assets/environment.py": set(),
    "assets/columns.py": set(),
    "assets/own_data.py": {"assets", "queries"},
    "assets/settings.py": {"assets.engine"},
    "assets/tables/": {
        "assets.engine",
        "assets.inputs",
        "assets.stratos",
        "assets.columns",
        "assets.settings",
        "assets.tables",
        "queries",
    },
    "assets/figures/__init__.py": {"assets.figures", "assets.notebook", "assets.own_data"},
    "assets/figures/": {
        "assets.engine",
        "assets.charts",
        "assets.figures",
        "assets.inputs",
        "assets.settings",
        "queries",
    },
    "assets/": {"assets"},
    "flows/": {"assets", "flows"},
}

# library -> the only places that may import it
OWNERS = {
    "altair": ("assets/charts/", "assets/figures/"),
    "dagster": ("assets/definitions.py", "assets/on_dagster/"),
    "mlflow": ("assets/inputs/", "flows/study/"),
    "pickle": ("assets/inputs/", "flows/study/"),
    "prefect": ("flows/",),
    "sklearn": ("assets/stratos/", "flows/study/"),
    "vl_convert": ("assets/charts/",),
}

FILES = [
    p.relative_to(ROOT).as_posix() for f in ("assets", "flows", "queries") for p in (ROOT / f).rglob("*.py")
]


def imported(path: str) -> Iterator[str]:
    for node in ast.walk(ast.parse((ROOT / path).read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write imports from the top, so that arrows can be read"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


@pytest.mark.parametrize("path", FILES)
def test_imports_point_one_way(path: str) -> None:
    allowed = next(names for prefix, names in ALLOWED.items() if path.startswith(prefix))
    ours = [n for n in imported(path) if n.split(".")[0] in ("assets", "flows", "queries")]
    stray = [n for n in ours if not any(within(n, package) for package in allowed)]
    assert not stray, f"{path} imports {stray}; it may import {sorted(allowed)}"


@pytest.mark.parametrize("path", FILES)
def test_heavy_libraries_stay_with_their_owners(path: str) -> None:
    for name in imported(path):
        places = OWNERS.get(name.split(".")[0])
        assert places is None or path.startswith(places), f"{path} imports {name}; only {places} may"


def test_our_packages_are_the_ones_in_this_repository() -> None:
    import assets
    import flows
    import queries

    for package in (assets, flows, queries):
        assert Path(package.__file__ or "").parent.parent == ROOT, "another distribution shadows ours"


def test_there_are_no_drawers_for_loose_functions() -> None:
    drawers = {"utils", "util", "helpers", "common", "misc"}
    assert not [path for path in FILES if Path(path).stem in drawers]


def test_files_hold_one_idea() -> None:
    long = {p: n for p in FILES if (n := len((ROOT / p).read_text("utf-8").splitlines())) > 300}
    assert not long, f"longer than 300 lines: {long}"


def test_declaring_the_assets_imports_nothing_heavy() -> None:
    import subprocess

    heavy = [
        "altair",
        "dagster",
        "duckdb",
        "ibis",
        "mlflow",
        "numpy",
        "pandas",
        "prefect",
        "pyarrow",
        "sklearn",
    ]
    heavy.append("assets.engine.dagster_words")  # needed by few files, which name one of its words
    code = f"import sys, assets.study; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
