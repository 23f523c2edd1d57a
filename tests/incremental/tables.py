"""The tables of results, in Markdown."""

from collections.abc import Iterable, Mapping, Sequence

from tests.incremental.further import FURTHER
from tests.incremental.peers import OURS
from tests.incremental.scenarios import SCENARIOS, Outcome
from tests.incremental.timings import PYTHON, Sample, Samples, median, ratio

_OURS = [tool.name for tool in OURS]


def speed(small: Samples, large: Samples) -> str:
    """Return what each tool costs at 12 and at 200 steps."""
    titles = ["tool"]
    for size in (12, 200):
        titles += [f"full {size}: wall / cpu", f"no-op {size}: wall / cpu", f"status {size}: cpu"]
    titles += ["no-op 200: peak MB", "1 raw file edited, 200: steps, cpu"]
    rows = []
    for tool in [*dict.fromkeys([*small, *large])]:
        at_12, at_200 = (samples.get(tool, {}) for samples in (small, large))
        cells = [
            tool,
            *_costs(tool, at_12),
            *_costs(tool, at_200),
            _number(median(at_200, "noop", "peak_mb")),
        ]
        ran = median(at_200, "edit", "ran")
        edited = (
            "-" if ran is None or tool == PYTHON else f"{ran:.0f}, {_number(median(at_200, 'edit', 'cpu'))}"
        )
        rows.append([*cells, edited])
    return table(titles, rows)


def _costs(tool: str, samples: Mapping[str, list[Sample]]) -> list[str]:
    noop = _pair(samples, "noop")
    if tool == PYTHON:
        return ["-", noop, "-"]
    return [_pair(samples, "full"), noop, _number(median(samples, "status", "cpu"))]


def right_or_wrong(outcomes: Mapping[str, Mapping[str, Outcome]]) -> str:
    """Return how each scenario went with each tool, and how many it got right."""
    titles = ["tool", *(scenario.title for scenario in SCENARIOS.values()), f"right of {len(SCENARIOS)}"]
    rows = [["*ideal*", *(scenario.ideal for scenario in SCENARIOS.values()), str(len(SCENARIOS))]]
    for tool, played in outcomes.items():
        cells = [played[name].shown if name in played else "-" for name in SCENARIOS]
        rows.append([tool, *cells, str(sum(outcome.right for outcome in played.values()))])
    return table(titles, rows)


def ratios(small: Samples, large: Samples) -> str:
    """Return how much more CPU ours takes than what it is measured against, in the same run."""
    peers = [tool for tool in large if tool != PYTHON and tool not in _OURS]
    wanted: list[tuple[str, Samples, str, Sequence[str]]] = [
        ("no-op, 12", small, "noop", (PYTHON, "doit")),
        ("no-op, 200", large, "noop", (PYTHON, "doit")),
        ("status after an edit, 12", small, "status", (PYTHON, "doit")),
        ("status after an edit, 200", large, "status", (PYTHON, "doit")),
        ("one raw file edited, 200", large, "edit", ("doit",)),
        ("full build, 200", large, "full", peers),
    ]
    rows = [
        [title, other, f"{found:.2f}"]
        for title, taken, phase, others in wanted
        for other in others
        if (found := ratio(taken, phase, _OURS[0], other)) is not None
    ]
    return table(["what", "beside", "ours / it, CPU"], rows)


def further(outcomes: Mapping[str, Outcome]) -> str:
    """Return how the scenarios went that are ours alone."""
    rows = [[FURTHER[name].title, FURTHER[name].ideal, outcome.shown] for name, outcome in outcomes.items()]
    return table(["what happens", "ideal", "ours"], rows)


def scale(taken: Mapping[str, Samples]) -> str:
    """Return what ours costs by size: `taken` by what was built, such as `10,000 assets`."""
    rows = []
    for size, samples in taken.items():
        count = int(size.split()[0].replace(",", ""))
        for tool in samples:
            if tool == PYTHON:
                continue
            for phase in samples[tool]:
                cpu, peak = median(samples[tool], phase, "cpu"), median(samples[tool], phase, "peak_mb")
                beside = ratio(samples, phase, tool, PYTHON)
                each = f"{1e3 * cpu / count:.3f}" if cpu is not None else "-"
                rows.append([size, phase, _number(cpu), each, _number(beside), _number(peak)])
    return table(["size", "what", "cpu", "ms each", f"/ `{PYTHON}`", "peak MB"], rows)


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _pair(samples: Mapping[str, list[Sample]], phase: str) -> str:  # wall / cpu
    wall, cpu = (median(samples, phase, what) for what in ("wall", "cpu"))
    return "-" if cpu is None else f"{_number(wall)} / {_number(cpu)}"


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if value < 1 else f"{value:.2f}" if value < 10 else f"{value:,.1f}"
