"""The history pages in a real browser: runs, one run, yield, a measurement over the runs, storage."""

from __future__ import annotations

import re
from typing import Any

import pytest

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

VARYING = """
name: Rails
version: 2.0.0
params: {serial: {type: string}, volts: {type: number}}
modules:
  rails:
    name: Supply rails
    cases:
      rail_5v:
        name: 5 V rail
        steps:
          - record: {dut: {serial_number: "${{ params.serial }}", part_number: PB-7, info: {sw: 1.0.0}}}
          - {measure: Output, value: "${{ params.volts }}", unit: V, limits: [4.8, 5.2]}
"""
VOLTS = [5.0, 5.05, 4.95, 5.1, 5.5]


@pytest.fixture(scope="module")
def filled(shared_stand: Any) -> Any:
    """A panel whose stand has run five boards, the last of them bad."""
    shared_stand.sequence("rails", VARYING)
    panel = shared_stand.open()
    for number, volts in enumerate(VOLTS, 1):
        panel.run(params={"serial": f"SN{number}", "volts": volts}, user="Ann")
    return panel


def test_runs_are_listed_filtered_and_opened(filled: Any, browse: Any) -> None:
    """Newest first; filters stand in the address; a run opens with every measurement and its facts."""
    page = browse(filled, "/runs")
    rows = page.locator(".runs tbody tr")
    expect(rows).to_have_count(5)
    expect(rows.first).to_contain_text("SN5")
    expect(rows.first.locator(".chip")).to_have_text("failed")
    expect(rows.first).to_contain_text("rails::rail_5v")
    expect(rows.first).to_contain_text("Ann")
    page.get_by_label("Verdict").select_option("passed")
    expect(rows).to_have_count(4)
    page.get_by_label("Search").fill("SN2")
    page.keyboard.press("Enter")
    expect(rows).to_have_count(1)
    page.reload()
    expect(rows).to_have_count(1)
    rows.first.locator(".col-sequence").click()
    expect(page.locator(".report-head .verdict-word")).to_have_text("Pass")
    expect(page.locator(".fact-cards")).to_contain_text("SN2")
    expect(page.locator(".fact-cards")).to_contain_text("1.0.0")
    page.locator(".case-head").click()
    expect(page.locator(".measurements tbody tr")).to_have_count(1)
    expect(page.locator(".measurements .col-limits").last).to_have_text("4.8 V ≤ value ≤ 5.2 V")
    expect(page.locator(".measurements .col-place").last).to_have_text(re.compile(r"sequences/rails\.yaml:\d+"))
    page.go_back()
    expect(rows).to_have_count(1)


TOLD = """
name: Told
description: Before the oven
modules:
  main:
    name: Main
    description: What is soldered
    cases:
      told:
        name: Told
        steps:
          - record: {artifact: {run: {oven: 7}, module: {shelf: 8}, case: {slot: 9}}}
          - operator_message: {title: Mind the oven, text: It is hot}
          - check: 1 > 2
"""


def test_a_run_shows_all_that_was_written(stand: Any, browse: Any) -> None:
    """Descriptions, artifacts of every level and what the operator was told stand on a run's page."""
    stand.sequence("told", TOLD)
    panel = stand.open()
    panel.run()
    page = browse(panel, "/runs/latest")
    page.locator(".case-head").click()
    for text in ("Before the oven", "What is soldered", "Mind the oven · It is hot", '"shelf": 8', '"slot": 9'):
        expect(page.get_by_text(text)).to_be_visible()
    expect(page.locator(".fact-card", has_text="Further data")).to_contain_text("oven7")


