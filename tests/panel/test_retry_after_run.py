"""What is left to do after a run is done from its page: the stand is taken meanwhile, and the verdict stays."""

from __future__ import annotations

import time
from typing import Any

import pytest

LABELLED = """
name: Labelled
drivers:
  bench: {use: bench.Bench, scope: stand}
modules:
  main:
    cases:
      rail:
        steps:
          - {measure: Output, call: bench.voltage, unit: V, limits: [4.8, 5.2]}
after_run:
  - exec: [test, -e, paper]
  - call: bench.wait
    if: verdict == 'passed' and run.evidence
"""


@pytest.fixture
def panel(stand: Any) -> Any:
    """A stand whose printer had no paper after the first run."""
    stand.sequence("labelled", LABELLED)
    opened = stand.open()
    opened.go()
    opened.run()
    return opened


def _left(panel: Any) -> list[int]:
    return [
        entry["number"] for entry in panel.report_store.store.latest().get("after_run", []) if "retried" not in entry
    ]


@pytest.mark.slow
def test_it_is_tried_again_over_http(panel: Any, stand: Any) -> None:
    """Once it is done, it is done; a run that is not there, and one that left nothing, are refused."""
    report = panel.last()
    path = f"/api/runs/{report['id']}/retry-after-run"
    assert _left(panel) == [1]
    assert panel.ask("POST", path, {}, token=False).status == 403
    assert panel.ask("POST", path, {}).json == {"run": report["id"]}
    panel.wait_for("ready")
    assert _left(panel) == [1]
    stand.write("paper", "")
    assert panel.ask("POST", "/api/runs/latest/retry-after-run", {}).status == 200
    panel.wait_for("ready")
    now = panel.last()
    assert _left(panel) == []
    assert {**now, "after_run": []} == {**report, "after_run": []}
    refused = panel.ask("POST", path, {})
    assert (refused.status, refused.json["error"]["code"]) == (409, "nothing-left")
    assert panel.ask("POST", "/api/runs/7/retry-after-run", {}).status == 404
    panel.run()


@pytest.mark.slow
def test_the_stand_is_taken_while_it_is_tried_again(stand: Any) -> None:
    """Start is refused, Stop ends it, and the panel is ready for the next board."""
    stand.sequence(
        "labelled",
        LABELLED.replace("exec: [test, -e, paper]", "exec: [sh, -c, 'test -e paper && touch tried && sleep 60']"),
    )
    panel = stand.open()
    panel.go()
    report = panel.run()
    paper = stand.write("paper", "")
    assert panel.ask("POST", f"/api/runs/{report['id']}/retry-after-run", {}).status == 200
    panel.wait_for("retrying")
    while not (stand.folder / "tried").exists():
        time.sleep(0.01)
    assert panel.ask("POST", "/api/start", {}).json["error"]["code"] == "running"
    assert panel.ask("POST", "/api/stop", {}).status == 200
    panel.wait_for("ready")
    assert [entry["kind"] for entry in panel.last()["after_run"]] == ["failed", "stopped"]
    paper.unlink()
    assert panel.run()["status"] == "passed"


@pytest.mark.slow
def test_the_pages_button_does_it(panel: Any, stand: Any, browse: Any) -> None:
    """It stands by what was not done, and is gone with it."""
    page = browse(panel, f"/runs/{panel.last()['id']}")
    button = page.get_by_role("button", name="Try again")
    page.locator(".not-done").wait_for()
    stand.write("paper", "")
    button.click()
    page.locator(".not-done").wait_for(state="detached")
    assert button.count() == 0
    assert page.locator(".report-head .verdict-word").text_content() == "Pass"
    assert _left(panel) == []
