"""The live page in a real browser: starting, watching, stopping, and how a result looks."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from tests.panel.live_page import MOVING, row, started, verdict
from tests.panel.sequences import WAITING

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

FAILING = """
name: Failing board
drivers: {bench: bench.Bench}
modules:
  rails:
    name: Supply rails
    cases:
      low:
        name: Low rail
        steps:
          - {measure: Output, call: bench.voltage, with: {volts: 4.1}, unit: V, limits: [4.8, 5.2]}
      wrong:
        name: Wrong version
        steps:
          - {check: "1 == 2", error_code: 9, message: "version 1 is not 2"}
      fine: {name: Fine, steps: [{call: bench.voltage}]}
"""


TWO_CASES = """
name: Board
modules:
  main:
    cases:
      good: {steps: [{check: true}]}
      option: {if: 1 == 2, steps: [{check: true}]}
      needs: {DEPENDSsteps: [{check: true}]}
"""


@pytest.mark.parametrize(
    ("sequence", "word", "why"),
    [
        (TWO_CASES.replace("DEPENDS", 'depends: "::option", '), "Incomplete", "the test is not complete"),
        (
            "name: Board\nmodules: {main: {cases: {a: {if: 1 == 2, steps: [{check: true}]}}}}\n",
            "Nothing tested",
            "not tested",
        ),
    ],
)
def test_what_is_no_pass_is_grey_and_says_why(stand: Any, browse: Any, sequence: str, word: str, why: str) -> None:
    """The page of a run in which nothing went wrong, and that is no pass all the same; live and in the history."""
    stand.sequence("board", sequence)
    panel = stand.open()
    page = started(browse(panel))
    page.keyboard.press("Space")
    expect(verdict(page)).to_have_text(word)
    expect(page.locator(".hero")).to_have_class(re.compile("is-skipped"))
    expect(page.locator(".hero-facts")).to_contain_text(why)
    expect(page).to_have_title(re.compile(word))
    page.goto(f"{page.url.rstrip('/')}/runs/{panel.last()['id']}")
    expect(page.locator(".report-head .verdict-word")).to_have_text(word)
    expect(page.locator(".report-head")).to_contain_text(why)
    page.locator(".back-link").click()
    expect(page.locator(".runs .chip")).to_have_text(word.lower())
    expect(page.locator(".runs .row-link")).to_have_accessible_name(re.compile(word.lower()))


def test_the_space_bar_starts_and_the_page_follows(stand: Any, browse: Any) -> None:
    """From Space to the verdict: device, measurements with limits and unit, messages, times, counts; nothing covers
    the page and nothing sounds unless the configuration says so."""
    panel = stand.open()
    page = started(browse(panel, **MOVING))
    expect(verdict(page)).to_have_text("Ready")
    page.keyboard.press("Space")
    expect(verdict(page)).to_have_text("Pass")
    expect(page.locator(".hero-facts")).to_contain_text("SN000042")
    rail = row(page, "rails::rail_5v")
    expect(rail).to_have_class(re.compile("is-passed"))
    expect(rail.locator(".reading-value")).to_have_text("5.02 V")
    expect(rail.locator(".reading-limits")).to_have_text("4.8 V ≤ value ≤ 5.2 V")
    expect(rail.locator(".case-message")).to_have_text("Rail is up")
    expect(rail.locator(".case-time")).to_have_text(re.compile(r"\d"))
    expect(row(page, "rails::idle").locator(".reading-value")).to_have_text("12.5 mA")
    expect(page.locator(".verdict-sub")).to_have_text("2 passed")
    expect(page).to_have_title(re.compile("Pass"))
    expect(page.locator("dialog.result")).to_have_count(0)
    expect(page.locator("html")).to_have_attribute("data-sound", "")
    assert panel.last()["status"] == "passed"


def test_the_space_bar_may_be_quicker_than_the_page(stand: Any, browse: Any) -> None:
    """Space pressed while a page is still being loaded starts when the page knows that the stand is ready."""
    panel = stand.open()
    page = started(browse(panel))
    # However long it takes: no time passes between the press and the state of the stand.
    page.clock.set_fixed_time(1_800_000_000)
    held: list[Any] = []
    page.route("**/api/events", lambda route: held.append(route))
    page.reload()
    page.keyboard.press("Space")
    while not held:
        page.wait_for_timeout(10)
    held[0].continue_()
    expect(verdict(page)).to_have_text("Pass")


def test_stop_ends_the_run_and_teardown_still_runs(stand: Any, browse: Any) -> None:
    """The Stop button: the running case is stopped, the rest skipped, the power switched off, the report stored."""
    stand.sequence("slow", WAITING)
    panel = stand.open()
    page = started(browse(panel))
    page.locator(".start").click()
    expect(row(page, "main::first")).to_have_class(re.compile("is-run"))
    expect(verdict(page)).to_have_text("Testing")
    expect(page.locator(".verdict-sub")).to_have_text("First")
    page.locator(".stop").click()
    expect(verdict(page)).to_have_text("Stopped")
    assert [(case["id"], case["status"]) for module in panel.last()["modules"] for case in module["cases"]] == [
        ("first", "stopped"),
        ("second", "skipped"),
        ("off", "passed"),
    ]
    expect(row(page, "main::first").locator(".failure-message")).to_contain_text("stopped by the operator")


def test_a_second_start_is_refused(stand: Any, browse: Any) -> None:
    """While a run goes on there is no Start to press, and a Start over HTTP gets a 409."""
    stand.sequence(
        "slow",
        "name: Slow\ndrivers: {bench: {use: bench.Bench, with: {here: HERE}}}\nmodules:\n  main:\n"
        "    name: Main\n    cases:\n      first: {name: First, steps: [{call: bench.wait}]}\n",
    )
    panel = stand.open()
    page = started(browse(panel))
    page.keyboard.press("Space")
    expect(page.locator(".stop")).to_be_visible()
    page.keyboard.press("Space")
    assert panel.ask("POST", "/api/start", {}).json["error"]["code"] == "running"
    panel.go()
    expect(verdict(page)).to_have_text("Pass")
    panel.last()
    assert len(panel.report_store.store.find().runs) == 1


def test_a_scanner_starts_with_what_it_scans(stand: Any, browse: Any) -> None:
    """The focus is in the field from the beginning, Enter starts, and the field is empty for the next board."""
    stand.sequence(
        "scan",
        """
