"""The peers, and the environments that they live in: one each, below `.bench/` or $BENCH_HOME."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.incremental.command_peers import Dvc, Make, Ninja, SCons, Snakemake, StepUp
from tests.incremental.ours import Ours, OursExpressions
from tests.incremental.python_peers import Doit, Joblib, Pytask, Redun, RedunContentFile
from tests.incremental.tool import Tool

HOME = Path(os.environ.get("BENCH_HOME", Path(__file__).resolve().parents[2] / ".bench"))
OURS: tuple[type[Tool], ...] = (Ours, OursExpressions)
PEERS: tuple[type[Tool], ...] = (
    Make,
    Ninja,
    SCons,
    Doit,
    Joblib,
    Dvc,
    Pytask,
    StepUp,
    Snakemake,
    Redun,
    RedunContentFile,
)
TOOLS = {tool.name: tool for tool in (*OURS, *PEERS)}


def requirements() -> dict[str, list[str]]:
    """Return what each peer's environment holds, pinned."""
    lines = Path(__file__).with_name("peers.txt").read_text().splitlines()
    words = [line.split() for line in lines if line and not line.startswith("#")]
    return {name: pins for name, *pins in words}


def installed(name: str) -> Tool | None:
    """Return a tool that can be run, None when its environment is not there."""
    tool = TOOLS[name]
    if tool in OURS:
        return tool(Path(sys.executable).parent)
    folder = _environment(tool) / "bin"
    ready = (folder / "python").exists() and (tool is not Make or shutil.which("make"))
    return tool(folder) if ready else None


def missing() -> list[str]:
    """Return the peers that cannot be run."""
    return [tool.name for tool in PEERS if installed(tool.name) is None]


def set_up(name: str) -> None:
    """Make the environment of a peer, or bring it to its pins; uses uv where there is one."""
    folder, pins = _environment(TOOLS[name]), requirements()[TOOLS[name].environment or name]
    uv = shutil.which("uv")
    if not (folder / "bin" / "python").exists():
        maker = [uv, "venv", "--quiet", "--python", sys.executable] if uv else [sys.executable, "-m", "venv"]
        subprocess.run([*maker, str(folder)], check=True)
    python = str(folder / "bin" / "python")
    installer = [uv, "pip", "install", "--python", python] if uv else [python, "-m", "pip", "install"]
    subprocess.run([*installer, "--quiet", *pins], check=True)


def _environment(tool: type[Tool]) -> Path:
    return HOME / "environments" / (tool.environment or tool.name)
