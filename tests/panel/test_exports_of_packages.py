"""Formats of a report that come with other packages, on the panel."""

from __future__ import annotations

from typing import Any

import pytest

from tests.extensions.conftest import Install, install, site  # noqa: F401 - fixtures
from tests.extensions.test_exports_of_packages import ENTRY, GOOD

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect


def test_a_format_of_a_package_is_on_the_page_of_a_run(stand: Any, browse: Any, install: Install) -> None:  # noqa: F811 - the fixture is asked for by its name
    """The page offers it by its label, the description lists it, and it is downloaded; a broken one is not offered."""
    broken = "docx = nowhere_at_all:EXPORT\n"
    install("hardseq-ids", "1.0", ENTRY + broken, ids_export=GOOD)
    panel = stand.open()
    run = panel.run()["id"]
    offered = panel.ask("GET", "/api/exports").json
    assert offered["exports"][-1] == {"name": "ids", "label": "Ids", "media_type": "text/plain", "suffix": "ids.txt"}
    (reason,) = offered["unusable"]
    assert reason.startswith("`docx` of the package hardseq-ids 1.0 cannot be used: ")
    operation = panel.ask("GET", "/api/openapi.json").json["paths"]["/api/runs/{run}"]["get"]
    (described,) = [each for each in operation["parameters"] if each["name"] == "format"]
    assert described["schema"]["enum"][-3:] == ["standcloud", "docx", "ids"]
    assert "text/plain" in operation["responses"]["200"]["content"]
    answer = panel.ask("GET", f"/api/runs/{run}?format=ids")
    assert (answer.status, answer.body, answer.headers["Content-Type"]) == (
        200,
        run.encode(),
        "text/plain; charset=utf-8",
    )
    assert answer.headers["Content-Disposition"] == f'attachment; filename="run-{run}.ids.txt"'
    refused = panel.ask("GET", f"/api/runs/{run}?format=docx")
    assert (refused.status, refused.json["error"]["message"]) == (500, reason)
    page = browse(panel, f"/runs/{run}")
    expect(page.locator(".page-head .button-row a").last).to_have_text("Ids")
