"""Is a figure fit to be published? Every check of it, in the order P0 to P3."""

import hashlib
from collections.abc import Mapping
from typing import Any

from assets.charts.qa import colours, counts, curves, fields, integrity, keys, layout, prints, validity
from assets.charts.qa.exhibit import Check, Exhibit
from assets.charts.qa.verdict import Checked, Verdict

CHECKS: tuple[Check, ...] = (
    integrity.sidecar_is_valid,
    integrity.sources_are_current,
    integrity.origin_is_real,
    integrity.subjects_are_private,
    integrity.data_are_there,
    fields.fields_exist,
    curves.curves_differ,
    integrity.files_are_those_drawn,
    integrity.sidecar_draws_the_pictures,
    integrity.data_are_drawn,
    integrity.pictures_are_not_blank,
    validity.numbers_are_real,
    validity.values_are_in_range,
    validity.limits_are_in_order,
    validity.intervals_hold_their_estimates,
    counts.counts_add_up,
    counts.runs_are_counted,
    counts.caption_has_the_counts,
    counts.rates_are_of_whole_subjects,
    curves.roc_curves_rise,
    curves.net_benefit_is_possible,
    curves.strategies_are_there,
    curves.curves_in_the_background_differ,
    fields.fields_have_units,
    prints.pictures_are_sharp_and_sized,
    prints.svg_is_whole,
    prints.pdf_is_whole,
    layout.text_is_large_enough,
    layout.text_says_something,
    layout.axes_are_titled,
    keys.key_shows_what_is_drawn,
    layout.print_is_solid,
    layout.text_is_whole,
    layout.marks_are_whole,
    layout.text_is_apart,
    layout.text_is_inked,
    colours.colours_differ,
    colours.print_in_grey_can_be_read,
    colours.colours_stand_out,
    colours.scales_of_colour_run_evenly,
    colours.alt_text_tells_what_is_seen,
)


def check_figure(
    sidecar: Mapping[str, Any], files: Mapping[str, bytes], tables: Mapping[str, str] | None = None
) -> Verdict:
    """What every check says of a figure.

    Parameters
    ----------
    files
        The pictures by format: png, svg, pdf.
    tables
        Current data versions of the tables; if given, the figure must have been drawn from these.
    """
    figure = Exhibit(sidecar, files, tables)
    checks: list[Checked] = []
    for check in CHECKS:
        reason = _why_not(check, checks)
        checks.append(check.skipped(reason) if reason else check(figure))
    return Verdict(str(sidecar.get("figure_id")), _judged(sidecar, files), tuple(checks))


def _why_not(check: Check, before: list[Checked]) -> str | None:
    """Return why a check would say nothing: what it looks at is not what it should be."""
    failed = {checked.name for checked in before if checked.outcome == "failed"}
    if integrity.sidecar_is_valid.name in failed:
        return "the sidecar is not valid"
    if check.of_pictures and integrity.files_are_those_drawn.name in failed:
        return "the pictures are not those that the sidecar speaks of"
    return None


def _judged(sidecar: Mapping[str, Any], files: Mapping[str, bytes]) -> dict[str, str]:
    version = sidecar.get("data_version")
    named = {"data_version": version} if isinstance(version, str) else {}
    return named | {kind: hashlib.sha256(content).hexdigest() for kind, content in files.items()}
