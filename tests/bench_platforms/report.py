"""The measurements as tables in Markdown."""

from collections.abc import Iterator, Sequence
from statistics import median

from tests.bench_platforms.scenarios import Taken


def lines(rounds: Sequence[Sequence[Taken]]) -> Iterator[str]:
    """Yield a line per platform: medians over the rounds, beside the first platform of the same round."""
    yield "| | CPU s | more than plain | ratio | wall s | server, CPU s |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for column in zip(*rounds, strict=True):
        more = median(taken.cost.cpu - all_[0].cost.cpu for taken, all_ in zip(column, rounds, strict=True))
        ratio = median(taken.cost.cpu / all_[0].cost.cpu for taken, all_ in zip(column, rounds, strict=True))
        server = median(taken.server for taken in column)
        yield (
            f"| {column[0].platform} | {_median(column, 'cpu'):.2f} | {more:+.2f} | {ratio:,.2f} "
            f"| {_median(column, 'wall'):.2f} | {server:.2f} |"
        )


def _median(column: Sequence[Taken], what: str) -> float:
    return median(getattr(taken.cost, what) for taken in column)
