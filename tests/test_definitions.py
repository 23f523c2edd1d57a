"""Declaring assets, putting them together, and selecting from them; mistakes are refused with a hint."""

from __future__ import annotations

from typing import Any

import pytest

from assets.engine import Observation, asset, observable_source_asset
from assets.engine.declarations import Asset
from assets.engine.errors import UserError
from tests.declared_assets import by_group, by_site, declared, definitions, drawn, measured, raw


def test_a_function_says_what_it_reads_returns_and_is() -> None:
    assert measured.key == "measured" and measured.kind == "table" and measured.form == "arrow"
    assert measured.inputs == {"raw": "raw"} and measured.upstream == ("raw",)
    assert measured.description == "One measurement." and by_site.description == "One site, of several."
    assert by_site.upstream == ("measured", "by_group")
    assert drawn.key == "picture" and drawn.kind == "figure"
    assert drawn.wants == {"by_group": "arrow", "by_site": "frame"}
    assert measured.reference == f"{measured.function.__module__}:measured"


def test_annotations_may_be_objects_text_or_quoted_text() -> None:
    import ibis.expr.types as ir
    import pandas as pd

    def one(x: object) -> Any: ...

    for note, form in [
        (ir.Table, "expression"),
        (pd.DataFrame, "frame"),
        ("'pd.DataFrame'", "frame"),
        ("ibis.expr.types.Table", "expression"),
        ("alt.Chart", "chart"),
    ]:
        one.__annotations__["return"] = note
        assert asset(one).form == form


@pytest.mark.parametrize("note", ["None", None, "list", "pd.Series", "Table", "pd.DataFrame | None", 3])
def test_a_function_that_does_not_say_what_it_returns_is_refused(note: object) -> None:
    def one() -> Any: ...

    one.__annotations__["return"] = note
    with pytest.raises(UserError, match=r"`one` in .* does not say what it returns"):
        asset(one)


@pytest.mark.parametrize(
    "said", [{"io_manager_key": "x"}, {"retry_policy": 1, "freshness": 2}, {"check_specs": []}]
)
def test_what_is_not_supported_is_refused_by_name(said: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=", ".join(sorted(said))):
        declared("one", **said)


def test_one_name_may_be_given_without_a_list() -> None:
    one = declared("one", "measured", deps="by_group", kinds="sql", owners="team:eyes", primary_key="id")
    assert (
        one.deps == ("by_group",)
        and one.kinds == {"sql"}
        and one.owners == ("team:eyes",)
        and one.primary_key == ("id",)
    )
    assert declared("two", deps=[one, raw]).deps == ("one", "raw")


def test_an_input_may_have_another_name_than_its_parameter() -> None:
    one = declared("one", "x", "by_group", ins={"x": "measured"})
    assert one.inputs == {"x": "measured", "by_group": "by_group"}
    with pytest.raises(UserError, match="`ins` of `one` names `y`"):
        declared("one", "x", ins={"y": "measured"})


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        ({"ins": {"x": "b", "y": "a"}}, True),
        ({"form": "pd.DataFrame"}, True),
        ({"returns": "pa.Table"}, True),
        ({"code_version": "2"}, True),
        ({"description": "other"}, False),
        (
            {
                "metadata": {"a": 1},
                "owners": ["team:eyes"],
                "tags": {"a": "b"},
                "group_name": "g",
                "kinds": {"k"},
            },
            False,
        ),
    ],
)
def test_what_is_declared_counts_where_it_bears_on_the_content(change: dict[str, Any], counts: bool) -> None:
    said = {"ins": {"x": "a", "y": "b"}, "form": "pa.Table", "returns": "pd.DataFrame"}
    assert (
        declared("one", "x", "y", **said).declaration
        != declared("one", "x", "y", **said | change).declaration
    ) == counts


