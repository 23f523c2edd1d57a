"""The `assets` command: look at assets, ask why they are stale, build them.

Looking never writes and never takes a lock. Exit codes: 0 done, 1 a mistake of the user's, a failed
asset or (with `--check`) an asset that is not fresh, 2 a command that does not parse.
"""

import argparse
import importlib
import json
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from assets.engine import stamp
from assets.engine.asset import Asset
from assets.engine.errors import UserError, told
from assets.environment import PREFIXES

if TYPE_CHECKING:
    from assets.engine.build import Result
    from assets.engine.project import Project


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; a user's mistake is one line on standard error."""
    options = _parser().parse_args(arguments)
    return told(lambda: int(options.run(options)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="assets", description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("-m", "--module", help="module with assets of your own, instead of this study's")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int], about: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=about, description=about)
        sub.add_argument("--json", action="store_true", help="print JSON")
        sub.set_defaults(run=run)
        return sub

    selection = {"nargs": "*", "metavar": "SELECTION"}
    about_selection = "name, +name, name+, group:g, kind:table, tag:t, or nothing for all"
    status = command("status", _status, "say which assets are fresh, and why the others are not")
    status.add_argument("selection", help=about_selection, **selection)  # type: ignore[arg-type]
    status.add_argument("--check", action="store_true", help="exit with 1 unless everything is fresh")
    listing = command("list", _list, "list the assets: what they are and what they read")
    listing.add_argument("selection", help=about_selection, **selection)  # type: ignore[arg-type]
    why = command("why", _why, "show each ingredient of an asset, old and new")
    why.add_argument("name", metavar="ASSET")
    build = command("materialize", _materialize, "bring assets up to date")
    build.add_argument("selection", help=about_selection, **selection)  # type: ignore[arg-type]
    build.add_argument("--force", action="store_true", help="rebuild the selection whatever its state")
    return parser


def _status(options: argparse.Namespace) -> int:
    report = None
    if options.module is None and not options.selection:
        report = stamp.read(
            stamp.path_of("all"), PREFIXES
        )  # nothing moved since all was fresh: say it without looking
    if report is None:
        project = _project(options)
        keys = project.definitions.select(options.selection)
        inventory = project.look()
        report = project.report(inventory, inventory.plan(keys), keys)
    if options.json:
        _print_json({name: report[name] for name in ("database", "sources", "assets")})
    else:
        _print_status(report)
    fresh = all(row["state"] == "fresh" for row in report["assets"])
    return 1 if options.check and not fresh else 0


def _list(options: argparse.Namespace) -> int:
    definitions = _project(options).definitions
    assets = [definitions.assets[key] for key in definitions.select(options.selection)]
    if options.json:
        rows = [
            {
                "key": a.key,
                "kind": a.kind,
                "group": a.group_name,
                "reads": a.upstream,
                "description": a.description,
            }
            for a in assets
        ]
        _print_json({"assets": rows})
        return 0
    width = max(len(asset.key) for asset in assets)
    for asset in assets:
        print(f"{asset.key:<{width}}  {asset.kind:<6}  {asset.group_name:<9}  {asset.description}")
    return 0


def _why(options: argparse.Namespace) -> int:
    project = _project(options)
    asset = project.definitions.named(options.name)
    inventory = project.look()
    decision = inventory.plan(project.definitions.order)[asset.key]
    record = inventory.records.get(asset.key)
    now = inventory.ingredients(asset).as_dict() if record else {}
    before = record.ingredients.as_dict() if record else {}
    if options.json:
        row = project.report(inventory, {asset.key: decision}, [asset.key])["assets"][0]
        _print_json({**row, "ingredients": {"recorded": before, "now": now}})
        return 0
    print(f"{asset.key} is {decision.state.value}{': ' if decision.reasons else ''}{decision.because()}.")
    for part in ("code", "settings", "libraries", "inputs"):
        _print_ingredients(part, before.get(part, {}), now.get(part, {}))
    if record:
        there = inventory.versions.get(asset.key)
        _print_ingredients("output", {"content": record.data_version}, {"content": there} if there else {})
    return 0


