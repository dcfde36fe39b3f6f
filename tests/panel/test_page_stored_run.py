"""The page of a stored run: what did not pass, cases by filter and address, its neighbours, what can be copied."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sequencer.project.settings import LANGUAGES
from tests.panel.axe import violations
from tests.panel.live_page import row, settled

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

SERIAL = "PSB-2026-000.042/A1"
CASES = "\n".join(
    f"""      point_{number:02}:
        name: Point {number}
        steps: [{{measure: Level, value: {number}, unit: V, limits: [0, 99]}}]"""
    for number in range(40)
)
MIXED = f"""
name: Mixed board
params: {{serial: {{type: string}}, level: {{type: number, default: 5}}}}
modules:
  power:
    name: Power
    cases:
      rail:
        name: Rail
        steps:
          - record: {{dut: {{serial_number: "${{{{ params.serial }}}}"}}}}
          - {{measure: Output, value: "${{{{ params.level }}}}", unit: V, limits: [4.8, 5.2]}}
      after:
        name: After it
        depends: ["::rail"]
        steps: [{{message: fine}}]
  points:
    name: Points
    cases:
{CASES}
      last:
        name: Last look
        steps: [{{check: "params.level < 6", message: the level was too high}}]
"""


@pytest.fixture(scope="module")
def tested(shared_stand: Any) -> tuple[Any, list[str]]:
    """A panel after four runs, and their ids: of one unit but the second, all but the last one failed."""
    shared_stand.sequence("mixed", MIXED)
    shared_stand.configure('[frontend]\nlogo = "logo.svg"\n')
    shared_stand.write(
        "logo.svg", '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="30"><circle r="9"/></svg>'
    )
    panel = shared_stand.open()
    starts = [(SERIAL, 9.0), ("SN2", 9.0), (SERIAL, 9.0), (SERIAL, 5.0)]
    return panel, [panel.run(params={"serial": serial, "level": level})["id"] for serial, level in starts]


def test_what_did_not_pass_stands_first_and_leads_to_its_case(tested: Any, browse: Any) -> None:
    """The list has each failed case with its reason; its links are addresses that survive reload, back and sending."""
    panel, runs = tested
    page = browse(panel, f"/runs/{runs[0]}")
    missed = page.get_by_role("navigation", name="What did not pass")
    expect(missed.locator("li")).to_have_count(2)
    # In the order of the live verdict: what did not pass is said first.
    expect(page.locator(".report-head")).to_contain_text(re.compile(r"2 failed · \d+ passed · 1 skipped"))
    expect(missed.locator("li").first).to_contain_text("Output: 9 V is above the upper limit of 5.2 V")
    missed.get_by_role("link", name="Points · Last look").click()
    last = row(page, "points::last")
    head = last.locator(".case-head")
    expect(head).to_have_attribute("aria-expanded", "true")
    expect(last).to_be_in_viewport()
    expect(page).to_have_url(re.compile("#case=points%3A%3Alast$"))
    page.reload()
    expect(head).to_have_attribute("aria-expanded", "true")
    expect(last).to_be_in_viewport()
    # Away and back.
    page.get_by_role("link", name="Overview").first.click()
    expect(page.locator(".tile-figure").first).to_be_visible()
    page.go_back()
    expect(head).to_have_attribute("aria-expanded", "true")
    expect(last).to_be_in_viewport()
    # What is opened by hand has the address, and gives it back.
    row(page, "points::point_20").locator(".case-head").click()
    expect(page).to_have_url(re.compile("#case=points%3A%3Apoint_20$"))
    row(page, "points::point_20").locator(".case-head").click()
    expect(page).to_have_url(re.compile(f"{runs[0]}$"))
    expect(browse(panel, f"/runs/{runs[3]}").get_by_role("navigation", name="What did not pass")).to_have_count(0)


def test_cases_of_a_stored_run_are_filtered(tested: Any, browse: Any) -> None:
    """As on the live page; an address leads to a case although the filter hides it."""
    panel, runs = tested
    page = browse(panel, f"/runs/{runs[0]}")
    filters = page.get_by_role("group", name="Show")
    expect(filters.get_by_role("button")).to_have_text(["All43", "Not passed2", "Passed40", "Skipped1"])
    filters.get_by_role("button", name="Not passed").click()
    expect(page.locator(".case:visible")).to_have_count(2)
    filters.get_by_role("button", name="Skipped").click()
    expect(page.locator(".case:visible")).to_have_count(1)
    expect(page.locator(".module:visible")).to_have_count(1)
    page.evaluate("window.location.hash = 'case=points::point_07'")
    expect(row(page, "points::point_07").locator(".case-head")).to_have_attribute("aria-expanded", "true")
    expect(filters.get_by_role("button", name="All")).to_have_attribute("aria-pressed", "true")


def test_neighbours_in_the_order_of_the_list(tested: Any, browse: Any) -> None:
    """One step up or down leads to the next newer or older run, of those that the list's filters mean."""
    panel, runs = tested
    page = browse(panel, f"/runs/{runs[1]}")
    page.get_by_role("link", name="Newer run").click()
    expect(page).to_have_url(re.compile(f"/runs/{runs[2]}$"))
    page.get_by_role("link", name="Older run").click()
    page.get_by_role("link", name="Older run").click()
    expect(page).to_have_url(re.compile(f"/runs/{runs[0]}$"))
    expect(page.get_by_role("button", name="Older run")).to_be_disabled()
    # From the list of one unit's runs.
    page.goto(f"{panel.url}/runs?serial_number={SERIAL}")
    expect(page.locator(".runs tbody tr")).to_have_count(3)
    page.get_by_label("Verdict").select_option("failed")
    expect(page.locator(".runs tbody tr")).to_have_count(2)
    page.locator(".runs tbody tr .row-link").last.click()
    page.get_by_role("link", name="Newer run").click()
    expect(page).to_have_url(re.compile(f"/runs/{runs[2]}[?]"))
    expect(page.get_by_role("button", name="Newer run")).to_be_disabled()
    page.locator(".back-link").click()
    expect(page.locator(".runs tbody tr")).to_have_count(2)
    # From a list in another order.
    page.get_by_role("button", name="Started").click()
    expect(page.locator("th.col-start_time")).to_have_attribute("aria-sort", "ascending")
    expect(page.locator(".runs tbody tr").last.locator("a.row-link")).to_have_attribute(
        "href", re.compile(f"{runs[2]}.*order=ascending")
    )
    page.locator(".runs tbody tr .row-link").last.click()
    expect(page.get_by_role("button", name="Next run")).to_be_disabled()
    page.get_by_role("link", name="Previous run").click()
    expect(page).not_to_have_url(re.compile(f"/runs/{runs[2]}"))
    page.get_by_role("link", name="Next run").click()
    expect(page).to_have_url(re.compile(f"/runs/{runs[2]}[?]"))


