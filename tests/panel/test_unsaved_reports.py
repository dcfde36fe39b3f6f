"""Reports that could not be stored at once."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from click.testing import CliRunner

from sequencer.app import project_report_store
from sequencer.cli import status
from sequencer.panel.app import MOST_HISTORY
from sequencer.store.base import FactoryCopy, StoreUnavailable
from sequencer.vocabulary.reason import Reason

expect = pytest.importorskip("playwright.sync_api").expect

pytestmark = pytest.mark.slow


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def refuse(store: Any, error: Exception) -> None:
    """Nothing can be stored until ``del store.save``."""

    def save(report: Any) -> None:
        raise error

    store.save = save


def alerts(panel: Any) -> list[str]:
    return [alert["text"] for alert in panel.ask("GET", "/api/state").json["session"]["alerts"]]


@pytest.mark.parametrize(
    "error", [StoreUnavailable("the database is locked"), OSError(errno.ENOSPC, "No space left on device")]
)
def test_a_report_that_could_not_be_stored_is_tried_again(stand: Any, error: Exception) -> None:
    """The page says so; once the store takes reports again it is there, in its own words and only once."""
    panel = stand.open()
    panel.wait_for("ready")
    store = panel.report_store.store
    refuse(store, error)
    run = panel.ask("POST", "/api/start", {}).json["run"]
    wait_for(lambda: any("could not be stored yet" in text and str(error) in text for text in alerts(panel)))
    panel.wait_for("ready")
    assert store.get(run) is None
    del store.save
    assert panel.ask("POST", "/api/sync", {}).status == 200
    wait_for(lambda: not alerts(panel))
    report = store.get(run)
    assert (report["status"], report["aborted"], report["damaged_lines"]) == ("passed", False, 0)
    assert len(panel.ask("GET", "/api/runs").json["runs"]) == 1


def test_how_much_of_a_report_is_safe_is_told_as_on_the_terminal(stand: Any, browse: Any) -> None:
    """A journal that the full disk cut short: the page says what is in it until the report is stored whole."""
    panel = stand.open()
    panel.wait_for("ready")
    store = panel.report_store.store

    def save(report: Any) -> None:
        journal = panel.project.state.journal(report["id"])
        lines = journal.read_bytes().splitlines(keepends=True)
        journal.write_bytes(b"".join(lines[:2]))
        raise StoreUnavailable("the disk is full")

    store.save = save
    run = panel.ask("POST", "/api/start", {}).json["run"]
    journal = panel.project.state.journal(run)
    said = f"0 of 2 measured values kept in {journal}; from case rails::rail_5v on nothing could be written"
    wait_for(lambda: said in alerts(panel))
    page = browse(panel)
    page.evaluate("localStorage.setItem('hardseq.language', 'de')")
    page.reload()
    page.get_by_text(f"0 von 2 Messwerten sind in {journal} aufbewahrt; ab dem Fall rails::rail_5v").wait_for()
    del store.save
    assert panel.ask("POST", "/api/sync", {}).status == 200
    wait_for(lambda: not alerts(panel))
    assert store.get(run)["status"] == "passed"


def test_what_waits_is_stored_when_the_panel_ends(stand: Any) -> None:
    """A last try: the next start then has nothing to bring in."""
    panel = stand.open()
    panel.wait_for("ready")
    store = panel.report_store.store
    refuse(store, StoreUnavailable("away"))
    run = panel.ask("POST", "/api/start", {}).json["run"]
    wait_for(lambda: bool(alerts(panel)))
    panel.wait_for("ready")
    del store.save
    panel.close()
    again = stand.open()
    assert again.told == []
    assert again.report_store.store.get(run)["status"] == "passed"


def test_no_run_begins_on_a_full_disk(stand: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Start is refused while there is no room for what it would measure."""
    panel = stand.open()
    panel.wait_for("ready")
    monkeypatch.setattr(project_report_store, "LEAST_FREE", 1 << 60)
    refused = panel.ask("POST", "/api/start", {})
    assert (refused.status, refused.json["error"]["code"]) == (409, "not-now")
    assert "the disk is full" in refused.json["error"]["message"]
    monkeypatch.undo()
    assert panel.run()["status"] == "passed"


def test_a_defect_in_keeping_blocks_the_panel_and_does_not_end_it(stand: Any, capsys: Any) -> None:
    """What went wrong is told; the panel goes on when somebody asks it to, and the report is kept after all."""
    panel = stand.open()
    panel.wait_for("ready")
    store = panel.report_store.store
    refuse(store, LookupError("a defect"))
    run = panel.ask("POST", "/api/start", {}).json["run"]
    panel.wait_for("blocked")
    problem = panel.ask("GET", "/api/state").json["session"]["problem"]
    assert problem == {"code": "cannot-prepare", "message": "LookupError: a defect"}
    assert "a defect" in capsys.readouterr().err
    del store.save
    assert panel.ask("POST", "/api/choice", {"name": "board"}).status == 200
    wait_for(lambda: store.get(run) is not None)
    panel.wait_for("ready")


