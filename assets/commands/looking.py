"""Commands that look: `status`, `list` and `show`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from assets.commands import screen
from assets.engine import stamp
from assets.environment import PREFIXES

if TYPE_CHECKING:
    import argparse

    from assets.engine.declarations import Asset
    from assets.engine.inventory import Inventory
    from assets.engine.project import Project

_STATES = ("fresh", "stale", "unsure", "missing")


def status_command(options: argparse.Namespace) -> int:
    """Say which assets are fresh; with `--check`, return 1 unless all are."""
    running = _running()
    report = _stamped(options) or _looked(options)
    interrupted = None if running else report.pop("interrupted", None)
    if options.json:
        screen.as_json({**report, "running": running, "interrupted": interrupted})
    else:
        if said := running or interrupted:
            print(said + "\n")
        _print_status(report)
    fresh = all(row["state"] == "fresh" for row in report["assets"])
    return 1 if options.check and not fresh else 0


def _running() -> str | None:
    """Return what a build that runs in this folder says of itself; the module that can tell is seldom needed."""
    if stamp.facts(stamp.HEARTBEAT) is None:
        return None
    from pathlib import Path

    from assets.engine.heartbeat import heard

    return heard(Path(stamp.HEARTBEAT), Path(stamp.LOCK))


def _stamped(options: argparse.Namespace) -> dict[str, Any] | None:
    """Return the report of a time when all was fresh, if nothing moved since; without looking."""
    if options.selection:
        return None
    name, prefixes = (options.module, ()) if options.module else ("study", PREFIXES)
    found = stamp.read(stamp.path_of(name, "all"), prefixes)
    return dict(json.loads(found.report)) if found else None


def _looked(options: argparse.Namespace) -> dict[str, Any]:
    from pathlib import Path

    from assets.commands.loading import project_of
    from assets.engine.leftovers import left
    from assets.engine.report import report

    project = project_of(options.module)
    inventory = project.look()
    decisions = inventory.plan(project.definitions.select(options.selection))
    kept = left(project.database, Path(stamp.PARTS), project.unit)
    return {**report(inventory, decisions, project.database), "interrupted": kept}


def _print_status(report: Mapping[str, Any]) -> None:
    rows = report["assets"]
    counts = [(sum(row["state"] == state for row in rows), state) for state in _STATES]
    shown = ", ".join(f"{count} {state}" for count, state in counts if count) or "none"
    print(f"{report['database']}: {screen.counted(len(rows), 'asset')}, {shown}\n")
    width = max([len(row["key"]) for row in rows] + [len(key) for key in report["sources"]])
    sources = [(key, "source", summary) for key, summary in report["sources"].items()]
    assets = [
        (
            row["key"],
            row["kind"],
            row["state"],
            screen.counted(row["rows"], "row"),
            screen.age(row["built_at"]),
            screen.joined(row["because"], screen.partitions(row["partitions"])),
        )
        for row in rows
    ]
    screen.table(sources, words={1}, first=width)
    screen.table(assets, right={3}, words={2}, first=width)


def list_command(options: argparse.Namespace) -> int:
    """List the assets: what they are and what they read."""
    from assets.commands.loading import project_of

    definitions = project_of(options.module).definitions
    assets = [definitions.assets[key] for key in definitions.select(options.selection)]
    if options.json:
        screen.as_json({"assets": [_declared(asset) for asset in assets]})
    else:
        screen.table([(a.key, a.kind, a.group_name, a.description) for a in assets], indent=0)
    return 0


def _declared(asset: Asset) -> dict[str, Any]:
    return {
        "key": asset.key,
        "kind": asset.kind,
        "view": asset.view,
        "kinds": sorted(asset.kinds),
        "group": asset.group_name,
        "description": asset.description,
        "reads": list(asset.upstream),
        "lineage": asset.told_lineage,
        "owners": list(asset.owners),
        "tags": dict(asset.tags),
        "columns": dict(asset.columns),
        "code": asset.reference,
    }


def show_command(options: argparse.Namespace) -> int:
    """Show all that is known of one asset."""
    from assets.commands.loading import project_of

    project = project_of(options.module)
    asset = project.definitions.named(options.asset)
    known = _known(project, asset)
    if options.json:
        screen.as_json(known)
    else:
        _print_asset(known)
    return 0


def _known(project: Project, asset: Asset) -> dict[str, Any]:
    from assets.commands.recalling import materializations
    from assets.engine.report import report

    inventory, definitions = project.look(), project.definitions
    upstream = definitions.closure([asset.key], down=False)
    decisions = inventory.plan(key for key in definitions.order if key in upstream)
    row = report(inventory, decisions, project.database)["assets"][-1]  # upstream comes first
    record = inventory.records.get(asset.key)
    if asset.kind == "table":
        kept = [str(project.database)]
    else:
        kept = [str(path) for path in project.file_stores[asset.kind].files(asset.key)]
    return {
        **row,
        **_declared(asset),
        "read_by": definitions.downstream(asset.key),
        "kept_in": kept,
        "seconds": record.seconds if record else None,
        "settings": dict(record.ingredients.settings) if record else {},
        "libraries": dict(record.ingredients.libraries) if record else {},
        "columns": _columns(inventory, asset),
        "materializations": materializations(project, asset, record)[:3],
    }


def _columns(inventory: Inventory, asset: Asset) -> list[dict[str, str | None]]:
    types = inventory.schemas.get(asset.key, {})
    names = types or asset.columns  # what is declared may be shared by many tables
    return [{"name": n, "type": types.get(n), "meaning": asset.columns.get(n)} for n in names]


def _print_asset(known: Mapping[str, Any]) -> None:
    print(f"{known['key']}: {'view' if known['view'] else known['kind']} of group {known['group']}")
    print(f"{known['description']}\n")
    state = known["state"] + (f": {known['because']}" if known["because"] else "")
    seconds = f", in {known['seconds']:.2f} s" if known["seconds"] is not None else ""
    built = f"{known['built_at']} ({screen.age(known['built_at'])}){seconds}" if known["built_at"] else ""
    facts = {
        "state": state,
        "kept in": ", ".join(known["kept_in"]),
        "rows": f"{known['rows']:,}" if known["rows"] is not None else "",
        "partitions": screen.partitions(known["partitions"]).partition(": ")[2],
        "built": built,
        "reads": ", ".join([*known["reads"], *["the state of all others"] * known["lineage"]]),
        "read by": ", ".join(known["read_by"]),
        "kinds": ", ".join(known["kinds"]),
        "owners": ", ".join(known["owners"]),
        "tags": ", ".join(f"{name}={value}" if value else name for name, value in known["tags"].items()),
        "settings": ", ".join(f"{name} = {json.dumps(value)}" for name, value in known["settings"].items()),
        "libraries": ", ".join(f"{name} {version}" for name, version in known["libraries"].items()),
        "code": known["code"],
        "data version": known["data_version"] or "",
        "input hash": known["input_hash"] or "",
    }
    screen.table([(label, text) for label, text in facts.items() if text])
    if known["columns"]:
        print("\ncolumns")
        screen.table([(c["name"], c["type"] or "", c["meaning"] or "") for c in known["columns"]])
    if known["materializations"]:
        from assets.commands.recalling import print_materializations

        print("\nmaterialisations, the newest first")
        print_materializations(known["materializations"])
