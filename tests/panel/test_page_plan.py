"""The plan of a long run: modules put away, and a page that stays where its reader is."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

CASES = 30


def plan(stand: Any) -> Any:
    """Two modules; in the first every case fails, in the second one case waits for the test, and one may ask."""
    lines = [
        "name: Long",
        "drivers: {bench: {use: bench.Bench, with: {here: HERE}}}",
        "params: {ask: {type: boolean, default: false}}",
        "modules:",
    ]
    lines += ["  bad:", "    name: Bad", "    cases:"]
    lines += [f"      c{case}: {{name: Bad {case}, steps: [{{check: 'false'}}]}}" for case in range(CASES)]
    lines += ["  good:", "    name: Good", "    cases:"]
    lines += [f"      c{case}: {{name: Good {case}, steps: [{{check: 'true'}}]}}" for case in range(CASES)]
    lines += ["      hold: {name: Hold, steps: [{call: bench.wait}]}"]
    lines += ["      ask: {name: Ask, if: params.ask, steps: [{dialog: Lamp green?}]}"]
    stand.sequence("long", "\n".join(lines) + "\n")
    return stand.open()


def test_a_module_is_put_away_and_comes_back(stand: Any, browse: Any) -> None:
    """Its cases stay away in the next run and in another language; a filter finds them all the same."""
    panel = plan(stand)
    panel.go()
    panel.run()
    page = browse(panel)
    bad = page.locator("[data-name='bad::c0']")
    expect(bad).to_be_visible()
    page.get_by_role("button", name="Cases of Bad").click()
    expect(bad).to_be_hidden()
    expect(page.locator("[data-name='good::c0']")).to_be_visible()
    page.locator("[data-filter=failed]").click()
    expect(bad).to_be_visible()
    expect(page.locator(".module-fold:visible")).to_have_count(0)
    page.locator("[data-filter=all]").click()
    expect(bad).to_be_hidden()
    panel.run()
    expect(bad).to_be_hidden()
    # The page may stand further down, at the failed case, where the verdict lies over the bar.
    page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
    page.locator(".menu-button").click()
    page.get_by_label("Language").select_option("de")
    page.keyboard.press("Escape")
    button = page.get_by_role("button", name="Fälle von Bad")
    expect(button).to_have_attribute("aria-expanded", "false")
    expect(bad).to_be_hidden()
    button.press("Enter")
    expect(bad).to_be_visible()


def test_a_filter_that_hides_the_running_case_leaves_the_page_where_it_is(stand: Any, browse: Any) -> None:
    """Who reads the failed cases is not pulled away when another case begins."""
    panel = plan(stand)
    page = browse(panel)
    expect(page.locator(".start")).to_be_enabled(timeout=30_000)
    page.get_by_role("switch", name="ask").check()
    page.locator(".start").click()
    expect(page.locator("[data-name='good::hold']")).to_have_class("case is-run")
    page.locator("[data-filter=failed]").click()
    page.evaluate("scrollTo({ top: 900, behavior: 'instant' })")
    panel.go()
    expect(page.locator("dialog.dialog")).to_be_visible()
    assert page.evaluate("scrollY") == 900
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator(".verdict-word").first).to_have_text("Fail")