def test_runs_and_yield_follow_the_stand(stand: Any, browse: Any) -> None:
    """A run that ends while somebody looks comes on top, where the filters mean it, and counts; nothing else moves."""
    stand.sequence("rails", VARYING)
    panel = stand.open()
    panel.run(params={"serial": "SN1", "volts": 5.0})
    page, failed, figures = (browse(panel, path) for path in ("/runs", "/runs?status=failed", "/overview"))
    rows = page.locator(".runs tbody tr")
    expect(rows).to_have_count(1)
    expect(failed.locator(".empty")).to_contain_text("No run")
    expect(figures.locator(".tile-figure").first).to_have_text("100%")
    rows.first.locator(".row-link").focus()
    panel.run(params={"serial": "SN2", "volts": 5.5})
    for one in (page, failed):
        expect(one.locator(".runs tbody tr").first).to_contain_text("SN2")
        expect(one.locator(".empty")).to_be_empty()
    expect(rows).to_have_count(2)
    expect(rows.last.locator(".row-link")).to_be_focused()
    expect(figures.locator("[data-figure=yield] .tile-figure")).to_have_text("50%")
    read = figures.locator("details").first
    read.locator("summary").click()
    panel.run(params={"serial": "SN3", "volts": 5.0})
    expect(rows.first).to_contain_text("SN3")
    expect(read).to_have_attribute("open", "")
    expect(failed.locator(".runs tbody tr")).to_have_count(1)


def test_pages_of_the_list(filled: Any, browse: Any) -> None:
    """What does not fit on the first page comes by button; none twice, none missing."""
    page = browse(filled, "/runs")
    expect(page.locator(".runs tbody tr")).to_have_count(5)
    page.route(
        "**/api/figures/runs?*", lambda route: route.continue_(url=route.request.url.replace("limit=50", "limit=2"))
    )
    page.get_by_label("Verdict").select_option("")
    page.reload()
    rows = page.locator(".runs tbody tr")
    expect(rows).to_have_count(2)
    page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(4)
    page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(5)
    serials = page.locator(".runs tbody .col-serial_number").all_inner_texts()
    assert serials == ["SN5", "SN4", "SN3", "SN2", "SN1"]


EXPORTS = {
    "/runs": [("CSV", "runs.csv", "id,status,"), ("JSON", "runs.json", '{"rows":')],
    "/overview": [("CSV", "overview.csv", "span,runs,"), ("JSON", "overview.json", '{"rows":')],
    "/failures": [("CSV", "failures.csv", "case,name,")],
    "/measurements": [("CSV", "measurements.csv", "sequence,case,"), ("JSON", "measurements.json", '{"rows":')],
    "/time": [("CSV", "cases.csv", "sequence,case,")],
    "/runs/latest": [
        ("HTML", ".html", "<!"),
        ("CSV", ".csv", "run,"),
        ("JUnit", ".xml", "<?xml"),
        ("StandCloud", ".standcloud.json", "{"),
    ],
}
"""Of each page its links: their texts, how the names of their files end, and how these begin."""


def test_exports(filled: Any, browse: Any) -> None:
    """Every history page gives what it shows as files."""
    page = browse(filled, "/runs")
    for path, links in EXPORTS.items():
        page.goto(filled.url + path)
        for link, name, begins in links:
            with page.expect_download() as download:
                page.get_by_role("link", name=link, exact=True).click()
            assert download.value.suggested_filename.endswith(name), (path, link)
            assert download.value.path().read_text("utf-8-sig").startswith(begins), (path, link)


def test_a_measurement_over_the_runs(filled: Any, browse: Any) -> None:
    """Values against limits, mean and spread, Pp and Ppk; reached from the menu."""
    page = browse(filled, "/runs")
    page.get_by_role("link", name="Measurements").click()
    page.locator(".measurements tbody tr", has_text="rails::rail_5v").get_by_role("link").click()
    expect(page.locator("figure.chart canvas").first).to_be_visible()
    # Mean 5.12, s = 0.219089: Pp = 0.4 / 6 s, Ppk = (5.2 - 5.12) / 3 s.
    expect(page.locator("[data-figure=mean]")).to_contain_text("5.12 V")
    expect(page.locator("[data-figure=ppk]")).to_contain_text("Pp 0.30")
    expect(page.locator("[data-figure=ppk] .tile-figure")).to_have_text("0.12")


def test_an_unknown_run_says_so(filled: Any, browse: Any) -> None:
    """A wrong address is answered in words."""
    page = browse(filled, "/runs/nonsense", strict=False)
    expect(page.locator(".empty")).to_have_text("There is no run with this id")
