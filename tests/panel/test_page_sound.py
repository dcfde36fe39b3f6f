"""The sounds of the page, tried out from the menu."""

from __future__ import annotations

from typing import Any


def test_sounds_can_be_tried_also_where_they_are_off(stand: Any, browse: Any) -> None:
    """The button plays the three sounds, one after the other, and leaves the switch as it is."""
    panel = stand.open()
    panel.wait_for("ready")
    page = browse(panel)
    page.evaluate(
        """() => {
            window.played = [];
            const start = OscillatorNode.prototype.start;
            OscillatorNode.prototype.start = function (...given) {
                window.played.push(this.frequency.value);
                return start.apply(this, given);
            };
        }"""
    )
    page.locator(".menu-button").click()
    page.get_by_role("button", name="Test sounds: pass, fail, question").click()
    panel.wait_until(lambda: {1320, 165, 1100} <= set(page.evaluate("window.played")))
    assert page.evaluate("localStorage.getItem('hardseq.sound')") is None
