"""The original subject codes that are known here, and how they are found again in whatever leaves.

A code counts within longer text where no letter or digit adjoins it, whatever its case, its Unicode form and the
zeros that pad its numbers; also as URLs, JSON and XML spell it. Two kinds of codes count only where they are all
of a text value (a cell of a table, a text or key in JSON): those of fewer than four characters, and plain
numbers, which appear everywhere as counts and seeds. A number that is kept as a number never counts as a code,
unless its column or key says that it tells subjects apart.
"""

import html
import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from assets.inputs.subjects import read_lookup

if TYPE_CHECKING:
    from assets.inputs.privacy.glued import Needles

LOOKUP = "subject_lookup.csv"

_TELLING = 4
"""Characters from which a code is looked for within longer text."""
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_WHOLE_NUMBER = re.compile(r"0*([0-9]+)(?:\.0)?")
_PADDING = re.compile(r"(?<![0-9])0+(?=[0-9])")
_LETTER = re.compile(r"[^\W\d_]")
_POSITION = re.compile("row [0-9]+")
_FOREIGN = re.compile(r"[a-zA-Z]?[^\x00-\x7f\ufffd]+")
"""What may have several Unicode forms; to normalise all of a text would cost ten times as much."""
_WORD = re.compile(r"([^\W_]+)")
_NAMES_SUBJECTS = re.compile("subject|patient|participant|proband|person", re.IGNORECASE)


@dataclass(frozen=True)
class Finding:
    """A place where original codes stand, and how many; never which."""

    place: str
    count: int


@dataclass(frozen=True)
class Originals:
    """Original subject codes, ready to be looked for."""

    codes: frozenset[str]

    @classmethod
    def known(cls, private_dir: Path) -> "Originals":
        """Return the codes of every look-up in the private folder and in the folders within it.

        Raises UserError for a look-up that is damaged or that others may read.
        """
        return cls.of(code for lookup in lookups(private_dir) for code in lookup.values())

    @classmethod
    def of(cls, codes: Iterable[str]) -> "Originals":
        """Take codes; those that say nothing but a position (`row 7`, of tables without codes) name nobody."""
        return cls(frozenset(code for code in codes if not _POSITION.fullmatch(code)))

    def __bool__(self) -> bool:
        return bool(self.codes)

    def in_text(self, text: str) -> frozenset[str]:
        """Return the codes that stand within a text."""
        plain = folded(text)
        families = [family for family in self._index.families if family.may_be_in(plain)]
        if not families:
            return frozenset()
        unpadded = _PADDING.sub("", plain)
        return frozenset(
            code for family in families for code in family.found_in(unpadded if family.lettered else plain)
        )

    def among(self, values: Iterable[str], *, numbers: bool = True) -> frozenset[str]:
        """Return the codes that are one of these values, or stand within one.

        Without `numbers`, codes that are plain numbers are passed over: where a number may be just that.
        """
        different, whole = set(values), self._index.whole
        found = {whole[form] for form in map(_whole, different) if form in whole}
        if not numbers:
            found = {code for code in found if not _NUMBER.fullmatch(folded(code))}
        return self.in_text("\n".join(different)) | found

    def in_bytes(self, content: bytes) -> frozenset[str]:
        """Return the codes that stand in bytes of any kind, as UTF-8 or UTF-16, also with other texts adjoining."""
        if b"\0" not in content:
            return self.in_text(content.decode("utf-8", "replace"))
        # of codes that are ASCII nothing is lost, and the rest of a binary file costs much less to pass over
        encoding = "ascii" if all(code.isascii() for code in self.codes) else "utf-8"
        found = self.in_text(content.decode(encoding, "replace"))
        narrowed = content.replace(b"\0", b"")  # how UTF-16 spells what is ASCII
        return found | self.in_text(narrowed.decode("utf-8", "replace")) | {*self._needles.found_in(content)}

    @cached_property
    def some_count_whole_alone(self) -> bool:
        """Whether there are codes that do not count within longer text."""
        within = {code for family in self._index.families for code in family.codes.values()}
        return not self.codes <= within

    def code_of(self, value: str) -> str | None:
        """Return the code that a value is, None if it is none."""
        return self._index.whole.get(_whole(value))

    def hidden(self, name: str) -> str:
        """Return a name or path as it may be told: without the parts that bear a code."""
        return "/".join("…" if self._names(part) else part for part in name.split("/"))

    def _names(self, part: str) -> bool:
        return bool(self.among([part, part.partition(".")[0]], numbers=False))

    @cached_property
    def _needles(self) -> "Needles":
        from assets.inputs.privacy.glued import Needles  # numpy, for bytes alone

        return Needles.of(code for code in self.codes if _LETTER.search(code))

    @cached_property
    def _index(self) -> "_Index":
        return _Index.of(self.codes)


