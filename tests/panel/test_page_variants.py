"""Variants in a real browser: what is refused stands at its field, what was tested at the result."""

from __future__ import annotations

from typing import Any

import pytest

from tests.panel.live_page import started, verdict

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

SEQUENCE = """
name: Supply
params: {part: {type: string, prompt: Part number, each_run: false}}
variants: {by: "${{ params.part }}", PSB-24: {volts: 24.0}, PSB-12: {volts: 12.0}}
modules: {main: {cases: {rail: {steps: [{measure: Input, value: 12.1, unit: V, limits: {le: "${{ volts }}"}}]}}}}
"""


def test_an_unknown_variant_stands_at_its_field_and_a_known_one_at_the_result(stand: Any, browse: Any) -> None:
    """The form says what there is; the live page and the page of the stored run say which variant was tested."""
    stand.sequence("supply", SEQUENCE)
    panel = stand.open()
    page = started(browse(panel, strict=False))
    part = page.get_by_label("Part number")
    part.fill("PSB-99")
    part.press("Enter")
    expect(page.locator("form")).to_contain_text("it has PSB-24, PSB-12")
    expect(part).to_be_focused()
    part.fill("PSB-24")
    part.press("Enter")
    expect(verdict(page)).to_have_text("Pass")
    expect(page.locator(".hero dl")).to_contain_text("Variant")
    expect(page.locator(".hero dl")).to_contain_text("PSB-24")
    panel.wait_for("ready")  # it is stored then
    run = panel.ask("GET", "/api/runs").json["runs"][0]["id"]
    page.goto(f"{panel.url}/runs/{run}")
    expect(page.locator(".fact-cards")).to_contain_text("VariantPSB-24")
