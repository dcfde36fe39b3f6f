"""Eight languages: complete, without a text too many, with plurals, numbers and hardseq's own sentences in reports."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from sequencer.project.settings import LANGUAGES
from sequencer.vocabulary.sentences import KINDS, OUTCOMES, SENTENCES
from tests.panel.live_page import settled, started
from tests.vocabulary.reasons import every_reason

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "sequencer/panel/static"
TEXTS = {name: json.loads((STATIC / f"translations/{name}.json").read_text("utf-8")) for name in LANGUAGES}
NUMBER_TEXT = (STATIC / "js/number_text.js").read_text("utf-8")
SLOT = re.compile(r"\{(\w+)\}")
MANY = re.compile(r"`(?!hardseq)([a-z_.-]+\.)\$\{")
"""Families of texts whose last part is computed."""
WORD_FAMILIES = ("outcome.", "kind.")
"""Families that scripts name in a table: words that are parameters of reasons."""
PLURALS = {"zero", "one", "two", "few", "many", "other"}
"""The categories of numbers that Unicode knows (UTS #35), of which each language has some."""
NAMES_OF_THEIR_OWN = re.compile(
    r"target\..*|unit\..*|reason\.(on_fail|entry|missed|several|with_detail|exception|key_pressed)"
    r"|nav\.|menu\.|(fact|history|limits|login|key)\."
)
"""Texts that may well be the same in two languages."""

FAULTY = """
name: Faulty
modules:
  rails:
    name: Rails
    cases:
      high:
        name: High rail
        steps:
          - {measure: Output, value: 5.62, unit: V, limits: [4.8, 5.2]}
          - {message: "${{ 1234.5 }} plain"}
      small: {name: Small, steps: [{measure: Leakage, value: 0.0000125, unit: A}]}
      never: {name: Never, if: 1 == 2, steps: [{check: "true"}]}
      after: {name: After, depends: ["::high"], steps: [{check: "true"}]}
      own: {name: Own words, steps: [{check: 1 == 2, message: the lamp is not lit}]}
      angle:
        name: Angle
        steps: [{measure: Angle, value: "${{ [44.5, 46.5] }}", unit: °, limits: {each: [44, 46.25]}}]
"""

SCAN = r"""
name: Scan
params:
  serial: {type: string, pattern: '^(?a:\w)\d$', prompt: Board}
  second: {type: string, pattern: '^[A-Z]\d$', hint: une lettre et un chiffre, default: A1, prompt: Other}
modules: {main: {name: Main, cases: {one: {name: One, steps: [{check: "true"}]}}}}
"""


def sources() -> str:
    """Scripts and templates of the page."""
    paths = [*(STATIC / "js").glob("*.js"), *(STATIC.parent / "templates").glob("*.html")]
    return "\n".join(path.read_text("utf-8") for path in paths)


def forms(text: str | dict[str, str]) -> list[str]:
    return [text] if isinstance(text, str) else list(text.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_language_misses_a_text(language: str) -> None:
    """Each language has every text in the same order, with the same slots, and a form for every other number."""
    texts, english = TEXTS[language], TEXTS["en"]
    assert list(texts) == list(english)
    for name, text in texts.items():
        wanted = set(SLOT.findall(forms(english[name])[-1]))
        for form in forms(text):
            assert form.strip() == form != "", name
            assert set(SLOT.findall(form)) == wanted, name
        if not isinstance(text, str):
            assert "other" in text, name
            assert text.keys() <= PLURALS, name
            assert "count" in wanted, name


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != "en"])
def test_nothing_is_left_in_english(language: str) -> None:
    """A sentence of several words is never the English one, and few words are."""
    texts, english = TEXTS[language], TEXTS["en"]
    same = [name for name in texts if texts[name] == english[name]]
    assert [name for name in same if len(str(english[name]).split()) > 2 and not NAMES_OF_THEIR_OWN.match(name)] == []
    assert len(same) < 0.12 * len(texts), same


