"""Imported runs on the pages: Overview and Unit have them like any other, and a run's page says where it is from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sequencer.app.import_runs import import_runs, records_of
from sequencer.records.record import Origin
from tests.cli.test_import_command import RECORDS, REPORTS, of_hardpy, of_openhtf

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect


def imported(panel: Any, paths: Sequence[Path]) -> None:
    records = (found for path in paths for found in records_of(path, Origin))
    store = panel.report_store.store
    assert import_runs(store, records, print, dry_run=False, told=lambda _: None).imported == len(paths)


def percent(share: float) -> str:
    return f"{share * 100:.1f}".removesuffix(".0") + "%"


def test_overview_and_unit_show_what_was_imported(stand: Any, browse: Any) -> None:
    """Of each program the counts that its own records give, the history of a unit, and the origin of each run."""
    panel = stand.open()
    imported(panel, [*RECORDS, *REPORTS])
    page = None
    for sequence, (runs, passed, units, first, _) in (("Board test", of_openhtf()), ("board", of_hardpy())):
        page = browse(panel, f"/overview?since=all&sequence={sequence}")
        expect(page.locator("[data-figure=runs] .tile-figure")).to_have_text(str(runs))
        expect(page.locator("[data-figure=yield] .tile-figure")).to_have_text(percent(passed / runs))
        expect(page.locator("[data-figure=first_pass_yield] .tile-figure")).to_have_text(percent(first / units))
    assert page is not None
    page.goto(f"{panel.url}/units?serial_number=SN000002")
    expect(page.locator("tbody tr").filter(has_text="Board test")).to_have_count(2)
    expect(page.locator("tbody tr").filter(has_text=re.compile("board", re.IGNORECASE))).to_have_count(4)
    expect(page.locator("tbody tr", has=page.get_by_text("imported", exact=True))).to_have_count(4)
    page.goto(f"{panel.url}/runs?serial_number=SN000009&since=all")
    expect(page.locator("tbody .tag").filter(has_text="imported").first).to_have_attribute(
        "title", "Imported from OpenHTF"
    )
    page.locator("tbody a").first.click()
    expect(page.locator(".fact-card").first).to_contain_text("Imported from")
    expect(page.locator(".fact-card").first).to_contain_text("OpenHTF: abort.json")
