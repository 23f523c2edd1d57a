"""Whatever is edited, in whatever order: the result is that of a build from scratch, and nothing ran in vain.

A small graph of Python and expression assets is written out as a module. Beside it stands a model in plain
Python, which says what each table must hold and which assets must run.
"""

import copy
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.project_folders import Folder

Rows = list[tuple[int, int]]

SOURCES = ("raw_0", "raw_1")
SHAPES = ("arrow", "frame", "expression")
TYPES = {"arrow": "pa.Table", "frame": "pd.DataFrame", "expression": "ir.Table"}


@dataclass
class Node:
    """An asset: every `v` of what it reads, times its factor, plus the helper's shift if it uses it, modulo 4."""

    shape: str
    reads: list[str]
    factor: int
    shifted: bool
    comment: int = 0

    def text(self, key: str) -> str:
        # an expression can only read expressions; for simplicity each reads tables as what it makes
        parameters = ", ".join(r if r in SOURCES else f"{r}: {TYPES[self.shape]}" for r in self.reads)
        shift = "helpers.shift()" if self.shifted else "0"
        bodies = {
            "arrow": f"rows = sum((rows_of(t) for t in [{', '.join(self.reads)}]), [])\n"
            f"    return made([(k, (v * {self.factor} + {shift}) % 4) for k, v in rows])",
            "frame": f"t = pd.concat([frame_of(t) for t in [{', '.join(self.reads)}]])\n"
            f"    return t.assign(v=(t.v * {self.factor} + {shift}) % 4)",
            "expression": f"t = {self.reads[0]}" + "".join(f".union({r})" for r in self.reads[1:]) + "\n"
            f"    return t.mutate(v=((t.v * {self.factor} + {shift}) % 4).cast('int64'))",
        }
        note = f"    # {self.comment}\n    "
        return f"@asset\ndef {key}({parameters}) -> {TYPES[self.shape]}:\n{note}{bodies[self.shape]}\n\n"


HEAD = """
import helpers

def observed(name):
    text = Path(name).read_text()
    return Observation(hashlib.sha256(text.encode()).hexdigest(), [(k, int(v)) for k, v in enumerate(text.split())])

@observable_source_asset
def raw_0():
    return observed("raw_0")

@observable_source_asset
def raw_1():
    return observed("raw_1")

def made(rows):
    return pa.table({"k": pa.array([k for k, _ in rows], pa.int64()), "v": pa.array([v for _, v in rows], pa.int64())})

def rows_of(given):
    given = given if isinstance(given, list) else frame_of(given)
    return given if isinstance(given, list) else list(zip(given.k.tolist(), given.v.tolist()))

def frame_of(given):
    if isinstance(given, list):
        return made(given).to_pandas()
    return given.to_pandas() if hasattr(given, "to_pandas") else given

"""


@dataclass
class Study:
    """The files of a project; what its folder's tables hold and were made from is told by `Model`."""

    nodes: dict[str, Node]
    sources: dict[str, list[int]]
    shift: int = 1

    def write(self, folder: Folder) -> None:
        folder.write(HEAD + "".join(node.text(key) for key, node in self.nodes.items()))
        folder.write(f"def shift():\n    return {self.shift}\n", "helpers.py")
        for name, values in self.sources.items():
            (folder.path / name).write_text(" ".join(map(str, values)))


@dataclass
class Model:
    """What the tables hold, and what each was made from when it was last made."""

    tables: dict[str, Rows] = field(default_factory=dict)
    made_from: dict[str, object] = field(default_factory=dict)
    made: dict[str, Rows] = field(default_factory=dict)

    def build(self, study: Study, selected: list[str]) -> set[str]:
        """Do what a build must do; return the assets that it must run."""
        ran = set()
        for key in (k for k in study.nodes if k in selected):
            node, shift = study.nodes[key], study.shift if study.nodes[key].shifted else 0
            inputs = [self._content(study, read) for read in node.reads]
            made_from = [node.reads, node.factor, shift, inputs]
            kept = key in self.tables and self.tables[key] == self.made.get(key)
            if kept and self.made_from[key] == made_from:
                continue
            ran.add(key)
            self.tables[key] = sorted((k, (v * node.factor + shift) % 4) for rows in inputs for k, v in rows)
            self.made[key], self.made_from[key] = self.tables[key], made_from
        return ran

    def _content(self, study: Study, key: str) -> Rows:
        return list(enumerate(study.sources[key])) if key in SOURCES else self.tables[key]


