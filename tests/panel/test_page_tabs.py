"""Several tabs of one browser: it has six connections to the panel for all of them together."""

from __future__ import annotations

from typing import Any

import pytest

from tests.panel.live_page import started, verdict
from tests.panel.sequences import WAITING

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

SEEN = "Object.defineProperty(document, 'hidden', {get: () => window.unseen === true})"


def another(page: Any, panel: Any) -> Any:
    """A further tab of the page's browser, which covers the page."""
    look(page, seen=False)
    tab = page.context.new_page()
    tab.add_init_script(SEEN)
    tab.goto(panel.url)
    return started(tab)


def look(page: Any, *, seen: bool) -> None:
    """What the page is told when its tab comes to the front, or goes behind another one."""
    page.evaluate("seen => { unseen = !seen; document.dispatchEvent(new Event('visibilitychange')); }", seen)


@pytest.fixture
def panel(stand: Any) -> Any:
    """A panel whose run waits for ``go``."""
    stand.sequence("waiting", WAITING)
    panel = stand.open()
    panel.wait_for("ready")
    return panel


@pytest.fixture
def page(panel: Any, browse: Any) -> Any:
    """The first tab."""
    page = started(browse(panel))
    page.evaluate(SEEN)
    return page


def test_any_number_of_tabs(panel: Any, page: Any) -> None:
    """Start and Stop work in the tenth tab, and a tab that was covered meanwhile is up to date once it is looked at."""
    tabs = [page]
    for _ in range(9):
        tabs.append(another(tabs[-1], panel))
    last = tabs[-1]
    last.keyboard.press("Space")
    last.locator(".stop").click()
    expect(verdict(last)).to_have_text("Stopped")
    look(last, seen=False)
    look(page, seen=True)
    expect(verdict(page)).to_have_text("Stopped")


def test_one_of_the_covered_tabs_goes_on(panel: Any, page: Any) -> None:
    """Once the newest tab is gone an older one follows the run again, though nobody sees it: it has sounds to make."""
    tab = another(page, panel)
    look(tab, seen=False)
    tab.goto("about:blank")
    panel.ask("POST", "/api/start", {})
    panel.go()
    expect(verdict(page)).to_have_text("Pass")
