"""Write metrics pickles with the numpy and pandas that are installed: run once in an environment of old versions.

Beside the predictions lie the objects that studies leave in such files: frames, indexes, moments, scalars, masked and
structured arrays. It runs under versions of ten years and imports nothing of this project.
"""

import pickle
import sys
from pathlib import Path

import numpy as np
import pandas as pd

CODES = ["QXR3", "QXR1", "QXR2"]
LABELS = np.array([0, 1, 0])
RISKS = np.array([[0.1, 0.2], [0.7, 0.8], [0.5, 0.5]])


def frames():
    """Objects of pandas that are not read and must not hinder."""
    moments = pd.date_range("2020-01-01", periods=3, freq="D")
    frame = pd.DataFrame(
        {
            "code": CODES,
            "category": pd.Categorical(["a", "b", "a"]),
            "moment": moments,
            "there": moments.tz_localize("Europe/Helsinki"),
            "nullable": pd.array([1, None, 3], dtype="Int64"),
            "truth": pd.array([True, None, False], dtype="boolean"),
            "text": pd.array(CODES, dtype="string"),
            "span": pd.to_timedelta([1, 2, 3], unit="h"),
            "fraction": np.array([0.5, 1.5, 2.5], dtype=np.float32),
        }
    )
    return {
        "frame": frame,
        "series": frame["fraction"],
        "by two": frame.set_index(["code", "moment"]),
        "numbers": pd.Index([1, 2, 3]),
        "fractions": pd.Index([0.5, 1.5]),
        "intervals": pd.interval_range(0, 3),
        "days": moments,
        "months": pd.period_range("2020-01", periods=3, freq="M"),
        "period": pd.Period("2020-01"),
        "moment": pd.Timestamp("2020-01-01", tz="UTC"),
        "no moment": pd.NaT,
        "span": pd.Timedelta(1, "D"),
        "nothing": pd.NA,
    }


def arrays():
    """Arrays and scalars of numpy that are not read and must not hinder."""
    return {
        "masked": np.ma.masked_array([1.0, 2.0], mask=[False, True]),
        "structured": np.zeros(2, dtype=[("a", "i4"), ("b", "f8")]),
        "moments": np.array(["2020-01-01"], dtype="M8[ns]"),
        "complex": np.array([1 + 2j]),
        "strided": np.arange(10.0)[::2],
        "swapped": np.arange(3, dtype=">f8"),
        "empty": np.empty((0, 2)),
        "scalars": [
            np.float64(0.5),
            np.float32(0.5),
            np.int64(1),
            np.bool_(True),
            np.str_("a"),
            np.datetime64("2020"),
        ],
    }


def metrics(fortran):
    """The content of a metrics pickle, in either order of memory."""
    risks = np.asfortranarray(RISKS) if fortran else RISKS
    labels = np.repeat(LABELS[:, None].astype(float), 2, axis=1)
    predictions = {"y_pred_proba": risks, "y_pred": (risks > 0.5) * 1.0, "label": labels}
    codes = np.array(CODES, dtype="U4" if fortran else object)
    return {
        "metrics_iter": {"test": {"preds": {"arrays": {"predictions": predictions}}}},
        "metrics_stats": frames(),
        "subjectwise_stats": {"test": {"subject_code": codes, "labels": LABELS}},
        "subject_global_stats": arrays(),
    }


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    versions = f"numpy_{np.__version__}_pandas_{pd.__version__}"
    for protocol in (2, 4, 5):
        for name, fortran in (("c_order", False), ("f_order", True)):
            path = folder / f"{versions}_protocol_{protocol}_{name}.pickle"
            path.write_bytes(pickle.dumps(metrics(fortran), protocol))