VALUES = st.lists(st.integers(0, 3), max_size=3)


@st.composite
def studies(draw: st.DrawFn) -> Study:
    nodes: dict[str, Node] = {}
    for number in range(draw(st.integers(2, 5))):
        shape = draw(st.sampled_from(SHAPES if nodes else SHAPES[:2]))
        known = [*nodes] if shape == "expression" else [*SOURCES, *nodes]
        reads = draw(st.lists(st.sampled_from(known), min_size=1, max_size=2, unique=True))
        nodes[f"t{number}"] = Node(shape, reads, draw(st.integers(1, 2)), draw(st.booleans()))
    return Study(nodes, {name: draw(VALUES) for name in SOURCES})


EDITS = st.sampled_from(
    [
        "factor",
        "shift",
        "comment",
        "source",
        "touch",
        "drop",
        "add a row",
        "lose the file",
        "revert",
        "nothing",
        "part",
    ]
)


class Run:
    """One project in one folder, edited and built again and again beside its model."""

    def __init__(self, folder: Folder, study: Study) -> None:
        self.folder, self.study, self.model = folder, study, Model()
        self.earlier = [copy.deepcopy(study)]
        self.study.write(folder)

    def build(self, selected: list[str] | None = None) -> None:
        expected = self.model.build(self.study, selected or [*self.study.nodes])
        assert self.folder.ran(*(selected or ())) == expected
        for key, rows in self.model.tables.items():
            assert self.folder.rows(key) == rows, key

    def edit(self, edit: str, key: str, number: int, values: list[int]) -> None:
        node = self.study.nodes[key]
        match edit:
            case "factor":
                node.factor = 1 + number % 3
            case "shift":
                self.study.shift = number % 3
            case "comment":
                node.comment = number
            case "source":
                self.study.sources[SOURCES[number % 2]] = values
            case "touch":
                os.utime(self.folder.path / SOURCES[number % 2])
            case "drop":
                self.folder.sql(f"DROP TABLE {key}")
                del self.model.tables[key]
            case "add a row":
                self.folder.sql(f"INSERT INTO {key} VALUES (99, {number})")
                self.model.tables[key] = sorted([*self.model.tables[key], (99, number)])
            case "lose the file":
                self.folder.database.unlink()
                self.model = Model()
            case "revert":
                self.study = copy.deepcopy(self.earlier[number % len(self.earlier)])
            case "part" if all(r in SOURCES or r in self.model.tables for r in node.reads):
                self.build([key])  # only this one, from what stands
        self.earlier.append(copy.deepcopy(self.study))
        self.study.write(self.folder)


STEPS = st.lists(
    st.lists(st.tuples(EDITS, st.integers(0, 4), st.integers(0, 9), VALUES), min_size=1, max_size=2),
    min_size=1,
    max_size=4,
)


# Without shrinking: builds take a tenth of a second, and the steps that failed can be read as they are
@settings(max_examples=6, deadline=None, phases=[Phase.reuse, Phase.generate])
@given(studies(), STEPS)
def test_after_any_edits_a_build_equals_one_from_scratch_and_runs_only_what_it_must(
    study: Study, steps: list[list[tuple[str, int, int, list[int]]]]
) -> None:
    with tempfile.TemporaryDirectory() as place:
        run = Run(Folder(Path(place)), study)
        run.build()
        for edits in steps:
            for edit, which, number, values in edits:
                keys = [k for k in run.study.nodes if k in run.model.tables]
                if keys:
                    run.edit(edit, keys[which % len(keys)], number, values)
            run.build()
        assert set(run.folder.states().values()) == {"fresh"}
        incremental = run.folder.versions()
        run.folder.database.unlink()
        run.folder.build()
        assert run.folder.versions() == incremental
