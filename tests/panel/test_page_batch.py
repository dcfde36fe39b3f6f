"""A batch at the stand: set up once, then one board is scanned after the other."""

from __future__ import annotations

from typing import Any

import pytest

from tests.panel.live_page import scanned, started, verdict

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

BATCH = """
name: Batch
drivers: {bench: {use: bench.Bench, with: {here: HERE}}}
params:
  variant: {type: string, one_of: [basic, pro], default: basic}
  serial: {type: string, pattern: "^SN[0-9]{6}$", prompt: Scan the board}
  cycles: {type: integer, min: 1, max: 100, default: 3}
  burn_in: {type: boolean, default: false}
  lot: {type: string, required: false}
  volts: {type: number, default: 0.5, prompt: Supply voltage}
modules:
  main:
    name: Main
    cases:
      identify:
        name: Identify
        steps: [{record: {dut: {serial_number: "${{ params.serial }}"}}}, {check: true}]
      burn: {name: Burn in, if: params.burn_in, steps: [{check: true}]}
"""
HELD_STREAM = """
    // The changes on the stream are kept in `held` while that is a list.
    window.held = null;
    const listen = EventSource.prototype.addEventListener;
    EventSource.prototype.addEventListener = function (kind, listener) {
      listen.call(this, kind, (event) => {
        if (held && kind === "patch") held.push({ told: event.data, tell: () => listener(event) });
        else listener(event);
      });
    };
"""
TOLD = """
    (name) => {
      const late = held;
      held = null;
      return late.map((one) => one.tell() ?? document.querySelector(`[name=${name}]`).checked);
    }
"""
SET_UP = {"variant": "pro", "cycles": 7, "burn_in": True, "lot": "L7", "volts": 1.25}


def set_up(page: Any) -> None:
    """Chooses ``SET_UP``."""
    page.get_by_label("variant").select_option("pro")
    page.get_by_label("cycles").fill("7")
    page.get_by_label("burn_in").check()
    page.get_by_label("Supply voltage").fill("1.25")
    page.get_by_label("lot").fill("L7")
    page.get_by_label("lot").press("Enter")
    expect(page.get_by_label("Scan the board")).to_be_focused()


def shown(page: Any) -> None:
    """The form says ``SET_UP``, and waits for a scan."""
    expect(page.get_by_label("cycles")).to_have_value("7")
    expect(page.get_by_label("variant")).to_have_value('"pro"')
    expect(page.get_by_label("burn_in")).to_be_checked()
    expect(page.get_by_label("lot")).to_have_value("L7")
    expect(page.get_by_label("Supply voltage")).to_have_value("1.25")
    expect(page.get_by_label("Scan the board")).to_have_value("")


def scan(page: Any, serial: str, word: str = "Pass") -> None:
    """One board, until it is tested and the stand is ready again."""
    scanned(page, f"{serial}\n")
    expect(page.locator(".hero-facts .big dd")).to_have_text(serial)
    expect(verdict(page)).to_have_text(word)
    started(page)


def dismiss(page: Any) -> None:
    """Closes the result over the page."""
    page.locator(".result-dismiss").click()
    expect(page.locator("dialog.result")).to_have_count(0)


def test_a_batch_is_set_up_once(stand: Any, browse: Any) -> None:
    """What was chosen holds for all boards, in every browser and after a restart; only the scanned number goes."""
    result = "[frontend.modal_result]\nenable = true\nauto_dismiss_pass = false\n"
    stand.configure(f"[frontend]\ndecimal_comma = true\n{result}")
    stand.sequence("board", BATCH)
    panel = stand.open()
    page = started(browse(panel, strict=False))
    set_up(page)
    other = started(browse(panel, strict=False))
    shown(other)
    for number in (1, 2):
        page.keyboard.type(f"SN00000{number}\n")
        expect(page.locator(".result-deviation")).to_contain_text("variant: pro")
        expect(page.locator(".result-deviation")).to_contain_text("Supply voltage: 1,25")
        dismiss(page)
        dismiss(other)
        shown(started(page))
        expect(page.get_by_label("Scan the board")).to_be_focused()
        assert panel.last()["params"] == {**SET_UP, "serial": f"SN00000{number}"}
    facts = page.locator(".hero-facts .deviation")
    expect(facts).to_contain_text(["variantpro", "cycles7", "burn_inyes", "lotL7", "Supply voltage1,25"])

    # Another browser changes the batch while somebody types here: what is typed stays.
    page.keyboard.type("SN0000")
    other.get_by_label("burn_in").uncheck()
    expect(page.get_by_label("burn_in")).not_to_be_checked()
    expect(page.get_by_label("Scan the board")).to_have_value("SN0000")
    page.keyboard.type("03\n")
    expect(page.locator("dialog.result")).to_contain_text("1 skipped")
    expect(page.locator(".verdict-sub")).to_contain_text("1 skipped")
    dismiss(page)
    dismiss(other)
    other.get_by_label("burn_in").check()

    panel.wait_for("ready")
    panel.close()
    again = stand.open(panel.port)
    # What was scanned shortly before the restart is still in the field.
    shown(started(page))
    shown(started(browse(again)))
    expect(page.locator("dialog.result")).to_have_count(0)
    scan(page, "SN000004")
    assert again.last()["params"] == {**SET_UP, "serial": "SN000004"}


