"""Tables of runs in booktabs: the highlighted ones with all that is reported, and all of them in a long table."""

from collections.abc import Mapping, Sequence
from itertools import groupby

import pandas as pd

from assets.charts.composition.about import counts_said
from assets.charts.composition.datasets import columns
from assets.latex.cells import Notes
from assets.latex.measures import Estimated, Key, Reported, found
from assets.latex.texts import breakable, escaped

METHODS = {
    "classifier": "Classifier",
    "outlier_method": "Outlier detection",
    "imputation_method": "Imputation",
    "featurization": "Features",
}
USE = (
    "Table of the highlighted runs.",
    r"Preamble: \usepackage{booktabs,array}",
    r"Text: \input{tables/highlighted_runs}, spoken of as \ref{tab:highlighted-runs}",
)
LONG_USE = (
    "Table of all runs, over several pages, for landscape.",
    r"Preamble: \usepackage{booktabs,array,longtable,pdflscape}",
    r"Text: \begin{landscape}\input{tables/all_runs}\end{landscape}, spoken of as \ref{tab:all-runs}",
)
_BESIDE = 4  # runs in columns beside one another; more go on in another float
_LEFT_TO_NUMBERS = ("standardised_net_benefit@", "ppv@", "npv@")
_CORE = ("auroc", "calibration_intercept__bootstrap_ci", "calibration_slope_profile_ci", "oe_ratio", "brier")


def of_highlighted(
    chosen: pd.DataFrame, known: Mapping[Key, Estimated], measures: Sequence[Reported], *, rule: str
) -> str:
    """Floats with a column for each run and a row for each measure, by domain.

    Reads run_id, the columns of METHODS and, as far as known, n_test, n_events and n_bootstrap of `chosen`; `rule`
    says how these runs were chosen.
    """
    runs, notes = columns(chosen, "runs", ["run_id", *METHODS]), Notes()
    if runs.empty:
        return "No run has an AUROC, so none is highlighted.\n"
    shown = [measure for measure in measures if not measure.measure.startswith(_LEFT_TO_NUMBERS)]
    parts = [runs.iloc[start : start + _BESIDE] for start in range(0, len(runs), _BESIDE)]
    blocks = [_block(part, known, shown, notes) for part in parts]
    said = ["Performance on the test set.", rule, counts_said(list(runs.run_id), chosen)]
    whole = _caption([*said, *_intervals(runs, known, shown)], notes)
    captions = [rf"\caption{{{whole}}}\label{{tab:highlighted-runs}}"]
    captions += [r"\addtocounter{table}{-1}\caption[]{Continued.}"] * (len(blocks) - 1)
    return "\n".join(_float(block, head) for block, head in zip(blocks, captions, strict=True))


def of_all(essential_metrics: pd.DataFrame, known: Mapping[Key, Estimated], shown: Sequence[Reported]) -> str:
    """A long table with a row for each run, ordered by its methods, never by result; methods that vary have a column.

    Reads run_id, the columns of METHODS and, as far as known, n_test, n_events and n_bootstrap.
    """
    runs, notes = columns(essential_metrics, "essential_metrics", ["run_id", *METHODS]), Notes()
    if runs.empty:
        return "There are no runs.\n"
    runs = runs.sort_values([*METHODS, "run_id"])
    varied = [name for name in METHODS if runs[name].nunique() > 1] or ["classifier"]
    lines = [
        _row([*map(breakable, row[varied]), *_cells(row.run_id, known, shown, notes)])
        for _, row in runs.iterrows()
    ]
    same = [f"{METHODS[name]} of all: {runs[name].iloc[0]}." for name in METHODS if name not in varied]
    said = ["Performance of every run on the test set, ordered by method.", *same]
    said += [counts_said(list(runs.run_id), essential_metrics), *_intervals(runs, known, shown)]
    titles = [*(METHODS[name] for name in varied), *(escaped(measure.title) for measure in shown)]
    return _long(lines, titles, caption=_caption(said, notes), n_texts=len(varied))


