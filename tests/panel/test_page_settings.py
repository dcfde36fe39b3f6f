"""What configuration and readers of a page can choose: language, colours, sizes, cases, sequences, keys alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sequencer.project.settings import LANGUAGES
from tests.panel.live_page import at_sizes, settled, started

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

STATIC = Path(__file__).parents[2] / "sequencer/panel/static"
TEXTS = {name: json.loads((STATIC / f"translations/{name}.json").read_text("utf-8")) for name in LANGUAGES}


def test_a_reader_may_choose_another_language_and_theme(stand: Any, browse: Any) -> None:
    """Chosen in the menu, kept by the browser, without a reload."""
    page = started(browse(stand.open(), color_scheme="light"))
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator(".menu-button").click()
    page.get_by_label("Appearance").select_option("dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    for language in reversed(LANGUAGES):
        page.locator(".menu select").first.select_option(language)
        expect(page.locator(".hero .verdict-word")).to_have_text(TEXTS[language]["verdict.ready"])
        expect(page.get_by_role("link", name=TEXTS[language]["nav.runs"], exact=True)).to_be_visible()
        expect(page.locator(".filters button").first).to_contain_text(TEXTS[language]["filter.all"])
    page.locator(".menu select").first.select_option("cs")
    page.reload()
    expect(page.locator(".hero .verdict-word")).to_have_text(TEXTS["cs"]["verdict.ready"])
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_dark_is_followed_from_the_system(stand: Any, browse: Any) -> None:
    """Without a choice the page is dark as soon as the system is; a choice counts for more, until it is taken back."""
    page = started(browse(stand.open(), color_scheme="light"))
    root, background = page.locator("html"), "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.emulate_media(color_scheme="dark")
    expect(root).to_have_css("color-scheme", "dark")
    assert page.evaluate(background) != light
    page.locator(".menu-button").click()
    page.get_by_label("Appearance").select_option("light")
    expect(root).to_have_css("color-scheme", "light")
    page.reload()
    assert page.evaluate(background) == light
    started(page).locator(".menu-button").click()
    page.get_by_label("Appearance").select_option("")
    expect(root).to_have_css("color-scheme", "dark")


def test_full_size_button_and_no_measurements(stand: Any, browse: Any) -> None:
    """full_size_button is as wide as the page; measurement_display = false leaves the details alone to show values."""
    stand.configure("[frontend]\nfull_size_button = true\nmeasurement_display = false\n")
    page = started(browse(stand.open()))
    assert page.locator(".start").bounding_box()["width"] > 1200
    page.keyboard.press("Space")
    expect(page.locator(".hero .verdict-word")).to_have_text("Pass")
    expect(page.locator(".reading")).to_have_count(0)
    page.locator(".case-head").first.click()
    expect(page.locator(".measurements tbody tr")).to_have_count(1)


def test_cases_chosen_by_hand(stand: Any, browse: Any) -> None:
    """manual_collect: ticked cases run, the others are skipped, and the run is marked as partial."""
    stand.configure("[frontend]\nmanual_collect = true\n")
    panel = stand.open()
    page = started(browse(panel))
    page.get_by_role("button", name="Choose cases").click()
    page.get_by_label("Run all of Supply rails").uncheck()
    page.locator("body").click(position={"x": 5, "y": 400})
    page.keyboard.press("Space")
    expect(page.locator(".toast")).to_contain_text("at least one")
    page.get_by_label("Run Idle current").check()
    page.locator(".start").click()
    expect(page.locator(".hero .verdict-word")).to_have_text("Pass")
    expect(page.locator(".hero-facts")).to_contain_text("Partial")
    assert panel.last()["selection"] == ["rails::idle"]
    assert [case["status"] for case in panel.last()["modules"][0]["cases"]] == ["skipped", "passed"]
    # The choice holds for the next run; a page that is loaded anew tests everything.
    started(page).locator(".start").click()
    panel.wait_for_runs(2)
    assert panel.last()["selection"] == ["rails::idle"]
    page.reload()
    started(page).locator(".start").click()
    panel.wait_for_runs(3)
    assert panel.last()["selection"] is None


def test_a_choice_of_cases_is_kept_and_told(stand: Any, browse: Any) -> None:
    """Setup and teardown are not to be chosen; ticks outlive another language; the verdict says what it is of."""
    stand.configure("[frontend]\nmanual_collect = true\n[frontend.modal_result]\nenable = true\n")
    off = "  end: {name: End, group: teardown, cases: {off: {name: Switch off, steps: [{call: bench.voltage}]}}}\n"
    stand.sequence("whole", (stand.folder / "sequences/board.yaml").read_text() + off)
    panel = stand.open()
    page = started(browse(panel))
    page.get_by_role("button", name="Choose cases").click()
    expect(page.locator(".plan-tools [role=status]")).to_have_text("2 chosen")
    expect(page.locator(".case .tick input:disabled")).to_have_count(1)
    page.get_by_label("Run Idle current").uncheck()
    page.locator(".menu-button").click()
    page.locator(".menu select").first.select_option("de")
    expect(page.locator(".plan-tools [role=status]")).to_have_text("1 gewählt")
    page.locator(".menu select").first.select_option("en")
    page.keyboard.press("Escape")
    page.locator(".start").click()
    expect(page.locator("dialog.result")).to_contain_text("Partial: chosen cases only")
    expect(page.locator(".result-dismiss")).to_be_focused()
    page.keyboard.press("Enter")
    started(page).get_by_label("Run Idle current").check()
    page.locator(".start").click()
    expect(page.locator("dialog.result")).to_be_visible()
    expect(page.locator("dialog.result")).not_to_contain_text("Partial")
    assert panel.last()["selection"] is None


def test_choosing_among_several_sequences(stand: Any, browse: Any) -> None:
    """[[test_configs]]: another sequence is loaded, shown and started."""
    stand.sequence(
        "quick", "name: Quick\nmodules: {m: {name: M, cases: {c: {name: Only one, steps: [{check: 'true'}]}}}}\n"
    )
    stand.write("sequences/board.yaml", (stand.folder / "sequences/quick.yaml").read_text().replace("Quick", "Board"))
    stand.configure(
        'tests_name = "Bench"\ncurrent_test_config = "Whole board"\n'
        '[[test_configs]]\nname = "Whole board"\nfile = "sequences/board.yaml"\n'
        '[[test_configs]]\nname = "Quick look"\nfile = "sequences/quick.yaml"\n'
        'description = "The supply alone"\n'
    )
    panel = stand.open()
    page = started(browse(panel))
    expect(page.get_by_label("Test sequence")).to_have_value("Whole board")
    expect(page.locator(".hero-name")).to_contain_text("Board")
    page.get_by_label("Test sequence").select_option("Quick look")
    expect(page.get_by_role("heading", name="Bench Quick", exact=True)).to_be_visible()
    expect(page.locator(".choice-field")).to_contain_text("The supply alone")
    started(page).locator(".start").click()
    expect(page.locator(".hero .verdict-word")).to_have_text("Pass")
    assert panel.last()["sequence"]["name"] == "Quick"


def test_fields_side_by_side_are_in_line(stand: Any, browse: Any) -> None:
    """A description under one field, a refusal under another and a long label above a third move no field."""
    stand.sequence(
        "board",
        "name: Board\nparams:\n"
        "  serial: {type: string, prompt: Scan the board, pattern: '^SN'}\n"
        "  batch: {type: string, required: false, prompt: The batch that stands on the label of the box it came in}\n"
        "modules: {m: {name: M, cases: {c: {name: C, steps: [{check: 'true'}]}}}}\n",
    )
    stand.configure(
        '[[test_configs]]\nname = "Whole"\nfile = "sequences/board.yaml"\ndescription = "Takes five minutes"\n'
        '[[test_configs]]\nname = "Same"\nfile = "sequences/board.yaml"\n'
    )
    page = started(browse(stand.open(), viewport={"width": 1920, "height": 1080}))
    page.keyboard.type("NO123\n")
    expect(page.locator(".start-form .field-problem:not(:empty)")).to_be_visible()
    fields = settled(page).locator(".start-form :is(select, input)")
    assert fields.count() == 3
    bottoms = {round(box["y"] + box["height"]) for box in (field.bounding_box() for field in fields.all())}
    assert len(bottoms) == 1


def test_the_chosen_sequence_outlives_the_panel(stand: Any) -> None:
    """A panel that was started anew begins with it, until the configuration names another one; nonsense is ignored."""
    for name in ("first", "second"):
        stand.sequence(name, f"name: {name}\nmodules: {{m: {{cases: {{c: {{steps: [{{check: 'true'}}]}}}}}}}}\n")
    tables = "".join(
        f'[[test_configs]]\nname = "{name}"\nfile = "sequences/{name}.yaml"\n' for name in ("first", "second")
    )
    stand.configure(f'current_test_config = "first"\n{tables}')

    def begins_with() -> str:
        panel = stand.open()
        panel.wait_for("ready")
        choice = panel.ask("GET", "/api/state").json["session"]["choice"]
        panel.ask("POST", "/api/choice", {"name": "second"})
        panel.close()
        return str(choice)

    assert [begins_with(), begins_with()] == ["first", "second"]
    stand.configure(tables)
    assert begins_with() == "first"
    stand.write(".hardseq/choice.json", '{"choice": ["second"], "configured": null}')
    assert begins_with() == "first"


def test_everything_by_keyboard_with_names_for_a_screen_reader(stand: Any, browse: Any) -> None:
    """Tab reaches the menu, Start and the cases; Enter works there; whatever can be operated has a name."""
    page = started(browse(stand.open()))
    reached = []
    for _ in range(24):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.className"))
    assert any("start" in name for name in reached)
    assert any("menu-button" in name for name in reached)
    assert any("case-head" in name for name in reached)
    page.locator(".start").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".hero .verdict-word")).to_have_text("Pass")
    page.locator(".case-head").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".case-details")).to_be_visible()
    expect(page.locator(".case-head").first).to_have_attribute("aria-expanded", "true")
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("button, a, input, select, img[alt]")].filter((element) => {
            const label = element.ariaLabel || element.textContent.trim() || element.labels?.length || element.title
                || element.querySelector?.("[aria-label]") || element.alt !== undefined;
            return element.checkVisibility() && !label;
        }).map((element) => element.outerHTML)"""
    )
    assert nameless == []
    assert page.locator(".verdict[role=status]").count() == 1


