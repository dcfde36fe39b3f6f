"""The live page of ``hardseq run`` with several slots: the same grid as a panel's, for one run of each."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from sequencer.app.project_report_store import ProjectReportStore
from sequencer.cli.panel_service import run_page
from sequencer.panel.slots_run import SlotsRunSession
from sequencer.project.project_folder import open_project
from sequencer.protocol.joint_start import configured_slots
from tests.panel.conftest import Stand
from tests.panel.live_page import verdict
from tests.panel.test_page_slots import is_, stop, tile
from tests.panel.test_slots import nests

expect = pytest.importorskip("playwright.sync_api").expect

SEQUENCE = """
name: Nests
drivers: {bench: {use: bench.Bench, with: {here: HERE}}}
params: {serial: {type: string, required: true}}
dut: {serial_number: "${{ params.serial }}"}
modules:
  main:
    name: Main
    cases:
      ask:
        name: Ask
        if: slot.number == 1
        steps: [{dialog: {type: confirm, title: "Close ${{ slot.name }}", pass_fail: true}}]
      hold: {name: Hold, steps: [{call: bench.wait}]}
"""


def address(stand: Stand) -> str:
    """Where the page of the run that begins is, once it is served."""
    note = stand.folder / ".hardseq/panel.json"
    deadline = time.monotonic() + 60
    while True:
        try:
            return str(json.loads(note.read_bytes())["address"]).rstrip("/")
        except (OSError, ValueError):
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_a_run_of_several_slots_has_a_page(stand: Stand, browse: Any, spawn: Any, free_port: int) -> None:
    """Its questions are answered there, one slot or all are stopped there, and the verdicts stay when it has ended."""
    stand.sequence("nests", SEQUENCE)
    stand.configure(f"[frontend]\nport = {free_port}\n" + nests("a", "b", "c"))
    serials = [text for at, name in enumerate("abc") for text in ("--arg", f"{name}.serial=SN{at}")]
    run = spawn("run", stand.folder, *serials)
    url = address(stand)
    page, own, stopped = (browse(url, path, strict=False) for path in ("/", "/slots/a", "/slots/b"))
    for name, serial in zip("abc", ("SN0", "SN1", "SN2"), strict=True):
        is_(page, name, "run is-asking" if name == "a" else "run")
        expect(tile(page, name).locator(".tile-serial")).to_have_text(serial)
    expect(page.locator(".hero-name")).to_have_text("Nests")
    expect(page.locator(".start")).to_be_hidden()
    expect(page.locator(".start-form")).to_be_hidden()
    # The slot's own page asks, too; the first answer counts.
    for one in (page, own):
        expect(one.locator("dialog.dialog h2")).to_have_text("Close a")
    expect(own.locator("dialog.dialog [value=pass]")).to_be_enabled()
    own.keyboard.press("p")
    for one in (page, own):
        expect(one.locator("dialog.dialog")).to_have_count(0)
    expect(tile(page, "a").locator(".tile-case")).to_have_text("Hold")
    stop(page, tile(page, "c").locator(".tile-stop"), page.locator(".slot-tile.is-stopped[data-slot='c']"))
    is_(page, "c", "stopped")
    expect(tile(page, "c").locator(".tile-stop")).to_be_hidden()
    expect(page).to_have_title("2 testing · Nests")
    stop(stopped, stopped.locator(".stop"), stopped.locator(".hero.is-stopped"))
    expect(verdict(stopped)).to_have_text("Stopped")
    (stand.folder / "go").touch()
    said, _ = run.communicate(timeout=60)
    assert run.returncode == 3, said
    assert f"live page http://localhost:{free_port}/".encode() in said
    # The program has ended: nothing is wrong, and nothing is left to do.
    for one in (page, own, stopped):
        expect(one.locator(".connection")).to_have_text("Run finished")
        expect(one.locator(".alert")).to_have_count(0)
        expect(one.locator(".stop")).to_be_hidden()
    for name, status in (("a", "passed"), ("b", "stopped"), ("c", "stopped")):
        is_(page, name, status)
        expect(tile(page, name).get_by_role("link")).to_have_count(0)  # nobody is there to answer
    expect(page).to_have_title("✕ 2 stopped · Nests")
    expect(verdict(own)).to_have_text("Pass")
    assert not (stand.folder / ".hardseq/panel.json").exists()


@pytest.fixture
def served(stand: Stand, free_port: int) -> Iterator[tuple[SlotsRunSession, str, ExitStack]]:
    """The page of a run of slots a and b of a stand with three, and its address, until the stack is closed."""
    stand.configure(f"[frontend]\nport = {free_port}\n" + nests("a", "b", "c"))
    project = open_project(stand.folder).checked()
    slots = project.settings.slots

    def made(**options: Any) -> SlotsRunSession:
        return SlotsRunSession(configured=slots, running=configured_slots(slots)[:2], **options)

    with ExitStack() as opened:
        report_store = opened.enter_context(ProjectReportStore(project, lambda text: None))
        page_of_run = run_page(made, project, report_store, opened)
        assert page_of_run is not None
        session, url = page_of_run
        yield session, url.rstrip("/"), opened


def test_a_slot_in_which_no_run_began_says_why(served: Any, browse: Any) -> None:
    """On its own page, with no button that cannot help; on the grid it stays apart from the verdicts of the others."""
    session, url, opened = served
    page, own = browse(url, strict=False), browse(url, "/slots/b", strict=False)
    is_(page, "a", "loading")
    expect(page.locator(".slot-tile")).to_have_count(2)
    session.ended("b", RuntimeError("the test process is gone"))
    session.ended("a", None)
    session.slots["a"].over()
    is_(page, "b", "blocked")
    opened.close()
    for one in (page, own):
        expect(one.locator(".connection")).to_have_text("Run finished")
    is_(page, "b", "blocked")
    expect(own.locator(".problem")).to_contain_text("the test process is gone")
    expect(own.locator(".problem button")).to_have_count(0)


def test_a_page_of_a_run_starts_nothing(served: Any, stand: Stand) -> None:
    """Neither a slot nor all that are filled, and none is filled; a slot that does not run has no page."""
    session, _, _ = served
    for start in (
        lambda: session.start_filled(None),
        lambda: session.start_slots({}),
        lambda: session.fill("a", {}, None),
        lambda: session.try_again("latest"),
    ):
        with pytest.raises(Exception, match="single run") as refused:
            start()
        assert refused.value.code == "cannot-start"
    with pytest.raises(Exception, match="there is no slot"):
        session.of_slot("c")
    assert Path(stand.folder / ".hardseq/panel.json").exists()
