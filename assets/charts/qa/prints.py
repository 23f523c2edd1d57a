"""P2: the three files as a journal takes them: their size on paper, their sharpness, their text and fonts."""

from collections import Counter
from collections.abc import Iterable, Iterator

from assets.charts.publication.pictures import size_of
from assets.charts.qa.exhibit import Exhibit, check

_PPI, _WIDTHS_MM, _TALLEST_MM, _TOLERANCE_MM = 300, (89, 183), 230, 0.5
_MM_PER_POINT = 25.4 / 72


@check("P2", of_pictures=True)
def pictures_are_sharp_and_sized(figure: Exhibit) -> Iterator[str]:
    """PNG, SVG and PDF are 89 or 183 mm wide, at most 230 mm high and of one size; the PNG has 300 ppi."""
    drawn = figure.scene.width * _MM_PER_POINT, figure.scene.height * _MM_PER_POINT
    for kind, content in figure.files.items():
        try:
            size = size_of(kind, content)
        except ValueError as error:
            yield f"the {kind} is broken: {error}"
            continue
        if min(abs(size.width_mm - width) for width in _WIDTHS_MM) > _TOLERANCE_MM:
            yield f"the {kind} is {size.width_mm} mm wide, not 89 or 183 mm"
        if size.height_mm > _TALLEST_MM:
            yield f"the {kind} is {size.height_mm} mm high, more than {_TALLEST_MM} mm: a page without its caption"
        if max(abs(size.width_mm - drawn[0]), abs(size.height_mm - drawn[1])) > _TOLERANCE_MM:
            yield f"the {kind} is not as large as the drawing"
        if size.ppi is not None and round(size.ppi) < _PPI:
            yield f"the {kind} has {size.ppi} pixels per inch, not {_PPI}"


@check("P2", of_pictures=True)
def svg_is_whole(figure: Exhibit) -> Iterator[str]:
    """The SVG has the text of the drawing, runs nothing and fetches nothing."""
    try:
        texts, foreign = figure.svg.texts, figure.svg.foreign
    except ValueError as error:
        yield f"the svg is broken: {error}"
        return
    yield from _other("svg", "texts", Counter(texts), Counter(text.text for text in figure.scene.texts))
    for name in dict.fromkeys(foreign):
        yield f"the svg holds {name}"


@check("P2", of_pictures=True)
def pdf_is_whole(figure: Exhibit) -> Iterator[str]:
    """The PDF is one page, has its fonts embedded, and the characters of the drawing as text."""
    try:
        pdf = figure.pdf
    except ValueError as error:
        yield f"the pdf is broken: {error}"
        return
    if pdf.pages != 1:
        yield f"the pdf has {pdf.pages} pages"
    for font, embedded in pdf.fonts.items():
        if not embedded:
            yield f"the pdf does not bring its font {font}"
    yield from _other(
        "pdf", "characters", _letters([pdf.text]), _letters(text.text for text in figure.scene.texts)
    )


def _other(kind: str, what: str, found: Counter[str], wanted: Counter[str]) -> Iterator[str]:
    if lost := wanted - found:
        yield f"the {kind} lacks {lost.total()} of {wanted.total()} {what}, such as {min(lost)!r}"
    if more := found - wanted:
        yield f"the {kind} has {more.total()} {what} that are not drawn, such as {min(more)!r}"


def _letters(texts: Iterable[str]) -> Counter[str]:
    return Counter("".join("".join(texts).split()))
