"""Logistic regression on one variable."""

import numpy as np


def fitted(x, y, steps=25):
    """Return intercept and slope of greatest likelihood, by Newton's method."""
    design = np.column_stack([np.ones(len(x)), x])
    coefficients = np.zeros(2)
    for _ in range(steps):
        risk = predicted(design @ coefficients)
        information = design.T * (risk * (1 - risk)) @ design
        coefficients = coefficients + np.linalg.solve(information, design.T @ (y - risk))
    return coefficients


def predicted(linear):
    """Return the risk that a linear predictor stands for."""
    return 1 / (1 + np.exp(-linear))
