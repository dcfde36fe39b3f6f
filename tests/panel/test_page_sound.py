"""The sounds of the page: chosen, tried out and kept in a browser, and what it says when the browser lets none be
heard."""

from __future__ import annotations

from typing import Any

import pytest

from tests.panel.live_page import started, verdict

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

LISTEN = """
window.played = [];
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...given) {
  window.played.push(this.frequency.value);
  return start.apply(this, given);
};
const rise = AudioParam.prototype.linearRampToValueAtTime;
AudioParam.prototype.linearRampToValueAtTime = function (loudness, at) {
  window.loudness = loudness;
  return rise.call(this, loudness, at);
};
"""
MUTE = """
let allow;
const allowed = new Promise((resolve) => { allow = resolve; });
let state = "suspended";
Object.defineProperty(AudioContext.prototype, "state", { get: () => state });
AudioContext.prototype.resume = () => allowed;
window.permit = () => { state = "running"; allow(); };
"""


def heard(panel: Any, page: Any, *frequencies: int) -> None:
    """Waits until these were played, and forgets them."""
    panel.wait_until(lambda: set(frequencies) <= set(page.evaluate("window.played.map(Math.round)")))
    page.evaluate("window.played = []")


def test_a_sound_is_chosen_tried_and_kept(stand: Any, browse: Any) -> None:
    """Each sound has a button, also where sound is off; choice and loudness outlive the page, and the run is heard."""
    panel = stand.open()
    page = browse(panel, "/healthz")
    page.add_init_script(LISTEN)
    page.goto(panel.url)
    started(page).locator(".menu-button").click()
    sound, volume = page.get_by_label("Sound", exact=True), page.get_by_label("Volume")
    expect(sound).to_have_value("off")
    tests = page.get_by_role("group", name="Test", exact=True)
    for name, frequency in (("Pass", 1320), ("Fail", 165), ("Question", 1100)):
        tests.get_by_role("button", name=name).click()
        heard(panel, page, frequency)
    assert page.evaluate("localStorage.getItem('hardseq.sound')") is None
    assert sound.locator("option").all_inner_texts() == ["Off", "Tones", "Bells", "Beeps"]
    sound.select_option("Bells")
    heard(panel, page, 784, 1047)
    volume.fill("10")
    heard(panel, page, 988)
    assert page.evaluate("window.loudness") < 0.01
    page.reload()
    started(page).locator(".menu-button").click()
    expect(sound).to_have_value("bells")
    expect(volume).to_have_value("10")
    page.keyboard.press("Escape")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Space")
    expect(verdict(page)).to_have_text("Pass")
    heard(panel, page, 784, 1047)
    page.locator(".menu-button").click()
    sound.select_option("Off")
    panel.run()
    expect(page.locator("html")).to_have_attribute("data-sound", "")
    assert page.evaluate("window.played") == []


def test_a_blocked_sound_is_told(stand: Any, browse: Any) -> None:
    """A browser that nobody has used plays nothing: the page says so once, in the menu for as long as it is so, and
    makes up for nothing later. What an earlier page kept as on, and a loudness that is none, are today's defaults."""
    stand.configure("[frontend]\nsound_on = true\n")
    panel = stand.open()
    page = browse(panel, "/healthz")
    page.add_init_script(LISTEN + MUTE + "localStorage.setItem('hardseq.sound', 'on');")
    page.evaluate("localStorage.setItem('hardseq.volume', 'loud')")
    page.goto(panel.url)
    started(page)
    for _ in range(2):
        panel.run()
        expect(page.locator("html")).to_have_attribute("data-sound", "passed")
        expect(page.locator(".toast")).to_contain_text("play no sound")
        expect(page.locator(".toast")).to_have_count(1)
    page.locator(".menu-button").click()
    expect(page.get_by_label("Sound", exact=True)).to_have_value("tones")
    expect(page.get_by_label("Volume")).to_have_value("50")
    expect(page.locator(".sound-note")).to_contain_text("until somebody clicks")
    page.wait_for_timeout(1000)
    page.evaluate("permit()")
    expect(page.locator(".sound-note")).to_be_hidden()
    assert page.evaluate("window.played") == []
    page.get_by_role("group", name="Test", exact=True).get_by_role("button", name="Fail").click()
    heard(panel, page, 165)
