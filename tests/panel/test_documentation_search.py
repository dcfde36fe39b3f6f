"""The documentation in a browser, from a folder: no server, no network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow


def test_the_search_works_from_a_folder(site: Path, browse: Callable[..., Any]) -> None:
    """Who opens the site's index.html as a file finds a word and reaches its page."""
    asked: list[str] = []
    page = browse((site / "index.html").as_uri(), "")
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    page.get_by_role("textbox", name="Search").click()
    page.keyboard.type("retry-after")
    found = page.locator(".md-search-result__link").first
    found.wait_for()
    assert found.get_attribute("href").startswith((site / "reference").as_uri())
    assert [url for url in asked if not url.startswith("file://")] == []
