"""Pickles that old versions of numpy and pandas wrote are read, whatever of theirs lies beside the predictions."""

import subprocess
import sys
from pathlib import Path

import pytest

from assets.inputs.artifacts.worker import from_pickle

FOLDER = Path(__file__).parent / "pickles"
WRITTEN = sorted(path.name for path in FOLDER.glob("*.pickle"))


def check(path: Path) -> None:
    found = from_pickle(path.read_bytes())
    assert found.subject_codes == ["QXR3", "QXR1", "QXR2"]
    assert found.y_true == [0, 1, 0]
    assert found.y_prob == pytest.approx([0.15, 0.75, 0.5], abs=1e-15)
    assert found.y_prob_sd == pytest.approx([0.005**0.5, 0.005**0.5, 0.0], abs=1e-15)
    assert found.refits().tolist() == [[0.1, 0.2], [0.7, 0.8], [0.5, 0.5]]


@pytest.mark.parametrize("name", WRITTEN)
def test_a_pickle_of_old_versions_is_read(name: str) -> None:
    check(FOLDER / name)


def test_there_are_pickles_of_both_generations_in_each_protocol() -> None:
    kinds = {tuple(name.split("_protocol_")[0].split("_")[1:4:2]) for name in WRITTEN}
    assert kinds == {("1.23.5", "1.5.3"), ("1.26.4", "2.2.3"), ("2.0.2", "2.2.3")}
    assert len(WRITTEN) == 18


def test_a_pickle_of_the_installed_versions_is_read(tmp_path: Path) -> None:
    subprocess.run([sys.executable, FOLDER / "write.py", tmp_path], check=True)
    written = list(tmp_path.iterdir())
    assert len(written) == 6
    for path in written:
        check(path)
