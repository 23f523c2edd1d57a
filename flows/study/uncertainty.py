"""What many refits say of each patient: mean, spread, entropy, and whether spread warns of errors."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.study.measures import DECISION_THRESHOLD, Floats, Outcomes
from flows.study.refits import Split


def seen_twice(split: Split) -> Split:
    """Keep the patients with two predictions or more: fewer have no spread."""
    enough = split.times.sum(axis=1) >= 2
    return Split(
        codes=split.codes[enough], y=split.y[enough], risk=split.risk[enough], times=split.times[enough]
    )


def moments(values: Floats, times: NDArray[np.int64]) -> dict[str, Floats]:
    """Mean and sd (divisor n - 1) of each row of `values`, where column k counts `times[:, k]` times."""
    n = times.sum(axis=1)
    mean = (values * times).sum(axis=1) / n
    squares = ((values - mean[:, np.newaxis]) ** 2 * times).sum(axis=1)
    return {"mean": mean, "std": np.sqrt(squares / (n - 1))}


def uncertainty(split: Split) -> dict[str, dict[str, Any]]:
    """Return entropy, mutual information and the risk-coverage curve of patients seen twice or more.

    entropy (m,): of the mean risk, in nats, both outcomes counted. mutual_information (m,): entropy less the
    mean entropy of the refits, never negative (Depeweg et al. 2018, https://arxiv.org/abs/1710.07283).
    coverage, risk (m,): error rate among the patients whose risk the refits agree on most; AURC its mean,
    AURC_E its excess over the best possible order (Geifman et al. 2019, https://arxiv.org/abs/1805.08206).
    """
    spread = moments(split.risk, split.times)
    entropy = _binary_entropy(spread["mean"])
    mutual = entropy - moments(_binary_entropy(split.risk), split.times)["mean"]
    wrong = (spread["mean"] >= DECISION_THRESHOLD) != (split.y == 1)
    coverage, risk = risk_coverage(wrong, confidence=-spread["std"])
    _, best = risk_coverage(wrong, confidence=-wrong.astype(np.float64))
    return {
        "scalars": {
            "AURC": float(risk.mean()),
            "AURC_E": float(risk.mean() - best.mean()),
            "entropy": float(entropy.mean()),
            "MI": float(mutual.mean()),
        },
        "arrays": {"coverage": coverage, "risk": risk, "entropy": entropy, "mutual_information": mutual},
    }


def risk_coverage(wrong: NDArray[np.bool_], *, confidence: Floats) -> tuple[Floats, Floats]:
    """Coverage k/m and the error rate of the k most confident patients; ties keep the patients' order."""
    order = np.argsort(-confidence, kind="stable")
    covered = np.arange(1, len(wrong) + 1)
    return covered / len(wrong), np.cumsum(wrong[order]) / covered


def by_outcome(values: Floats, y: Outcomes) -> dict[int, dict[str, Any]]:
    """Summarise a value per patient within each outcome."""
    return {int(outcome): scalar_summary(values[y == outcome]) for outcome in np.unique(y)}


def scalar_summary(values: Floats) -> dict[str, Any]:
    """n, mean, standard deviation (divisor n - 1) and central 95 % of the values that are defined."""
    defined = values[np.isfinite(values)]
    n = len(defined)
    return {
        "n": n,
        "mean": float(defined.mean()) if n else np.nan,
        "std": float(defined.std(ddof=1)) if n > 1 else np.nan,
        "ci": np.percentile(defined, [2.5, 97.5]) if n else np.full(2, np.nan),
    }


def curve_summary(values: Floats) -> dict[str, Floats]:
    """Mean, standard deviation (both (length,)) and central 95 % (2, length) over refits, where defined."""
    complete = np.isfinite(values).all(axis=1)
    whole = values[complete]
    mean, std, ci = np.empty(len(values)), np.empty(len(values)), np.empty((2, len(values)))
    mean[complete], std[complete] = whole.mean(axis=1), whole.std(axis=1, ddof=1)
    ci[:, complete] = np.percentile(whole, [2.5, 97.5], axis=1)
    for point in np.flatnonzero(~complete):  # few: numpy's own NaN-aware percentile is slow and warns
        summary = scalar_summary(values[point])
        mean[point], std[point], ci[:, point] = summary["mean"], summary["std"], summary["ci"]
    return {"mean": mean, "std": std, "ci": ci}


def _binary_entropy(risk: Floats) -> Floats:
    entropy = np.zeros_like(risk)
    for share in (risk, 1 - risk):
        entropy -= share * np.log(share, out=np.zeros_like(share), where=share > 0)
    return entropy
