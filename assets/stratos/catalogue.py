"""What each measure is: domain, range, ideal, what the guidance says of it, and where it comes from.

Properties and advice follow Van Calster et al. 2025, Lancet Digital Health 7:100916: a measure is *proper*
when its expectation is best at the true probabilities, and it has a *clear focus* when it is either purely
statistical or weighs the costs of misclassification. Which measure has which is our reading of the authors'
abstract and code.
"""

import math
from dataclasses import dataclass

INF = math.inf


@dataclass(frozen=True)
class Definition:
    """One measure. `low` and `high` bound its value; `ideal` is the best value, None where there is none."""

    title: str
    domain: str
    low: float
    high: float
    ideal: float | None
    proper: bool
    clear_focus: bool
    text: str
    source: str
    advice: str = "supporting"


MEASURES = {
    # discrimination
    "auroc": Definition(
        "AUROC", "discrimination", 0, 1, 1, True, True,
        "P(risk of a subject with the outcome > risk of one without), ties half",
        "DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44:837", "core",
    ),
    "discrimination_slope": Definition(
        "Discrimination slope", "overall", -1, 1, None, False, True,
        "mean risk of subjects with the outcome - mean risk of those without",
        "Tjur 2009, American Statistician 63:366", "descriptive",
    ),
    # calibration
    "oe_ratio": Definition(
        "O:E", "calibration", 0, INF, 1, True, True,
        "observed over expected events: sum of outcomes / sum of risks", "Debray et al. 2017, BMJ 356:i6460",
    ),
    "calibration_intercept": Definition(
        "Calibration intercept", "calibration", -INF, INF, 0, True, True,
        "a in logit P(y = 1) = a + logit(risk), the slope held at 1",
        "Van Calster et al. 2016, Journal of Clinical Epidemiology 74:167",
    ),
    "calibration_slope": Definition(
        "Calibration slope", "calibration", -INF, INF, 1, True, True,
        "b in logit P(y = 1) = a + b logit(risk), unpenalised", "Cox 1958, Biometrika 45:562",
    ),
    "calibration_intercept_joint": Definition(
        "Intercept beside a free slope", "calibration", -INF, INF, 0, True, True,
        "a in logit P(y = 1) = a + b logit(risk): not the calibration intercept", "Cox 1958, Biometrika 45:562",
        "descriptive",
    ),
    "ici": Definition(
        "ICI", "calibration", 0, INF, 0, True, True,
        "mean distance between the smooth calibration curve (loess, span 0.75, degree 2) and the risks",
        "Austin & Steyerberg 2019, Statistics in Medicine 38:4051",
    ),
    "e50": Definition(
        "E50", "calibration", 0, INF, 0, True, True, "median of the distances that ICI averages",
        "Austin & Steyerberg 2019, Statistics in Medicine 38:4051",
    ),
    "e90": Definition(
        "E90", "calibration", 0, INF, 0, True, True, "90th percentile (type 7) of the distances that ICI averages",
        "Austin & Steyerberg 2019, Statistics in Medicine 38:4051",
    ),
    "emax": Definition(
        "Emax", "calibration", 0, INF, 0, True, True, "largest of the distances that ICI averages",
        "Austin & Steyerberg 2019, Statistics in Medicine 38:4051",
    ),
    "eci_x100": Definition(
        "ECI (x 100)", "calibration", 0, INF, 0, True, True, "100 times the mean squared distance that ICI averages",
        "Van Hoorde et al. 2015, Journal of Biomedical Informatics 54:283",
    ),
    "eci_stratos": Definition(
        "ECI (relative)", "calibration", 0, INF, 0, True, True,
        "mean squared distance over that of a flat curve at the prevalence",
        "Van Calster et al. 2025, Lancet Digital Health 7:100916",
    ),
    # overall
    "brier": Definition(
        "Brier score", "overall", 0, 1, 0, True, True, "mean squared distance of risk and outcome",
        "Brier 1950, Monthly Weather Review 78:1",
    ),
    "scaled_brier": Definition(
        "Scaled Brier score (IPA)", "overall", -INF, 1, 1, True, True,
        "1 - Brier / (prevalence (1 - prevalence)), prevalence of the same rows",
        "Kattan & Gerds 2018, Diagnostic and Prognostic Research 2:7",
    ),
    "log_loss": Definition(
        "Log loss", "overall", 0, INF, 0, True, True,
        "mean negative log-likelihood of the outcomes, natural logarithm", "Good 1952, JRSS B 14:107",
    ),
    "mcfadden_r2": Definition(
        "McFadden R2", "overall", -INF, 1, 1, True, True,
        "1 - l / l0, likelihood of the risks as they are over that of the prevalence",
        "McFadden 1974, Frontiers in Econometrics 105",
    ),
    "cox_snell_r2": Definition(
        "Cox-Snell R2", "overall", -INF, 1, None, True, True, "1 - exp(2 (l0 - l) / n)",
        "Cox & Snell 1989, Analysis of Binary Data",
    ),
    "nagelkerke_r2": Definition(
        "Nagelkerke R2", "overall", -INF, 1, 1, True, True, "Cox-Snell R2 over its largest value",
        "Nagelkerke 1991, Biometrika 78:691",
    ),
    # classification, at a threshold
    "sensitivity": Definition(
        "Sensitivity", "classification", 0, 1, 1, False, True, "TP / (TP + FN)",
        "Yerushalmy 1947, Public Health Reports 62:1432", "descriptive",
    ),
    "specificity": Definition(
        "Specificity", "classification", 0, 1, 1, False, True, "TN / (TN + FP)",
        "Yerushalmy 1947, Public Health Reports 62:1432", "descriptive",
    ),
    "ppv": Definition(
        "Positive predictive value", "classification", 0, 1, 1, False, True, "TP / (TP + FP)",
        "Vecchio 1966, NEJM 274:1171", "descriptive",
    ),
    "npv": Definition(
        "Negative predictive value", "classification", 0, 1, 1, False, True, "TN / (TN + FN)",
        "Vecchio 1966, NEJM 274:1171", "descriptive",
    ),
    "ppv_at_prevalence": Definition(
        "Positive predictive value at a target prevalence", "classification", 0, 1, 1, False, True,
        "by Bayes' rule, sensitivity and specificity taken to be the same there",
        "Mercaldo, Lau & Zhou 2007, Statistics in Medicine 26:2170", "descriptive",
    ),
    "npv_at_prevalence": Definition(
        "Negative predictive value at a target prevalence", "classification", 0, 1, 1, False, True,
        "by Bayes' rule, sensitivity and specificity taken to be the same there",
        "Mercaldo, Lau & Zhou 2007, Statistics in Medicine 26:2170", "descriptive",
    ),
    # clinical utility, at a threshold
    "net_benefit": Definition(
        "Net benefit", "clinical utility", -INF, 1, None, True, True,
        "TP / n - FP / n t / (1 - t), treating those whose risk reaches t",
        "Vickers & Elkin 2006, Medical Decision Making 26:565", "core",
    ),
    "standardised_net_benefit": Definition(
        "Standardised net benefit", "clinical utility", -INF, 1, 1, True, True, "net benefit / prevalence",
        "Kerr et al. 2016, Journal of Clinical Oncology 34:2534",
    ),
    "interventions_avoided": Definition(
        "Interventions avoided", "clinical utility", -INF, INF, None, True, True,
        "(net benefit - that of treating all) (1 - t) / t, per subject",
        "Vickers et al. 2008, BMC Medical Informatics and Decision Making 8:53",
    ),
    "expected_cost": Definition(
        "Expected cost", "clinical utility", 0, 1, 0, True, True,
        "t FP / n + (1 - t) FN / n, costs in the proportion that the threshold implies",
        "Hernandez-Orallo et al. 2012, JMLR 13:2813",
    ),
    # advised against
    "f1": Definition(
        "F1", "classification", 0, 1, 1, False, False, "2 TP / (2 TP + FP + FN)",
        "van Rijsbergen 1979, Information Retrieval", "advised against",
    ),
    "accuracy": Definition(
        "Accuracy", "classification", 0, 1, 1, False, True, "(TP + TN) / n",
        "Metz 1978, Seminars in Nuclear Medicine 8:283", "advised against",
    ),
    "balanced_accuracy": Definition(
        "Balanced accuracy", "classification", 0, 1, 1, False, True, "(sensitivity + specificity) / 2",
        "Brodersen et al. 2010, ICPR 3121", "advised against",
    ),
    "youden": Definition(
        "Youden index", "classification", -1, 1, 1, False, True, "sensitivity + specificity - 1",
        "Youden 1950, Cancer 3:32", "advised against",
    ),
    "diagnostic_odds_ratio": Definition(
        "Diagnostic odds ratio", "classification", 0, INF, None, False, True, "TP TN / (FP FN)",
        "Glas et al. 2003, Journal of Clinical Epidemiology 56:1129", "advised against",
    ),
    "kappa": Definition(
        "Cohen's kappa", "classification", -1, 1, 1, False, True, "agreement with the outcome beyond chance",
        "Cohen 1960, Educational and Psychological Measurement 20:37", "advised against",
    ),
    "mcc": Definition(
        "Matthews correlation", "classification", -1, 1, 1, False, True,
        "correlation of the classification with the outcome",
        "Matthews 1975, Biochimica et Biophysica Acta 405:442", "advised against",
    ),
    "auprc": Definition(
        "AUPRC (average precision)", "discrimination", 0, 1, 1, True, False,
        "mean, over subjects with the outcome, of the PPV at their risk", "Davis & Goadrich 2006, ICML 233",
        "advised against",
    ),
    "partial_auroc": Definition(
        "Partial AUROC", "discrimination", 0, 1, 1, True, False,
        "area under the ROC curve up to a false positive rate of 0.2, scaled so that chance has 0.5",
        "McClish 1989, Medical Decision Making 9:190", "advised against",
    ),
    "ece": Definition(
        "ECE", "calibration", 0, 1, 0, True, True,
        "mean distance of observed and expected proportion over 10 equal bins; depends on the bins",
        "Naeini et al. 2015, AAAI 2901", "advised against",
    ),
    "mape": Definition(
        "MAPE", "overall", 0, 1, 0, False, True, "mean absolute distance of risk and outcome",
        "Van Calster et al. 2025, Lancet Digital Health 7:100916", "advised against",
    ),
}  # fmt: skip
"""Measures by name; of a threshold reported as `name@0.10`, with other intervals as `name__...` or `name_ci_...`."""
