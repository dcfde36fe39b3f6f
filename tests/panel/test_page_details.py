"""Cases in detail, in a real browser: attempts, what there is too much of, charts."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.panel.live_page import row, started

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect


def passed(page: Any) -> None:
    expect(page.locator(".hero .verdict-word")).to_have_text("Pass")


def test_attempts_are_kept_apart(stand: Any, browse: Any) -> None:
    """The row shows the last attempt, the details every one with its own measurements."""
    stand.sequence(
        "flaky",
        """
name: Flaky
drivers: {bench: bench.Bench}
modules:
  main:
    name: Main
    cases:
      flaky:
        name: Flaky rail
        attempts: 2
        steps:
          - {measure: Output, call: bench.flaky, unit: V, limits: [4.8, 5.2], warn_limits: [4.8, 4.9]}
          - {check: "2 > 1"}
          - {log: "attempt ${{ attempt }}", level: warning}
""",
    )
    page = started(browse(stand.open()))
    page.keyboard.press("Space")
    passed(page)
    flaky = row(page, "main::flaky")
    expect(flaky.locator(".attempt-tag")).to_have_text("Attempt 2")
    expect(flaky.locator(".reading.is-warned .reading-value")).to_have_text("5 V")
    expect(flaky.locator(".warning-tag")).to_have_text("1 warning")
    expect(page.locator(".hero .verdict-sub")).to_have_text("1 passed · 1 warning")
    flaky.locator(".case-head").click()
    expect(flaky.locator(".warning-reason")).to_have_text("Warning: 5 V is above the upper limit of 4.9 V")
    expect(flaky.locator(".case-details .col-value.number")).to_have_text("5 V")
    expect(flaky.locator(".check")).to_contain_text("2 > 1")
    expect(flaky.locator(".log-line.is-warning")).to_have_text(re.compile(r"M warning attempt 2 ?$"))
    flaky.get_by_role("button", name="Attempt 1").click()
    expect(flaky.locator(".case-details .col-value.number")).to_have_text("4 V")
    expect(flaky.locator(".case-details .failure-message")).to_be_visible()


def test_a_chart_is_drawn_by_the_local_library_only_when_there_is_one(stand: Any, browse: Any) -> None:
    """No chart, no library; with one the data come, axes, legend and PNG are there."""
    stand.sequence(
        "charts",
        """
name: Charts
drivers: {bench: bench.Bench}
modules:
  main:
    name: Main
    cases:
      sweep:
        name: Sweep
        steps:
          - {call: bench.sweep, save: sweep}
          - chart:
              title: Frequency response
              type: log_x_y
              x_label: Frequency, Hz
              y_label: Gain
              series:
                - {name: Board, x: "${{ sweep.x }}", y: "${{ sweep.y }}"}
                - {name: Limit, x: [1, 1000], y: [2, 200]}
