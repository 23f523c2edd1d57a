"""The command about what was built before: `history`."""

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from assets.commands import screen
from assets.commands.loading import project_of
from assets.engine.decide import decide
from assets.engine.errors import UserError

if TYPE_CHECKING:
    from assets.engine.declarations import Asset
    from assets.engine.project import Project
    from assets.engine.records import Record

_SAME = "made from the same: forced, or its output was gone or edited"


def history_command(options: argparse.Namespace) -> int:
    """List the materialisations of an asset, the newest first."""
    if options.limit is not None and options.limit < 1:
        raise UserError(f"--limit {options.limit} would list nothing: give a number from 1 on")
    project = project_of(options.module)
    asset = project.definitions.named(options.asset)
    record = project.look().records.get(asset.key)
    found = materializations(project, asset, record)[: options.limit]
    if options.json:
        screen.as_json({"key": asset.key, "materializations": found})
    elif found:
        print_materializations(found)
    else:
        print(f"{asset.key} was never built.")
    return 0


def materializations(project: "Project", asset: "Asset", record: "Record | None") -> list[dict[str, Any]]:
    """Return all materialisations on record, the newest first, each with what had changed before it.

    Of a figure or file only the last is on record: the one in its sidecar.
    """
    records = [record] if record else []
    if asset.kind == "table" and record:
        from assets.engine import ledger
        from assets.engine.warehouse import open_read_only

        with open_read_only(project.database) as connection:
            records = ledger.history(connection, asset.key)
    older = [*records[1:], None][: len(records)]
    return [
        {
            "built_at": new.built_at,
            "because": _cause(new, old) if old or asset.kind == "table" else "",
            "rows": new.rows,
            "seconds": new.seconds,
            "data_version": new.data_version,
            "input_hash": new.input_hash,
        }
        for new, old in zip(records, older, strict=True)
    ]


def _cause(new: "Record", old: "Record | None") -> str:
    """Say what had changed between two materialisations, in the words of the decision to build."""
    version = old.data_version if old else None
    decision = decide(new.key, record=old, observed=version, current=new.ingredients, pending={})
    return decision.because() or _SAME


def print_materializations(found: Sequence[Mapping[str, Any]]) -> None:
    """Print them, one a line."""
    rows = [
        (
            m["built_at"] or "",
            screen.counted(m["rows"], "row"),
            f"{m['seconds']:.2f} s" if m["seconds"] is not None else "",
            f"data {screen.short(m['data_version'])}",
            f"inputs {screen.short(m['input_hash'])}",
            m["because"],
        )
        for m in found
    ]
    screen.table(rows, right={1, 2})
