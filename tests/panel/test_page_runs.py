"""The list of all runs and the page of a unit, on the line with planted truths."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.figures.line import END, line, truths
from tests.panel.axe import violations

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect


def test_runs_are_found_sorted_and_sent(line_panel: Any, browse: Any) -> None:
    """A part of a text finds, columns sort and can be chosen, and all of it stands in the address, which shows the same
    elsewhere; totals are of all pages."""
    page = browse(line_panel, "/runs", now=END)
    rows, totals = page.locator(".runs tbody tr"), page.locator(".run-totals")
    expect(rows).to_have_count(50)
    expect(totals).to_contain_text("Runs: 20,000")
    page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(100)
    seal = sum(any(one.case == "main::seal" and one.measurement is None for one in run.failures) for run in line())
    page.get_by_label("Search").fill("SEAL")
    expect(totals).to_contain_text(f"Runs: {seal}")
    expect(totals).to_contain_text(f"{seal} failed")
    expect(rows).to_have_count(seal)
    page.get_by_role("button", name="Serial number").click()
    heading, answered = page.locator("th.col-serial_number"), page.locator(".table-scroll:not([aria-busy])")
    expect(heading).to_have_attribute("aria-sort", "ascending")
    expect(answered).to_be_visible()
    serials = page.locator("td.col-serial_number")
    expect(rows).to_have_count(seal)
    found = serials.all_inner_texts()
    assert found == sorted(found)
    page.keyboard.press("Enter")
    expect(heading).to_have_attribute("aria-sort", "descending")
    expect(serials.first).to_have_text(found[-1])
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("checkbox", name="Batch").check()
    page.get_by_role("checkbox", name="Part number").uncheck()
    page.keyboard.press("Escape")
    expect(page.locator("td.col-batch").first).to_have_text(re.compile("B10|B9"))
    expect(page.locator("td.col-part_number")).to_have_count(0)
    assert violations(page) == []
    wanted = {"text": ["SEAL"], "sort": ["serial_number"], "order": ["descending"]}
    assert wanted.items() <= parse_qs(urlsplit(page.url).query).items()
    other = browse(page.url, "", now=END)
    expect(other.locator("td.col-serial_number").first).to_have_text(found[-1])
    expect(other.locator("td.col-batch").first).to_be_visible()
    expect(other.get_by_label("Search")).to_have_value("SEAL")
    files = {link.inner_text(): link.get_attribute("href") for link in other.locator(".more-row a").all()}
    assert [*files] == ["CSV", "JSON", "XLSX", "Parquet"]
    assert all("text=SEAL" in address and "order=descending" in address for address in files.values())
    columns = parse_qs(urlsplit(files["CSV"]).query)["columns"]
    assert {"batch", "seconds", "caused_dut_failure_id"} <= {*columns} and "part_number" not in columns


def test_a_worn_nest_is_seen_in_its_runs_and_units(line_panel: Any, browse: Any) -> None:
    """What failed in one nest passed in another: the unit's page says so, and leads to its runs and to its neighbours
    in the list that it was opened from."""
    worn = truths().worn_nest
    page = browse(line_panel, f"/runs?case={worn.case}&slot={worn.slot}&stand={worn.stand}&since=all", now=END)
    chip = page.get_by_role("button", name=f"{worn.case} did not pass")
    expect(chip).to_be_visible()
    expect(page.locator(".runs tbody tr")).to_have_count(50)
    page.locator("td.col-serial_number a").first.click()
    changed = page.locator(".unit-changes li")
    expect(page.locator(".unit-state .chip")).to_have_text("passed")
    expect(changed.filter(has_text="Contact")).to_have_class("is-crossed")
    expect(page.locator(".unit-runs tbody tr").last.locator(".chip")).to_have_text("failed")
    serial = page.locator("h1 .token").inner_text()
    expect(page).to_have_title(re.compile(rf"^{serial} · Unit"))
    assert violations(page) == []
    page.go_back()
    expect(chip).to_be_visible()
    assert violations(page) == []
    chip.click()
    expect(chip).to_have_count(0)
    assert "case=" not in page.url and "slot=C" in page.url


def test_parts_lead_to_what_they_are_built_into(line_panel: Any, browse: Any) -> None:
    """From a device to its board and back; a serial number that never ran says so; any of them may have odd letters."""
    device = next(run for run in line() if run.sub_units)
    board = device.sub_units[0].serial_number
    page = browse(line_panel, f"/units?serial_number={device.run.serial_number}", now=END)
    parts = page.locator(".unit-family")
    expect(parts).to_contain_text("Its sub-units")
    parts.get_by_role("link", name=board).click()
    expect(page.locator("h1")).to_have_text(board)
    expect(parts).to_contain_text("Built into")
    parts.get_by_role("link", name=str(device.run.serial_number)).click()
    expect(page.locator("h1")).to_have_text(str(device.run.serial_number))
    page.goto(f"{line_panel.url}/units?serial_number=a%2F%3Cb%3E%20%3D1%2B1")
    expect(page.locator("h1")).to_have_text("a/<b> =1+1")
    expect(page.locator(".empty")).to_have_text("No stored run has this serial number.")
