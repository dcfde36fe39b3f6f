"""What the page tells of a unit that was tested before, and running it again."""

from __future__ import annotations

import copy
import re
import threading
from functools import partial
from typing import Any

import pytest

from sequencer.project.users import User, Users, UsersFile, token_hash
from sequencer.report.run_id import new_run_id
from sequencer.store.base import StoreUnavailable
from tests.panel.live_page import started, verdict

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

SCANNED = """
name: Board
drivers: {bench: {use: bench.Bench, with: {here: HERE}}}
params:
  serial: {type: string, prompt: Scan the board}
  volts: {type: number, default: 5.0, prompt: Volts}
modules:
  main:
    name: Main
    cases:
      hold: {name: Hold, steps: [{call: bench.wait}]}
      rail_5v:
        name: 5 V rail
        steps:
          - record: {dut: {serial_number: "${{ params.serial }}", part_number: PB-7}}
          - {measure: Output, value: "${{ params.volts }}", unit: V, limits: [4.8, 5.2]}
"""
HOSTILE = "<img src=x onerror=alert(1)>&'\" %00/../ü"


def opened(stand: Any, configuration: str = "") -> Any:
    """A panel whose runs go on by themselves."""
    stand.configure(configuration)
    stand.sequence("board", SCANNED)
    panel = stand.open()
    panel.go()
    return panel


def earlier(panel: Any, report: Any, days: float, **changed: Any) -> None:
    """Stores another run like ``report`` that was so many days before it."""
    one = {**copy.deepcopy(report), "id": new_run_id(), **changed}
    for name in ("start_time", "stop_time"):
        one[name] -= days * 86400
    panel.report_store.store.save(one)


def scan(page: Any, text: str) -> Any:
    field = page.get_by_label("Scan the board")
    field.press_sequentially(text)
    return field


def test_what_is_known_of_a_unit_stands_beside_its_scan_its_run_and_its_verdict(stand: Any, browse: Any) -> None:
    """How it ended, when and of what; what is no evidence as such; withdrawn with the number and with the run."""
    panel = opened(stand)
    failed = panel.run(params={"serial": "SN000001", "volts": 9.0})
    earlier(panel, failed, 40)
    passed = panel.run(params={"serial": "SN000002"})
    earlier(panel, passed, 1, simulated=True)
    panel.run(params={"serial": HOSTILE}, only=["main::rail_5v"])
    (panel.project.folder / "go").unlink()
    page = started(browse(panel, locale="en-GB"))
    note = page.locator(".unit-note")
    # The verdict that is on display had no earlier run.
    expect(note).to_be_hidden()
    field = scan(page, "SN000001")
    expect(note).to_contain_text("Tested before: failed")
    expect(note).to_contain_text("ago: 5 V rail (2 runs)")
    expect(note).to_have_attribute("role", "status")
    field.fill("SN000002")
    expect(note).to_contain_text("SN000002")
    expect(note).to_contain_text("Tested before: passed")
    expect(note).not_to_contain_text("runs")
    field.fill("SN000009")
    expect(note).to_be_hidden()
    field.fill(HOSTILE)
    expect(note).to_contain_text("Tested before: partial")
    expect(note).to_contain_text(HOSTILE)
    assert page.locator(".unit-note img").count() == 0
    field.fill("SN000001")
    field.press("Enter")
    expect(verdict(page)).to_have_text("Testing")
    expect(note).to_contain_text("SN000001 Tested before: failed")
    panel.go()
    expect(verdict(page)).to_have_text("Pass")
    panel.wait_for("ready")
    # Not the run itself, which is stored by now; also for who comes later.
    page.reload()
    expect(note).to_contain_text("Tested before: failed")
    expect(note).to_contain_text("(2 runs)")
    field = scan(started(page), "SN000009")
    expect(note).to_be_hidden()
    field.press("Enter")
    expect(page.locator(".hero-facts")).to_contain_text("SN000009")
    expect(note).to_be_hidden()


