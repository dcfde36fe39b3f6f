"""Desktop notifications of a stand with slots: which slot waits for somebody, and how its run ended."""

from __future__ import annotations

from typing import Any

import pytest

from tests.panel.test_page_notice import DESKTOP, told, turn_on
from tests.panel.test_page_slots import is_
from tests.panel.test_page_tabs import SEEN
from tests.panel.test_slots import ASKING, fill, ready, until

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

TITLES = 'tests_name = "Board"\n[slots.a]\ntitle = "Left nest"\n[slots.b]\n[slots.c]\n'


@pytest.fixture
def desktop() -> list[tuple[str, str, str]]:
    """What happened on the desktop."""
    return []


def panel_with(stand: Any, configuration: str) -> Any:
    """A panel of three slots that ask."""
    dut = 'dut: {serial_number: "${{ params.serial }}"}\n'
    stand.sequence("nests", ASKING.replace("modules:\n", f"{dut}modules:\n"))
    stand.configure(configuration)
    panel = stand.open()
    ready(panel)
    return panel


def tab(first: Any, panel: Any, path: str) -> Any:
    """A further tab of the same browser."""
    page = first.context.new_page()
    page.goto(panel.url + path)
    return page


def grid(panel: Any, browse: Any, desktop: Any, **options: Any) -> Any:
    """The page of all slots, whose notifications are the test's, turned on."""
    page = browse(panel, **options)
    page.context.expose_function("desktop", lambda *what: desktop.append(what))
    page.context.add_init_script(SEEN + "\n" + DESKTOP)
    page.reload()
    is_(page, "a", "empty")
    turn_on(page, desktop)
    return page


def begun(panel: Any, **serials: str) -> Any:
    """Starts these slots; their state, once each asks."""
    ready(panel, *serials)
    for slot, serial in serials.items():
        assert fill(panel, slot, serial).status == 200
    assert panel.ask("POST", "/api/start", {}).status == 200
    return until(panel, lambda slots: all(slots[name]["dialogs"] for name in serials))


def answer(panel: Any, slot: str, result: str) -> str:
    """Answers what the slot asks; its run, which has ended."""
    shown = until(panel, lambda slots: slots[slot]["dialogs"])[slot]
    path = f"/api/dialogs/{shown['dialogs'][0]['id']}"
    assert panel.ask("POST", path, {"result": result, "slot": slot}).status == 200
    ended = until(panel, lambda slots: slots[slot]["status"] not in ("run", "ready"))[slot]
    assert ended["run"] == shown["run"]
    return str(shown["run"])


def known(page: Any, fact: str) -> None:
    """Until the pages of the browser know that it was told."""
    page.wait_for_function(
        "fact => (localStorage.getItem('hardseq.notified') ?? '').split(' ').includes(fact)", arg=fact
    )


def test_each_slot_asks_and_ends_with_one_notification(stand: Any, browse: Any, desktop: Any) -> None:
    """However many pages there are, that of the slot among them; with the slot's name; not for whoever looks."""
    panel = panel_with(stand, TITLES)
    page = grid(panel, browse, desktop)
    tabs = [page, tab(page, panel, "/"), tab(page, panel, "/slots/a")]
    is_(tabs[1], "a", "empty")
    expect(tabs[2].locator(".to-slots .slot-line")).to_have_text("1Left nest")
    begun(panel, a="SN1")
    known(page, f"{answer(panel, 'a', 'pass')}-end")
    assert desktop == []
    for one in tabs:
        one.evaluate("unseen = true")
    # The page of a slot knows nothing of the others: one that is opened silences no page of all slots.
    tabs[2].reload()
    expect(tabs[2].locator(".to-slots .slot-line")).to_have_text("1Left nest")
    tabs[2].evaluate("unseen = true")
    begun(panel, a="SN2")
    told(page, desktop, 1)
    begun(panel, b="SN3")
    answer(panel, "a", "pass")
    # The next one that waits, once the first was answered.
    told(page, desktop, 4)
    assert desktop[0] == ("shown", "The run waits for somebody", "Left nest · SN2 · Board")
    assert sorted(desktop[1:]) == [
        ("closed", "", ""),
        ("shown", "The run waits for somebody", "b · SN3 · Board"),
        ("shown", "✓ Pass", "Left nest · SN2 · Board"),
    ]
    desktop.clear()
    run = answer(panel, "b", "fail")
    told(page, desktop, 2)
    known(page, f"{run}-end")
    assert sorted(desktop) == [("closed", "", ""), ("shown", "✕ Fail", "b · SN3 · Board")]


def test_slots_that_end_together_are_told_together(stand: Any, browse: Any, desktop: Any) -> None:
    """In one notification, which counts the verdicts and names those that did not pass."""
    panel = panel_with(stand, TITLES)
    page = grid(panel, browse, desktop, clock=True)
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 5)
    page.evaluate("unseen = true")
    begun(panel, a="SN1", b="SN2", c="SN3")
    for slot, result in (("a", "fail"), ("b", "pass"), ("c", "pass")):
        answer(panel, slot, result)
    for slot, status in (("a", "failed"), ("b", "passed"), ("c", "passed")):
        is_(page, slot, status)
    page.clock.run_for(3000)
    told(page, desktop, 1)
    assert [what for what in desktop if what[0] == "shown"] == [("shown", "✕ 1 failed · 2 passed", "Left nest · Board")]
