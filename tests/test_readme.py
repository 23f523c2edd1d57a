"""The README's commands, run in a copy of the repository as a newcomer would run them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import console

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"


@pytest.mark.study
@pytest.mark.xdist_group("readme")
def test_the_commands_of_the_readme_do_what_it_says(tmp_path: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / name)
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    environment = {
        "PATH": f"{Path(sys.prefix) / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(tmp_path),
        "HOME": str(tmp_path / "home"),
        "PYTHONDONTWRITEBYTECODE": "",  # a newcomer's code was compiled by `make setup`
        "FOUNDATION_PLR_N_BOOTSTRAP": "3",  # the same 80 runs with fewer refits: a minute less
        "FOUNDATION_PLR_RESAMPLES": "100",  # as many measures, with coarser limits
    }
    console.run(README, tmp_path, environment)


def test_the_first_command_comes_early_and_the_same_one_again_soon() -> None:
    lines = README.read_text("utf-8").splitlines()
    calls = [number for number, line in enumerate(lines, start=1) if line == "$ make reproduce"]
    assert calls[0] <= 20
    assert lines[calls[0]] and calls[0] + 1 <= 25
    assert calls[1] <= 30


def test_every_command_of_make_help_is_in_the_makefile_and_explained() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    phony = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split()) - {"--force"}  # type: ignore[index]
    assert phony == set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE))


def test_every_file_that_the_documents_name_exists() -> None:
    generated = re.compile(
        r"^(data/(mlflow|public|private)|figures/generated|generated/|public/|private/)|NAME|mlruns|\*"
    )
    for document in (README, ROOT / "ARCHITECTURE.md"):
        for name in re.findall(
            r"`((?:assets|queries|flows|tests|data|figures)/[\w./*-]*)`", document.read_text("utf-8")
        ):
            assert generated.search(name) or (ROOT / name).exists(), f"{document.name} names {name}"
