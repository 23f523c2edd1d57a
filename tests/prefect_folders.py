"""A stranger's project that the flows run: lots loaded in batches, people whom nobody is to know, a figure, a file."""

from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.gallery_folders import PROJECT as FIGURE
from tests.gallery_folders import Drawing
from tests.loading_folders import PROJECT as LOTS
from tests.loading_folders import LoadingFolder
from tests.prefect_servers import Server

MORE = '''
from assets.settings import Settings

SETTINGS = Settings(retries=2, retry_delay_seconds=0.5, batch_size=2)


@asset
def people() -> pa.Table:
    """One person, whom nobody is to know."""
    return pa.table({"code": ["subject-4711", "subject-4712"]})


@asset(path="letter.txt")
def letter(people: pa.Table, output) -> Path:
    """How many people there are."""
    output.write_text(f"{people.num_rows} people")
    return output
'''
CALM, TROUBLE = "    pass\n", '    exec(Path("trouble").read_text())\n'
"""What is done before lots are read: what a file says, of which the code knows nothing."""
TABLES = {"items", "totals", "weights", "people"}


class FlowFolder(Drawing, LoadingFolder):
    """The folder of that project."""

    @classmethod
    def written(cls, path: Path) -> "FlowFolder":
        """Write the project; nothing is built."""
        made = cls(path)
        made.write(LOTS.replace(CALM, TROUBLE) + FIGURE + MORE)
        (path / "trouble").touch()
        made.lots({"a": [1, 2], "b": [3], "c": [4, 5, 6]})
        return made

    def trouble(self, code: str = "") -> None:
        """Let this be done before lots are read."""
        (self.path / "trouble").write_text(code)

    def flow(self, server: Server, name: str, **parameters: Any) -> tuple[dict[str, Any], Any]:
        """Run a flow of ours on this project against the server; return its run, and its result or what it raised."""
        from prefect.events.worker import EventsWorker
        from prefect.logging.handlers import APILogWorker
        from prefect.settings import PREFECT_API_URL, PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

        from flows import analysis_flow, extraction_flow, study_flow

        flow = next(
            vars(module)[name]
            for module in (analysis_flow, extraction_flow, study_flow)
            if name in vars(module)
        )
        given = {PREFECT_API_URL: server.url, PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}
        with temporary_settings(given), self.open() as project, patch("assets.study.load", lambda: project):
            try:
                result = flow(**parameters)
            except Exception as error:
                result = error
            EventsWorker.drain_all(at_exit=False)
            APILogWorker.drain_all(at_exit=False)
        return server.runs(name)[0], result
