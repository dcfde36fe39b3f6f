"""What axe-core finds wrong with a page: contrast, names, roles, landmarks, order."""

from __future__ import annotations

from typing import Any

import pytest

expect = pytest.importorskip("playwright.sync_api").expect
Axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe


def violations(page: Any, **options: Any) -> list[Any]:
    """By all of axe's rules, or by those that the ``options`` of axe name, once all answers have come."""
    # Until then tables and figures are dimmed.
    expect(page.locator("[aria-busy=true]:not(.chart-area)")).to_have_count(0)
    # Half a million characters, to be read once by each page.
    axe = Axe("null") if page.evaluate("'axe' in window") else Axe()
    found: list[Any] = axe.run(page, options={"resultTypes": ["violations"], **options}).response["violations"]
    return found
