"""The report's page in a browser: what moves, what is read aloud, what it asks of the network."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from report_browser import Opened, chromium, opened
from report_pages import QUARANTINE, curve, lineage, placed, tables, written

from assets.charts.publication.sidecar import Sidecar
from assets.charts.qa.verdict import Checked

__all__ = ["chromium"]

pytestmark = pytest.mark.xdist_group("chromium")  # one browser is enough

FAILED = Checked("text is large enough", "P2", "no text is below 6 pt", "failed", ("`x` has 4 pt",))
FIGURE = "[data-figure=curve]"


def diagram() -> Sidecar:
    """A figure as wide as a journal's page, with nothing in it to tell of."""
    sidecar = curve("diagram", units={})
    sidecar["files"]["svg"]["width_mm"] = 183.0
    return sidecar


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("figures")
    told = lineage(placed(curve("curve"), folder, FAILED), placed(diagram(), folder))
    with tables(aside=QUARANTINE) as connection:
        (folder / "report.html").write_text(written(told, folder / "report.html", connection), "utf-8")
    return folder / "report.html"


@pytest.fixture(scope="module")
def wide(chromium: Any, report: Path) -> Iterator[Opened]:
    found = opened(chromium, report)
    found.page.locator(FIGURE).scroll_into_view_if_needed()
    found.page.wait_for_selector(f"{FIGURE}.alive")
    yield found
    found.page.context.close()


@pytest.fixture
def page(wide: Opened) -> Any:
    """The one page of these tests, nothing chosen in it."""
    wide.page.keyboard.press("Escape")
    wide.page.mouse.move(0, 0)
    return wide.page


def shown(page: Any) -> list[str]:
    """The runs in the table, from top to bottom."""
    return page.eval_on_selector_all(
        "#runs-table tbody tr:not([hidden])", "rows => rows.map(row => row.dataset.run)"
    )


def point(page: Any, across: float, up: float) -> tuple[float, float]:
    """Where on the screen a point of the figure's plot is, given as shares of its width and height."""
    box = page.locator(f"{FIGURE} svg .background").first.bounding_box()
    return box["x"] + across * box["width"], box["y"] + (1 - up) * box["height"]


def violations(page: Any) -> list[str]:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    found = axe.Axe().run(page).response["violations"]
    return [f"{v['id']}: {node['target']} {node['failureSummary']}" for v in found for node in v["nodes"]]


def test_the_page_asks_for_nothing_but_itself_and_complains_of_nothing(wide: Opened, report: Path) -> None:
    assert wide.requests == [report.as_uri(), "data:,"] or wide.requests == [report.as_uri()]
    assert not wide.complaints


def test_the_table_of_runs_sorts_by_number_and_keeps_what_is_not_estimable_below(page: Any) -> None:
    head = page.locator("#runs-table th", has_text="AUROC").first
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert shown(page) == ["run3", "run1", "run0", "run2"]
    head.locator("button").press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert shown(page) == ["run0", "run1", "run3", "run2"]
    assert page.locator("#runs-table [aria-sort=descending]").count() == 1


def test_the_table_of_runs_is_filtered_by_method_and_by_text(page: Any) -> None:
    page.select_option("[data-filters=outlier-method]", "LOF")
    assert sorted(shown(page)) == ["run0", "run2"]
    page.fill("#runs-find", "REGRESSION")
    assert shown(page) == ["run2"] and page.text_content("#runs-count") == "1 of 4 runs"
    page.select_option("[data-filters=outlier-method]", "")
    page.fill("#runs-find", "")
    assert len(shown(page)) == 4


def test_a_point_near_the_pointer_tells_its_run_and_values(page: Any) -> None:
    page.locator(FIGURE).scroll_into_view_if_needed()
    page.mouse.move(*point(page, 0.25, 0.48))
    told = page.inner_text("#tip").splitlines()
    assert told[0] == "Boosting (LOF, kNN)"
    assert told[1:5] == ["The x", "0.25", "The y", "0.5"] and "0.91 (0.86 to 0.96)" in told
    page.mouse.move(*point(page, 0.98, 0.02))
    assert page.is_hidden("#tip")