def test_from_phone_to_wall_nothing_is_cut_off(stand: Any, browse: Any) -> None:
    """No page scrolls sideways, the verdict is large, Start can be hit with a thumb, the bar shows where one is."""
    panel = stand.open()
    panel.run()
    sizes = [(360, 740), (1024, 768), (3840, 2160)]
    page = started(browse(panel, viewport={"width": 360, "height": 740}))
    verdict = page.locator(".hero .verdict-word")
    expect(verdict).to_have_text("Pass")
    for path in ("/", "/runs", "/runs/latest", "/overview", "/measurements", "/storage"):
        if path != "/":
            page.goto(panel.url + path)
        expect(page.locator("main")).to_be_visible()
        page.wait_for_timeout(100)
        for width, height in at_sizes(page, sizes):
            if path == "/":
                assert verdict.bounding_box()["height"] >= min(width, height) * 0.11
                assert page.locator(".start").bounding_box()["height"] >= 44
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, (path, width)
            bar, here = (page.locator(part).bounding_box() for part in (".nav", ".nav-link[aria-current]"))
            assert bar["x"] - 1 <= here["x"] <= bar["x"] + bar["width"] - here["width"] + 1, (path, width)


def test_a_report_on_paper(stand: Any, browse: Any) -> None:
    """Printed, a run shows every case with its measurements, dark or not, without what can only be pressed."""
    panel = stand.open()
    panel.run()
    page = browse(panel, "/runs/latest", color_scheme="dark")
    expect(page.locator(".report-head")).to_be_visible()
    page.emulate_media(media="print", color_scheme="dark")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator(".case-details .measurements")).to_have_count(2)
    expect(page.locator(".bar")).to_be_hidden()
    expect(page.locator(".page-head .button").first).to_be_hidden()
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(16, 22, 31)"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(page.locator(".case-details")).to_have_count(0)
