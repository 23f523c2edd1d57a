"""What a run's name, params and tags say of its methods.

    CLASSIFIER_eval-METRIC__FEATURIZATION__IMPUTATION__OUTLIER

Legacy names lack `_eval-METRIC`, or the last one or two fields; what is lacking must then come from params.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace

FORM = "CLASSIFIER_eval-METRIC__FEATURIZATION__IMPUTATION__OUTLIER"
SYNTHETIC_PREFIX = "__SYNTHETIC_"
SYNTHETIC_EXPERIMENT_PREFIX = "synth_"
_SYNTHETIC_VALUES = {"is_synthetic": ("true", "1", "yes"), "data_source": ("synthetic",)}
SYNTHETIC_TAGS = tuple(_SYNTHETIC_VALUES)
"""The tags that `is_synthetic` looks at."""

# One spelling per method; the study's own code used several.
CLASSIFIERS = {
    name.casefold(): name for name in ("CatBoost", "XGBoost", "TabPFN", "TabM", "LogisticRegression")
}
PREPROCESSING = {
    f"{method}{suffix}": f"{method}-gt" for method in ("pupil", "TimesNet") for suffix in ("_gt", "___gt")
}

_HEAD = re.compile(r"(?P<classifier>.+?)(?:_eval-(?P<metric>.+))?", re.DOTALL)
_UPSTREAM_RUN = re.compile(r"[0-9a-f]{32}")
_IMPUTATION_RUN = re.compile(r".*_impPLR_v[\d.]+", re.DOTALL)
_LONG_GT = re.compile(r"___gt(?=__|$)")
_LITERAL = "="


class GrammarError(ValueError):
    """A run whose methods cannot be told; `field` is what is missing, the message says what was found."""

    def __init__(self, field: str, reason: str) -> None:
        """Keep the field beside the reason."""
        super().__init__(reason)
        self.field = field


@dataclass(frozen=True)
class Configuration:
    """The four methods that make a run."""

    classifier: str
    featurization: str
    imputation_method: str
    outlier_method: str


@dataclass(frozen=True)
class RunName:
    """A run's name, taken apart; what a legacy name lacks is None."""

    classifier: str
    evaluation_metric: str | None
    featurization: str
    imputation_method: str | None
    outlier_method: str | None


@dataclass(frozen=True)
class MethodSources:
    """Where each method is recorded: names of params or tags, the first that has a value counts.

    A name after `=` is the method itself: `("imputer", "=none")` is the value of `imputer`, and `none` where a run has
    none. The defaults are the original study's. There, `mlflow_run_featurization` may also hold the id of an upstream
    run, which names no method and is passed over.
    """

    classifier: tuple[str, ...] = ("model_name",)
    featurization: tuple[str, ...] = ("feature_param", "mlflow_run_featurization")
    imputation_method: tuple[str, ...] = ("imputation_source",)
    outlier_method: tuple[str, ...] = ("anomaly_source",)


STUDY_SOURCES = MethodSources()


def parse_run_name(name: str) -> RunName:
    """Take a run's name apart, its methods in their one spelling; GrammarError if it has another form."""
    if _IMPUTATION_RUN.fullmatch(name):
        found = f"`{name}` names a run of the imputation experiment, which classifies nobody"
        raise GrammarError("run_name", f"{found}; read another experiment")
    head, *fields = _LONG_GT.sub("_gt", name).split("__")
    if not 1 <= len(fields) <= 3:
        raise GrammarError(
            "run_name", f"`{name}` has {len(fields) + 1} field(s) between `__`; expected {FORM}"
        )
    for field in (head, *fields):
        if not field or field != field.strip("_ "):
            raise GrammarError(
                "run_name", f"`{name}` has an empty field or a stray underscore; expected {FORM}"
            )
    match = _HEAD.fullmatch(head)
    assert match is not None, f"Unhandled head {head!r}"
    featurization, imputation, outlier = (*fields, None, None)[:3]
    return RunName(
        canonical_classifier(match["classifier"]),
        match["metric"],
        str(featurization),
        imputation and canonical_preprocessing(imputation),
        outlier and canonical_preprocessing(outlier),
    )


