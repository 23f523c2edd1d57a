"""Peers whose steps are Python functions, called in the tool's own process."""

from pathlib import Path

from tests.incremental.pipelines import Pipeline, Step
from tests.incremental.tool import Tool, body, imports, write, write_scripts, write_skeleton


class Doit(Tool):
    """doit: Python actions; a task depends on its inputs and on the step's module."""

    name = "doit"

    def generate(self, folder: Path, steps: Pipeline) -> None:
        write_skeleton(folder, steps)
        write_scripts(folder, steps)
        write(folder, "steps/__init__.py", "")
        table = [(s.name, steps.inputs(s), self.code_file(s), s.output) for s in steps.steps]
        write(folder, "dodo.py", f"TABLE = {table!r}\n" + _DODO)

    def build(self, *, keep_going: bool = False) -> list[str]:
        return self.command("doit", "run", *["--continue"] * keep_going)

    def status(self) -> list[str]:
        return self.command("doit", "list", "--all", "--status")


_DODO = """\
import importlib

DOIT_CONFIG = {"verbosity": 0}


def run(name, out, ins):
    importlib.import_module("steps." + name).run(out, *ins)


def task_asset():
    for name, ins, code, out in TABLE:
        yield dict(name=name, actions=[(run, [name, out, ins])], file_dep=ins + [code], targets=[out])
"""


class Pytask(Tool):
    """pytask: one task module per step, for a task's code is as new as its module."""

    name = "pytask"

    def generate(self, folder: Path, steps: Pipeline) -> None:
        write_skeleton(folder, steps)
        write(folder, "pyproject.toml", "[tool.pytask.ini_options]\npaths = ['tasks']\n")
        for step in steps.steps:
            inputs = steps.inputs(step)
            given = "".join(f"    in{place}: Path = ROOT / {path!r},\n" for place, path in enumerate(inputs))
            made = f"    out: Annotated[Path, Product] = ROOT / {step.output!r},\n"
            code = body(step, [f"in{place}" for place in range(len(inputs))], "out")
            task = f"\n\ndef task_{step.name}(\n{given}{made}) -> None:\n{code}"
            write(folder, self.code_file(step), _TASK_MODULE + imports(step) + task)

    def code_file(self, step: Step) -> str:
        return f"tasks/task_{step.name}.py"

    def build(self, *, keep_going: bool = False) -> list[str]:
        return self.command("pytask", "build", "-v", "0")

    def status(self) -> list[str]:
        return self.command("pytask", "build", "--dry-run", "--explain")


_TASK_MODULE = """\
import sys
from pathlib import Path
from typing import Annotated
from pytask import Product
ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
"""


class Joblib(Tool):
    """joblib.Memory: functions of (path, digest of its content), which they also return."""

    name = "joblib"

    def generate(self, folder: Path, steps: Pipeline) -> None:
        write_skeleton(folder, steps)
        text = "from joblib import Memory\nfrom benchlib import begin, to_parquet, to_svg, digest\n"
        text += "from helpers import scale\n\nmemory = Memory('jcache', verbose=0)\n"
        calls = ""
        for step in steps.steps:
            names = [f"in{place}" for place in range(len(steps.inputs(step)))]
            code = body(step, [f"{name}[0]" for name in names], repr(step.output))
            text += f"\n\n@memory.cache\ndef {step.name}({', '.join(names)}):\n{code}"
            text += f"    return ({step.output!r}, digest({step.output!r}))\n"
            given = [f"v_{name}" for name in step.reads] or [f"({step.raw!r}, digest({step.raw!r}))"]
            calls += f"    v_{step.name} = {step.name}({', '.join(given)})\n"
        write(folder, "pipeline.py", f'{text}\n\nif __name__ == "__main__":\n{calls}')

    def code_file(self, step: Step) -> str:
        return "pipeline.py"

    def build(self, *, keep_going: bool = False) -> list[str]:
        return [self.python, "pipeline.py"]


class Redun(Tool):
    """redun: tasks that pass files; its `File` is known by path, size and time."""

    name = "redun"
    file = "File"

    def generate(self, folder: Path, steps: Pipeline) -> None:
        write_skeleton(folder, steps)
        text = f"from redun import task\nfrom redun.file import {self.file}\nfrom helpers import scale\n"
        text += "from benchlib import begin, to_parquet, to_svg\n\nredun_namespace = 'bench'\n"
        calls = ""
        for step in steps.steps:
            names = [f"in{place}" for place in range(len(steps.inputs(step)))]
            typed = ", ".join(f"{name}: {self.file}" for name in names)
            code = body(step, [f"{name}.path" for name in names], repr(step.output))
            text += f"\n\n@task()\ndef {step.name}({typed}) -> {self.file}:\n{code}"
            text += f"    return {self.file}({step.output!r})\n"
            given = [f"v_{name}" for name in step.reads] or [f"{self.file}({step.raw!r})"]
            calls += f"    v_{step.name} = {step.name}({', '.join(given)})\n"
        results = ", ".join(f"v_{step.name}" for step in steps.steps)
        write(folder, "pipeline.py", f"{text}\n\n@task()\ndef main():\n{calls}    return [{results}]\n")

    def code_file(self, step: Step) -> str:
        return "pipeline.py"

    def build(self, *, keep_going: bool = False) -> list[str]:
        return self.command("redun", "run", "pipeline.py", "main")


class RedunContentFile(Redun):
    """redun with `ContentFile`, which is known by its content."""

    name = "redun-content"
    environment = "redun"
    file = "ContentFile"
