"""All figures of a study on one sheet, to be looked at together."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

_REDUCED = 3  # 300 pixels per inch to 100: whole pixels are averaged, so that nothing is guessed between them
_COLUMN, _GAP, _LABEL = 354, 18, 22  # pixels; a column of a journal page is 351 of them
_WIDTHS = (2, 4, 6, 8)  # columns of a sheet: the number that makes it most like a square
_SHEET, _CARD, _INK, _EDGE = "#eceff1", "#ffffff", "#000000", "#b0bec5"
_TEXT = 14


@dataclass(frozen=True)
class _Card:
    """A figure's picture, with its upper left corner on the sheet and its name, which stands above."""

    name: str
    picture: Image.Image
    left: int
    top: int


def contact_sheet(figures: Mapping[str, Path | str]) -> bytes:
    """A PNG of the figures in their order, each at a third of its printed size below its name.

    A figure goes where there is room furthest up. One without a path to its picture has a card with the words
    that are given instead.
    """
    pictures = {
        name: _reduced(given) if isinstance(given, Path) else _card(given) for name, given in figures.items()
    }
    sheets = [_Sheet(n, _placed(pictures, n)) for n in _WIDTHS]
    squarest = min(sheets, key=lambda sheet: max(sheet.width / sheet.height, sheet.height / sheet.width))
    content = io.BytesIO()
    squarest.drawn().save(content, "PNG", optimize=True, dpi=(100, 100))
    return content.getvalue()


@dataclass(frozen=True)
class _Sheet:
    """Cards on a sheet of so many columns."""

    n_columns: int
    cards: Sequence[_Card]

    @property
    def width(self) -> int:
        return self.n_columns * (_COLUMN + _GAP) + _GAP

    @property
    def height(self) -> int:
        return max((card.top + card.picture.height + _GAP for card in self.cards), default=2 * _GAP)

    def drawn(self) -> Image.Image:
        sheet = Image.new("RGB", (self.width, self.height), _SHEET)
        pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(_TEXT)
        for card in self.cards:
            pen.text((card.left, card.top - _LABEL + 2), card.name, fill=_INK, font=font)
            edge = (
                card.left - 1,
                card.top - 1,
                card.left + card.picture.width,
                card.top + card.picture.height,
            )
            pen.rectangle(edge, outline=_EDGE)
            sheet.paste(card.picture, (card.left, card.top))
        return sheet


def _placed(pictures: Mapping[str, Image.Image], n_columns: int) -> list[_Card]:
    """Each picture as far up as it fits, then as far left, in one column or over several."""
    depths, cards = [_GAP] * n_columns, []
    for name, picture in pictures.items():
        span = min(-(-picture.width // (_COLUMN + _GAP)), n_columns)
        starts = range(0, n_columns - span + 1, span)  # wide ones side by side fill the sheet
        first = min(starts, key=lambda column: max(depths[column : column + span]))
        top = max(depths[first : first + span]) + _LABEL
        cards.append(_Card(name, picture, _GAP + first * (_COLUMN + _GAP), top))
        depths[first : first + span] = [top + picture.height + _GAP] * span
    return cards


def _reduced(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        return picture.convert("RGB").reduce(_REDUCED)


def _card(words: str) -> Image.Image:
    card = Image.new("RGB", (_COLUMN, 3 * _LABEL), _CARD)
    ImageDraw.Draw(card).text((_GAP, _LABEL), words, fill=_INK, font=ImageFont.load_default(_TEXT))
    return card
