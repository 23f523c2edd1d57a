"""Python functions in expressions: hashed by their code, and run by DuckDB."""

import gc
import importlib
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.operations as ops
import pytest

from assets.engine.code import CodeBase
from assets.engine.errors import UserError
from assets.engine.expressions import Compiled, compiled, register_udfs, unbound

MODULE = """
    import ibis
    import ibis.expr.types as ir
    from own_parts import FACTOR

    def shifted(value, by=0.5):
        return value + by

    @ibis.udf.scalar.python
    def scaled(x: float) -> float:
        # a comment
        return shifted(x) * FACTOR

    def table(t: ir.Table) -> ir.Table:
        return t.mutate(y=scaled(t.x))
"""
PARTS = "import numpy\n\nFACTOR = 2\n"
Write = Callable[..., Compiled]


@pytest.fixture
def compile_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Write the modules to a folder, import them, and compile what `own_assets.table` returns."""

    def compile_in(folder: Path, module: str = MODULE, parts: str = PARTS, *, code: bool = True) -> Compiled:
        folder.mkdir(exist_ok=True)
        (folder / "own_assets.py").write_text(textwrap.dedent(module))
        (folder / "own_parts.py").write_text(parts)
        for name in ("own_assets", "own_parts"):
            sys.modules.pop(name, None)
        monkeypatch.syspath_prepend(folder)
        importlib.invalidate_caches()
        made = importlib.import_module("own_assets").table(unbound("t", {"x": "DOUBLE"}))
        return compiled(made, CodeBase(folder) if code else None)

    yield compile_in
    for name in ("own_assets", "own_parts"):
        sys.modules.pop(name, None)


def run(ready: Compiled) -> list[Any]:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT unnest([1.0, 2.0, NULL])::DOUBLE AS x")
        register_udfs(connection.cursor(), ready)
        return connection.execute(ready.sql).fetchall()


def test_a_python_function_runs_in_the_sql(compile_in: Write, tmp_path: Path) -> None:
    ready = compile_in(tmp_path)
    assert run(ready) == [(1.0, 3.0), (2.0, 5.0), (None, None)]
    assert not ready.portable and ready.columns == {"t": ("x",)}


def test_a_function_of_arrays_runs_in_the_sql(compile_in: Write, tmp_path: Path) -> None:
    module = MODULE.replace("scalar.python", 'scalar.pyarrow(null_handling="special")')
    ready = compile_in(
        tmp_path, module.replace("shifted(x) * FACTOR", "__import__('pyarrow').compute.fill_null(x, 9.0)")
    )
    assert run(ready) == [(1.0, 1.0), (2.0, 2.0), (None, 9.0)]


EDITS: dict[str, tuple[str, str]] = {
    "its body": ("shifted(x) * FACTOR", "shifted(x) + FACTOR"),
    "a helper": ("value + by", "value - by"),
    "a default of a helper": ("by=0.5", "by=0.25"),
    "a constant in another module": ("FACTOR = 2", "FACTOR = 3"),
    "the type that it returns": ("(x: float) -> float", "(x: float) -> int"),
    "how it is called": ("scalar.python", 'scalar.python(null_handling="special")'),
    "its name in the database": ("scalar.python", 'scalar.python(name="f", side_effects=True)'),
}


@pytest.mark.parametrize("what", EDITS)
def test_an_edit_of_the_function_changes_the_hash(what: str, compile_in: Write, tmp_path: Path) -> None:
    before = compile_in(tmp_path / "a")
    module, parts = (text.replace(*EDITS[what]) for text in (MODULE, PARTS))
    assert (module, parts) != (MODULE, PARTS)
    after = compile_in(tmp_path / "b", module, parts)
    assert after.hash != before.hash and after.sql != before.sql


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# a comment", "# another comment"),
        ("    return shifted", '    """What it is."""\n        return shifted'),
        ("def table", "UNUSED = 1\n\n    def table"),
        ("t.mutate(y=scaled(t.x))", 't[["x"]].mutate(y=scaled(t["x"]))'),
        ("import ibis\n", "import ibis\n\n    other = ibis.udf.scalar.builtin\n"),
    ],
)
def test_an_edit_that_changes_nothing_does_not(old: str, new: str, compile_in: Write, tmp_path: Path) -> None:
    before = compile_in(tmp_path / "a")
    assert MODULE.count(old) == 1
    assert compile_in(tmp_path / "b", MODULE.replace(old, new)).hash == before.hash


def test_two_functions_of_one_name_are_two(compile_in: Write, tmp_path: Path) -> None:
    module = """
        import ibis
        import own_parts
        from own_parts import FACTOR

        @ibis.udf.scalar.python
        def scaled(x: float) -> float:
            return x * FACTOR

        def table(t):
            return t.select(here=scaled(t.x), there=own_parts.scaled(t.x))
    """
    parts = f"{PARTS}\nimport ibis\n\n@ibis.udf.scalar.python\ndef scaled(x: float) -> float:\n    return x + 100\n"
    ready = compile_in(tmp_path, module, parts)
    assert len(ready.functions) == 2
    assert run(ready) == [(2.0, 101.0), (4.0, 102.0), (None, None)]


def test_the_libraries_of_a_function_are_told_and_are_no_part_of_the_hash(
    compile_in: Write, tmp_path: Path
) -> None:
    plain = compile_in(tmp_path / "a")
    parts = PARTS.replace("FACTOR = 2", "FACTOR = numpy.float64(2)")
    assert plain.libraries == {"ibis"}
    assert compile_in(tmp_path / "b", parts=parts).libraries == {"ibis", "numpy"}


REFUSED: dict[str, tuple[str, str]] = {
    "a function within a function": (
        """
        import ibis

        def table(t):
            @ibis.udf.scalar.python
            def inner(x: float) -> float:
                return x

            return t.mutate(y=inner(t.x))
        """,
        r"`inner`, which another function makes",
    ),
    "a lambda": (
        """
        import ibis

        doubled = ibis.udf.scalar.python(lambda x: x * 2, signature=((float,), float))

        def table(t):
            return t.mutate(y=doubled(t.x))
        """,
        r"`<lambda>`, which another function makes",
    ),
    "a function that is made under the name of another": (
        """
        import functools
        import ibis

        def plain(x: float) -> float:
            return x

        def times(factor, function):
            @functools.wraps(function)
            def inner(x):
                return function(x) * factor

            return inner

        doubled = ibis.udf.scalar.python(times(2, plain))

        def table(t):
            return t.mutate(y=doubled(t.x))
        """,
        r"`plain`, which another function makes",
    ),
    "a function of a library": (
        """
        import math
        import ibis

        erf = ibis.udf.scalar.python(math.erf, signature=((float,), float))

        def table(t):
            return t.mutate(y=erf(t.x))
        """,
        r"the code of `math:erf` is not below",
    ),
    "a function of pandas series": (
        """
        import ibis

        @ibis.udf.scalar.pandas
        def doubled(x: float) -> float:
            return x * 2

        def table(t):
            return t.mutate(y=doubled(t.x))
        """,
        r"`doubled` in a way that DuckDB does not know",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_function_that_cannot_be_followed_is_refused(what: str, compile_in: Write, tmp_path: Path) -> None:
    module, message = REFUSED[what]
    with pytest.raises(UserError, match=message) as caught:
        compile_in(tmp_path, module)
    assert "\n" not in str(caught.value)


def test_without_the_code_at_hand_a_function_is_refused(compile_in: Write, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="`scaled`, whose code is not at hand"):
        compile_in(tmp_path, code=False)


def test_an_aggregate_in_python_is_refused_since_duckdb_has_none() -> None:
    t = unbound("t", {"x": "DOUBLE"})
    call = ops.ReductionVectorizedUDF(
        func=lambda x: sum(x),
        func_args=(t.x.op(),),
        input_type=("float64",),
        return_type=ibis.dtype("float64"),
    )
    with pytest.raises(UserError, match="DuckDB cannot run its expression: "):
        compiled(t.agg(y=call.to_expr()))


def test_a_function_outlives_the_cursor_that_brought_it_and_is_brought_once(
    compile_in: Write, tmp_path: Path
) -> None:
    ready = compile_in(tmp_path)
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT 1.0::DOUBLE AS x")
        for _time in range(2):
            with connection.cursor() as cursor:
                cursor.execute("BEGIN")
                register_udfs(cursor, compile_in(tmp_path))  # the same code, another object
                cursor.execute("ROLLBACK")
            gc.collect()
        assert connection.execute(ready.sql).fetchall() == [(1.0, 3.0)]