""",
    )
    panel = stand.open()
    page = browse(panel)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    started(page).keyboard.press("Space")
    chart = row(page, "main::sweep").locator("figure.chart")
    expect(chart.locator("canvas")).to_be_visible()
    expect(chart.locator(".chart-title")).to_have_text("Frequency response")
    expect(chart.locator(".u-legend")).to_contain_text("Board")
    expect(chart.locator(".u-legend")).to_contain_text("Limit")
    assert any("uPlot.esm.js" in url for url in asked)
    assert all(url.startswith(panel.url) for url in asked)
    with page.expect_download() as download:
        chart.get_by_role("button", name="Save as PNG").click()
    assert download.value.suggested_filename == "Frequency-response.png"
    assert download.value.path().read_bytes().startswith(b"\x89PNG")
    legend = chart.locator(".u-series", has_text="Board")
    legend.locator("th").click()
    expect(legend).to_have_class(re.compile("u-off"))


COLOURED_IN_THE_MIDDLE = """
(canvas) => {
  const over = canvas.parentElement.querySelector(".u-over").getBoundingClientRect();
  const all = canvas.getBoundingClientRect();
  const scale = canvas.width / all.width;
  const middle = [over.x + over.width / 2 - all.x, over.y + over.height / 2 - all.y];
  const at = middle.map((one) => Math.round(one * scale) - 5);
  const { data } = canvas.getContext("2d").getImageData(...at, 11, 11);
  const pixels = Array.from({ length: 121 }, (_, index) => data.slice(4 * index, 4 * index + 4));
  return pixels.some(([...rgb]) => rgb.pop() > 100 && Math.max(...rgb) - Math.min(...rgb) > 60);
}
"""


COLOURED_ANYWHERE = """
(canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  for (let at = 0; at < data.length; at += 4) {
    const rgb = data.slice(at, at + 3);
    if (data[at + 3] > 100 && Math.max(...rgb) - Math.min(...rgb) > 60) return true;
  }
  return false;
}
"""


def test_a_value_that_is_missing_is_a_gap(stand: Any, browse: Any) -> None:
    """No line leads across a point that has no value."""
    charts = [f"- chart: {{title: Ramp, series: [{{y: '${{{{ [1, {at}, 3] }}}}'}}]}}" for at in ("2", "none")]
    stand.steps("\n".join(charts))
    panel = stand.open()
    panel.run()
    canvas = browse(panel).locator("canvas")
    expect(canvas).to_have_count(2)
    for number, joined in enumerate((True, False)):
        canvas.nth(number).scroll_into_view_if_needed()
        expect(canvas.nth(number)).to_be_visible()
        assert canvas.nth(number).evaluate(COLOURED_IN_THE_MIDDLE) is joined


def test_a_curve_that_comes_back_is_drawn_both_ways(stand: Any, browse: Any) -> None:
    """A sweep up and down is one series, with a value for each way, and goes away as one."""
    stand.steps("- chart: {title: Loop, series: [{name: Loop, x: [0, 1, 2, 1, 0], y: [0, 0, 2, 2, 0]}]}")
    panel = stand.open()
    panel.run()
    page = browse(panel)
    canvas, series = page.locator("canvas"), page.locator(".u-legend .u-series:visible", has_text="Loop")
    expect(canvas).to_be_visible()
    expect(series).to_have_count(1)
    page.locator(".u-over").hover()
    expect(series).to_contain_text("0 · 2")
    for coloured in (True, False):
        expect(series).to_have_class(re.compile("u-series$" if coloured else "u-off"))
        assert canvas.evaluate(COLOURED_ANYWHERE) is coloured
        series.locator("th").click()


def test_short_plans_are_always_whole(stand: Any, browse: Any) -> None:
    """Only what lies far down a long plan waits for its layout until it is in sight."""
    cases = "\n".join(f"      c{number}: {{steps: [{{message: Hi}}]}}" for number in range(50))
    stand.sequence("long", f"name: Long\nmodules:\n  main:\n    cases:\n{cases}\n")
    page = started(browse(stand.open()))
    for number, laid_out in ((0, "visible"), (30, "visible"), (49, "auto")):
        expect(row(page, f"main::c{number}")).to_have_css("content-visibility", laid_out)


def test_no_chart_no_library(stand: Any, browse: Any) -> None:
    """A run without charts never asks for the chart library."""
    asked: list[str] = []
    page = browse(stand.open())
    page.on("request", lambda request: asked.append(request.url))
    started(page).keyboard.press("Space")
    passed(page)
    assert not any("uplot" in url.lower() for url in asked)


def test_an_attempt_that_is_read_stays_while_the_case_goes_on(stand: Any, browse: Any) -> None:
    """Open details of a running case follow it, but not away from the attempt that somebody chose."""
    stand.sequence(
        "flaky",
        """
name: Flaky
drivers: {bench: {use: bench.Bench, with: {here: HERE}}}
modules:
  main:
    name: Main
    cases:
      flaky:
        name: Flaky rail
        attempts: 2
        steps:
          - {measure: Output, call: bench.flaky, unit: V, limits: [4.8, 5.2], on_fail: stop}
          - {call: bench.wait}
          - {measure: Ripple, value: 7, unit: mV}
