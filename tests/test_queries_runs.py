"""Which runs are used, which are set aside, and their predictions."""

from datetime import datetime

import ibis
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queries.runs import bootstrap_predictions, predictions, quarantined_runs, usable_runs
from tests.measure_cases import EXTRACTED_RUNS, answer, assert_rows, written

OUTCOMES = [1, 0, 0, 1]


def extracted(text, risks=None, **changes):
    """Runs written as text (run_id, configuration, hour finished, quarantine stage) with their arrays."""
    rows = []
    for row in written(text):
        hour = row["hour"]
        used = row["stage"] is None
        rows.append(
            dict.fromkeys(EXTRACTED_RUNS.names)
            | {
                "run_id": row["run_id"],
                "run_name": f"name of {row['run_id']}",
                "experiment": "study",
                "classifier": row["classifier"],
                "featurization": "f",
                "imputation_method": "i",
                "outlier_method": "o",
                "artifact_path": "m.pickle",
                "artifact_sha256": f"hash of {row['run_id']}",
                "finished_at": None if hour is None else datetime(2025, 1, 1, int(hour)),
                "n_bootstrap": 10 if used else None,
                "subject_codes": [f"S{i}" for i in range(4)] if used else None,
                "y_true": OUTCOMES if used else None,
                "y_prob": (risks or {}).get(row["run_id"], [0.9, 0.2, 0.3, 0.6]) if used else None,
                "y_prob_sd": [0.1, None, 0.2, 0.3] if used else None,
                "y_prob_refits": [[0.8, 1.0], [0.2, 0.2], [0.1, 0.5], [0.3, 0.9]] if used else None,
                "quarantine_stage": row["stage"],
                "quarantine_field": None if used else "y_prob",
                "quarantine_reason": None if used else "out of range",
            }
            | changes
        )
    return ibis.memtable(
        pd.DataFrame(rows, columns=list(EXTRACTED_RUNS.names)).astype(object), schema=EXTRACTED_RUNS
    )


RUNS = """
    run_id | classifier | hour | stage
    early  | tree       | 8    | null
    late   | tree       | 9    | null
    latest | tree       | 10   | validate
    never  | tree       | null | null
    tie_a  | forest     | 7    | null
    tie_b  | forest     | 7    | null
    alone  | boost      | null | null
    """


def test_the_run_that_finished_last_stands_for_its_configuration():
    assert_rows(
        answer(usable_runs(extracted(RUNS)), "run_id"),
        """
        run_id | classifier | n_test | n_events | prevalence | n_bootstrap | run_name      | experiment
        alone  | boost      | 4      | 2        | 0.5        | 10          | name of alone | study
        late   | tree       | 4      | 2        | 0.5        | 10          | name of late  | study
        tie_b  | forest     | 4      | 2        | 0.5        | 10          | name of tie_b | study
        """,
    )


def test_runs_set_aside_say_where_and_why_and_duplicates_name_the_winner():
    assert_rows(
        answer(quarantined_runs(extracted(RUNS)), "run_id"),
        """
        run_id | run_name       | stage     | field  | artifact_path | artifact_sha256 | reason
        early  | name of early  | duplicate | null   | m.pickle      | hash of early   | superseded by run late: same methods, finished last
        latest | name of latest | validate  | y_prob | m.pickle      | hash of latest  | out of range
        never  | name of never  | duplicate | null   | m.pickle      | hash of never   | superseded by run late: same methods, finished last
        tie_a  | name of tie_a  | duplicate | null   | m.pickle      | hash of tie_a   | superseded by run tie_b: same methods, finished last
        """,
    )


def test_every_extracted_run_is_used_or_set_aside_and_never_both():
    runs = extracted(RUNS)
    used, aside = (answer(query(runs), "run_id") for query in (usable_runs, quarantined_runs))
    assert sorted(row["run_id"] for row in used + aside) == sorted(row["run_id"] for row in written(RUNS))


