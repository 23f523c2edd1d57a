"""This project's own engine: one file of assets, as a stranger would write it."""

from pathlib import Path
from typing import TYPE_CHECKING

from tests.incremental.pipelines import Answer, Pipeline, Step
from tests.incremental.tool import UNREADABLE, Tool, read, replace, write, write_skeleton

if TYPE_CHECKING:
    import duckdb

ROOT = Path(__file__).resolve().parents[2]
MODULE = "pipeline"
HEAD = """\
from __future__ import annotations
from typing import TYPE_CHECKING
from assets.engine import asset, observable_source_asset, observed_files
from benchlib import begin, half_way, svg
from helpers import scale
if TYPE_CHECKING:
    from pathlib import Path
    import duckdb
"""


class Ours(Tool):
    """Tables as DuckDB relations, figures as files; the tables lie in `pipeline.duckdb`."""

    name = "ours"
    head = HEAD

    def generate(self, folder: Path, steps: Pipeline) -> None:
        write_skeleton(folder, steps)
        parts = [self.head, *(_RAW.format(step=s) for s in steps.steps if s.kind == "source")]
        parts += [self.declared(step) for step in steps.steps]
        write(folder, f"{MODULE}.py", "\n\n".join(parts))

    def declared(self, step: Step) -> str:
        """Return the function that is a step."""
        names = (f"read_csv('{step.raw}')",) if step.kind == "source" else step.reads
        form = {"source": _SOURCE, "table": _TABLE, "figure": _FIGURE}[step.kind]
        scale = "scale()" if step.calls_helper else "2"
        return form.format(step=step, reads=step.reads, scale=scale, sql=step.sql(names, "{k}"))

    def variables(self, folder: Path) -> dict[str, str]:
        return {"PYTHONPATH": str(ROOT)}

    def build(self, *, keep_going: bool = False) -> list[str]:
        return self.assets("materialize")

    def status(self) -> list[str]:
        return self.assets("status")

    def assets(self, *words: str) -> list[str]:
        """Return an `assets` command on the generated file."""
        return [self.python, "-m", "assets", "-m", MODULE, *words]

    def code_file(self, step: Step) -> str:
        return f"{MODULE}.py"

    def outputs(self, folder: Path, steps: Pipeline) -> dict[str, Answer]:
        figures = [s for s in steps.steps if s.kind == "figure" and (folder / s.output).exists()]
        return {**_tables(folder / f"{MODULE}.duckdb"), **{s.name: read(folder / s.output) for s in figures}}

    def delete(self, folder: Path, step: Step) -> None:
        if step.kind == "figure":
            super().delete(folder, step)
        else:
            _execute(folder, f"DROP TABLE {step.name}")

    def tamper(self, folder: Path, step: Step) -> None:
        if step.kind == "figure":
            super().tamper(folder, step)
        else:
            _execute(folder, f"UPDATE {step.name} SET val = val + 1")


class OursExpressions(Ours):
    """Tables as ibis expressions; what ran is what the build says, since compiling an expression runs nothing."""

    name = "ours-expressions"
    head = HEAD + "    import ibis.expr.types as ir\n"

    def declared(self, step: Step) -> str:
        if step.kind != "table":
            return super().declared(step)
        return _EXPRESSION.format(step=step, reads=step.reads, scale="scale()" if step.calls_helper else "2")

    def ran(self, folder: Path, output: str) -> list[str]:
        lines = [line.split() for line in output.splitlines()]
        return [words[1] for words in lines if len(words) > 1 and words[0] in _RAN]

    def victim(self, steps: Pipeline) -> str:
        return steps.leaf  # a query cannot be stopped half way by its own function

    def break_step(self, folder: Path, step: Step) -> dict[str, str]:
        replace(
            folder / self.code_file(step),
            f"({step.reads[0]}.val * scale()",
            _PLANNED_FAILURE.format(step=step),
        )
        return {}

    def mend_step(self, folder: Path, step: Step) -> None:
        replace(
            folder / self.code_file(step),
            _PLANNED_FAILURE.format(step=step),
            f"({step.reads[0]}.val * scale()",
        )


_RAN = ("built", "unchanged", "failed")
"""What the build says first of an asset whose step ran."""


def _tables(database: Path) -> dict[str, Answer]:
    import duckdb

    if not database.exists():
        return {}
    with duckdb.connect(database, read_only=True) as connection:
        names = connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'"
        ).fetchall()
        return {name: _rows(connection, name) for (name,) in names}


def _rows(connection: "duckdb.DuckDBPyConnection", table: str) -> Answer:
    import duckdb

    try:
        return connection.execute(f'SELECT id, grp, val FROM "{table}" ORDER BY id').fetchall()
    except duckdb.Error:  # not one of the pipeline's, or unreadable
        return UNREADABLE


def _execute(folder: Path, statement: str) -> None:
    import duckdb

    with duckdb.connect(folder / f"{MODULE}.duckdb") as connection:
        connection.execute(statement)


_RAW = """\
@observable_source_asset
def raw_{step.name}(memo):
    return observed_files("{step.raw}", memo=memo)
"""

_SOURCE = """\
@asset
def {step.name}(raw_{step.name}, connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    # revision 1 of {step.name}
    begin("{step.name}")
    return connection.sql("{sql}")
"""

_TABLE = """\
@asset
def {step.name}(
    {reads[0]}: duckdb.DuckDBPyRelation,
    {reads[1]}: duckdb.DuckDBPyRelation,
    connection: duckdb.DuckDBPyConnection,
) -> duckdb.DuckDBPyRelation:
    # revision 1 of {step.name}
    begin("{step.name}")
    half_way("{step.name}")
    k = {scale}
    return connection.sql(
        f"{sql}"
    )
"""

_FIGURE = """\
@asset(path="{step.output}")
def {step.name}(
    {reads[0]}: duckdb.DuckDBPyRelation, connection: duckdb.DuckDBPyConnection, output: Path
) -> Path:
    # revision 1 of {step.name}
    begin("{step.name}")
    half_way("{step.name}", str(output))
    output.write_text(svg(connection.sql("{sql}").fetchall()))
    return output
"""

_EXPRESSION = """\
@asset
def {step.name}({reads[0]}: ir.Table, {reads[1]}: ir.Table) -> ir.Table:
    # revision 1 of {step.name}
    other = {reads[1]}.select(id="id", other="val")
    joined = {reads[0]}.join(other, "id")
    value = (({reads[0]}.val * {scale} + other.other) % 1000).cast("int64")
    return joined.select("id", "grp", val=value).order_by("id")
"""

_PLANNED_FAILURE = "({step.reads[0]}.grp.cast('int64') * scale()"  # no letter is a number
