"""Every session of tests/stories/, in a folder of its own: commands, output and exit codes."""

import os
import sys
from pathlib import Path

import pytest

from tests import console

ROOT = Path(__file__).resolve().parent.parent
STORIES = sorted((ROOT / "tests" / "stories").glob("*.md"))


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.stem)
def test_story_happens_as_told(story: Path, tmp_path: Path) -> None:
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "STORIES": str(story.parent),
        "HOME": str(tmp_path),
    }
    console.run(story, tmp_path, environment)


def test_there_are_stories() -> None:
    assert STORIES
