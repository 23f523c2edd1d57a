"""Random programs in three files, really run before and after a random edit."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.code_folders import closure, value

MODULES = {"helpers/other.py": "helpers.other", "helpers/__init__.py": "helpers", "my_assets.py": "my_assets"}

START = """
start = 1
def plain(x):
    return x + 1
class Base:
    low = 2
    def __init__(self, x): self.x = x
    def size(self, y): return y + self.low
"""

# Each makes {new} of what is there already: {v} is a value, {f} a function of one number, {c} a class with
# a method `size` of a number; {k} is a number.
DEFINITIONS: dict[str, list[str]] = {
    "value": [
        "{new} = {k}",
        "{new} = {v} + {k}",
        "{new} = {f}({k})",
        "{new} = {c}({k}).size({v})",
        "{new} = [{v}, {k}]\n{new}.append({v2})\n{new} = sum({new})",
        "{new} = {{'a': {v}}}\n{new}['b'] = {k}\n{new} = sum({new}.values())",
        "{new} = 0\nfor _i in range(3):\n    {new} += {v} * _i + {k}",
        "if {v} > {k}:\n    {new} = {k}\nelse:\n    {new} = {v} + 1",
        "try:\n    from no_such_thing import {new}\nexcept ImportError:\n    {new} = {v} + {k}",
        "{new} = 1\ndef _set_{new}(x):\n    global {new}\n    {new} = x + {k}\n_set_{new}({v})",
        "if ({new} := {v} + {k}) > 0:\n    pass",
    ],
    "function": [
        "def {new}(x):\n    return x + {v}",
        "def {new}(x, by={v}):\n    '''Words.'''\n    return x * by + {k}",
        "def {new}(x, *, by=lambda: {f}({k})):\n    return x - by()",
        "{new} = lambda x: {f}(x) + {k}",
        "def {new}(x):\n    def inner(y):\n        return {f}(y) + x\n    return inner({k})",
        "def {new}(x):\n    return sum({f}(y) + {v} for y in range(x % 3 + {k}))",
        "def {new}(x: int) -> int:\n    hidden = x\n    return hidden + {k}",
        "def {new}(x):\n    from helpers.other import start as late\n    return late + x",
        "import functools\n_{new} = functools.partial({f}, {k})\ndef {new}(x):\n    return x + _{new}()",
        "def _by_{new}(g):\n    return lambda x: g(x) + {k}\n@_by_{new}\ndef {new}(x):\n    return {f}(x)",
        "_known_{new} = {{}}\ndef _keep_{new}(g):\n    _known_{new}[{k}] = g\n    return g\n"
        "@_keep_{new}\ndef _one_{new}(x):\n    return {f}(x) + {k2}\n"
        "def {new}(x):\n    return sum((key + g(x) for key, g in _known_{new}.items()), 0)",
        "def {new}(x):\n    return {f}(x) if x > {v} else len(f'{{{v}:>{k}}}')",
        "def {new}(x):\n    match x % 2:\n        case 0: return {v}\n        case _: return {f}(x)",
        "def {new}(x):\n    if (y := {f}(x)) > {k}: return y\n    return {v}",
    ],
    "class": [
        "class {new}:\n    low = {v}\n    def __init__(self, x): self.x = x\n    def size(self, y): return self.x + y + self.low",
        "class {new}({c}):\n    def size(self, y): return super().size(y) * {k}",
        "class {new}({c}):\n    low = {k}\n    @property\n    def more(self): return {f}({k2})\n"
        "    def size(self, y): return self.more + y",
        "import dataclasses\n@dataclasses.dataclass\nclass {new}:\n    x: int\n    low: int = {v}\n"
        "    def size(self, y): return self.x - y * self.low",
        "class {new}({c}):\n    pass\n{new}.low = {v}",
        "class {new}({c}):\n    def __add__(self, other): return other + {k}\n    def size(self, y): return self + {v}",
    ],
}


class Program:
    """A program in three files, each definition made of what is defined before it."""

    def __init__(self, random: Random) -> None:
        self.random, self.files = random, dict[str, str]()
        self.known: dict[str, list[tuple[str, str]]] = {"value": [], "function": [], "class": []}
        for file, module in MODULES.items():
            self.files[file] = START
            for kind, name in (("value", "start"), ("function", "plain"), ("class", "Base")):
                self.known[kind].append((module, name))
            for number in range(random.randint(2, 5)):
                self.define(file, f"{random.choice('nm')}{number}")
            self.patch(file)
        parts = list(self.parts())
        self.files["my_assets.py"] += f"def table():\n    return {' + '.join(parts)}\n"

    def define(self, file: str, new: str) -> None:
        kind = self.random.choice(list(DEFINITIONS))
        form = self.random.choice(DEFINITIONS[kind])
        numbers = {k: self.random.randint(1, 5) for k in ("k", "k2")}
        names = {"v": "value", "v2": "value", "f": "function", "c": "class"}
        used = {place: self.named(file, wanted) for place, wanted in names.items() if f"{{{place}}}" in form}
        self.files[file] += form.format(new=new, **numbers, **used) + "\n"
        self.known[kind].append((MODULES[file], new))

    def named(self, file: str, kind: str) -> str:
        """Return an expression for something that is defined already; if elsewhere, import it first."""
        module, name = self.random.choice(self.known[kind][-6:])
        if module == MODULES[file]:
            return name
        ways = {
            f"from {module} import {name} as {name}_there": f"{name}_there",
            f"import {module} as there": f"there.{name}",
            f"import {module}": f"{module}.{name}",
        }
        if module == "helpers.other":
            ways |= {"from helpers import other": f"other.{name}"}
        way = self.random.choice(list(ways))
        self.files[file] += way + "\n"
        return ways[way]

    def patch(self, file: str) -> None:
        """Set a value of another module, now and then."""
        module, name = self.random.choice(self.known["value"])
        if module != MODULES[file] and self.random.random() < 0.3:
            self.files[file] += f"import {module} as patched\npatched.{name} = {self.random.randint(1, 5)}\n"

    def parts(self) -> Iterator[str]:
        yield self.named("my_assets.py", "value")
        yield f"{self.named('my_assets.py', 'function')}({self.random.randint(1, 5)})"
        yield f"{self.named('my_assets.py', 'class')}(1).size({self.random.randint(1, 5)})"

    def edited(self) -> dict[str, str]:
        """Return the files with one number, or the sense of one sum, changed."""
        file = self.random.choice(list(self.files))
        found = list(re.finditer(r"\b\d+\b|(?<= )\+(?= )", self.files[file]))
        place, text = self.random.choice(found), self.files[file]
        new = "-" if place[0] == "+" else str(int(place[0]) + self.random.randint(1, 3))
        return {**self.files, file: text[: place.start()] + new + text[place.end() :]}


def outcome(folder: Path) -> object:
    """Return what the program returns; None when it fails, which is no result that could be stale."""
    with suppress(Exception):
        return value(folder)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_an_edit_that_changes_what_a_program_returns_changes_its_hash(seed: int) -> None:
    program = Program(Random(seed))
    with TemporaryDirectory() as folder:
        before, after = Path(folder, "a"), Path(folder, "b")
        hashes = [closure(before, program.files), closure(after, program.edited())]
        results = [outcome(before), outcome(after)]
        assert None in results or results[0] == results[1] or hashes[0] != hashes[1]
