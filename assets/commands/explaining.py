"""Commands that explain: `why` an asset is as it is, and the `plan` of a build."""

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from assets.commands import screen
from assets.commands.loading import project_of
from assets.engine.explain import PARTS, Explanation, explain
from assets.engine.plan import Action, Step
from assets.engine.plan import steps as planned
from assets.engine.report import partitions_due, report

if TYPE_CHECKING:
    from assets.engine.inventory import Inventory

_NAMED = 3  # of what did not change, or is waited for, before the others are counted


def why_command(options: argparse.Namespace) -> int:
    """Show each ingredient of an asset, old and new, and what changed within it."""
    project = project_of(options.module)
    asset, inventory = project.definitions.named(options.asset), project.look()
    upstream = project.definitions.closure([asset.key], down=False)
    decisions = inventory.plan(key for key in project.definitions.order if key in upstream)
    explanation = explain(inventory, decisions[asset.key], project.past)
    if options.json:
        row = report(inventory, decisions, project.database)["assets"][-1]  # upstream comes first
        changes = [vars(change) for change in explanation.changes]
        screen.as_json({**row, "changes": changes, "unchanged": dict(explanation.unchanged)})
    else:
        _print_explanation(explanation)
    return 0


def _print_explanation(explanation: Explanation) -> None:
    decision = explanation.decision
    print(f"{decision.key} is {decision.state.value}{': ' if decision.reasons else ''}{decision.because()}.")
    rows = []
    for part in PARTS:
        for change in explanation.changes:
            if change.part == part:
                rows.append(
                    (part, f"{change.name}: {screen.short(change.old)} -> {screen.short(change.new)}")
                )
                rows += [("", f"  {line}") for line in change.details]
        same = explanation.unchanged.get(part, ())
        if same:
            more = f" and {len(same) - _NAMED} more" if len(same) > _NAMED else ""
            rows.append((part, f"same: {', '.join(same[:_NAMED])}{more}"))
    screen.table(rows)


def plan_command(options: argparse.Namespace) -> int:
    """Say what a build would do, without doing it."""
    project = project_of(options.module)
    inventory = project.look()
    keys, forced = chosen(inventory, options)
    steps = planned(inventory, keys, project.cache, forced=forced)
    decisions = {key: step.decision for key, step in steps.items()}
    due = {key: partitions_due(inventory, decisions, key) for key in steps}
    if options.json:
        rows = [{**_step_row(step), "partitions": due[key]} for key, step in steps.items()]
        screen.as_json({"steps": rows, "totals": totals(steps)})
    else:
        _print_plan(steps, due)
    return 0


def chosen(inventory: "Inventory", options: argparse.Namespace) -> tuple[list[str], list[str]]:
    """Return the assets that a build is about, and those of them that run whatever their state.

    Views that show what is built come along, unforced.
    """
    definitions, forced = inventory.definitions, options.force or options.force_downstream
    keys = definitions.select(options.selection)
    if options.force_downstream:
        downstream = definitions.closure(keys, down=True)
        keys = [key for key in definitions.order if key in downstream]
    return definitions.with_views(keys, inventory.tables_there), keys if forced else []


def _step_row(step: Step) -> dict[str, Any]:
    return {
        "key": step.decision.key,
        "action": step.action.value,
        "state": step.decision.state.value,
        "because": step.decision.because(),
        "predicted": step.predicted,
        "seconds": step.seconds,
    }


def totals(steps: Mapping[str, Step]) -> dict[str, Any]:
    """Return how many assets there are of each action, and how long those that run took last time."""
    actions = [step.action for step in steps.values()]
    seconds = sum(step.seconds or 0.0 for step in steps.values() if step.action is Action.RUN)
    return {**{action.value: actions.count(action) for action in Action}, "seconds": round(seconds, 3)}


def _print_plan(steps: Mapping[str, Step], due: Mapping[str, Mapping[str, int] | None]) -> None:
    rows = [
        (
            step.action.value,
            key,
            _duration(step.seconds),
            screen.joined(_outlook(step), screen.partitions(due[key])),
        )
        for key, step in steps.items()
        if step.action is not Action.KEEP
    ]
    screen.table(rows, right={2}, words={0})
    print("\n" * bool(rows), end="")
    count = totals(steps)
    about = f" (about {count['seconds']:.1f} s)" if count["seconds"] else ""
    parts = (
        (count["run"], f"to run{about}"),
        (count["restore"], "to restore"),
        (count["maybe"], "may stop early"),
        (count["keep"], "fresh"),
    )
    print(", ".join(f"{number} {what}" for number, what in parts if number))


def _duration(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.2f} s"


def _outlook(step: Step) -> str:
    if step.action is not Action.MAYBE:
        return step.decision.because()
    waits = [reason.subject for reason in step.decision.reasons]
    more = f" and {len(waits) - _NAMED} more" if len(waits) > _NAMED else ""
    listed = waits[0] if len(waits) == 1 else f"one of {', '.join(waits[:_NAMED])}{more}"
    return f"runs only if {listed} comes out different"
