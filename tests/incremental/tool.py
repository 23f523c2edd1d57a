"""What a tool must answer to be measured, and what generated projects have in common."""

import os
import shutil
import textwrap
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from tests.incremental import benchlib
from tests.incremental.pipelines import EDITED_SCALE, SCALE, Answer, Pipeline, Step, write_raw

HELPERS = "helpers.py"
UNREADABLE = "unreadable"
"""Read where an output is there but is no table."""


class Tool(ABC):
    """An incremental builder: how a project is written for it, run, edited and looked into.

    The ways given here suit tools that keep one Parquet file per table.
    """

    name: ClassVar[str]
    environment: ClassVar[str | None] = None
    """Which of the peers' environments it lives in, when that is not called as the tool is."""

    def __init__(self, bin_folder: Path) -> None:
        self.bin = bin_folder
        self.python = str(bin_folder / "python")

    def command(self, *words: str) -> list[str]:
        """Return a command of the tool's own environment."""
        return [str(self.bin / words[0]), *words[1:]]

    @abstractmethod
    def generate(self, folder: Path, steps: Pipeline) -> None:
        """Write the whole project into an empty folder."""

    def prepare(self) -> list[list[str]]:
        """Return the commands that a new project needs once."""
        return []

    @abstractmethod
    def build(self, *, keep_going: bool = False) -> list[str]:
        """Return the command that brings everything up to date."""

    def status(self) -> list[str] | None:
        """Return the command that says what a build would do; None when the tool has none."""
        return None

    def variables(self, folder: Path) -> dict[str, str]:
        """Return the environment variables that the tool needs."""
        return {}

    def victim(self, steps: Pipeline) -> str:
        """Return the step that is killed half way."""
        return steps.middle

    def code_file(self, step: Step) -> str:
        """Return the file that a step's code is in."""
        return f"steps/{step.name}.py"

    def edit_comment(self, folder: Path, step: Step) -> None:
        """Change a comment in a step's code, and nothing else."""
        mark = f"# revision 1 of {step.name}"
        replace(folder / self.code_file(step), mark, f"# revision 2 of {step.name}, a remark")

    def edit_helper(self, folder: Path) -> None:
        """Change the value that the helper returns."""
        replace(folder / HELPERS, f"return {SCALE}", f"return {EDITED_SCALE}")

    def break_step(self, folder: Path, step: Step) -> dict[str, str]:
        """Make a step raise; return the environment variables that do it."""
        return {"BENCH_FAIL": step.name}

    def mend_step(self, folder: Path, step: Step) -> None:  # noqa: B027 (most tools have nothing to undo)
        """Undo what `break_step` wrote."""

    def outputs(self, folder: Path, steps: Pipeline) -> dict[str, Answer]:
        """Return what each step made, as the user finds it; of a step that made nothing, nothing."""
        made = [step for step in steps.steps if (folder / step.output).exists()]
        return {step.name: read(folder / step.output) for step in made}

    def delete(self, folder: Path, step: Step) -> None:
        """Delete the output of a step."""
        (folder / step.output).unlink()

    def tamper(self, folder: Path, step: Step) -> None:
        """Change the output of a step by hand."""
        path = folder / step.output
        rewritable(path)
        if step.kind == "figure":
            path.write_text("<svg>tampered</svg>\n")
            return
        import duckdb

        with duckdb.connect() as connection:
            connection.execute(f"CREATE TABLE x AS SELECT id, grp, val + 1 AS val FROM '{path}'")
            connection.execute(f"COPY x TO '{path}' (FORMAT parquet)")

    def ran(self, folder: Path, output: str) -> list[str]:
        """Return the steps that ran in the last command; `output` is what it printed."""
        log = folder / "runs.log"
        return log.read_text().split() if log.exists() else []


def read(path: Path) -> Answer:
    """Return the text of a figure or the rows of a Parquet file."""
    import duckdb

    if path.suffix == ".svg":
        return path.read_text(errors="replace")
    try:
        with duckdb.connect() as connection:
            return connection.execute(f"SELECT * FROM '{path}' ORDER BY id").fetchall()
    except duckdb.Error:
        return UNREADABLE


def replace(path: Path, old: str, new: str) -> None:
    """Replace a text that must be in the file."""
    text = path.read_text()
    if old not in text:
        raise ValueError(f"{path.name} does not say {old!r}")
    path.write_text(text.replace(old, new))


def rewritable(path: Path) -> None:
    """Make a file one's own: some tools leave links into their store, or take away the right to write."""
    if path.is_symlink():
        path.unlink()
    elif path.exists():
        path.chmod(0o644)


def write(folder: Path, name: str, text: str) -> Path:
    """Write a file of the generated project."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def write_skeleton(folder: Path, steps: Pipeline) -> None:
    """Write what every project has: raw files, the library of the steps, the helper."""
    (folder / "out").mkdir(parents=True)
    for step in steps.steps:
        if step.kind == "source":
            write_raw(folder, step)
    shutil.copy(benchlib.__file__, folder / "benchlib.py")
    write(folder, HELPERS, f"def scale():\n    return {SCALE}\n")


def write_scripts(folder: Path, steps: Pipeline) -> None:
    """Write one script per step: `python steps/NAME.py OUT IN...`."""
    head = "import os, sys\nsys.path.insert(0, os.getcwd())\n"
    for step in steps.steps:
        inputs = [f"ins[{place}]" for place in range(len(steps.inputs(step)))]
        code = f"{head}{imports(step)}\n\ndef run(out, *ins):\n{body(step, inputs, 'out')}\n\n"
        main = 'if __name__ == "__main__":\n    run(*sys.argv[1:])\n'
        write(folder, f"steps/{step.name}.py", code + main)


def imports(step: Step) -> str:
    """Return the import lines of a step's module."""
    helper = "from helpers import scale\n" if step.calls_helper else ""
    return "from benchlib import begin, to_parquet, to_svg\n" + helper


def body(step: Step, inputs: list[str], output: str, *, indent: int = 4) -> str:
    """Return the lines of a step that reads and writes files; `inputs` and `output` are expressions of paths."""
    names = tuple(f"'{{{path}}}'" for path in inputs)
    if step.kind == "source":
        names = (f"read_csv({names[0]})",)
    write_to = "to_svg" if step.kind == "figure" else "to_parquet"
    lines = [f"# revision 1 of {step.name}", f'begin("{step.name}")']
    if step.kind == "table":
        lines.append(f"k = {'scale()' if step.calls_helper else '2'}")
    lines.append(f'{write_to}(f"{step.sql(names, "{k}")}", {output})')
    return textwrap.indent("\n".join(lines), " " * indent) + "\n"


def on_path(bin_folder: Path) -> dict[str, str]:
    """Return a PATH on which an environment comes first, for tools that start programs by name."""
    return {"PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}"}
