"""The kiosk mode: the live page, and no way from it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.panel.live_page import started, verdict

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect
KEYS = ("Tab", "Enter", "Escape", "Home", "End", "g", "r", "?", "h")


@pytest.mark.parametrize("by", ["setting", "address"])
def test_nothing_leads_away_from_the_live_page(stand: Any, browse: Any, by: str) -> None:
    """No navigation, no link, no key; a link that is on the page all the same goes nowhere. The run goes as ever."""
    stand.configure("[frontend]\nkiosk = true\n" if by == "setting" else "")
    panel = stand.open()
    page = started(browse(panel, "/" if by == "setting" else "/?kiosk"))
    address = page.url
    expect(page.get_by_role("navigation")).to_have_count(0)
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_label("Language")).to_be_visible()
    expect(page.get_by_role("link", name="HTTP API")).to_have_count(0)
    page.keyboard.press("Escape")
    # As alerts about storage have one.
    page.evaluate(
        """() => {
          const link = Object.assign(document.createElement("a"), { href: "/storage", textContent: "Storage" });
          document.querySelector(".alerts").append(link);
        }"""
    )
    for press in ({}, {"modifiers": ["Control"]}, {"button": "middle"}):
        page.get_by_role("link", name="Storage").click(**press)
    for key in KEYS:
        page.keyboard.press(key)
    # On a busy machine the `?` among them may be taken for one that stands alone.
    if page.locator("dialog.keys").count():
        page.locator("dialog.keys .primary").click()
    page.locator(".brand").click()
    assert (page.url, len(page.context.pages)) == (address, 1)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Space")
    expect(verdict(page)).to_have_text("Pass")
    plain = browse(panel, "/runs")
    expect(plain.locator("main h1")).to_be_visible()
    expect(plain.get_by_role("navigation")).to_have_count(0 if by == "setting" else 1)
