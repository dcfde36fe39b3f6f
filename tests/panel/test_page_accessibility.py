"""For everybody: axe-core finds nothing on any page or dialog, the keyboard is enough, the focus is never lost."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.panel.axe import violations
from tests.panel.live_page import MOVING, at_sizes, started

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

LONG = "L" * 200
LOOKS: dict[str, dict[str, Any]] = {
    "light": {},
    "dark": {"runOnly": ["color-contrast", "link-in-text-block"]},
}
"""What axe looks for in each scheme: only colours are others in the dark, and these are its rules about colours."""
FORM = """
              type: form
              title: Visual check
              text: Look closely.
              image: {file: images/a.svg, alt: The board}
              fields:
                - {name: who, label: Your name, min_length: 2}
                - {name: volts, label: Voltage, type: number, unit: V}
                - {name: clean, label: Clean, type: switch}
                - {name: level, label: Level, type: slider, min: 0, max: 10, default: 4}
                - {name: shape, label: Shape, type: radio, choices: [round, LONG]}
                - {name: there, label: There, type: checkbox, choices: [lid, screws]}
                - {name: line, label: Line, type: list, choices: [1, 2]}
"""
SEQUENCE = f"""
name: Power board
description: What a page can show
params: {{serial: {{type: string, prompt: Scan the board, default: SN1, each_run: false}}}}
drivers: {{bench: {{use: bench.Bench, with: {{here: HERE}}}}}}
modules:
  rails:
    name: Supply rails
    description: All of them
    cases:
      good:
        name: Good
        steps:
          - record: {{dut: {{serial_number: "${{{{ params.serial }}}}", name: {LONG}, info: {{firmware: 1.2}}}}}}
          - {{measure: Output, value: 5, unit: V, limits: [4.8, 5.2]}}
          - {{message: It is up}}
          - chart: {{title: Sweep, x_label: f, y_label: U, series: [{{name: U, x: [1, 2, 3], y: [1, 4, 9]}}]}}
          - operator_message: {{title: Warm-up, text: It is hot}}
      asking:
        name: Asking
        steps:
          - dialog: {FORM.replace("LONG", LONG)}
          - dialog: {{text: Does it light?, pass_fail: true, html: "<p lang=en>Look"}}
          - dialog: {{type: steps, title: Assembly, steps: [{{title: Board, text: In}}, {{title: Lid, text: On}}]}}
          - operator_message: {{title: Lid, text: Close it, blocking: true}}
      busy:
        name: Busy
        steps: [{{progress: {{value: 3, max: 10, label: Burn-in}}}}, {{call: bench.wait}}]
      bad:
        name: {LONG}
        steps: [{{measure: {LONG}, value: 9, unit: {LONG}, limits: [1, 2]}}, {{call: bench.sweep}}]
      never: {{name: Never, if: params.serial == 'x', steps: [{{call: bench.sweep}}]}}
