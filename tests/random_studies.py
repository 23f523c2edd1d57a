"""Random small studies: assets of every form over two sources, written out as a module.

Every table has the columns g (a group, which partitions are by), k (a number), v (a value) and n (a note).
"""

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import duckdb
from hypothesis import strategies as st

from tests.project_folders import Folder

FORMS = ("arrow", "frame", "expression", "relation")
TYPES = {
    "arrow": "pa.Table",
    "frame": "pd.DataFrame",
    "expression": "ir.Table",
    "relation": "duckdb.DuckDBPyRelation",
    "file": "Path",
}
OTHER_FORMS = {"arrow": "frame", "frame": "arrow", "expression": "relation", "relation": "expression"}
SOURCES = ("raw", "parts")
Cells = dict[str, list[tuple[int, str]]]
"""What a source holds: group -> values and notes."""


@dataclass
class Node:
    """An asset: what it does with all rows of the tables that it reads."""

    form: str
    reads: list[str]
    action: str = "map"
    """`map` each row, `group` the rows by g, `count` them all."""
    factor: int = 1
    shift: str = "none"
    """What is added to a value: nothing, what a `helper` says or a `setting`."""
    notes: bool = True
    """Whether notes are handed on."""
    extra: str | None = None
    """A table of which the number of rows is added to each value as well."""
    partitioned: bool = False
    view: bool = False
    comment: int = 0
    fails: bool = False

    @property
    def is_file(self) -> bool:
        return self.form == "file"

    @property
    def may_be_view(self) -> bool:
        return self.form in ("expression", "relation") and not self.partitioned

    def text(self, key: str, kinds: dict[str, bool]) -> str:
        """Write the asset; `kinds` tells of each key whether it is a file."""
        given = [r if r in SOURCES else f"{r}: {'Path' if kinds[r] else self._wanted()}" for r in self.reads]
        if self.extra:
            given.append(f"{self.extra}: {self._wanted()}")
        given += ["partition_keys"] * (self.partitioned and "parts" in self.reads)
        given += ["settings: Settings"] * (self.shift == "setting")
        given += ["connection: duckdb.DuckDBPyConnection"] * (self.form == "relation") + [
            "output"
        ] * self.is_file
        says = ['partitions_def="parts", primary_key=["g", "k"]'] * self.partitioned
        says += [f'path="out/{key}.txt"'] * self.is_file + ["view=True"] * self.view
        shift = {"none": "0", "helper": "helpers.shift()", "setting": "settings.shift"}[self.shift]
        lines = [
            f"# {self.comment}",
            f'raise ValueError("{key} fails")' if self.fails else "",
            *self._body(key, shift),
        ]
        body = "\n    ".join(line for line in lines if line)
        head = f"@asset({', '.join(says)})\ndef {key}({', '.join(given)}) -> {TYPES[self.form]}:"
        return f"{head}\n    {body}\n\n"

    def _wanted(self) -> str:
        return TYPES["arrow" if self.is_file else self.form]

    def _body(self, key: str, shift: str) -> list[str]:
        reads, how = ", ".join(self.reads), f"{self.action!r}, {self.factor}, {self.notes}"
        if self.form == "expression":
            counted = f" + {self.extra}.count().as_scalar()" if self.extra else ""
            return [f"return expressed([{reads}], {how}, lambda v: v + {shift}{counted})"]
        noted, names = f"ran({key!r})", f"{self.reads!r}"
        if self.form == "relation":
            counted = f" + (SELECT count(*) FROM {self.extra})" if self.extra else ""
            return [noted, f"return connection.sql(queried({names}, {how}, f'{{{shift}}}{counted}'))"]
        counted = f" + len(rows_of({self.extra}))" if self.extra else ""
        chosen = ", partition_keys" if self.partitioned and "parts" in self.reads else ""
        if self.is_file:
            return [noted, f"return written(output, [{reads}], {self.factor}, {shift})"]
        made = f"computed([rows_of(t{chosen}) for t in [{reads}]], {how}, {shift}{counted})"
        return [noted, f"return table({made}){'.to_pandas()' if self.form == 'frame' else ''}"]