def format_run_name(name: RunName) -> str:
    """Write a run's name; the inverse of `parse_run_name`. GrammarError if a part would not be read back."""
    metric = f"_eval-{name.evaluation_metric}" if name.evaluation_metric else ""
    fields = (name.featurization, name.imputation_method, name.outlier_method)
    text = "__".join((name.classifier + metric, *(field for field in fields if field is not None)))
    if parse_run_name(text) != name:
        raise GrammarError("run_name", f"{astuple(name)} cannot be written as {FORM} and read back")
    return text


def canonical_classifier(name: str) -> str:
    """Return the one spelling of a classifier or an ensemble of several; unknown ones stay as they are."""
    first, *members = name.split("-")
    if first.casefold() == "ensemble" and members:
        return "-".join(("ensemble", *(CLASSIFIERS.get(member.casefold(), member) for member in members)))
    return CLASSIFIERS.get(name.casefold(), name)


def canonical_preprocessing(name: str) -> str:
    """Return the one spelling of an imputation or outlier method."""
    return PREPROCESSING.get(name, name)


def is_synthetic(name: str, tags: Mapping[str, str], experiment: str = "") -> bool:
    """Tell whether a run was made from invented data, by its name, its tags or its experiment's name."""
    said = (tags.get(tag, "").lower() in values for tag, values in _SYNTHETIC_VALUES.items())
    named = name.startswith(SYNTHETIC_PREFIX) or experiment.startswith(SYNTHETIC_EXPERIMENT_PREFIX)
    return named or any(said)


def configuration_of(
    name: str, params: Mapping[str, str], tags: Mapping[str, str], sources: MethodSources
) -> Configuration:
    """Return a run's four methods, from params, else tags, else its name; GrammarError if one is unknown."""
    recorded = {
        method: _recorded(getattr(sources, method), params, tags)
        for method in Configuration.__dataclass_fields__
    }
    if (recorded["classifier"] or "").casefold() == "ensemble":
        recorded["classifier"] = None  # An ensemble's members stand in the run's name only.
    if None in recorded.values():
        parsed = _parsed(name, [method for method, value in recorded.items() if value is None])
        recorded = {method: value or getattr(parsed, method) for method, value in recorded.items()}
    for method, value in recorded.items():
        if value is None:
            known = ", ".join(getattr(sources, method))
            reason = (
                f"neither the name `{name}` nor a param or tag ({known}) says it; `=name` in the setting does"
            )
            raise GrammarError(method, reason)
    return _canonical(Configuration(**{method: str(value) for method, value in recorded.items()}))


def _parsed(name: str, needed: Sequence[str]) -> RunName:
    try:
        return parse_run_name(name)
    except GrammarError as error:
        hint = f"or a param or tag, named in the settings, for {', '.join(needed)}"
        raise GrammarError(error.field, f"{error}, {hint}") from error


def _recorded(keys: tuple[str, ...], params: Mapping[str, str], tags: Mapping[str, str]) -> str | None:
    """Return the first value among params, then tags, then literals."""
    literals = {key: key.removeprefix(_LITERAL) for key in keys if key.startswith(_LITERAL)}
    values = (texts[key].strip() for texts in (params, tags, literals) for key in keys if key in texts)
    return next(
        (value for value in values if value not in ("", "None") and not _UPSTREAM_RUN.fullmatch(value)), None
    )


def _canonical(found: Configuration) -> Configuration:
    return replace(
        found,
        classifier=canonical_classifier(found.classifier),
        imputation_method=canonical_preprocessing(found.imputation_method),
        outlier_method=canonical_preprocessing(found.outlier_method),
    )