def test_a_unit_that_was_scrapped_is_told_loudly(stand: Any, browse: Any) -> None:
    """At its scan, during its run, over its Pass and in the list of the small head; what was said last counts."""
    panel = opened(stand, "[frontend.modal_result]\nenable = true")
    run = panel.run(params={"serial": "SN000001", "volts": 9.0})["id"]
    other = panel.run(params={"serial": "SN000002"})["id"]

    def say(about: str, disposition: str, comment: str = "") -> None:
        said = {"disposition": disposition, "comment": comment}
        assert panel.ask("POST", f"/api/runs/{about}/notes", said).status == 200

    say(other, "repair")
    say(run, "scrap", HOSTILE)
    page = started(browse(panel))
    note = page.locator(".unit-note")
    scan(page, "SN000002")
    expect(note).to_contain_text("Tested before: Repair")
    expect(note).not_to_have_class(re.compile("is-scrapped"))
    page.get_by_label("Scan the board").fill("SN000001")
    expect(note).to_have_class(re.compile("is-scrapped"))
    expect(note).to_have_attribute("role", "alert")
    expect(note).to_contain_text("This unit was scrapped")
    expect(note).to_contain_text(f": {HOSTILE}")
    assert page.locator(".unit-note img").count() == 0
    page.get_by_label("Scan the board").press("Enter")
    result = page.locator(".result .result-unit")
    expect(page.locator(".result")).to_contain_text("Pass")
    expect(result).to_contain_text("This unit was scrapped")
    expect(result).to_have_css("background-color", "rgb(255, 255, 255)")
    page.locator(".result-dismiss").click()
    expect(note).to_have_class(re.compile("is-scrapped"))
    say(run, "retest")
    page.reload()
    expect(note).to_contain_text("Tested before: Retest")
    expect(note).not_to_have_class(re.compile("is-scrapped"))


def test_a_scrapped_unit_is_told_over_a_run_that_ends_before_its_start_is_answered(stand: Any, browse: Any) -> None:
    """The number that was scanned stands in the form until then; what is over the Pass speaks of the run's unit."""
    panel = opened(stand, "[frontend.modal_result]\nenable = true")
    run = panel.run(params={"serial": "SN000001", "volts": 9.0})["id"]
    assert panel.ask("POST", f"/api/runs/{run}/notes", {"disposition": "scrap", "comment": ""}).status == 200
    page = started(browse(panel))
    held: list[Any] = []
    page.route("**/api/start", lambda route: held.append((route, route.fetch())))
    scan(page, "SN000001").press("Enter")
    expect(page.locator(".result")).to_contain_text("Pass")
    expect(page.locator(".result .again")).to_be_enabled()  # the page knows that another run can start
    ((route, answer),) = held
    route.fulfill(response=answer)
    expect(page.locator(".result .result-unit")).to_contain_text("This unit was scrapped")


def test_a_store_that_is_away_or_mute_holds_no_start_up_and_hides_no_run(stand: Any, browse: Any) -> None:
    """What waits for the store is known all the same, and that there may be more is said; over the result, too."""
    panel = opened(stand, "[frontend.modal_result]\nenable = true")
    panel.wait_for("ready")
    store = panel.report_store.store
    asked, answered = threading.Event(), threading.Event()

    def save(report: Any) -> None:
        raise StoreUnavailable("away")

    def find(*about: Any, **limits: Any) -> Any:
        asked.set()
        answered.wait(30)
        raise StoreUnavailable("away")

    store.save = save
    assert panel.ask("POST", "/api/start", {"params": {"serial": "SN000001", "volts": 9.0}}).status == 200
    panel.wait_for("saving", "loading")
    panel.wait_for("ready")
    (panel.project.folder / "go").unlink()
    store.find = find
    page = started(browse(panel, locale="de-DE"))
    page.evaluate("localStorage.setItem('hardseq.language', 'de')")
    page.reload()
    # The run that is on display is asked for first.
    assert asked.wait(30)
    scan(started(page), "SN000001").press("Enter")
    expect(verdict(page)).to_have_text("Prüft")
    note = page.locator(".unit-note")
    unknown = "Der Speicher antwortet nicht"
    expect(note).to_contain_text("Schon geprüft: nicht bestanden vor")
    expect(note).to_contain_text("5 V rail")
    expect(note).to_contain_text(unknown)
    panel.go()
    expect(page.locator(".result .result-unit")).to_contain_text(unknown)
    answered.set()
    del store.find, store.save
    panel.wait_for("ready")
    page.locator(".result-dismiss").click()
    page.reload()
    expect(note).to_contain_text("Schon geprüft: nicht bestanden vor")
    expect(note).not_to_contain_text(unknown)


