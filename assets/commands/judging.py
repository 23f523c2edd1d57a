"""The command that looks at figures as a journal would: `qa` checks again those that are in place."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assets.charts.publication.gallery import Gallery, kept_out
from assets.charts.qa.verdict import Verdict, load
from assets.commands import screen
from assets.commands.loading import project_of
from assets.engine.decide import State
from assets.engine.errors import UserError

if TYPE_CHECKING:
    from assets.engine.inventory import Inventory
    from assets.engine.project import Project


@dataclass(frozen=True)
class _Judged:
    """One figure: what the checks say of it today, if it is in place, and of a newer one that they kept out."""

    key: str
    verdict: Verdict | None
    refused: Verdict | None
    notes: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        """The word for it: missing, kept out, or the outcome of its checks."""
        if self.verdict is None:
            return "kept out" if self.refused else "missing"
        return self.verdict.outcome

    @property
    def shown(self) -> Verdict | None:
        """The verdict that is told of."""
        return self.verdict or self.refused


def qa_command(options: argparse.Namespace) -> int:
    """Check the figures in place again; return 1 when one fails a P0 or P1 check, or is kept out by one."""
    project = project_of(options.module)
    keys = _figures(project, options.selection)
    judged = _judge(project, keys)
    if options.json:
        screen.as_json({"figures": [_row(figure) for figure in judged]})
    else:
        _print(judged)
    return int(any(figure.refused or figure.state == "failed" for figure in judged))


def _figures(project: "Project", selection: Sequence[str]) -> list[str]:
    keys = project.definitions.select(selection)
    figures = [key for key in keys if project.definitions.assets[key].kind == "figure"]
    if not figures:
        raise UserError(
            f"no figure among {', '.join(selection) or 'the assets'}: name figures, or none for all"
        )
    return figures


def _judge(project: "Project", keys: Sequence[str]) -> list[_Judged]:
    """Return a judgement for each figure, several at a time, in the order of the keys."""
    gallery = project.file_stores["figure"]
    if not isinstance(gallery, Gallery):
        raise UserError("the figures of this project are not kept where they could be checked")
    inventory = project.look() if project.database.is_file() else None
    # Asked before there are threads: an inventory is not made for several.
    inputs = {key: _inputs(inventory, key) for key in keys} if inventory else {}
    decisions = inventory.plan(keys) if inventory else {}
    fresh = {key for key, decision in decisions.items() if decision.state is State.FRESH}
    try:
        with ThreadPoolExecutor(gallery.jobs) as pool:
            return list(pool.map(lambda k: _judge_one(gallery, k, inputs.get(k), fresh=k in fresh), keys))
    finally:
        gallery.close()


def _judge_one(gallery: Gallery, key: str, versions: Mapping[str, str] | None, *, fresh: bool) -> _Judged:
    verdict, recorded = gallery.judge_again(key, versions), gallery.recorded(key)
    # Of one that is fresh there is no newer one: what was kept out has been taken back.
    out = not fresh and kept_out(key).is_file()
    refused = load(kept_out(key).read_bytes()) if out else None
    notes = []
    if verdict and recorded is None:
        notes.append("the verdict beside it is gone or was edited")
    elif verdict and recorded != verdict:
        notes.append("the verdict beside it says otherwise")
    if verdict and refused:
        notes.append(f"a newer one was kept out: see {kept_out(key)}")
    return _Judged(key, verdict, refused, tuple(notes))


def _inputs(inventory: "Inventory", key: str) -> Mapping[str, str]:
    """Return the data versions, as they are now, of what a figure is drawn from."""
    return inventory.ingredients(inventory.definitions.named(key)).inputs


def _row(figure: _Judged) -> dict[str, Any]:
    shown = figure.shown
    checks = (
        [] if shown is None else [vars(check) | {"messages": list(check.messages)} for check in shown.checks]
    )
    return {"key": figure.key, "state": figure.state, "notes": list(figure.notes), "checks": checks}


def _print(judged: Sequence[_Judged]) -> None:
    rows = [(figure.state, figure.key, _counted(figure.shown)) for figure in judged]
    screen.table(rows, words={0}, indent=0)
    found = [line for figure in judged for line in _told(figure)]
    if found:
        print()
        screen.table(found, indent=0)


def _counted(verdict: Verdict | None) -> str:
    """Return how many checks came out how."""
    outcomes = [check.outcome for check in verdict.checks] if verdict else []
    counts = {outcome: outcomes.count(outcome) for outcome in ("passed", "failed", "not applicable")}
    return ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)


def _told(figure: _Judged) -> Iterator[tuple[str, str, str]]:
    for finding in figure.shown.findings if figure.shown else ():
        yield figure.key, f"{finding.level} {finding.check}", finding.message
    for note in figure.notes:
        yield figure.key, "", note