"""
PICTURE = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><rect width="40" height="30" fill="red"/></svg>'
)
CONFIGURATION = """
[[test_configs]]
name = "Everything"
file = "sequences/everything.yaml"
description = "What a page can show"
[[test_configs]]
name = "The same"
file = "sequences/everything.yaml"
[frontend]
manual_collect = true
[frontend.modal_result]
enable = true
"""
COVERED = """() => {
    const element = document.activeElement;
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element.closest(".choice") ?? element);
    return {
        name: element.className || element.tagName,
        body: element === document.body,
        inDialog: Boolean(element.closest("dialog")),
        ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
        seen: box.bottom > 0 && box.top < innerHeight,
    };
}"""
# A phone makes the page wider than itself where something does not fit.
SIDEWAYS = """(width) => {
    const boxes = [...document.querySelectorAll("dialog, .hero-middle, .start-form, .module-head, .message")];
    const over = boxes.map((box) => box.scrollWidth - box.clientWidth);
    return Math.max(document.documentElement.scrollWidth - width, ...over);
}"""
LONGER = (
    SEQUENCE.replace(
        "each_run: false}",
        f"each_run: false}}, kind: {{type: string, required: false, prompt: {LONG}, one_of: [{LONG}]}}",
    )
    .replace("name: Supply rails", f"name: {LONG}")
    .replace("name: Busy", f"name: {LONG}")
    .replace("text: It is hot", f"text: {LONG}")
)
SMALL = """() => [...document.querySelectorAll("button, a[href], select, input, summary")].filter((element) => {
    // A link in a text needs no more than its line, and the whole row of a run is one link.
    const inText = element.matches(".skip-link, .uplot *, .place, .chip, .row-link, .menu-note a");
    if (inText || !element.checkVisibility()) return false;
    const target = element.matches("[type=checkbox], [type=radio]") ? element.closest("label, .field") : element;
    return target.getBoundingClientRect().height < 43.5;
}).map((element) => element.outerHTML.slice(0, 200))"""


def answer_all(page: Any, look: Any = lambda: None) -> None:
    """Goes through the questions of ``SEQUENCE``, with a ``look`` at each."""
    dialog = page.locator("dialog.dialog")
    expect(dialog.get_by_label("Your name")).to_be_visible()
    dialog.get_by_role("button", name="Confirm").click()
    expect(dialog.locator(".field-problem:not(:empty)").first).to_be_visible()
    look()
    dialog.get_by_label("Your name").fill("Ann")
    dialog.get_by_label("Voltage").fill("5")
    dialog.get_by_label("round").check()
    dialog.get_by_label("Line").select_option("2")
    dialog.get_by_role("button", name="Confirm").click()
    for name in ("Pass", "Next", "Confirm"):
        expect(dialog.get_by_role("button", name=name)).to_be_enabled()
        look()
        dialog.get_by_role("button", name=name).click()
    expect(dialog).to_contain_text("Close it")
    expect(dialog.get_by_role("button", name="Confirm")).to_be_enabled()
    look()
    dialog.get_by_role("button", name="Confirm").click()
    expect(dialog).to_have_count(0)


@pytest.fixture
def power_board(stand: Any) -> Any:
    """A panel with one of everything."""
    return with_everything(stand, SEQUENCE)


def with_everything(stand: Any, sequence: str) -> Any:
    """A panel where this sequence can be chosen."""
    stand.write("images/a.svg", PICTURE)
    stand.configure(CONFIGURATION)
    stand.sequence("everything", sequence)
    return stand.open()


def test_axe_finds_nothing(power_board: Any, browse: Any) -> None:
    """Contrast, names, roles, landmarks and order: on each page, in each dialog, in light and in dark."""
    page = started(browse(power_board))
    found: list[str] = []

    def look() -> None:
        for scheme, options in LOOKS.items():
            page.emulate_media(color_scheme=scheme)
            expect(page.locator("html")).to_have_css("color-scheme", scheme)
            for violation in violations(page, **options):
                where = [node["target"] for node in violation["nodes"]]
                found.append(f"{page.url} {scheme} {violation['impact']} {violation['id']}: {json.dumps(where)[:300]}")

    look()
    page.locator(".menu-button").click()
    look()
    page.keyboard.press("Escape")
    page.locator(".start").click()
    answer_all(page, look)
    expect(page.locator(".case-progress:visible")).to_be_visible()
    look()
    power_board.go()
    expect(page.locator("dialog.result")).to_be_visible()
    look()
    expect(page.locator(".result-dismiss")).to_be_focused()
    page.keyboard.press("Escape")
    page.locator(".case-head").nth(3).click()
    look()
    power_board.wait_for("ready")
    for path in (
        "/runs",
        "/runs?serial_number=none",
        "/runs/latest",
        "/units?serial_number=none",
        "/overview",
        "/failures",
        "/measurements",
        "/time",
        "/storage",
        "/log",
    ):
        page.goto(power_board.url + path)
        expect(page.locator("main h1")).to_be_visible()
        expect(page.locator("[aria-busy=true]:not(.chart-area)")).to_have_count(0)
        look()
    assert found == []


def test_axe_finds_nothing_to_say_about_the_login(stand: Any, browse: Any) -> None:
    """The login page, also after a wrong token."""
    stand.configure('[frontend]\nhost = "0.0.0.0"\ntoken = "factory-token-1"\n')
    page = browse(stand.open(), strict=False)
    for _ in range(2):
        assert violations(page) == []
        page.get_by_label("Token").fill("guess")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_be_visible()


@pytest.mark.windowed_browser
def test_a_run_and_its_report_by_keyboard_alone(power_board: Any, browse: Any) -> None:
    """No mouse from the first Tab to the report; the focus is always seen, stays in a dialog, and is given back."""
    page = started(browse(power_board, **MOVING))
    expect(page.get_by_label("Scan the board")).to_be_focused()
    page.keyboard.press("Enter")
    dialog = page.locator("dialog.dialog")
    expect(dialog.get_by_label("Your name")).to_be_focused()
    for _ in range(14):
        page.keyboard.press("Tab")
        focus = page.evaluate(COVERED)
        # Chromium lets the focus leave for its own buttons once in a round.
        assert focus["inDialog"] or focus["body"], focus
        assert focus["body"] or focus["name"] == "dialog" or (focus["ring"] and focus["seen"]), focus
    dialog.get_by_label("Your name").focus()
    page.keyboard.type("Ann")
    for key in ("Tab", "5", "Tab", " ", "Tab", "ArrowRight", "Tab", " ", "Tab", "Tab", "Tab", "2"):
        page.keyboard.press(key)
        # As fast as a scanner, a space or Enter after a letter would not count.
        page.wait_for_timeout(150)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("button", name="Pass")).to_be_enabled()
    page.keyboard.press("Shift+Tab")
    expect(dialog.get_by_role("button", name="Pass")).to_be_focused()
    page.keyboard.press("Enter")
    for text, name in (("Step 1 of 2", "Next"), ("Step 2 of 2", "Confirm"), ("Close it", "Confirm")):
        expect(dialog).to_contain_text(text)
        expect(dialog.get_by_role("button", name=name)).to_be_focused()
        page.keyboard.press("Enter")
    power_board.go()
    expect(page.locator(".result-dismiss")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Scan the board")).to_be_focused()
    page.get_by_role("link", name="Runs").focus()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    expect(page).to_have_title(re.compile("Runs"))
    page.locator(".runs .chip").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".report-head .verdict-word")).to_have_text("Fail")
    page.locator(".case-head").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".case-details .measurements")).to_be_visible()


def test_a_question_gives_the_focus_back(stand: Any, browse: Any) -> None:
    """Whoever was reading a case when the question came is there again after the answer."""
    stand.steps("- wait: 300 ms\n- dialog: {text: Ready?}\n- wait: 300 ms")
    panel = stand.open()
    page = started(browse(panel))
    page.locator(".case-head").focus()
    panel.ask("POST", "/api/start", {})
    expect(page.get_by_role("button", name="Confirm")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("dialog.dialog")).to_have_count(0)
    expect(page.locator(".case-head")).to_be_focused()


def test_the_verdict_is_announced_and_measurements_are_not(power_board: Any, browse: Any) -> None:
    """Live regions: verdict, connection, notes and messages; never the plan, whose every value would be read out."""
    page = started(browse(power_board))
    live = page.locator("[aria-live]:not([aria-live=off]), [role=status], [role=alert]")
    names = {name.split()[0] for name in live.evaluate_all("(all) => all.map((one) => one.className)") if name}
    assert {"verdict", "connection", "messages", "toasts"} <= names
    assert page.locator(".plan").locator("[aria-live], [role=status], [role=alert]").count() == 0
    assert page.locator(".plan").evaluate("(plan) => plan.closest('[aria-live]')") is None


def test_who_wants_no_motion_gets_none(power_board: Any, browse: Any) -> None:
    """prefers-reduced-motion: nothing turns, nothing slides; without it the running case does."""
    page = started(browse(power_board, **MOVING))
    page.locator(".start").click()
    expect(page.locator(".case.is-run")).to_be_visible()
    moving = "document.getAnimations().filter((one) => one.playState === 'running').length"
    assert page.evaluate(moving) > 0
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(moving) == 0


@pytest.mark.parametrize(
    "screens",
    [[(320, 640), (390, 844)], [(768, 1024), (1366, 768), (1920, 1080), (3840, 2160)]],
    ids=["phones", "desks and walls"],
)
def test_long_names_and_thumbs(stand: Any, browse: Any, screens: list[tuple[int, int]]) -> None:
    """A name of 200 letters widens no page and no dialog; on a phone whatever can be touched is 44 pixels high."""
    panel = with_everything(stand, LONGER)
    phone = screens[0][0] < 500
    page = started(browse(panel, is_mobile=phone))

    def look() -> None:
        for width, _ in at_sizes(page, screens):
            assert page.evaluate(SIDEWAYS, width) <= 0, (page.url, width)
            if phone:
                assert page.evaluate(SMALL) == [], (page.url, width)

    look()
    page.locator(".start").click()
    answer_all(page, look)
    expect(page.locator(".case-progress:visible")).to_be_visible()
    look()
    panel.go()
    expect(page.locator("dialog.result")).to_be_visible()
    look()
    expect(page.locator(".result-dismiss")).to_be_focused()
    page.keyboard.press("Escape")
    look()
    panel.wait_for("ready")
    for path in ("/runs", "/runs/latest", "/overview", "/failures", "/measurements", "/storage"):
        page.goto(panel.url + path)
        expect(page.locator("main h1")).to_be_visible()
        expect(page.locator("[aria-busy=true]:not(.chart-area)")).to_have_count(0)
        look()
