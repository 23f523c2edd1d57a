"""What is no fault: the checks let pass what a study may rightly have, and do not judge what they cannot."""

from typing import Any

import pytest
from chart_figures import Files, sidecar_of
from chart_specimen import specimen

from assets.charts.composition.about import about_diagram
from assets.charts.composition.absent import absent
from assets.charts.composition.datasets import split
from assets.charts.composition.style import COLOURS, DASHES
from assets.charts.publication.sidecar import Sidecar
from assets.charts.qa import check_figure
from assets.charts.qa.checking import CHECKS
from assets.charts.qa.exhibit import Exhibit
from assets.charts.qa.verdict import Verdict
from assets.own_data import Models
from tests.chart_mutants import Mutant, Spoil, cell, everywhere, marks, rows
from tests.chart_mutants_numbers import twin, without_curves
from tests.chart_mutants_print import CELLS, DECISIONS, both, moved, palette

BY_NAME = {check.name: check for check in CHECKS}


def nulled(sidecar: Sidecar, _: Files) -> None:
    """A run whose AUROC could not be estimated."""
    sidecar["data"]["runs"][0].update(auroc=None, auroc_ci_lower=None, auroc_ci_upper=None)


def of_different_test_sets(sidecar: Sidecar, _: Files) -> None:
    reason = "differs between runs"
    sidecar.update(n_subjects=None, n_events=None, missing_counts={"n_subjects": reason, "n_events": reason})


def allowed(sidecar: Sidecar, _: Files) -> None:
    sidecar.update(privacy="row_level", ingredients={"settings": {"row_level_figures": True}})
    sidecar["data"]["runs"][0]["y_prob"] = 0.5


def of_one_run(table: list[dict[str, Any]]) -> None:
    table[:] = [row for row in table if row["run_id"] == "run000"]


def twins(table: list[dict[str, Any]]) -> None:
    """Two coarse curves that coincide."""
    table[:] = [row for row in table if row["point"] < 5]
    table += [{**row, "run_id": "run001"} for row in table if row["run_id"] == "run000"]


SOUND: list[tuple[str, str, Spoil]] = [
    ("values are in range", "a measure that is not estimable", nulled),
    ("limits are in order", "an interval that is not estimable", nulled),
    ("intervals hold their estimates", "an interval that is not estimable", nulled),
    ("values are in range", "a smooth curve that leaves 0 to 1", cell("decisions", "observed", -0.1)),
    ("intervals hold their estimates", "percentiles beside their estimate", both(
        cell("runs", "eta2", 0.5), cell("runs", "eta2_ci_lower", 0.6), cell("runs", "eta2_ci_upper", 0.7))),
    ("data are there", "curves that are said to be not estimable", without_curves(0, 1)),
    ("counts add up", "runs of different test sets", of_different_test_sets),
    ("strategies are there", "runs of different test sets", of_different_test_sets),
    ("subjects are private", "rows of subjects that the settings allow", allowed),
    ("subjects are private", "counts of subjects", cell("runs", "n_subjects", 171)),
    ("origin is real", "a classifier that happens to be called so", cell("runs", "classifier", "DummyClassifier")),
    ("curves differ", "two coarse curves that coincide", rows("highlighted_runs", twins)),
    ("print in grey can be read", "one grey, but two dashes", both(
        palette("#D55E00", "#009E73", "#CC79A7"), cell("key", "colour", "#D55E00"), cell("key", "colour", "#009E73", 1))),
    ("key shows what is drawn", "an entry for what the study has none of", rows("highlighted_runs", of_one_run)),
    ("print in grey can be read", "one grey in rows of its own", cell("runs", "colour", "#009E73")),
    ("colours stand out", "a band in a tint", marks("area", color="#e5e5f0")),
    ("text is apart", "a label within a cell", moved(CELLS, x=5, y=10)),
    ("text is apart", "a label on a tinted band", moved(DECISIONS, x=30, y=25)),
    ("text says something", "a method that is called none", cell("labels", "text", "Imputation: none")),
    ("text says something", "a method whose name begins so", cell("labels", "text", "nanmedian, infill")),
]  # fmt: skip


@pytest.mark.parametrize(("check", "what", "change"), SOUND, ids=[f"{c}: {what}" for c, what, _ in SOUND])
def test_what_is_sound_passes(check: str, what: str, change: Spoil) -> None:
    assert BY_NAME[check](Mutant(what, change).exhibit()).messages == ()


