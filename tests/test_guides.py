"""The guides: every command does what its page says, and the old pipelines give the same numbers."""

import os
import re
import runpy
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pandas as pd
import pytest
import yaml

from tests import console

ROOT = Path(__file__).resolve().parent.parent
GUIDES = ROOT / "tests" / "guides"
PAGES = sorted(GUIDES.glob("*/README.md"))
SECTIONS = {"From Dagster": ROOT / "assets/on_dagster/README.md", "From Prefect": ROOT / "flows/README.md"}
_FILE = re.compile(r"^```python\n# (\w+\.py)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_EXCERPT = re.compile(r"^```(?:python|yaml)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def play(session: Path, folder: Path) -> None:
    """Run a page's commands in a folder that is the home of all who ask for one."""
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder),
        "DAGSTER_HOME": str(folder),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "DO_NOT_TRACK": "1",
    }
    console.run(session, folder, environment)


def run_script(command: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run `python script.py ARGUMENTS` in a folder, in this process."""
    _, script, *arguments = command.split()
    with monkeypatch.context() as patch:
        patch.chdir(folder)
        patch.syspath_prepend(folder)
        patch.setattr(sys, "argv", [script, *arguments])
        for module in ("logistic", "units"):
            patch.delitem(sys.modules, module, raising=False)
        runpy.run_path(str(folder / script))


def test_three_stages_of_dvc_give_what_three_assets_give(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = (shutil.copytree(GUIDES / "from_dvc", tmp_path / name) for name in ("ours", "theirs"))
    play(ours / "README.md", ours)
    for stage in yaml.safe_load((theirs / "dvc.yaml").read_text())["stages"].values():
        run_script(stage["cmd"], theirs, monkeypatch)
    assert (theirs / "risk.json").read_text() == (ours / "risk.json").read_text()
    with duckdb.connect(ours / "orings.duckdb", read_only=True) as tables:
        pd.testing.assert_frame_equal(tables.sql("FROM model").df(), pd.read_csv(theirs / "model.csv"))
        launches = tables.sql("FROM launches ORDER BY fahrenheit, flight").df()
    expected = pd.read_csv(theirs / "launches.csv").sort_values(["fahrenheit", "flight"], ignore_index=True)
    pd.testing.assert_frame_equal(launches, expected, check_dtype=False)


def test_three_rules_of_snakemake_give_what_three_assets_give(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = (
        shutil.copytree(GUIDES / "from_snakemake", tmp_path / name) for name in ("ours", "theirs")
    )
    play(ours / "README.md", ours)
    clean, summarise, report = re.findall(r'shell:\s+"(.*)"', (theirs / "Snakefile").read_text())
    experiments, cleaned = [*"12345"], [f"clean/{name}.csv" for name in "12345"]
    (theirs / "clean").mkdir()
    for name, file in zip(experiments, cleaned, strict=True):
        given = {
            "wildcards": SimpleNamespace(experiment=name),
            "input": SimpleNamespace(raw=f"raw/{name}.csv"),
        }
        run_script(clean.format(**given, output=file), theirs, monkeypatch)
    run_script(
        summarise.format(input=SimpleNamespace(clean=" ".join(cleaned)), output="s.csv"), theirs, monkeypatch
    )
    run_script(report.format(input=SimpleNamespace(summary="s.csv"), output="speed.txt"), theirs, monkeypatch)
    assert (theirs / "speed.txt").read_text() == (ours / "speed.txt").read_text()
    with duckdb.connect(ours / "michelson.duckdb", read_only=True) as tables:
        summary = tables.sql("FROM summary ORDER BY experiment").df()
    pd.testing.assert_frame_equal(
        summary.astype({"experiment": int}), pd.read_csv(theirs / "s.csv"), check_dtype=False
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_what_a_guide_quotes_stands_in_the_files_beside_it(page: Path) -> None:
    files = [*page.parent.glob("*.py"), *page.parent.glob("*.yaml"), *page.parent.glob("Snakefile")]
    texts = [" ".join(file.read_text().split()) for file in files]
    excerpts = _EXCERPT.findall(page.read_text())
    assert len(excerpts) == 2
    for excerpt in excerpts:
        assert any(" ".join(excerpt.split()) in text for text in texts), excerpt


@pytest.mark.parametrize("heading", SECTIONS)
def test_a_section_of_a_platforms_page_does_what_it_says(heading: str, tmp_path: Path) -> None:
    _, found, rest = SECTIONS[heading].read_text().partition(f"\n## {heading}\n")
    assert found, f"{SECTIONS[heading]} has no section {heading}"
    section = re.split(r"^## ", rest, maxsplit=1, flags=re.MULTILINE)[0]
    for name, text in _FILE.findall(section):
        (tmp_path / name).write_text(text)
    session = tmp_path / "session.md"
    session.write_text(section)
    assert [*console.commands(section)]
    play(session, tmp_path)
