"""The page when things go wrong or get large: restarts, crashes, hostile names, problems in the YAML, 1,000 cases."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
from typing import Any

import pytest

from sequencer.app.project_bench import BenchRun
from sequencer.panel.api_live import MOST_LATE
from tests.panel.live_page import started
from tests.panel.sequences import WAITING

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

HOSTILE = "<img src=x onerror=alert(1)>"
NAME = json.dumps(HOSTILE)
HOSTILE_SEQUENCE = """
name: NAME
version: NAME
description: NAME
params: {p: {type: string, default: NAME, prompt: NAME, required: false}}
modules:
  main:
    name: NAME
    description: NAME
    cases:
      bad:
        name: NAME
        description: NAME
        tags: [NAME]
        steps:
          - record:
              dut: {serial_number: NAME, part_number: NAME, name: NAME, info: {x: NAME}}
              batch: {serial_number: NAME}
              process: {name: NAME}
          - message: NAME
          - operator_message: {title: NAME, text: NAME, key: NAME}
          - dialog: {type: radio, title: NAME, text: NAME, choices: [NAME], default: NAME}
          - measure: NAME
            value: NAME
            unit: NAME
            limits: {eq: NAME}
          - chart: {title: NAME, x_label: NAME, y_label: NAME, series: [{name: NAME, y: [1, 2]}]}
          - check: "1 == 2"
            message: NAME
""".replace("NAME", NAME)


def test_a_page_survives_a_restart_of_the_server(stand: Any, browse: Any, free_port: int) -> None:
    """The page says that it has lost the stand, finds the new server by itself, and can start a run there."""
    panel = stand.open(port=free_port)
    page = started(browse(panel, strict=False))
    panel.close()
    expect(page.locator(".connection")).to_have_text("No connection")
    expect(page.locator(".alert")).to_contain_text("trying again")
    expect(page.locator(".start")).to_be_disabled()
    again = stand.open(port=free_port)
    expect(page.locator(".connection")).to_have_text("Live")
    expect(page.locator(".alert")).to_have_count(0)
    # The new server has a new token: the page fetches it.
    started(page).locator(".start").click()
    expect(page.locator(".hero .verdict-word")).to_have_text("Pass")
    assert again.last()["status"] == "passed"


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="needs SIGSTOP")
@pytest.mark.real_start  # only a process's parent is told that it has come to rest
def test_a_panel_that_hangs_is_no_connection(stand: Any, browse: Any, spawn: Any, free_port: int) -> None:
    """The page says so although nothing was closed, and a Start from that time does nothing once the panel is back."""
    hanging = spawn("panel", stand.folder, "--port", free_port)
    assert b"panel at" in hanging.stdout.readline()
    page = started(browse(f"http://localhost:{free_port}", strict=False, clock=True))
    hanging.send_signal(signal.SIGSTOP)
    # Until all its threads have come to rest, one of them may still take the Start.
    assert os.WIFSTOPPED(os.waitpid(hanging.pid, os.WUNTRACED)[1])
    page.locator(".start").click()
    time.sleep(MOST_LATE + 1)
    page.clock.fast_forward(6000)  # so that it was silent for twelve seconds
    expect(page.locator(".connection")).to_have_text("No connection")
    expect(page.locator(".alert")).to_contain_text("trying again")
    hanging.send_signal(signal.SIGCONT)
    # It stands there for some seconds only.
    expect(page.locator(".toast")).to_contain_text("press it again")
    expect(page.locator(".connection")).to_have_text("Live")
    expect(page.locator(".hero .verdict-word")).to_have_text("Ready")
    found = started(page).evaluate("fetch('/api/runs').then((answer) => answer.json())")
    assert found == {"runs": [], "next": None}


def test_a_run_that_was_cut_off_is_told(stand: Any, browse: Any, spawn: Any, free_port: int) -> None:
    """The panel is killed in the middle of a run: its page says so when the next panel is there, until the next run."""
    stand.sequence("waiting", WAITING)
    killed = spawn("panel", stand.folder, "--port", free_port)
    assert b"panel at" in killed.stdout.readline()
    page = started(browse(f"http://localhost:{free_port}", strict=False))
    page.keyboard.press("Space")
    expect(page.locator(".case[data-name='main::first']")).to_have_class(re.compile("is-run"))
    killed.kill()
    killed.wait()
    (stand.folder / "go").touch()
    again = stand.open(port=free_port)
    alert = page.locator(".alert a")
    expect(alert).to_contain_text("restarted during a run")
    started(page).keyboard.press("Space")
    expect(alert).to_have_count(0)
    expect(page.locator(".hero .verdict-word")).to_have_text("Pass")
    assert again.last()["status"] == "passed"


def test_stop_while_the_run_begins(stand: Any, browse: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop is there as soon as Start was pressed, and means the run that begins."""
    begins, begin = threading.Event(), BenchRun.start
    monkeypatch.setattr(BenchRun, "start", lambda run, requested: begins.wait(30) and begin(run, requested))
    stand.sequence("waiting", WAITING)
    panel = stand.open()
    page = started(browse(panel))
    page.keyboard.press("Space")
    panel.wait_for("starting")
    with page.expect_request("**/api/stop"):
        page.locator(".stop").click()
    begins.set()
    expect(page.locator(".hero .verdict-word")).to_have_text("Stopped")
    assert panel.last()["status"] == "stopped"


