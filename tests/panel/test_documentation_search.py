"""The documentation in a browser, from a folder: no server, no network."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def test_the_search_works_from_a_folder(tmp_path: Path, browse: Callable[..., Any]) -> None:
    """Who opens the site's index.html as a file finds a word and reaches its page."""
    build = [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, capture_output=True, check=True)
    asked: list[str] = []
    page = browse((tmp_path / "index.html").as_uri(), "")
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    page.get_by_role("textbox", name="Search").click()
    page.keyboard.type("retry-after")
    found = page.locator(".md-search-result__link").first
    found.wait_for()
    assert found.get_attribute("href").startswith((tmp_path / "reference").as_uri())
    assert [url for url in asked if not url.startswith("file://")] == []
