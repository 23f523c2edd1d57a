"""The one decision: each cause fires and stays quiet, and nothing else is looked at."""

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.engine.decide import Cause, Decision, Reason, State, decide
from assets.engine.records import Ingredients, Record

MADE_FROM = Ingredients(
    code={"m:f": "c1", "m:g": "c2"},
    settings={"limit": 3, "names": ["a"]},
    libraries={"numpy": "2.0"},
    inputs={"raw": "r1", "upstream": "u1"},
)
RECORD = Record("it", MADE_FROM.input_hash("it"), "v1", MADE_FROM)


def decided(**said: Any) -> Decision:
    given = {"record": RECORD, "observed": "v1", "current": MADE_FROM, "pending": {}, "forced": False}
    return decide("it", **(given | said))


def changed(**parts: Any) -> Ingredients:
    return dataclasses.replace(MADE_FROM, **parts)


def test_nothing_changed_is_fresh_and_says_nothing() -> None:
    decision = decided()
    assert decision == Decision("it", State.FRESH) and decision.because() == "" and not decision.to_build


FIRES: list[tuple[dict[str, Any], State, Reason]] = [
    ({"record": None}, State.MISSING, Reason(Cause.NEVER_BUILT)),
    ({"observed": None}, State.MISSING, Reason(Cause.OUTPUT_GONE)),
    ({"forced": True}, State.STALE, Reason(Cause.FORCED)),
    ({"observed": "v2"}, State.STALE, Reason(Cause.OUTPUT_EDITED, "", "v1", "v2")),
    ({"current": changed(scheme=99)}, State.STALE, Reason(Cause.SCHEME_CHANGED, "", MADE_FROM.scheme, 99)),
    (
        {"current": changed(code={"m:f": "c1", "m:g": "c3"})},
        State.STALE,
        Reason(Cause.CODE_CHANGED, "m:g", "c2", "c3"),
    ),
    ({"current": changed(code={"m:f": "c1"})}, State.STALE, Reason(Cause.CODE_CHANGED, "m:g", "c2", None)),
    (
        {"current": changed(settings={"limit": 4, "names": ["a"]})},
        State.STALE,
        Reason(Cause.SETTING_CHANGED, "limit", 3, 4),
    ),
    (
        {"current": changed(libraries={"numpy": "2.1"})},
        State.STALE,
        Reason(Cause.LIBRARY_CHANGED, "numpy", "2.0", "2.1"),
    ),
    (
        {"current": changed(inputs={"raw": "r2", "upstream": "u1"})},
        State.STALE,
        Reason(Cause.INPUT_CHANGED, "raw", "r1", "r2"),
    ),
    (
        {"current": changed(inputs={**MADE_FROM.inputs, "more": "m1"})},
        State.STALE,
        Reason(Cause.INPUT_CHANGED, "more", None, "m1"),
    ),
    (
        {"pending": {"upstream": State.STALE}, "current": changed(inputs={"raw": "r1"})},
        State.UNSURE,
        Reason(Cause.UPSTREAM_PENDING, "upstream"),
    ),
]


@pytest.mark.parametrize(
    ("said", "state", "reason"), FIRES, ids=lambda v: v.cause.name if isinstance(v, Reason) else ""
)
def test_each_cause_fires_alone_and_names_what_changed(
    said: dict[str, Any], state: State, reason: Reason
) -> None:
    decision = decided(**said)
    assert decision == Decision("it", state, (reason,))
    assert decision.to_build is (state in (State.STALE, State.MISSING))
    assert reason.cause.value in decision.because() and reason.subject in decision.because()


def test_every_cause_is_tested_here() -> None:
    told_before_deciding = {Cause.CODE_FAILS}  # then there is nothing to compare: test_build_failures
    assert {reason.cause for _, _, reason in FIRES} == set(Cause) - told_before_deciding


@pytest.mark.parametrize(("old", "new"), [(3, "3"), (1, True), (1, 1.0), ([1], [True]), (None, ""), ([], {})])
def test_a_value_of_another_type_is_another_setting(old: Any, new: Any) -> None:
    record = dataclasses.replace(RECORD, ingredients=changed(settings={"x": old}))
    assert decided(record=record, current=changed(settings={"x": new})).state is State.STALE
    assert decided(record=record, current=changed(settings={"x": old})).state is State.FRESH


def test_all_reasons_are_told_in_a_fixed_order() -> None:
    everything = changed(code={}, settings={}, libraries={}, inputs={})
    causes = [reason.cause for reason in decided(observed="v2", current=everything, forced=True).reasons]
    assert list(dict.fromkeys(causes)) == [
        Cause.FORCED,
        Cause.OUTPUT_EDITED,
        Cause.CODE_CHANGED,
        Cause.SETTING_CHANGED,
        Cause.LIBRARY_CHANGED,
        Cause.INPUT_CHANGED,
    ]


def test_under_another_scheme_no_hash_is_compared() -> None:
    other = changed(code={}, settings={}, libraries={}, inputs={}, scheme=99)
    decision = decided(observed="v2", current=other, forced=True)
    assert [reason.cause for reason in decision.reasons] == [Cause.FORCED, Cause.SCHEME_CHANGED]


def test_many_changes_of_one_cause_are_told_together_and_not_all_by_name() -> None:
    told = decided(current=changed(code={f"m:{letter}": "new" for letter in "abcdefghij"})).because()
    assert (
        told.startswith("code changed: m:a, m:b")
        and told.endswith(" more")
        and told.count("code changed") == 1
    )


