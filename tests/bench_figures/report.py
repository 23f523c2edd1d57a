"""The measurements as tables in Markdown."""

from collections.abc import Iterable, Iterator

from tests.bench_figures.scenarios import Phases, Step


def each(found: Iterable[Phases]) -> Iterator[str]:
    """Yield a line per figure, then the sums."""
    yield "| figure | cold: CPU s | wall s | warm: CPU s | wall s | of it the chart | pictures | checks |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    done = []
    for figure in found:
        done.append(figure)
        yield _line(figure.key, [figure])
    yield _line("**sum**", done)


def steps(found: Iterable[Step]) -> Iterator[str]:
    """Yield a line per step."""
    yield "| process | CPU s | wall s | peak MB | |"
    yield "| --- | ---: | ---: | ---: | --- |"
    for step in found:
        taken = f"{step.cost.cpu:.2f} | {step.cost.wall:.2f} | {step.cost.peak_mb:,.0f}"
        yield f"| {step.name} | {taken} | {step.remark} |"


def _line(name: str, figures: list[Phases]) -> str:
    cold = (sum(f.cold.cpu for f in figures), sum(f.cold.wall for f in figures))
    warm = (sum(f.warm for f in figures), sum(f.wall for f in figures))
    phases = [sum(getattr(f, phase) for f in figures) for phase in ("chart", "pictures", "checks")]
    return f"| {name} | " + " | ".join(f"{seconds:.2f}" for seconds in (*cold, *warm, *phases)) + " |"