def test_the_caption_of_a_figure_counts_wherever_it_is_said() -> None:
    one, two = (declared("one", returns="alt.Chart", description=text) for text in ("this", "that"))
    assert one.declaration != two.declaration


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"partitions_def": "raw", "inputs": ["raw"], "primary_key": "id"}, "needs a parameter"),
        ({"partitions_def": "raw", "inputs": ["raw", "partition_keys"]}, "with a `primary_key`"),
        ({"partitions_def": "raw", "inputs": ["measured"]}, "with a `primary_key`"),
        (
            {
                "partitions_def": "raw",
                "inputs": ["raw", "partition_keys"],
                "primary_key": "id",
                "returns": "ir.Table",
            },
            "return pa.Table or",
        ),
        ({"inputs": ["partition_keys"]}, "must have `partitions_def`"),
    ],
)
def test_partitions_that_cannot_work_are_refused(said: dict[str, Any], problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        declared("one", *said.pop("inputs", []), **{"returns": "pa.Table", **said})


def test_the_source_of_partitions_must_be_a_source_that_is_read() -> None:
    said = {"returns": "pa.Table", "primary_key": "id"}
    definitions(raw, declared("one", "raw", "partition_keys", partitions_def="raw", **said))
    definitions(raw, declared("one", "partition_keys", partitions_def="raw", deps="raw", **said))
    for source in ("rw", "by_group"):
        with pytest.raises(UserError, match=f"partitions of `{source}`, which is not a source"):
            one = declared("one", "measured", form="pa.Table", partitions_def=source, **said)
            definitions(raw, measured, one)
    with pytest.raises(UserError, match="reads neither it nor a table whose key begins with `x`"):
        one = declared(
            "one", "measured", form="pa.Table", partitions_def="raw", **said | {"primary_key": "x"}
        )
        definitions(raw, measured, one)


def test_a_source_that_asks_for_more_than_it_is_given_is_refused() -> None:
    def wants(settings: object, memo: object, mood: object) -> Observation: ...

    def may(settings: object = None, mood: str = "good") -> Observation: ...

    with pytest.raises(UserError, match="`wants` asks for `mood`"):
        observable_source_asset(wants)
    assert observable_source_asset(may).key == "may"


def test_an_unknown_input_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(
        UserError, match=r"`one` reads `mesured`, which nobody declares. Did you mean `measured`\?"
    ):
        definitions(raw, measured, declared("one", "mesured"))
    with pytest.raises(UserError, match=r"There are: .*measured"):
        definitions(raw, measured, declared("one", "xyzzy"))


@pytest.mark.parametrize(
    ("one", "problem"),
    [
        (declared("one", "raw", returns="ir.Table"), "a source, which no expression can"),
        (
            declared("one", "measured", form="pd.DataFrame", returns="ir.Table"),
            "as data, which no expression can",
        ),
        (declared("one", "measured", form="object", returns="pa.Table"), "without saying as what"),
        (declared("one", "picture", form="pa.Table", returns="pa.Table"), "which is a figure"),
    ],
)
def test_an_input_that_cannot_be_given_as_asked_is_refused(one: Asset, problem: str) -> None:
    with pytest.raises(UserError, match=rf"`one` reads `\w+`.*{problem}"):
        definitions(raw, measured, by_group, by_site, drawn, one)


@pytest.mark.parametrize("circle", [["a"], ["a", "b"], ["a", "b", "c"]])
def test_a_circle_is_refused_and_shown(circle: list[str]) -> None:
    ring = [declared(key, circle[number - 1]) for number, key in enumerate(circle)]
    with pytest.raises(UserError, match="in a circle") as caught:
        definitions(*ring)
    assert all(key in str(caught.value) for key in circle)


def test_a_name_used_twice_is_refused_even_if_only_its_capitals_differ() -> None:
    for twin in (declared("measured"), declared("Measured"), declared("raw")):
        with pytest.raises(UserError, match=rf"two assets are called `{twin.key}`"):
            definitions(raw, measured, twin)
    assert list(definitions(raw, measured, measured).assets) == ["measured"]


def test_names_that_the_ledger_uses_are_refused() -> None:
    with pytest.raises(UserError, match="`_materializations`"):
        definitions(declared("_materializations"))


def test_assets_come_as_they_are_declared_wherever_what_they_read_allows_that() -> None:
    late = declared("late", "measured")
    early = declared("early", "late")
    assert definitions(early, drawn, raw, measured, by_site, by_group, late).order == (
        "measured",
        "by_group",
        "by_site",
        "picture",
        "late",
        "early",
    )
