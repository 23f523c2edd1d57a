"""Small programs with an edit each that changes nothing of what comes out."""

from tests.code_edits import Program

IDLE = {
    "another property": Program(
        """
        class Rule:
            @property
            def low(self): return 1
        def table(): return 1
        """,
        "return 1\ndef",
        "return 2\ndef",
    ),
    "an alias that only annotates": Program(
        "Size = int\ndef table(x: Size = 1) -> Size: return x", "Size = int", "Size = float"
    ),
    "an annotation within a function": Program(
        "def table():\n    x: int = 1\n    return x", "x: int", "x: float"
    ),
    "a function that is decorated by the same": Program(
        """
        from helpers import traced
        @traced
        def other(): return 1
        @traced
        def table(): return 5
        """,
        "return 1",
        "return 2",
        helpers="def traced(function): return function",
    ),
    "a function that is cached like this one": Program(
        "import functools\n@functools.cache\ndef other(): return 1\n@functools.cache\ndef table(): return 5",
        "return 1",
        "return 2",
    ),
    "a subclass that its base is not told of": Program(
        "class Base:\n    size = 1\nclass Other(Base):\n    size = 2\ndef table(): return Base.size",
        "size = 2",
        "size = 3",
    ),
    "a subclass of a base that alters a global when it is asked to": Program(
        """
        from helpers import Base, f
        class Other(Base):
            size = 1
        def table(): return f()
        """,
        "size = 1",
        "size = 2",
        helpers="""
        ASKED = {}
        class Base:
            def ask(self): ASKED["size"] = self.size
        def f(): return ASKED
        """,
    ),
    "a global that another function uses": Program(
        "A = 1\nB = 2\ndef other(): return B\ndef table(): return A", "B = 2", "B = 3"
    ),
    "an attribute set in a module that nobody imports": Program(
        "from helpers import f\ndef table(): return f()",
        "helpers.LIMIT = 1",
        "helpers.LIMIT = 2",
        helpers="LIMIT = 0\ndef f(): return LIMIT",
        other="import helpers\nhelpers.LIMIT = 1",
    ),
    "a constant where no constant is needed": Program(
        "def table():\n    pass\n    return 1", "    pass\n", "    ...\n"
    ),
    "what runs only as a script": Program(
        "def table(): return 1\nif __name__ == '__main__':\n    print(table())", "print(table())", "print(2)"
    ),
    "a local name that hides a function": Program(
        "from helpers import f\ndef table():\n    f = 5\n    return f",
        "return 1",
        "return 2",
        helpers="def f(): return 1",
    ),
    "a name bound in a comprehension that hides a function": Program(
        "from helpers import f\ndef table():\n    [f := x for x in (1, 2)]\n    return f",
        "return 1",
        "return 2",
        helpers="def f(): return 1",
    ),
    "a comment in another language": Program("def table(): return 1  # é", "# é", "# ü"),
}
