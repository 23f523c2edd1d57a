"""Numbers as macros: each says where it is from, and one that does not exist is no blank."""

import re
from typing import Any

import pytest
from latex_frames import (
    NASTY,
    NO_INTERVAL,
    NULL,
    ORIGINS,
    PER_CENTS,
    RUNS,
    essential_metrics,
    highlights,
    stratos_measures,
    variance_decomposition,
)
from tex_reader import printed

from assets.engine.errors import UserError
from assets.latex import numbers, provenance
from assets.latex.macros import Macro
from assets.latex.measures import estimates, reported

LINE = re.compile(r"\\newcommand\{\\([A-Za-z]+)\}\{(.*)\} % (.+)")
STOPS = re.compile(r"\\NumberMissing\{(\w+)\}\{(.+)\}")


def made(*runs: str, **changes: dict[str, Any]) -> list[Macro]:
    known = estimates(stratos_measures(**changes))
    return numbers.of_runs(highlights(*(runs or RUNS)), known, reported(PER_CENTS), ORIGINS)


def read(macros: list[Macro]) -> dict[str, str]:
    """What each macro prints, read back; None of them if it stops LaTeX."""
    lines = [LINE.fullmatch(macro.line()) for macro in macros]
    assert all(lines), [macro.line() for macro, line in zip(macros, lines, strict=True) if line is None]
    return {line[1]: line[2] if STOPS.fullmatch(line[2]) else printed(line[2]) for line in lines if line}


def test_an_estimate_is_four_macros_named_after_measure_and_classifier() -> None:
    found = read(made("r1", "r2"))
    assert [found[f"AurocBoosting{end}"] for end in ("", "Lower", "Upper", "Ci")] == [
        "0.50", "0.25", "0.88", "0.25–0.88",
    ]  # fmt: skip
    assert found["NetBenefitAtTenPerCentForest"] == "0.600" and found["PpvAtFiftyPerCentForest"] == "0.60"
    assert found["LabelForest"] == f"Forest ({NASTY}, mean)"


def test_two_runs_of_one_classifier_are_named_by_their_methods() -> None:
    found = read(made("r1", "r2", "r3"))
    assert {"AurocBoosting", "AurocForestFiftyABCDEFGHMean", "AurocForestNoneMean"} <= set(found)
    assert "AurocForest" not in found


def test_runs_that_letters_cannot_tell_apart_still_have_names_of_their_own() -> None:
    same = highlights("r1", "r2", "r3").assign(classifier=["A-1", "A_1", "a 1"], label=["x", "X", "x!"])
    known = estimates(stratos_measures())
    names = [
        m.name
        for m in numbers.of_runs(same, known, reported(PER_CENTS), ORIGINS)
        if m.name.startswith("Label")
    ]
    assert names == ["LabelX", "LabelXAnother", "LabelXAnotherAnother"]


def test_an_interval_below_zero_is_written_with_a_word() -> None:
    found = read(made("r2", brier={"ci_lower": -0.25, "value": -0.0001}))
    assert found["BrierForestCi"] == "−0.250 to 0.875"
    assert found["BrierForest"] == "0.000"


def test_what_does_not_exist_stops_latex_with_its_status() -> None:
    found = read(made("r2", auroc=NULL, brier=NO_INTERVAL))
    for end in ("", "Lower", "Upper", "Ci"):
        stop = STOPS.fullmatch(found[f"AurocForest{end}"])
        assert stop and stop[1] == f"AurocForest{end}"
        assert printed(stop[2]).startswith("separation, the probabilities separate the classes")
    assert found["BrierForest"] == "0.600" and "variance_zero" in printed(
        found["BrierForestCi"][14:-1].split("}{")[1]
    )


def test_no_macro_is_ever_blank() -> None:
    found = read(
        [*made(auroc=NULL, brier=NO_INTERVAL), *numbers.of_variance(variance_decomposition(), ORIGINS)]
    )
    assert all(text.strip() for text in found.values())


def test_each_number_says_its_table_run_measure_and_data_version() -> None:
    lines = {macro.name: macro.line() for macro in made("r1")}
    for end, column in {"": "value", "Lower": "ci_lower", "Ci": "ci_lower to ci_upper"}.items():
        assert lines[f"IciBoosting{end}"].endswith(
            f"% stratos_measures.{column}, measure ici, run r1, data version aaaaaaaaaaaa"
        )
    variance = [macro.line() for macro in numbers.of_variance(variance_decomposition(), ORIGINS)]
    assert all(
        "% variance_decomposition.eta2" in line and ", measure auroc, term " in line for line in variance
    )


def test_a_measure_that_the_table_lacks_is_an_error_that_says_where() -> None:
    rows = stratos_measures().query("measure != 'ici'")
    with pytest.raises(UserError, match="`stratos_measures` has no row of `ici` of run r1"):
        numbers.of_runs(highlights("r1"), estimates(rows), reported(PER_CENTS), ORIGINS)


def test_the_study_is_counted_and_what_differs_between_runs_stops_latex() -> None:
    metrics = essential_metrics().assign(n_bootstrap=[200, 200, 50])
    found = read(numbers.of_study(metrics, n_set_aside=2, resamples=1000, origins=ORIGINS))
    assert (
        found["StudyRuns"] == "3" and found["StudyClassifiers"] == "2" and found["StudyRunsSetAside"] == "2"
    )
    assert found["StudyTestSubjects"] == "1,171" and found["StudyPrevalence"] == "5.5%"
    assert found["AurocLowest"] == "0.70" and found["AurocHighest"] == "0.90"
    assert "differs between runs" in found["StudyRefits"]


def test_a_study_without_an_auroc_has_no_extremes() -> None:
    metrics = essential_metrics().assign(auroc=None)
    found = read(numbers.of_study(metrics, n_set_aside=0, resamples=9, origins=ORIGINS))
    assert "no run has an AUROC" in found["AurocLowest"]


def test_what_a_choice_explains_is_of_auroc_and_of_single_terms() -> None:
    found = read(numbers.of_variance(variance_decomposition(), ORIGINS))
    assert found["AurocEtaSquaredClassifierByOutlierMethodCi"] == "0.40–0.86"
    assert "single_level" in found["AurocEtaSquaredFeaturization"].replace("\\_", "_")
    assert not any(name.startswith(("AurocEtaSquaredTotal", "Brier")) for name in found)


def test_the_head_of_a_file_says_what_it_was_made_from_and_by() -> None:
    head = provenance.header(ORIGINS, numbers.USE, asset="latex_numbers", notes="Chosen by hand.\nTwice.")
    lines = head.splitlines()
    assert all(line.startswith("% ") for line in lines)
    assert "% Chosen by hand. Twice." in lines
    assert f"% stratos_measures {'a' * 64}" in lines
    assert any("study.db, layout 9.9" in line for line in lines)
    assert any("assets materialize latex_numbers" in line for line in lines)


def test_two_numbers_of_one_name_are_an_error() -> None:
    twice = [Macro("Auroc", "1", "here"), Macro("Auroc", "2", "there")]
    with pytest.raises(UserError, match=r"two numbers would be called \\Auroc"):
        numbers.document(twice, header="")
