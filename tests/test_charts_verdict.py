"""A verdict is strict JSON of its schema, with the same bytes every time, and an edit of it shows."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from assets.charts.qa import verdict as verdicts
from assets.charts.qa.checking import CHECKS
from assets.charts.qa.verdict import VERSION, Checked, Verdict, load
from assets.engine.errors import UserError

SCHEMA = json.loads(Path(verdicts.__file__).with_name("verdict.schema.json").read_text())
JUDGED = {"data_version": "v", "png": "0" * 64}
PASSED = Checked("a", "P0", "It is so.", "passed")
UNSURE = Checked("b", "P1", "It is so.", "not applicable", ("there is nothing",))
PALE = Checked("c", "P3", "It is so.", "failed", ("pale", "paler"))
WRONG = Checked("d", "P1", "It is so.", "failed", ("“reversed” – 2 < 1",))


def verdict(*checks: Checked) -> Verdict:
    return Verdict("roc", JUDGED, checks)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
OUTCOMES = st.builds(
    Checked, TEXTS, st.sampled_from(["P0", "P1", "P2", "P3"]), TEXTS, st.just("failed"), st.tuples(TEXTS)
)


@given(st.lists(OUTCOMES, min_size=1, max_size=3), TEXTS)
def test_what_is_written_is_of_the_schema_and_is_read_as_it_was(checks: list[Checked], key: str) -> None:
    made = Verdict(key, JUDGED, tuple(checks))
    content = made.dump()
    assert load(content) == made and load(content).dump() == content
    Draft202012Validator(SCHEMA).validate(json.loads(content))


@pytest.mark.parametrize(
    ("checks", "outcome", "fatal"),
    [
        ((PASSED, UNSURE), "passed", ()),
        ((PASSED, PALE), "warned", ()),
        ((PASSED, WRONG, PALE), "failed", (WRONG,)),
    ],
)
def test_the_worst_finding_decides(
    checks: tuple[Checked, ...], outcome: str, fatal: tuple[Checked, ...]
) -> None:
    assert verdict(*checks).outcome == outcome
    assert [finding.check for finding in verdict(*checks).fatal] == [check.name for check in fatal]
    messages = [message for check in checks if check.outcome == "failed" for message in check.messages]
    assert [finding.message for finding in verdict(*checks).findings] == messages


@given(st.data())
def test_no_byte_of_it_can_be_changed_unnoticed(data: st.DataObject) -> None:
    content = verdict(PASSED, WRONG).dump()
    at = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[at]))
    with pytest.raises(UserError, match="draw the figure again"):
        load(content[:at] + bytes([byte]) + content[at + 1 :])


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"{}", b'{"figure_id": "a"}', b"\xff"])
def test_what_is_no_verdict_is_refused_in_one_line(content: bytes) -> None:
    with pytest.raises(UserError, match="not a verdict on a figure"):
        load(content)


def test_checks_have_names_of_their_own_a_promise_and_the_order_of_their_levels() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    assert [check.level for check in CHECKS] == sorted(check.level for check in CHECKS)
    assert all(check.promise.endswith(".") and check.promise[0].isupper() for check in CHECKS)


def test_the_version_is_raised_when_checks_come_go_or_change_their_level() -> None:
    levels = [sum(check.level == level for check in CHECKS) for level in ("P0", "P1", "P2", "P3")]
    assert (VERSION, levels) == (2, [11, 11, 14, 5])