def test_every_text_that_the_page_asks_for_is_there() -> None:
    """The names in the scripts and templates are names of texts; families like status.* are complete."""
    asked = set(re.findall(r"\bt\(\"([a-z_.0-9A-Z-]+)\"|texts\[\"([a-z_.]+)\"\]", sources()))
    assert {name for pair in asked for name in pair if name} <= TEXTS["en"].keys()
    assert len(asked) > 100
    for family in (*MANY.findall(sources()), *WORD_FAMILIES):
        assert any(name.startswith(family) for name in TEXTS["en"]), family
    found = set(re.findall(r"refused\(\"(\w+)\"", sources())) | set(re.findall(r"code: \"(\w+)\"", NUMBER_TEXT))
    assert found >= {"required", "min", "max_chosen", "form", "comma"}
    assert found <= SENTENCES.keys()


def test_no_text_is_there_for_nothing() -> None:
    """Each text is asked for by its name, or belongs to a family whose last part is computed."""
    written = sources()
    families = (*MANY.findall(written), *WORD_FAMILIES)
    assert [name for name in TEXTS["en"] if f'"{name}"' not in written and not name.startswith(families)] == []


def test_the_english_of_pages_is_that_of_reports() -> None:
    """Each code and each word has the one text that the program makes of it, and no page has a code of its own."""
    texts = TEXTS["en"]
    assert {name: forms(text)[-1] for name, text in texts.items() if name.startswith("reason.")} == {
        f"reason.{code}": sentence for code, sentence in SENTENCES.items()
    }
    for family, words in (("outcome", OUTCOMES), ("kind", KINDS)):
        assert {name: texts[name] for name in texts if name.startswith(f"{family}.")} == {
            f"{family}.{word}": shown for word, shown in words.items()
        }


def test_every_reason_is_rendered_in_every_language(stand: Any, browse: Any) -> None:
    """The page makes the sentence of every code: in English that of the report, in other languages their own."""
    reasons = every_reason()
    page = browse(stand.open())
    rendered = page.evaluate(RENDER, [[reason.document() for reason in reasons], list(LANGUAGES)])
    assert rendered["en"] == [str(reason) for reason in reasons]
    for language, sentences in rendered.items():
        for reason, sentence in zip(reasons, sentences, strict=True):
            assert "{" not in sentence and "undefined" not in sentence and sentence, (language, reason.code)
            for name in ("name", "expression", "driver", "place", "type"):
                assert str(reason.parameters.get(name, "")) in sentence, (language, reason.code)


RENDER = """async ([reasons, languages]) => {
    const main = document.querySelector("script[type=module]").src;
    const { loadLanguage } = await import(main.replace("all.js", "text.js"));
    const { reasonText } = await import(main.replace("all.js", "reason.js"));
    const rendered = {};
    for (const language of languages) {
        await loadLanguage(language);
        rendered[language] = reasons.map((reason) => reasonText(reason, "no text"));
    }
    return rendered;
}"""

UNKNOWN = """async (reasons) => {
    const main = document.querySelector("script[type=module]").src;
    const { reasonText } = await import(main.replace("all.js", "reason.js"));
    return reasons.map((reason) => reasonText(reason, "as the report says it"));
}"""


def test_a_reason_that_a_page_does_not_know_is_its_sentence(stand: Any, browse: Any) -> None:
    """Text of people, reports of earlier versions, codes of later ones: what the report itself says."""
    later = {"code": "of the future", "parameters": {}}
    within = {"code": "left_out", "parameters": {"reason": later}}
    page = browse(stand.open())
    assert page.evaluate(UNKNOWN, [None, later, within]) == ["as the report says it"] * 3


@pytest.mark.parametrize("language", ["de", "ja"])
def test_the_configured_language_is_spoken(stand: Any, browse: Any, language: str) -> None:
    """The whole page speaks the language of the configuration."""
    stand.configure(f'[frontend]\nlanguage = "{language}"\n')
    page = started(browse(stand.open()))
    texts = TEXTS[language]
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.locator(".hero .verdict-word")).to_have_text(texts["verdict.ready"])
    expect(page.locator(".start .button-text")).to_have_text(texts["button.start"])
    page.keyboard.press("Space")
    expect(page.locator(".hero .verdict-word")).to_have_text(texts["verdict.passed"])
    expect(page.get_by_role("link", name=texts["nav.measurements"])).to_be_visible()


