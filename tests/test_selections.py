"""Selecting assets by name, neighbourhood, group, kind, tag and owner; and the order in which they are built."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.engine.errors import UserError
from tests.declared_assets import ALL, declared, definitions

SELECTIONS = {
    (): {"measured", "by_group", "by_site", "picture"},
    ("*",): {"measured", "by_group", "by_site", "picture"},
    ("measured",): {"measured"},
    ("+by_group",): {"measured", "by_group"},
    ("by_group+",): {"by_group", "by_site", "picture"},
    ("+by_site+",): {"measured", "by_group", "by_site", "picture"},
    ("measured,picture",): {"measured", "picture"},
    ("measured", " picture "): {"measured", "picture"},
    ("group:summary",): {"by_group", "by_site"},
    ("group:summary+",): {"by_group", "by_site", "picture"},
    ("+group:summary",): {"measured", "by_group", "by_site"},
    ("kind:figure",): {"picture"},
    ("kind:table",): {"measured", "by_group", "by_site"},
    ("kind:sql",): {"by_group"},
    ("tag:area",): {"measured"},
    ("tag:area=eyes",): {"measured"},
    ("tag:slow", "owner:team:eyes"): {"measured", "by_group"},
}


@pytest.mark.parametrize("selection", SELECTIONS, ids=" ".join)
def test_assets_are_selected_in_building_order(selection: tuple[str, ...]) -> None:
    found = ALL.select(selection)
    assert set(found) == SELECTIONS[selection] and len(found) == len(set(found))
    assert found == [key for key in ALL.order if key in found]


@pytest.mark.parametrize(
    ("selection", "says"),
    [
        ("mesured", "no asset is called `mesured`. Did you mean `measured`?"),
        ("+mesured+", "Did you mean `measured`?"),
        ("raw", "no asset is called `raw`"),
        ("xyzzy", "There are: by_group, by_site, measured, picture."),
        ("group:sumary", "no asset has group:sumary. Did you mean `summary`?"),
        ("kind:tabel", "Did you mean `table`?"),
        ("tag:area=ears", "no asset has tag:area=ears"),
        ("colour:red", "cannot select by `colour:`; use a name, or one of group, kind, tag, owner"),
    ],
)
def test_a_selection_that_fits_nothing_is_refused_with_a_hint(selection: str, says: str) -> None:
    with pytest.raises(UserError) as caught:
        ALL.select([selection])
    assert says in str(caught.value)


@st.composite
def graphs(draw: st.DrawFn) -> list[tuple[str, list[str]]]:
    keys = [f"t{number}" for number in range(draw(st.integers(1, 8)))]
    edges = [
        (key, draw(st.lists(st.sampled_from(keys[:n]), unique=True, max_size=3)) if n else [])
        for n, key in enumerate(keys)
    ]
    return draw(st.permutations(edges))


@given(graphs())
def test_the_order_puts_what_is_read_first_and_keeps_the_independent_as_declared(
    edges: list[tuple[str, list[str]]],
) -> None:
    found = definitions(*(declared(key, *reads) for key, reads in edges))
    assert sorted(found.order) == sorted(key for key, _ in edges)
    assert all(found.order.index(read) < found.order.index(key) for key, reads in edges for read in reads)
    if not any(reads for _, reads in edges):
        assert list(found.order) == [key for key, _ in edges]


def walk(start: str, step: Callable[[str], list[str]]) -> set[str]:
    return {start}.union(*(walk(key, step) for key in step(start)))


@given(graphs(), st.data())
def test_plus_means_all_of_it_upstream_or_downstream(
    edges: list[tuple[str, list[str]]], data: st.DataObject
) -> None:
    found, reads = definitions(*(declared(key, *reads) for key, reads in edges)), dict(edges)
    key = data.draw(st.sampled_from(sorted(reads)))
    assert set(found.select([f"+{key}"])) == walk(key, lambda k: reads[k])
    assert set(found.select([f"{key}+"])) == walk(
        key, lambda k: [other for other in reads if k in reads[other]]
    )
