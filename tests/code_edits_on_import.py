"""Small programs with an edit each of what happens when a module is imported."""

from tests.code_edits import Program

ON_IMPORT = {
    "a function that registers itself": Program(
        """
        KNOWN = {}
        def register(name):
            def decorate(function):
                KNOWN[name] = function
                return function
            return decorate
        @register("one")
        def one(): return 1
        def table(): return KNOWN["one"]()
        """,
        "return 1",
        "return 2",
    ),
    "the name that a function registers under": Program(
        """
        from helpers import register, run
        @register("one")
        def one(): return 1
        def table(): return run()
        """,
        '"one"',
        '"two"',
        helpers="""
        KNOWN = {}
        def register(name):
            def decorate(function):
                KNOWN.setdefault(name, function)
                return function
            return decorate
        def run(): return sorted((name, f()) for name, f in KNOWN.items())
        """,
    ),
    "a function that registers with an object": Program(
        """
        class Registry:
            def __init__(self): self.known = {}
            def add(self, function): self.known[function.__name__] = function
        REGISTRY = Registry()
        @REGISTRY.add
        def one(): return 1
        def table(): return [f() for f in REGISTRY.known.values()]
        """,
        "return 1",
        "return 2",
    ),
    "a function that registers with an object elsewhere": Program(
        """
        from helpers import REGISTRY
        @REGISTRY.add
        def one(): return 1
        def table(): return [f() for f in REGISTRY.known.values()]
        """,
        "return 1",
        "return 2",
        helpers="""
        class Registry:
            def __init__(self): self.known = {}
            def add(self, function): self.known[function.__name__] = function
        REGISTRY = Registry()
        """,
    ),
    "a variant for a type": Program(
        """
        import functools
        @functools.singledispatch
        def size(x): return 0
        @size.register
        def _(x: int): return 1
        def table(): return size(5), size(5.0)
        """,
        "return 1",
        "return 2",
    ),
    "the type of a variant": Program(
        """
        import functools
        @functools.singledispatch
        def size(x): return 0
        @size.register
        def _(x: int): return 1
        def table(): return size(5), size(5.0)
        """,
        "x: int",
        "x: float",
    ),
    "a variant of a function elsewhere": Program(
        """
        from helpers import size
        @size.register(int)
        def of_numbers(x): return 1
        def table(): return size(5)
        """,
        "return 1",
        "return 2",
        helpers="import functools\n@functools.singledispatch\ndef size(x): return 0",
    ),
    "a subclass that its base is told of": Program(
        """
        class Base:
            known = []
            def __init_subclass__(cls): Base.known.append(cls)
        class One(Base):
            size = 1
        def table(): return [kind.size for kind in Base.known]
        """,
        "size = 1",
        "size = 2",
    ),
    "a subclass that a base elsewhere is told of": Program(
        """
        from helpers import Base
        class One(Base):
            size = 1
        def table(): return [kind.size for kind in Base.known]
        """,
        "size = 1",
        "size = 2",
        helpers="class Base:\n    known = []\n    def __init_subclass__(cls): cls.known.append(cls)",
    ),
    "a subclass of a subclass that a base elsewhere is told of": Program(
        """
        from helpers import Base
        class One(Base):
            size = 1
        def table(): return [kind.size for kind in Base.__base__.known]
        """,
        "size = 1",
        "size = 2",
        helpers="from helpers.other import Deeper\nclass Base(Deeper):\n    size = 5",
        other="class Deeper:\n    known = []\n    def __init_subclass__(cls): cls.known.append(cls)",
    ),
    "a class that its metaclass keeps": Program(
        """
        KNOWN = []
        class Keeping(type):
            def __init__(cls, *given):
                super().__init__(*given)
                KNOWN.append(cls)
        class One(metaclass=Keeping):
            size = 1
        def table(): return [kind.size for kind in KNOWN]
        """,
        "size = 1",
        "size = 2",
    ),
    "a global list that is filled later": Program(
        "from helpers import f\nSIZES = []\nSIZES.append(f())\ndef table(): return SIZES",
        "return 1",
        "return 2",
        helpers="def f(): return 1",
    ),
    "a global that a function fills": Program(
        "SIZES = []\ndef fill(x): SIZES.append(x)\nfill(1)\ndef table(): return SIZES", "fill(1)", "fill(2)"
    ),
    "how a function fills a global": Program(
        "SIZES = []\ndef fill(x): SIZES.append(x)\nfill(1)\ndef table(): return SIZES",
        "SIZES.append(x)",
        "SIZES.extend([x, x])",
    ),
    "a global that a function rebinds": Program(
        """
        LIMIT = 1
        def raise_to(x):
            global LIMIT
            LIMIT = x
        raise_to(2)
        def table(): return LIMIT
        """,
        "raise_to(2)",
        "raise_to(3)",
    ),
    "a global that only a function binds": Program(
        """
        def load():
            global LOADED
            LOADED = 1
        load()
        def table(): return LOADED
        """,
        "LOADED = 1",
        "LOADED = 2",
    ),
    "a global that a function of a function rebinds": Program(
        """
        LIMIT = 1
        def raise_it(by):
            global LIMIT
            LIMIT += by
        def twice(by):
            raise_it(by)
            raise_it(by)
        twice(1)
        def table(): return LIMIT
        """,
        "twice(1)",
        "twice(2)",
    ),
    "a global taken away from": Program(
        "SIZES = [1, 2, 3]\nlast = SIZES.pop()\ndef table(): return SIZES", "SIZES.pop()", "SIZES.pop(0)"
    ),
    "an item deleted": Program(
        "SIZES = [1, 2, 3]\ndel SIZES[0]\ndef table(): return SIZES", "del SIZES[0]", "del SIZES[1]"
    ),
    "a name bound in a condition": Program(
        "if (LIMIT := 1) > 0:\n    pass\ndef table(): return LIMIT", "LIMIT := 1", "LIMIT := 2"
    ),
    "a name bound in a comprehension": Program(
        "SEEN = [LAST := x for x in (1, 2)]\ndef table(): return LAST", "(1, 2)", "(1, 3)"
    ),
    "a name bound by a match": Program(
        "match (1, 2):\n    case (A, B): pass\ndef table(): return A", "match (1, 2)", "match (3, 2)"
    ),
    "an attribute of a module that we set": Program(
        "import helpers\nhelpers.LIMIT = 1\ndef table(): return helpers.f()",
        "LIMIT = 1",
        "LIMIT = 2",
        helpers="LIMIT = 0\ndef f(): return LIMIT",
    ),
    "an attribute of a module that we set under another name": Program(
        "import helpers as module\nfrom helpers import f\nmodule.LIMIT = 1\ndef table(): return f()",
        "LIMIT = 1",
        "LIMIT = 2",
        helpers="LIMIT = 0\ndef f(): return LIMIT",
    ),
    "an attribute of a module that we set by its name": Program(
        "import helpers\nfrom helpers import f\nsetattr(helpers, 'LIMIT', 1)\ndef table(): return f()",
        "'LIMIT', 1",
        "'LIMIT', 2",
        helpers="LIMIT = 0\ndef f(): return LIMIT",
    ),
    "an attribute of a module that a function of ours sets": Program(
        "import helpers as h\nfrom helpers import f\n"
        "def patch(): h.LIMIT = 1\npatch()\ndef table(): return f()",
        "h.LIMIT = 1",
        "h.LIMIT = 2",
        helpers="LIMIT = 0\ndef f(): return LIMIT",
    ),
    "an attribute of a class elsewhere that we set": Program(
        "from helpers import Rule, f\nRule.low = 1\ndef table(): return f()",
        "low = 1",
        "low = 2",
        helpers="class Rule:\n    low = 0\ndef f(): return Rule().low",
    ),
    "an item of a dictionary elsewhere that we set": Program(
        "from helpers import SIZES, f\nSIZES['a'] = 1\ndef table(): return f()",
        "= 1",
        "= 2",
        helpers="SIZES = {}\ndef f(): return SIZES",
    ),
    "what a package sets in its own module": Program(
        "from helpers.other import f\ndef table(): return f()",
        "other.LIMIT = 1",
        "other.LIMIT = 2",
        helpers="from helpers import other\nother.LIMIT = 1",
        other="LIMIT = 0\ndef f(): return LIMIT",
    ),
    "a module that is imported for what it does": Program(
        "import helpers.other\nfrom helpers import run\ndef table(): return run()",
        "return 1",
        "return 2",
        helpers="""
        KNOWN = {}
        def register(function):
            KNOWN[function.__name__] = function
            return function
        def run(): return sorted((name, f()) for name, f in KNOWN.items())
        """,
        other="from helpers import register\n@register\ndef one(): return 1",
    ),
}