def test_predictions_keep_outcome_and_probability_of_a_subject_together():
    runs = extracted(RUNS)
    found = answer(predictions(runs, usable_runs(runs)), "run_id", "subject_code")
    assert len(found) == 12
    assert_rows(
        found[:4],
        """
        run_id | subject_code | y_true | y_prob | y_prob_sd
        alone  | S0           | 1      | 0.9    | 0.1
        alone  | S1           | 0      | 0.2    | null
        alone  | S2           | 0      | 0.3    | 0.2
        alone  | S3           | 1      | 0.6    | 0.3
        """,
    )


def test_refits_stand_beside_the_outcome_of_their_subject():
    runs = extracted(RUNS)
    found = answer(bootstrap_predictions(runs, usable_runs(runs)), "run_id", "subject_code")
    assert len(found) == 12
    assert_rows(
        found[8:],
        """
        run_id | subject_code | y_true
        tie_b  | S0           | 1
        tie_b  | S1           | 0
        tie_b  | S2           | 0
        tie_b  | S3           | 1
        """,
    )
    assert [row["y_prob_refits"] for row in found[8:]] == [[0.8, 1.0], [0.2, 0.2], [0.1, 0.5], [0.3, 0.9]]


def test_a_run_whose_refits_were_not_kept_keeps_its_predictions_and_has_no_refits():
    runs = extracted(RUNS, y_prob_refits=None)
    assert len(answer(predictions(runs, usable_runs(runs)), "run_id")) == 12
    assert answer(bootstrap_predictions(runs, usable_runs(runs)), "run_id") == []


random_runs = st.lists(
    st.tuples(
        st.sampled_from(["tree", "forest"]),
        st.sampled_from([None, 7, 8, 9]),
        st.sampled_from([None, None, "validate"]),
        st.floats(0, 1),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=10, deadline=None)
@given(random_runs, st.permutations(range(8)))
def test_of_any_runs_the_last_to_finish_is_taken_however_well_it_did(runs, order):
    def finished_last(run):
        number, (_, hour, _, _) = run
        return (hour is not None, hour or 0, f"r{number}")

    lines = [
        f"r{n} | {classifier} | {hour or 'null'} | {stage or 'null'}"
        for n, (classifier, hour, stage, _) in enumerate(runs)
    ]
    risks = {f"r{number}": [risk] * 4 for number, (*_, risk) in enumerate(runs)}
    listed = [lines[place] for place in order if place < len(lines)]
    table = extracted("run_id | classifier | hour | stage\n" + "\n".join(listed), risks=risks)
    expected = {}
    for number, (classifier, _, stage, _) in sorted(enumerate(runs), key=finished_last):
        if stage is None:
            expected[classifier] = f"r{number}"
    used = {row["classifier"]: row["run_id"] for row in answer(usable_runs(table), "run_id")}
    assert used == expected
    for row in answer(quarantined_runs(table), "run_id"):
        classifier, _, stage, _ = runs[int(row["run_id"][1:])]
        winner = (
            "out of range"
            if stage
            else f"superseded by run {expected[classifier]}: same methods, finished last"
        )
        assert row["reason"] == winner


def test_a_run_without_spread_keeps_its_subjects():
    runs = extracted(RUNS, y_prob_sd=None)
    found = answer(predictions(runs, usable_runs(runs)), "run_id", "subject_code")
    assert [row["y_prob_sd"] for row in found] == [None] * 12


def test_more_events_than_a_byte_holds_are_counted():
    many = dict(subject_codes=[f"S{i}" for i in range(300)], y_true=[1] * 200 + [0] * 100, y_prob=[0.5] * 300)
    runs = extracted("run_id | classifier | hour | stage\na | tree | 1 | null", y_prob_sd=[0.0] * 300, **many)
    (found,) = answer(usable_runs(runs), "run_id")
    assert (found["n_test"], found["n_events"], found["prevalence"]) == (300, 200, pytest.approx(2 / 3))
