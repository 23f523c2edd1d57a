"""Keys, and groups, owners, tags and kinds as Dagster takes them.

What it refuses would keep the whole project from its pages. The rules are those of Dagster 1.13: `check_valid_name`,
`validate_group_name`, `validate_asset_owner`, `normalize_tags`; spelled without regular expressions where every asset
needs them, since compiling those is slow.
"""

import re
from collections.abc import Sequence
from keyword import kwlist
from typing import Any

from assets.engine.declarations import Asset
from assets.engine.errors import UserError

_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_LABEL = _WORD | {"-", "."}
_LONGEST_LABEL = 63
_MOST_KINDS = 10
_RESERVED = frozenset(
    {"arg_dict", "bool", "conf", "config", "context", "dict", "float", "input", "input_arg_dict", "int"}
    | {"meta", "output", "output_arg_dict", "str", "type", *kwlist}
)
_EMAIL = r"\b[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Z|a-z]{2,7}\b"


def one_key(given: Any, own: str | None = None) -> str:
    """Return the key that is meant by a name, a list of one name, an `AssetKey`, `AssetIn`, `AssetDep` or an asset.

    `own` is meant where nothing is named. Raises UserError for a key of several parts, and for what names no asset.
    """
    named = getattr(given, "asset_key", getattr(given, "key", given))
    kind = type(given)
    if named is not given and kind.__module__.split(".")[0] == "dagster":
        raise UserError(
            f"this {kind.__name__} is Dagster's own: give the asset's name, or what assets.engine calls so"
        )
    parts = getattr(named, "path", named)
    if parts is None and own is not None:
        return own
    if isinstance(parts, str):
        return parts
    if not isinstance(parts, Sequence) or len(parts) != 1 or not isinstance(parts[0], str):
        raise UserError(
            f"{given!r} is not the key of an asset: give its name, or the asset itself; a key has one part here, so "
            "write `raw_orders` for `raw/orders`"
        )
    return parts[0]


def check_key(key: str) -> None:
    """Raise UserError for a name that Dagster does not take; here any may be had by an asset that stays here."""
    if not key or not _LABEL.issuperset(key) or key in _RESERVED:
        raise UserError(
            f"`{key}` cannot be shown on Dagster's pages: it takes names of unaccented letters, digits, `_`, `-` and "
            "`.`, and no word that it or Python reserves; rename the asset with `name=`"
        )


def checked(asset: Asset) -> Asset:
    """Return the asset as it is; raises UserError for a group, owner, tag or kind that Dagster would not take."""
    if not all(part and _WORD.issuperset(part) for part in asset.group_name.split("/")):
        raise UserError(
            f"`{asset.key}`: the group {asset.group_name!r} must be made of unaccented letters, digits and `_`, with "
            "`/` between its parts"
        )
    for owner in asset.owners:
        if not (re.fullmatch(_EMAIL, owner) or (owner.startswith("team:") and owner != "team:")):
            raise UserError(
                f"`{asset.key}`: the owner {owner!r} is neither an e-mail address nor `team:` with a name"
            )
    for name, value in asset.tags.items():
        if not _is_tag(name, value):
            raise UserError(f"`{asset.key}`: the tag {name!r} with the value {value!r} {_MUST_BE}")
    for kind in asset.kinds:
        if not _is_label(kind) or not kind:
            raise UserError(f"`{asset.key}`: the kind {kind!r} {_MUST_BE}")
    if len(asset.kinds) > _MOST_KINDS:
        raise UserError(f"`{asset.key}` has {len(asset.kinds)} kinds: Dagster takes at most {_MOST_KINDS}")
    return asset


_MUST_BE = (
    f"must be made of unaccented letters, digits, `_`, `-` and `.`, at most {_LONGEST_LABEL} of them; one `/` may "
    "divide a tag's name"
)


def _is_tag(name: Any, value: Any) -> bool:
    space, slash, label = name.rpartition("/") if isinstance(name, str) else ("", "", "")
    named = (
        label and _is_label(label) and (not slash or space == "dagster/kind" or (space and _is_label(space)))
    )
    return bool(named) and isinstance(value, str) and _is_label(value)


def _is_label(text: str) -> bool:
    return len(text) <= _LONGEST_LABEL and _LABEL.issuperset(text)