def test_run_again_starts_the_same_run_of_the_same_unit(stand: Any, browse: Any) -> None:
    """One press, or Control and Enter from wherever the focus is, with all parameters; nothing else starts by it."""
    panel = opened(stand, "[frontend.modal_result]\nenable = true")
    panel.wait_for("ready")
    page = started(browse(panel))
    again = page.locator(".hero .again")
    # A fresh page has nothing to repeat, whatever is pressed.
    expect(again).to_be_hidden()
    page.keyboard.press("Control+Enter")
    field = scan(page, "SN000001")
    page.get_by_label("Volts").fill("9")
    field.press("Enter")
    overlay = page.locator("dialog.result")
    expect(overlay).to_contain_text("Fail")
    panel.wait_for_runs(1)
    overlay.get_by_role("button", name="Run again").click()
    panel.wait_for_runs(2)
    expect(overlay).to_contain_text("Fail")
    expect(overlay.locator(".result-unit")).to_contain_text("Tested before: failed")
    # Over the result as well; once, however long it is held.
    expect(overlay.get_by_role("button", name="Run again")).to_be_enabled()
    page.wait_for_timeout(600)  # the second half of a double press comes sooner, and is none
    page.keyboard.down("Control")
    for _ in range(4):
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    page.keyboard.up("Control")
    panel.wait_for_runs(3)
    page.locator(".result-dismiss").click()
    expect(again).to_be_enabled()
    expect(again).to_have_attribute("aria-keyshortcuts", "Control+Enter")
    # What is half typed for the next one stays.
    scan(page, "SN0")
    page.wait_for_timeout(600)
    page.get_by_label("Scan the board").press("Control+Enter")
    panel.wait_for_runs(4)
    page.locator(".result-dismiss").click()
    expect(page.get_by_label("Scan the board")).to_have_value("SN0")
    panel.wait_for("ready")
    reports = [panel.report_store.store.get(run.id) for run in panel.report_store.store.find().runs]
    assert [report["params"] for report in reports] == [{"serial": "SN000001", "volts": 9.0}] * 4
    assert {report["selection"] for report in reports} == {None}


def test_a_stored_run_fills_the_form_and_only_start_starts(stand: Any, browse: Any) -> None:
    """Its page leads to the live page with its values; a choice of cases is repeated by who may choose; never another
    sequence."""
    stand.configure("""
        [[test_configs]]
        name = "Board"
        file = "sequences/board.yaml"
        [[test_configs]]
        name = "Other"
        file = "sequences/other.yaml"
    """)
    stand.sequence("board", SCANNED)
    stand.write("sequences/other.yaml", SCANNED.replace("name: Board", "name: Other", 1).replace("HERE", '"/nowhere"'))
    panel = stand.open()
    panel.go()
    run = panel.run(params={"serial": HOSTILE, "volts": 5.1}, only=["main::rail_5v"])
    page = started(browse(panel))
    again = page.locator(".hero .again")
    expect(again).to_be_enabled()
    again.click()
    panel.wait_for_runs(2)
    panel.wait_for("ready")
    assert panel.last()["selection"] == run["selection"] == ["main::rail_5v"]
    page.goto(f"{panel.url}/runs/{run['id']}")
    link = page.get_by_role("link", name="Run again")
    link.click()
    expect(page).to_have_url(f"{panel.url}/")
    expect(page.get_by_label("Scan the board")).to_have_value(HOSTILE)
    expect(page.get_by_label("Volts")).to_have_value("5.1")
    expect(page.locator(".toast")).to_contain_text("Press Start")
    expect(page.locator(".unit-note")).to_contain_text("Tested before: partial")
    started(page).locator(".start").click()
    panel.wait_for_runs(3)
    panel.wait_for("ready")
    assert (panel.last()["params"], panel.last()["selection"]) == ({"serial": HOSTILE, "volts": 5.1}, None)
    page.get_by_label("Test sequence").select_option("Other")
    expect(page.locator(".hero-name")).to_contain_text("Other")
    panel.wait_for("ready")
    started(page).keyboard.press("Control+Enter")
    expect(again).to_be_hidden()
    page.goto(f"{panel.url}/runs/{run['id']}")
    expect(page.locator(".report-head")).to_contain_text("Board")
    started(browse(panel))
    expect(link).to_be_hidden()
    panel.wait_for_runs(3)


def test_a_choice_of_cases_is_repeated_only_by_those_who_may_choose(stand: Any, browse: Any) -> None:
    """For an operator there is no button then, as another run must not be taken for the same."""
    stand.sequence("board", SCANNED)
    stand.configure("[frontend]\nlogin_without_pin = true")
    file = UsersFile(stand.folder / "users.toml")
    file.change(partial(Users.put, user=User("Oda", "operator")))
    file.change(partial(Users.put, user=User("Eve", "engineer", token=token_hash("Eve-token"))))
    panel = stand.open()
    panel.go()
    panel.wait_for("ready")
    headers = {"X-Hardseq-Token": "Eve-token"}
    for more in ({"only": ["main::rail_5v"]}, {}):
        page = browse(panel, "/login")
        page.get_by_label("Name").select_option("Oda")
        page.get_by_role("button", name="Log in").click()
        panel.wait_for("ready")
        body = {"params": {"serial": "SN1"}, **more}
        assert panel.ask("POST", "/api/start", body, token=False, headers=headers).status == 200
        expect(verdict(started(page))).to_have_text("Pass")
        again = page.locator(".hero .again")
        expect(again).to_be_hidden() if more else expect(again).to_be_enabled()
