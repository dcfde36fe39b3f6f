"""The page of a start: the slots side by side, on one time axis, and what they waited for."""

from __future__ import annotations

from typing import Any

import pytest

from sequencer.panel import report_keeping
from sequencer.report import event as events
from sequencer.report.event import Event, Stamped
from sequencer.report.fold import fold
from sequencer.report.model import RunReport
from sequencer.store.base import StoreUnavailable
from sequencer.vocabulary.reason import Reason
from tests.panel.axe import violations
from tests.panel.live_page import at_sizes
from tests.panel.sequences import SLOTS
from tests.panel.test_http_contract import Contract
from tests.panel.test_slots import fill, nests, opened, until
from tests.report.test_start_timeline import PLAN, case, waited

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

SIZES = [(1366, 768), (360, 740), (1920, 1080)]
HOSTILE = "<img src=x onerror=alert(1)>"
START = "0c5d7f0e-3c0f-4f4e-9b53-1d2f6f5c7a10"
BEGUN = 1_790_000_000.0


def run(slot: str, number: int, told: list[tuple[float, Event]], *, serial: str, slots: list[str]) -> RunReport:
    """The report of one slot's run; the times of ``told`` are seconds since the start began."""
    started = events.RunStarted(
        f"run-{slot}",
        {"name": f"Board {HOSTILE}", "file": "sequences/board.yaml"},
        PLAN,
        "1",
        {},
        record={"dut": {"serial_number": serial}},
        slot={"name": slot, "number": number},
        start={"id": START, "slots": slots},
    )
    stream = [(0.0, started), *told]
    return fold(Stamped(seq, BEGUN + time, event) for seq, (time, event) in enumerate(stream, 1))


def of_left(slots: list[str]) -> RunReport:
    """Tested first, waited at a sync point."""
    soak, soaked = case("soak", 4, 9)
    told = [*case("rails", 0, 4), soak, waited("soak", "sync", ["hot"], 4, 6), soaked]
    return run("left", 1, [*told, (9.0, events.RunFinished("passed"))], serial="PSB-2026-000.042/A1", slots=slots)


def of_right(slots: list[str]) -> RunReport:
    """Waited for the meter, then failed."""
    rails, railed = case("rails", 1, 6, "failed")
    told = [rails, waited("rails", "hold", ["meter", HOSTILE], 1, 4), railed, *case("soak", 6, 9)]
    return run("right", 2, [*told, (10.0, events.RunFinished("failed"))], serial=HOSTILE, slots=slots)


@pytest.fixture
def panel(stand: Any) -> Any:
    """A panel of a stand with two slots."""
    stand.sequence("nests", SLOTS)
    stand.configure(nests("left", "right"))
    return stand.open()


def keep(panel: Any, *reports: RunReport) -> None:
    for report in reports:
        panel.report_store.store.save(report)


def test_a_start_over_http(panel: Any) -> None:
    """As it is described: rows by slot, bars and waits in seconds since the start; who is not there is named."""
    contract = Contract(panel)
    keep(panel, of_left(["left", "right"]))
    assert contract.ask("GET", f"/api/starts/{START}").json["missing"] == ["right"]
    keep(panel, of_right(["left", "right"]))
    found = contract.ask("GET", f"/api/starts/{START}").json
    assert (found["id"], found["begin"], found["seconds"], found["missing"]) == (START, BEGUN, 10.0, [])
    left, right = found["rows"]
    assert (left["slot"], left["outcome"], right["slot"], right["outcome"]) == ("left", "passed", "right", "failed")
    assert [(bar["name"], bar["status"], bar["begin"], bar["end"]) for bar in right["cases"]] == [
        ("main::rails", "failed", 1.0, 6.0),
        ("main::soak", "passed", 6.0, 9.0),
    ]
    assert [(wait["kind"], wait["begin"], wait["end"]) for wait in left["waits"]] == [("sync", 4.0, 6.0)]
    assert [(each["kind"], each["seconds"], each["by_slot"]) for each in found["waiting"]] == [
        ("hold", 3.0, [0.0, 3.0]),
        ("sync", 2.0, [2.0, 0.0]),
    ]
    assert contract.ask("GET", "/api/starts/none").status == 404


