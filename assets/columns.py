"""What each column means, in one place: a name means the same in every table.

The text becomes the column's COMMENT in the DuckDB file.
"""

_INTERVALS = {
    "auroc": ("the AUROC", "DeLong; sampling of the test subjects"),
    "auroc_logit": ("the AUROC", "DeLong on the logit scale"),
    "calibration_intercept": ("the calibration intercept", "Wald, takes the slope for 1"),
    "calibration_slope": ("the calibration slope", "Wald"),
    "calibration_intercept_joint": ("the intercept beside a free slope", "Wald"),
    "o_e_ratio": ("O:E", "log-normal, Debray 2017"),
    **{
        name: (title, "percentiles over resampled subjects")
        for name, title in {
            "ici": "ICI",
            "e50": "E50",
            "e90": "E90",
            "emax": "Emax",
            "eci_x100": "ECI x 100",
            "eci_stratos": "the relative ECI",
            "mean_rank": "the mean rank",
        }.items()
    },
    **{
        name: (title, "reversed percentiles over resampled subjects, cut to [0, 1]")
        for name, title in (("eta2", "eta squared"), ("omega2", "omega squared"))
    },
    "brier": ("the Brier score", "Wald, cut to [0, 1]"),
    "brier_spiegelhalter": ("the Brier score", "Spiegelhalter 1986, taking the risks for calibrated"),
    "net_benefit": ("the net benefit", "Wald, Sande 2020; sampling of the test subjects, pointwise"),
    **{name: (name, "Wilson 1927") for name in ("sensitivity", "specificity", "ppv", "npv")},
    **{
        f"{name}_exact": (name, "Clopper & Pearson 1934")
        for name in ("sensitivity", "specificity", "ppv", "npv")
    },
    **{
        f"{name}_at_prevalence": (f"{name}_at_prevalence", "delta method on the logit scale")
        for name in ("ppv", "npv")
    },
}
"""What has an interval in columns of its own: the estimate, and how the interval is made."""

_STATUS = "'ok', or why there is no value, or no interval"
_WITH_STATUS = (
    *("auroc", "auroc_refit", "discrimination_slope", "o_e_ratio", "brier", "scaled_brier", "log_loss", "r2"),
    *("calibration_intercept", "calibration_slope", "calibration_intercept_joint", "calibration_errors"),
    *("net_benefit", "standardised_net_benefit", "sensitivity", "specificity", "ppv", "npv"),
    *("ppv_at_prevalence", "npv_at_prevalence"),
)
_COLUMN_PER_CENTS = (5, 10, 15, 20)

