"""Instruments called by hand from a page, by those who may, and never while a run uses them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.panel.axe import violations
from tests.panel.staff import as_user

expect = pytest.importorskip("playwright.sync_api").expect

DRIVER = '''
import pathlib


class Meter:
    def __init__(self, here=""):
        self.here = pathlib.Path(here)
        self.reads = 0
        self.log("open")

    def log(self, word):
        with (self.here / "log").open("a") as file:
            file.write(word + "\\n")

    def identify(self):
        return "ACME,M1,7,1.0"

    def read(self, channel: int, label=""):
        """Reads a channel."""
        if channel > 4:
            raise ValueError(f"there is no channel {channel}")
        return {"channel": channel, "label": label}

    @property
    def count(self):
        self.reads += 1
        return self.reads

    def close(self):
        self.log("close")
'''
SEQUENCE = """
name: By hand
drivers:
  meter: {use: meter.Meter, with: {here: HERE}, require: {calibration_due: 2999-05-01}}
  kept: {use: meter.Meter, with: {here: HERE}, scope: stand}
  bench: {use: bench.Bench, with: {here: HERE}}
modules:
  main:
    cases:
      first:
        steps: [{call: meter.read, with: {channel: 1}}, {call: bench.wait}]
"""


def meter(stand: Any) -> Any:
    stand.write("drivers/meter.py", DRIVER)
    stand.sequence("hand", SEQUENCE.replace("  kept", "  # kept"))
    return stand


def test_instruments_by_hand(stand: Any, browse: Any) -> None:
    """What there is; a form for each method, a value read again and again, what goes wrong; a run takes all of it."""
    panel = meter(stand).open()
    panel.wait_for("ready")
    page = browse(panel, "/instruments")
    card = page.locator("[data-instrument=meter]")
    expect(card.locator(".chip")).to_have_text("closed")
    expect(card).to_contain_text("2999-05-01")
    read, count = card.locator("[data-member=read]"), card.locator("[data-member=count]")
    expect(read).to_contain_text("Reads a channel.")
    read.get_by_label("channel").fill("2")
    read.get_by_label("label").fill("five")
    read.get_by_role("button", name="Call").click()
    expect(read.locator("output")).to_have_text('{"channel":2,"label":"five"}')
    expect(card.locator(".chip")).to_have_text("open")
    expect(card).to_contain_text("ACME,M1,7,1.0")
    again = count.get_by_role("button", name="Every second")
    again.click()
    expect(again).to_have_attribute("aria-pressed", "true")
    expect(count.locator("output")).to_have_text("3")
    again.click()
    expect(again).to_have_attribute("aria-pressed", "false")
    assert violations(page) == []
    read.get_by_label("channel").fill("9")
    read.get_by_role("button", name="Call").click()
    expect(read.locator("output")).to_contain_text("there is no channel 9")
    expect(card.locator(".chip")).to_have_text("closed")
    expect(read.get_by_label("channel")).to_have_value("9")
    card.get_by_role("button", name="Open").click()
    expect(card.locator(".chip")).to_have_text("open")
    assert panel.ask("POST", "/api/start", {}).status == 200
    expect(page.locator("#main")).to_contain_text("A run uses the instruments.")
    panel.go()
    panel.wait_for_runs(1)
    assert (stand.folder / "log").read_text().split() == ["open", "close"] * 3
    expect(card.locator(".chip")).to_have_text("closed")


def test_who_may_and_when(staffed: Any) -> None:
    """An engineer, whose calls are in the log; not while a run goes on; and not what the panel keeps open."""
    staffed.write("drivers/meter.py", DRIVER)
    staffed.sequence("hand", SEQUENCE.replace("{call: meter.read", "{call: kept.identify}, {call: meter.read"))
    panel = staffed.open()
    panel.wait_for("ready")

    def ask(name: str, path: str, body: Any = None) -> Any:
        method = "GET" if body is None else "POST"
        return panel.ask(method, f"/api/instruments{path}", body, token=False, headers=as_user(name))

    assert (ask("Oda", "").status, ask("Oda", "/meter/open", {}).status) == (403, 403)
    call = {"member": "read", "given": {"channel": "3"}, "why": "a loose wire"}
    assert ask("Eve", "/meter/call", call).json["value"] == {"channel": 3, "label": ""}
    kept = ask("Eve", "/kept/open", {})
    assert (kept.status, kept.json["error"]["code"]) == (409, "in-use")
    assert [one["kept"] for one in ask("Eve", "").json["instruments"]] == [False, True, False]
    actions = panel.ask("GET", "/api/log", token=False, headers=as_user("Max")).json["actions"]
    assert [(one["action"], one["user"], one["why"]) for one in actions[1:2]] == [
        ("call_instrument", "Eve", "a loose wire")
    ]
    assert panel.ask("POST", "/api/start", {}, token=False, headers=as_user("Oda")).status == 200
    assert ask("Eve", "").json["error"]["code"] == ask("Eve", "/meter/open", {}).json["error"]["code"] == "running"
    panel.go()
    panel.wait_for_runs(1)