def _materialize(options: argparse.Namespace) -> int:
    from assets.engine.schedule import Attempts, materialize

    project = _project(options)
    chosen = project.definitions.settings
    keys = project.definitions.select(options.selection)
    results = materialize(
        project,
        keys,
        forced=keys if options.force else (),
        jobs=getattr(chosen, "jobs", 2),
        attempts=Attempts(getattr(chosen, "retries", 3), getattr(chosen, "retry_delay_seconds", 60.0)),
        tell=lambda line: print(line, file=sys.stderr),
        finished=(lambda _: None) if options.json else _print_result,
    )
    if options.json:
        _print_json({"assets": [_result_row(results[key]) for key in keys]})
    for result in results.values():
        if result.bug is not None:
            traceback.print_exception(result.bug)
    if any(r.outcome.value in ("failed", "blocked") for r in results.values()):
        return 1
    if options.module is None:  # stamps are read for the study alone
        project.seal()
    return 0


def _project(options: argparse.Namespace) -> "Project":
    if options.module is None:
        from assets import study

        return study.load()
    from assets.engine.definitions import Definitions
    from assets.engine.project import Project

    module = _imported(options.module)
    file = Path(module.__file__ or ".").resolve()
    root = file.parents[options.module.count(".") + (file.name == "__init__.py")]
    return Project(Definitions.load(root, [module]), Path(f"{options.module}.duckdb"))


def _imported(name: str) -> ModuleType:
    """Import a module of the user's; what keeps it from being imported is the user's to mend."""
    sys.path.insert(0, "")
    try:
        module = importlib.import_module(name)
    except SyntaxError as error:
        raise UserError(f"{Path(error.filename or name).name}:{error.lineno}: {error.msg}") from error
    except ImportError as error:
        raise UserError(f"cannot import `{name}`: {error}") from error
    if not any(isinstance(thing, Asset) for thing in vars(module).values()):
        raise UserError(f"`{name}` declares no assets: decorate a function with `@asset` from assets.engine")
    return module


def _print_status(report: Mapping[str, Any]) -> None:
    rows = report["assets"]
    states = [f"{sum(r['state'] == s for r in rows)} {s}" for s in ("fresh", "stale", "unsure", "missing")]
    shown = ", ".join(text for text in states if not text.startswith("0 ")) or "none"
    print(f"{report['database']}: {len(rows)} assets, {shown}\n")
    width = max([len(r["key"]) for r in rows] + [len(s) for s in report["sources"]])
    for key, summary in report["sources"].items():
        print(f"  {key:<{width}}  source  {summary}")
    for row in rows:
        size = f"{row['rows']:,} rows" if row["rows"] is not None else ""
        known = f"{row['key']:<{width}}  {row['kind']:<6}  {row['state']:<7}"
        print(f"  {known}  {size:>12}  {_age(row['built_at']):<10}  {row['because']}".rstrip())


def _print_ingredients(part: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    changed = [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
    for name in changed:
        print(f"  {part:<9}  {name}: {_short(before.get(name))} -> {_short(now.get(name))}")
    same = [name for name in sorted(now) if name not in changed]
    if same:
        listed = ", ".join(same[:3]) + (f" and {len(same) - 3} more" if len(same) > 3 else "")
        print(f"  {part:<9}  same: {listed}")


def _short(value: Any) -> str:
    if value is None:
        return "none"
    text = value if isinstance(value, str) else json.dumps(value)
    return text[:8] if len(text) == 64 else text


def _print_result(result: "Result") -> None:
    size = f"{result.rows:,} rows" if result.rows is not None else ""
    done = f"{result.outcome.value:<9}  {result.key:<26}  {size:>12}  {result.seconds:6.2f} s"
    print(f"{done}  {result.because}".rstrip())


def _result_row(result: "Result") -> dict[str, Any]:
    return {
        "key": result.key,
        "outcome": result.outcome.value,
        "because": result.because,
        "rows": result.rows,
        "seconds": result.seconds,
    }


def _age(built_at: str | None) -> str:
    if built_at is None:
        return ""
    seconds = (datetime.now(UTC) - datetime.fromisoformat(built_at)).total_seconds()
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return "just now"


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))
