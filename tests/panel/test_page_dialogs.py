"""Dialogs and operator messages of every kind, answered in a real browser, told in the stored report."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.panel.live_page import started

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

PICTURE = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><rect width="40" height="30" fill="red"/></svg>'
)
FRESH = 0.35
"""Seconds that a fresh question takes no answer: a click before was meant for something else."""


def asked(stand: Any, browse: Any, steps: str) -> tuple[Any, Any, Any]:
    """A run of these steps up to its dialog: panel, page, dialog."""
    stand.steps(steps)
    panel = stand.open()
    page = started(browse(panel))
    page.keyboard.press("Space")
    dialog = page.locator("dialog.dialog")
    expect(dialog.locator(".dialog-close")).to_be_enabled()
    return panel, page, dialog


def ended(panel: Any, page: Any, word: str = "Pass") -> tuple[Any, Any]:
    """The stored dialogs and the attempt of the run that ended with ``word``."""
    expect(page.locator("dialog.dialog")).to_have_count(0)
    expect(page.locator(".hero .verdict-word")).to_have_text(word)
    attempt = panel.last()["modules"][0]["cases"][0]["attempts"][-1]
    return attempt["dialogs"], attempt


def test_confirm(stand: Any, browse: Any) -> None:
    """Title, text in its size, own button; who answered and how long it took stand in the report."""
    panel, page, dialog = asked(
        stand, browse, "- dialog: {title: Connect, text: Plug it in., font_size: 31, buttons: {confirm: Plugged}}"
    )
    expect(dialog.get_by_role("heading")).to_have_text("Connect")
    expect(dialog.locator(".shown-text")).to_have_css("font-size", "31px")
    page.evaluate("localStorage.setItem('hardseq.operator', 'Ann')")
    dialog.get_by_role("button", name="Plugged").click()
    (told,), _ = ended(panel, page)
    assert (told["result"], told["value"]) == ("confirm", None)
    assert told["by"] == "Ann (127.0.0.1)"
    assert told["seconds"] >= FRESH


@pytest.mark.parametrize(("button", "word"), [("Pass", "Pass"), ("Fail", "Fail")])
def test_pass_fail(stand: Any, browse: Any, button: str, word: str) -> None:
    """Fail fails the case with the sequence's message and error code; neither is chosen by a stray Enter."""
    panel, page, dialog = asked(
        stand,
        browse,
        "- dialog: {text: Does it light?, pass_fail: true}\n  message: It is dark\n  error_code: 4",
    )
    page.keyboard.press("Enter")
    page.wait_for_timeout(100)
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name=button).click()
    (told,), attempt = ended(panel, page, word)
    assert told["result"] == button.lower()
    assert [(failure["message"], failure["error_code"]) for failure in attempt["failures"]] == (
        [("It is dark", 4)] if button == "Fail" else []
    )


def test_text(stand: Any, browse: Any) -> None:
    """required, min_length, max_length and pattern are checked in the page; Enter confirms."""
    panel, page, dialog = asked(
        stand,
        browse,
        """
        - dialog: {type: text, text: Read the label, min_length: 4, max_length: 8, pattern: "^[A-Z]+$"}
          save: label
        - check: label == "ABCD"
        """,
    )
    field = dialog.get_by_role("textbox")
    expect(field).to_be_focused()
    problem = dialog.locator(".answer .field-problem")
    for typed, said in [("", "is required"), ("ABC", "at least 4"), ("ABCDEFGHI", "at most 8"), ("abcd", "right form")]:
        field.fill(typed)
        page.keyboard.press("Enter")
        expect(problem).to_contain_text(said)
    field.fill("ABCD")
    expect(problem).to_have_text("")
    page.keyboard.press("Enter")
    (told,), _ = ended(panel, page)
    assert told["value"] == "ABCD"


def test_number_as_a_measurement(stand: Any, browse: Any) -> None:
    """Floats, exponents and signs; what is no number, has a comma or is out of bounds is refused by the page."""
    panel, page, dialog = asked(
        stand,
        browse,
        """
        - dialog: {type: number, text: Torque?, unit: Nm, min: -5, max: 5000}
          measurement: Torque
          limits: [-10, 3000]
        """,
    )
    field = dialog.get_by_role("textbox")
    expect(dialog.locator(".unit")).to_have_text("Nm")
    for wrong, said in [
        ("abc", "must be a number"),
        ("1,000", "decimal point"),
        ("-6", "at least -5"),
        ("1e9", "at most 5000"),
    ]:
        field.fill(wrong)
        page.keyboard.press("Enter")
        expect(dialog.locator(".answer .field-problem")).to_contain_text(said)
    for typed, value in [("2e3", 2000.0), ("-4.5", -4.5), ("7", 7)]:
        if value != 2000.0:
            panel.ask("POST", "/api/start", {})
        expect(dialog.get_by_role("button", name="Confirm")).to_be_enabled()
        field.fill(typed)
        dialog.get_by_role("button", name="Confirm").click()
        (told,), attempt = ended(panel, page)
        assert told["value"] == value
        (measured,) = attempt["measurements"]
        told_as = (measured["name"], measured["value"], measured["unit"], measured["result"])
        assert told_as == ("Torque", value, "Nm", True)


