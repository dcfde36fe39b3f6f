"""Charts for everybody: by keyboard, by touch, and as a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.panel.conftest import Stand
from tests.panel.live_page import frames, settled

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

SEQUENCE = """
name: Board
modules:
  main:
    name: Main
    cases:
      sweep:
        name: Sweep
        steps:
          - chart:
              title: Gain
              x_label: f
              y_label: dB
              series:
                - {name: U, x: [XS], y: [YS]}
                - {name: I, x: [XS], y: [XS]}
          - chart: {title: Loop, series: [{name: up, x: [1, 2], y: [5, 6]}, {name: down, x: [3], y: [7]}]}
          - chart: {title: Long, series: [{name: U, y: "${{ list(range(100000)) + [5, 6] }}"}]}
"""


@pytest.fixture(scope="module")
def panel(shared_stand: Stand) -> Iterator[Any]:
    """A panel with one run that has charts."""
    xs = ", ".join(map(str, range(1, 41)))
    ys = ", ".join(str(x * x) for x in range(1, 41))
    shared_stand.sequence("board", SEQUENCE.replace("XS", xs).replace("YS", ys))
    panel = shared_stand.open()
    panel.run()
    yield panel


def opened(browse: Any, panel: Any, **options: Any) -> tuple[Any, Any]:
    """The page of the run, and its first chart."""
    page = browse(panel, "/runs/latest", **options)
    chart = page.locator(".chart").first
    chart.scroll_into_view_if_needed()
    expect(chart.locator("canvas")).to_be_visible()
    frames(settled(page))
    return page, chart


def drawn(chart: Any) -> str:
    """What the canvas shows."""
    found: str = chart.locator("canvas").evaluate("(canvas) => canvas.toDataURL()")
    return found


def changed(page: Any, chart: Any, before: str) -> str:
    """What the canvas shows once it is something else than before."""
    frames(page)
    after = drawn(chart)
    assert after != before
    return after


def left(page: Any, chart: Any) -> float:
    """The x value at the left edge, as the legend has it."""
    box = chart.locator(".u-over").bounding_box()
    page.mouse.move(box["x"] + 1, box["y"] + box["height"] / 2 + 1)
    page.mouse.move(box["x"] + 2, box["y"] + box["height"] / 2)
    return float(chart.locator(".u-legend .u-value").first.inner_text())


def test_a_chart_is_zoomed_and_moved_by_keys(panel: Any, browse: Any) -> None:
    """Plus, minus, arrows and 0, with the focus on the picture, which has the chart's name and says its keys."""
    page, chart = opened(browse, panel)
    picture = chart.get_by_role("img", name="Gain")
    expect(picture).to_have_accessible_description(
        "With the focus on the chart, plus and minus zoom, arrows move it, 0 shows everything."
    )
    whole = drawn(chart)
    assert left(page, chart) == 1
    picture.focus()
    for key in "+++":
        page.keyboard.press(key)
    zoomed = left(page, chart)
    assert zoomed > 5
    page.keyboard.press("ArrowRight")
    assert left(page, chart) > zoomed
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert left(page, chart) < zoomed
    before = drawn(chart)
    page.keyboard.press("ArrowUp")
    changed(page, chart, before)
    page.keyboard.press("-")
    assert left(page, chart) < zoomed
    page.keyboard.press("0")
    frames(page)
    assert drawn(chart) == whole


def test_a_chart_is_zoomed_and_moved_by_fingers(panel: Any, browse: Any) -> None:
    """Two fingers zoom, one drags, two taps show everything; a chart that shows all there is lets the page scroll."""
    page, chart = opened(browse, panel, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    chart.scroll_into_view_if_needed()
    expect(chart.locator(".chart-hint.is-touch")).to_be_visible()
    over = chart.locator(".u-over")
    box = over.bounding_box()
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *places: float) -> None:
        """Fingers at these parts of the width."""
        points = [
            {"x": box["x"] + box["width"] * at, "y": box["y"] + box["height"] / 2, "id": index}
            for index, at in enumerate(places)
        ]
        session.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})

    whole = drawn(chart)
    expect(over).to_have_css("touch-action", "pan-y")
    touch("Start", 0.45, 0.55)
    for spread in (0.1, 0.2, 0.3):
        touch("Move", 0.5 - spread, 0.5 + spread)
    touch("End")
    expect(over).to_have_css("touch-action", "none")
    pinched = changed(page, chart, whole)
    touch("Start", 0.3)
    for at in (0.4, 0.5, 0.6):
        touch("Move", at)
    touch("End")
    changed(page, chart, pinched)
    for _ in range(2):
        touch("Start", 0.5)
        touch("End")
    expect(over).to_have_css("touch-action", "pan-y")
    frames(page)
    assert drawn(chart) == whole


def test_a_chart_is_a_table_too(panel: Any, browse: Any) -> None:
    """Its values in rows with heads: one column for each series, or one row for each value where the x differ."""
    page, chart = opened(browse, panel)
    chart.get_by_text("Values as a table").click()
    expect(chart.get_by_role("columnheader")).to_have_text(["f", "U", "I"])
    rows = chart.locator(".chart-table tbody tr")
    expect(rows).to_have_count(40)
    expect(rows.nth(2)).to_have_text("393")
    expect(rows.nth(2).get_by_role("rowheader")).to_have_text("3")
    loop = page.locator(".chart").nth(1)
    loop.scroll_into_view_if_needed()
    loop.get_by_text("Values as a table").click()
    expect(loop.locator(".chart-table tr")).to_have_text(["Seriesxy", "up15", "up26", "down37"])
    long = page.locator(".chart").nth(2)
    long.scroll_into_view_if_needed()
    expect(long.get_by_text("100002 points, thinned out; all of them are in Long.csv")).to_be_visible()


def test_a_chart_is_drawn_once_the_panel_is_back(panel: Any, browse: Any) -> None:
    """What draws it is asked for again when it did not come the first time."""
    page = browse(panel, "/runs", strict=False)
    page.route("**/uPlot.esm.js", lambda route: route.abort())
    page.locator(".row-link").first.click()
    chart = page.locator(".chart").first
    chart.scroll_into_view_if_needed()
    expect(chart.locator(".chart-area > p")).to_be_visible()
    page.unroute("**/uPlot.esm.js")
    page.locator(".back-link").click()
    page.locator(".row-link").first.click()
    chart.scroll_into_view_if_needed()
    expect(chart.locator("canvas")).to_be_visible()
