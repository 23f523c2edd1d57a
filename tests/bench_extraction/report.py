"""The measurements as tables in Markdown."""

from collections.abc import Sequence

from tests.bench_extraction.scenarios import ALL, OURS, PEER, PREFECT, Measured

WHOLE = (PEER, OURS, ALL, PREFECT)
"""Steps that read every run."""


def lines(found: Sequence[Measured]) -> list[str]:
    """Return the table: each step with its CPU time as a share of our extraction of the same store."""
    full = {(item.store, item.runs): item.cost.cpu for item in found if item.step in (OURS, ALL)}
    told = ["| store | runs | step | CPU s | wall s | peak MB | runs per CPU s | CPU, of our extraction |"]
    told.append("| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |")
    return told + [_line(item, full.get((item.store, item.runs))) for item in found]


def _line(item: Measured, full: float | None) -> str:
    cost = item.cost
    rate = f"{item.runs / cost.cpu:,.0f}" if item.step in WHOLE else ""
    share = f"{cost.cpu / full:.1%}" if full else ""
    runs = f"{item.runs:,}" if item.runs else ""
    taken = f"{cost.cpu:.2f} | {cost.wall:.2f} | {cost.peak_mb:,.0f}"
    return f"| {item.store} | {runs} | {item.step} | {taken} | {rate} | {share} |"