def test_a_store_that_does_not_answer_holds_up_no_start(stand: Any) -> None:
    """While its questions and reports are being waited for, the panel is ready, runs, and runs again."""
    answered = threading.Event()
    panel = stand.open()
    panel.wait_for("ready")
    store = panel.report_store.store
    save, find = store.save, store.find

    def late(call: Callable[..., Any]) -> Callable[..., Any]:
        def wait(*given: Any, **more: Any) -> Any:
            answered.wait(60)
            return call(*given, **more)

        return wait

    store.save, store.find = late(save), late(find)
    try:
        assert panel.ask("POST", "/api/choice", {"name": "board"}).status == 200  # loads the sequence anew
        runs = []
        for _ in range(2):
            panel.wait_for("ready")
            runs.append(panel.ask("POST", "/api/start", {}).json["run"])
            panel.wait_until(lambda: panel.ask("GET", "/api/state").json["run"]["status"] == "passed")
        panel.wait_for("ready")
        assert [store.get(run) for run in runs] == [None, None]
    finally:
        answered.set()
    panel.wait_until(lambda: all(store.get(run) for run in runs))


def test_slow_questions_about_history_leave_the_controls_alone(stand: Any) -> None:
    """However many there are, some are told to come back, and the live state and Start are answered meanwhile."""
    answered = threading.Event()
    panel = stand.open()
    panel.wait_for("ready")
    store = panel.report_store.store
    find, asked = store.find, threading.Semaphore(0)

    def late(*given: Any, **more: Any) -> Any:
        asked.release()
        answered.wait(60)
        return find(*given, **more)

    store.find = late
    with ThreadPoolExecutor(20) as pool:
        try:
            waiting = [pool.submit(panel.ask, "GET", "/api/runs") for _ in range(20)]
            for _ in range(MOST_HISTORY):
                assert asked.acquire(timeout=30)
            assert panel.ask("GET", "/api/state").status == 200
            assert panel.ask("POST", "/api/start", {}).status == 200
            busy = panel.ask("GET", "/api/runs")
            assert (busy.status, busy.json["error"]["code"]) == (503, "busy")
            assert int(busy.headers["Retry-After"]) > 0
        finally:
            answered.set()
        statuses = sorted(one.result().status for one in waiting)
    assert statuses == [200] * MOST_HISTORY + [503] * (20 - MOST_HISTORY)
    store.find = find
    assert panel.ask("GET", "/api/runs").status == 200


def test_what_is_done_to_stored_runs_leaves_the_controls_alone(stand: Any) -> None:
    """A note or a label waits for its store or printer, however many there are; Start and Stop do not."""
    answered = threading.Event()
    panel = stand.open()
    panel.wait_for("ready")
    store = panel.report_store.store
    get, asked = store.get, threading.Semaphore(0)

    def late(*given: Any) -> Any:
        asked.release()
        answered.wait(60)
        return get(*given)

    store.get = late
    paths = [f"/api/runs/none/{what}" for what in ("notes", "label", "retry-after-run")]
    with ThreadPoolExecutor(len(paths) * 3) as pool:
        try:
            waiting = [pool.submit(panel.ask, "POST", path, {}) for path in paths * 3]
            for _ in range(MOST_HISTORY):
                assert asked.acquire(timeout=30)
            assert panel.ask("POST", "/api/start", {}).status == 200
            assert panel.ask("POST", "/api/stop", {}).status in (200, 409)
            assert panel.ask("GET", "/api/state").status == 200
        finally:
            answered.set()
        assert {one.result().status for one in waiting} == {404}
    store.get = get


def test_runs_that_do_not_reach_the_factory_are_shown(stand: Any, browse: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every page says so, while everything else goes on."""
    problem = "runs do not reach the factory, replication is crashing: nobody is there"
    copy = FactoryCopy(
        "https://central/factory", "crashing", 7, Reason("not_replicated", state="crashing", detail="nobody is there")
    )
    monkeypatch.setattr(project_report_store.ProjectReportStore, "factory_copy", lambda report_store: copy)
    panel = stand.open()
    panel.wait_until(lambda: problem in alerts(panel))
    said = CliRunner().invoke(status.command, [str(stand.folder)], standalone_mode=False).output
    assert "factory   https://central/factory: crashing, 7 documents copied" in said
    page = browse(panel, "/storage")
    expect(page.locator(".storage-factory")).to_contain_text(problem)
    assert panel.run()["status"] == "passed"
