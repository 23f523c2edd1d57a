"""Where the boxes of a lineage drawing stand, and how the lines run between them.

Columns run from left to right by `Graph.layers`. Within a column the order with few crossings is found
by sorting each column by the mean place of its neighbours, forth and back (Sugiyama's method). A line
that spans several columns has a place of its own in each, so that it never runs through a box.
"""

from bisect import bisect_right, insort
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from statistics import fmean

from assets.engine.lineage.graph import Graph

HEIGHT, GAP = 40.0, 14.0
"""Height of a box, and free space between two of a column, in pixels."""
_LANE = 6.0  # height that a passing line takes
_CHANNEL = (44.0, 130.0)  # narrowest and widest room for the lines between two columns
_SWEEPS = 12  # further ones change nothing that can be seen
_STRAIGHTNESS = 4.0  # how much more a passing line keeps to its height than a box does

Vertex = tuple[str, int]
"""A node in its column; or, in a column further on, the line that started at it."""
Columns = list[list[Vertex]]
Links = list[tuple[Vertex, Vertex]]
Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """Where one node stands: left and right edge, and middle height, in pixels."""

    left: float
    right: float
    y: float


@dataclass(frozen=True)
class Layout:
    """A drawing without ink: a box for each node, a line for each (upstream, reader)."""

    boxes: Mapping[str, Box]
    lines: Mapping[tuple[str, str], Sequence[Point]]
    """Points in pairs: within a pair the line changes its height, from one pair to the next it is level."""
    width: float
    height: float


def lay_out(graph: Graph, widths: Mapping[str, float]) -> Layout:
    """Place the nodes, given how wide each must be."""
    layers = graph.layers()
    columns, links = _columns(graph, layers)
    columns = _untangled(columns, links)
    heights = _heights(columns, links, layers)
    spans = _spans(columns, links, layers, widths)
    boxes = {key: Box(*spans[at], heights[key, at]) for key, at in layers.items()}
    lines = {}
    for node in graph.nodes.values():
        for upstream in node.reads:
            passed = range(layers[upstream] + 1, layers[node.key])
            points = [(x, heights[upstream, at]) for at in passed for x in spans[at]]
            start, end = boxes[upstream], boxes[node.key]
            lines[upstream, node.key] = [(start.right, start.y), *points, (end.left, end.y)]
    bottom = max((y + _size(vertex, layers) / 2 for vertex, y in heights.items()), default=0.0)
    return Layout(boxes, lines, spans[-1][1] if spans else 0.0, bottom)


def _columns(graph: Graph, layers: Mapping[str, int]) -> tuple[Columns, Links]:
    """Return what stands in each column, and what is joined from each to the next.

    All readers of a node share one line up to the column before theirs.
    """
    columns: Columns = [[] for _ in range(max(layers.values(), default=-1) + 1)]
    links: Links = []
    for key, readers in graph.readers().items():
        start = layers[key]
        end = max((layers[reader] for reader in readers), default=start + 1)
        line = [(key, at) for at in range(start, end)]
        for vertex in line:
            columns[vertex[1]].append(vertex)
        links += pairwise(line)
        links += [((key, layers[reader] - 1), (reader, layers[reader])) for reader in readers]
    return columns, links


def _neighbours(links: Links) -> tuple[dict[Vertex, list[Vertex]], dict[Vertex, list[Vertex]]]:
    """Return what each is joined to in the column before, and in the column after."""
    before, after = defaultdict(list), defaultdict(list)
    for left, right in links:
        before[right].append(left)
        after[left].append(right)
    return before, after