def test_a_report_that_only_this_panel_has_is_of_its_start(panel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside what is stored; and alone while the store is away, which is an error only where nobody has anything."""
    monkeypatch.setattr(report_keeping, "KEEPING_SECONDS", 0.0)
    keeping = report_keeping.ReportKeeping(panel.session)
    keep(panel, of_left(["left", "right"]))
    keeping.add(of_right(["left", "right"]))
    assert [report["id"] for report in keeping.of_start(START)] == ["run-left", "run-right"]
    monkeypatch.setattr(panel.report_store, "of_start", away)
    assert [report["id"] for report in keeping.of_start(START)] == ["run-right"]
    with pytest.raises(StoreUnavailable):
        keeping.of_start("another")


def away(start: str) -> list[RunReport]:
    raise StoreUnavailable(Reason("many_waiting"))


def test_the_slots_stand_side_by_side_with_what_they_waited_for(panel: Any, browse: Any) -> None:
    """From a run's page to its start: verdicts, bars, waits, the same as tables; names are text."""
    keep(panel, of_left(["left", "right"]))
    page = browse(panel, "/runs/run-left")
    expect(page.locator(".report-slot .slot-line")).to_have_text("1left")
    page.get_by_role("link", name="All slots of this start").click()
    expect(page).to_have_url(f"{panel.url}/starts/{START}")
    expect(page.get_by_text("Not here: right.")).to_be_visible()
    expect(page.locator(".start-slot")).to_have_count(1)
    keep(panel, of_right(["left", "right"]))
    page.reload()
    cards = page.locator(".start-slot")
    expect(cards).to_have_count(2)
    expect(cards.nth(0).locator(".chip.is-passed")).to_have_text("Pass")
    expect(cards.nth(0).locator(".start-serial")).to_have_text("PSB-2026-000.042/A1")
    expect(cards.nth(0).locator(".start-serial")).to_have_attribute("href", "/runs/run-left")
    expect(cards.nth(1).locator(".chip.is-failed")).to_have_text("Fail")
    expect(cards.nth(1)).to_contain_text(HOSTILE)
    expect(cards.nth(1).get_by_role("link", name="Rails")).to_have_attribute(
        "href", "/runs/run-right#case=main%3A%3Arails"
    )
    expect(page.locator("main h1")).to_have_text(f"Board {HOSTILE}")
    expect(page.locator("main img")).to_have_count(0)
    tracks = page.locator(".timeline-track")
    expect(tracks).to_have_count(2)
    expect(tracks.nth(1)).to_have_accessible_name("right, Fail, 10.0 s")
    bar = tracks.nth(1).locator(".timeline-bar.is-failed")
    expect(bar).to_have_attribute("title", "Rails · failed · 5.0 s")
    assert bar.evaluate("bar => [bar.style.left, bar.style.width]") == ["10%", "50%"]
    wait = tracks.nth(1).locator(".timeline-wait")
    expect(wait).to_have_attribute("title", f"Waits until it holds: {HOSTILE}, meter · 3.0 s")
    assert wait.evaluate("wait => [wait.style.left, wait.style.width]") == ["10%", "30%"]
    waits = page.locator(".start-waits tbody tr")
    expect(waits.nth(0)).to_contain_text(f"hold {HOSTILE}, meter13.0 s")
    expect(waits.nth(0)).to_contain_text("right, 3.0 s")
    expect(waits.nth(1)).to_contain_text("sync hot12.0 s")
    page.get_by_text("Cases as a table").click()
    expect(page.locator(".timeline-table tbody tr")).to_have_count(4)
    expect(page.locator(".timeline-table tbody tr").nth(1)).to_contain_text("left")
    expect(page.locator(".timeline-table tbody tr").nth(1)).to_contain_text("Waits for the others at: hot")
    assert violations(page) == []
    for width, _ in at_sizes(page, SIZES):
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    cards.nth(1).get_by_role("link", name="Rails").click()
    expect(page).to_have_url(f"{panel.url}/runs/run-right#case=main%3A%3Arails")


def test_sixty_four_slots_and_a_start_that_is_none(panel: Any, browse: Any) -> None:
    """All rows are there and the page stays as wide as its window; an unknown start says so."""
    slots = [f"nest-with-a-long-name-{number}" for number in range(1, 65)]
    for number, slot in enumerate(slots, 1):
        rails, soak = case("rails", 0, number % 7 + 1), case("soak", number % 7 + 1, 12)
        told = [*rails, *soak, (12.0, events.RunFinished("passed"))]
        keep(panel, run(slot, number, told, serial=f"SN-{number}", slots=slots))
    page = browse(panel, f"/starts/{START}", viewport={"width": 360, "height": 740}, strict=False)
    expect(page.locator(".timeline-track")).to_have_count(64)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.goto(f"{panel.url}/starts/none")
    expect(page.locator("main h1")).to_have_text("There is no run that was started with this id")


def test_a_slot_that_goes_on_is_named_until_its_run_is_stored(stand: Any, browse: Any) -> None:
    """Started in the panel: the page of the start shows who has ended, and takes each other one by itself."""
    slots = ("left", "middle", "right")
    panel = opened(stand, *slots)
    assert [fill(panel, slot, f"SN-{slot}").status for slot in slots] == [200] * 3
    start = panel.ask("POST", "/api/start", {}).json["start"]
    until(panel, lambda shown: all(shown[name]["case"] == "Hold" for name in slots))
    assert panel.ask("POST", "/api/stop", {"slot": "right"}).status == 200
    panel.wait_for_runs(1)
    page = browse(panel, f"/starts/{start}")
    expect(page.get_by_text("Not here: left, middle.")).to_be_visible()
    expect(page.locator(".start-slot")).to_have_count(1)
    # The others go on meanwhile.
    assert panel.ask("POST", "/api/stop", {"slot": "middle"}).status == 200
    expect(page.get_by_text("Not here: left.")).to_be_visible()
    panel.go()
    expect(page.locator(".start-slot .chip")).to_have_text(["Pass", "Stopped", "Stopped"])
    expect(page.get_by_text("Not here")).to_have_count(0)
    expect(page.locator(".timeline-track").nth(1).locator(".timeline-bar.is-stopped")).to_have_count(1)
