"""The report's page as text: all that holds without a browser."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_pages import HOSTILE, QUARANTINE, RUNS, curve, drawing, lineage, placed, tables, written

from assets import documents
from assets.charts.qa.verdict import Checked
from assets.engine.errors import UserError
from assets.engine.lineage.entries import Entry
from assets.inputs.privacy.files import understood
from assets.inputs.privacy.originals import Originals
from assets.report import drawings, measures, templates
from assets.report.packing import packed
from assets.settings import Settings

PASSED = Checked("axes are titled", "P2", "every axis has a title", "passed")
FAILED = Checked("text is large enough", "P2", "no text is below 6 pt", "failed", ("`x` has 4 pt",))


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("figures")
    told = lineage(placed(curve("one"), folder, PASSED), placed(curve("two"), folder, PASSED, FAILED))
    with tables(aside=QUARANTINE) as connection:
        return written(told, folder / "report.html", connection)


def body(html: str) -> str:
    """The page without its scripts and style."""
    return re.sub(r"<(script|style)[ >].*?</\1>", "", html, flags=re.DOTALL)


class Page(HTMLParser):
    """What a browser makes of a page: tags with their attributes, and texts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_no_text_of_a_study_becomes_markup(html: str) -> None:
    assert "alert(" not in "".join(re.findall(r"<script>(.*?)</script>", html, re.DOTALL))
    assert HOSTILE in Page(body(html)).texts
    assert drawing(html, "one")["spec"]["mark"]["type"] == "line"


def test_nothing_in_the_page_is_fetched(html: str) -> None:
    tags = Page(html).tags
    assert not [
        attributes for _, attributes in tags if {"src", "srcset", "poster", "action"} & attributes.keys()
    ]
    assert [at["href"] for tag, at in tags if tag == "link"] == ["data:,"]
    assert not re.findall(
        r"@import|url\((?!#)", "".join(re.findall(r"<style>(.*?)</style>", html, re.DOTALL))
    )


def test_the_policy_admits_the_pages_own_scripts_and_style_and_nothing_else(html: str) -> None:
    policy = next(at["content"] for tag, at in Page(html).tags if at.get("http-equiv")) or ""
    own = re.findall(r"<(?:script|style)>(.*?)</(?:script|style)>", html, re.DOTALL)
    hashes = {f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in own}
    assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy
    assert set(re.findall(r"'sha256-[^']+'", policy)) == hashes


def test_the_same_content_gives_the_same_bytes(html: str, tmp_path: Path) -> None:
    told = lineage(placed(curve("one"), tmp_path, PASSED), placed(curve("two"), tmp_path, PASSED, FAILED))
    with tables(RUNS[::-1], QUARANTINE[::-1]) as connection:
        assert written(told, tmp_path / "report.html", connection) == html


def test_ids_are_given_once(html: str) -> None:
    ids = [attributes["id"] for _, attributes in Page(html).tags if attributes.get("id")]
    assert len(ids) == len(set(ids)) and "one-clip0" in ids and "two-clip0" in ids


def test_every_link_within_the_page_leads_somewhere(html: str) -> None:
    tags = Page(html).tags
    ids = {attributes.get("id") for _, attributes in tags}
    links = {at["href"][1:] for _, at in tags if (at.get("href") or "").startswith("#")}
    assert links and not links - ids


def test_a_measure_that_does_not_exist_says_why(html: str) -> None:
    row = re.search(r'<tr data-run="run2".*?</tr>', html, re.DOTALL)
    assert row and "not estimable" in row[0] and "single class" in row[0]


def test_runs_stand_by_preprocessing_not_by_result(html: str) -> None:
    assert re.findall(r'<tr data-run="(\w+)"', html) == ["run0", "run1", "run2", "run3"]


def test_runs_set_aside_are_told_by_stage_in_the_order_of_reading(html: str) -> None:
    assert re.findall(r'id="stage-(\w+)"', html) == ["listing", "validate"]
    assert {"a risk of 1.2", "FAILED", "run9", "late"} <= set(Page(html).texts)


def test_a_check_that_failed_is_told_with_its_message(html: str) -> None:
    texts = Page(html).texts
    assert "1 failed" in texts and "<code>x</code> has 4 pt" in html
    assert any("1 warning in 2 checked figures" in text for text in texts)


def test_a_figure_that_is_not_in_place_is_told_with_the_reason(tmp_path: Path) -> None:
    kept_out = Entry("roc", "figure", state="missing", because="kept out: P0 data are there")
    with tables() as connection:
        texts = Page(written(lineage(kept_out), tmp_path / "report.html", connection)).texts
    assert "Not in place: kept out: P0 data are there." in texts
    assert any("1 missing" in text for text in texts)


def test_rows_of_single_subjects_stay_out_of_the_page(tmp_path: Path) -> None:
    figure = placed(curve("rows", privacy="row_level"), tmp_path)
    with tables() as connection:
        page = written(lineage(figure), tmp_path / "report.html", connection)
    assert "drawing-rows" not in page and "rows-clip0" not in page
    assert "single subject" in page


