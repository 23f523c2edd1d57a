"""The section of figures: each as it is printed, which scripts replace by one that tells of its points."""

import os
from collections.abc import Sequence
from pathlib import Path

from assets.report.drawings import inline
from assets.report.figure_files import Picture
from assets.report.markup import Html, data, element, prose, together
from assets.report.packing import packed
from assets.stratos.catalogue import MEASURES

_ONE_COLUMN = 100  # mm; wider figures fill both columns of a journal's page, and of this one
_FORMS = {".png": "PNG", ".svg": "SVG", ".pdf": "PDF"}


def section(pictures: Sequence[Picture], page: Path) -> Html:
    """Return all figures; `page` is where the page will be, for the links to their files."""
    return element("div", *(_figure(picture, page) for picture in pictures), class_="figures")


def _figure(picture: Picture, page: Path) -> Html:
    title = element("h3", picture.title, id=f"figure-{picture.key}")
    if picture.sidecar is None or picture.svg is None:
        why = prose(f"Not in place: {picture.entry.because or 'it was not made'}.")
        return element("article", title, element("p", why, class_="missing"), class_="column")
    wide = picture.sidecar["files"]["svg"]["width_mm"] > _ONE_COLUMN
    words = element(
        "details", element("summary", "In words"), element("p", prose(picture.sidecar["alt_text"]))
    )
    caption = element(
        "figcaption", element("p", prose(picture.sidecar["caption"])), words, _links(picture, page)
    )
    kind = "page" if wide else "column"
    return element("article", title, element("figure", _paper(picture), caption), class_=kind)


def _paper(picture: Picture) -> Html:
    """Return the printed picture and, where a script may draw it again, what it is drawn from."""
    assert picture.sidecar is not None
    if not picture.public:
        told = "A point of this figure is a single subject: it is left out of this page. Its files hold it."
        return element("p", told, class_="missing")
    assert picture.svg is not None
    svg = inline(picture.svg, picture.key)
    drawn = element("div", svg, class_="picture", role="img", aria_label=picture.sidecar["alt_text"])
    paper = element(  # it can be reached with the keyboard, for where it is wider than the screen
        "div",
        drawn,
        class_="paper",
        data_figure=picture.key,
        tabindex="0",
        role="group",
        aria_label=picture.title,
    )
    return together([paper, _drawing(picture)])


def _drawing(picture: Picture) -> Html | None:
    assert picture.sidecar is not None
    if picture.absent or not picture.sidecar["units"]:
        return None  # nothing in it has a value that could be told
    given = {
        "spec": picture.sidecar["spec"],
        "units": {field: _field(field, unit) for field, unit in picture.sidecar["units"].items()},
        "data": {name: packed(rows) for name, rows in picture.sidecar["data"].items()},
    }
    return data(f"drawing-{picture.key}", given)


def _field(field: str, unit: str) -> dict[str, str]:
    """Return a field's unit, and its title where it is a measure."""
    known = MEASURES.get(field)
    return {"unit": unit} | ({"title": known.title} if known else {})


def _links(picture: Picture, page: Path) -> Html:
    files = {_FORMS[path.suffix]: path for path in picture.entry.files if path.suffix in _FORMS}
    links = [
        element("a", name, href=Path(os.path.relpath(path, page.parent)).as_posix())
        for name, path in files.items()
    ]
    return element("p", together(links, between=" · "), class_="files")