def test_who_comes_late_sees_everything_then_only_changes(stand: Any, browse: Any) -> None:
    """A browser that opens in the middle of a run has the whole state, and follows from there."""
    stand.sequence(
        "slow",
        """
name: Slow
drivers: {bench: {use: bench.Bench, with: {here: HERE}}}
modules:
  main:
    name: Main
    cases:
      before: {name: Before, steps: [{measure: Volts, value: 5, unit: V, limits: [4, 6]}]}
      during: {name: During, steps: [{message: Waiting}, {call: bench.wait}]}
      after: {name: After, steps: [{measure: Amps, value: 2, unit: A}]}
""",
    )
    panel = stand.open()
    first = started(browse(panel))
    first.keyboard.press("Space")
    expect(first.locator(".case[data-name='main::during']")).to_have_class(re.compile("is-run"))
    late = browse(panel)
    expect(late.locator(".case[data-name='main::before'] .reading-value")).to_have_text("5 V")
    expect(late.locator(".case[data-name='main::during'] .case-message")).to_have_text("Waiting")
    expect(late.locator(".stop")).to_be_visible()
    panel.go()
    for page in (first, late):
        expect(page.locator(".hero .verdict-word")).to_have_text("Pass")
        expect(page.locator(".case[data-name='main::after'] .reading-value")).to_have_text("2 A")


def test_a_test_process_that_dies_leaves_a_report_and_a_panel_that_goes_on(stand: Any, browse: Any) -> None:
    """A crashed driver is an error of its case; the next run can be started."""
    stand.sequence(
        "dying",
        """
name: Dying
drivers: {bench: bench.Bench}
modules:
  main:
    name: Main
    cases:
      fine: {name: Fine, steps: [{call: bench.voltage}]}
      dies: {name: Dies, steps: [{call: bench.die}]}
""",
    )
    panel = stand.open()
    page = started(browse(panel))
    page.keyboard.press("Space")
    expect(page.locator(".hero .verdict-word")).to_have_text("Error")
    expect(page.locator(".case[data-name='main::fine']")).to_have_class(re.compile("is-passed"))
    expect(page.locator(".case[data-name='main::dies'] .failure-message")).to_be_visible()
    panel.wait_for("ready")
    started(page).keyboard.press("Space")
    panel.wait_for_runs(2)


