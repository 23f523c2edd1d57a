"""The commands that need nothing but a figure's sidecar: `render` draws it again, `data` hands out its numbers."""

import argparse
import difflib
import hashlib
from collections.abc import Mapping
from importlib import metadata as installed
from pathlib import Path
from typing import Any

from assets import settings
from assets.charts.publication.sidecar import Sidecar, load, redraw
from assets.charts.publication.tabular import described, tabulated
from assets.commands import screen
from assets.engine.errors import UserError


def render_command(options: argparse.Namespace) -> int:
    """Draw a figure again from its sidecar alone, and say whether these are the pictures that it names."""
    sidecar = _sidecar(options.figure)
    drawn = vars(redraw(sidecar))
    names = {kind: f"{sidecar['figure_id']}.{kind}" for kind in sidecar["files"]}
    written = _write(options.into, {names[kind]: drawn[kind] for kind in names})
    rows = [_compared(names[kind], drawn[kind], entry) for kind, entry in sidecar["files"].items()]
    moved = _moved(sidecar["libraries"])
    if options.json:
        screen.as_json(
            {"figure": sidecar["figure_id"], "files": rows, "libraries": moved, "written": written}
        )
    else:
        screen.table([(row["verdict"], row["file"], row["sha256"]) for row in rows], words={0})
        for name, (then, now) in moved.items():
            print(f"  {name} is {now} here, was {then}")
        _say(written, options.into)
    return int(any(row["verdict"] != "same" for row in rows))


def data_command(options: argparse.Namespace) -> int:
    """List the data of a figure, or write them as CSV."""
    sidecar = _sidecar(options.figure)
    tables = {name: described(sidecar, name) for name in sorted(sidecar["data"])}
    written = _write(options.into, tabulated(sidecar) if options.into is not None else {})
    if options.json:
        shown = [{"name": name, **table} for name, table in tables.items()]
        screen.as_json({"figure": sidecar["figure_id"], "datasets": shown, "written": written})
    else:
        rows = [
            (name, screen.counted(table["rows"], "row"), _listed(table["columns"]))
            for name, table in tables.items()
        ]
        screen.table(rows, right={1})
        _say(written, options.into)
    return 0


def _sidecar(given: str) -> Sidecar:
    """Return the sidecar at a path, or of the figure of that name; UserError if there is none, or no valid one."""
    path = Path(given)
    if not path.is_file():
        folder = Path(settings.load().figures_dir) / "data"
        path = folder / f"{given}.json"
        if not path.is_file():
            known = sorted(found.stem for found in folder.glob("*.json") if "." not in found.stem)
            near = difflib.get_close_matches(given, known, n=1)
            hint = (
                f"Did you mean `{near[0]}`?" if near else "Name a sidecar's file, or draw it: `make analyze`."
            )
            raise UserError(f"there is no file `{given}`, and no figure of that name in {folder}. {hint}")
    try:
        return load(path.read_bytes())
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def _write(into: str | None, files: Mapping[str, bytes]) -> list[str]:
    """Write files into a folder, each whole; UserError for one that is there with another content."""
    if into is None:
        return []
    folder = Path(into)
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is no folder: give --into another")
    for name, content in files.items():
        if (folder / name).exists() and (folder / name).read_bytes() != content:
            raise UserError(f"{folder / name} is there with another content: give --into another folder")
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        partial = folder / f".{name}.tmp"
        partial.write_bytes(content)
        partial.replace(folder / name)
    return [str(folder / name) for name in files]


def _compared(name: str, content: bytes, entry: Mapping[str, Any]) -> dict[str, str]:
    found = hashlib.sha256(content).hexdigest()
    verdict = "same" if found == entry["sha256"] else "differs"
    return {"file": name, "verdict": verdict, "sha256": found, "recorded": entry["sha256"]}


def _moved(libraries: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the libraries of which there is another version here: the one on record, and the one here."""
    pairs = {name: [then, _installed(name)] for name, then in libraries.items()}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _installed(library: str) -> str:
    try:
        return installed.version(library)
    except installed.PackageNotFoundError:
        return "not there"


def _listed(columns: Mapping[str, str | None]) -> str:
    return ", ".join(f"{name} ({unit})" if unit else name for name, unit in columns.items())


def _say(written: list[str], into: str | None) -> None:
    files = screen.counted(len(written), "file")
    print(f"Wrote {files} into {into}." if into is not None else "Nothing was written: --into FOLDER does.")
