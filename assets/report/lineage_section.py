"""The sections of lineage: the graph to click through, and the table of all assets with their states."""

from assets.engine.lineage.entries import ColumnEntry, Entry, Lineage
from assets.engine.lineage.svg import STYLE, svg
from assets.report.markup import Html, element, prose, together
from assets.report.numbers import counted

_SHORT = 12
"""Letters of a hash that are shown; its title has all."""


def graph(lineage: Lineage) -> Html:
    """Return the drawing, and the panel that tells of the asset that is chosen in it."""
    # the drawing's own style would hold for every other drawing of the page too
    drawn = Html(svg(lineage.graph(), interactive=True).replace(f"<style>{STYLE}</style>", ""))
    hint = (
        "Choose an asset in the drawing to see what it is made from and what is made from it. Escape lets go."
    )
    return together([
        _controls(lineage),
        element("div", drawn, class_="scroll graph", tabindex="0", role="region", aria_label="Drawing of the lineage"),
        element("div", element("p", hint), id="lineage-told", aria_live="polite", class_="told"),
    ])  # fmt: skip


def _controls(lineage: Lineage) -> Html:
    """Return what finds an asset in the drawing, hidden until a script makes it work."""
    search = element("input", type="search", id="lineage-find", list="lineage-keys", autocomplete="off")
    keys = element("datalist", *(element("option", value=key) for key in lineage.entries), id="lineage-keys")
    whole = element("label", element("input", type="checkbox", id="lineage-whole"), " whole drawing")
    return element(
        "form",
        element("label", "Find ", search),
        keys,
        whole,
        class_="filters",
        id="lineage-controls",
        hidden=True,
    )


def table(lineage: Lineage) -> Html:
    """Return the table of sources and assets: kind, state, rows, data version, what each is."""
    heads = [element("th", name, scope="col") for name in ("Asset", "State")]
    heads += [
        element("th", name, scope="col", class_=kind)
        for name, kind in (("Rows", "number"), ("Data version", ""))
    ]
    head = element("tr", *heads, element("th", "What it is", scope="col", class_="plain"))
    rows = [_row(entry) for entry in lineage.entries.values()]
    shown = element("table", element("thead", head), element("tbody", *rows), id="assets-table")
    return element("div", shown, class_="scroll tall", tabindex="0", role="region", aria_labelledby="assets")


def _row(entry: Entry) -> Html:
    state = element("span", entry.state or "observed", class_=f"badge {entry.state or 'source'}")
    why = element("small", prose(entry.because)) if entry.because and entry.state != "fresh" else None
    return element(
        "tr",
        element("th", element("code", entry.key), " ", element("small", entry.kind), scope="row"),
        element("td", state, " ", why),
        element("td", "" if entry.n_rows is None else f"{entry.n_rows:,}", class_="number"),
        element("td", _version(entry.data_version)),
        element("td", prose(entry.description), _columns(entry.columns)),
        id=f"asset-{entry.key}",
        data_key=entry.key,
        data_kind=entry.kind,
        data_reads=" ".join(entry.upstream),
    )


def _version(version: str | None) -> Html:
    return element("code", version[:_SHORT], title=version) if version else element("span", "none")


def _columns(columns: tuple[ColumnEntry, ...]) -> Html | None:
    if not columns:
        return None
    lines = [
        element("li", element("code", column.name), f" {column.type} {column.meaning}") for column in columns
    ]
    return element("details", element("summary", counted(len(columns), "column")), element("ul", *lines))