def test_radio_by_keyboard(stand: Any, browse: Any) -> None:
    """One of several, chosen with arrow keys alone."""
    panel, page, dialog = asked(
        stand,
        browse,
        "- dialog: {type: radio, text: Colour?, choices: [red, green, {value: 3, label: Blue}]}\n  save: colour",
    )
    dialog.get_by_role("button", name="Confirm").click()
    expect(dialog.locator(".answer .field-problem")).to_have_text("is required")
    expect(dialog.get_by_label("red")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    (told,), _ = ended(panel, page)
    assert told["value"] == 3


def test_checkbox(stand: Any, browse: Any) -> None:
    """Several of several, with how many at least."""
    panel, page, dialog = asked(
        stand, browse, "- dialog: {type: checkbox, text: What is there?, choices: [lid, screws, label], min: 2}"
    )
    # It says so before, and with nothing ticked as with one.
    expect(dialog.locator(".field-wanted")).to_have_text("choose at least 2")
    said = dialog.locator(".answer .field-problem")
    dialog.get_by_role("button", name="Confirm").click()
    expect(said).to_have_text("choose at least 2")
    dialog.get_by_label("label").check()
    expect(said).to_be_empty()
    dialog.get_by_role("button", name="Confirm").click()
    expect(said).to_have_text("choose at least 2")
    dialog.get_by_label("lid").check()
    dialog.get_by_role("button", name="Confirm").click()
    (told,), _ = ended(panel, page)
    assert told["value"] == ["lid", "label"]


def test_several_steps(stand: Any, browse: Any) -> None:
    """Page by page, forth and back; a double click on Next does not confirm the last one."""
    panel, page, dialog = asked(
        stand,
        browse,
        """
        - dialog:
            type: steps
            title: Assembly
            steps:
              - {title: Board, text: Put the board in.}
              - {title: Lid, text: Put the lid on.}
        """,
    )
    expect(dialog).to_contain_text("Step 1 of 2")
    expect(dialog.get_by_role("button", name="Confirm")).to_have_count(0)
    dialog.get_by_role("button", name="Next").click()
    expect(dialog.get_by_role("heading", name="Lid")).to_be_visible()
    dialog.get_by_role("button", name="Back").click()
    expect(dialog).to_contain_text("Put the board in.")
    dialog.get_by_role("button", name="Next").dblclick()
    expect(dialog).to_contain_text("Step 2 of 2")
    expect(dialog.get_by_role("button", name="Confirm")).to_be_focused()
    dialog.get_by_role("button", name="Confirm").click()
    (told,), _ = ended(panel, page)
    assert told["result"] == "confirm"


def test_a_form_of_every_field(stand: Any, browse: Any) -> None:
    """Text, number, switch, slider, radio with pictures and list in one form; all that is wrong is said at once."""
    stand.write("images/a.svg", PICTURE)
    panel, page, dialog = asked(
        stand,
        browse,
        """
        - dialog:
            type: form
            title: Visual check
            fields:
              - {name: who, label: Your name, min_length: 2}
              - {name: volts, label: Voltage, type: number, unit: V, max: 9}
              - {name: clean, label: Clean, type: switch}
              - {name: level, label: Level, type: slider, min: 0, max: 10, step: 1, default: 4}
              - {name: glow, label: Glow, type: slider, min: 0, max: 8, step: 1}
              - name: shape
                label: Shape
                type: radio
                choices: [{label: Round, value: r, image: images/a.svg}, {label: Square, value: s}]
              - {name: line, label: Line, type: list, choices: [1, 2, 3]}
              - {name: code, label: Code, help: On the sticker, remove_prefix: "]C1", max_length: 3}
              - {name: notes, label: Notes, type: textarea}
          save: seen
        - message: "${{ seen.who }} ${{ seen.volts }} ${{ seen.shape }} ${{ seen.code }}"
        """,
    )
    dialog.get_by_role("button", name="Confirm").click()
    expect(dialog.locator(".field-problem:not(:empty)")).to_have_count(7)
    expect(dialog.get_by_label("Code")).to_have_accessible_description("On the sticker is required")
    expect(dialog.get_by_label("Your name")).to_be_focused()
    dialog.get_by_label("Your name").fill("Ann")
    dialog.get_by_label("Voltage").fill("4.5")
    dialog.get_by_role("switch", name="Clean").check()
    dialog.get_by_role("slider", name="Level").press("ArrowRight")
    expect(dialog.locator("output").first).to_have_text("5")
    # Nobody has answered with the middle of a slider that nobody touched; who means it touches it.
    expect(dialog.locator("output").last).to_have_text("–")
    dialog.get_by_role("slider", name="Glow").click()
    expect(dialog.locator("output").last).to_have_text("4")
    expect(dialog.locator("img")).to_have_js_property("naturalWidth", 40)
    dialog.get_by_label("Round").check()
    dialog.get_by_label("Line").select_option("2")
    dialog.get_by_label("Notes").type("a\nb")
    dialog.get_by_label("Code").fill("]C1ABC")
    dialog.get_by_role("button", name="Confirm").click()
    (told,), attempt = ended(panel, page)
    assert told["value"] == {
        "who": "Ann",
        "volts": 4.5,
        "clean": True,
        "level": 5,
        "glow": 4,
        "shape": "r",
        "line": 2,
    } | {
        "code": "]C1ABC",
        "notes": "a\nb",
    }
    assert "Ann 4.5 r ABC" in attempt["messages"].values()


def test_the_server_checks_again(stand: Any, browse: Any) -> None:
    """An answer past the page's checks is refused with the field's name, and the dialog stays."""
    panel, page, dialog = asked(stand, browse, "- dialog: {type: number, text: '?', max: 5}")
    identity = panel.session.live.look(
        lambda report, _: report["modules"][0]["cases"][0]["attempts"][0]["dialogs"][0]["id"]
    )
    refused = panel.ask("POST", f"/api/dialogs/{identity}", {"result": "confirm", "value": 6})
    assert (refused.status, refused.json["error"]["fields"][0]["code"]) == (422, "max")
    assert panel.ask("POST", f"/api/dialogs/{identity}", {"result": "pass"}).status == 422
    assert panel.ask("POST", "/api/dialogs/nonsense", {"result": "confirm"}).status == 404
    expect(dialog).to_be_visible()
    dialog.get_by_role("textbox").fill("5")
    page.keyboard.press("Enter")
    ended(panel, page)
    assert panel.ask("POST", f"/api/dialogs/{identity}", {"result": "confirm", "value": 5}).status == 409


def test_an_answer_to_a_withdrawn_dialog_is_not_called_answered(stand: Any, browse: Any) -> None:
    """Nobody answered a dialog that a stop took away, and the late answer is told just that."""
    panel, page, _ = asked(stand, browse, "- dialog: Ready?")
    identity = panel.session.live.look(
        lambda report, _: report["modules"][0]["cases"][0]["attempts"][0]["dialogs"][0]["id"]
    )
    panel.ask("POST", "/api/stop", {})
    ended(panel, page, "Stopped")
    late = panel.ask("POST", f"/api/dialogs/{identity}", {"result": "confirm"})
    assert (late.status, late.json["error"]["code"]) == (409, "withdrawn")


def test_the_first_answer_wins_and_the_others_see_it(stand: Any, browse: Any) -> None:
    """Two browsers: one answers, the other's dialog goes away and says who answered, before the next dialog."""
    panel, page, dialog = asked(stand, browse, "- dialog: Ready?\n- dialog: Next?")
    other = browse(panel, "/runs")
    expect(other.locator("dialog.dialog")).to_be_visible()
    page.evaluate("localStorage.setItem('hardseq.operator', 'Ann')")
    dialog.get_by_role("button", name="Confirm").click()
    expect(other.locator("dialog.dialog")).to_contain_text("Next?")
    expect(other.locator(".toasts:popover-open .toast")).to_contain_text("Answered by Ann")
    dialog.get_by_role("button", name="Confirm").click()
    ended(panel, page)


def test_a_dialog_nobody_answers_times_out(stand: Any, browse: Any) -> None:
    """The step's timeout takes the dialog away everywhere, and is an error of the test."""
    stand.steps("- dialog: Ready?\n  timeout: 2 s")
    panel = stand.open()
    page = started(browse(panel))
    page.keyboard.press("Space")
    # Only a page on which the dialog stood says so.
    expect(page.locator(".toast")).to_contain_text("nobody answered in time")
    (told,), attempt = ended(panel, page, "Error")
    assert told["result"] == "timeout"
    assert attempt["failures"][0]["kind"] == "error"


def test_closing_the_dialog_stops_the_run(stand: Any, browse: Any) -> None:
    """The cross stops; Escape, pressed without thinking, does not."""
    panel, page, dialog = asked(stand, browse, "- dialog: Ready?")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Close and stop the run").click()
    (told,), _ = ended(panel, page, "Stopped")
    assert told["result"] == "close"


def test_picture_and_html_can_do_nothing(stand: Any, browse: Any) -> None:
    """The picture comes from the project folder; raw HTML lies in a frame without scripts."""
    stand.write("images/board.svg", PICTURE)
    # The browser writes into its console that it did not run the script.
    panel, page, dialog = asked(
        stand,
        lambda panel: browse(panel, strict=False),
        """
        - dialog:
            text: Look
            image: {file: images/board.svg, width: 50, border: 2, alt: The board}
            html: "<h1 id=x>Pinout</h1><img src=x onerror='top.hacked=1'><script>top.hacked = 1</script>"
        """,
    )
    picture = dialog.get_by_role("img", name="The board")
    expect(picture).to_have_js_property("naturalWidth", 40)
    expect(picture).to_have_css("border-top-width", "2px")
    frame = dialog.frame_locator("iframe")
    expect(frame.locator("h1")).to_have_text("Pinout")
    assert page.evaluate("window.hacked") is None
    # This page may look into it; without "allow-scripts" the way back is closed.
    assert dialog.locator("iframe").get_attribute("sandbox") == "allow-same-origin"
    dialog.get_by_role("button", name="Confirm").click()
    ended(panel, page)


def test_the_cross_of_a_blocking_message_stops_the_run(stand: Any, browse: Any) -> None:
    """Whoever sees smoke need not confirm first that the lid is closed."""
    panel, page, message = asked(stand, browse, "- operator_message: {text: Close the lid, blocking: true}")
    message.get_by_role("button", name="Close and stop the run").click()
    expect(page.locator(".hero .verdict-word")).to_have_text("Stopped")
    expect(message).to_have_count(0)
    assert panel.last()["status"] == "stopped"


def test_messages_blocking_and_not_and_cleared(stand: Any, browse: Any) -> None:
    """A blocking message holds the run; another stands at the top until the sequence or a person takes it away."""
    stand.steps(
        """
        - operator_message: {title: Warm-up, text: The chamber heats up, key: heat}
        - operator_message: {title: Lid, text: Close the lid, blocking: true}
        - operator_message: {clear: true, key: heat}
        - operator_message: Take the board out
        """
    )
    panel = stand.open()
    page = started(browse(panel))
    # What appears stays fresh until these timers go on.
    page.evaluate("() => { window.held = []; window.setTimeout = (act) => held.push(act); }")
    page.keyboard.press("Space")
    blocking = page.locator("dialog.dialog")
    expect(blocking).to_contain_text("Close the lid")
    expect(page.locator(".message")).to_contain_text("The chamber heats up")
    page.keyboard.press("Space")
    page.evaluate("held.forEach((act) => act())")
    expect(blocking.get_by_role("button", name="Confirm")).to_be_focused()
    blocking.get_by_role("button", name="Confirm").click()
    expect(page.locator(".hero .verdict-word")).to_have_text("Pass")
    expect(page.locator(".message")).to_have_count(1)
    expect(page.locator(".message")).to_contain_text("Take the board out")
    panel.wait_for("ready")
    page.locator(".message").get_by_role("button", name="Dismiss").click()
    expect(page.locator(".message")).to_have_count(0)
    said = panel.last()["operator_messages"]
    assert [(message["text"], message["cleared"] is None) for message in said] == [
        ("The chamber heats up", False),
        ("Close the lid", False),
        ("Take the board out", True),
    ]


def test_a_dialog_shows_on_every_page_and_to_who_comes_late(stand: Any, browse: Any) -> None:
    """Whoever opens the panel while a question waits gets it, on whatever page."""
    panel, _, _ = asked(stand, browse, "- dialog: {title: Anybody there, text: Please}")
    late = browse(panel, "/overview", locale="de")
    expect(late.locator("dialog.dialog")).to_contain_text("Anybody there")
    expect(late.locator("dialog.dialog")).to_contain_text(re.compile("Main · Ask"))
    expect(late.get_by_role("button", name="Confirm")).to_be_focused()
    late.keyboard.press("Enter")
    expect(late.locator("dialog.dialog")).to_have_count(0)
    assert panel.last()["status"] == "passed"