@pytest.mark.parametrize("secure", [True, False])
def test_id_serial_number_and_place_are_copied(tested: Any, browse: Any, secure: bool) -> None:
    """By a button each, also where the browser gives the page no clipboard; it says what it did."""
    panel, runs = tested
    page = browse(panel, f"/runs/{runs[0]}", permissions=["clipboard-read", "clipboard-write"])
    expect(page.locator(".report-unit")).to_be_visible()
    if not secure:
        page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('not here')); }")
    for button, text in (
        (page.locator(".report-unit .copy-button"), SERIAL),
        (page.locator(".fact-cards").get_by_role("button", name="Copy: Run id").first, runs[0]),
        (page.locator(".case-failures .copy-button").first, "sequences/mixed.yaml:"),
    ):
        button.click()
        expect(page.locator(".toast").last).to_contain_text(f"Copied: {text}")
        assert page.evaluate("navigator.clipboard.readText()").startswith(text)
        expect(button).to_be_focused()


def test_the_print_button_opens_the_report_sheet(tested: Any, browse: Any) -> None:
    """A window with the sheet in the verdict's colour and the company's logo, at which nothing can run or be loaded."""
    panel, runs = tested
    page = browse(panel, f"/runs/{runs[0]}")
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Print").click()
    sheet = opened.value
    expect(sheet).to_have_title(f"FAIL {SERIAL} · Mixed board")
    expect(sheet.locator("body")).to_have_class("failed-sheet")
    assert sheet.locator(".logo").evaluate("(logo) => logo.decode().then(() => logo.naturalWidth)") > 0
    assert "script" not in panel.ask("GET", f"/api/runs/{runs[0]}/sheet").headers["Content-Security-Policy"]


def test_on_a_phone_the_head_of_a_run_is_one_row(tested: Any, browse: Any) -> None:
    """In every language: the steps are pictures with names, the rest is a menu for keys and fingers."""
    panel, runs = tested
    page = browse(panel, f"/runs/{runs[1]}", viewport={"width": 360, "height": 740}, color_scheme="dark")
    head, more, menu = page.locator(".page-head"), page.locator(".more-button"), page.locator(".more-row")
    for language in LANGUAGES:
        page.evaluate(f"localStorage.setItem('hardseq.language', '{language}')")
        page.reload()
        expect(head.locator("[rel=next]")).to_be_visible()
        settled(page)
        box = more.bounding_box()
        assert (head.bounding_box()["height"], box["x"] + box["width"] <= 360) == (44, True), language
    page.evaluate("localStorage.setItem('hardseq.language', 'en')")
    page.reload()
    expect(page.get_by_role("link", name="Older run")).to_be_visible()
    expect(page.get_by_role("button", name="Print")).to_have_count(0)
    more.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Print")).to_be_visible()
    assert menu.bounding_box()["y"] >= head.bounding_box()["y"] + 44
    assert violations(page) == []
    page.keyboard.press("Tab")
    expect(menu.get_by_role("link", name="Run again")).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(more).to_be_focused()
    more.click()
    with page.expect_download() as saved:
        menu.get_by_role("link", name="JSON").click()
    assert saved.value.suggested_filename.endswith(".json")
    expect(menu).to_be_hidden()
    more.click()
    page.set_viewport_size({"width": 1366, "height": 768})
    expect(more).to_be_hidden()
    expect(page.get_by_role("button", name="Print")).to_be_visible()
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{panel.url}/measurements")
    expect(page.get_by_role("link", name="JSON")).to_be_visible()
    assert settled(page).locator(".page-head").bounding_box()["height"] == 44


def test_a_long_number_is_found_and_selected_whole(tested: Any, browse: Any) -> None:
    """The browser's own search and copy take a shortened serial number for one word."""
    panel, _ = tested
    page = browse(panel, "/runs", viewport={"width": 800, "height": 700})
    cell = page.locator(".col-serial_number .token").first
    expect(cell).to_have_text(SERIAL)
    selected = "(of) => { getSelection().selectAllChildren(of); return getSelection().toString(); }"
    assert cell.evaluate(selected).strip() == SERIAL
    page.evaluate("getSelection().collapse(document.body, 0)")
    assert page.evaluate("(text) => window.find(text)", SERIAL)
