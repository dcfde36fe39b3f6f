"""A worn nest shows: yield by slot over HTTP and on the page, with the runs that it is made of."""

from __future__ import annotations

import copy
import csv
import io
import json
import uuid
from typing import Any

import pytest

from tests.panel.conftest import Stand
from tests.panel.sequences import SIMPLE
from tests.panel.test_http_contract import Contract

PASSED = {"left": 9, "right": 6, "third": 0}
"""How many of ten runs passed; nothing was tested in the third slot."""
TITLE = "Right <b>nest</b>"
SLOTS = f"""
[slots.right]
number = 2
title = "{TITLE}"
[slots.left]
number = 1
[slots.third]
number = 3
"""


@pytest.fixture(scope="module")
def worn(shared_stand: Stand) -> Any:
    """A panel of a stand whose right nest is worn: each of its boards is another one, as are those of the left."""
    shared_stand.sequence("board", SIMPLE)
    shared_stand.configure(SLOTS)
    panel = shared_stand.open()
    panel.wait_for("ready")
    begun = panel.ask("POST", "/api/start", {"slots": {"left": {}}}).json
    panel.wait_for_runs(1)
    store = panel.report_store.store
    real = store.get(begun["slots"]["left"]["run"])
    for slot in ("left", "right"):
        for number in range(slot == "left", 10):
            status = "passed" if number < PASSED[slot] else "failed"
            store.save(_like(real, slot, f"{slot}{number}", status, 60.0 * number))
    return panel


def _like(real: Any, slot: str, serial: str, status: str, before: float) -> Any:
    report = copy.deepcopy(real)
    begun = report["start_time"] - before - 60.0
    report |= {"id": str(uuid.uuid4()), "status": status, "start_time": begun, "stop_time": begun + 1.0}
    report["slot"] = {"name": slot, "number": {"left": 1, "right": 2}[slot]}
    report["dut"]["serial_number"] = serial
    if status == "failed":
        report["modules"][0]["cases"][0]["status"] = "failed"
    return report


@pytest.mark.slow
def test_statistics_by_slot(worn: Any) -> None:
    """Each slot of the stand in the order of the numbers, with the filters; one that is meant alone has no others."""
    ask = Contract(worn).ask
    found = ask("GET", "/api/statistics").json
    said = [(one["slot"], one["number"], one["title"], one["runs"], one["passed"]) for one in found["slots"]]
    assert said == [("left", 1, None, 10, 9), ("right", 2, TITLE, 10, 6), ("third", 3, None, 0, 0)]
    assert [one["yield"] for one in found["slots"]] == [0.9, 0.6, None]
    assert [one["first_pass_yield"] for one in found["slots"]] == [0.9, 0.6, None]
    assert found["runs"] == 20
    alone = ask("GET", "/api/statistics?slot=right").json
    assert (alone["runs"], alone["yield"]) == (10, 0.6)
    assert "slots" not in alone
    failed = ask("GET", "/api/statistics?status=failed").json
    assert [one["runs"] for one in failed["slots"]] == [1, 4, 0]
    assert json.loads(ask("GET", "/api/statistics?format=json").body) == found
    body = ask("GET", "/api/statistics?format=csv").body.decode("utf-8-sig")
    rows = {row["name"]: row["value"] for row in csv.DictReader(io.StringIO(body))}
    assert (rows["total_yield of slot left"], rows["total_yield of slot right"]) == ("0.9", "0.6")
    assert rows["total_yield of slot third"] == ""


def test_runs_of_a_slot_and_of_a_start(worn: Any) -> None:
    """Lists, neighbours and values take both filters."""
    ask = Contract(worn).ask
    runs = ask("GET", "/api/runs?slot=right").json["runs"]
    assert {run["slot"] for run in runs} == {"right"}
    assert len(runs) == 10
    start = runs[0]["start"]
    assert len(ask("GET", f"/api/runs?start={start}&limit=500").json["runs"]) == 20
    assert ask("GET", "/api/runs?start=none").json["runs"] == []
    beside = ask("GET", f"/api/runs/{runs[1]['id']}/neighbours?slot=right").json
    assert beside == {"newer": runs[0]["id"], "older": runs[2]["id"]}
    points = ask("GET", "/api/series?case=rails::rail_5v&measurement=Output&slot=right").json["points"]
    assert {point["run_id"] for point in points} == {run["id"] for run in runs}


def test_without_slots_nothing_speaks_of_them(stand: Stand) -> None:
    """Neither the answer nor the page nor its list."""
    panel = stand.open()
    panel.run()
    ask = Contract(panel).ask
    assert "slots" not in ask("GET", "/api/statistics").json
    assert b"slot" not in ask("GET", "/api/statistics?format=csv").body
    assert b"data-slots" not in panel.ask("GET", "/overview").body


@pytest.mark.slow
def test_a_worn_nest_is_seen(worn: Any, browse: Any) -> None:
    """The lowest yield is marked; the row leads to the slot's runs, whose filter is in the address."""
    expect = pytest.importorskip("playwright.sync_api").expect
    violations = pytest.importorskip("tests.panel.axe").violations
    page = browse(worn, "/overview?since=all&by=slot")
    rows = page.locator(".figures-split tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.locator("th")).to_have_text([f"{TITLE} lowest", "left"])
    for number, (rate, runs, missed) in enumerate([("60%", "10", "4"), ("90%", "10", "1")]):
        cells = rows.nth(number).locator("td.number")
        expect(cells.first).to_have_text(rate)
        expect(cells.nth(-4)).to_have_text(runs)
        expect(cells.nth(-3)).to_have_text(missed)
    for width, height in ((1366, 768), (360, 740)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
        found = violations(page)
        assert not found, json.dumps(found, indent=1)[:3000]
    page.set_viewport_size({"width": 1366, "height": 768})
    rows.first.locator("th a").click()
    expect(page.locator("[data-figure=yield] .tile-figure")).to_have_text("60%")
    expect(page.locator(".figures-split")).to_have_count(0)
    page.goto(f"{worn.url}/runs?slot=right&span=all")
    listed = page.locator(".runs tbody tr")
    expect(listed).to_have_count(10)
    expect(listed.first.locator(".col-slot")).to_have_text(TITLE)
    expect(page.get_by_role("search").get_by_label("Slot")).to_have_value("right")
    page.get_by_role("search").get_by_label("Slot").select_option("left")
    expect(listed.first.locator(".col-slot")).to_have_text("left")
    listed.first.locator(".row-link").click()
    expect(page).to_have_url(f"{worn.url}/runs/{_newest(worn)}?since=all&slot=left")


def _newest(panel: Any) -> str:
    return str(panel.ask("GET", "/api/runs?slot=left&limit=1").json["runs"][0]["id"])
