"""What reaches an asset's code hash and what does not, on small packages written to a folder."""

import textwrap
from pathlib import Path

import pytest

from assets.engine.code import CodeBase
from assets.engine.errors import UserError
from assets.engine.hashing import digest
from tests.code_folders import HELPER, TARGET, closure, names

PROJECT = {
    "my_assets.py": '''
        from __future__ import annotations

        import functools
        import pandas as pd
        from assets.engine import asset
        from helpers import first
        from helpers.first import scaled
        import helpers.shapes as shapes

        LIMIT = 3
        TABLE = {"a": 1}
        TABLE["b"] = 2

        class Rule:
            """A rule."""

            low: float = 0.5
            """The lowest."""

            def holds(self, value):
                """Tell."""
                return value > self.low and value < LIMIT

        def unused():
            return 1

        twice = functools.partial(scaled, factor=2)
        biggest = lambda values: max(values, key=lambda v: (v, TABLE["a"]))

        def traced(function):
            return function

        @asset(primary_key="id", metadata={"note": "one"}, owners=["me"])
        @traced
        def table(raw, other: pd.DataFrame) -> pd.DataFrame:
            """One row of it."""
            from helpers.late import late_value
            rule: Rule = Rule()
            kept = [value for value in raw if rule.holds(value)]
            return shapes.area(kept) + twice(biggest(kept)) + first.third(kept) + late_value
    ''',
    "helpers/__init__.py": "",
    "helpers/first.py": """
        from .second import second_step as step

        def scaled(value, factor=1, offset=0):
            return value * factor + offset

        def third(values):
            # a comment
            return step(values)
    """,
    "helpers/second.py": """
        from helpers.deep.bottom import BASE, bottom

        def second_step(values):
            return bottom(values) + BASE
    """,
    "helpers/deep/__init__.py": "",
    "helpers/deep/bottom.py": """
        BASE = 10

        def bottom(values):
            return sum(values)

        def not_asked():
            return BASE
    """,
    "helpers/shapes.py": "from helpers._shapes import area\n",
    "helpers/_shapes.py": "def area(values):\n    return len(values)\n",
    "helpers/late.py": "late_value = 7\n",
}


def edited(file: str, old: str, new: str) -> dict[str, str]:
    text = textwrap.dedent(PROJECT[file])
    assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {file}"
    return {**PROJECT, file: text.replace(old, new)}


NOTICED = {
    "the function itself": ("my_assets.py", "+ late_value", "- late_value"),
    "a constant": ("my_assets.py", "LIMIT = 3", "LIMIT = 4"),
    "the type of a constant": ("my_assets.py", "LIMIT = 3", "LIMIT = 3.0"),
    "an entry put into a global later": ("my_assets.py", 'TABLE["b"] = 2', 'TABLE["b"] = 3'),
    "a method": ("my_assets.py", "value > self.low", "value >= self.low"),
    "a default of a class": ("my_assets.py", "low: float = 0.5", "low: float = 0.6"),
    "the type of a class's field": ("my_assets.py", "low: float = 0.5", "low: int = 0.5"),
    "an argument of a partial": ("my_assets.py", "factor=2", "factor=3"),
    "a lambda": ("my_assets.py", "max(values", "min(values"),
    "a comprehension": ("my_assets.py", "for value in raw if", "for value in raw[1:] if"),
    "a decorator's own code": ("my_assets.py", "return function", "return lambda *a: None"),
    "a decorator taken away": ("my_assets.py", "        @traced\n".lstrip(" "), ""),
    "a default argument of a helper": ("helpers/first.py", "offset=0", "offset=1"),
    "a helper by way of a relative import": (
        "helpers/first.py",
        "return step(values)",
        "return -step(values)",
    ),
    "a helper three modules away": ("helpers/deep/bottom.py", "return sum(values)", "return -sum(values)"),
    "a constant three modules away": ("helpers/deep/bottom.py", "BASE = 10", "BASE = 11"),
    "a helper that its module only hands on": ("helpers/_shapes.py", "len(values)", "2 * len(values)"),
    "what is imported within the function": ("helpers/late.py", "7", "8"),
    "which helper a name stands for": (
        "helpers/second.py",
        "import BASE, bottom",
        "import BASE, not_asked as bottom",
    ),
}

