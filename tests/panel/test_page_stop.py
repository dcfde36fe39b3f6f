"""Stop and the cross of a dialog: at once in the first seconds of a run, later only after a question."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from sequencer.vocabulary.clock import SteadyClock
from tests.panel.live_page import row, started, verdict
from tests.panel.sequences import WAITING

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

ASKING = """
- dialog: Ready?
- operator_message: {text: Close the lid, blocking: true}
"""


def aged(panel: Any, page: Any) -> None:
    """The run that goes on, which has set the panel's clock, is eleven seconds older by it."""
    panel.session.live.clock = SteadyClock.set_to(time.time() + 11)
    page.evaluate("dispatchEvent(new Event('online'))")  # it connects anew, and is told the time
    expect(page.locator(".hero-elapsed")).to_have_text(re.compile(r"0:[1-9]\d"))


def test_stop_asks_once_the_run_is_older_than_ten_seconds(stand: Any, browse: Any) -> None:
    """By mouse and by keys; nothing but the button that says so stops, and the question goes away with the run."""
    stand.sequence("slow", WAITING)
    panel = stand.open()
    page = started(browse(panel))
    page.locator(".start").click()
    expect(row(page, "main::first")).to_have_class(re.compile("is-run"))
    aged(panel, page)
    question = page.get_by_role("alertdialog", name="Stop the run?")
    for leave in ("Escape", "Enter", " "):
        page.locator(".stop").focus()
        page.keyboard.press("Enter")
        expect(question).to_be_visible()
        expect(question.get_by_role("button", name="Go on testing")).to_be_focused()
        page.keyboard.press(leave)
        expect(question).to_have_count(0)
        assert panel.session.state == "running"
    page.locator(".stop").click()
    question.get_by_role("button", name="Stop the run").click()
    expect(verdict(page)).to_have_text("Stopped")
    expect(question).to_have_count(0)

    page = started(browse(panel))
    page.locator(".start").click()
    expect(row(page, "main::first")).to_have_class(re.compile("is-run"))
    aged(panel, page)
    page.locator(".stop").click()
    expect(page.get_by_role("alertdialog")).to_be_visible()
    # By HTTP it stops as ever.
    assert panel.ask("POST", "/api/stop", {}).status == 200
    expect(verdict(page)).to_have_text("Stopped")
    expect(page.get_by_role("alertdialog")).to_have_count(0)


def test_the_cross_of_a_dialog_asks_too(stand: Any, browse: Any) -> None:
    """The dialog stays until somebody meant it; a blocking message's cross does the same."""
    stand.steps(ASKING)
    panel = stand.open()
    page = started(browse(panel))
    page.locator(".start").click()
    cross = page.get_by_role("button", name="Close and stop the run")
    question = page.get_by_role("alertdialog")
    expect(cross).to_be_enabled()
    aged(panel, page)
    cross.click()
    question.get_by_role("button", name="Go on testing").click()
    expect(question).to_have_count(0)
    page.get_by_role("dialog").get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("dialog")).to_contain_text("Close the lid")
    cross.click()
    expect(question).to_be_visible()
    assert panel.session.state == "running"
    question.get_by_role("button", name="Stop the run").click()
    expect(verdict(page)).to_have_text("Stopped")
    assert panel.last()["status"] == "stopped"
