"""The pipelines that every tool builds, their raw data, and the right answer.

All steps are tiny, so that what is measured is the tool. A source keeps three of the four columns of
its raw file; the fourth, `note`, is read by nothing: an edit of it changes the raw file and no table.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from tests.incremental.benchlib import svg

SCALE = 3
"""What the helper returns before anybody edits it."""
EDITED_SCALE = 5
_ROWS = 50
_WIDTH = 20

Answer = list[tuple[Any, ...]] | str
"""What a step makes: the rows of a table in order of their id, or the text of a figure."""


@dataclass(frozen=True)
class Step:
    """One step: a source (raw file to table), a table of two tables, or a figure of one."""

    name: str
    kind: Literal["source", "table", "figure"]
    reads: tuple[str, ...] = ()
    """Names of the steps that it reads; a source reads its raw file instead."""
    calls_helper: bool = False

    @property
    def raw(self) -> str:
        """Path of the raw file that a source reads."""
        return f"raw/{self.name}.csv"

    @property
    def output(self) -> str:
        """Path of what it makes, in tools that keep files."""
        return f"out/{self.name}.{'svg' if self.kind == 'figure' else 'parquet'}"

    def sql(self, inputs: tuple[str, ...], scale: str) -> str:
        """Return its query; `inputs` are what DuckDB can read from, `scale` the factor's text."""
        if self.kind == "source":
            return f"SELECT id, grp, val FROM {inputs[0]} ORDER BY id"
        if self.kind == "figure":
            return f"SELECT grp, CAST(sum(val) AS BIGINT) AS v FROM {inputs[0]} GROUP BY grp ORDER BY grp"
        return (
            f"SELECT a.id AS id, a.grp AS grp, CAST((a.val * {scale} + b.val) % 1000 AS BIGINT) AS val "
            f"FROM {inputs[0]} a JOIN {inputs[1]} b ON a.id = b.id ORDER BY a.id"
        )


@dataclass(frozen=True)
class Pipeline:
    """Steps, upstream first, and those that the scenarios meddle with."""

    steps: tuple[Step, ...]
    caller: str
    """The one table whose step calls the helper."""
    leaf: str
    """A figure."""
    middle: str
    """A table between others."""
    edited: str = "s1"
    """The source whose raw file is edited."""

    @cached_property
    def by_name(self) -> Mapping[str, Step]:
        """Return the steps by their names."""
        return {step.name: step for step in self.steps}

    def inputs(self, step: Step) -> list[str]:
        """Return the paths of the files that a step reads, in tools that keep files."""
        return [step.raw] if step.kind == "source" else [self.by_name[name].output for name in step.reads]

    def downstream(self, name: str) -> set[str]:
        """Return a step and all that depend on it."""
        found = {name}
        for step in self.steps:
            if found.intersection(step.reads):
                found.add(step.name)
        return found


def pipeline(size: int) -> Pipeline:
    """Return the pipeline of 12 steps, or one of layers of 20: any multiple of 20 from 60 up."""
    if size == 12:
        return _small()
    if size % _WIDTH or size < 3 * _WIDTH:
        raise ValueError(f"no pipeline of {size} steps: 12, or a multiple of {_WIDTH} from {3 * _WIDTH} up")
    layers = size // _WIDTH
    steps = [Step(f"s{i + 1}", "source") for i in range(_WIDTH)]
    for layer in range(2, layers):
        above = [step.name for step in steps[-_WIDTH:]]
        steps += [
            Step(f"t{layer}x{i + 1}", "table", (above[i], above[(i + 7) % _WIDTH]), layer == 2 and i == 0)
            for i in range(_WIDTH)
        ]
    steps += [Step(f"f{i + 1}", "figure", (steps[-_WIDTH + i].name,)) for i in range(_WIDTH)]
    return Pipeline(tuple(steps), caller="t2x1", leaf="f1", middle=f"t{layers // 2}x1")


def _small() -> Pipeline:
    tables = {
        "t1": ("s1", "s2"),
        "t2": ("s2", "s3"),
        "t3": ("t1", "t2"),
        "t4": ("t2", "s3"),
        "t5": ("t3", "t4"),
    }
    figures = {"f1": "t3", "f2": "t4", "f3": "t5", "f4": "t2"}
    steps = [Step(f"s{i}", "source") for i in (1, 2, 3)]
    steps += [Step(name, "table", reads, calls_helper=name == "t1") for name, reads in tables.items()]
    steps += [Step(name, "figure", (table,)) for name, table in figures.items()]
    return Pipeline(tuple(steps), caller="t1", leaf="f1", middle="t3")


def write_raw(folder: Path, step: Step, *, note: int = 1, bump: int = 0) -> None:
    """Write the raw file of a source; `note` changes only the column that nothing reads, `bump` the values."""
    values = random.Random(step.name)
    lines = [f"{i},{'abcd'[i % 4]},{values.randrange(1000) + bump},n{note}\n" for i in range(_ROWS)]
    path = folder / step.raw
    path.parent.mkdir(exist_ok=True)
    path.write_text("id,grp,val,note\n" + "".join(lines))


def answers(folder: Path, steps: Pipeline, scale: int) -> dict[str, Answer]:
    """Compute what each step should have made of the raw files as they are, with nothing kept from before."""
    import duckdb

    found: dict[str, Answer] = {}
    with duckdb.connect(":memory:", config={"threads": 1}) as connection:
        for step in steps.steps:
            inputs = (f"read_csv('{folder / step.raw}')",) if step.kind == "source" else step.reads
            query = step.sql(inputs, str(scale if step.calls_helper else 2))
            if step.kind == "figure":
                found[step.name] = svg(connection.execute(query).fetchall())
            else:
                connection.execute(f"CREATE TABLE {step.name} AS {query}")
                found[step.name] = connection.execute(f"FROM {step.name} ORDER BY id").fetchall()
    return found
