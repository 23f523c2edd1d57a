"""The ways to bring the same study up to date: the plain engine, and the platforms that watch it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.prefect_servers import Server

_DAGSTER_YAML = "telemetry:\n  enabled: false\n"
_REPRODUCE = ("flows", "reproduce")


@dataclass(frozen=True)
class Platform:
    """A command that brings the study up to date, as `python -m COMMAND`, and the server that works beside it."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    server: int | None = None
    """Its process."""

    def server_seconds(self) -> float:
        """CPU seconds that the server and its children have taken so far; 0 where there is none."""
        if self.server is None:
            return 0.0
        process = psutil.Process(self.server)
        times = [found.cpu_times() for found in (process, *process.children(recursive=True))]
        return float(sum(found.user + found.system for found in times))


def platforms(homes: Path, server: Server) -> list[Platform]:
    """Return all of them, the plain engine first; each keeps its own things in a folder below `homes`."""
    for name in ("prefect", "dagster"):
        (homes / name).mkdir()
    (homes / "dagster" / "dagster.yaml").write_text(_DAGSTER_YAML)
    alone = {"PREFECT_HOME": str(homes / "prefect")}
    dagster = {"DAGSTER_HOME": str(homes / "dagster"), "DAGSTER_DISABLE_TELEMETRY": "yes"}
    everything = ("dagster", "asset", "materialize", "-m", "assets.definitions", "--select", "*")
    return [
        Platform("plain", (*_REPRODUCE, "--engine", "plain")),
        Platform("assets", ("assets", "materialize")),
        Platform("prefect", _REPRODUCE, alone),
        Platform("prefect-server", _REPRODUCE, {"PREFECT_API_URL": server.url}, server.pid),
        Platform("dagster", everything, dagster),
        Platform("dagster-python", ("tests.bench_platforms.in_dagster",), dagster),
    ]
