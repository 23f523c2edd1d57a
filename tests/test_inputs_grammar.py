"""Which methods a run's name, params and tags say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.inputs.grammar import (
    Configuration,
    GrammarError,
    MethodSources,
    RunName,
    canonical_classifier,
    canonical_preprocessing,
    configuration_of,
    format_run_name,
    is_synthetic,
    parse_run_name,
)
from assets.inputs.registry import OPEN, ORIGINAL_STUDY, Registry

FULL = "CATBOOST_eval-auc__simple1.0__SAITS__MOMENT-gt-finetune"
words = st.from_regex(r"[A-Za-z0-9.-]+(_[A-Za-z0-9.-]+){0,2}", fullmatch=True)
run_names = st.builds(
    RunName,
    classifier=words.filter(lambda word: "_eval-" not in word).map(canonical_classifier),
    evaluation_metric=st.none() | words,
    featurization=words,
    imputation_method=words.map(canonical_preprocessing),
    outlier_method=st.none() | words.map(canonical_preprocessing),
)


@given(run_names)
def test_a_name_that_was_written_is_read_back(name: RunName) -> None:
    assert parse_run_name(format_run_name(name)) == name


@given(
    st.lists(st.sampled_from(["A", "b-c", "_eval-", "__", "__", "_", " ", "\n", "TABM"]), max_size=12).map(
        "".join
    )
)
def test_any_name_that_is_read_can_be_written(text: str) -> None:
    try:
        name = parse_run_name(text)
    except GrammarError:
        return
    assert parse_run_name(format_run_name(name)) == name


def test_the_metric_may_hold_underscores_and_belongs_to_no_method() -> None:
    name = parse_run_name("LogisticRegression_eval-roc_auc__simple1.0__CSDI__LOF")
    assert name == RunName("LogisticRegression", "roc_auc", "simple1.0", "CSDI", "LOF")


def test_a_legacy_name_without_metric_and_with_underscores_in_a_field_is_read() -> None:
    name = parse_run_name("CatBoost__ampbins_pipr__SAITS__MOMENT-gt-finetune")
    assert name == RunName("CatBoost", None, "ampbins_pipr", "SAITS", "MOMENT-gt-finetune")


@pytest.mark.parametrize("written", ["CATBOOST", "catboost", "CatBoost"])
def test_a_classifier_has_one_spelling(written: str) -> None:
    assert canonical_classifier(written) == "CatBoost"


def test_an_ensemble_of_classifiers_has_one_spelling() -> None:
    assert canonical_classifier("ENSEMBLE-CATBOOST-TABM-Mine") == "ensemble-CatBoost-TabM-Mine"


def test_an_unknown_classifier_keeps_its_spelling() -> None:
    assert canonical_classifier("RandomForest") == "RandomForest"


@pytest.mark.parametrize("name", ["", "baseline", "a__b__c__d__e", "a____c__d", "__a__b__c", "a___b__c__d"])
def test_a_name_of_another_form_is_refused_with_the_form_expected(name: str) -> None:
    with pytest.raises(GrammarError, match="expected CLASSIFIER_eval-METRIC__FEATURIZATION") as caught:
        parse_run_name(name)
    assert caught.value.field == "run_name"


def test_a_part_that_would_be_read_back_otherwise_is_not_written() -> None:
    with pytest.raises(GrammarError, match="read back"):
        format_run_name(RunName("CatBoost_eval-a", "b", "f", "i", "o"))


def test_params_are_believed_before_the_name() -> None:
    params = {"model_name": "XGBOOST", "anomaly_source": "LOF"}
    found = configuration_of(FULL, params, {}, MethodSources())
    assert found == Configuration("XGBoost", "simple1.0", "SAITS", "LOF")


def test_params_alone_suffice_whatever_the_name() -> None:
    params = {"model_name": "TABM", "mlflow_run_featurization": "simple1.0", "imputation_source": "CSDI"}
    found = configuration_of("try 7", {**params, "anomaly_source": "pupil_gt"}, {}, MethodSources())
    assert found == Configuration("TabM", "simple1.0", "CSDI", "pupil-gt")


def test_tags_are_believed_after_params() -> None:
    found = configuration_of(FULL, {"model_name": "TABM"}, {"model_name": "XGBOOST"}, MethodSources())
    assert found.classifier == "TabM"


def test_other_peoples_param_names_can_be_configured() -> None:
    sources = MethodSources(classifier=("estimator",), featurization=("features",))
    found = configuration_of(FULL, {"estimator": "SVM", "features": "raw", "model_name": "TABM"}, {}, sources)
    assert (found.classifier, found.featurization) == ("SVM", "raw")


@pytest.mark.parametrize("value", ["None", "", "0e9853fa5ca5479f84935aa9783fa55a"])
def test_a_param_that_holds_nothing_or_an_upstream_run_names_no_method(value: str) -> None:
    found = configuration_of(FULL, {"mlflow_run_featurization": value}, {}, MethodSources())
    assert found.featurization == "simple1.0"


def test_an_ensembles_members_are_taken_from_its_name() -> None:
    name = "ensemble-CATBOOST-TABM__simple1.0__SAITS__LOF"
    found = configuration_of(name, {"model_name": "ensemble"}, {}, MethodSources())
    assert found.classifier == "ensemble-CatBoost-TabM"


# Every spelling on record, and what becomes of it: classifier, imputation and outlier method, or a reason.
SPELLINGS = {
    "CATBOOST_eval-auc__simple1.0__SAITS__pupil-gt": ("CatBoost", "SAITS", "pupil-gt"),
    "LogisticRegression_eval-roc_auc__simple1.0__CSDI__LOF": ("LogisticRegression", "CSDI", "LOF"),
    "TABPFN_eval-auc__MOMENT-embedding-PCA__pupil_gt__pupil_gt": ("TabPFN", "pupil-gt", "pupil-gt"),
    "XGBOOST_eval-auc__simple1.0__MOMENT-finetune__TimesNet_gt": (
        "XGBoost",
        "MOMENT-finetune",
        "TimesNet-gt",
    ),
    "TABM_eval-auc__simple1.0__pupil___gt__pupil___gt": ("TabM", "pupil-gt", "pupil-gt"),
    "TABM__simple1.0__ensemble-CSDI-MOMENT-SAITS__ensembleThresholded-MOMENT-TimesNet": (
        "TabM",
        "ensemble-CSDI-MOMENT-SAITS",
        "ensembleThresholded-MOMENT-TimesNet",
    ),
    "ENSEMBLE-CATBOOST-TABM-TABPFN-XGBOOST__simple1.0__SAITS__LOF": (
        "ensemble-CatBoost-TabM-TabPFN-XGBoost",
        "SAITS",
        "LOF",
    ),
    "CATBOOST_eval-auc__simple1.0__SAITS": "neither the name .* nor a param or tag \\(anomaly_source\\) says it",
    "CATBOOST_eval-auc__simple1.0": "neither the name .* nor a param or tag \\(imputation_source\\) says it",
    "CATBOOST_eval-auc": "has 1 field\\(s\\) between `__`; expected CLASSIFIER",
    "SAITS_d-model64__MOMENT-gt-finetune_impPLR_v0.1": "names a run of the imputation experiment",
    "CSDI_ep50__pupil___gt_impPLR_v0.1": "names a run of the imputation experiment",
}


@pytest.mark.parametrize(("name", "expected"), SPELLINGS.items())
def test_every_spelling_on_record_is_read_or_refused_with_what_is_lacking(
    name: str, expected: str | tuple[str, ...]
) -> None:
    if isinstance(expected, str):
        with pytest.raises(GrammarError, match=expected):
            configuration_of(name, {}, {}, MethodSources())
        return
    found = configuration_of(name, {}, {}, MethodSources())
    assert (found.classifier, found.imputation_method, found.outlier_method) == expected
    again = parse_run_name(format_run_name(parse_run_name(name)))
    assert again == parse_run_name(name)


def test_what_old_exports_filled_in_for_a_missing_outlier_method_is_none_of_the_study() -> None:
    found = configuration_of("CATBOOST__simple1.0__SAITS__anomaly", {}, {}, MethodSources())
    objection = ORIGINAL_STUDY.objection(found)
    assert objection is not None
    assert "`anomaly` is not among the 11 admitted methods" in objection.reason


@pytest.mark.parametrize("written", ["MOMENT_gt", "my_gt", "gt", "pupil-gt_"])
def test_a_suffix_that_nobody_of_the_study_wrote_stays_as_it_is(written: str) -> None:
    assert canonical_preprocessing(written) == written


def test_a_method_after_an_equals_sign_is_taken_where_a_run_records_none() -> None:
    sources = MethodSources(("estimator",), ("=all",), ("imputer", "=none"), ("=none",))
    found = configuration_of("debonair-ray-7", {}, {"estimator": "SVC"}, sources)
    assert found == Configuration("SVC", "all", "none", "none")
    found = configuration_of("a__b__c__d", {"estimator": "SVC", "imputer": "knn"}, {}, sources)
    assert found == Configuration("SVC", "all", "knn", "none")


def test_a_name_that_says_nothing_is_refused_with_what_the_settings_must_name() -> None:
    sources = MethodSources(("estimator",), outlier_method=("=none",))
    hint = "or a param or tag, named in the settings, for featurization, imputation_method$"
    with pytest.raises(GrammarError, match=hint) as caught:
        configuration_of("debonair-ray-7", {"estimator": "SVC"}, {}, sources)
    assert caught.value.field == "run_name"


def test_an_equals_sign_alone_names_no_method() -> None:
    with pytest.raises(GrammarError, match="says it"):
        configuration_of("a__b__c", {}, {}, MethodSources(outlier_method=("=",)))


def test_a_short_legacy_name_needs_params_for_what_it_lacks() -> None:
    with pytest.raises(GrammarError, match="anomaly_source") as caught:
        configuration_of("CATBOOST_eval-auc__simple1.0__SAITS", {}, {}, MethodSources())
    assert caught.value.field == "outlier_method"
    found = configuration_of("CATBOOST__simple1.0__SAITS", {"anomaly_source": "LOF"}, {}, MethodSources())
    assert found.outlier_method == "LOF"


@pytest.mark.parametrize(
    ("name", "tags", "synthetic"),
    [
        (f"__SYNTHETIC_{FULL}", {}, True),
        (FULL, {"is_synthetic": "True"}, True),
        (FULL, {"data_source": "synthetic"}, True),
        (FULL, {"is_synthetic": "false"}, False),
        (FULL, {}, False),
    ],
)
def test_a_synthetic_run_is_known_by_name_or_tag(name: str, tags: dict[str, str], synthetic: bool) -> None:
    assert is_synthetic(name, tags) is synthetic


def test_an_open_registry_admits_anything() -> None:
    assert OPEN.objection(Configuration("a", "b", "c", "d")) is None


def test_the_original_study_admits_its_methods_in_any_featurization() -> None:
    assert ORIGINAL_STUDY.objection(Configuration("CatBoost", "anything", "SAITS", "pupil-gt")) is None
    sizes = [len(methods or ()) for methods in vars(ORIGINAL_STUDY).values()]
    assert sizes == [5, 0, 8, 11]


def test_a_method_outside_the_registry_is_named_with_its_factor_and_neighbour() -> None:
    objection = ORIGINAL_STUDY.objection(
        Configuration("CatBoost", "simple1.0", "SAITS", "MOMENT-orig-finetune")
    )
    assert objection is not None
    assert (objection.stage, objection.field) == ("registry", "outlier_method")
    assert "the nearest is `MOMENT-gt-finetune`" in objection.reason


def test_a_factor_without_a_set_is_open() -> None:
    registry = Registry(classifier=frozenset({"TabM"}))
    assert registry.objection(Configuration("TabM", "x", "y", "z")) is None
    assert registry.objection(Configuration("XGBoost", "x", "y", "z")) is not None
