"""Alarms on a real panel: shown on every page, stopping the line until somebody has acknowledged them."""

from __future__ import annotations

from typing import Any

import pytest

from sequencer.app.project_alarms import blocking_alarm, watch_alarms
from tests.panel.axe import violations
from tests.panel.live_page import started

expect = pytest.importorskip("playwright.sync_api").expect

FAILING = """
name: Board
params: {serial: {}}
modules:
  main:
    name: Main
    cases:
      rail:
        name: Rail 5V
        steps:
          - record: {dut: {serial_number: "${{ params.serial }}"}}
          - measure: Output
            value: 4.2
            limits: [4.8, 5.2]
"""
ALARM = """
[[alarms]]
name = "The same failure again"
when = "same_failure >= 2"
block = true
"""


def test_the_line_stops_until_somebody_has_acknowledged(stand: Any, browse: Any) -> None:
    """Two units fail in the same case: the page says so, nothing starts, and an acknowledgement is in the log."""
    stand.configure(f'[frontend]\nlanguage = "de"\n{ALARM}')
    stand.sequence("failing", FAILING)
    panel = stand.open()
    watch_alarms(panel.session, panel.project, panel.url)
    for serial in ("SN1", "SN2"):
        panel.run(params={"serial": serial})
    page = browse(panel, "/runs")
    alarm = page.locator(".alarm")
    expect(alarm).to_contain_text("2 Prüflinge nacheinander sind bei Rail 5V durchgefallen")
    expect(alarm.locator("a")).to_have_attribute("href", "/failures")
    assert violations(page) == []
    refused = panel.ask("POST", "/api/start", {"params": {"serial": "SN3"}})
    assert (refused.status, refused.json["error"]["coded_reason"]["code"]) == (409, "alarm_unacknowledged")
    assert blocking_alarm(panel.project) is not None
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    alarm.get_by_role("button", name="Quittieren").click()
    expect(alarm.get_by_role("button")).to_have_count(0)
    (told,) = panel.ask("GET", "/api/alarms").json["alarms"]
    assert (told["name"], told["blocks"], told["acknowledged"] is None) == ("The same failure again", False, False)
    assert [one["action"] for one in panel.ask("GET", "/api/log").json["actions"]] == ["acknowledge_alarm"]
    panel.run(params={"serial": "SN3"})
    page.goto(panel.url)
    started(page)


def test_a_damaged_file_of_alarms_is_told(stand: Any, browse: Any) -> None:
    """Above every page, with what to do; nothing starts until somebody has removed it, and then it is over."""
    stand.configure(f'[frontend]\nlanguage = "en"\n{ALARM}')
    stand.sequence("failing", FAILING)
    panel = stand.open()
    watch_alarms(panel.session, panel.project, panel.url)
    panel.run(params={"serial": "SN1"})
    page = browse(panel, "/runs")
    expect(page.locator(".alarm")).to_have_count(0)
    file = panel.project.state.alarms
    panel.session.alarms.show()  # the file is there
    file.write_bytes(b"")
    alarm = page.locator(".alarm")
    expect(alarm).to_contain_text("Alarms · it cannot be known whether an alarm has to be acknowledged first")
    expect(alarm).to_contain_text(f"see to the line, then remove {file}")
    expect(alarm.get_by_role("button")).to_have_count(0)
    refused = panel.ask("POST", "/api/start", {"params": {"serial": "SN2"}})
    assert (refused.status, refused.json["error"]["coded_reason"]["code"]) == (409, "alarm_unknown")
    for left in file.parent.glob(f"{file.name}*"):
        left.unlink()
    expect(alarm).to_have_count(0)
    panel.run(params={"serial": "SN2"})