COLUMNS = {
    "version": "Version of the layout of the tables; the first number rises when a query of them may break",
    # who and what
    "run_id": "MLflow's id of the run",
    "run_name": "MLflow's name of the run: CLASSIFIER_eval-metric__featurization__imputation__outlier",
    "experiment": "Name of the MLflow experiment",
    "status": "'ok', or why there is no value or no interval; in extracted_runs MLflow's status of the run",
    "lifecycle_stage": "MLflow's life-cycle stage: active or deleted",
    "started_at": "Start of the run, UTC",
    "finished_at": "End of the run, UTC",
    "classifier": "Classifier, in its canonical spelling",
    "featurization": "Features that the classifier was given",
    "imputation_method": "How missing values were filled",
    "outlier_method": "How outlying values were found",
    "artifact_path": "Artifact that the predictions were read from, below the run's artifact root",
    "artifact_sha256": "SHA-256 of that artifact",
    "n_bootstrap": "Bootstrap refits of the training set whose predictions are averaged",
    "n_test": "Subjects in the test set",
    "n_events": "Subjects with the outcome, in the test set or in the bin that the row is of",
    "prevalence": "n_events / n_test",
    # why not
    "quarantine_stage": "Stage that stopped it: listing, name, registry, artifact, unpickle, validate; null if usable",
    "quarantine_field": "What was wrong: the field, within the run or its artifact",
    "quarantine_reason": "What was found and what was expected",
    "stage": "Stage that stopped the run: listing, name, registry, artifact, unpickle, validate or duplicate",
    "field": "What was wrong: the field, within the run or its artifact",
    "reason": "What was found and what was expected",
    # rows of the test set
    "subject_codes": "Subjects, re-labelled by a keyed code; the key is private",
    "subject_code": "Subject, re-labelled by a keyed code; the key is private",
    "y_true": "Outcome observed: 1 with, 0 without",
    "y_prob": "Predicted risk of the outcome: mean over the bootstrap refits, 0 to 1",
    "y_prob_sd": "Standard deviation of the predicted risk over the bootstrap refits (divisor n - 1)",
    # discrimination
    "auroc": "Area under the ROC curve: P(risk of a subject with the outcome > of one without), ties half",
    "auroc_se": "Standard error of the AUROC (DeLong, DeLong & Clarke-Pearson 1988)",
    "auroc_refit_mean": "Mean AUROC of the single refits of the model",
    "auroc_refit_sd": "Standard deviation of the AUROC over refits (divisor refits - 1); no standard error",
    "auroc_refit_spread_lower": "2.5th percentile of the AUROC over refits: no confidence limit",
    "auroc_refit_spread_upper": "97.5th percentile of the AUROC over refits: no confidence limit",
    # calibration
    "calibration_intercept": "a in logit P(y=1) = a + logit(risk), the slope held at 1; 0 is ideal",
    "calibration_slope": "b in logit P(y=1) = a + b logit(risk) (Cox 1958), unpenalised; 1 is ideal",
    "n_certain": "Subjects with a predicted risk of exactly 0 or 1, left out of the logistic recalibration",
    "o_e_ratio": "Observed over expected events: sum of outcomes / sum of risks; 1 is ideal",
    **{
        f"calibration_{what}_profile_{end}": f"{end.capitalize()} limit of the calibration {what} (profile likelihood)"
        for what in ("intercept", "slope")
        for end in ("lower", "upper")
    },
    "calibration_intercept_joint": "a in logit P(y=1) = a + b logit(risk): not the calibration intercept",
    "ici": "Mean distance between the smooth calibration curve (loess) and the risks (Austin & Steyerberg 2019)",
    "e50": "Median of the distances that ICI averages",
    "e90": "90th percentile (type 7) of the distances that ICI averages",
    "emax": "Largest of the distances that ICI averages",
    "eci_x100": "100 x mean squared distance (Van Hoorde 2015)",
    "eci_stratos": "Mean squared distance over that of a flat curve at the prevalence (STRATOS TG6)",
    # overall performance
    "brier": "Brier score: mean squared distance of risk and outcome; 0 is ideal",
    "scaled_brier": "1 - Brier / (prevalence (1 - prevalence)) (Kattan & Gerds 2018); 1 is ideal",
    "log_loss": "Mean negative log-likelihood of the outcome under the risk, natural logarithm",
    "log_loss_clipped": "Log loss with risks moved into [1e-15, 1 - 1e-15]: finite where log_loss itself is not",
    "mcfadden_r2": "1 - l / l0, likelihood of the risks as they are over that of the prevalence (McFadden 1974)",
    "cox_snell_r2": "1 - exp(2 (l0 - l) / n) (Cox & Snell 1989)",
    "nagelkerke_r2": "Cox-Snell R2 over its largest value (Nagelkerke 1991)",
    "discrimination_slope": "Mean risk of subjects with the outcome less that of those without",
    # classification at a threshold
    "false_negatives": "Subjects with the outcome whose risk stays below the threshold",
    "true_negatives": "Subjects without the outcome whose risk stays below the threshold",
    "sensitivity": "TP / (TP + FN)",
    "specificity": "TN / (TN + FP)",
    "ppv": "Positive predictive value, TP / (TP + FP)",
    "npv": "Negative predictive value, TN / (TN + FN)",
    "ppv_at_prevalence": "Positive predictive value where `target_prevalence` have the outcome (Bayes' rule)",
    "npv_at_prevalence": "Negative predictive value where `target_prevalence` have the outcome (Bayes' rule)",
    "expected_cost": "t FP/n + (1 - t) FN/n: misclassification cost in the proportion that the threshold implies",
    # clinical utility
    "true_positives": "Subjects with the outcome whose risk reaches the threshold",
    "false_positives": "Subjects without the outcome whose risk reaches the threshold",
    "net_benefit_model": "TP/n - FP/n t/(1-t), treating those whose risk reaches t (Vickers & Elkin 2006)",
    "net_benefit_se": "Standard error of the net benefit: sampling of the test subjects (Sande 2020)",
    "net_benefit_all": "Net benefit per subject of treating everybody",
    "net_benefit_none": "Net benefit per subject of treating nobody: 0",
    "standardised_net_benefit": "Net benefit / prevalence (Kerr 2016); 1 is ideal",
    "interventions_avoided": "(Net benefit - that of treating all) (1 - t) / t, per subject (Vickers 2008)",
    **{
        f"net_benefit_{k}pct": f"Net benefit per subject at a risk threshold of {k} %"
        for k in _COLUMN_PER_CENTS
    },
    **{
        f"standardised_net_benefit_{k}pct": f"Net benefit / prevalence at a risk threshold of {k} %"
        for k in _COLUMN_PER_CENTS
    },
    # one measure a row
    "measure": "Name of the measure, with its threshold where it has one: net_benefit@0.10 (assets/stratos/README.md)",
    "value": "Value of the measure; null where the status says why",
    "method": "How the 95 % interval is made where it exists; empty if none is made of this measure",
    "advice": "What STRATOS TG6 says of the measure",
    "limit": 'Where the measure diverges -inf or inf, else null; a word of SQL, so write it "limit"',
    # curves
    "threshold": "Risk threshold: positive when the predicted risk reaches it; null where nobody is positive",
    "point": "Number of the point along the curve",
    "false_positive_rate": "Share of subjects without the outcome that are positive (1 - specificity)",
    "true_positive_rate": "Share of subjects with the outcome that are positive (sensitivity)",
    "predicted": "Predicted risk",
    "observed": "Observed proportion, in a bin or by loess (span 0.75, degree 2, not clipped; Austin 2014)",
    "mean_predicted": "Mean predicted risk in the bin",
    "ci_lower": "Lower 95 % limit of the row's value; in calibration curves and bins of `observed`, pointwise",
    "ci_upper": "Upper 95 % limit of the row's value; in calibration curves and bins of `observed`, pointwise",
    "bin": "Number of the bin of predicted risk",
    "bin_start": "Lower end of the bin, included",
    "bin_end": "Upper end of the bin, excluded but for the last",
    "n": "Subjects that the row counts or is made of",
    "density": "n / (subjects with this outcome x width of the bin)",
    "risk_mean": "Mean predicted risk",
    "risk_sd": "Standard deviation of the predicted risk (divisor n - 1)",
    "risk_min": "Least predicted risk",
    **{f"risk_q{k:02d}": f"{k}th percentile (type 7) of the predicted risk" for k in (5, 10, 25, 75, 90, 95)},
    "risk_median": "Median predicted risk",
    "risk_max": "Largest predicted risk",
    # refits
    "y_prob_refits": "Risks that the refits predicted, in the order of the refits",
    "mean_absolute_deviation": "Mean absolute deviation of the refits' risks from their mean (Riley & Collins 2023)",
    "risk_lower": "Least mean risk in the bin",
    "risk_upper": "Largest mean risk in the bin",
    "refit_lower": "2.5th percentile of the risk over refits, mean over the bin's subjects: no confidence limit",
    "refit_upper": "97.5th percentile of the risk over refits, mean over the bin's subjects: no confidence limit",
    "y_prob_refit_lower": "2.5th percentile of the risk over refits",
    "y_prob_refit_upper": "97.5th percentile of the risk over refits",
    **{
        f"classification_instability_{k}pct": f"Share of refits on the other side of {k} % than the mean, over subjects"
        for k in _COLUMN_PER_CENTS
    },
    "uncertainty": "What orders the subjects: refit_spread, closeness_to_half, oracle (by error), random (expectation)",
    "share": "Share of the subjects that is retained, the most certain first",
    "n_retained": "Subjects retained: ceil(share x n), and whoever is as uncertain as the last of them",
    "n_events_retained": "Retained subjects with the outcome; for the random order their expectation",
    "prevalence_retained": "n_events_retained / n_retained",
    "brier_area": "Area under the curve of the Brier score against the share retained",
    "brier_area_random": "That area for retaining at random: the Brier score of everybody",
    "brier_area_oracle": "That area for retaining by error: the least there can be",
    "share_of_oracle_gain": "(random - area) / (random - oracle): 1 for a perfect order, 0 for one that knows nothing",
    # several runs
    "run_a": "First run of the pair",
    "run_b": "Second run of the pair",
    "factor": "Choice of method in which the runs differ",
    "difference": "Of run a less that of run b, on the same subjects",
    "standard_error": "Standard error of the difference",
    "z": "difference / standard_error",
    "p_value": "Two-sided p of no difference (DeLong 1988, paired)",
    "p_holm": "p adjusted for all pairs of the same factor (Holm 1979)",
    "p_bh": "p adjusted for all pairs of the same factor: false discovery rate (Benjamini & Hochberg 1995)",
    "term": "Choice of method, or interaction of two; residual; total",
    "df": "Degrees of freedom",
    "n_runs": "Runs that have the measure",
    "sum_sq": "Type II sum of squares",
    "eta2": "sum_sq / total",
    "partial_eta2": "sum_sq / (sum_sq + residual)",
    "omega2": "(sum_sq - df MS_residual) / (total + MS_residual); may be negative",
    "ci_method": "How the limits are made",
    "partial_eta2_f_lower": "Lower 95 % limit by the noncentral F; partial_eta2, biased upwards, may lie above",
    "partial_eta2_f_upper": "Upper 95 % limit by the noncentral F; partial_eta2, biased upwards, may lie above",
    "f_method": "How the limits by the noncentral F are made",
    "mixed_f": "F of the term against its interaction with the subjects",
    "mixed_df1": "Numerator degrees of freedom of mixed_f, corrected for sphericity",
    "mixed_df2": "Denominator degrees of freedom of mixed_f, corrected for sphericity",
    "mixed_p": "p of mixed_f",
    "level": "Method",
    "n_levels": "Methods that are ranked together",
    "n_blocks": "Complete blocks: combinations of the other choices with a run of every method",
    "mean_rank": "Mean rank over the complete blocks; 1 is the best, ties halved",
    "probability_best": "Share of resamples in which the method ranks best; no posterior probability",
    "friedman_statistic": "Friedman's chi-squared; null where blocks share subjects",
    "friedman_df": "Degrees of freedom of friedman_statistic",
    "friedman_p": "p of friedman_statistic",
    "critical_difference": "Nemenyi: mean ranks further apart differ at 5 % for all pairs together",
    # names of the original study
    "mlflow_run_id": "MLflow's id of the run (run_id)",
    "bin_index": "Number of the bin of predicted risk (bin)",
    "bin_midpoint": "Middle of the bin",
    "observed_proportion": "Proportion with the outcome in the bin (observed)",
    "predicted_mean": "Mean predicted risk in the bin (mean_predicted)",
    "n_samples": "Subjects in the bin (n)",
    "outcome": "Outcome observed (y_true)",
    "count": "Subjects in the bin (n)",
    **{
        f"{what}_{group}": f"{text} of subjects {which} the outcome"
        for what, text in (
            ("median", "Median predicted risk"),
            ("mean", "Mean predicted risk"),
            ("n", "Number"),
        )
        for group, which in (("cases", "with"), ("controls", "without"))
    },
    # limits of intervals, and statuses
    **{f"{name}_ci_lower": f"Lower 95 % limit of {of} ({how})" for name, (of, how) in _INTERVALS.items()},
    **{f"{name}_ci_upper": f"Upper 95 % limit of {of} ({how})" for name, (of, how) in _INTERVALS.items()},
    **{f"{name}_status": _STATUS for name in _WITH_STATUS},
}