HEAD = '''
import helpers
import json


class Settings:
    shift = SHIFT

SETTINGS = Settings()


def ran(key):
    with Path("ran").open("a") as log:
        log.write(key + "\\n")


@observable_source_asset
def raw(memo):
    return observed_files("raw.json", memo=memo)


@observable_source_asset
def parts():
    """One group a partition."""
    cells = json.loads(Path("parts.json").read_text())
    partitions = {g: hashlib.sha256(repr(values).encode()).hexdigest() for g, values in cells.items()}
    watched = observed_files("parts.json").watched
    return Observation(repr(sorted(partitions.items())), cells, partitions, watched)


def rows_of(given, groups=None):
    if isinstance(given, pd.DataFrame):
        given = pa.Table.from_pandas(given, preserve_index=False)
    if isinstance(given, pa.Table):
        return list(zip(*(given[column].to_pylist() for column in "gkvn")))
    cells = json.loads(given[0].read_text()) if isinstance(given, list) else given
    return [(g, k, v, n) for g in cells if groups is None or g in groups for k, (v, n) in enumerate(cells[g])]


def computed(inputs, action, factor, notes, shift):
    rows = [(g, k * len(inputs) + i, v, n) for i, rows in enumerate(inputs) for g, k, v, n in rows]
    if action == "count":
        return [("all", 0, len(rows), "-")]
    if action == "group":
        groups = sorted({g for g, *_ in rows})
        return [(g, 0, (sum(v for h, _, v, _ in rows if h == g) * factor + shift) % 4, "-") for g in groups]
    return [(g, k, (v * factor + shift) % 4, n if notes else "-") for g, k, v, n in rows]


def table(rows):
    types = {"g": pa.string(), "k": pa.int64(), "v": pa.int64(), "n": pa.string()}
    return pa.table({c: pa.array([r[i] for r in rows], kind) for i, (c, kind) in enumerate(types.items())})


def expressed(inputs, action, factor, notes, shifted):
    tables = [t.mutate(k=t.k * len(inputs) + i) for i, t in enumerate(inputs)]
    t = tables[0].union(*tables[1:]) if tables[1:] else tables[0]
    if action == "count":
        return t.aggregate(v=t.count()).select(g=ibis.literal("all"), k=ibis.literal(0, "int64"), v="v", n=ibis.literal("-"))
    if action == "group":
        t = t.group_by("g").agg(v=t.v.sum())
        t = t.mutate(k=ibis.literal(0, "int64"), n=ibis.literal("-"))
    value = (shifted(t.v * factor) % 4).cast("int32").cast("int64")  # DuckDB sums to wider numbers than ibis knows
    return t.select(g="g", k="k", v=value, n="n" if notes else ibis.literal("-"))


def queried(names, action, factor, notes, shift):
    union = " UNION ALL ".join(f"SELECT g, k * {len(names)} + {i} AS k, v, n FROM {t}" for i, t in enumerate(names))
    if action == "count":
        return f"SELECT 'all' AS g, 0::BIGINT AS k, count(*) AS v, '-' AS n FROM ({union})"
    if action == "group":
        union = f"SELECT g, 0::BIGINT AS k, sum(v) AS v, '-' AS n FROM ({union}) GROUP BY g"
    note = "n" if notes else "'-'"
    return f"SELECT g, k::BIGINT AS k, ((v * {factor} + {shift}) % 4)::BIGINT AS v, {note} AS n FROM ({union})"


def written(output, inputs, factor, shift):
    texts = [given.read_text() if isinstance(given, Path) else repr(sorted(rows_of(given))) for given in inputs]
    output.write_text(f"{factor} {shift} " + " ".join(texts))
    return output


'''