def _untangled(columns: Columns, links: Links) -> Columns:
    """Return the columns in the order with the fewest crossings that the sweeps come by."""
    before, after = _neighbours(links)
    best, fewest = columns, crossings(columns, links)
    current = [list(column) for column in columns]
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        forth = sweep % 2 == 0
        numbers = range(1, len(current)) if forth else range(len(current) - 2, -1, -1)
        for number in numbers:
            beside = {vertex: i for i, vertex in enumerate(current[number - 1 if forth else number + 1])}
            joined = before if forth else after
            mean = {
                vertex: fmean(beside[n] for n in joined[vertex]) if vertex in joined else i
                for i, vertex in enumerate(current[number])
            }
            current[number].sort(key=mean.__getitem__)
        found = crossings(current, links)
        if found < fewest:
            best, fewest = [list(column) for column in current], found
    return best


def crossings(columns: Columns, links: Links) -> int:
    """Count the pairs of lines that cross between two columns."""
    place = {vertex: i for column in columns for i, vertex in enumerate(column)}
    channels = defaultdict(list)
    for left, right in links:
        channels[left[1]].append((place[left], place[right]))
    count = 0
    for lines in channels.values():
        above: list[int] = []
        for _, end in sorted(lines):
            count += len(above) - bisect_right(above, end)
            insort(above, end)
    return count


def _size(vertex: Vertex, layers: Mapping[str, int]) -> float:
    return HEIGHT if layers[vertex[0]] == vertex[1] else _LANE


def _heights(columns: Columns, links: Links, layers: Mapping[str, int]) -> dict[Vertex, float]:
    """Return the height of the middle of everything: near its neighbours, nothing overlapping."""
    heights = dict[Vertex, float]()
    distances = [
        [(_size(one, layers) + _size(other, layers)) / 2 + GAP for one, other in pairwise(column)]
        for column in columns
    ]
    for column, apart in zip(columns, distances, strict=True):
        heights |= zip(column, accumulate(apart, initial=0.0), strict=True)
    before, after = _neighbours(links)
    for sweep in range(_SWEEPS):
        forth = sweep % 2 == 0
        for column, apart in list(zip(columns, distances, strict=True))[:: 1 if forth else -1]:
            wanted = []
            for vertex in column:
                joined = (before if forth else after).get(vertex) or [vertex]
                wanted.append(fmean(heights[other] for other in joined))
            weights = [1.0 if _size(vertex, layers) == HEIGHT else _STRAIGHTNESS for vertex in column]
            heights |= zip(column, _apart(wanted, weights, apart), strict=True)
    top = min((y - _size(vertex, layers) / 2 for vertex, y in heights.items()), default=0.0)
    return {vertex: y - top for vertex, y in heights.items()}


def _apart(wanted: Sequence[float], weights: Sequence[float], distances: Sequence[float]) -> list[float]:
    """Return the heights nearest to those wanted (least squares) that keep order and distances.

    Distances taken off, that is a regression by a rising function: neighbours that would swap are pooled.
    """
    offsets = list(accumulate(distances, initial=0.0))[: len(wanted)]
    pools: list[tuple[float, float, int]] = []  # sum of weighted places, weight, members
    for want, weight, offset in zip(wanted, weights, offsets, strict=True):
        pools.append((weight * (want - offset), weight, 1))
        while len(pools) > 1 and pools[-2][0] * pools[-1][1] > pools[-1][0] * pools[-2][1]:
            last = pools.pop()
            pools[-1] = (pools[-1][0] + last[0], pools[-1][1] + last[1], pools[-1][2] + last[2])
    places = [total / weight for total, weight, members in pools for _ in range(members)]
    return [place + offset for place, offset in zip(places, offsets, strict=True)]


def _spans(
    columns: Columns, links: Links, layers: Mapping[str, int], widths: Mapping[str, float]
) -> list[tuple[float, float]]:
    """Return the left and right edge of each column; the more lines, the more room before the next."""
    crowd = Counter(left[1] for left, _ in links)
    spans, x = [], 0.0
    for number, column in enumerate(columns):
        width = max(widths[key] for key, at in column if layers[key] == at)
        spans.append((x, x + width))
        x += width + min(_CHANNEL[0] + 2 * crowd[number], _CHANNEL[1])
    return spans