name: Scanned board
params:
  serial: {type: string, pattern: "^SN[0-9]{6}$", example: SN000123, prompt: Scan the board}
  volts: {type: number, min: 1, max: 9, default: 5}
modules:
  main:
    name: Main
    cases:
      identify:
        name: Identify
        steps:
          - record: {dut: {serial_number: "${{ params.serial }}"}}
          - measure: Volts
            value: "${{ params.volts }}"
            limits: [1, 9]
""",
    )
    panel = stand.open()
    page = started(browse(panel))
    expect(page.get_by_label("Scan the board")).to_be_focused()
    expect(page.get_by_label("Scan the board")).to_have_attribute("placeholder", "e.g. SN000123")
    page.keyboard.type("XX12")
    page.keyboard.press("Enter")
    expect(page.locator(".field-problem").first).to_have_text("does not have the right form, such as SN000123")
    assert panel.session.state == "ready"
    page.get_by_label("Scan the board").fill("")
    page.keyboard.type("SN123456")
    page.keyboard.press("Enter")
    expect(page.locator(".hero-facts")).to_contain_text("SN123456")
    expect(verdict(page)).to_have_text("Pass")
    expect(page.get_by_label("Scan the board")).to_be_focused()
    expect(page.get_by_label("Scan the board")).to_have_value("")
    # A scanner does not look where the focus is.
    page.locator(".module-head").first.click()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.type("SN654321\n", delay=5)
    expect(page.locator(".hero-facts")).to_contain_text("SN654321")
    expect(verdict(page)).to_have_text("Pass")
    assert panel.last()["params"] == {"serial": "SN654321", "volts": 5}


def test_the_space_bar_is_a_letter_in_a_field_and_nothing_on_other_pages(stand: Any, browse: Any) -> None:
    """Space starts only where it means nothing else."""
    panel = stand.open()
    page = started(browse(panel))
    page.locator(".menu-button").click()
    page.get_by_label("Operator").fill("Ann")
    page.get_by_label("Operator").press("Space")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Runs").click()
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    page.locator("body").press("Space")
    page.wait_for_timeout(200)
    assert panel.session.state == "ready"
    assert panel.report_store.store.latest() is None


def test_a_failed_run_covers_the_page_with_every_failed_case(stand: Any, browse: Any) -> None:
    """The modal result names each failed case with its message; Space takes it away and starts nothing."""
    stand.configure("[frontend]\nsound_on = true\n[frontend.modal_result]\nenable = true\n")
    stand.sequence("failing", FAILING)
    panel = stand.open()
    page = started(browse(panel))
    page.keyboard.press("Space")
    result = page.locator("dialog.result")
    expect(result).to_be_visible()
    expect(result.locator(".result-word")).to_have_text("Fail")
    expect(result.locator("li")).to_have_count(2)
    expect(result).to_contain_text("Low rail")
    expect(result).to_contain_text("version 1 is not 2")
    expect(page.locator("html")).to_have_attribute("data-sound", "failed")
    panel.wait_for("ready")
    expect(page.locator(".result-dismiss")).to_be_focused()
    page.keyboard.press("Space")
    expect(result).to_have_count(0)
    page.wait_for_timeout(200)
    assert len(panel.report_store.store.find().runs) == 1
    # The place in the YAML and the error code stand beside the case.
    wrong = row(page, "rails::wrong")
    expect(wrong.locator(".failure .place")).to_have_text(re.compile(r"^sequences/failing\.yaml:\d+:\d+$"))
    expect(wrong.locator(".failure")).to_contain_text("code 9")
    expect(row(page, "rails::low").locator(".reading")).to_have_class(re.compile("is-failed"))
    page.get_by_role("button", name=re.compile("Not passed")).click()
    expect(page.locator(".case:visible")).to_have_count(2)


def test_a_passed_result_goes_away_by_itself(stand: Any, browse: Any) -> None:
    """auto_dismiss_pass with its time; a failed result would stay."""
    stand.configure("[frontend.modal_result]\nenable = true\nauto_dismiss_pass = true\nauto_dismiss_timeout = 0.8\n")
    page = started(browse(stand.open()))
    page.evaluate(
        """() => {
            window.seen = [];
            const results = (nodes) => [...nodes].filter((node) => node.matches?.("dialog.result"));
            new MutationObserver((records) => {
                for (const { addedNodes, removedNodes } of records) {
                    seen.push(...results(addedNodes).map((node) => node.querySelector(".result-word").textContent));
                    seen.push(...results(removedNodes).map(() => "gone"));
                }
            }).observe(document.body, { childList: true });
        }"""
    )
    page.keyboard.press("Space")
    page.wait_for_function("() => seen.length > 1")
    assert page.evaluate("seen") == ["Pass", "gone"]


def test_progress_of_a_case_and_remaining_time_of_the_run(stand: Any, browse: Any) -> None:
    """A bar beside the case while it runs; after one passed run the page knows how long the rest takes."""
    stand.sequence(
        "long",
        """
