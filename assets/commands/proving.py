"""Commands about what is kept: `verify` proves it, `gc` makes the cache of earlier results smaller."""

import argparse
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.commands import screen
from assets.commands.loading import project_of
from assets.engine import manifest
from assets.engine.errors import UserError

if TYPE_CHECKING:
    from assets.engine.cache.sizes import Amount
    from assets.engine.project import Project
    from assets.engine.records import Look

_UNITS = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


def verify_command(options: argparse.Namespace) -> int:
    """Prove that tables and files hold what their records, or a manifest, say; return 1 when one does not."""
    if options.manifest and options.write:
        raise UserError("--manifest compares and --write publishes: give one of them")
    project = project_of(options.module)
    look = _recomputed(project)
    if options.manifest:
        verification = manifest.check(manifest.read(Path(options.manifest)), look.versions)
        rows, sentence, well = _published(options.manifest, look), verification.sentence(), verification.same
    else:
        rows = _held_to_records(project, look)
        well = all(row["verdict"] == "same" for row in rows)
        sentence = (
            f"{sum(r['verdict'] == 'same' for r in rows)} of {_kinds(project)} hold what their records say"
        )
    audits = [] if options.manifest else [_audited(*audit) for audit in project.audits.items()]
    well = well and all(audit["holds"] for audit in audits)
    if options.json:
        screen.as_json({"assets": rows, "audits": audits})
    else:
        _print_verdicts(rows)
        print(sentence)
        for audit in audits:
            print(audit["told"] if audit["holds"] else f"{audit['name']} does not hold: {audit['told']}")
    if well and options.write:
        _publish(Path(options.write), look)
    return 0 if well else 1


def _recomputed(project: "Project") -> "Look":
    """Return records and data versions of what is declared, worked out anew, whatever an index says."""
    from assets.engine import warehouse
    from assets.engine.records import Look

    tables, assets = warehouse.look(project.database), project.definitions.assets
    records, versions = dict(tables.records), dict(tables.versions)
    for kind, store in project.file_stores.items():
        found = store.look([key for key, asset in assets.items() if asset.kind == kind])
        records |= found[0]
        versions |= found[1]
    return Look(
        {key: record for key, record in records.items() if key in assets},
        {key: version for key, version in versions.items() if key in assets},
        tables.schemas,
    )


def _held_to_records(project: "Project", look: "Look") -> list[dict[str, Any]]:
    from assets.engine.consistency import contradictions

    told = contradictions(replace(project.look(), look=look))
    recorded = {key: record.data_version for key, record in look.records.items()}
    return [
        _verdict(key, recorded.get(key), look.versions.get(key), told.get(key, ""))
        for key in project.definitions.order
    ]


def _published(path: str, look: "Look") -> list[dict[str, Any]]:
    published = {key: version.data_version for key, version in manifest.read(Path(path)).items()}
    keys = [*published, *(key for key in look.versions if key not in published)]
    return [_verdict(key, published.get(key), look.versions.get(key)) for key in keys]


def _verdict(key: str, recorded: str | None, found: str | None, told: str = "") -> dict[str, Any]:
    if recorded is None:
        verdict = "missing" if found is None else "new"
    elif found is None:
        verdict = "gone"
    else:
        verdict = "differs" if found != recorded else "unproven" if told else "same"
    return {"key": key, "verdict": verdict, "recorded": recorded, "found": found, "told": told}


def _audited(name: str, audit: Callable[[], str]) -> dict[str, Any]:
    try:
        return {"name": name, "holds": True, "told": audit()}
    except UserError as error:
        return {"name": name, "holds": False, "told": str(error)}


def _kinds(project: "Project") -> str:
    assets = project.definitions.assets
    kinds = {asset.kind for asset in assets.values()}
    *others, last = [f"{kind}s" for kind in ("table", "figure", "file") if kind in kinds]
    return f"{len(assets)} {', '.join(others)}{' and ' if others else ''}{last}"


def _print_verdicts(rows: Sequence[Mapping[str, Any]]) -> None:
    wrong = [
        (
            row["verdict"],
            row["key"],
            row["told"]
            if row["verdict"] == "unproven"
            else f"recorded {screen.short(row['recorded'])}, found {screen.short(row['found'])}",
        )
        for row in rows
        if row["verdict"] != "same"
    ]
    screen.table(wrong, words={0}, indent=0)


def _publish(path: Path, look: "Look") -> None:
    """Write the manifest of everything that is there."""
    rows = {key: record.rows for key, record in look.records.items()}
    versions = {key: manifest.Published(version, rows[key]) for key, version in look.versions.items()}
    changed = manifest.write(path, versions)
    sys.stdout.flush()  # so that the two streams read in this order where they are one
    print(f"{path}: {'written' if changed else 'says the same already'}", file=sys.stderr)


def gc_command(options: argparse.Namespace) -> int:
    """Drop cached results beyond the bounds, those unused for longest first."""
    if options.keep is not None and options.keep < 0:
        raise UserError(f"--keep {options.keep} is no number of results: give one from 0 on")
    cache = project_of(options.module).cache
    dropped = cache.gc(_bytes(options.max_size), options.keep, dry_run=options.dry_run)
    left = cache.size()
    if options.json:
        screen.as_json({"dry_run": options.dry_run, "dropped": vars(dropped), "left": vars(left)})
    else:
        would = "would be dropped" if options.dry_run else "dropped"
        print(f"{_amount(dropped)} {would}; the cache holds {_amount(left)}")
    return 0


def _bytes(size: str | None) -> int | None:
    """Read a size such as `500MB`."""
    if size is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?B?)", size.upper())
    if found is None:
        raise UserError(f"--max-size {size} is no size: write a number and KB, MB, GB or TB, such as 5GB")
    unit = found[2] if not found[2] or found[2].endswith("B") else found[2] + "B"
    return int(float(found[1]) * _UNITS["" if unit == "B" else unit])


def _amount(amount: "Amount") -> str:
    size, unit = float(amount.bytes), "bytes"
    for larger in ("KB", "MB", "GB", "TB"):
        if size >= 1000:
            size, unit = size / 1000, larger
    shown = f"{size:.0f}" if unit == "bytes" else f"{size:.1f}"
    return f"{screen.counted(amount.entries, 'result')}, {shown} {unit}"
