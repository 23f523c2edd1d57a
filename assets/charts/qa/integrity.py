"""P0: the figure is what it says it is, drawn from the tables that it names, and shows something."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from assets.charts.composition.numbers import NOT_ESTIMABLE
from assets.charts.publication.sidecar import problems, redraw
from assets.charts.qa.exhibit import Exhibit, NotApplicableError, check
from assets.engine.errors import UserError

_FALSE_ORIGIN = re.compile(r"(?<![a-z])(synthetic|simulated|mock|dummy|placeholder)(?![a-z])", re.IGNORECASE)
_TELLS_ORIGIN = ("run_id", "run_name", "experiment", "label", "classifier", "featurization", "outlier_method",
                 "imputation_method")  # fmt: skip
# Layout, and what a study may rightly have none of.
_MAY_BE_EMPTY = {"key", "labels", "headings", "other_runs", "cut"}
_NAMES_SUBJECT = re.compile(r"(subject|patient|participant|person|individual)(_(id|code|name|key|label))?")
_OF_SUBJECT = re.compile(r"y_true|outcome|y_prob\w*")
_WHITE, _LEAST_INK = 250, 0.002
_LEAST_SHAPES = 2  # one is the background


@check("P0")
def sidecar_is_valid(figure: Exhibit) -> Iterator[str]:
    """The sidecar has all that its schema asks for, and its drawing is one."""
    wrong = problems(figure.sidecar)
    yield from wrong
    if not wrong:
        try:
            _ = figure.compiled
        except ValueError as error:
            yield f"the drawing cannot be drawn: {' '.join(str(error).split())[:200]}"


@check("P0")
def sources_are_current(figure: Exhibit) -> Iterator[str]:
    """Every table that the figure was drawn from is named, and holds the same data now."""
    sources = figure.sidecar["sources"]
    if not sources:
        yield "no source is named"
    for name, version in sources.items() if figure.tables is not None else ():
        now = (figure.tables or {}).get(name)
        if now != version:
            state = "there is no such table now" if now is None else f"the table is at {now} now"
            yield f"drawn from `{name}` at {version}, but {state}"


@check("P0")
def origin_is_real(figure: Exhibit) -> Iterator[str]:
    """Nothing that tells where the data are from says that they are made up."""
    sidecar = figure.sidecar
    told = [sidecar[name] for name in ("figure_id", "title", "caption")]
    told += [*sidecar["sources"], *_strings(sidecar["ingredients"].get("settings", {}))]
    for rows in sidecar["data"].values():
        told += [row[name] for row in rows for name in _TELLS_ORIGIN if isinstance(row.get(name), str)]
    for text in dict.fromkeys(told):
        if _FALSE_ORIGIN.search(text):
            yield f"made-up data? {text[:80]!r}"


@check("P0")
def data_are_there(figure: Exhibit) -> Iterator[str]:
    """No dataset is without a single number, but for what the figure says is not estimable in every run it names."""
    if figure.absent:
        raise NotApplicableError(f"nothing is drawn: {figure.absent}")
    data = {name: rows for name, rows in figure.sidecar["data"].items() if name not in _MAY_BE_EMPTY}
    told = _says_why(figure.sidecar["data"])
    told &= any("run_id" in row for rows in data.values() for row in rows)  # and shows something else of runs
    for name, rows in data.items():
        numbers = any(isinstance(value, (int, float)) for row in rows for value in row.values())
        if not numbers and (rows or not told):
            yield f"dataset `{name}` has no numbers"


@check("P0")
def subjects_are_private(figure: Exhibit) -> Iterator[str]:
    """No row is one subject, unless the settings say that figures may have such rows; none names a subject ever."""
    settings = figure.sidecar["ingredients"].get("settings", {})
    allowed = settings.get("row_level_figures") is True
    if figure.sidecar["privacy"] == "row_level" and not allowed:
        yield "it is of class `row_level`, and the setting `row_level_figures` does not allow that"
    for name, frame in figure.frames.items():
        yield from (
            f"`{name}.{column}` names subjects" for column in frame if _NAMES_SUBJECT.fullmatch(column)
        )
        rows = [column for column in frame if _OF_SUBJECT.fullmatch(column)]
        if rows and "n" not in frame and figure.sidecar["privacy"] != "row_level":
            yield f"`{name}.{rows[0]}` has a value for each subject, and the figure is of class `aggregate`"


@check("P0")
def files_are_those_drawn(figure: Exhibit) -> Iterator[str]:
    """PNG, SVG and PDF are, to the byte, the pictures that the sidecar speaks of."""
    for kind, described in figure.sidecar["files"].items():
        found = hashlib.sha256(figure.files[kind]).hexdigest() if kind in figure.files else None
        if found is None:
            yield f"{described['path']} is missing"
        elif found != described["sha256"]:
            yield f"{described['path']} is not the one that was drawn"


@check("P0", of_pictures=True)
def sidecar_draws_the_pictures(figure: Exhibit) -> Iterator[str]:
    """Data and drawing of the sidecar give the pictures again, to the byte.

    Not the PDF of a drawing with opacity or with a second face, which has other bytes every time.
    """
    try:
        drawn = vars(redraw(figure.sidecar))
    except UserError as error:
        yield str(error)
        return
    for kind, content in drawn.items():
        if content != figure.files[kind] and (kind != "pdf" or figure.scene.is_solid):
            yield f"the sidecar's data and drawing give another {kind} (or the font or vl-convert is another)"


@check("P0", of_pictures=True)
def data_are_drawn(figure: Exhibit) -> Iterator[str]:
    """There are marks that show data."""
    if figure.scene.marks == 0:
        yield "no data are drawn"


@check("P0", of_pictures=True)
def pictures_are_not_blank(figure: Exhibit) -> Iterator[str]:
    """PNG, SVG and PDF each show more than a background."""
    grey = figure.grey
    ink = float((grey < _WHITE).mean()) if grey.size else 0.0
    if ink < _LEAST_INK or grey.min() == grey.max():
        yield f"the png is blank or broken: {ink:.2%} of it is not white"
    for kind in ("svg", "pdf"):
        try:
            shapes = figure.svg.shapes if kind == "svg" else figure.pdf.painted
        except ValueError as error:
            yield f"the {kind} is broken: {error}"
            continue
        if shapes < _LEAST_SHAPES:
            yield f"the {kind} is blank"


def _says_why(data: Mapping[str, list[dict[str, Any]]]) -> bool:
    """Tell whether something is said to be not estimable: of every run that has a text of its own, if any has."""
    texts = [(row["run_id"], row["text"]) for rows in data.values() for row in rows if _is_of_run(row)]
    if texts:
        return {run for run, _ in texts} == {run for run, text in texts if NOT_ESTIMABLE in text}
    return any(NOT_ESTIMABLE in text for text in _strings(data))


def _is_of_run(row: Mapping[str, Any]) -> bool:
    return "run_id" in row and isinstance(row.get("text"), str)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