name: Long
drivers: {bench: {use: bench.Bench, with: {here: HERE}}}
modules:
  main:
    name: Main
    cases:
      flash:
        name: Flash
        steps:
          - progress: {value: 16, max: 64, label: Writing}
          - call: bench.wait
          - progress: 100
      rest: {name: Rest, steps: [{wait: 300 ms}]}
""",
    )
    panel = stand.open()
    page = started(browse(panel))
    for round_number in (1, 2):
        (stand.folder / "go").unlink(missing_ok=True)
        started(page).locator(".start").click()
        bar = row(page, "main::flash").locator("progress")
        expect(bar).to_have_js_property("value", 0.25)
        expect(row(page, "main::flash")).to_contain_text("Writing · 25%")
        if round_number == 2:
            expect(page.locator(".hero-left")).to_contain_text("left")
        expect(page.locator(".hero-progress")).to_be_visible()
        page.wait_for_timeout(600)
        panel.go()
        expect(verdict(page)).to_have_text("Pass")
        expect(bar).to_be_hidden()


def test_a_stopped_run_covers_the_page_too(stand: Any, browse: Any) -> None:
    """The modal result of a stopped run says so, with the case that was running."""
    stand.configure("[frontend.modal_result]\nenable = true\n")
    stand.steps("- wait: 5 min")
    panel = stand.open()
    page = started(browse(panel))
    page.keyboard.press("Space")
    # Before its case runs there is none to be stopped.
    expect(page.locator(".case.is-run")).to_have_count(1)
    page.locator(".stop").click()
    expect(page.locator("dialog.result .result-word")).to_have_text("Stopped")
    expect(page.locator("dialog.result li")).to_contain_text("Ask")


def test_hardseq_run_serves_its_page_until_the_verdict(stand: Any, browse: Any, spawn: Any, free_port: int) -> None:
    """The page of a single run shows it to the end, has Stop but no Start, and then says that it is over."""
    stand.configure(f"[frontend]\nport = {free_port}\n")
    stand.sequence(
        "held",
        """
name: Held
drivers: {bench: {use: bench.Bench, with: {here: HERE}}}
modules: {main: {name: Main, cases: {held: {name: Held, steps: [{call: bench.wait}]}}}}
""",
    )
    run = spawn("run", stand.folder / "sequences/held.yaml")
    note = stand.folder / ".hardseq/panel.json"
    while not note.exists():
        assert run.poll() is None
        time.sleep(0.02)
    page = browse(f"http://localhost:{free_port}", strict=False)
    expect(row(page, "main::held")).to_have_class(re.compile("is-run"))
    expect(page.locator(".start")).to_be_hidden()
    expect(page.locator(".stop")).to_be_enabled()
    (stand.folder / "go").touch()
    expect(verdict(page)).to_have_text("Pass")
    expect(page.locator(".connection")).to_have_text("Run finished")
    expect(page.locator(".alert")).to_have_count(0)
    run.communicate(timeout=30)
    assert run.returncode == 0