def test_a_default_of_a_serial_number_is_not_started_by_itself(stand: Any, browse: Any) -> None:
    """Neither by Enter nor by the space bar or Start, until somebody typed, scanned or clicked into the field; to
    look at the keys is not that, and neither is a field that was emptied."""
    stand.sequence("board", BATCH.replace('"^SN[0-9]{6}$"', '"^SN[0-9]{6}$", default: SN000000'))
    panel = stand.open()
    page = started(browse(panel))
    field = page.get_by_label("Scan the board")
    expect(field).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".field-problem:visible")).to_contain_text("still the default")
    field.blur()
    page.keyboard.press("Space")
    page.locator(".start").click()
    expect(page.locator(".field-problem:visible")).to_contain_text("still the default")
    page.locator(".hero-name").click()
    page.wait_for_timeout(120)
    page.keyboard.press("?")
    page.locator("dialog.keys").get_by_role("button", name="Close").click()
    expect(page.locator("dialog.keys")).to_have_count(0)
    expect(field).to_have_value("SN000000")
    page.keyboard.press("Enter")
    expect(page.locator(".field-problem:visible")).to_contain_text("still the default")
    field.fill("")
    field.press("Enter")
    expect(page.locator(".field-problem:visible")).to_contain_text("is required")
    assert panel.session.state == "ready"
    scan(page, "SN000001")
    expect(field).to_have_value("SN000000")
    page.keyboard.press("Enter")
    expect(page.locator(".field-problem:visible")).to_have_count(1)
    field.click()
    page.keyboard.press("Enter")
    expect(page.locator(".hero-facts .big dd")).to_have_text("SN000000")
    panel.wait_for_runs(2)


def test_values_that_are_lost_stop_the_batch(stand: Any, browse: Any) -> None:
    """The sequence was changed: nobody goes on with its default unawares."""
    stand.sequence("board", BATCH)
    panel = stand.open()
    page = started(browse(panel))
    page.get_by_label("variant").select_option("pro")
    panel.wait_until(lambda: panel.project.state.start_form.exists())
    stand.sequence("board", BATCH.replace("[basic, pro]", "[basic, plus]"))
    note = page.locator(".form-lost")
    expect(note).to_contain_text("variant: pro")
    started(page)
    page.keyboard.type("SN000001\n")
    expect(page.locator(".toast")).to_contain_text("check the form")
    # The next scan takes the place of the one that was not used.
    page.keyboard.type("SN000002\n")
    expect(page.get_by_label("Scan the board")).to_have_value("SN000002")
    assert panel.session.state == "ready"
    note.get_by_role("button").click()
    expect(note).to_have_count(0)
    expect(page.locator(".toast")).to_have_count(0)
    scan(page, "SN000001")
    assert panel.last()["params"]["variant"] == "basic"


def test_a_scan_finds_its_field(stand: Any, browse: Any) -> None:
    """Also when a list, a switch or a button has the focus, which would take letters and Enter for itself."""
    stand.sequence("board", BATCH)
    panel = stand.open()
    page = started(browse(panel))
    for number, name in enumerate(("variant", "burn_in")):
        page.get_by_label(name).focus()
        scan(page, f"SN00000{number}")
    page.locator(".filters button").first.focus()
    scan(page, "SN000002")
    assert panel.last()["params"]["variant"] == "basic"
    # The start is refused once; what was refused is not said over the next one.
    page.keyboard.type("SN12\n")
    expect(page.locator(".field-problem:visible")).to_have_count(1)
    scan(page, "SN000003")
    expect(page.locator(".field-problem:visible")).to_have_count(0)
    # The menu stays over no run that begins: Stop lies under it.
    page.locator(".menu-button").click()
    expect(page.locator(".menu")).to_be_visible()
    scan(page, "SN000004")
    expect(page.locator(".menu")).not_to_be_visible()
    panel.wait_for_runs(5)


