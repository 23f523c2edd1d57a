"""Tables of runs: every run, every interval, no blank cell, in the order of the methods."""

import re
from typing import Any

import pandas as pd
import pytest
from latex_frames import NASTY, NO_INTERVAL, NULL, PER_CENTS, essential_metrics, stratos_measures
from tex_reader import printed

from assets.latex import tables
from assets.latex.cells import Notes
from assets.latex.macros import Estimate
from assets.latex.measures import Estimated, estimates, reported

RULE = "Chosen by hand."


def highlighted(metrics: pd.DataFrame | None = None, **changes: dict[str, Any]) -> str:
    chosen = essential_metrics() if metrics is None else metrics
    return tables.of_highlighted(
        chosen, estimates(stratos_measures(**changes)), reported(PER_CENTS), rule=RULE
    )


def all_runs(metrics: pd.DataFrame | None = None, **changes: dict[str, Any]) -> str:
    runs = essential_metrics() if metrics is None else metrics
    return tables.of_all(runs, estimates(stratos_measures(**changes)), tables.core(reported(PER_CENTS)))


def cells(table: str) -> list[list[str]]:
    """The cells of every row, as printed; superscripts in brackets."""
    plain = re.sub(r"\\mbox\{(.*?)\}(?= |$)", r"\1", table)
    plain = re.sub(r"\\textsuperscript\{(.)\}", r"[\1]", plain)
    rows = [line.removesuffix(r" \\").split(" & ") for line in plain.splitlines() if " & " in line]
    return [[printed(cell) for cell in row] for row in rows]


def test_highlighted_runs_are_columns_and_measures_rows() -> None:
    rows = cells(highlighted())
    assert rows[0] == ["Classifier", "Boosting", "Forest", "Forest"]
    assert rows[1] == ["Outlier detection", "none", NASTY, "none"]
    assert rows[4][:3] == ["AUROC", "0.50 (0.25–0.88)", "0.60 (0.25–0.88)"]
    titles = [row[0] for row in rows]
    assert "Net benefit at 10%" in titles and "Sensitivity at 50%" in titles
    assert {len(row) for row in rows} == {4}


def test_the_caption_says_how_runs_were_chosen_how_many_subjects_and_how_intervals_were_made() -> None:
    caption = next(line for line in highlighted().splitlines() if line.startswith(r"\caption"))
    for said in (RULE, "3 runs, n = 1,171 test subjects", "mean over 200 refits", r": Wald\_1)"):
        assert said in caption


def test_more_than_four_runs_go_on_in_another_float_of_the_same_number() -> None:
    runs = pd.concat([essential_metrics()] * 2, ignore_index=True).head(5)
    table = highlighted(runs)
    assert table.count(r"\begin{table}") == 2 == table.count(r"\end{tabular}")
    assert table.count(r"\label{tab:highlighted-runs}") == 1
    assert r"\addtocounter{table}{-1}\caption[]{Continued.}" in table


def test_what_cannot_be_estimated_says_why_below_and_no_cell_is_blank() -> None:
    for table in (highlighted(auroc=NULL, brier=NO_INTERVAL), all_runs(auroc=NULL, brier=NO_INTERVAL)):
        assert "n.e.[a]" in [cell for row in cells(table) for cell in row]
        assert any(cell.endswith("(n.e.[b])") for row in cells(table) for cell in row)
        assert all(cell.strip() for row in cells(table) for cell in row)
        assert "(a: separation, the probabilities separate" in table and r"; b: variance\_zero, " in table


def test_an_estimate_outside_its_interval_is_marked() -> None:
    table = highlighted(ici={"value": 0.01})
    assert "0.010[*] (0.250–0.875)" in [cell for row in cells(table) for cell in row]
    assert r"\textsuperscript{*}, outside its interval" in table
    assert "outside its interval" not in highlighted()


def test_a_measure_of_which_no_interval_is_made_stands_alone() -> None:
    table = highlighted(log_loss={"ci_lower": None, "ci_upper": None, "method": ""})
    row = next(row for row in cells(table) if row[0] == "Log loss")
    assert row[2] == "0.600"


def test_all_runs_are_ordered_by_method_and_never_by_result() -> None:
    rows = cells(all_runs(essential_metrics().sample(frac=1, random_state=3)))
    assert rows[0] == rows[1], "the heading stands on each page"
    assert [row[:3] for row in rows[2:]] == [
        ["Boosting", "none", "k-NN 5"],
        ["Forest", NASTY, "mean"],
        ["Forest", "none", "mean"],
    ]


def test_a_method_that_does_not_vary_is_said_once() -> None:
    table = all_runs()
    assert "Features of all: weak4." in table and "Features" not in cells(table)[0]
    alone = cells(all_runs(essential_metrics().head(1)))
    assert alone[0][:2] == ["Classifier", "AUROC"]


@pytest.mark.parametrize("draw", [highlighted, all_runs])
def test_a_study_without_runs_is_a_sentence(draw: Any) -> None:
    assert re.fullmatch(r"[A-Z][^\\]+\.\n", draw(essential_metrics().head(0)))


def test_without_a_threshold_there_is_no_net_benefit() -> None:
    assert not any(measure.measure.startswith("net") for measure in tables.core(reported(())))


def test_more_than_26_reasons_have_letters_of_their_own() -> None:
    notes = Notes()
    printed_cells = [notes.cell(Estimated(Estimate(None, why_not=f"reason {i}"), ""), 2) for i in range(704)]
    assert len(set(printed_cells)) == 704
    assert [list(notes.letters.values())[i] for i in (0, 25, 26, 27, 701, 702)] == [
        "a",
        "z",
        "aa",
        "ab",
        "zz",
        "aaa",
    ]
