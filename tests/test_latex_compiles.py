"""LaTeX itself reads what is written for it, where there is one."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from latex_frames import (
    NO_INTERVAL,
    NULL,
    ORIGINS,
    PER_CENTS,
    essential_metrics,
    highlights,
    stratos_measures,
    variance_decomposition,
)

from assets.latex import numbers, provenance, tables
from assets.latex.measures import estimates, reported

LATEX = shutil.which("pdflatex")
pytestmark = pytest.mark.skipif(LATEX is None, reason="pdflatex is not installed")
DOCUMENT = r"""\documentclass{article}
\usepackage{booktabs,array,longtable}
\input{numbers}
\begin{document}
\section{\AurocBoosting} %s
\input{highlighted_runs}
\input{all_runs}
\end{document}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    known, measures = estimates(stratos_measures(auroc=NULL, brier=NO_INTERVAL)), reported(PER_CENTS)
    metrics, head = essential_metrics(), provenance.header(ORIGINS, numbers.USE, asset="latex_numbers")
    parts = [
        numbers.of_study(metrics, n_set_aside=0, resamples=1000, origins=ORIGINS),
        numbers.of_variance(variance_decomposition(), ORIGINS),
        numbers.of_runs(highlights("r1", "r2"), known, measures, ORIGINS),
    ]
    texts = {
        "numbers": numbers.document(*parts, header=head),
        "highlighted_runs": tables.of_highlighted(metrics, known, measures, rule="By hand."),
        "all_runs": tables.of_all(metrics, known, tables.core(measures)),
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.tex").write_text(text, "utf-8")
    return tmp_path


def compiled(folder: Path, used: str, *, mode: str = "nonstopmode") -> tuple[int, str]:
    (folder / "main.tex").write_text(DOCUMENT % used, "utf-8")
    (folder / "main.pdf").unlink(missing_ok=True)
    command = [LATEX or "", f"-interaction={mode}", "-no-shell-escape", "main.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=60)
    return done.returncode, (folder / "main.log").read_text("utf-8", errors="replace")


def test_a_manuscript_with_numbers_and_tables_compiles_without_an_error(folder: Path) -> None:
    names = re.findall(r"\\newcommand\{\\(\w+)\}\{(?!\\NumberMissing)", (folder / "numbers.tex").read_text())
    assert len(names) > 100
    code, log = compiled(folder, " ".join(rf"\{name}{{}}" for name in names))
    assert code == 0 and not re.findall("^!.*", log, re.MULTILINE), log[-1500:]


@pytest.mark.parametrize("mode", ["batchmode", "nonstopmode", "scrollmode"])
def test_a_number_that_does_not_exist_ends_latex_and_says_why(folder: Path, mode: str) -> None:
    code, log = compiled(folder, r"\AurocForest", mode=mode)
    assert code != 0 and not (folder / "main.pdf").exists()
    said = log.replace("\n", "")  # TeX breaks its lines anywhere
    assert r"\AurocForest has no value: separation, the probabilities separate the classes" in said
