"""Which methods a study admits."""

import difflib
from dataclasses import dataclass, fields

from assets.inputs.grammar import Configuration
from assets.inputs.quarantine import Quarantine


@dataclass(frozen=True)
class Registry:
    """The methods admitted for each factor of a configuration; None admits all."""

    classifier: frozenset[str] | None = None
    featurization: frozenset[str] | None = None
    imputation_method: frozenset[str] | None = None
    outlier_method: frozenset[str] | None = None

    def objection(self, found: Configuration) -> Quarantine | None:
        """Return why a configuration is not admitted, None if it is."""
        for factor in fields(self):
            admitted, method = getattr(self, factor.name), getattr(found, factor.name)
            if admitted is not None and method not in admitted:
                close = difflib.get_close_matches(method, sorted(admitted), n=1)
                hint = f"; the nearest is `{close[0]}`" if close else ""
                reason = f"`{method}` is not among the {len(admitted)} admitted methods{hint}"
                return Quarantine("registry", factor.name, reason)
        return None


OPEN = Registry()

# The 11 outlier, 8 imputation and 5 classification methods of the original study.
ORIGINAL_STUDY = Registry(
    classifier=frozenset({"CatBoost", "XGBoost", "TabPFN", "TabM", "LogisticRegression"}),
    imputation_method=frozenset(
        {
            "pupil-gt",
            "MOMENT-finetune",
            "MOMENT-zeroshot",
            "CSDI",
            "SAITS",
            "TimesNet",
            "ensemble-CSDI-MOMENT-SAITS",
            "ensemble-CSDI-MOMENT-SAITS-TimesNet",
        }
    ),
    outlier_method=frozenset(
        {
            "pupil-gt",
            "MOMENT-gt-finetune",
            "MOMENT-gt-zeroshot",
            "UniTS-gt-finetune",
            "TimesNet-gt",
            "LOF",
            "OneClassSVM",
            "PROPHET",
            "SubPCA",
            "ensemble-LOF-MOMENT-OneClassSVM-PROPHET-SubPCA-TimesNet-UniTS-gt-finetune",
            "ensembleThresholded-MOMENT-TimesNet-UniTS-gt-finetune",
        }
    ),
)

BY_NAME = {"open": OPEN, "foundation-plr": ORIGINAL_STUDY}
