import itertools
import subprocess
import sys

import pytest

from assets.engine.errors import UserError
from flows.study import Configuration, Study


def test_a_run_name_follows_the_grammar_of_the_original() -> None:
    one = Configuration(classifier="GaussianNB", featurization="texture1.0", imputation="kNN", outlier="MAD")
    assert one.run_name == "GaussianNB_eval-auc__texture1.0__kNN__MAD"


def test_every_run_name_splits_into_its_four_fields_and_occurs_once() -> None:
    names = [one.run_name for one in Study().configurations()]
    assert len(set(names)) == len(names) == 5 * 4 * 4
    for one, name in zip(Study().configurations(), names, strict=True):
        fields = (f"{one.classifier}_eval-auc", one.featurization, one.imputation, one.outlier)
        assert tuple(name.split("__")) == fields


def test_configurations_that_share_their_preprocessing_are_neighbours() -> None:
    pairs = [(one.outlier, one.imputation) for one in Study().configurations()]
    changes = sum(before != after for before, after in itertools.pairwise(pairs))
    assert changes == len(set(pairs)) - 1


@pytest.mark.parametrize(
    "change",
    [
        {"n_bootstrap": 51},
        {"seed": 1},
        {"test_fraction": 0.4},
        {"missing_rate": 0.1},
        {"contamination_rate": 0.1},
        {"slip_share": 0.1},
        {"shift_sd": 2.0},
    ],
)
def test_whatever_changes_numbers_changes_the_digest(change: dict[str, float]) -> None:
    assert Study(**change).digest() != Study().digest()  # type: ignore[arg-type]  # fields of several types


def test_a_study_that_grows_by_a_level_keeps_its_digest() -> None:
    assert Study(classifiers=("GaussianNB",)).digest() == Study().digest()


@pytest.mark.parametrize(
    "mistake",
    [
        {"classifiers": ("CatBoost",)},
        {"imputation_methods": ()},
        {"outlier_methods": ("MAD", "MAD")},
        {"featurization": "simple1.0"},
        {"n_bootstrap": 1},
        {"missing_rate": 0.6},
        {"seed": -1},
    ],
)
def test_a_study_that_cannot_be_run_is_refused_with_its_field_named(mistake: dict[str, object]) -> None:
    with pytest.raises(UserError, match=next(iter(mistake))):
        Study(**mistake)  # type: ignore[arg-type]  # wrong on purpose


def test_importing_the_study_loads_nothing_heavy() -> None:
    heavy = "{'mlflow', 'prefect', 'sklearn', 'numpy'} & set(sys.modules)"
    code = f"import sys; sys.path[:] = {sys.path!r}; import flows.study; print({heavy})"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"
