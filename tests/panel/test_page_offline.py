"""What the live page says without a connection, and how long its notes stand."""

from __future__ import annotations

import json
import re
import threading
from functools import partial
from typing import Any

import pytest

from sequencer.app.project_bench import BenchRun
from tests.panel.live_page import scanned, started, verdict
from tests.panel.test_page_batch import BATCH, scan

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

HELD = BATCH.replace("{check: true}]", "{call: bench.wait}, {check: true}]", 1)


def refuse(body: str, route: Any) -> None:
    """Answers as a panel that starts nothing now."""
    route.fulfill(status=409, body=body)


MARKED = "([field, text]) => field.value.slice(field.selectionStart, field.selectionEnd) === text"


def wait_for_mark(field: Any, text: str) -> None:
    """Until this text stands in the field and is marked, so that the next scan takes its place."""
    field.page.wait_for_function(MARKED, arg=[field.element_handle(), text])


def test_without_a_connection_nothing_is_ready_and_nothing_has_passed(stand: Any, browse: Any) -> None:
    """A scan stays marked and starts nothing by itself; what was chosen meanwhile is kept once the panel is back."""
    stand.sequence("board", BATCH)
    panel = stand.open()
    page = started(browse(panel, strict=False))
    field = page.get_by_label("Scan the board")
    scan(page, "SN000001")
    panel.close()
    expect(verdict(page)).to_have_text("No connection")
    expect(page).to_have_title("No connection · Batch")
    assert page.locator("link[rel=icon]").get_attribute("href").endswith("favicon.svg")
    page.get_by_label("variant").select_option("pro")
    page.locator(".filters button").first.focus()
    page.keyboard.type("SN000002\n")
    note = page.locator(".toast")
    expect(note).to_contain_text("there is no connection")
    wait_for_mark(field, "SN000002")
    page.keyboard.type("SN000003\n")
    expect(note).to_have_count(1)

    panel = stand.open(panel.port)
    # What the test process still did after the panel was killed counts.
    expect(verdict(started(page))).to_have_text(re.compile("Ready|Pass"))
    wait_for_mark(field, "SN000003")
    expect(page.get_by_label("variant")).to_have_value('"pro"')
    panel.wait_until(lambda: panel.ask("GET", "/api/state").json["session"]["form"]["values"] == {"variant": "pro"})
    panel.wait_for_runs(1)
    page.keyboard.type("SN000004\n")
    expect(note).to_have_count(0)
    expect(page.locator(".hero-facts .big dd")).to_have_text("SN000004")
    panel.wait_for_runs(2)
    assert panel.last()["params"]["variant"] == "pro"


def scan_early(page: Any) -> None:
    """A scan while a test runs."""
    scanned(page, "SN000002\n")
    expect(page.locator(".toast")).to_contain_text("a test is running")


def test_a_start_whose_answer_is_lost_is_not_started_again(stand: Any, browse: Any) -> None:
    """The run shows that it came through: the number does not stay in the field for the next Enter."""
    stand.sequence("board", BATCH)
    panel = stand.open()
    page = started(browse(panel, strict=False))

    def lose(route: Any) -> None:
        route.fetch()
        route.abort()

    page.route("**/api/start", lose)
    page.keyboard.type("SN000001\n")
    expect(verdict(page)).to_have_text("Pass")
    expect(page.get_by_label("Scan the board")).to_have_value("")
    page.unroute("**/api/start")
    started(page).keyboard.press("Enter")
    expect(page.locator(".field-problem:visible")).to_have_count(1)
    # One that did not come through stays, and starts when somebody says so.
    page.route("**/api/start", lambda route: route.abort())
    page.keyboard.type("SN000002\n")
    expect(page.locator(".toast")).to_contain_text("No connection")
    wait_for_mark(page.get_by_label("Scan the board"), "SN000002")
    page.unroute("**/api/start")
    page.keyboard.press("Enter")
    expect(page.locator(".hero-facts .big dd")).to_have_text("SN000002")
    expect(page.locator(".toast")).to_have_count(0)
    panel.wait_for_runs(2)


def test_notes_go_when_what_they_speak_of_is_over(stand: Any, browse: Any) -> None:
    """A refusal with the next start, a scan that came too early with the run."""
    stand.configure("[frontend.modal_result]\nenable = true\n")
    stand.sequence("board", HELD)
    panel = stand.open()
    page = started(browse(panel, strict=False))
    note, result = page.locator(".toast"), page.locator("dialog.result")
    for message in ("The disk is full", "The disk is full", "The stand is in use"):
        page.route("**/api/start", partial(refuse, json.dumps({"error": {"code": "not-now", "message": message}})))
        page.keyboard.type("SN000001\n")
        expect(note).to_have_text([message])
        page.unroute("**/api/start")
    page.keyboard.press("Enter")
    expect(note).to_have_count(0)
    expect(page.locator(".stop")).to_be_enabled()
    # Too early: the Enter presses no button either, whatever has the focus.
    page.locator(".stop").focus()
    scan_early(page)
    assert panel.session.state in ("starting", "running")
    panel.go()
    expect(result).to_be_visible()
    expect(note).to_have_count(0)
    started(page)
    page.keyboard.type("SN000003\n")
    expect(result).to_contain_text("SN000003")
    expect(note).to_have_count(0)
    panel.wait_for_runs(2)
    assert [run.serial_number for run in panel.report_store.store.find().runs] == ["SN000003", "SN000001"]


def test_a_note_of_a_run_that_comes_up_stays_when_it_begins(
    stand: Any, browse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A board that is scanned while the test process begins is told of as long as that run goes on."""
    begins, begin = threading.Event(), BenchRun.start
    monkeypatch.setattr(BenchRun, "start", lambda run, requested: begins.wait(30) and begin(run, requested))
    stand.sequence("board", HELD)
    panel = stand.open()
    page = started(browse(panel))
    page.keyboard.type("SN000001\n")
    expect(page.locator(".stop")).to_be_enabled()
    scan_early(page)
    begins.set()
    expect(page.locator(".case.is-run")).to_have_count(1)
    expect(page.locator(".toast")).to_contain_text("a test is running")
    panel.go()
    expect(page.locator(".toast")).to_have_count(0)
    expect(verdict(page)).to_have_text("Pass")


def test_a_run_that_was_cut_off_leaves_no_note(stand: Any, browse: Any, spawn: Any, free_port: int) -> None:
    """That a test is running, said to an early scan, does not stand over the stand that is ready again."""
    stand.sequence("board", HELD)
    killed = spawn("panel", stand.folder, "--port", free_port)
    assert b"panel at" in killed.stdout.readline()
    page = started(browse(f"http://localhost:{free_port}", strict=False))
    page.keyboard.type("SN000001\n")
    expect(page.locator(".stop")).to_be_enabled()
    scan_early(page)
    killed.kill()
    killed.wait()
    (stand.folder / "go").touch()
    stand.open(port=free_port)
    # What the test process still did after the panel was killed counts: it may have seen the file first.
    expect(verdict(started(page))).to_have_text(re.compile("Ready|Pass"))
    expect(page.locator(".toast")).to_have_count(0)
