"""Results kept between commands, as JSON below `.bench/results/`."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.incremental.scenarios import Outcome
from tests.incremental.timings import Sample, Samples


def keep_speed(folder: Path, name: str, taken: Samples) -> None:
    """Keep the samples of one run, whole: ratios are of one run only."""
    text = {
        tool: {phase: [asdict(s) for s in found] for phase, found in phases.items()}
        for tool, phases in taken.items()
    }
    _write(folder / f"speed-{name}.json", text)


def speed(folder: Path, name: str) -> Samples:
    """Return the samples of the last run; empty when there was none."""
    return {
        tool: {phase: [Sample(**sample) for sample in found] for phase, found in phases.items()}
        for tool, phases in _read(folder / f"speed-{name}.json").items()
    }


def keep_outcomes(folder: Path, tool: str, played: Mapping[str, Outcome]) -> None:
    """Keep how scenarios went with a tool, beside those kept before."""
    kept = _read(folder / "scenarios.json")
    kept.setdefault(tool, {}).update({name: asdict(outcome) for name, outcome in played.items()})
    _write(folder / "scenarios.json", kept)


def outcomes(folder: Path) -> dict[str, dict[str, Outcome]]:
    """Return how scenarios went, by tool and scenario."""
    kept = _read(folder / "scenarios.json")
    return {tool: {name: Outcome(**o) for name, o in played.items()} for tool, played in kept.items()}


def _read(path: Path) -> dict[str, dict[str, Any]]:
    return json.loads(path.read_text()) if path.exists() else {}


def _write(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1) + "\n")
