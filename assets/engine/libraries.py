"""Versions of installed libraries, by the names that code imports them under."""

from functools import cache
from importlib import metadata

_DISTRIBUTIONS = {"sklearn": "scikit-learn", "ibis": "ibis-framework", "yaml": "PyYAML", "PIL": "pillow"}


@cache
def version(module: str) -> str:
    """Return the installed version of the library that a module belongs to, or `not installed`."""
    for name in (_DISTRIBUTIONS.get(module, module), module.replace("_", "-")):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    owners = metadata.packages_distributions().get(module)
    return metadata.version(owners[0]) if owners else "not installed"
