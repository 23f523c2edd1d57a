"""Small programs with an edit of a definition each: of what is called, or of what nobody asks for."""

import textwrap
from dataclasses import dataclass


@dataclass(frozen=True)
class Program:
    """The text of `my_assets`, of `helpers` if there are any, and the edit of one of them."""

    text: str
    old: str
    new: str
    helpers: str = ""
    other: str = ""

    def files(self, *, edited: bool) -> dict[str, str]:
        texts = {
            "my_assets.py": self.text,
            "helpers/__init__.py": self.helpers,
            "helpers/other.py": self.other,
        }
        plain = {name: textwrap.dedent(text) for name, text in texts.items()}
        assert sum(text.count(self.old) for text in plain.values()) == 1
        return {name: text.replace(self.old, self.new) if edited else text for name, text in plain.items()}


TELLING = {
    "a property of a class": Program(
        """
        class Rule:
            @property
            def low(self): return 1
        def table(): return Rule().low
        """,
        "return 1",
        "return 2",
    ),
    "a method of a base class elsewhere": Program(
        "from helpers import Base\nclass Rule(Base): pass\ndef table(): return Rule().low()",
        "return 1",
        "return 2",
        helpers="class Base:\n    def low(self): return 1",
    ),
    "a method of the base of a base": Program(
        "import helpers\nclass Rule(helpers.Base): pass\ndef table(): return Rule().low()",
        "return 1",
        "return 2",
        helpers="from helpers.other import Deeper\nclass Base(Deeper): pass",
        other="class Deeper:\n    def low(self): return 1",
    ),
    "an argument of a decorator": Program(
        """
        from helpers import times
        @times(2)
        def base(): return 1
        def table(): return base()
        """,
        "@times(2)",
        "@times(3)",
        helpers="""
        import functools
        def times(factor):
            def decorate(function):
                @functools.wraps(function)
                def inner(*given): return function(*given) * factor
                return inner
            return decorate
        """,
    ),
    "the inside of a decorator": Program(
        "from helpers import times\n@times(2)\ndef table(): return 1",
        "* factor",
        "+ factor",
        helpers="""
        def times(factor):
            def decorate(function):
                return lambda: function() * factor
            return decorate
        """,
    ),
    "a default of a keyword": Program(
        "def base(*, factor=2): return factor\ndef table(): return base()", "factor=2", "factor=3"
    ),
    "a default that is a constant elsewhere": Program(
        "from helpers import LIMIT\ndef base(limit=LIMIT): return limit\ndef table(): return base()",
        "LIMIT = 1",
        "LIMIT = 2",
        helpers="LIMIT = 1",
    ),
    "a partial at the top level": Program(
        "import functools\nfrom helpers import f\ng = functools.partial(f, 1)\ndef table(): return g(1)",
        "a - b",
        "a + b",
        helpers="def f(a, b): return a - b",
    ),
    "a lambda in a dictionary": Program(
        "BY_NAME = {'one': lambda x: x + 1}\ndef table(): return BY_NAME['one'](1)", "x + 1", "x + 2"
    ),
    "a function in a dictionary": Program(
        "from helpers import f, g\nBY_NAME = {'f': f, 'g': g}\ndef table(): return BY_NAME['f']()",
        "return 1",
        "return 3",
        helpers="def f(): return 1\ndef g(): return 2",
    ),
    "a nested function": Program(
        "def table():\n    def inner(x): return x + 1\n    return inner(1)", "x + 1", "x + 2"
    ),
    "a generator expression": Program("def table(): return sum(x * 2 for x in (1, 2))", "x * 2", "x * 3"),
    "a generator": Program(
        "def made():\n    yield 1\ndef table(): return list(made())", "yield 1", "yield 2"
    ),
    "a member of an enumeration": Program(
        "import enum\nclass Side(enum.Enum):\n    LEFT = 1\ndef table(): return Side.LEFT.value",
        "LEFT = 1",
        "LEFT = 2",
    ),
    "the type of a dataclass's field": Program(
        """
        import dataclasses
        @dataclasses.dataclass
        class Row:
            size: int
        def table(): return str([f.type for f in dataclasses.fields(Row)])
        """,
        "size: int",
        "size: float",
    ),
    "a type that a field names in quotes": Program(
        """
        import typing
        Size = int
        class Row(typing.TypedDict):
            size: "Size"
        def table(): return str(typing.get_type_hints(Row, globals()))
        """,
        "Size = int",
        "Size = float",
    ),
    "a global of a function within a function of that name": Program(
        """
        limit = 1
        def table():
            limit = 5
            def inner():
                global limit
                return limit
            return inner() + limit
        """,
        "limit = 1",
        "limit = 2",
    ),
    "a match": Program(
        "from helpers import LIMIT, Point\n"
        "def table():\n    match Point():\n        case Point(x=1): return LIMIT\n    return 0",
        "x = 1",
        "x = 2",
        helpers="LIMIT = 1\nclass Point:\n    x = 1",
    ),
    "a name bound where it is asked": Program(
        "def table():\n    if (n := 1) and [m := n + 1 for _ in 'a']: return m", "n + 1", "n + 2"
    ),
    "a format": Program("LIMIT = 1\ndef table(): return f'{LIMIT:>{LIMIT + 3}}'", "LIMIT + 3", "LIMIT + 4"),
    "a coroutine": Program(
        "import asyncio\nasync def f(): return 1\ndef table(): return asyncio.run(f())",
        "return 1",
        "return 2",
    ),
    "an attribute of a module": Program(
        "import helpers\ndef table(): return helpers.LIMIT", "LIMIT = 1", "LIMIT = 2", helpers="LIMIT = 1"
    ),
    "an attribute of a module by its name": Program(
        "import helpers\ndef table(): return getattr(helpers, 'LIMIT')",
        "LIMIT = 1",
        "LIMIT = 2",
        helpers="LIMIT = 1",
    ),
    "a module imported by its name": Program(
        "import importlib\ndef table(): return importlib.import_module('helpers.other').f()",
        "return 1",
        "return 2",
        other="def f(): return 1",
    ),
    "an operator": Program(
        "class Money:\n    def __add__(self, other): return 1\ndef table(): return Money() + Money()",
        "return 1",
        "return 2",
    ),
    "a context": Program(
        """
        import contextlib
        @contextlib.contextmanager
        def inside():
            yield 1
        def table():
            with inside() as x: return x
        """,
        "yield 1",
        "yield 2",
    ),
    "functions that call one another": Program(
        """
        def even(n): return True if n == 0 else odd(n - 1)
        def odd(n): return False if n == 0 else even(n - 1)
        def table(): return even(3)
        """,
        "return False",
        "return None",
    ),
    "a class's own import hides nothing from its methods": Program(
        """
        from helpers import f
        class Rule:
            from helpers.other import f
            def low(self): return f()
        def table(): return Rule().low()
        """,
        "return 1",
        "return 3",
        helpers="def f(): return 1",
        other="def f(): return 2",
    ),
    "which of two modules a name is imported from": Program(
        "from helpers import f\ndef table(): return f()",
        "import f\n",
        "import g as f\n",
        helpers="def f(): return 1\ndef g(): return 2",
    ),
    "a text that is code": Program("LIMIT = 1\ndef table(): return eval('2 + 1')", "2 + 1", "2 + 2"),
    "an upright bar of types that are used": Program(
        "KINDS = int | str\ndef table(): return isinstance(1.0, KINDS)", "int | str", "int | float"
    ),
    "a condition around a definition": Program(
        """
        FAST = True
        if FAST:
            def f(): return 1
        else:
            def f(): return 2
        def table(): return f()
        """,
        "FAST = True",
        "FAST = False",
    ),
    "an alternative for what cannot be imported": Program(
        """
        try:
            from no_such_library import f
        except ImportError:
            from helpers import f
        def table(): return f()
        """,
        "return 1",
        "return 2",
        helpers="def f(): return 1",
    ),
}
