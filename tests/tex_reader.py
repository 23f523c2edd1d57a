"""What TeX would print of an escaped text, read by rules of its own; anything that is no plain text is refused."""

import re

_TOKEN = re.compile(r"\\[A-Za-z]+\{\}|\\[&%$#_{}]|\{\\char\d+\}|\$[^$]+\$|-\{\}|---?|[^\\{}$&#%_~^-]|~")
_COMMANDS = {
    "textbackslash": "\\", "textasciitilde": "~", "textasciicircum": "^", "textless": "<", "textgreater": ">",
    "textbar": "|", "allowbreak": "",
}  # fmt: skip
_MATHS = {"$-$": "−", r"$\times$": "×", r"$\pm$": "±", r"$\le$": "≤", r"$\ge$": "≥"}
_PLAIN = {"-{}": "-", "--": "–", "---": "—", "~": "\u00a0", **_MATHS}


def printed(tex: str) -> str:
    """The text as a reader sees it. Raises ValueError for a character that TeX would take for something else."""
    found, at = [], 0
    while at < len(tex):
        match = _TOKEN.match(tex, at)
        if match is None:
            raise ValueError(f"TeX would not print this: {tex[at : at + 20]!r}")
        found.append(_character(match[0]))
        at = match.end()
    return "".join(found)


def _character(token: str) -> str:
    if token in _PLAIN:
        return _PLAIN[token]
    if token.startswith("{\\char"):
        return chr(int(token[6:-1]))
    if token.startswith("\\"):
        return token[1] if not token[1].isalpha() else _COMMANDS[token[1:-2]]
    if token.startswith("$"):
        raise ValueError(f"unknown formula {token}")
    return token