CHART = """
name: Chart
params: {serial: {type: string, prompt: Scan the board}}
dut: {serial_number: "${{ params.serial }}"}
modules:
  main:
    name: Main
    cases:
      sweep:
        name: Sweep
        steps: [{check: true}, {chart: {title: Gain, series: [{name: U, x: [1, 2], y: [3, 4]}]}}]
"""


def test_a_scan_over_a_chart_is_whole(stand: Any, browse: Any) -> None:
    """A number that begins with a key of the chart which has the focus is tested as it is."""
    stand.sequence("board", CHART)
    panel = stand.open()
    page = started(browse(panel))
    scan(page, "1")
    for serial in ("0123", "+123"):
        page.get_by_role("img", name="Gain").focus()
        page.keyboard.type(f"{serial}\n")
        expect(page.locator(".hero-facts .big dd")).to_have_text(serial)
        expect(verdict(started(page))).to_have_text("Pass")
    panel.wait_for_runs(3)


def contrast(switch: Any) -> float:
    """That of a switch against what it lies on."""
    found: float = switch.evaluate(
        """(one) => {
          const light = (of) => {
            const [r, g, b] = getComputedStyle(of).backgroundColor.match(/[\\d.]+/g).map((part) => {
              const share = part / 255;
              return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
            });
            return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
          };
          const both = [light(one), light(one.closest(".hero"))];
          return Math.max(...both) / Math.min(...both);
        }"""
    )
    return found


def test_what_deviates_is_seen_in_every_size_and_colour(stand: Any, browse: Any) -> None:
    """A phone shows each parameter that is not the default, a verdict's colour hides no switch that is on."""
    stand.sequence("board", BATCH)
    panel = stand.open()
    page = started(browse(panel, viewport={"width": 360, "height": 740}))
    set_up(page)
    scan(page, "SN000001")
    switch = page.get_by_label("burn_in")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        expect(page.locator(".hero-facts .deviation:visible")).to_have_text(
            ["variantpro", "cycles7", "burn_inyes", "lotL7", "Supply voltage1.25"]
        )
        expect(switch).to_be_checked()
        assert contrast(switch) > 3, scheme
    page.goto(f"{panel.url}/runs/latest")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        expect(page.locator(".facts > div").filter(has_text="burn_in")).to_have_text("Parameter burn_inyes")


def test_a_small_screen_shows_the_verdict_whole(stand: Any, browse: Any) -> None:
    """In a language of long words what the cases came to is not cut off; at 1024 by 768 the form is not a tower."""
    stand.configure('[frontend]\nlanguage = "de"\n')
    stand.sequence("board", BATCH)
    panel = stand.open()
    page = started(browse(panel, viewport={"width": 1024, "height": 768}))
    scan(page, "SN000001", "Gut")
    taken = "document.querySelector('.hero').getBoundingClientRect().height / innerHeight"
    assert page.evaluate(taken) < 0.6
    page.set_viewport_size({"width": 360, "height": 740})
    sub = page.locator(".verdict-sub")
    expect(sub).to_have_text("1 bestanden · 1 übersprungen")
    assert sub.evaluate("(one) => one.scrollWidth <= one.clientWidth")


def test_what_was_chosen_does_not_go_back_for_a_moment(stand: Any, browse: Any) -> None:
    """The stream may bring a state from before what the panel has taken: a scan then is tested with what was chosen."""
    stand.sequence("board", BATCH)
    panel = stand.open()
    page = browse(panel, "/healthz")
    page.add_init_script(HELD_STREAM)
    page.goto(panel.url)
    started(page)
    page.evaluate("held = []")
    assert panel.ask("POST", "/api/form", {"sequence": "board", "values": {"cycles": 7}}).status == 200
    page.wait_for_function("() => held.some((one) => one.told.includes('cycles'))")
    with page.expect_response("**/api/form"):
        page.get_by_label("burn_in").check()
    # What somebody else entered before is in the same answer.
    expect(page.get_by_label("cycles")).to_have_value("7")
    page.get_by_label("Scan the board").focus()
    assert all(page.evaluate(TOLD, "burn_in"))
    scan(page, "SN000001")
    params = panel.last()["params"]
    assert (params["cycles"], params["burn_in"]) == (7, True)