def test_arrow_keys_tell_the_points_one_by_one(page: Any) -> None:
    page.locator(FIGURE).focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert page.inner_text("#tip").splitlines()[1:3] == ["The x", "0.5"]
    first = page.inner_text("#tip").splitlines()[0]
    page.keyboard.press("ArrowDown")
    assert page.inner_text("#tip").splitlines()[0] != first
    page.keyboard.press("Escape")
    assert page.is_hidden("#tip")


def test_a_run_can_be_followed_from_a_figure_to_the_table_and_back(page: Any) -> None:
    page.locator(FIGURE).scroll_into_view_if_needed()
    page.mouse.click(*point(page, 0.5, 0.25))
    assert page.locator("tr.chosen").get_attribute("data-run") == "run1"
    assert page.locator(f"{FIGURE} .run").count() == 1 and "Boosting (none, kNN)" in page.inner_text(
        "#followed"
    )
    page.locator("tr[data-run=run0] button").click()
    assert page.locator("tr.chosen").get_attribute("data-run") == "run0"
    page.click("#followed button")
    assert page.locator("tr.chosen, .run").count() == 0 and page.is_hidden("#followed")


def test_a_chosen_asset_shows_what_it_is_made_from_and_what_is_made_from_it(page: Any) -> None:
    page.locator('.node[data-key="runs"]').press("Enter")
    keys = page.locator("#lineage-told .keys button").all_inner_texts()
    assert keys == ["mlflow_runs", "curve", "diagram"]
    lit = page.eval_on_selector_all(".node.lit", "boxes => boxes.map(box => box.dataset.key)")
    assert lit == ["mlflow_runs", "runs", "curve", "diagram"]
    page.locator("#lineage-told .keys button").first.click()
    assert page.inner_text("#lineage-told h3") == "mlflow_runs"
    page.keyboard.press("Escape")
    assert not page.locator("svg.chosen, .node[aria-pressed=true]").count()


def test_the_page_can_be_turned_dark_and_light(page: Any) -> None:
    def colour() -> str:
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    light = colour()
    page.check("#theme [value=dark]", force=True)
    assert colour() != light
    page.check("#theme [value='']", force=True)
    assert colour() == light


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page: Any, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.locator(FIGURE).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")  # with its tip and its bar
    assert not violations(page)
    page.emulate_media(color_scheme="light")


def test_a_phone_reads_all_and_never_scrolls_the_page_sideways(chromium: Any, report: Path) -> None:
    phone = opened(chromium, report, viewport={"width": 360, "height": 740}, has_touch=True).page
    phone.locator(FIGURE).scroll_into_view_if_needed()
    phone.wait_for_selector(f"{FIGURE}.alive")
    assert phone.evaluate("document.documentElement.scrollWidth") == 360
    assert not violations(phone)
    phone.context.close()


def test_without_scripts_everything_that_does_not_move_is_there(chromium: Any, report: Path) -> None:
    still = opened(chromium, report, java_script_enabled=False).page
    assert still.locator(f"{FIGURE} svg").is_visible()
    assert still.locator("#runs-table tbody tr").count() == 4
    assert still.locator("#runs-filters, #theme, #lineage-controls, #tip, #followed").evaluate_all(
        "all => all.every(one => one.hidden)"
    )
    still.context.close()


def test_print_has_no_controls_and_hides_no_part_of_a_table(page: Any) -> None:
    page.emulate_media(media="print")
    assert not page.locator("#theme, #runs-filters, body > nav").evaluate_all(
        "all => all.filter(one => one.checkVisibility()).length"
    )
    assert page.eval_on_selector_all(
        ".scroll.tall", "all => all.every(one => one.scrollHeight <= one.clientHeight + 1)"
    )
    page.emulate_media(media="screen")
