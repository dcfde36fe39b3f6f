"""The words of the documentation: the glossary defines each once, and pages use these and no others."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sequencer.report.outcome import WORDS
from sequencer.steps import step_types
from sequencer.vocabulary.status import FINAL_STATUSES, GROUPS

ROOT = Path(__file__).parents[1]
GLOSSARY = (ROOT / "docs" / "reference" / "glossary.md").read_text("utf-8")
TERMS = re.findall(r"^### (.+)$", GLOSSARY, re.MULTILINE)
PAGES = sorted([*ROOT.glob("docs/**/*.md"), *ROOT.glob("*.md"), *ROOT.glob("examples/*/README.md")])

PHRASES = {
    r"belongs? into": "belongs in",
    r"when not said": "default: ...",
    r"from [01] up": "a non-negative integer, a positive integer",
    r"in a circle": "cycle",
    r"stands? there twice": "is given twice",
    r"is no (regular expression|JSON|CSV|YAML|Python|database|number|whole number|plain "
    r"data|pass)": "is not a valid ...",
    r"for ever": "forever",
    r"out of reach": "not available",
    r"which is the answer to nothing": "is not the answer to any question",
}
"""What neither pages nor the program say, as regular expressions, and what they say instead."""

FORBIDDEN = {
    **PHRASES,
    r"test[- ]?cases?": "case",
    r"test[- ]?steps?": "step",
    r"test scripts?": "sequence",
    r"(test )?(bench|benches)": "stand",
    r"test stands?|test stations?": "stand",
    r"units? under test|UUTs?": "DUT",
    r"mock(s|ed)?|fake(s|d)?|dumm(y|ies)": "simulation, or stand-in service",
    r"first pass yield|FPY": "first-pass yield",
    r"tear[- ]down": "teardown",
    r"(upload|retry) queue": "outbox",
    r"plug-ins?": "plugin",
    r"time-outs?": "timeout",
    r"dashboard|GUI": "panel",
    r"stands? (in|among) the (report|report's|configuration|manifest)": "is in ...",
    r"anew": "again",
    r"blotted out": "masked",
}
"""What pages do not say, as a regular expression, and what they say instead."""


def prose(text: str) -> str:
    """A page without code, targets of links, and what a schema says: rows of tables, the summary of a step."""
    for step_type in step_types().values():
        text = text.replace(step_type.summary, "")
    text = re.sub(r"^```.*?^```|^~~~.*?^~~~|^    .*?$|^\| `.*?$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`]*`|\]\([^)]*\)", "", text)


def test_each_term_is_defined_once() -> None:
    """The glossary has each term once, with a definition under it."""
    assert sorted({term.lower() for term in TERMS}) == sorted(term.lower() for term in TERMS)
    definitions = re.split(r"^##+ .+$", GLOSSARY, flags=re.MULTILINE)
    headings = re.findall(r"^(##+) .+$", GLOSSARY, re.MULTILINE)
    for heading, definition in zip(headings, definitions[1:], strict=True):
        assert heading == "##" or definition.strip().endswith((".", ")")), definition


def test_the_words_for_how_something_ended_are_defined() -> None:
    """What terminal and page show as a verdict, a status or a group is in the glossary."""
    page = json.loads((ROOT / "sequencer/panel/static/translations/en.json").read_text("utf-8"))
    shown = {page[f"status.{status}"] for status in (*FINAL_STATUSES, "run", "ready")}
    shown |= {page[f"verdict.{outcome}"] for outcome in WORDS} | {page[f"group.{group}"] for group in GROUPS}
    assert [word for word in WORDS.values() if word not in GLOSSARY] == []
    assert [word for word in shown if not re.search(rf"\b{word}\b", GLOSSARY, re.IGNORECASE)] == []
    known = {term.lower().replace(" ", "_") for term in TERMS}
    assert {*WORDS, *FINAL_STATUSES, *GROUPS} - known == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_use_the_terms_of_the_glossary(page: Path) -> None:
    """No page has another word for a thing that has a name, nor one of the phrases that make readers stumble."""
    text = prose(page.read_text("utf-8"))
    if page.name == "glossary.md":
        text = re.sub(r"(Elsewhere called|HardPy and pytest).*?\.", "", text, flags=re.DOTALL)
    found = [
        f"{match[0]!r}: say {instead!r}" for pattern, instead in FORBIDDEN.items() for match in matches(pattern, text)
    ]
    assert found == []


def matches(pattern: str, text: str) -> Iterator[re.Match[str]]:
    """Where a phrase is in a text, also over the end of a line."""
    spaced = pattern.replace(" ", r"\s+")
    return re.finditer(rf"(?<![\w-])({spaced})(?![\w-])", text, re.IGNORECASE)


def test_pages_of_the_panel_and_schemas_use_the_terms_of_the_glossary() -> None:
    """What a page says in English and what an editor shows of a key are held to the same words as the documentation."""
    said = json.loads((ROOT / "sequencer/panel/static/translations/en.json").read_text("utf-8"))
    texts = {f"en.json: {name}": json.dumps(text) for name, text in said.items()}
    for schema in ROOT.glob("schemas/*.json"):
        for text in descriptions(json.loads(schema.read_text("utf-8"))):
            texts[f"{schema.name}: {text}"] = text
    found = [
        f"{place}: {match[0]!r}: say {instead!r}"
        for place, text in texts.items()
        for pattern, instead in FORBIDDEN.items()
        for match in matches(pattern, re.sub(r"`[^`]*`", "", text))
    ]
    assert found == []


def descriptions(schema: object) -> Iterator[str]:
    """All of a schema."""
    if isinstance(schema, dict):
        if isinstance(text := schema.get("description"), str):
            yield text
        schema = list(schema.values())
    if isinstance(schema, list):
        for each in schema:
            yield from descriptions(each)


def test_the_program_has_none_of_the_phrases() -> None:
    """No message, description, docstring or text of a page, and no schema, has a phrase that makes readers stumble."""
    files = [
        *ROOT.glob("sequencer/**/*.py"),
        *ROOT.glob("sequencer/panel/static/js/*.js"),
        *ROOT.glob("sequencer/**/templates/*"),
        ROOT / "sequencer/panel/static/translations/en.json",
        *ROOT.glob("schemas/*.json"),
        *ROOT.glob("tests/examples/invalid/*.txt"),
    ]
    found = [
        f"{file.relative_to(ROOT)}: {match[0]!r}"
        for file in files
        if file.is_file()
        for match in matches("|".join(PHRASES), file.read_text("utf-8"))
    ]
    assert found == []


def test_the_pages_for_beginners_lead_to_the_glossary() -> None:
    """Who meets the terms first finds what they mean."""
    for name in ("tutorial.md", "reference/language.md", "reference/verdicts.md", "explanation/architecture.md"):
        assert "glossary.md" in (ROOT / "docs" / name).read_text("utf-8"), name
