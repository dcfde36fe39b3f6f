"""Charts of figures: all kinds from one library, in the page's colours, by mouse and by keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.panel.axe import violations
from tests.panel.conftest import Stand
from tests.panel.live_page import frames, settled

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

CHARTS = """
async () => {
  const main = document.querySelector("script[type=module]").src;
  const { figureChart } = await import(main.replace("all.js", "figure_chart.js"));
  const { loadLanguage } = await import(main.replace("all.js", "text.js"));
  await loadLanguage("de");
  const name = '<img src="x" onerror="alert(1)">';
  const link = (to) => Object.assign(document.createElement("a"), { href: to, textContent: to });
  const charts = [
    figureChart({
      title: "Runs",
      summary: "Two of three passed",
      option: (look) => ({
        legend: {},
        tooltip: { trigger: "axis" },
        xAxis: { type: "category", data: [name, "b"] },
        yAxis: { type: "value" },
        series: [
          { type: "bar", name: "passed", stack: "all", color: look.passed, data: [123456.5, 2] },
          { type: "bar", name: "failed", stack: "all", color: look.failed, data: [3, 1] },
        ],
      }),
      chosen: (params) => (window.chosen = params.name),
      table: () => ({ heads: ["Day", "Runs"], rows: [[name, "3"], ["b", link("/runs?serial_number=1")]] }),
    }),
    figureChart({
      title: "Values",
      height: 20,
      option: (look) => ({
        dataZoom: [{ type: "inside", zoomOnMouseWheel: "ctrl" }],
        xAxis: { type: "time" },
        yAxis: { type: "value", scale: true },
        series: [
          { type: "line", data: [[0, 1], [86400000, 2]], markLine: { data: [{ yAxis: 1.5, name: "limit" }] } },
          { type: "scatter", data: [[0, 1]] },
        ],
      }),
    }),
    figureChart({
      title: "Boxes",
      option: () => ({
        xAxis: { type: "category" },
        yAxis: { type: "log" },
        series: [
          { type: "boxplot", data: [[1, 2, 3, 4, 5]] },
          { type: "custom", renderItem: () => ({ type: "rect", shape: { x: 9, width: 9, height: 9 } }), data: [1] },
        ],
      }),
    }),
  ];
  document.querySelector("#main .page-head").after(...charts);
}
"""


@pytest.fixture(scope="module")
def panel(shared_stand: Stand) -> Iterator[Any]:
    """A panel whose pages have room for charts."""
    yield shared_stand.open()


def drawn(chart: Any) -> str:
    """What the canvas shows."""
    found: str = chart.locator("canvas").evaluate("(canvas) => canvas.toDataURL()")
    return found


def test_a_chart_has_the_looks_of_its_page_and_its_values_as_a_table(panel: Any, browse: Any) -> None:
    """Names stay texts, a bar says what was clicked, a link is reached by keys, and no style is in markup."""
    page = browse(panel, "/storage", color_scheme="light")
    page.evaluate(CHARTS)
    charts = page.locator(".figure-area")
    for index in range(3):
        charts.nth(index).scroll_into_view_if_needed()
        expect(charts.nth(index).locator("canvas")).to_be_visible()
    frames(settled(page))
    bars = page.locator(".chart").first
    bars.scroll_into_view_if_needed()
    expect(page.get_by_role("img", name="Runs. Two of three passed")).to_be_visible()
    box = bars.locator("canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.7)
    tip = page.locator(".chart-tip")
    expect(tip).to_contain_text('<img src="x" onerror="alert(1)">')
    expect(tip).to_contain_text("123456,5")
    page.mouse.click(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.7)
    assert page.evaluate("window.chosen") == '<img src="x" onerror="alert(1)">'
    page.mouse.move(0, 0)
    bars.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(bars.locator("tbody th").first).to_have_text('<img src="x" onerror="alert(1)">')
    for _ in range(2):  # the table scrolls, so it has the focus before the link in it
        page.keyboard.press("Tab")
    expect(bars.locator("a")).to_be_focused()
    light = drawn(bars)
    page.evaluate("dispatchEvent(new CustomEvent('hardseq-theme', { detail: 'dark' }))")
    frames(page)
    dark = drawn(bars)
    assert dark != light
    page.emulate_media(forced_colors="active")
    frames(page)
    assert drawn(bars) not in (light, dark)
    assert violations(page) == []
    page.set_viewport_size({"width": 360, "height": 740})
    expect(bars.locator("canvas")).to_have_css("width", re.compile(r"^(2\d\d|3[0-3]\d)px$"))
    assert page.evaluate("document.documentElement.scrollWidth") == 360

    with page.expect_download() as saved:
        bars.get_by_role("button", name="Als PNG").click()
    assert saved.value.suggested_filename == "Runs.png"