def test_hostile_names_are_text_everywhere(stand: Any, browse: Any) -> None:
    """Markup in any name, message, unit, answer or fact is shown as it is written, on every page."""
    stand.configure(f"tests_name = {NAME}\n[stand]\nname = {NAME}\n[frontend.modal_result]\nenable = true\n")
    stand.sequence("hostile", HOSTILE_SEQUENCE)
    panel = stand.open()
    page = browse(panel)
    alarms: list[str] = []
    page.on("dialog", lambda dialog: (alarms.append(dialog.message), dialog.dismiss()))
    page.evaluate(f"localStorage.setItem('hardseq.operator', {NAME})")
    started(page).locator(".start").click()
    expect(page.locator("dialog.dialog h2")).to_have_text(HOSTILE)
    page.locator("dialog.dialog").get_by_role("button", name="Confirm").click()
    expect(page.locator("dialog.result")).to_contain_text(HOSTILE)
    expect(page.locator(".result-dismiss")).to_be_focused()
    page.keyboard.press("Escape")
    case = page.locator(".case")
    for part in (".case-name", ".case-message", ".reading-name", ".failure-message", ".chart-title"):
        expect(case.locator(part).first).to_contain_text(HOSTILE)
    case.locator(".case-head").click()
    expect(case.locator(".case-details")).to_contain_text(HOSTILE)
    expect(page.locator(".hero-facts")).to_contain_text(HOSTILE)
    panel.wait_for("ready")
    for path in ("/runs", "/runs/latest", "/overview", "/failures", "/measurements", "/time", "/storage"):
        page.goto(panel.url + path)
        expect(page.locator("main")).to_be_visible()
        expect(page.locator("[aria-busy=true]:not(.chart-area)")).to_have_count(0)
        if path == "/runs/latest":
            case.locator(".case-head").click()
            expect(case.locator(".case-details")).to_contain_text(HOSTILE)
        assert page.locator("img[src='x'], script:not([src])").count() == 0, path
    assert alarms == []


def test_problems_of_the_yaml_stand_on_the_page_until_they_are_mended(stand: Any, browse: Any) -> None:
    """A sequence that cannot run shows its problems with their places; the mended file is taken up by itself."""
    path = stand.sequence(
        "broken", "name: Broken\nmodules: {main: {name: M, cases: {c: {name: C, steps: [{chek: 1}]}}}}\n"
    )
    page = browse(stand.open())
    problem = page.locator(".problem")
    expect(problem).to_be_visible()
    expect(problem.locator(".place").first).to_contain_text("sequences/broken.yaml:2:")
    expect(problem).to_contain_text("check")
    expect(page.locator(".hero .verdict-word")).to_have_text("Not ready")
    expect(page.locator(".start")).to_be_disabled()
    path.write_text(path.read_text().replace("{chek: 1}", "{check: 'true'}"))
    started(page).keyboard.press("Space")
    expect(page.locator(".hero .verdict-word")).to_have_text("Pass")
    expect(problem).to_be_hidden()
    # What was passed before does not stand over a stand that can test nothing.
    path.write_text(path.read_text().replace("check", "chek"))
    expect(page.locator(".hero .verdict-word")).to_have_text("Not ready")
    expect(problem).to_be_visible()


def test_an_edited_sequence_is_taken_up_between_two_runs(stand: Any, browse: Any) -> None:
    """Nobody restarts the panel after a change of the YAML."""
    page = started(browse(stand.open()))
    path = stand.folder / "sequences/board.yaml"
    path.write_text(path.read_text().replace("Idle current", "Quiescent current"))
    expect(page.locator(".case[data-name='rails::idle']")).to_contain_text("Quiescent current")
    started(page).keyboard.press("Space")
    expect(page.locator(".hero .verdict-word")).to_have_text("Pass")


def test_a_thousand_cases(stand: Any, browse: Any) -> None:
    """All arrive; only rows that changed are touched; a patch never rebuilds the list."""
    steps = "steps: [{measure: Leakage, value: %d, unit: nA, limits: [0, 2000]}]"
    cases = "\n".join(f"      c{n}: {{name: Channel {n}, {steps % n}}}" for n in range(1000))
    stand.sequence("many", f"name: Many\nmodules:\n  main:\n    name: Main\n    cases:\n{cases}\n")
    panel = stand.open()
    page = started(browse(panel))
    expect(page.locator(".case")).to_have_count(1000)
    page.evaluate(
        """() => {
            window.added = 0;
            const watcher = new MutationObserver((records) => {
                const added = records.flatMap((record) => [...record.addedNodes]);
                window.added += added.filter((node) => node.matches?.(".case")).length;
            });
            watcher.observe(document.querySelector(".modules"), { childList: true, subtree: true });
        }"""
    )
    page.keyboard.press("Space")
    expect(page.locator(".hero .verdict-word")).to_have_text("Pass")
    expect(page.locator(".case.is-passed")).to_have_count(1000)
    expect(page.locator(".case[data-name='main::c999'] .reading-value")).to_have_text("999 nA")
    assert page.evaluate("window.added") == 0