def lookups(private_dir: Path) -> Iterator[Mapping[str, str]]:
    """Yield every look-up of a private folder: keyed code -> original code."""
    if private_dir.is_dir():
        for folder in (private_dir, *sorted(path for path in private_dir.iterdir() if path.is_dir())):
            yield read_lookup(folder)


@cache
def names_subjects(name: str) -> bool:
    """Tell whether a column or key says that what it holds tells subjects apart."""
    return _NAMES_SUBJECTS.search(name) is not None


def folded(text: str) -> str:
    """Return a text as it is compared: in one Unicode form and without case."""
    if text.isascii():
        return text.lower()
    return _FOREIGN.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text).casefold()


def _whole(value: str) -> str:
    """Return what a value is compared by where a code must be all of it."""
    plain = folded(value.strip())
    if _NUMBER.fullmatch(plain):
        found = _WHOLE_NUMBER.fullmatch(plain)
        return found[1] if found else plain  # a number of a table that was read as one; 1.00 is a rounded one
    return _PADDING.sub("", plain) if _LETTER.search(plain) else plain


@dataclass(frozen=True)
class _Family:
    """Codes of one make: the same characters before, between and behind their words."""

    between: tuple[str, ...]
    lettered: bool
    codes: Mapping[str, str]
    """Spelling -> code."""

    def may_be_in(self, text: str) -> bool:
        """Tell, fast, whether any of them can be in a text."""
        return self._beginning in text and all(part in text for part in self.between)

    def found_in(self, text: str) -> set[str]:
        """Return those that stand in a text, between what is no letter or digit."""
        return {self.codes[match] for match in self._pattern.findall(text) if match in self.codes}

    @cached_property
    def _beginning(self) -> str:
        """Return how all of them begin, as far as no zeros can pad it."""
        first, last = min(self.codes), max(self.codes)
        same = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
        return re.split("[0-9]", first[:same], maxsplit=1)[0]

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        if self.between == ("", ""):
            return _WORD  # words are as long as they can be: nothing adjoins them
        words = r"[^\W_]++".join(map(re.escape, self.between))
        # a part of a date or a version is no code
        before, behind = ("", "") if self.lettered else (r"(?<![0-9][-./:])", "(?![-./:][0-9])")
        return re.compile(rf"(?<![^\W_]){before}(?=({words})(?![^\W_]){behind})")


@dataclass(frozen=True)
class _Index:
    """Spellings of the codes: those that count as a whole value, and those that count within text.

    A code without letters is compared as it is; of others the zeros that pad numbers are left out.
    """

    whole: Mapping[str, str]
    families: tuple[_Family, ...]

    @classmethod
    def of(cls, codes: Iterable[str]) -> "_Index":
        whole = dict[str, str]()
        within = defaultdict[tuple[tuple[str, ...], bool], dict[str, str]](dict)
        for code in codes:
            lettered = _LETTER.search(code) is not None
            for spelling in _spellings(code):
                plain = folded(spelling)
                whole[_whole(spelling)] = code
                if len(plain) >= _TELLING and not _NUMBER.fullmatch(plain):
                    plain = _PADDING.sub("", plain) if lettered else plain
                    within[tuple(_WORD.split(plain)[::2]), lettered][plain] = code
        return cls(whole, tuple(_Family(*make, found) for make, found in within.items()))


def _spellings(code: str) -> set[str]:
    return {code, quote(code, safe=""), json.dumps(code)[1:-1], html.escape(code)}