@dataclass
class Study:
    """All files of a project: its assets, its helper and its data."""

    nodes: dict[str, Node]
    raw: Cells
    parts: Cells
    shift: int = 1
    setting: int = 1
    spaces: int = 0
    """How the first source is spelled, which a file's content tells and its rows do not."""

    def write(self, folder: Folder) -> None:
        """Write the project as it is."""
        kinds = {key: node.is_file for key, node in self.nodes.items()}
        head = HEAD.replace("SHIFT", str(self.setting))
        folder.write(head + "".join(node.text(key, kinds) for key, node in self.nodes.items()))
        folder.write(f"def shift():\n    return {self.shift}\n", "helpers.py")
        (folder.path / "raw.json").write_text(self.raw_text)
        (folder.path / "parts.json").write_text(json.dumps(self.parts))

    def read(self, folder: Folder) -> dict[str, Any]:
        """Read the rows of all tables and views that are there, and the texts of all files."""
        found: dict[str, Any] = {p.stem: p.read_text() for p in (folder.path / "out").glob("t*.txt")}
        if not folder.database.exists():
            return found
        with duckdb.connect(str(folder.database), read_only=True) as connection:
            names = connection.execute(
                "SELECT table_name FROM duckdb_tables() UNION ALL SELECT view_name FROM duckdb_views()"
            ).fetchall()
            for (name,) in [row for row in names if row[0] in self.nodes]:
                with suppress(duckdb.CatalogException):  # a view of a table that was deleted
                    rows = connection.execute(f"SELECT g, k, v, n FROM {name}").fetchall()
                    found[name] = tuple(sorted(rows))
        return found

    @property
    def raw_text(self) -> str:
        return json.dumps(self.raw) + " " * self.spaces

    def added(self, node: Node) -> int:
        """Return what a node adds to each value, but for the rows that it counts."""
        return {"none": 0, "helper": self.shift, "setting": self.setting}[node.shift]


CELLS = st.lists(st.tuples(st.integers(0, 3), st.sampled_from("xy")), max_size=2)
GROUPS = st.dictionaries(st.sampled_from("abc"), CELLS, max_size=3)


@st.composite
def nodes(draw: st.DrawFn, known: dict[str, Node]) -> Node:
    """Draw an asset that may read those known already."""
    tables = [key for key, node in known.items() if not node.is_file]
    split = [key for key in tables if known[key].partitioned]
    whole = [key for key in tables if not known[key].partitioned]
    partitioned = draw(st.booleans())
    form = draw(st.sampled_from((*FORMS, "file")) if tables and not partitioned else st.sampled_from(FORMS))
    if partitioned and not (split and draw(st.booleans())):
        form, reads = draw(st.sampled_from(FORMS[:2])), ["parts"]
    else:
        readable = split if partitioned else tables
        if form == "file":
            readable = [*tables, *(key for key in known if known[key].is_file)]
        if (form in ("arrow", "frame") and not partitioned) or not readable:
            readable = [*readable, *SOURCES]
        if set(readable) <= set(SOURCES):
            form = "arrow"
        reads = draw(st.lists(st.sampled_from(readable), min_size=1, max_size=2, unique=True))
    action = draw(
        st.sampled_from(("map", "map", "group") if partitioned else ("map", "map", "group", "count"))
    )
    extras = [key for key in whole if key not in reads and form != "file" and action != "count"]
    node = Node(
        form=form,
        reads=reads,
        action=action,
        factor=draw(st.integers(1, 2)),
        shift=draw(st.sampled_from(("none", "helper", "setting"))),
        notes=draw(st.booleans()),
        extra=draw(st.sampled_from(extras)) if extras and draw(st.integers(0, 3)) == 0 else None,
        partitioned=partitioned,
    )
    node.view = node.may_be_view and draw(st.booleans())
    return node


@st.composite
def studies(draw: st.DrawFn) -> Study:
    """Draw a study of three to seven assets."""
    drawn: dict[str, Node] = {}
    for number in range(draw(st.integers(3, 7))):
        drawn[f"t{number}"] = draw(nodes(drawn))
    return Study(drawn, raw=draw(GROUPS), parts=draw(GROUPS))
