"""Is a figure fit to be published? Checks on its sidecar, its pictures and what is drawn in them."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from assets.charts.composition.datasets import join
from assets.charts.publication.sidecar import problems
from assets.charts.qa import colours, fields, integrity, layout, validity
from assets.charts.qa.finding import Finding, Level
from assets.charts.qa.scene import grey_of, scene_of

__all__ = ["Finding", "Level", "check_figure", "check_sidecar"]


VALID = "sidecar is valid"


def check_figure(
    sidecar: Mapping[str, Any], files: Mapping[str, bytes], tables: Mapping[str, str] | None = None
) -> list[Finding]:
    """All that is wrong with a figure, worst first; empty for one that may be printed.

    Parameters
    ----------
    files
        The pictures by format: png, svg, pdf.
    tables
        Current data versions of the tables; if given, the figure must have been drawn from these.
    """
    found = check_sidecar(sidecar, tables)
    if any(finding.check == VALID for finding in found):
        return found
    strange = list(integrity.files_match(sidecar, files))
    found += strange
    if not strange:  # of other pictures than those that the sidecar speaks of, nothing more can be said
        found += [*integrity.redraws(sidecar, files), *layout.sharp_and_sized(files)]
        found += _of_picture(sidecar, files["png"])
    return sorted(found, key=lambda finding: finding.level)


def check_sidecar(sidecar: Mapping[str, Any], tables: Mapping[str, str] | None = None) -> list[Finding]:
    """What is wrong with a sidecar's origin and numbers; nothing is drawn for it."""
    wrong = [Finding("P0", VALID, message) for message in problems(sidecar)]
    if wrong:
        return wrong
    frames = {name: pd.DataFrame(rows) for name, rows in sidecar["data"].items()}
    found = [
        *integrity.provenance(sidecar, tables),
        *integrity.real_origin(sidecar),
        *integrity.has_data(sidecar),
        *integrity.curves_differ(sidecar),
        *validity.in_range(frames),
        *validity.intervals_hold(frames),
        *validity.counts_add_up(sidecar, frames),
        *validity.roc_curves_rise(frames),
        *validity.net_benefit_is_possible(sidecar, frames),
        *fields.fields_exist(sidecar["spec"], sidecar["data"]),
    ]
    return sorted(found, key=lambda finding: finding.level)


def _of_picture(sidecar: Mapping[str, Any], png: bytes) -> list[Finding]:
    scene, grey = scene_of(join(sidecar["spec"], sidecar["data"])), grey_of(png)
    return [
        *integrity.shows_something(scene, grey),
        *layout.text_is_large_enough(scene),
        *layout.axes_are_titled(scene),
        *layout.text_is_whole(scene),
        *layout.marks_are_whole(scene),
        *layout.text_is_apart(scene),
        *layout.text_is_inked(scene, grey),
        *colours.colours_differ(scene),
        *colours.lines_differ_in_grey(scene),
        *colours.colours_stand_out(scene),
    ]
