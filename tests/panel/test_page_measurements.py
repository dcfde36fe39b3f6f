"""Measurements, one of them, and Time: what is planted in the line is seen two clicks from Overview."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from sequencer.figures.cases import case_times
from sequencer.figures.histogram import boxes
from sequencer.figures.index import FiguresIndex
from sequencer.figures.measurements import measurements
from sequencer.figures.one_measurement import Measured
from sequencer.figures.scope import Scope
from tests.figures.line import BOARD, DAY, END, copied, truths
from tests.panel.axe import violations
from tests.panel.conftest import Panel
from tests.panel.live_page import frames, settled

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

TRUTHS = truths()
MONTH = Scope(since=END - END % DAY - 29 * DAY)
VOLTAGE = {"case": "main::voltage", "measurement": "Voltage", "unit": "V"}


@pytest.fixture(scope="module")
def index(line_kept: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The same figures, to be asked beside the panel, which keeps its own to itself."""
    folder = tmp_path_factory.mktemp("index")
    copied(line_kept, folder)
    with FiguresIndex(folder / "figures.duckdb") as index:
        yield index


def figures(page: Any) -> Any:
    """The page's figures, once they have come."""
    expect(page.locator(".figures-body:not([aria-busy]) .card").first).to_be_visible()
    return page.locator(".figures-body")


