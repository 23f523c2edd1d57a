"""Text as LaTeX prints it: escaped, with places to break a line, as a macro's name, as a comment."""

import re
import unicodedata

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"{\char34}", "`": r"{\char96}", "'": r"{\char39}",
    "-": "-{}", "–": "--", "—": "---", "−": "$-$", "\u00a0": "~",
    "×": r"$\times$", "±": r"$\pm$", "≤": r"$\le$", "≥": r"$\ge$",
}  # fmt: skip
"""A hyphen ends in `{}`, so that two of them in a name are no dash."""
_WORDS = [
    "Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve",
    "Thirteen", "Fourteen", "Fifteen", "Sixteen", "Seventeen", "Eighteen", "Nineteen",
]  # fmt: skip
_TENS = ["Twenty", "Thirty", "Forty", "Fifty", "Sixty", "Seventy", "Eighty", "Ninety"]


def escaped(text: str) -> str:
    """The text with nothing left that LaTeX takes for a command, and its dashes as it writes them."""
    return "".join(_SPECIAL.get(character, character) for character in _on_one_line(text))


def breakable(text: str) -> str:
    """The text escaped, and free to go on in a new line within: before a word after `_-./`, or `Like|This`."""
    pieces = re.split(r"(?<=[_\-./])(?=[^\W\d])|(?<=[a-z]{3})(?=[A-Z])", text)
    return r"\allowbreak{}".join(map(escaped, pieces))


def named(text: str) -> str:
    """The text in letters alone, as a part of a macro's name: `k-NN, 5` is `KNNFive`; `Other` if none are left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.findall(r"[A-Za-z]+|[0-9]+", plain)
    return (
        "".join(_number(word) if word.isdigit() else word[0].upper() + word[1:] for word in words) or "Other"
    )


def comment(text: str) -> str:
    """The text as a comment: it ends with its line, whatever stands in it."""
    return f"% {_on_one_line(text)}".rstrip()


def _on_one_line(text: str) -> str:
    printable = "".join(c if c.isprintable() or c == "\u00a0" else " " for c in text)
    return re.sub(" +", " ", printable).strip(" ")


def _number(digits: str) -> str:
    """A number below a hundred in a word, a longer one digit by digit."""
    if len(digits) > 2 or (len(digits) == 2 and digits[0] == "0"):
        return "".join(_WORDS[int(digit)] for digit in digits)
    tens, ones = divmod(int(digits), 10)
    return _WORDS[int(digits)] if tens < 2 else _TENS[tens - 2] + (_WORDS[ones] if ones else "")
