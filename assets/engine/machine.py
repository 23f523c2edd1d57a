"""What this machine has and what we take of it, measured."""

import os
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")


def resident_bytes() -> int:
    """Return the resident memory of this process and of all that descend from it, in bytes.

    Measured, not asked of an allocator: from `/proc` on Linux, from `ps` elsewhere. Pages that several of them
    share, such as libraries, count for each.
    """
    children, sizes = defaultdict[int, list[int]](list), dict[int, int]()
    for process, parent, size in _processes():
        children[parent].append(process)
        sizes[process] = size
    total, waiting = 0, [os.getpid()]
    while waiting:
        process = waiting.pop()
        total += sizes.get(process, 0)
        waiting += children[process]
    return total


def free_bytes(folder: Path) -> int:
    """Return what may still be written on the disk of a folder, which need not be there yet, in bytes."""
    return shutil.disk_usage(nearest_existing(folder)).free


def nearest_existing(path: Path) -> Path:
    """Return the path, or the nearest folder above it that is there."""
    return next(place for place in (path, *path.absolute().parents) if place.exists())


def _processes() -> Iterator[tuple[int, int, int]]:
    """Yield process, parent and resident bytes of every process that can be seen."""
    if not (_PROC / "self" / "stat").exists():
        yield from _processes_by_ps()
        return
    page = os.sysconf("SC_PAGE_SIZE")
    for folder in _PROC.iterdir():
        if folder.name.isdecimal():
            with suppress(OSError):  # it ended meanwhile
                # The name of a program stands in brackets and may hold anything, also brackets and blanks.
                fields = (folder / "stat").read_bytes().rpartition(b")")[2].split()
                yield int(folder.name), int(fields[1]), int(fields[21]) * page


def _processes_by_ps() -> Iterator[tuple[int, int, int]]:
    done = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,rss="], capture_output=True, text=True, check=True)
    for line in done.stdout.splitlines():
        process, parent, kibibytes = map(int, line.split())
        yield process, parent, kibibytes * 1024
