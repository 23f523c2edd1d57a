"""The study itself: damaged patients, preprocessing, refitted classifiers and their MLflow log.

A factorial experiment on the Wisconsin diagnostic breast cancer data (569 patients, outcome
malignant; Street, Wolberg and Mangasarian 1993, https://doi.org/10.1117/12.148698). Cells are
deleted and falsified by a declared mechanism, so that the truth is known; every combination of
outlier detection, imputation and classifier is one MLflow run. Reading order: definition,
patients, detectors, imputers, classifiers, refits, measures, uncertainty, artifact, evaluation,
store, running.
"""

from flows.study.definition import SUBJECT_KEY, Configuration, Study
from flows.study.running import StudySummary, run_study

__all__ = ["SUBJECT_KEY", "Configuration", "Study", "StudySummary", "run_study"]