def test_what_is_missing_waits_for_nobody_and_needs_no_further_reason() -> None:
    pending = {"upstream": State.STALE}
    assert decided(record=None, pending=pending, forced=True).reasons == (Reason(Cause.NEVER_BUILT),)
    assert decided(observed=None, pending=pending, forced=True).reasons == (Reason(Cause.OUTPUT_GONE),)


@pytest.mark.parametrize("state", [State.STALE, State.MISSING, State.UNSURE])
def test_something_upstream_that_is_not_fresh_makes_unsure(state: State) -> None:
    assert decided(pending={"upstream": state}, current=changed(inputs={"raw": "r1"})).state is State.UNSURE


def test_a_change_of_its_own_is_stale_whatever_is_pending() -> None:
    both = changed(code={}, inputs={"raw": "r1"})
    decision = decided(pending={"upstream": State.STALE}, current=both)
    assert decision.state is State.STALE
    assert {reason.cause for reason in decision.reasons} == {Cause.CODE_CHANGED}


def test_a_new_upstream_that_is_pending_makes_unsure_until_it_is_known() -> None:
    decision = decided(pending={"new": State.MISSING})
    assert decision.state is State.UNSURE and decision.because() == "waits for new"


def test_of_what_moves_with_its_inputs_a_hand_is_blamed_only_when_these_stand_still() -> None:
    inputs, libraries = changed(inputs={"raw": "r2", "upstream": "u1"}), changed(libraries={"numpy": "2.1"})
    for current, cause in ((inputs, Cause.INPUT_CHANGED), (libraries, Cause.LIBRARY_CHANGED)):
        decision = decided(observed="v2", moves=True, current=current)
        assert [reason.cause for reason in decision.reasons] == [cause]
    waiting = decided(
        observed="v2", moves=True, pending={"upstream": State.STALE}, current=changed(inputs={"raw": "r1"})
    )
    assert waiting == Decision("it", State.UNSURE, (Reason(Cause.UPSTREAM_PENDING, "upstream"),))
    alone = decided(observed="v2", moves=True, current=changed(code={"m:f": "c1", "m:g": "c3"}))
    assert [reason.cause for reason in alone.reasons] == [Cause.OUTPUT_EDITED, Cause.CODE_CHANGED]


TEXT = st.sampled_from(["a", "b", "c"])
INGREDIENTS = st.builds(
    Ingredients,
    code=st.dictionaries(TEXT, TEXT),
    settings=st.dictionaries(
        TEXT,
        st.none()
        | TEXT
        | st.booleans()
        | st.integers(0, 1)
        | st.just(1.0)
        | st.lists(st.just(1) | st.just(True), max_size=1),
    ),
    libraries=st.dictionaries(TEXT, TEXT),
    inputs=st.dictionaries(TEXT, TEXT),
    scheme=st.integers(1, 2),
)


@given(INGREDIENTS, INGREDIENTS, TEXT, TEXT, st.booleans())
def test_fresh_means_exactly_that_nothing_differs(
    old: Ingredients, new: Ingredients, written: str, observed: str, forced: bool
) -> None:
    record = Record("it", old.input_hash("it"), written, old)
    decision = decide("it", record=record, observed=observed, current=new, pending={}, forced=forced)
    same = old.input_hash("it") == new.input_hash("it")
    assert (decision.state is State.FRESH) == (same and written == observed and not forced)
    assert (decision.state is State.FRESH) == (not decision.reasons)
    assert decision == decide("it", record=record, observed=observed, current=new, pending={}, forced=forced)


@given(INGREDIENTS, INGREDIENTS)
def test_every_difference_is_named_with_what_it_was_and_is(old: Ingredients, new: Ingredients) -> None:
    record = Record("it", "", "v", old)
    reasons = decide("it", record=record, observed="v", current=new, pending={}).reasons
    told = {(reason.cause, reason.subject): (reason.old, reason.new) for reason in reasons}
    parts = {
        Cause.CODE_CHANGED: (old.code, new.code),
        Cause.SETTING_CHANGED: (old.settings, new.settings),
        Cause.LIBRARY_CHANGED: (old.libraries, new.libraries),
        Cause.INPUT_CHANGED: (old.inputs, new.inputs),
    }
    expected = {
        (cause, name): (before.get(name), after.get(name))
        for cause, (before, after) in parts.items()
        for name in {*before, *after}
        if name not in before or name not in after or repr(before[name]) != repr(after[name])
    }
    if old.scheme != new.scheme:
        expected = {(Cause.SCHEME_CHANGED, ""): (old.scheme, new.scheme)}
    assert repr(sorted(told.items(), key=repr)) == repr(sorted(expected.items(), key=repr))
    assert len(reasons) == len(told)


@given(INGREDIENTS, INGREDIENTS, TEXT)
def test_the_input_hash_tells_ingredients_and_assets_apart(
    one: Ingredients, other: Ingredients, key: str
) -> None:
    assert (one.input_hash(key) == other.input_hash(key)) == (_spelled(one) == _spelled(other))
    assert one.input_hash(key) != one.input_hash(key + "'")


def _spelled(value: Ingredients) -> list[str]:
    return [repr(sorted(p.items()) if isinstance(p, dict) else p) for p in value.as_dict().values()]


def test_a_known_input_hash_stands_still() -> None:
    assert MADE_FROM.input_hash("it") == "17ba644912673e426ed170fe948c6a30301b06e64d437a9d6c89d682a2aa5d1e", (
        "input hashes changed: either that was meant (then bump SCHEME in assets/engine/hashing.py and renew this "
        "value) or find the cause"
    )


def test_ingredients_survive_the_ledger() -> None:
    import json

    assert Ingredients(**json.loads(json.dumps(MADE_FROM.as_dict()))) == MADE_FROM