def test_unknown_counts_leave_the_rates_unjudged() -> None:
    checked = BY_NAME["rates are of whole subjects"](Mutant("", of_different_test_sets).exhibit())
    assert (checked.outcome, len(checked.messages)) == ("not applicable", 1)


def test_a_figure_that_says_why_it_shows_nothing_passes() -> None:
    told = about_diagram("Ranks", "Mean ranks of the classifiers over all combinations of preprocessing.")
    verdict = check_figure(*sidecar_of("ranks", absent("There is one classifier.", told)))
    assert verdict.outcome == "passed"
    assert outcomes(verdict)["data are there"] == (
        "not applicable",
        ("nothing is drawn: There is one classifier.",),
    )


def test_nothing_more_is_said_of_an_invalid_sidecar_or_of_pictures_of_others() -> None:
    sidecar, files = specimen()
    files["svg"] += b" "
    verdict = outcomes(check_figure(sidecar, files))
    strange = ("not applicable", ("the pictures are not those that the sidecar speaks of",))
    assert verdict["text is apart"] == verdict["svg is whole"] == strange
    assert verdict["rates are of whole subjects"] == ("passed", ())
    del sidecar["caption"]
    verdict = outcomes(check_figure(sidecar, files))
    assert verdict.pop("sidecar is valid")[0] == "failed"
    assert set(verdict.values()) == {("not applicable", ("the sidecar is not valid",))}


def test_every_colour_and_dash_of_the_house_passes_together() -> None:
    more = [(f"run00{i}", colour, dash) for i, (colour, dash) in enumerate(zip(COLOURS, DASHES, strict=True))]
    runs, colours, dashes = (list(column) for column in zip(*more, strict=True))

    def all_of_them(sidecar: Sidecar, files: Files) -> None:
        curve = [row for row in sidecar["data"]["highlighted_runs"] if row["run_id"] == "run000"]
        sidecar["data"]["highlighted_runs"] = [{**row, "run_id": run} for run in runs for row in curve]
        for name, value, was in (
            ("domain", runs, ["run000", "run001", "run002"]), ("range", colours, COLOURS[:3]),
            ("range", dashes, DASHES[:3]),
        ):  # fmt: skip
            everywhere(name, value, was=was)(sidecar, files)

    figure = Mutant("", all_of_them).exhibit()
    for check in ("colours differ", "print in grey can be read", "colours stand out"):
        assert BY_NAME[check](figure).messages == ()
    assert len({line.stroke for line in figure.scene.lines}) >= len(COLOURS)


def test_what_a_check_says_does_not_depend_on_what_others_looked_at() -> None:
    alone = [check(Exhibit(*specimen())) for check in CHECKS if check.level == "P3"]
    assert alone == [check for check in check_figure(*specimen()).checks if check.level == "P3"]


def outcomes(verdict: Verdict) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {check.name: (check.outcome, check.messages) for check in verdict.checks}


def recalibrated(sidecar: Sidecar, files: Files) -> None:
    """The second run ranks subjects as the first one does: its curve and AUROC are the same, its Brier score is not."""
    twin("highlighted_runs", "run000", "run001")(sidecar, files)
    first, second, _ = sidecar["data"]["runs"]
    second.update(auroc=first["auroc"], brier=first["brier"] + 0.01)


@pytest.mark.parametrize(
    ("spoil", "outcome"),
    [
        (recalibrated, "passed"),
        (both(recalibrated, cell("runs", "auroc", 0.5, 1)), "failed"),
        (both(recalibrated, cell("runs", "brier", 0.12, 0), cell("runs", "brier", 0.12, 1)), "failed"),
        (both(recalibrated, cell("runs", "brier", None, 0), cell("runs", "brier", None, 1)), "failed"),
    ],
    ids=["a recalibration", "of another AUROC", "of the same Brier score", "of unknown Brier scores"],
)
def test_a_model_and_its_recalibration_may_share_their_roc_curve(spoil: Spoil, outcome: str) -> None:
    assert BY_NAME["curves differ"](Mutant("", spoil).exhibit()).outcome == outcome


def test_two_models_that_predict_one_risk_for_everybody_may_have_the_same_curves() -> None:
    outcomes, constant = [1, 0] * 30, [0.3] * 60
    models = Models(outcomes, {"one": constant, "other": constant, "third": [0.3, 0.2] * 30})
    figures = {
        "dca": models.dca(),
        "distributions": models.distributions(),
        "calibration": models.calibration(),
    }
    for name, figure in figures.items():
        spec, data = split(figure)
        checked = BY_NAME["curves differ"](Exhibit({"spec": spec, "data": data}, {}))
        assert checked.outcome == "passed", name
