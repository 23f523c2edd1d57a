"""Which definitions an asset's code reaches: every way to a helper, and none to what is hidden."""

import textwrap
from pathlib import Path

import pytest

from assets.engine.code import CodeBase
from assets.engine.errors import UserError
from tests.code_folders import HELPER, TARGET, closure, names

# How a helper can be reached: each makes `helpers.impl.f` count, and only it.
WAYS = {
    "from import": "from helpers.impl import f\ndef table(): return f()",
    "from import as": "from helpers.impl import f as other\ndef table(): return other()",
    "from package": "from helpers import impl\ndef table(): return impl.f()",
    "from package as": "from helpers import impl as other\ndef table(): return other.f()",
    "import dotted": "import helpers.impl\ndef table(): return helpers.impl.f()",
    "import as": "import helpers.impl as other\ndef table(): return other.f()",
    "import as the package": "import helpers.impl as helpers\ndef table(): return helpers.f()",
    "within the function": "def table():\n    import helpers.impl as other\n    return other.f()",
    "within, used deeper": "def table():\n    from helpers import impl\n    def inner(): return impl.f()\n    return inner()",
    "within a class": "class A:\n    from helpers import impl\n    def m(self): return 1\n    x = impl.f()\ndef table(): return A().x",
    "in a try": "try:\n    from helpers.impl import f\nexcept ImportError:\n    f = None\ndef table(): return f()",
    "as an argument": "from helpers.impl import f\ndef table(): return map(f, [])",
    "as a default": "from helpers.impl import f\ndef table(key=f): return key()",
    "as a keyword default": "from helpers.impl import f\ndef table(*, key=f): return key()",
    "as the default of a parameter of its name": "from helpers.impl import f\ndef table(f=f): return f()",
    "as a decorator of a function that hides it": "from helpers.impl import f\n@f\ndef table(f): return f",
    "as the type of a class's field": "from helpers.impl import f\nclass A:\n    x: f\ndef table(): return A()",
    "in an f-string": "from helpers.impl import f\ndef table(): return f'{f():>{f()}}'",
    "through a global": "from helpers import impl\nCALL = [impl.f]\ndef table(): return CALL[0]()",
    "in a base class": "from helpers.impl import f\nclass A(f()): pass\ndef table(): return A()",
    "in a match": "from helpers.impl import f\ndef table(x):\n    match x:\n        case 1 if f(): return 1",
    "in a with": "from helpers.impl import f\ndef table():\n    with f() as g: return g",
    "in a condition of a global": "from helpers.impl import f\nif f():\n    A = 1\nelse:\n    A = 2\ndef table(): return A",
    "in a loop that fills a global": (
        "from helpers.impl import f\nA = {}\nfor k in 'ab':\n    A[k] = f()\ndef table(): return A"
    ),
    "in a call that fills a global": "from helpers.impl import f\nA = []\nA.append(f())\ndef table(): return A",
    "in an attribute of a global": (
        "from helpers.impl import f\nclass A: pass\nA.x = f()\ndef table(): return A.x"
    ),
    "in an augmented global": "from helpers.impl import f\nA = 0\nA += f()\ndef table(): return A",
    "looped over under its own name": "from helpers.impl import f\ndef table(): return [f for f in f()]",
    "on both sides of a global statement": (
        "from helpers.impl import f\nA = f()\ndef table():\n    global A\n    A += 1"
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_helper_is_reached(way: str, tmp_path: Path) -> None:
    found = names(tmp_path, {**HELPER, "my_assets.py": WAYS[way]})
    assert {name for name in found if name.startswith("helpers")} == {"helpers.impl:f"}


SHADOWED = {
    "a parameter": "def table(f): return f.x",
    "a keyword parameter": "def table(*, f): return f",
    "a starred parameter": "def table(*f, **g): return f, g",
    "a local variable": "def table():\n    f = 1\n    return f",
    "a loop variable": "def table(xs):\n    for f in xs: print(f)\n    return f",
    "an unpacked variable": "def table(xs):\n    (f, *g), h = xs\n    return f, g",
    "a with variable": "def table(x):\n    with x as f: return f",
    "an exception": "def table(x):\n    try: x()\n    except ValueError as f: return f",
    "a walrus": "def table(x):\n    if (f := x): return f",
    "a nested function": "def table():\n    def f(): return 1\n    return f()",
    "a nested class": "def table():\n    class f: pass\n    return f()",
    "a match": "def table(x):\n    match x:\n        case [f, *g]: return f, g",
    "the rest of a match": "def table(x):\n    match x:\n        case {'a': 1, **f}: return f",
    "a comprehension": "def table(x): return [f for f in x], {g: 1 for g in x}, {f for f in x}, list(f for f in x)",
    "a lambda": "def table(x): return sorted(x, key=lambda f: f.g)",
    "a variable of the function around": "def table():\n    f = 1\n    def inner(): return f\n    return inner()",
    "an attribute": "def table(x): return x.f + x.y.g()",
    "a keyword": "def table(x): return x(f=1, g=2)",
    "a class attribute": "class A:\n    f = 1\n    g: int = 2\ndef table(): return A().f",
    "an annotation": "def table(x: f) -> g:\n    y: f = 1\n    return y",
    "an import of its own": "def table():\n    from json import loads as f\n    return f('1')",
}


@pytest.mark.parametrize("by", SHADOWED)
def test_a_global_that_is_hidden_is_not_reached(by: str, tmp_path: Path) -> None:
    module = "def f(): return 1\n\ndef g(): return 2\n\n" + SHADOWED[by]
    assert names(tmp_path, {"my_assets.py": module}) - {"my_assets:A"} == {"my_assets:table"}


def test_an_import_within_one_method_does_not_hide_the_global_of_another(tmp_path: Path) -> None:
    module = """
        def f(): return 1

        class A:
            def one(self):
                from helpers.impl import f
                return f()
            def two(self):
                return f()

        def table(): return A()
    """
    assert names(tmp_path, {**HELPER, "my_assets.py": module}) == {
        "my_assets:table",
        "my_assets:A",
        "my_assets:f",
        "helpers.impl:f",
    }


def test_a_parameter_of_a_nested_lambda_in_a_default_hides_nothing_outside(tmp_path: Path) -> None:
    module = "def f(): return 1\ndef table(key=lambda f: f): return f()"
    assert names(tmp_path, {"my_assets.py": module}) == {"my_assets:table", "my_assets:f"}


def test_the_function_of_an_upstream_asset_is_no_part_of_its_reader(tmp_path: Path) -> None:
    module = """
        from assets.engine import asset
        def helper(x): return x
        @asset
        def upstream(raw): return helper(raw)
        @asset(ins={"x": "upstream"})
        def middle(x, upstream): return upstream.a + x
        @asset
        def table(upstream, middle): return upstream.join(middle, upstream.a == middle.a)
    """
    assert names(tmp_path, {"my_assets.py": module}) == {"my_assets:table"}
    assert names(tmp_path, {}, "my_assets:upstream") == {"my_assets:upstream", "my_assets:helper"}


def test_what_never_runs_on_import_is_no_part_of_the_code(tmp_path: Path) -> None:
    module = """
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            import pandas as A
        else:
            A = 1
        def table(): return A
        if __name__ == "__main__":
            A = 5
            print(table(), A)
    """
    found = closure(tmp_path, {"my_assets.py": module})
    assert set(found.fragments) == {"my_assets:table", "my_assets:A"} and not found.libraries
    again = closure(tmp_path / "b", {"my_assets.py": textwrap.dedent(module).replace("A = 5", "A = 6")})
    assert again == found


def test_a_module_that_is_handed_about_counts_as_a_whole_with_what_it_hands_on(tmp_path: Path) -> None:
    files = {
        "my_assets.py": "import helpers\ndef table(name): return getattr(helpers, name)()",
        "helpers/__init__.py": '"""Words."""\nfrom helpers.impl import f\nimport numpy\n\ndef own():\n    return 3\n',
        "helpers/impl.py": "def f():\n    return 1\n",
    }
    found = closure(tmp_path / "a", files)
    assert set(found.fragments) == {"my_assets:table", "helpers:", "helpers.impl:f"}
    assert found.libraries == {"numpy"}
    files["helpers/__init__.py"] = files["helpers/__init__.py"].replace("Words", "Other words")
    assert closure(tmp_path / "b", files) == found
    files["helpers/__init__.py"] = files["helpers/__init__.py"].replace("return 3", "return 4")
    assert closure(tmp_path / "c", files) != found


def test_a_name_that_a_module_makes_only_when_asked_brings_all_of_the_module(tmp_path: Path) -> None:
    files = {
        "my_assets.py": "import helpers\ndef table(): return helpers.answer",
        "helpers.py": "def __getattr__(name): return KNOWN[name]\nKNOWN = {'answer': 42}\n",
    }
    before = closure(tmp_path / "a", files)
    files["helpers.py"] = files["helpers.py"].replace("42", "43")
    assert closure(tmp_path / "b", files) != before


def test_a_function_of_the_name_of_its_module_is_the_function(tmp_path: Path) -> None:
    files = {
        "my_assets.py": "from helpers import plot\ndef table(): return plot()",
        "helpers/__init__.py": "from helpers.plot import plot\n",
        "helpers/plot.py": "def plot(): return 1\ndef unused(): return 2\n",
    }
    assert names(tmp_path, files) == {"my_assets:table", "helpers:plot", "helpers.plot:plot"}


def test_what_a_package_binds_hides_its_submodule_of_that_name(tmp_path: Path) -> None:
    files = {
        "my_assets.py": "import helpers\ndef table(): return helpers.plot()",
        "helpers/__init__.py": "from helpers._impl import draw as plot\n",
        "helpers/_impl.py": "def draw(): return 1\n",
        "helpers/plot.py": "def other(): return 2\n",
    }
    assert names(tmp_path, files) == {"my_assets:table", "helpers:plot", "helpers._impl:draw"}


def test_a_submodule_that_its_package_imports_is_followed_name_by_name(tmp_path: Path) -> None:
    files = {
        "my_assets.py": "import helpers\ndef table(): return helpers.impl.f()",
        "helpers/__init__.py": "from . import impl\nfrom helpers import other\nimport helpers.third as third\n",
        "helpers/impl.py": "def f(): return 1\ndef g(): return 2\n",
        "helpers/other.py": "",
        "helpers/third.py": "",
    }
    assert names(tmp_path, files) == {"my_assets:table", "helpers.impl:f"}


def test_a_folder_without_init_is_a_package_too(tmp_path: Path) -> None:
    files = {
        "my_assets.py": "import space.deep.impl\nfrom space.deep import other\ndef table(): return space.deep.impl.f() + other.f()",
        "space/deep/impl.py": "def f(): return 1\n",
        "space/deep/other.py": "def f(): return 1\n",
    }
    assert names(tmp_path, files) == {"my_assets:table", "space.deep.impl:f", "space.deep.other:f"}


def test_code_that_goes_in_circles_is_followed_once(tmp_path: Path) -> None:
    files = {
        "my_assets.py": "import helpers\ndef table(n): return helpers.back(n - 1) if n else table(n)",
        "helpers.py": "import my_assets\ndef back(n): return my_assets.table(n)\n",
    }
    assert names(tmp_path, files) == {"my_assets:table", "helpers:back"}


def test_the_libraries_that_the_code_reaches_are_found(tmp_path: Path) -> None:
    files = {
        "my_assets.py": """
            import json
            import numpy as np
            import scipy.stats
            import unused_library
            from helpers import f
            from assets.engine import UserError
            def table(x):
                import pandas.api.types as t
                if x: raise UserError(np.array(x))
                return f(scipy.stats.norm), json.dumps(x), t
        """,
        "helpers.py": "from sklearn.linear_model import Ridge\ndef f(x): return Ridge(x)\n",
        "scipy/readme.txt": "a folder of that name, without code, is not ours",
    }
    assert closure(tmp_path, files).libraries == {"numpy", "scipy", "sklearn", "pandas"}


def test_one_reading_of_the_files_serves_several_assets(tmp_path: Path) -> None:
    code = "def f(): return 1\ndef one(): return f()\ndef two(): return 2\n"
    (tmp_path / "my_assets.py").write_text(code)
    base = CodeBase(tmp_path)
    for _ in range(2):
        assert set(base.closure("my_assets:one").fragments) == {"my_assets:one", "my_assets:f"}
        assert set(base.closure("my_assets:two").fragments) == {"my_assets:two"}
        assert set(base.closure("my_assets:one", "my_assets:two").fragments) == {
            "my_assets:one",
            "my_assets:two",
            "my_assets:f",
        }


def fields(folder: Path, body: str) -> set[str]:
    (folder / "my_assets.py").write_text(f"def table(x, settings):\n    {body}\n")
    return CodeBase(folder).attributes_read(TARGET, "settings")


def test_the_settings_that_a_function_reads_are_found(tmp_path: Path) -> None:
    assert fields(
        tmp_path, "return x(settings.a, k=[settings.b.c for _ in x]), (lambda settings: settings.z)"
    ) == {"a", "b"}
    assert fields(tmp_path, "return x") == set()


@pytest.mark.parametrize(
    "body",
    [
        "return x(settings)",
        "s = settings; return s.a",
        "return settings.a, [settings]",
        "return f'{settings}'",
    ],
)
def test_settings_that_are_handed_on_whole_are_refused(body: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="hands `settings` on whole"):
        fields(tmp_path, body)
