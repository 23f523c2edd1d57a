"""The commands and their arguments as data: what the parser, the help and shell completion are made from.

Tuples with names, since every command loads them and `dataclasses` would double what that costs.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple


class Argument(NamedTuple):
    """One argument of a command."""

    names: tuple[str, ...]
    about: str
    how: Mapping[str, Any] = {}  # nobody changes it
    """What argparse is told of it."""
    completes: Literal["asset", "selection", "module", ""] = ""
    """What a shell may offer for it; what has `choices` offers those."""

    @property
    def is_option(self) -> bool:
        """Whether it is told by its name, not by its place."""
        return self.names[0].startswith("-")

    @property
    def takes_value(self) -> bool:
        """Whether a word after it belongs to it."""
        return "action" not in self.how


class Command(NamedTuple):
    """One command: where its function is, and all that its help says."""

    name: str
    module: str
    """Module of `assets.commands` whose function is called as the command is, with `_command` behind."""
    about: str
    arguments: tuple[Argument, ...] = ()
    examples: tuple[str, ...] = ()


def _flag(name: str, about: str) -> Argument:
    return Argument((name,), about, {"action": "store_true"})


def _value(name: str, metavar: str, about: str, **how: Any) -> Argument:
    return Argument((name,), about, {"metavar": metavar, **how})


MODULE = Argument(
    ("-m", "--module"),
    "module with assets of your own, instead of this study's",
    {"metavar": "MODULE"},
    "module",
)
JSON = _flag("--json", "print JSON; assets/README.md documents its fields")

_SELECTION = Argument(
    ("selection",), "which assets; nothing for all", {"nargs": "*", "metavar": "SELECTION"}, "selection"
)
_ASSET = Argument(("asset",), "name of one asset", {"metavar": "ASSET"}, "asset")
_FIGURE = Argument(("figure",), "name of a figure, or its sidecar's file", {"metavar": "FIGURE"}, "asset")
_FORCED = (
    _flag("--force", "run the selection whatever its state; not what it reads"),
    _flag("--force-downstream", "run the selection and all that reads it, whatever their state"),
)
_FORMATS = ("text", "mermaid", "svg", "html")

COMMANDS = (
    Command(
        "status",
        "looking",
        "say which assets are fresh, and why the others are not",
        (_SELECTION, _flag("--check", "exit with 1 unless all of them are fresh")),
        ("assets status", "assets status group:measures --check"),
    ),
    Command(
        "list",
        "looking",
        "list the assets: what they are and what they read",
        (_SELECTION,),
        ("assets list", "assets list kind:figure --json"),
    ),
    Command(
        "show",
        "looking",
        "show all that is known of one asset",
        (_ASSET,),
        ("assets show runs",),
    ),
    Command(
        "schema",
        "describing",
        "print what the DuckDB file says of its tables and columns, as Markdown",
        examples=("assets schema", "assets schema > schema.md"),
    ),
    Command(
        "why",
        "explaining",
        "show each ingredient of an asset, old and new",
        (_ASSET,),
        ("assets why roc",),
    ),
    Command(
        "plan",
        "explaining",
        "say what `materialize` would do, without doing it",
        (_SELECTION, *_FORCED),
        ("assets plan", "assets plan runs+ --force"),
    ),
    Command(
        "materialize",
        "building",
        "bring assets up to date",
        (
            _SELECTION,
            *_FORCED,
            _value("--jobs", "N", "assets computed at a time", type=int),
            _flag("--dry-run", "only say what would be done, as `assets plan` does"),
            _flag("--quiet", "tell only of what failed"),
        ),
        ("assets materialize", "assets materialize +roc", "assets materialize kind:figure --force"),
    ),
    Command(
        "graph",
        "drawing",
        "draw what reads what",
        (
            _SELECTION,
            _value(
                "--format", "FORMAT", "text (default), mermaid, svg, html", choices=_FORMATS, default="text"
            ),
            _value("--output", "FILE", "write a file instead of standard output"),
        ),
        ("assets graph +roc", "assets graph --format html --output lineage.html"),
    ),
    Command(
        "qa",
        "judging",
        "check the figures in place again: origin, numbers, print, colours",
        (_SELECTION,),
        ("assets qa", "assets qa roc calibration --json"),
    ),
    Command(
        "render",
        "sidecars",
        "draw a figure again from its sidecar alone, and say whether the pictures are the same",
        (_FIGURE, _value("--into", "FOLDER", "write the pictures there")),
        ("assets render roc", "assets render figures/generated/data/roc.json --into again"),
    ),
    Command(
        "data",
        "sidecars",
        "list the data of a figure, or write them as CSV",
        (_FIGURE, _value("--into", "FOLDER", "write a CSV for each dataset there, and their units")),
        ("assets data roc", "assets data roc --into roc_data"),
    ),
    Command(
        "history",
        "recalling",
        "list the materialisations of an asset, the newest first",
        (_ASSET, _value("--limit", "N", "how many (default: all)", type=int)),
        ("assets history runs --limit 5",),
    ),
    Command(
        "diff",
        "comparing",
        "show what changed between two versions of a table",
        (
            _ASSET,
            _value("old", "OLD", "data version, or how it begins (default: the one before)", nargs="?"),
            _value("new", "NEW", "the same (default: the table as it is)", nargs="?"),
            _value(
                "--with", "FILE", "compare with the table of that name in another DuckDB file", dest="other"
            ),
        ),
        ("assets diff runs", "assets diff runs --with published.duckdb"),
    ),
    Command(
        "verify",
        "proving",
        "prove that tables and files hold what their records say",
        (
            _value("--manifest", "FILE", "compare with published data versions instead"),
            _value("--write", "FILE", "write the data versions to publish, if all is well"),
        ),
        ("assets verify", "assets verify --write manifest.txt", "assets verify --manifest manifest.txt"),
    ),
    Command(
        "gc",
        "proving",
        "make the cache of earlier results smaller",
        (
            _value("--max-size", "SIZE", "keep at most this much, such as 500MB or 5GB"),
            _value("--keep", "N", "keep at most N results of each asset", type=int),
            _flag("--dry-run", "only say what would go"),
        ),
        ("assets gc --max-size 5GB", "assets gc --keep 3 --dry-run"),
    ),
    Command(
        "completion",
        "completion",
        "print a script that completes names in a shell",
        (
            Argument(
                ("shell",), "bash, zsh or fish", {"metavar": "SHELL", "choices": ("bash", "zsh", "fish")}
            ),
        ),
        (
            "source <(assets completion bash)",
            "assets completion fish > ~/.config/fish/completions/assets.fish",
        ),
    ),
)
