import re
from collections.abc import Iterator

import pytest
from loguru import logger

from flows.experiment_flow import main, run_experiment
from flows.study import Study
from flows.study.progress import log_progress


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What is logged during the test, one message each."""
    logged: list[str] = []
    sink = logger.add(lambda message: logged.append(message.record["message"]))
    yield logged
    logger.remove(sink)


def test_the_flow_is_called_run_experiment() -> None:
    assert run_experiment.name == "run_experiment"


def test_help_names_every_option_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0
    told = " ".join(capsys.readouterr().out.split())
    defaults = {"--n-bootstrap": Study().n_bootstrap, "--jobs": 2, "--store-dir": "data"}
    for option, default in defaults.items():
        assert re.search(rf"{option} \w+ [^(]*\({default}\)", told), option


def test_progress_is_a_line_for_every_tenth_run_and_the_last_after_what_was_found(lines: list[str]) -> None:
    tell = log_progress()
    for done in range(8, 25):
        tell(done, 24)
    assert lines[0] == "8 of 24 runs are in the store"
    assert [line.split(" logged")[0] for line in lines[1:]] == [
        "run 10 of 24",
        "run 20 of 24",
        "run 24 of 24",
    ]
    assert lines[-1].endswith("0 s to go")