def test_a_verdict_that_was_changed_by_hand_is_not_believed(tmp_path: Path) -> None:
    figure = placed(curve("one"), tmp_path, FAILED)
    kept = tmp_path / "one.qa.json"
    kept.write_text(kept.read_text("utf-8").replace('"failed"', '"passed"'), "utf-8")
    with tables() as connection, pytest.raises(UserError, match="changed by hand"):
        written(lineage(figure), tmp_path / "report.html", connection)


def test_a_study_without_tables_still_has_a_page(tmp_path: Path) -> None:
    told = lineage()
    gone = {
        key: replace(entry, data_version=None, state="missing", because="never built")
        for key, entry in told.entries.items()
    }
    with tables() as connection:
        texts = Page(written(replace(told, entries=gone), tmp_path / "report.html", connection)).texts
    assert texts.count("No run is in the tables.") == 2
    assert any("never built" in text for text in texts)


def test_the_gate_of_privacy_can_read_what_the_page_holds(tmp_path: Path) -> None:
    """A code in the data of a figure and one in the name of a run, with letters that other formats would escape."""
    codes = ["PLR-ä7&<41>", "Jørgen O'Neil-0042"]
    figure = placed(curve("one", data={"lines": [{"run_id": codes[0], "x": 0.0, "y": 0.1}]}), tmp_path)
    with tables([("run0", codes[1], "Boosting", "none", "kNN", 0.7)]) as connection:
        content = written(lineage(figure), tmp_path / "report.html", connection).encode()
    for code in codes:
        assert understood(content, Originals.of([code]), suffix=".html"), code


def test_the_asset_writes_the_page_where_it_is_told(tmp_path: Path) -> None:
    chosen = Settings(study_title="Thyroid & <co>", study_citation="Somebody 2026")
    with tables() as connection:
        path = documents.report.function(
            lineage=lineage(),
            report_templates=templates.observe().value,
            tables=connection,
            settings=chosen,
            output=tmp_path / "page",
        )
    texts = Page(path.read_text("utf-8")).texts
    assert "Thyroid & <co>" in texts and "Somebody 2026" in texts


def test_thresholds_are_those_that_the_study_reports() -> None:
    assert [shown.row for shown in measures.core((5, 10, 20))][-2:] == [
        "net_benefit@0.10",
        "net_benefit@0.20",
    ]
    assert [shown.row for shown in measures.core((7, 30, 40))][-2:] == [
        "net_benefit@0.07",
        "net_benefit@0.30",
    ]


VALUES = (
    st.none()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-99, 99)
    | st.sampled_from("ab")
)


@given(st.lists(st.fixed_dictionaries({"x": VALUES, "y": st.sampled_from(["left", "right"])})))
def test_packed_data_are_the_rows_to_five_digits(rows: list[dict[str, object]]) -> None:
    pack = json.loads(json.dumps(packed(rows), allow_nan=False))
    whole = {
        name: [c["of"][at] for at in c["at"]] if isinstance(c, dict) else c
        for name, c in pack["columns"].items()
    }
    back = [{name: values[number] for name, values in whole.items()} for number in range(pack["n"])]
    assert [row["y"] for row in back] == [row["y"] for row in rows]
    for got, was in zip((row["x"] for row in back), (row["x"] for row in rows), strict=True):
        assert got == (pytest.approx(was, rel=1e-4) if isinstance(was, float) else was)


def test_texts_that_recur_are_stored_once() -> None:
    rows = [{"run_id": "0137a039d1cc43bf", "x": number} for number in range(100)]
    assert json.dumps(packed(rows)).count("0137a039d1cc43bf") == 1


def test_a_drawing_loses_nothing_that_is_seen() -> None:
    svg = '<svg width="9pt" height="8pt" viewBox="0 0 9 8"><g id="clip0" opacity="0.5"><path d="M1.23456,2L-0.97,4" aria-label="x &gt; 1"/><text>role="x"</text></g><g clip-path="url(#clip0)" opacity="1"/></svg>'
    assert drawings.inline(svg, "roc") == (
        '<svg viewBox="0 0 9 8" aria-hidden="true" focusable="false"><g id="roc-clip0" opacity="0.5"><path d="M1.2,2L-1,4"/>'
        '<text>role="x"</text></g><g clip-path="url(#roc-clip0)"/></svg>'
    )


def test_the_templates_version_is_what_they_say_not_where_they_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = templates.observe()
    for name, text in before.value.items():
        (tmp_path / name).write_text(text, "utf-8")
    monkeypatch.setattr(templates, "FOLDER", tmp_path)
    assert templates.observe().data_version == before.data_version
    (tmp_path / "page.css").write_text("p { color: red }", "utf-8")
    assert templates.observe().data_version != before.data_version