UNNOTICED = {
    "a comment": ("helpers/first.py", "# a comment", "# another comment\n    # and more"),
    "layout": ("my_assets.py", "LIMIT = 3", "LIMIT    =    (3)"),
    "quotes": ("my_assets.py", 'TABLE["b"] = 2', "TABLE['b'] = 2"),
    "a docstring": ("my_assets.py", '"""One row of it."""', '"""One other row."""'),
    "a docstring of a method": ("my_assets.py", '"""Tell."""', '"""Tell whether it holds."""'),
    "a docstring of a field": ("my_assets.py", '"""The lowest."""', '"""The lowest of all."""'),
    "a docstring taken away": ("my_assets.py", '            """A rule."""\n'[8:], ""),
    "an annotation of a variable": ("my_assets.py", "rule: Rule = Rule()", "rule: object = Rule()"),
    "an annotation where there was none": ("my_assets.py", "kept = [", "kept: list[int] = ["),
    "an annotation of a constant": ("my_assets.py", "LIMIT = 3", "LIMIT: int = 3"),
    "an annotation of a parameter": ("my_assets.py", "other: pd.DataFrame", "other: object"),
    "the annotation of what is returned": ("my_assets.py", "-> pd.DataFrame", "-> object"),
    "metadata of the asset": (
        "my_assets.py",
        '{"note": "one"}, owners=["me"]',
        '{"note": "two"}, tags={"a": "b"}',
    ),
    "a function that nobody calls": ("my_assets.py", "return 1", "return 2"),
    "a function that nobody calls elsewhere": ("helpers/deep/bottom.py", "return BASE", "return -BASE"),
    "an import that nobody uses": ("helpers/late.py", "late_value = 7", "import json\nlate_value = 7"),
}


@pytest.mark.parametrize("what", NOTICED)
def test_the_hash_notices(what: str, tmp_path: Path) -> None:
    before = closure(tmp_path / "a", PROJECT).fragments
    assert closure(tmp_path / "b", edited(*NOTICED[what])).fragments != before


@pytest.mark.parametrize("what", UNNOTICED)
def test_the_hash_does_not_notice(what: str, tmp_path: Path) -> None:
    before = closure(tmp_path / "a", PROJECT).fragments
    assert closure(tmp_path / "b", edited(*UNNOTICED[what])).fragments == before


def test_every_definition_that_is_reached_has_a_fragment_of_its_own(tmp_path: Path) -> None:
    assert names(tmp_path, PROJECT) == {
        "my_assets:table",
        "my_assets:traced",
        "my_assets:Rule",
        "my_assets:LIMIT",
        "my_assets:TABLE",
        "my_assets:twice",
        "my_assets:biggest",
        "helpers.first:scaled",
        "helpers.first:third",
        "helpers.second:second_step",
        "helpers.deep.bottom:bottom",
        "helpers.deep.bottom:BASE",
        "helpers.shapes:area",
        "helpers._shapes:area",
        "helpers.late:late_value",
    }


def test_the_same_code_in_another_folder_has_the_same_hash(tmp_path: Path) -> None:
    assert closure(tmp_path / "a", PROJECT) == closure(tmp_path / "b", PROJECT)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("def table(a, b): return {**a, 'k': b}", "def table(a, b): return {'k': a, **b}"),
        ("def table(*, a=1, b): pass", "def table(*, a, b=1): pass"),
        ("def table(a, /, b): pass", "def table(a, b): pass"),
        ("def table(a): return a[1:]", "def table(a): return a[:1]"),
        ("def table(a): return a[::1]", "def table(a): return a[:1]"),
        ("def table(): return 1", "def table(): return True"),
        ("def table(): return 1", "def table(): return '1'"),
        ("def table(): return 1j", "def table(): return '1j'"),
        ("def table(): return ...", "def table(): return 'Ellipsis'"),
        ("def table(): return b'a'", "def table(): return 'a'"),
        ("def table(): return None", "def table(): return"),
        ("def table(): return 1", "def table(): yield 1"),
        ("def table(a): return a and (a or a)", "def table(a): return (a and a) or a"),
        ("def table(a): return f'{a}'", "def table(a): return f'{a!r}'"),
        ("def table(a): return a.x", "def table(a): return a['x']"),
        ("def table(a):\n    'x'\n    return a", "def table(a):\n    x\n    return a"),
        ("def table(a):\n    return a\n    yield", "def table(a):\n    return a"),
        ("def table(): return [x for x in y if a if b]", "def table(): return [x for x in y if a]"),
        ("async def table(): return 1", "def table(): return 1"),
        ("class table:\n    x: int\n    y = 1", "class table:\n    x: str\n    y = 1"),
        ("class table:\n    x: int = 1\n    y = 1", "class table:\n    x = 1\n    y: int = 1"),
        ("from json import loads as f\ndef table(): f()", "from json import dumps as f\ndef table(): f()"),
        ("import numpy.fft as n\ndef table(): n.f()", "import numpy.linalg as n\ndef table(): n.f()"),
    ],
)
def test_different_code_has_different_hashes(one: str, other: str, tmp_path: Path) -> None:
    before = closure(tmp_path / "a", {"my_assets.py": one})
    assert closure(tmp_path / "b", {"my_assets.py": other}) != before


