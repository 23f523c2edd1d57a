"""What a step does, the same for every tool; copied into each generated project, so it imports nothing of ours.

`begin` writes a line per step that ran, which is how reruns are counted. The scenarios steer steps by the
environment: BENCH_LOG (the log), BENCH_FAIL (steps that raise), BENCH_SLEEP (seconds per step), BENCH_PARTIAL
(a step that stops half way and hangs, to be killed).
"""

# ruff: noqa: PTH103, PTH119, PTH120, PTH123
# every step of every tool imports this: as little as can be

import os
import time
from collections.abc import Sequence
from typing import Any


def begin(name: str) -> None:
    """Log that a step runs; raise or sleep if the scenario wants it."""
    with open(os.environ.get("BENCH_LOG", "runs.log"), "a") as log:
        log.write(name + "\n")
    if name in os.environ.get("BENCH_FAIL", "").split(","):
        raise RuntimeError("planned failure in " + name)
    time.sleep(float(os.environ.get("BENCH_SLEEP", "0")))


def half_way(name: str, path: str | None = None) -> None:
    """Hang if the scenario wants this step killed, with half an output at `path`."""
    if os.environ.get("BENCH_PARTIAL") != name:
        return
    if path:
        with open(path, "w") as file:
            file.write("half a file")
    with open(os.environ["BENCH_LOG"], "a") as log:
        log.write("PARTIAL\n")
    time.sleep(120)


def to_parquet(query: str, path: Any) -> None:
    """Write the rows of a query to a Parquet file."""
    with _ready(path) as connection:
        connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")


def to_svg(query: str, path: Any) -> None:
    """Draw the rows of a query."""
    with _ready(path) as connection:
        rows = connection.execute(query).fetchall()
    with open(path, "w") as file:
        file.write(svg(rows))


def svg(rows: Sequence[tuple[Any, ...]]) -> str:
    """Return a bar chart of (name, value) rows."""
    bars = "".join(
        f'<rect x="{20 * place}" y="0" width="16" height="{value / 1000:.3f}"><title>{name}={value}</title></rect>\n'
        for place, (name, value) in enumerate(rows)
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="100" height="60">\n{bars}</svg>\n'


def digest(path: str) -> str:
    """Return a hash of a file's content, for tools that hash values only."""
    import hashlib

    with open(path, "rb") as file:
        return hashlib.blake2b(file.read(), digest_size=16).hexdigest()


def _ready(path: Any) -> Any:
    import duckdb

    os.makedirs(os.path.dirname(str(path)) or ".", exist_ok=True)
    half_way(os.path.basename(str(path)).split(".")[0], str(path))
    return duckdb.connect(":memory:", config={"threads": 1})
