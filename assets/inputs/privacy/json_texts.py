"""What a JSON value says in words: texts and keys, and the numbers under keys that name subjects."""

from typing import Any

from assets.inputs.privacy.originals import names_subjects


def texts(value: Any) -> set[str]:
    """Return every text and every key of a JSON value, and as text each number whose key names subjects."""
    found, left = set[str](), [("", value)]
    while left:
        key, item = left.pop()
        if isinstance(item, str):
            found.add(item)
        elif isinstance(item, dict):
            found.update(map(str, item))
            left.extend((str(name), inner) for name, inner in item.items())
        elif isinstance(item, list | tuple):
            left.extend((key, inner) for inner in item)
        elif isinstance(item, int | float) and names_subjects(key):
            found.add(str(item))
    return found