def from_overview(panel: Panel, browse: Any, link: str) -> Any:
    """The page one click from Overview."""
    page = browse(panel, "/overview", now=END, timezone_id="UTC")
    figures(page)
    page.get_by_role("navigation").get_by_role("link", name=link, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(link)
    figures(page)
    return page


def measured(page: Any, name: str, sequence: str) -> None:
    """Goes from the table to one measurement."""
    row = page.locator(".measurements tbody tr", has_text=sequence).filter(has=page.get_by_role("link", name=name))
    row.get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    figures(page)


def chart(page: Any, title: str) -> Any:
    """A chart that is drawn, of figures that have come."""
    expect(page.locator(".measurement-body[aria-busy]")).to_have_count(0)
    found = page.locator(".chart", has=page.locator(".chart-title", has_text=title))
    found.scroll_into_view_if_needed()
    expect(found.locator("canvas")).to_be_visible()
    return found


def rows(found: Any) -> list[list[str]]:
    """The values of a chart as its table has them."""
    found.locator("summary").click()
    expect(found.locator("tbody tr").first).to_be_visible()
    texts: list[list[str]] = found.locator("tbody tr").evaluate_all(
        "(rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent))"
    )
    return texts


def test_a_drifting_stand_is_two_clicks_from_overview(line_panel: Panel, index: Any, browse: Any) -> None:
    """Its measurement is among the worst, and its box lies apart; a value names its unit and leads to its run."""
    page = from_overview(line_panel, browse, "Measurements")
    expected = measurements(index.ask, MONTH)
    names = page.locator(".measurements tbody th a")
    expect(names).to_have_text([row.capability.measurement for row in expected])
    measured(page, "Voltage", BOARD)
    row = next(row.capability for row in expected if row.capability.measurement == "Voltage")
    assert row.indices.ppk is not None and row.indices.cpk is not None
    expect(page.locator("[data-figure=ppk] .tile-figure")).to_have_text(f"{row.indices.ppk:.2f}")
    expect(page.locator("[data-figure=cpk] .tile-figure")).to_have_text(f"{row.indices.cpk:.2f}")
    expect(page.locator("[data-figure=n] .tile-figure")).to_have_text(f"{row.n:,}")
    found = rows(chart(page, "Side by side"))
    by_stand = boxes(index.ask, MONTH._replace(by=("stand",)), Measured("main::voltage", "Voltage", "V"))
    assert [cells[0] for cells in found] == [row.split.by["stand"] for row in by_stand]
    quartiles = {cells[0]: [float(cell) for cell in cells[3:6]] for cells in found}
    drifting = quartiles.pop(str(TRUTHS.drifting_stand.stand))
    assert all(drifting[0] > others[2] for others in quartiles.values())
    assert sum(int(cells[-1]) for cells in rows(chart(page, "Distribution"))) == row.n
    over_time = chart(page, "Values over time")
    frames(settled(page))
    assert violations(page) == []
    over_time.locator("summary").focus()
    page.keyboard.press("Enter")
    value = over_time.locator("tbody tr").first
    expect(value.locator("td").first).to_contain_text("B0")
    value.get_by_role("link").first.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/runs/"))
    page.go_back()
    chart(page, "Values over time").locator("summary").click()
    page.locator(".unit-link").first.click()
    expect(page).to_have_url(re.compile("/units"))


def test_what_goes_together_is_two_clicks_from_overview(line_panel: Panel, browse: Any) -> None:
    """The scatter plot begins with the measurement that goes with it most; a click on a point leads to its run."""
    page = from_overview(line_panel, browse, "Measurements")
    measured(page, str(TRUTHS.correlated.measurement), BOARD)
    scatter = chart(page, f"Level 3 against {TRUTHS.correlated.other}")
    strength = page.get_by_label("Against", exact=True).locator("option").first.inner_text()
    assert strength.startswith("Level 2 (V) · r = 0.9")
    second = page.get_by_label("Against", exact=True).locator("option").nth(1)
    second_value = second.get_attribute("value")
    page.get_by_label("Against", exact=True).select_option(second_value)
    expect(page.locator(".measurement-scatter .chart-title")).not_to_contain_text("Level 2")
    assert "other=" in page.url
    page.reload()
    expect(page.get_by_label("Against", exact=True)).to_have_value(second_value)
    page.get_by_label("Against", exact=True).select_option(index=0)
    expect(page.locator(".measurement-scatter .chart-title")).to_contain_text("Level 2")
    scatter = chart(page, "Level 3 against Level 2")
    scatter.locator("summary").click()
    scatter.get_by_role("link").first.click()
    expect(page).to_have_url(re.compile("/runs/"))


def test_a_slower_version_is_one_click_from_overview(line_panel: Panel, index: Any, browse: Any) -> None:
    """The case that takes most of the time comes first, with its median before and after."""
    page = from_overview(line_panel, browse, "Time")
    flash, *others = case_times(index.ask, MONTH)
    assert flash.case == TRUTHS.slow_version.case and flash.share is not None
    first = page.locator(".timing tbody tr").first
    expect(first.locator("th")).to_contain_text("Flash")
    expect(first.locator("td").first).to_have_text(f"{flash.share:.1%}")
    expect(first.locator(".timing-change")).to_contain_text(f"slower in {TRUTHS.slow_version.version}: 12.5 s → 24.5 s")
    expect(page.locator(".timing tbody tr")).to_have_count(1 + len(others))
    expect(page.locator(".timing-change")).to_have_count(1)
    chart(page, "Where the time goes")
    frames(settled(page))
    assert violations(page) == []
    leads = first.locator("th a").get_attribute("href")
    assert leads.startswith("/runs?") and "sequence=Board+test" in leads  # it measures nothing
    page.locator(".timing tbody th a", has_text="Contact").click()
    expect(page.locator(".measurements tbody th")).to_have_text([re.compile("main::contact")])


def test_measurements_are_sorted_found_and_split_and_the_view_is_its_address(
    line_panel: Panel, index: Any, browse: Any
) -> None:
    """By any figure, by words of their names, and by what the choice splits; also on a phone, after a reload."""
    page = browse(line_panel, "/measurements", now=END, timezone_id="UTC", viewport={"width": 360, "height": 740})
    figures(page)
    worst = max(measurements(index.ask, MONTH), key=lambda row: row.lost or 0.0)
    page.get_by_role("button", name="Yield lost").click()
    first = page.locator(".measurements tbody tr").first
    expect(first.locator("th")).to_contain_text(worst.capability.measurement)
    expect(page.locator("th[aria-sort=descending]")).to_have_text("Yield lost")
    page.get_by_role("button", name="Yield lost").click()
    expect(page.locator("th[aria-sort=ascending]")).to_have_text("Yield lost")
    page.get_by_label("Find").fill("seal final")
    expect(page.locator(".measurements tbody tr")).to_have_count(1)
    page.reload()
    expect(page.get_by_label("Find")).to_have_value("seal final")
    expect(page.locator(".measurements tbody th")).to_contain_text("Seal")
    expect(page.locator("th[aria-sort=ascending]")).to_have_text("Yield lost")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_label("Find").fill("nothing of that name")
    expect(page.locator(".measurements [role=status]")).to_have_text("No measurement has these words.")
    page.goto(f"{line_panel.url}/measurements?by=slot&find=contact")
    figures(page)
    expect(page.locator(".measurements tbody tr")).to_have_count(4)


def test_control_charts_of_old_addresses_and_of_nothing(line_panel: Panel, browse: Any) -> None:
    """Subgroups and rules stand in the address; where pages lay before leads here; what was never measured says so."""
    asked = urlencode({"sequence": BOARD, **VOLTAGE, "stand": TRUTHS.drifting_stand.stand})
    page = browse(line_panel, f"/measurements?{asked}", now=END, timezone_id="UTC")
    figures(page)
    assert "/measurements/one?" in page.url
    expect(page.get_by_label("Sequence")).to_have_value(BOARD)
    page.get_by_label("Subgroups").select_option("day")
    page.get_by_label("Rules").select_option("nelson")
    control = chart(page, "Control chart: means and standard deviations")
    found = rows(control)
    assert any("nine in a row on one side" in cells[-1] for cells in found)
    assert not any(cells[-1] == "eight in a row on one side" for cells in found)
    assert "subgroup=day" in page.url and "rules=nelson" in page.url
    expect(page.locator(".measurement-limits tbody tr")).to_have_count(1)
    page.goto(f"{line_panel.url}/measurements/one?case=main::none&measurement=Nothing")
    expect(page.locator(".empty")).to_have_text("Nothing was not measured in this choice.")
    page.goto(f"{line_panel.url}/measurements?case=main::seal")
    expect(page.get_by_label("Find")).to_have_value("main::seal")


MARKS = """
async (area) => {
  const chart = (await import(LIBRARY)).getInstanceByDom(area);
  const lines = chart.getZr().storage.getDisplayList().filter((one) => one.type === "ec-line" || one.type === "line");
  return lines.map(({ shape }) => shape).filter(({ x1, x2, y1, y2 }) => x1 === x2 && y1 !== y2)
    .map(({ x1 }) => chart.convertFromPixel({ xAxisIndex: 0 }, x1));
}
"""
"""Where upright lines of a chart are, on its axis."""


def test_marks_of_a_distribution_are_where_their_values_are(line_panel: Panel, index: Any, browse: Any) -> None:
    """The mean, whose third place tells it from a round number, is drawn under the top of its curve."""
    asked = {"case": "main::current", "measurement": "Current"}
    (row,) = [row.capability for row in measurements(index.ask, MONTH) if row.capability.measurement == "Current"]
    page = browse(line_panel, "/measurements", now=END, timezone_id="UTC", new=True)
    asked_for: list[Any] = []
    page.on("request", lambda one: asked_for.append(one))
    page.goto(f"{line_panel.url}/measurements/one?{urlencode(asked)}")
    figures(page)
    area = chart(page, "Distribution").locator("[_echarts_instance_]")
    frames(settled(page))
    (library,) = {one.url for one in asked_for if "echarts.esm" in one.url}
    marks = area.evaluate(MARKS.replace("LIBRARY", repr(library)))
    assert row.mean is not None and row.sigma is not None
    assert any(abs(mark - row.mean) < row.sigma / 20 for mark in marks), (marks, row.mean)
