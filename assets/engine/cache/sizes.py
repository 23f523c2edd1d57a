"""How much a cache holds, and which of it goes when it holds too much."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from assets.engine.cache.places import Folder
from assets.engine.cache.result import CachedResult, result_name, understood

_GRACE_SECONDS = 3600
"""A younger file without a result may belong to one that is being written."""


@dataclass(frozen=True)
class Amount:
    """A number of results, and the bytes on disk that they take."""

    entries: int
    bytes: int


def held(folder: Folder) -> Amount:
    """Return how much a folder holds."""
    return _amount({name: found.st_size for name, found in folder.files().items()})


def collect(folder: Folder, max_bytes: int | None, keep: int | None, *, dry_run: bool) -> Amount:
    """Drop the results beyond the bounds, and whatever no result needs; return how much that is."""
    files = folder.files()
    sizes = {name: found.st_size for name, found in files.items()}
    used = {name: found.st_mtime_ns for name, found in files.items()}
    results = sorted(_complete(folder, sizes), key=lambda r: used[result_name(r.input_hash)], reverse=True)
    staying = _within(_newest(results, keep), sizes, max_bytes)
    known, needed = _names(results), _names(staying)
    old = time.time_ns() - _GRACE_SECONDS * 10**9
    going = {n: size for n, size in sizes.items() if n not in needed and (n in known or used[n] < old)}
    if not dry_run:
        for name in sorted(going, key=_is_result, reverse=True):  # the results first, then what they need
            folder.remove(name)
    return _amount(going)


def _complete(folder: Folder, sizes: Mapping[str, int]) -> Iterator[CachedResult]:
    contents = {name.removeprefix("contents/") for name in sizes}
    for name in filter(_is_result, sizes):
        result = understood(folder.read(name))
        if result and name == result_name(result.input_hash) and contents >= set(result.files.values()):
            yield result


def _newest(results: Iterable[CachedResult], keep: int | None) -> Iterator[CachedResult]:
    """Give the first results of each asset."""
    given = Counter[str]()
    for result in results:
        given[result.key] += 1
        if keep is None or given[result.key] <= keep:
            yield result


def _within(
    results: Iterable[CachedResult], sizes: Mapping[str, int], max_bytes: int | None
) -> list[CachedResult]:
    """Return as many of the first results as fit; contents that several share count once."""
    counted, total, fitting = set[str](), 0, list[CachedResult]()
    for result in results:
        new = set(result.names) - counted
        total += sum(sizes.get(name, 0) for name in new)
        if max_bytes is not None and total > max_bytes:
            break
        counted |= new
        fitting.append(result)
    return fitting


def _names(results: Iterable[CachedResult]) -> set[str]:
    return set(chain.from_iterable(result.names for result in results))


def _is_result(name: str) -> bool:
    return name == result_name(name.removeprefix("results/").removesuffix(".json"))


def _amount(sizes: Mapping[str, int]) -> Amount:
    return Amount(sum(map(_is_result, sizes)), sum(sizes.values()))