""",
    )
    panel = stand.open()
    page = started(browse(panel))
    page.keyboard.press("Space")
    flaky = row(page, "main::flaky")
    expect(flaky.locator(".reading-value")).to_have_text("5 V")
    flaky.locator(".case-head").click()
    flaky.get_by_role("button", name="Attempt 1").click()
    values = flaky.locator(".case-details .col-value.number")
    expect(values).to_have_text(["4 V"])
    panel.go()
    passed(page)
    expect(flaky.locator(".facts")).to_contain_text("Duration")
    expect(values).to_have_text(["4 V"])
    flaky.locator(".case-details").get_by_role("button", name="Attempt 2").click()
    expect(values).to_have_text(["5 V", "7 mV"])


def test_of_too_much_the_rest_is_counted(stand: Any, browse: Any) -> None:
    """Of 1,500 measurements a page gets 1,000, and of 20 failures it shows 10; both say how many more there are."""
    stand.configure("[frontend.modal_result]\nenable = true\n")
    points = "{measure: 'Point ${{ i }}', value: '${{ i }}', limits: [20, 2000]}"
    stand.steps(f"- for_each: {{i: '${{{{ range(0, 1500) }}}}'}}\n  steps: [{points}]")
    panel = stand.open()
    page = started(browse(panel))
    page.keyboard.press("Space")
    result = page.locator("dialog.result")
    expect(result).to_contain_text("and 15 more")
    expect(result.get_by_role("button", name="Close")).to_be_in_viewport()
    asked = row(page, "main::ask")
    expect(asked.locator(".failure")).to_have_count(10)
    expect(asked.locator(".case-failures")).to_contain_text("and 10 more")
    expect(page.locator(".result-dismiss")).to_be_focused()
    page.keyboard.press("Enter")
    asked.locator(".case-head").click()
    expect(asked.locator(".case-details tbody tr")).to_have_count(1000)
    expect(asked.locator(".case-details")).to_contain_text("and 500 more")


def test_charts_of_runs_before_are_let_go(stand: Any, browse: Any) -> None:
    """A page that stays open for weeks keeps the charts of the last run alone."""
    stand.sequence(
        "ramp",
        """
name: Ramp
drivers: {bench: {use: bench.Bench, with: {here: HERE}}}
modules:
  main:
    name: Main
    cases:
      ramp: {name: Ramp, steps: [{call: bench.wait}, {chart: {title: Ramp, series: [{y: [1, 2, 3]}]}}]}
""",
    )
    panel = stand.open()
    page = browse(panel)
    for number in range(1, 4):
        started(page).locator(".start").click()
        expect(page.locator(".hero .verdict-word")).to_have_text("Testing")
        panel.go()
        passed(page)
        expect(page.locator(".case canvas")).to_be_visible()
        panel.wait_for_runs(number)
        (stand.folder / "go").unlink()
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    prototype = session.send("Runtime.evaluate", {"expression": "HTMLCanvasElement.prototype"})["result"]["objectId"]
    kept = session.send("Runtime.queryObjects", {"prototypeObjectId": prototype})["objects"]["objectId"]
    count = "function () { return this.length; }"
    told = session.send("Runtime.callFunctionOn", {"objectId": kept, "functionDeclaration": count})
    # One drawn now, and one that the next chart to be drawn sweeps away.
    assert told["result"]["value"] <= 2


def test_a_sample_is_drawn_while_it_goes_on(stand: Any, browse: Any) -> None:
    """It grows on the page that saw it begin and on one that comes late, and both end with all of its points."""
    stand.sequence(
        "sample",
        """
name: Sample
drivers: {bench: {use: bench.Bench, with: {here: HERE}}}
modules:
  main:
    name: Main
    cases:
      settle:
        name: Settling
        steps:
          - sample: {v: {call: bench.voltage, unit: V, name: Output}, gone: bench.gone}
            name: Settling
            every: 10 ms
            until: gone == 1
            for: 300 s
            limits: {v: {mean: [5, 6]}}
""",
    )
    panel = stand.open()
    page = started(browse(panel))
    page.keyboard.press("Space")
    more = "(before) => Number(document.querySelector('.chart-area')?.dataset.points) > before"
    page.wait_for_function(more, arg=2)
    late = browse(panel)
    late.wait_for_function(more, arg=int(page.locator(".chart-area").get_attribute("data-points")))
    late.wait_for_function(more, arg=int(late.locator(".chart-area").get_attribute("data-points")))
    panel.go()
    passed(page)
    (case,) = panel.last()["modules"][0]["cases"]
    taken = str(len(case["attempts"][0]["charts"][0]["x_data"][0]))
    for each in (page, late):
        expect(each.locator(".chart-area")).to_have_attribute("data-points", taken)
    expect(page.locator(".reading-value")).to_have_text("5.02 V")
    expect(page.locator(".chart-title")).to_have_text("Settling")
