"""Peers whose steps are commands: each runs the step's script in a process of its own.

A step declares its inputs and its own script; its helper is not declared, as people write it.
"""

import json
from pathlib import Path

from tests.incremental.pipelines import Pipeline
from tests.incremental.tool import Tool, body, imports, on_path, write, write_scripts, write_skeleton


class Make(Tool):
    """GNU make: one rule per step."""

    name = "make"

    def generate(self, folder: Path, steps: Pipeline) -> None:
        write_skeleton(folder, steps)
        write_scripts(folder, steps)
        lines = [
            f"PY := {self.python}",
            ".DELETE_ON_ERROR:",
            "all: " + " ".join(s.output for s in steps.steps),
        ]
        for step in steps.steps:
            inputs = " ".join(steps.inputs(step))
            lines.append(f"{step.output}: {inputs} {self.code_file(step)}")
            lines.append(f"\t@$(PY) {self.code_file(step)} $@ {inputs}")
        write(folder, "Makefile", "\n".join(lines) + "\n")

    def build(self, *, keep_going: bool = False) -> list[str]:
        return ["make", "-s", "-j2", *["-k"] * keep_going]

    def status(self) -> list[str]:
        return ["make", "-n", "--debug=b"]


class Ninja(Tool):
    """ninja: as make, and an output whose time did not move stops there (restat)."""

    name = "ninja"

    def generate(self, folder: Path, steps: Pipeline) -> None:
        write_skeleton(folder, steps)
        write_scripts(folder, steps)
        lines = ["rule step", f"  command = {self.python} $script $out $ins", "  restat = 1", ""]
        for step in steps.steps:
            inputs, script = " ".join(steps.inputs(step)), self.code_file(step)
            lines += [
                f"build {step.output}: step {inputs} | {script}",
                f"  script = {script}",
                f"  ins = {inputs}",
            ]
        write(folder, "build.ninja", "\n".join(lines) + "\n")

    def build(self, *, keep_going: bool = False) -> list[str]:
        return self.command("ninja", "-j2", "--quiet", *["-k", "0"] * keep_going)

    def status(self) -> list[str]:
        return self.command("ninja", "-n", "-d", "explain")


class SCons(Tool):
    """SCons: signatures of contents and a cache of outputs; its own scanner finds what a script imports."""

    name = "scons"

    def generate(self, folder: Path, steps: Pipeline) -> None:
        write_skeleton(folder, steps)
        write_scripts(folder, steps)
        lines = [
            "import os",
            "env = Environment(tools=['python'], ENV=dict(os.environ, PYTHONPATH=os.getcwd()))",
            "CacheDir('scache')",
        ]
        for step in steps.steps:
            inputs, script = steps.inputs(step), self.code_file(step)
            command = f"{self.python} {script} $TARGET {' '.join(inputs)}"
            lines.append(f"env.Command({step.output!r}, {[*inputs, script]!r}, {command!r})")
        write(folder, "SConstruct", "\n".join(lines) + "\n")

    def build(self, *, keep_going: bool = False) -> list[str]:
        return self.command("scons", "-s", "-j2", *["-k"] * keep_going)

    def status(self) -> list[str]:
        return self.command("scons", "-n", "--debug=explain")


class StepUp(Tool):
    """StepUp: a director with an SQLite graph; the imports of a script that lie in the folder are detected."""

    name = "stepup"

    def generate(self, folder: Path, steps: Pipeline) -> None:
        write_skeleton(folder, steps)
        write_scripts(folder, steps)
        (folder / "out").rmdir()
        shebang = "#!/usr/bin/env python3\n"
        lines = [
            "from stepup.core.api import run, static",
            "static('raw/', 'steps/', 'benchlib.py', 'helpers.py')",
        ]
        for step in steps.steps:
            inputs, script = steps.inputs(step), folder / self.code_file(step)
            script.write_text(shebang + script.read_text())
            script.chmod(0o755)
            words = " ".join([self.code_file(step), step.output, *inputs])
            lines.append(f"run({words!r}, inp={inputs!r}, out=[{step.output!r}])")
        write(folder, "plan.py", shebang + "\n".join(lines) + "\n").chmod(0o755)

    def variables(self, folder: Path) -> dict[str, str]:
        return on_path(self.bin)

    def build(self, *, keep_going: bool = False) -> list[str]:
        return self.command("stepup", "build", "-j", "2", "--no-progress", *["-k"] * keep_going)

    def status(self) -> list[str]:
        return self.command("stepup", "status")


class Dvc(Tool):
    """DVC without git: stages in dvc.yaml, outputs in its cache."""

    name = "dvc"

    def generate(self, folder: Path, steps: Pipeline) -> None:
        write_skeleton(folder, steps)
        write_scripts(folder, steps)
        stages = {}
        for step in steps.steps:
            inputs, script = steps.inputs(step), self.code_file(step)
            stages[step.name] = {
                "cmd": " ".join([self.python, script, step.output, *inputs]),
                "deps": [*inputs, script],
                "outs": [step.output],
            }
        write(folder, "dvc.yaml", json.dumps({"stages": stages}, indent=1))  # JSON is YAML

    def variables(self, folder: Path) -> dict[str, str]:
        return {"DVC_NO_ANALYTICS": "1", "CI": "true"}

    def prepare(self) -> list[list[str]]:
        settings = (("core.analytics", "false"), ("core.check_update", "false"))
        return [
            self.command("dvc", "init", "--no-scm", "-q"),
            *(self.command("dvc", "config", *setting) for setting in settings),
        ]

    def build(self, *, keep_going: bool = False) -> list[str]:
        return self.command("dvc", "repro", "-q", *["-k"] * keep_going)

    def status(self) -> list[str]:
        return self.command("dvc", "status")


class Snakemake(Tool):
    """Snakemake: one rule per step with the `script:` directive and the usual rerun triggers."""

    name = "snakemake"

    def generate(self, folder: Path, steps: Pipeline) -> None:
        write_skeleton(folder, steps)
        lines = ["rule all:", f"    input: {[step.output for step in steps.steps]!r}"]
        for step in steps.steps:
            inputs = steps.inputs(step)
            lines += [f"rule {step.name}:", f"    input: {inputs!r}", f"    output: {step.output!r}"]
            lines.append(f"    script: {self.code_file(step)!r}")
            given = [f"snakemake.input[{place}]" for place in range(len(inputs))]
            code = imports(step) + body(step, given, "snakemake.output[0]", indent=0)
            write(folder, self.code_file(step), "import os, sys\nsys.path.insert(0, os.getcwd())\n" + code)
        write(folder, "Snakefile", "\n".join(lines) + "\n")

    def variables(self, folder: Path) -> dict[str, str]:
        return {**on_path(self.bin), "XDG_CACHE_HOME": str(folder / ".cache")}

    def build(self, *, keep_going: bool = False) -> list[str]:
        words = ["-c2", "-q", "all", "--rerun-incomplete", *["-k"] * keep_going]
        return self.command("snakemake", *words)

    def status(self) -> list[str]:
        return self.command("snakemake", "-n", "--quiet", "host", "progress")