def test_what_hardseq_says_in_a_report_is_said_in_the_pages_language(stand: Any, browse: Any) -> None:
    """Limits, conditions, dependencies and counts in Czech, with its plurals and commas; people's own words stay."""
    stand.sequence("faulty", FAULTY)
    panel = stand.open()
    report = panel.run()
    page = browse(panel, "/healthz")
    page.evaluate("localStorage.setItem('hardseq.language', 'cs')")
    for path in ("/", "/runs/latest"):
        page.goto(panel.url + path)
        rows = page.locator(".case")
        expect(rows.nth(0).locator(".failure-message")).to_have_text("Output: 5,62 V je nad horní mezí 5,2 V")
        expect(rows.nth(0).locator(".reading-value")).to_have_text("5,62 V")
        expect(rows.nth(1).locator(".reading-value")).to_have_text("1,25e-5 A")
        expect(rows.nth(2)).to_contain_text("podmínka nesplněna")
        expect(rows.nth(3)).to_contain_text("závisí na rails::high (neprošel)")
        expect(rows.nth(4).locator(".failure-message")).to_have_text("the lamp is not lit")
        angle = "Angle: prvek [1]: 46,5° je nad horní mezí 46,25°"
        expect(rows.nth(5).locator(".failure-message")).to_have_text(angle)
        expect(rows.nth(5).locator(".reading-value")).to_have_text("[44,5, 46,5]°")
        expect(page.locator("main, .hero").filter(has_text="3 neprošly").first).to_contain_text("1 prošel")
    assert report["modules"][0]["cases"][0]["attempts"][0]["failures"][0]["message"].endswith("upper limit of 5.2 V")


def test_refusals_are_said_in_the_pages_language(stand: Any, browse: Any) -> None:
    """An error of the panel, and a value that it alone could refuse, reach a person in words of the chosen language."""
    stand.sequence("scan", SCAN)
    panel = stand.open()
    page = browse(panel, "/healthz", strict=False)
    page.evaluate("localStorage.setItem('hardseq.language', 'fr')")
    page.goto(panel.url)
    started(page)
    page.get_by_label("Board").fill("ß1")
    page.keyboard.press("Enter")
    expect(page.locator(".field-problem:visible").first).to_have_text(TEXTS["fr"]["reason.pattern"])
    page.get_by_label("Other").fill("1")
    page.keyboard.press("Enter")
    expect(page.locator(".field-problem:visible").last).to_have_text(
        TEXTS["fr"]["reason.form"].replace("{hint}", "une lettre et un chiffre")
    )
    page.goto(f"{panel.url}/runs/nothing")
    expect(page.locator("main")).to_contain_text(TEXTS["fr"]["reason.no_such_run"], ignore_case=True)


def test_dates_are_those_of_the_readers_country(stand: Any, browse: Any) -> None:
    """English is written as the browser's country writes it."""
    panel = stand.open()
    panel.run()
    for locale, written in (("en-GB", r"\d\d? \w+ 20\d\d, \d\d:"), ("en-US", r"\w+ \d\d?, 20\d\d")):
        page = browse(panel, "/runs", locale=locale)
        expect(page.locator(".col-start_time .row-link")).to_have_text(re.compile(written))


VERDICTS = {
    "failed": "- check: 1 == 2",
    "nothing_tested": "- {check: true, if: 1 == 2}",
}


@pytest.mark.parametrize("outcome", VERDICTS)
def test_no_word_is_too_long_for_a_phone(stand: Any, browse: Any, outcome: str) -> None:
    """In every language the verdict, the pages and the buttons stay within their boxes on a phone."""
    stand.steps(VERDICTS[outcome])
    panel = stand.open()
    panel.run()
    page = started(browse(panel, viewport={"width": 360, "height": 740}))
    for language in LANGUAGES:
        page.locator(".menu-button").click()
        page.locator(".menu select").first.select_option(language)
        page.keyboard.press("Escape")
        expect(page.locator(".hero .verdict-word")).to_have_text(TEXTS[language][f"verdict.{outcome}"])
        boxes = settled(page).locator(".verdict, .nav-link, .button, .segmented button")
        cut = boxes.evaluate_all(
            "(all) => all.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent)"
        )
        assert cut == [], language