def test_two_helpers_that_swap_names_are_noticed_wherever_they_are_swapped(tmp_path: Path) -> None:
    swaps = [
        ("from helpers import f, g", "from helpers import g as f, f as g", ""),
        (
            "from helpers.both import f, g",
            "from helpers.both import f, g",
            "from helpers import g as f, f as g",
        ),
    ]
    for number, (straight, crossed, both) in enumerate(swaps):
        files = {
            "helpers/__init__.py": "def f(): return 1\ndef g(): return 2\n",
            "helpers/both.py": "from helpers import f, g",
            "my_assets.py": f"{straight}\ndef table(): return f() - g()",
        }
        before = closure(tmp_path / f"{number}a", files)
        files["my_assets.py"] = files["my_assets.py"].replace(straight, crossed)
        files["helpers/both.py"] = both or files["helpers/both.py"]
        assert closure(tmp_path / f"{number}b", files) != before


def test_a_condition_around_an_import_counts(tmp_path: Path) -> None:
    text = "FAST = {}\nif FAST:\n    from helpers.impl import f\nelse:\n    from helpers.impl import g as f\ndef table(): return f()"
    found = [
        closure(tmp_path / value, {**HELPER, "my_assets.py": text.format(value)}).fragments
        for value in ("True", "False")
    ]
    assert found[0].keys() == found[1].keys() >= {"helpers.impl:f", "helpers.impl:g"}
    assert found[0] != found[1]


def test_the_caption_of_a_figure_is_part_of_it(tmp_path: Path) -> None:
    text = 'def helper():\n    """H{}."""\n\n\ndef table():\n    """Caption{}."""\n    return helper()\n'
    one = closure(tmp_path / "a", {"my_assets.py": text.format(1, 1)}, caption=True)
    assert closure(tmp_path / "b", {"my_assets.py": text.format(2, 1)}, caption=True) == one
    assert closure(tmp_path / "c", {"my_assets.py": text.format(1, 2)}, caption=True) != one


def test_a_star_import_is_refused_with_its_line(tmp_path: Path) -> None:
    files = {**HELPER, "my_assets.py": "import json\nfrom helpers.impl import *\ndef table(): return f()"}
    with pytest.raises(UserError, match=r"my_assets\.py:2: `from helpers\.impl import \*`"):
        closure(tmp_path, files)


@pytest.mark.parametrize(
    "text",
    [
        "def f(:\n    pass",
        "def f():\nreturn 1",
        "x = 'a\n",
        "x = 1\x00",
        "\xff\xfe".encode("latin1").decode("latin1"),
    ],
)
def test_a_file_that_does_not_parse_is_one_clear_line(text: str, tmp_path: Path) -> None:
    files = {"my_assets.py": "from helpers import f\ndef table(): return f()"}
    closure(tmp_path, {**files, "helpers.py": "def f(): pass"})
    (tmp_path / "helpers.py").write_bytes(text.encode("latin1"))
    with pytest.raises(UserError, match=r"helpers\.py.*mend the file") as caught:
        CodeBase(tmp_path).closure(TARGET)
    assert "\n" not in str(caught.value)


def test_code_elsewhere_or_made_by_a_function_is_refused_rather_than_missed(tmp_path: Path) -> None:
    files = {"my_assets.py": "def make():\n    def table(): return 1\n    return table\n"}
    with pytest.raises(UserError, match="not at the top level"):
        closure(tmp_path, files)
    with pytest.raises(UserError, match="is not below"):
        closure(tmp_path, {}, "elsewhere:table")


def test_known_code_has_a_known_hash(tmp_path: Path) -> None:
    fragments = closure(tmp_path, PROJECT, caption=True).fragments
    assert (
        digest("golden", fragments) == "ceadce4cc8570505b4c591628b2ed24eaa7a52fe938836738272b8d74fb76d33"
    ), (
        "the hash of known code changed, so every asset counts as changed: either that was meant (then bump SCHEME "
        "in assets/engine/hashing.py and renew this value) or find the cause, perhaps a new release of Python"
    )