def core(measures: Sequence[Reported]) -> list[Reported]:
    """The few measures that fit in a row: without a threshold those of the core, and the first net benefit."""
    benefits = [measure for measure in measures if measure.measure.startswith("net_benefit@")]
    return [*(measure for measure in measures if measure.measure in _CORE), *benefits[:1]]


def _block(
    runs: pd.DataFrame, known: Mapping[Key, Estimated], shown: Sequence[Reported], notes: Notes
) -> str:
    """A tabular of a few runs."""
    head = [_row([title, *map(breakable, runs[name])]) for name, title in METHODS.items()]
    lines: list[str] = []
    for domain, of_domain in groupby(shown, key=lambda measure: measure.domain):
        lines += [r"\addlinespace", rf"\multicolumn{{2}}{{l}}{{\emph{{{domain.capitalize()}}}}} \\"]
        for measure in of_domain:
            cells = [notes.cell(found(known, run, measure.measure), measure.digits) for run in runs.run_id]
            lines.append(_row([escaped(measure.title), *cells]))
    form = _wrapping(0.22) + _wrapping(min(0.25, 0.69 / len(runs))) * len(runs)
    body = [r"\toprule", *head, r"\midrule", *lines[1:], r"\bottomrule"]
    return "\n".join([rf"\begin{{tabular}}{{{form}}}", *body, r"\end{tabular}"])


def _cells(run_id: str, known: Mapping[Key, Estimated], shown: Sequence[Reported], notes: Notes) -> list[str]:
    return [notes.cell(found(known, run_id, measure.measure), measure.digits) for measure in shown]


def _intervals(runs: pd.DataFrame, known: Mapping[Key, Estimated], shown: Sequence[Reported]) -> list[str]:
    """How the intervals were made, as the table of measures says."""
    methods: dict[str, list[str]] = {}
    for measure in shown:
        for method in sorted({found(known, run, measure.measure).method for run in runs.run_id} - {""}):
            methods.setdefault(method, []).append(measure.title.partition(" at ")[0])
    said = "; ".join(f"{', '.join(dict.fromkeys(titles))}: {method}" for method, titles in methods.items())
    return [f"In parentheses 95% confidence intervals ({said})."] if said else []


def _caption(sentences: Sequence[str], notes: Notes) -> str:
    return " ".join([*map(escaped, sentences), *notes.sentences()])


def _row(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _wrapping(share: float) -> str:
    """A column of that share of the line's width, whose text is ragged and wraps."""
    return rf">{{\raggedright\arraybackslash}}p{{{share:.3f}\linewidth}}"


def _float(body: str, caption: str) -> str:
    head = [
        r"\begin{table}",
        r"\centering",
        caption + r"\par\medskip",
        r"\scriptsize\setlength{\tabcolsep}{3pt}",
    ]
    return "\n".join([*head, body, r"\end{table}"]) + "\n"


def _long(lines: Sequence[str], titles: Sequence[str], *, caption: str, n_texts: int) -> str:
    """A longtable whose heading stands on each page."""
    n_numbers, share = len(titles) - n_texts, 0.085
    form = _wrapping(share) * n_texts + _wrapping((0.93 - share * n_texts) / n_numbers) * n_numbers
    heading = [r"\toprule", _row(titles), r"\midrule"]
    return "\n".join(
        [
            r"{\scriptsize\setlength{\tabcolsep}{2pt}\setlength{\LTcapwidth}{\linewidth}",
            rf"\begin{{longtable}}{{{form}}}",
            rf"\caption{{{caption}}}\label{{tab:all-runs}} \\",
            *heading, r"\endfirsthead",
            rf"\multicolumn{{{len(titles)}}}{{l}}{{\tablename\ \thetable{{}}, continued}} \\",
            *heading, r"\endhead",
            r"\bottomrule", r"\endfoot",
            *lines,
            r"\end{longtable}}",
        ]
    ) + "\n"  # fmt: skip
