"""One digest for everything: what must fall apart does, and the numbers never move by accident."""

import struct
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.engine.hashing import SCHEME, digest

MOVED = (
    "a digest changed, so every recorded hash is void: either that was meant (then bump SCHEME in "
    "assets/engine/hashing.py and renew these values) or find the cause"
)

GOLDEN = {
    "scalars": "087754a5236d840ad01164880d418193d8a331922326f35f51bd008771f6ea8d",
    "nested": "53d0c6745b3731fae8be85dd652821ce88eaf9b88be9d948f28fb66cec8eb34f",
    "unordered": "fe54786dcd7fbff8dd7ec7d81f8289cbc370b8ede2a0a58586237c4d83c2bdf1",
    "kind": "eb4693b339a1d622be4057a66e613864fe487b6bc83779e67aa10fd35c27eb7a",
}

# Few and treacherous values, so that two random structures are often nearly the same.
TREACHEROUS: list[Any] = [None, True, False, 0, 1, -1, 10, 2**64, 0.0, -0.0, 1.0, float("inf"), float("nan")]
TREACHEROUS += [
    "",
    "0",
    "1",
    "a",
    "b",
    "ab",
    "a;b",
    "n",
    "T",
    "i1:1",
    "s1:a",
    "l1:",
    "\u00e9",
    "e\u0301",
    "\ud800",
]
TREACHEROUS += [b"", b"a", b"1"]
SCALARS = st.sampled_from(TREACHEROUS)
HASHABLE = SCALARS | st.tuples(SCALARS, SCALARS) | st.frozensets(SCALARS, max_size=2)
STRUCTURES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.frozensets(HASHABLE, max_size=3)
        | st.dictionaries(st.sampled_from(["", "a", "b", "ab"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def meant(value: Any) -> Any:
    """Spell what a value is in another way than the code under test does: as nested tuples that compare by type."""
    if isinstance(value, float):
        return "float", "nan" if value != value else struct.pack(">d", value)
    if isinstance(value, list | tuple):
        return "list", tuple(meant(item) for item in value)
    if isinstance(value, set | frozenset):
        return "set", frozenset(meant(item) for item in value)
    if isinstance(value, Mapping):
        return "mapping", frozenset((name, meant(item)) for name, item in value.items())
    return type(value).__name__, value


@pytest.mark.parametrize("name", ["scalars", "nested", "unordered", "kind"])
def test_known_digests_stand_still(name: str) -> None:
    known = {
        "scalars": digest("golden", None, True, 1, 1.0, -0.0, "1", b"1", "\u00e9"),
        "nested": digest("golden", ["a;b"], ["a", ["b", []]], {}),
        "unordered": digest("golden", {"b": 1, "a": [2]}, {"x", "y", 3}),
        "kind": digest("other"),
    }
    assert known[name] == GOLDEN[name], MOVED


def test_every_two_different_values_have_different_digests() -> None:
    assert len({digest("k", value) for value in TREACHEROUS}) == len(TREACHEROUS)


@given(STRUCTURES, STRUCTURES)
def test_two_structures_share_a_digest_only_if_they_mean_the_same(one: Any, other: Any) -> None:
    assert (digest("k", one) == digest("k", other)) == (meant(one) == meant(other))


@given(st.lists(SCALARS, max_size=4), st.lists(SCALARS, max_size=4))
def test_parts_do_not_run_into_one_another(one: list[Any], other: list[Any]) -> None:
    assert (digest("k", *one) == digest("k", *other)) == (meant(one) == meant(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, "1"),
        (1, True),
        (1, 1.0),
        (0, False),
        (0, None),
        ("", None),
        ("a", b"a"),
        (0.0, -0.0),
        (["a;b"], ["a", "b"]),
        (["ab", ""], ["a", "b"]),
        ([["a"], "b"], [["a", "b"]]),
        ([], {}),
        ([], set()),
        ({"a": None}, {}),
        ({"a": "b"}, {"ab": ""}),
        (["a"], {"a"}),
        ([1, 2], [2, 1]),
        ("\u00e9", "e\u0301"),
        ({(1, 2)}, {(2, 1)}),
    ],
)
def test_what_falls_together_elsewhere_is_kept_apart(one: Any, other: Any) -> None:
    assert digest("k", one) != digest("k", other)


def test_the_kind_and_the_scheme_are_part_of_the_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest("table", 1)
    assert before != digest("code", 1) and before != digest("table1")
    monkeypatch.setattr("assets.engine.hashing.SCHEME", SCHEME + 1)
    assert digest("table", 1) != before


@given(st.dictionaries(st.text(max_size=2), SCALARS, max_size=5), st.randoms())
def test_the_order_of_a_mapping_does_not_matter(mapping: dict[str, Any], random: Any) -> None:
    items = list(mapping.items())
    random.shuffle(items)
    assert digest("k", dict(items)) == digest("k", mapping)


def test_the_order_of_a_set_does_not_matter() -> None:
    one, other = {0, 8}, {8, 0}
    assert list(one) != list(other), "these two no longer differ in order: find others"
    assert digest("k", one) == digest("k", other)


def test_tuples_and_lists_are_one_type() -> None:
    assert digest("k", (1, (2,))) == digest("k", [1, [2]])


@pytest.mark.parametrize(
    "value",
    [
        object(),
        date(2024, 1, 1),
        Decimal(1),
        Path("a"),
        1j,
        ...,
        bytearray(b"a"),
        range(3),
        (x for x in [1]),
        np.float32(1),
        np.int64(1),
        np.array([1]),
        print,
    ],
    ids=lambda v: type(v).__name__,
)
def test_a_type_without_a_canonical_form_is_refused(value: Any) -> None:
    for part in (value, [value], {"a": value}):
        with pytest.raises(TypeError, match="no canonical form"):
            digest("k", part)


@pytest.mark.parametrize("key", [1, None, b"a", ("a",)])
def test_a_mapping_whose_keys_are_not_text_is_refused(key: Any) -> None:
    with pytest.raises(TypeError, match="use text"):
        digest("k", {key: 1})


def test_a_whole_number_of_any_size_is_hashed() -> None:
    assert digest("k", 10**5000) != digest("k", 10**5000 + 1)
